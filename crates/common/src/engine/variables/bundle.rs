//! What a runtime bundle does with an output, as a model for tests: stricter than the real one
//! where that is unclear, and in agreement with every case seen on a bundle 8.6.0.

use serde_json::{Map, Value};
use time::{
    Date, OffsetDateTime, PrimitiveDateTime, UtcOffset,
    format_description::well_known::{Iso8601, Rfc3339},
};

/// Jackson's limits.
const NESTING_MAX: usize = 1000;
const NUMBER_CHARACTERS_MAX: usize = 1000;
const NAME_CHARACTERS_MAX: usize = 50_000;

/// A Java object that the bundle makes of an output.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Java {
    Null,
    Text(String),
    Character(String),
    Boolean(bool),
    Integer(&'static str, i128),
    Double(&'static str, f64),
    Decimal(String),
    Instant(OffsetDateTime),
    LocalDate(Date),
    LocalDateTime(PrimitiveDateTime),
    Json(Value),
    Map(Map<String, Value>),
    List(Vec<Value>),
    Set(Vec<Value>),
}

/// The object, or why the whole message is lost.
pub(super) fn accept(entry: &Value) -> Result<Java, String> {
    let java = read(entry)?;
    if java.has_expression() { Err("an expression".to_owned()) } else { Ok(java) }
}

impl Java {
    pub(super) fn class(&self) -> Option<&'static str> {
        Some(match self {
            Self::Null => return None,
            Self::Text(_) => "java.lang.String",
            Self::Character(_) => "java.lang.Character",
            Self::Boolean(_) => "java.lang.Boolean",
            Self::Integer(class, _) | Self::Double(class, _) => class,
            Self::Decimal(_) => "java.math.BigDecimal",
            Self::Instant(_) => "java.util.Date",
            Self::LocalDate(_) => "java.time.LocalDate",
            Self::LocalDateTime(_) => "java.time.LocalDateTime",
            Self::Json(Value::Object(_)) => "com.fasterxml.jackson.databind.node.ObjectNode",
            Self::Json(Value::Array(_)) => "com.fasterxml.jackson.databind.node.ArrayNode",
            Self::Json(Value::String(_)) => "com.fasterxml.jackson.databind.node.TextNode",
            Self::Json(Value::Number(_)) => "com.fasterxml.jackson.databind.node.IntNode",
            Self::Json(Value::Bool(_)) => "com.fasterxml.jackson.databind.node.BooleanNode",
            Self::Json(Value::Null) => "com.fasterxml.jackson.databind.node.NullNode",
            Self::Map(_) => "java.util.LinkedHashMap",
            Self::List(_) => "java.util.ArrayList",
            Self::Set(_) => "java.util.HashSet",
        })
    }

    /// Java's `toString`, as far as the captured cases need it.
    pub(super) fn text(&self) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Text(text) | Self::Character(text) | Self::Decimal(text) => text.clone(),
            Self::Boolean(flag) => flag.to_string(),
            Self::Integer(_, number) => number.to_string(),
            Self::Double(_, number) => format!("{number:?}"),
            Self::Instant(instant) => instant.format(&Rfc3339).unwrap(),
            Self::LocalDate(date) => date.to_string(),
            // The engine stores whole seconds.
            Self::LocalDateTime(at) => {
                let at = at.truncate_to_second().assume_utc().format(&Rfc3339).unwrap();
                at.trim_end_matches('Z').to_owned()
            }
            Self::Json(value) => with_doubles(value).to_string(),
            Self::Map(members) => {
                let members = members.iter().map(|(name, value)| format!("{name}={}", item(value)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
            }
            Self::List(items) | Self::Set(items) => {
                format!("[{}]", items.iter().map(item).collect::<Vec<_>>().join(", "))
            }
        })
    }

    /// The scan of `\$\{[^}]*\}`: not in a JSON node whose root is no object, not in sets.
    fn has_expression(&self) -> bool {
        match self {
            Self::Text(text) => matches_expression(text),
            Self::Map(members) | Self::Json(Value::Object(members)) => {
                members.values().any(holds_expression)
            }
            Self::List(items) => items.iter().any(holds_expression),
            Self::Null
            | Self::Character(_)
            | Self::Boolean(_)
            | Self::Integer(..)
            | Self::Double(..)
            | Self::Decimal(_)
            | Self::Instant(_)
            | Self::LocalDate(_)
            | Self::LocalDateTime(_)
            | Self::Json(_)
            | Self::Set(_) => false,
        }
    }
}

fn read(entry: &Value) -> Result<Java, String> {
    let Some((wire_type, value)) = entry.get("type").zip(entry.get("value")) else {
        return untyped(entry.clone());
    };
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(_) | Value::Object(_) => String::new(),
    };
    match wire_type.as_str().unwrap_or_default() {
        "string" => Ok(Java::Text(text)),
        "byte" => integer("java.lang.Byte", &text, i8::MIN.into()..=i8::MAX.into()),
        "short" => integer("java.lang.Short", &text, i16::MIN.into()..=i16::MAX.into()),
        "integer" => integer("java.lang.Integer", &text, i32::MIN.into()..=i32::MAX.into()),
        "long" => integer("java.lang.Long", &text, i64::MIN.into()..=i64::MAX.into()),
        "float" => double("java.lang.Float", &text),
        "double" => double("java.lang.Double", &text),
        "bigdecimal" => decimal(&text),
        "boolean" => boolean(&text),
        "character" => match text.encode_utf16().count() {
            0 => Ok(Java::Null),
            1 => Ok(Java::Character(text)),
            _ => Err("more than one character".to_owned()),
        },
        "date" => OffsetDateTime::parse(&text, &Rfc3339)
            .map(|instant| Java::Instant(instant.to_offset(UtcOffset::UTC)))
            .map_err(|error| error.to_string()),
        "localdate" => Date::parse(&text, &Iso8601::DATE)
            .map(Java::LocalDate)
            .map_err(|error| error.to_string()),
        "localdatetime" => PrimitiveDateTime::parse(&text, &Iso8601::DATE_TIME)
            .map(Java::LocalDateTime)
            .map_err(|error| error.to_string()),
        "json" => json(&text).map(Java::Json),
        "map" => match json(&text)? {
            Value::Object(members) => Ok(Java::Map(members)),
            _ => Err("no object".to_owned()),
        },
        "list" => match json(&text)? {
            Value::Array(items) => Ok(Java::List(items)),
            _ => Err("no array".to_owned()),
        },
        "set" => match json(&text)? {
            Value::Array(mut items) => {
                let mut seen = Vec::new();
                items.retain(|item| {
                    !seen.contains(item) && {
                        seen.push(item.clone());
                        true
                    }
                });
                Ok(Java::Set(items))
            }
            _ => Err("no array".to_owned()),
        },
        _ => match json(&text)? {
            Value::Object(mut members) => untyped(members.remove("object").unwrap_or_default()),
            _ => Err("no object".to_owned()),
        },
    }
}

/// Plain JSON, as Jackson reads it into a Java `Object`.
fn untyped(value: Value) -> Result<Java, String> {
    Ok(match value {
        Value::Null => Java::Null,
        Value::Bool(flag) => Java::Boolean(flag),
        Value::String(text) => Java::Text(text),
        Value::Array(items) => Java::List(items),
        // Java's own class names are looked up; no case of one that exists was captured.
        Value::Object(members) if members.contains_key("@class") => {
            Java::Json(Value::Object(members))
        }
        Value::Object(members) => Java::Map(members),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(small), _) if i32::try_from(small).is_ok() => {
                Java::Integer("java.lang.Integer", small.into())
            }
            (Some(large), _) => Java::Integer("java.lang.Long", large.into()),
            (None, Some(float)) => Java::Double("java.lang.Double", float),
            (None, None) => return Err("a number out of range".to_owned()),
        },
    })
}

fn trimmed(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace()).collect()
}

fn integer(
    class: &'static str,
    text: &str,
    range: std::ops::RangeInclusive<i128>,
) -> Result<Java, String> {
    if text.is_empty() {
        return Ok(Java::Null);
    }
    let text = trimmed(text);
    let unsigned = text.trim_start_matches('-');
    let hexadecimal = ["0x", "0X", "#"].iter().find_map(|prefix| unsigned.strip_prefix(prefix));
    let number = match hexadecimal {
        Some(digits) => i128::from_str_radix(digits, 16)
            .map(|number| if text.starts_with('-') { -number } else { number }),
        None => text.parse(),
    };
    match number {
        Ok(number) if range.contains(&number) => Ok(Java::Integer(class, number)),
        Ok(_) => Err("out of range".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn double(class: &'static str, text: &str) -> Result<Java, String> {
    if text.is_empty() {
        return Ok(Java::Null);
    }
    let text = trimmed(text);
    match text.as_str() {
        "NaN" => Ok(Java::Double(class, f64::NAN)),
        "Infinity" => Ok(Java::Double(class, f64::INFINITY)),
        "-Infinity" => Ok(Java::Double(class, f64::NEG_INFINITY)),
        // Rust spells infinity and nan in more ways than Java.
        _ if text.contains(['n', 'N', 'f', 'F']) => Err("no number".to_owned()),
        _ => text.parse().map(|number| Java::Double(class, number)).map_err(|e| e.to_string()),
    }
}

fn decimal(text: &str) -> Result<Java, String> {
    if text.is_empty() {
        return Ok(Java::Null);
    }
    let text = trimmed(text);
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(&text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, exponent.parse::<i32>().map_err(|e| e.to_string())?)
        }
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err("no number".to_owned());
    }
    // Written out somewhere in the bundle, such a number would fill its memory.
    if exponent.unsigned_abs() > 2000 {
        return Err("a number to be afraid of".to_owned());
    }
    Ok(Java::Decimal(text))
}

fn boolean(text: &str) -> Result<Java, String> {
    match text.trim().to_lowercase().as_str() {
        "" => Ok(Java::Null),
        "true" | "on" | "yes" | "1" => Ok(Java::Boolean(true)),
        "false" | "off" | "no" | "0" => Ok(Java::Boolean(false)),
        _ => Err("neither true nor false".to_owned()),
    }
}

fn json(text: &str) -> Result<Value, String> {
    let value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if fits(&value, 0) { Ok(value) } else { Err("over a limit of the JSON reader".to_owned()) }
}

fn fits(value: &Value, depth: usize) -> bool {
    match value {
        Value::Number(number) => number.as_str().len() <= NUMBER_CHARACTERS_MAX,
        Value::Array(items) => {
            depth < NESTING_MAX && items.iter().all(|item| fits(item, depth + 1))
        }
        Value::Object(members) => {
            depth < NESTING_MAX
                && members.keys().all(|name| name.encode_utf16().count() <= NAME_CHARACTERS_MAX)
                && members.values().all(|member| fits(member, depth + 1))
        }
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

fn holds_expression(value: &Value) -> bool {
    match value {
        Value::String(text) => matches_expression(text),
        Value::Array(items) => items.iter().any(holds_expression),
        Value::Object(members) => members.values().any(holds_expression),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// `\$\{[^}]*\}`, step by step as a pattern matcher goes.
fn matches_expression(text: &str) -> bool {
    text.match_indices("${").any(|(start, _)| text[start..].contains('}'))
}

fn item(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A JSON node keeps decimals as doubles: `1.50` becomes `1.5`.
fn with_doubles(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.as_str().contains('.') => number.as_f64().into(),
        Value::Array(items) => items.iter().map(with_doubles).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), with_doubles(value))).collect()
        }
        other => other.clone(),
    }
}
