//! Body → command: its inputs, and what Arena says about the task (§3).

use std::fmt;

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
};
use futures_util::StreamExt;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value;

use super::envelope::Refusal;
use crate::{Object, Size};

/// Of a body that is too large, this much is read and thrown away, so that its sender gets to reading our answer.
const DISCARD_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Keys of the engine; none of them is ever an input.
const RESERVED: &str = "spiff__";

/// What a body asks for.
#[derive(Debug, Default)]
pub(super) struct Command {
    pub(super) inputs: Object,
    /// The same when Arena tries the task again.
    pub(super) task_id: Option<String>,
    pub(super) process_instance: Option<String>,
}

/// All of the body, unless there are more than `bytes_max` of it.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    bytes_max: Size,
) -> Result<Vec<u8>, Refusal> {
    let max = usize::try_from(bytes_max.0).unwrap_or(usize::MAX);
    let too_large = || {
        let text = format!("the body has more than {max} bytes (HTTP_BODY_BYTES_MAX)");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", text)
    };
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok());
    let announced: usize = announced.and_then(|it| it.parse().ok()).unwrap_or_default();
    let mut fits = announced <= max;
    if !fits && headers.contains_key(header::EXPECT) {
        // The sender waits for our word.
        return Err(too_large());
    }
    let mut content = Vec::with_capacity(if fits { announced } else { 0 });
    let mut n_discarded = 0;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| invalid(format!("the body ended early: {error}")))?;
        fits = fits && content.len() + chunk.len() <= max;
        if fits {
            content.extend_from_slice(&chunk);
            continue;
        }
        content = Vec::new();
        n_discarded += chunk.len();
        if n_discarded > DISCARD_BYTES_MAX {
            break;
        }
    }
    if fits { Ok(content) } else { Err(too_large()) }
}

impl Command {
    /// The command in `content`; nothing at all is a command without inputs.
    ///
    /// JSON has to be announced even then: it is what a page in somebody's browser can't do without asking first.
    pub(super) fn parse(headers: &HeaderMap, content: &[u8]) -> Result<Self, Refusal> {
        if !is_json(headers) {
            let text = "send the inputs as a JSON object, with Content-Type: application/json";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Refusal::new(status, "unsupported_media_type", text.to_owned()));
        }
        if content.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(content)
            .map_err(|error| invalid(format!("the body is no JSON object: {error}")))
    }
}

fn invalid(text: String) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "invalid_body", text)
}

/// `application/json` and `application/*+json`, whatever their parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let announced = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let kind = announced.and_then(|it| it.split(';').next()).unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    kind.strip_prefix("application/").is_some_and(|it| it == "json" || it.ends_with("+json"))
}

impl<'de> Deserialize<'de> for Command {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(CommandVisitor)
    }
}

/// Passes over the process data, which every call carries and which may be most of it, without building a tree.
struct CommandVisitor;

impl<'de> Visitor<'de> for CommandVisitor {
    type Value = Command;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<Command, M::Error> {
        let mut command = Command::default();
        while let Some(name) = members.next_key::<String>()? {
            match name.as_str() {
                "spiff__task_id" => command.task_id = text(&members.next_value()?),
                "spiff__process_instance_id" => {
                    command.process_instance = text(&members.next_value()?);
                }
                reserved if reserved.starts_with(RESERVED) => {
                    members.next_value::<IgnoredAny>()?;
                }
                _ => {
                    let mut value = members.next_value()?;
                    unwrap(&mut value);
                    command.inputs.insert(name, value);
                }
            }
        }
        Ok(command)
    }
}

/// An id, which may be a text or a number.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Dates and UUIDs as their texts: the engine wraps them in `{"value": …, "typename": …}`, wherever they are.
///
/// A `timedelta` has no one text and stays as it is.
fn unwrap(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let kind = members.get("typename").and_then(Value::as_str);
            let wraps = members.len() == 2 && matches!(kind, Some("datetime" | "UUID"));
            let text = members.get("value").filter(|it| wraps && it.is_string()).cloned();
            match text {
                Some(text) => *value = text,
                None => members.values_mut().for_each(unwrap),
            }
        }
        Value::Array(items) => items.iter_mut().for_each(unwrap),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
