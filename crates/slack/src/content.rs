//! What a message says: text, blocks and attachments, rendered where there is data, within Slack's limits.

use common::Failure;
use serde_json::{Map, Value};
use templates::{Engine, Sink, Syntax, TemplateError};

use crate::error::{ErrorCode, invalid};

/// The longest text of a message, in characters (Slack's `chat.postMessage`).
const TEXT_CHARS_MAX: usize = 40_000;
/// The most blocks of a message (Slack's Block Kit).
const BLOCKS_MAX: usize = 50;
/// The most attachments of a message.
const ATTACHMENTS_MAX: usize = 100;

/// Members of blocks and attachments that Slack takes literally: an entity in them would stay one.
const LITERAL: [&str; 9] = [
    "type",
    "value",
    "style",
    "emoji",
    "color",
    "language",
    "action_id",
    "block_id",
    "callback_id",
];

/// As the task gives it.
#[derive(Default)]
pub(crate) struct Source {
    pub(crate) text: Option<String>,
    pub(crate) blocks: Option<Value>,
    pub(crate) attachments: Option<Value>,
    /// With it, everything else is a template; without it, nothing is.
    pub(crate) metadata: Option<Value>,
}

/// As Slack gets it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Content {
    pub(crate) text: Option<String>,
    pub(crate) blocks: Option<Value>,
    pub(crate) attachments: Option<Value>,
}

impl Content {
    /// Renders and checks.
    ///
    /// # Errors
    /// `INVALID_INPUT` and `MSG_TOO_LONG`, before anything is called.
    pub(crate) fn new(templates: &Engine, source: Source) -> Result<Self, Failure> {
        let Source { text, blocks, attachments, metadata } = source;
        let blocks = blocks.map(|it| list("blocks", it)).transpose()?.flatten();
        let attachments = attachments.map(|it| list("attachments", it)).transpose()?.flatten();
        let mut content =
            Self { text: text.filter(|it| !it.trim().is_empty()), blocks, attachments };
        if let Some(metadata) = metadata.filter(|it| !it.is_null()) {
            content.render(templates, &unwrapped("metadata", metadata)?)?;
        }
        content.check()?;
        Ok(content)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_none() && self.blocks.is_none() && self.attachments.is_none()
    }

    /// Puts what there is into a call's arguments.
    pub(crate) fn add_to(&self, arguments: &mut Map<String, Value>) {
        let text = self.text.as_ref().map(|it| Value::from(it.as_str()));
        let parts = [
            ("text", text),
            ("blocks", self.blocks.clone()),
            ("attachments", self.attachments.clone()),
        ];
        for (name, value) in parts {
            if let Some(value) = value {
                arguments.insert(name.to_owned(), value);
            }
        }
    }

    fn render(&mut self, templates: &Engine, data: &Value) -> Result<(), Failure> {
        if !data.is_object() {
            return Err(invalid("`metadata` is no JSON object"));
        }
        let failed = |input: &'static str| move |error| wrong(input, &error);
        if let Some(text) = &mut self.text {
            let rendered = templates.render(text, data, Sink::Slack, Syntax::FreeMarker);
            *text = rendered.map_err(failed("text"))?;
        }
        for (name, part) in [("blocks", &mut self.blocks), ("attachments", &mut self.attachments)] {
            if let Some(part) = part {
                let render = |sink| templates.render_value(part, data, sink, Syntax::FreeMarker);
                let mut escaped = render(Sink::Slack).map_err(failed(name))?;
                // Nothing was filled in where nothing has changed, so that the second run is only for templates.
                if escaped != *part {
                    let plain = render(Sink::Text).map_err(failed(name))?;
                    take_literals(&mut escaped, plain, Place::Markup);
                }
                *part = escaped;
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Failure> {
        let n_chars = self.text.as_ref().map_or(0, |it| it.chars().count());
        if n_chars > TEXT_CHARS_MAX {
            let text = format!(
                "`text` has {n_chars} characters, Slack takes {TEXT_CHARS_MAX}; put more into a file (`files`)"
            );
            return Err(Failure::business(ErrorCode::MsgTooLong, text));
        }
        for (name, part, max) in [
            ("blocks", &self.blocks, BLOCKS_MAX),
            ("attachments", &self.attachments, ATTACHMENTS_MAX),
        ] {
            let entries =
                part.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            if entries.len() > max {
                let n = entries.len();
                return Err(invalid(format_args!("`{name}` has {n} entries, Slack takes {max}")));
            }
            for (index, entry) in entries.iter().enumerate() {
                let typed = entry.get("type").is_some_and(Value::is_string) || name != "blocks";
                if !entry.is_object() || !typed {
                    let what = if entry.is_object() { "has no `type`" } else { "is no object" };
                    return Err(invalid(format_args!("`{name}`: entry {} {what}", index + 1)));
                }
            }
        }
        Ok(())
    }
}

/// Where a text stands, which decides what Slack does with `& < >` in it.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// It is read for mentions, links and entities.
    Markup,
    /// It is taken as it is: `rich_text` says what is a mention by its structure.
    Rich,
}

/// Puts the texts of `plain` where Slack takes them literally.
fn take_literals(escaped: &mut Value, plain: Value, place: Place) {
    match (escaped, plain) {
        (Value::Array(escaped), Value::Array(plain)) => {
            escaped.iter_mut().zip(plain).for_each(|(one, other)| take_literals(one, other, place));
        }
        (Value::Object(escaped), Value::Object(plain)) => {
            let rich = plain.get("type").and_then(Value::as_str) == Some("rich_text");
            let place = if rich { Place::Rich } else { place };
            for ((name, one), (_, other)) in escaped.iter_mut().zip(plain) {
                match (is_literal(name), other) {
                    (true, other @ Value::String(_)) => *one = other,
                    (_, other) => take_literals(one, other, place),
                }
            }
        }
        (one @ Value::String(_), other) if place == Place::Rich => *one = other,
        _ => {}
    }
}

fn is_literal(name: &str) -> bool {
    let is_address = name == "url" || name.ends_with("_url") || name.ends_with("_link");
    is_address || name.ends_with("_id") || LITERAL.contains(&name)
}

/// A list; engines hand it over as JSON text too, and Slack's Block Kit Builder as an object around it.
fn list(name: &str, value: Value) -> Result<Option<Value>, Failure> {
    let value = match unwrapped(name, value)? {
        Value::Object(mut members) if members.contains_key(name) => {
            members.shift_remove(name).unwrap_or_default()
        }
        value => value,
    };
    match value {
        Value::Null => Ok(None),
        Value::Array(entries) if entries.is_empty() => Ok(None),
        Value::Array(entries) => Ok(Some(Value::Array(entries))),
        _ => Err(invalid(format_args!("`{name}` is no JSON array"))),
    }
}

fn unwrapped(name: &str, value: Value) -> Result<Value, Failure> {
    match value {
        Value::String(text) if text.trim().is_empty() => Ok(Value::Null),
        Value::String(text) => serde_json::from_str(&text)
            .map_err(|error| invalid(format_args!("`{name}` is no JSON: {error}"))),
        value => Ok(value),
    }
}

/// Every trouble with a template is the task's (`answers.md` 18).
fn wrong(input: &str, error: &TemplateError) -> Failure {
    invalid(format_args!("`{input}`: {error}"))
        .with_note(format_args!("`{input}` cannot be rendered"))
}
