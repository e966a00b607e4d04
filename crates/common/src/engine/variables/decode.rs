//! From an entry of `inBoundVariables` to a plain value.

use serde_json::{Map, Value};

use super::number;

/// Why an entry cannot be read.
/// Names the wire type and never the value, which may be personal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not readable as `{wire_type}`: {reason}")]
pub(crate) struct DecodeError {
    wire_type: &'static str,
    reason: String,
}

/// Reads one variable (activiti-cloud.md §2.6).
///
/// Typed entries and the plain JSON of bundles older than 7.1.0-M8 are both understood.
/// Dates stay ISO texts, decimals keep all their digits, `NaN` and `Infinity` become texts
/// because JSON has no such numbers.
pub(crate) fn decode(entry: &Value) -> Result<Value, DecodeError> {
    let Value::Object(members) = entry else { return Ok(entry.clone()) };
    let (Some(Value::String(name)), Some(value)) = (members.get("type"), members.get("value"))
    else {
        return Ok(entry.clone());
    };
    if value.is_null() {
        return Ok(Value::Null);
    }
    match WireType::of(name) {
        Some(wire_type) => wire_type.read(value.clone()),
        None if is_typed(members, value) => Ok(guess(value.clone())),
        None => Ok(entry.clone()),
    }
}

/// Reads a variable of which nothing but its type and value is there.
pub(super) fn decode_typed(name: &str, value: Value) -> Result<Value, DecodeError> {
    match WireType::of(name) {
        _ if value.is_null() => Ok(value),
        Some(wire_type) => wire_type.read(value),
        None => Ok(guess(value)),
    }
}

/// Whether nothing but these two is an entry with a type; else it is an object of an old bundle that owns the same names.
pub(super) fn is_entry(name: &str, value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_)) || WireType::of(name).is_some()
}

/// Whether the bundle itself writes this type.
pub(super) fn is_known(name: &str) -> bool {
    WireType::named(name).is_some()
}

/// Whether an entry is as the bundle itself writes it, so that it can read it back when it is echoed.
pub(crate) fn is_as_sent(entry: &Value) -> bool {
    match (entry.get("type"), entry.get("value")) {
        (Some(Value::String(name)), Some(Value::String(_))) => WireType::named(name).is_some(),
        (Some(_), Some(_)) => false,
        (None, _) | (_, None) => true,
    }
}

/// A wire type: its name in messages and how its value is read.
#[derive(Debug, Clone, Copy)]
struct WireType {
    name: &'static str,
    reading: Reading,
}

#[derive(Debug, Clone, Copy)]
enum Reading {
    Text,
    Number,
    Boolean,
    Json,
    Wrapped,
}

impl WireType {
    fn of(name: &str) -> Option<Self> {
        Self::named(name).or_else(|| Self::spelled(name))
    }

    /// The 18 names of the bundle's registry.
    fn named(name: &str) -> Option<Self> {
        let (name, reading) = match name {
            "string" => ("string", Reading::Text),
            "character" => ("character", Reading::Text),
            "date" => ("date", Reading::Text),
            "localdate" => ("localdate", Reading::Text),
            "localdatetime" => ("localdatetime", Reading::Text),
            "byte" => ("byte", Reading::Number),
            "short" => ("short", Reading::Number),
            "integer" => ("integer", Reading::Number),
            "long" => ("long", Reading::Number),
            "float" => ("float", Reading::Number),
            "double" => ("double", Reading::Number),
            "bigdecimal" => ("bigdecimal", Reading::Number),
            "boolean" => ("boolean", Reading::Boolean),
            "json" => ("json", Reading::Json),
            "map" => ("map", Reading::Json),
            "list" => ("list", Reading::Json),
            "set" => ("set", Reading::Json),
            "object" => ("object", Reading::Wrapped),
            _ => return None,
        };
        Some(Self { name, reading })
    }

    /// The same types in another case, or as the Java class that they stand for.
    fn spelled(name: &str) -> Option<Self> {
        let is_class = name.starts_with("java.") || name.starts_with("com.fasterxml.jackson.");
        if !is_class {
            return Self::named(&name.to_ascii_lowercase());
        }
        let class = name.rsplit(['.', '$']).next()?.to_ascii_lowercase();
        if let Some(wire_type) = Self::named(&class) {
            return Some(wire_type);
        }
        // `ArrayList`, `ImmutableCollections$ListN`, `LinkedHashMap`, `ObjectNode`, …
        let kinds = [
            ("node", "json"),
            ("map", "map"),
            ("list", "list"),
            ("collection", "list"),
            ("set", "set"),
            ("biginteger", "bigdecimal"),
        ];
        kinds
            .into_iter()
            .find(|(kind, _)| class.starts_with(kind) || class.ends_with(kind))
            .and_then(|(_, name)| Self::named(name))
    }

    fn read(self, value: Value) -> Result<Value, DecodeError> {
        match self.reading {
            Reading::Text => Ok(text(value)),
            Reading::Number => self.number(value),
            Reading::Boolean => self.boolean(value),
            Reading::Json => self.json(value),
            Reading::Wrapped => self.json(value).map(unwrapped),
        }
    }

    fn number(self, value: Value) -> Result<Value, DecodeError> {
        match value {
            Value::Number(_) => Ok(value),
            Value::String(text) => match text.trim() {
                "" => Ok(Value::Null),
                special @ ("NaN" | "Infinity" | "-Infinity") => Ok(Value::from(special)),
                _ => match number::parse(&text) {
                    Some(number) => Ok(Value::Number(number)),
                    None => Err(self.error("no number")),
                },
            },
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                Err(self.error("no number"))
            }
        }
    }

    fn boolean(self, value: Value) -> Result<Value, DecodeError> {
        let word = match &value {
            Value::Bool(_) => return Ok(value),
            Value::String(text) => text.trim(),
            Value::Number(number) => number.as_str(),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                return Err(self.error("neither true nor false"));
            }
        };
        let is = |words: &[&str]| words.iter().any(|other| word.eq_ignore_ascii_case(other));
        if is(&["true", "on", "yes", "1"]) {
            Ok(Value::Bool(true))
        } else if is(&["false", "off", "no", "0"]) {
            Ok(Value::Bool(false))
        } else if word.is_empty() {
            Ok(Value::Null)
        } else {
            Err(self.error("neither true nor false"))
        }
    }

    fn json(self, value: Value) -> Result<Value, DecodeError> {
        match value {
            Value::String(text) if text.trim().is_empty() => Ok(Value::Null),
            Value::String(text) => serde_json::from_str(&text).map_err(|error| {
                // Only the place: the parser's own words may quote a piece of the text.
                let (line, column) = (error.line(), error.column());
                self.error(&format!("no JSON at line {line} column {column}"))
            }),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => Ok(value),
        }
    }

    fn error(self, reason: &str) -> DecodeError {
        DecodeError { wire_type: self.name, reason: reason.to_owned() }
    }
}

fn text(value: Value) -> Value {
    match value {
        Value::Bool(_) | Value::Number(_) => Value::String(value.to_string()),
        Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => value,
    }
}

/// The content of Java's `ObjectValue`: `{"object": …}`.
/// An object that lacks the wrapper is read as it is, where the bundle would read null.
fn unwrapped(value: Value) -> Value {
    match value {
        Value::Object(mut members) if members.len() == 1 => match members.remove("object") {
            Some(inner) => inner,
            None => Value::Object(members),
        },
        other => other,
    }
}

/// Whether an entry with an unknown type is typed at all.
/// A typed entry has a scalar value; a plain object of an old bundle may own the same two names.
fn is_typed(members: &Map<String, Value>, value: &Value) -> bool {
    members.len() == 2 && !value.is_array() && !value.is_object()
}

/// The value of a type that nobody told us about: JSON where it is JSON, the text otherwise.
fn guess(value: Value) -> Value {
    let parsed = value.as_str().and_then(|text| serde_json::from_str(text).ok());
    parsed.map_or(value, unwrapped)
}
