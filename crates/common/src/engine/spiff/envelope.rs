//! Outcome → answer: the version 2 envelope, and the refusals of calls that never became a command (§4, §5).

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Value, json};
use tracing::debug;

use crate::{Failure, Object, arena::Reply};

/// Most answers fit.
const BYTES_USUAL: usize = 4096;

/// What Arena reads, whether the command succeeded or not.
///
/// Nothing else may stand beside these four: Arena acts on `api_response` and its kin (§4).
#[derive(Serialize)]
struct Envelope {
    command_response: CommandResponse,
    command_response_version: u8,
    error: Option<Error>,
    /// Arena writes these to its log: neither data nor secrets.
    #[serde(rename = "spiff__logs")]
    logs: [String; 1],
}

#[derive(Serialize)]
struct CommandResponse {
    body: Value,
    mimetype: &'static str,
    http_status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<Value>,
}

#[derive(Serialize)]
struct Error {
    error_code: String,
    message: String,
}

/// What the outputs of a command are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutputShape {
    /// An action's: they are the body.
    Variables,
    /// Those of a command of Arena's own: a [`Reply`].
    Reply,
}

/// A call that was turned away; nothing was done.
///
/// Not every code has a contract: `command_not_found` is the Python proxy's, the others are ours.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

/// The answer to a command that ran; `log` is for Arena's log.
///
/// The outer status is 200 for failures too: `error` and `http_status` tell them apart (§5).
pub(super) fn answer(
    outcome: Result<Object, Failure>,
    shape: OutputShape,
    log: String,
) -> Response {
    let (outputs, http_status, error) = match outcome {
        Ok(outputs) => (outputs, 200, None),
        Err(mut failure) => {
            let status = status(&failure);
            let error = Error { error_code: failure.code().to_owned(), message: failure.message() };
            (failure.take_outputs(), status, Some(error))
        }
    };
    let mimetype = "application/json";
    let command_response = match shape {
        OutputShape::Variables => {
            CommandResponse { body: outputs.into(), mimetype, http_status, headers: None }
        }
        OutputShape::Reply => {
            let Reply { body, http_status, headers } = Reply::of(outputs, http_status);
            CommandResponse { body, mimetype, http_status, headers: headers.map(Value::Object) }
        }
    };
    let envelope = Envelope { command_response, command_response_version: 2, error, logs: [log] };
    // `axum::Json` would write into a buffer that grows byte by byte.
    let mut content = Vec::with_capacity(BYTES_USUAL);
    match serde_json::to_writer(&mut content, &envelope) {
        Ok(()) => ([(header::CONTENT_TYPE, "application/json")], content).into_response(),
        Err(_unwritable) => Refusal::internal().into_response(),
    }
}

/// The peer's own status, else one by kind (`answers.md` 4).
///
/// Below 300 Arena would take the failure for one that must not be tried again (§6), above 599 the envelope is invalid.
fn status(failure: &Failure) -> u16 {
    let by_kind = match failure {
        Failure::Business(_) => 400,
        Failure::Transient { .. } => 503,
        Failure::Permanent(_) => 500,
    };
    failure.report().status.filter(|it| (300..600).contains(it)).unwrap_or(by_kind)
}

/// The answer to a missing or wrong API key, which has a shape of its own (§1).
pub(super) fn unauthorized() -> Response {
    (StatusCode::UNAUTHORIZED, Json(json!({ "error": "Unauthorized" }))).into_response()
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: String) -> Self {
        Self { status, code, message }
    }

    pub(super) fn internal() -> Self {
        let text = "something went wrong inside the connector; its log says where";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", text.to_owned())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { status, code, message } = self;
        debug!(status = status.as_u16(), code, "refused");
        let error = Error { error_code: code.to_owned(), message };
        (status, Json(json!({ "command_response": {}, "error": error }))).into_response()
    }
}
