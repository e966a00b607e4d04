//! Every call in the order of its arrival, with its answer.

use serde::Serialize;
use serde_json::{Map, Value};

/// One HTTP request.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// 1 for the first.
    pub number: usize,
    /// Milliseconds since the fake was started.
    pub at: u64,
    /// Such as `chat.postMessage`; `upload`, `webhook`, `response`.
    pub method: String,
    /// Names in lower case.
    pub headers: Map<String, Value>,
    pub token: Option<String>,
    /// Without the token. A form's values are texts.
    pub args: Value,
    /// 0 when the connection was dropped.
    pub status: u16,
    /// What was answered, or would have been.
    pub answer: Value,
}
