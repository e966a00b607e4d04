//! From a plain value to an entry of `outBoundVariables`.

use std::borrow::Cow;

use serde::{Serialize, Serializer, ser::SerializeStruct};
use serde_json::Value;
use time::{
    Date, OffsetDateTime, PrimitiveDateTime, UtcOffset, format_description::well_known::Iso8601,
    macros::format_description,
};

use super::{expressions::neutralise_json, number};

/// How deep arrays and objects may be nested.
/// Our own reader takes no more, the bundle's takes 1000.
const NESTING_MAX: usize = 127;

/// The longest member name that the bundle's JSON reader takes, in characters (Jackson's default).
const NAME_CHARACTERS_MAX: usize = 50_000;

/// A variable on its way to the bundle, `{"type": …, "value": "…"}` (activiti-cloud.md §2.6).
///
/// It borrows the value and serializes without building a second one in between.
/// `declared` is the type of this output in the connector's definition.
///
/// | value | wire type |
/// | --- | --- |
/// | null | none: the entry is null |
/// | boolean | `boolean` |
/// | integer | `integer`, `long`, beyond 64 bits `bigdecimal` |
/// | decimal | `double` if that keeps the digits, else (or if declared) `bigdecimal` |
/// | text | `string`; `date` if declared and a date |
/// | object | `json`, which keeps members that are null |
/// | array | `list`, because a multi-instance activity takes Java collections only |
///
/// What the bundle's readers do not hold (`1e400`, too deep nesting) is sent as text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Typed<'a> {
    value: &'a Value,
    declared: Option<&'a str>,
}

impl<'a> Typed<'a> {
    pub(crate) fn new(value: &'a Value, declared: Option<&'a str>) -> Self {
        Self { value, declared }
    }

    fn content(&self) -> Option<(&'static str, Content<'a>)> {
        let entry = match self.value {
            Value::Null => return None,
            Value::Bool(true) => ("boolean", Content::text("true")),
            Value::Bool(false) => ("boolean", Content::text("false")),
            Value::Number(number) => {
                let text = number.as_str();
                (number_type(text, self.declared), Content::text(text))
            }
            Value::String(text) => match self.date(text) {
                Some(instant) => ("date", Content::Text(Cow::Owned(instant))),
                None => ("string", Content::text(text)),
            },
            Value::Array(_) => nested("list", self.value),
            Value::Object(_) => nested("json", self.value),
        };
        Some(entry)
    }

    fn date(&self, text: &str) -> Option<String> {
        match self.declared {
            Some("date" | "datetime") => portable_instant(text),
            Some(_) | None => None,
        }
    }
}

impl Serialize for Typed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some((wire_type, content)) = self.content() else {
            return serializer.serialize_unit();
        };
        let mut entry = serializer.serialize_struct("Typed", 2)?;
        entry.serialize_field("type", wire_type)?;
        entry.serialize_field("value", &content)?;
        entry.end()
    }
}

/// What becomes the text of `value`.
enum Content<'a> {
    Text(Cow<'a, str>),
    Json(Cow<'a, Value>),
}

impl<'a> Content<'a> {
    fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Json(value) => serializer.collect_str(value),
        }
    }
}

fn number_type(text: &str, declared: Option<&str>) -> &'static str {
    let is_decimal = matches!(declared, Some("bigdecimal" | "decimal"));
    if !number::is_portable(text) {
        "string"
    } else if is_decimal {
        "bigdecimal"
    } else if number::is_integer(text) {
        match text.parse::<i64>().map(i32::try_from) {
            Ok(Ok(_)) => "integer",
            Ok(Err(_)) => "long",
            Err(_) => "bigdecimal",
        }
    } else if number::fits_double(text) {
        "double"
    } else {
        "bigdecimal"
    }
}

fn nested<'a>(wire_type: &'static str, value: &'a Value) -> (&'static str, Content<'a>) {
    match fit(value, 1) {
        Fit::AsItIs => (wire_type, Content::Json(Cow::Borrowed(value))),
        Fit::NumbersAsText => (wire_type, Content::Json(Cow::Owned(with_portable_numbers(value)))),
        // Texts that are harmless each by itself may look like an expression one after the other.
        Fit::AsText => ("string", Content::Text(Cow::Owned(neutralise_json(value.to_string())))),
    }
}

/// What has to be done to a nested value before the bundle can read it; nearly always nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    AsItIs,
    NumbersAsText,
    AsText,
}

fn fit(value: &Value, depth: usize) -> Fit {
    match value {
        Value::Array(_) | Value::Object(_) if depth > NESTING_MAX => Fit::AsText,
        Value::Array(items) => {
            items.iter().map(|item| fit(item, depth + 1)).max().unwrap_or(Fit::AsItIs)
        }
        Value::Object(members) => {
            let of_member = |(name, member): (&String, &Value)| match name.len() {
                // A byte is at most one of Java's characters.
                0..=NAME_CHARACTERS_MAX => fit(member, depth + 1),
                _ => Fit::AsText,
            };
            members.iter().map(of_member).max().unwrap_or(Fit::AsItIs)
        }
        Value::Number(number) if !number::is_portable(number.as_str()) => Fit::NumbersAsText,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Fit::AsItIs,
    }
}

fn with_portable_numbers(value: &Value) -> Value {
    match value {
        Value::Number(number) if !number::is_portable(number.as_str()) => {
            Value::from(number.as_str())
        }
        Value::Array(items) => items.iter().map(with_portable_numbers).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), with_portable_numbers(member)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// The one form of a date that every bundle reads, as `date` and as the text of a process variable:
/// `2026-11-21T07:08:09.010Z` (activiti-cloud.md §3.3).
/// A time without offset is UTC, as in the engine; a day without time begins at midnight UTC.
fn portable_instant(text: &str) -> Option<String> {
    let format = Iso8601::DEFAULT;
    let instant = OffsetDateTime::parse(text, &format)
        .or_else(|_| PrimitiveDateTime::parse(text, &format).map(PrimitiveDateTime::assume_utc))
        .or_else(|_| Date::parse(text, &format).map(|date| date.midnight().assume_utc()))
        .ok()?
        .checked_to_offset(UtcOffset::UTC)?;
    if !(1..=9999).contains(&instant.year()) {
        return None;
    }
    let portable =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    instant.format(portable).ok()
}
