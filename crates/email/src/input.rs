//! The inputs of `SEND`, in every spelling that models use.

use std::{borrow::Cow, collections::BTreeMap};

use common::{Object, Secret};
use files::{File, Files};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use crate::{
    address::{Mailbox, Mailboxes},
    calendar::Event,
    message::Priority,
};

/// What a task gives (`activiti-ootb-connectors.md` §7.1, then ours).
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    #[serde(alias = "email_to")]
    pub(crate) to: Mailboxes,
    #[serde(alias = "email_from")]
    pub(crate) from: Option<Mailbox>,
    #[serde(default)]
    pub(crate) cc: Mailboxes,
    #[serde(default)]
    pub(crate) bcc: Mailboxes,
    #[serde(default)]
    pub(crate) reply_to: Mailboxes,
    #[serde(alias = "email_subject")]
    pub(crate) subject: Option<String>,
    #[serde(alias = "email_body")]
    pub(crate) text: Option<String>,
    pub(crate) html: Option<String>,
    pub(crate) charset: Option<String>,
    #[serde(default)]
    pub(crate) attachments: Files,
    pub(crate) template: Option<TemplateRef>,
    pub(crate) metadata: Option<Object>,
    pub(crate) locale: Option<String>,
    pub(crate) layout: Option<String>,
    #[serde(default)]
    pub(crate) inline: BTreeMap<String, File>,
    #[serde(default)]
    #[schemars(with = "Option<Object>")]
    pub(crate) headers: BTreeMap<String, HeaderValues>,
    pub(crate) priority: Option<Priority>,
    pub(crate) message_id: Option<String>,
    pub(crate) in_reply_to: Option<String>,
    #[schemars(with = "Option<String>")]
    pub(crate) references: Option<References>,
    #[schemars(with = "Option<Object>")]
    pub(crate) calendar: Option<Calendar>,
    pub(crate) server: Option<String>,

    // Until the newest generation (`activiti-ootb-connectors.md` §13).
    #[serde(default)]
    #[schemars(skip)]
    pub(crate) files: Files,
    #[serde(default)]
    #[schemars(skip)]
    pub(crate) uri: Files,
    #[schemars(skip)]
    pub(crate) node_id: Option<Value>,

    // Those of `smtp/SendEmail` that name a server (`spiffarena-connector-proxy.md` §8).
    #[serde(flatten)]
    #[schemars(skip)]
    pub(crate) guest: Guest,
}

/// A server that the task itself names.
#[derive(Clone, Debug, Default, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are those of the parameters")]
pub(crate) struct Guest {
    pub(crate) smtp_host: Option<String>,
    #[serde(default, deserialize_with = "port")]
    pub(crate) smtp_port: Option<u16>,
    pub(crate) smtp_user: Option<String>,
    pub(crate) smtp_password: Option<Secret>,
    #[serde(default, deserialize_with = "truth")]
    pub(crate) smtp_starttls: bool,
}

/// A template: a file below `TEMPLATES_DIR`, or a file value.
#[derive(Clone, Debug)]
pub(crate) enum TemplateRef {
    Named(String),
    File(Box<File>),
}

/// One value or several of a header.
#[derive(Clone, Debug)]
pub(crate) struct HeaderValues(pub(crate) Vec<String>);

/// Message ids, with angle brackets.
#[derive(Clone, Debug)]
pub(crate) struct References(pub(crate) Vec<String>);

/// An event in words, or a calendar file.
#[derive(Clone, Debug)]
pub(crate) enum Calendar {
    Event(Box<Event>),
    File(Box<File>),
}

impl<'de> Deserialize<'de> for TemplateRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if let Value::String(name) = &value {
            let is_file = name.starts_with("data:")
                || name.contains("://")
                || name.trim_start().starts_with(['{', '[']);
            if !is_file {
                return Ok(Self::Named(name.clone()));
            }
        }
        let file = File::deserialize(value).map_err(D::Error::custom)?;
        Ok(Self::File(Box::new(file)))
    }
}

impl JsonSchema for TemplateRef {
    fn schema_name() -> Cow<'static, str> {
        File::schema_name()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        File::json_schema(generator)
    }
}

impl<'de> Deserialize<'de> for HeaderValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = |value: Value| match value {
            Value::String(text) => Ok(text),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(value) => Ok(value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                Err(D::Error::custom("a header's value is a text or a list of texts"))
            }
        };
        let values = match Value::deserialize(deserializer)? {
            Value::Null => Vec::new(),
            Value::Array(values) => values.into_iter().map(text).collect::<Result<_, _>>()?,
            single => vec![text(single)?],
        };
        Ok(Self(values))
    }
}

impl<'de> Deserialize<'de> for References {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let HeaderValues(texts) = HeaderValues::deserialize(deserializer)?;
        let ids = texts.iter().flat_map(|it| it.split([' ', '\t', '\r', '\n', ',']));
        let ids = ids.filter(|it| !it.is_empty()).map(message_id);
        ids.collect::<Result<_, _>>().map(Self).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Calendar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)?;
        if let Value::String(text) = &value
            && text.trim_start().starts_with('{')
        {
            value = serde_json::from_str(text).map_err(D::Error::custom)?;
        }
        if value.get("start").is_some() || value.get("method").is_some() {
            return Event::deserialize(value)
                .map(|it| Self::Event(Box::new(it)))
                .map_err(D::Error::custom);
        }
        let file = File::deserialize(value).map_err(D::Error::custom)?;
        Ok(Self::File(Box::new(file)))
    }
}

/// The id with angle brackets.
///
/// # Errors
/// That it is none.
pub(crate) fn message_id(text: &str) -> Result<String, String> {
    let id = text.trim();
    let id = id.strip_prefix('<').and_then(|it| it.strip_suffix('>')).unwrap_or(id);
    let is_part = |it: &str| {
        !it.is_empty()
            && it.bytes().all(|it| it.is_ascii_graphic() && !b"<>()[],;:\\\"".contains(&it))
    };
    let is_right = |it: &str| {
        // Domain literals and quoted texts are allowed and nobody writes them.
        let bare = it.trim_matches(['[', ']']);
        is_part(&bare.replace(':', ""))
    };
    match id.split_once('@') {
        Some((left, right)) if is_part(left) && is_right(right) && id.len() <= 900 => {
            Ok(format!("<{id}>"))
        }
        _ => Err(format!("`{}` is no message id, e.g. <4711@example.org>", text.escape_debug())),
    }
}

/// Flattened fields are read without the engines' spellings being known.
fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    let port = match Value::deserialize(deserializer)? {
        Value::Null => return Ok(None),
        Value::Number(number) => number.to_string().parse().ok(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    port.map(Some).ok_or_else(|| D::Error::custom("`smtp_port` is no port"))
}

fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(false),
        Value::Bool(value) => Ok(value),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" | "" => Ok(false),
            _ => Err(D::Error::custom("`smtp_starttls` is neither true nor false")),
        },
        _ => Err(D::Error::custom("`smtp_starttls` is neither true nor false")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn message_ids_are_taken_with_and_without_brackets_and_nothing_else_is() {
        let good = Ok("<4711@example.org>".to_owned());
        assert_eq!(message_id("<4711@example.org>"), good);
        assert_eq!(message_id(" 4711@example.org "), good);
        assert_eq!(message_id("<a@[192.0.2.1]>"), Ok("<a@[192.0.2.1]>".to_owned()));
        for text in
            ["", "4711", "<a@b", "a@b>", "a b@c", "<a@b>\r\nBcc: x", "<a@b><c@d>", "ü@b", "a@"]
        {
            assert!(message_id(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn references_are_texts_and_lists() {
        let read = |value: Value| serde_json::from_value::<References>(value).map(|it| it.0);
        let both = ["<a@b>", "<c@d>"];
        assert_eq!(read(json!("<a@b> <c@d>")).unwrap(), both);
        assert_eq!(read(json!("a@b,\r\n c@d")).unwrap(), both);
        assert_eq!(read(json!(["<a@b>", "c@d"])).unwrap(), both);
        assert!(read(json!("a@b nothing")).is_err());
    }

    #[test]
    fn templates_and_calendars_are_told_apart_by_what_they_look_like() {
        let template = |value: Value| serde_json::from_value::<TemplateRef>(value).unwrap();
        assert!(matches!(template(json!("mails/welcome.html")), TemplateRef::Named(_)));
        for file in [json!("data:text/html,x"), json!({ "uri": "data:,x" }), json!("[\"data:,x\"]")]
        {
            assert!(matches!(template(file.clone()), TemplateRef::File(_)), "{file}");
        }
        let calendar = |value: Value| serde_json::from_value::<Calendar>(value);
        let event = json!({ "start": "2026-11-21" });
        assert!(matches!(calendar(event.clone()).unwrap(), Calendar::Event(_)));
        assert!(matches!(calendar(event.to_string().into()).unwrap(), Calendar::Event(_)));
        assert!(matches!(calendar(json!("data:text/calendar,x")).unwrap(), Calendar::File(_)));
        assert!(calendar(json!({ "summary": "no start, no file" })).is_err());
    }
}
