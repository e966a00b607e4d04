//! What a workspace consists of. The same JSON seeds it and shows it (`/_fake/…`).

use std::collections::HashMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A workspace, with the app under test installed as [`Bot`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Workspace {
    /// `T…`.
    pub id: String,
    pub name: String,
    /// Of `https://<domain>.slack.com`.
    pub domain: String,
    pub bot: Bot,
    pub users: Vec<User>,
    pub channels: Vec<Channel>,
    pub tokens: Vec<Token>,
    pub webhooks: Vec<Webhook>,
    pub files: Vec<File>,
    pub scheduled: Vec<Scheduled>,
    pub response_urls: Vec<ResponseUrl>,
    /// Channel and `ts` of what was posted with a `client_msg_id`.
    #[serde(skip)]
    pub(crate) sent: HashMap<String, (String, String)>,
    /// How many ids were given out.
    #[serde(skip)]
    pub(crate) ids: u64,
    /// Microseconds since 1970 of the last `ts`; no two messages share one.
    #[serde(skip)]
    pub(crate) clock: u64,
}

/// The app's own user.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Bot {
    /// `U…`, one of the workspace's users.
    pub user_id: String,
    /// `B…`.
    pub bot_id: String,
    /// `A…`.
    pub app_id: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct User {
    /// `U…` or `W…`.
    pub id: String,
    /// The handle, without `@`.
    pub name: String,
    pub real_name: String,
    pub email: Option<String>,
    /// Deactivated.
    pub deleted: bool,
    pub is_bot: bool,
}

/// Kinds of conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    #[default]
    Public,
    Private,
    /// Direct message between two.
    Im,
    /// Direct message between several.
    Mpim,
}

/// A conversation of any kind, with its messages in the order of their arrival.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Channel {
    /// `C…`, `G…` or `D…`.
    pub id: String,
    pub name: String,
    pub kind: Kind,
    /// Seconds since 1970.
    pub created: u64,
    pub creator: String,
    pub archived: bool,
    pub general: bool,
    /// Ids of users.
    pub members: Vec<String>,
    pub topic: Note,
    pub purpose: Note,
    pub messages: Vec<Message>,
    /// What only `shown_to` saw.
    pub ephemerals: Vec<Message>,
}

/// Topic or purpose.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Note {
    pub value: String,
    pub creator: String,
    /// Seconds since 1970.
    pub last_set: u64,
}

/// A message with Slack's own field names.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Message {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtype: Option<String>,
    pub user: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bot_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    pub team: String,
    pub text: String,
    pub ts: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread_ts: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icons: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_msg_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pinned_to: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Value>,
    /// Not Slack's: who saw an ephemeral message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown_to: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reaction {
    /// Without colons.
    pub name: String,
    pub count: usize,
    pub users: Vec<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Token {
    pub token: String,
    pub scopes: Vec<String>,
    pub state: TokenState,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TokenState {
    #[default]
    Active,
    /// `token_revoked`.
    Revoked,
    /// `account_inactive`: the app was removed.
    Inactive,
    /// `token_expired`.
    Expired,
}

/// An incoming webhook.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Webhook {
    /// `/services/T…/B…/…`.
    pub path: String,
    /// Id of the channel that it posts to.
    pub channel: String,
    pub state: WebhookState,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WebhookState {
    #[default]
    Active,
    /// `no_service`.
    Removed,
    /// `action_prohibited`.
    Prohibited,
    /// `no_team`.
    NoTeam,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct File {
    /// `F…`.
    pub id: String,
    pub name: String,
    pub title: String,
    /// As announced, in bytes.
    pub length: usize,
    pub alt_txt: Option<String>,
    /// Last part of the upload URL.
    pub ticket: String,
    /// What was uploaded; not in the JSON, but at `/_fake/files/<id>`.
    #[serde(skip)]
    pub bytes: Option<Bytes>,
    pub completed: bool,
    /// Ids of the channels where it was shared.
    pub channels: Vec<String>,
}

/// A message that waits for its time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Scheduled {
    /// `Q…`.
    pub id: String,
    pub channel: String,
    /// Seconds since 1970.
    pub post_at: u64,
    pub message: Message,
}

/// Where an app may answer to an interaction.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ResponseUrl {
    /// `/actions/T…/…`.
    pub path: String,
    pub channel: String,
    /// Of the message with the button.
    pub ts: String,
    /// Who pressed.
    pub user: String,
    pub uses: usize,
    /// Seconds since 1970.
    pub created: u64,
}
