//! What became of a message to one recipient: an entry of the output `messages`.

use schemars::JsonSchema;
use serde::Serialize;

/// One message, or why there is none (`answers.md` 20).
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sent {
    /// The channel; for one that was not found, what the task called it.
    pub(crate) channel_id: Option<String>,
    pub(crate) ts: Option<String>,
    pub(crate) permalink: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scheduled_message_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}
