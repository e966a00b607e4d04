//! An answer's body as the commands give it: JSON, XML as an object, anything else as `raw_response`.

use serde_json::{Value, json};

use crate::{
    media::{self, MediaType},
    response::Answer,
    xml,
};

/// A body, and under which code it is not what it says.
pub(super) struct Content {
    pub(super) body: Value,
    pub(super) trouble: Option<(&'static str, String)>,
}

pub(super) fn read(answer: &Answer) -> Content {
    let media = answer.media_type();
    let text = text(&answer.body, &media);
    let says = |it: &str| media.essence.contains(it);
    if says("application/json") {
        return content(&text, "JSONDecodeError", |it| {
            serde_json::from_str(it).map_err(|error| format!("it is not JSON: {error}"))
        });
    }
    if says("application/xml") || says("text/xml") {
        return content(&text, "ExpatError", |it| {
            xml::object(it).map_err(|problem| format!("it is not XML: {problem}"))
        });
    }
    Content { body: json!({ "raw_response": text }), trouble: None }
}

/// Nothing at all is no error: HEAD and 204 have the type of what is not there.
fn content(
    text: &str,
    code: &'static str,
    parse: impl FnOnce(&str) -> Result<Value, String>,
) -> Content {
    if text.trim().is_empty() {
        return Content { body: json!({}), trouble: None };
    }
    match parse(text) {
        Ok(body) => Content { body, trouble: None },
        Err(problem) => {
            Content { body: json!({ "raw_response": text }), trouble: Some((code, problem)) }
        }
    }
}

fn text(body: &[u8], media: &MediaType) -> String {
    media::decode(body, media.charset.as_deref()).text
}
