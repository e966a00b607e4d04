//! The data of a template: JSON whose numbers stay as they are written, and what its values look like as text.

use std::{cmp::Ordering, fmt, sync::Arc};

use minijinja::{
    Value,
    value::{DynObject, Object, ObjectRepr, ValueKind},
};
use serde_json::Value as Json;

use crate::error::Limit;

/// Deeper data, which serde_json doesn't read either, would need too much stack.
pub(crate) const LEVELS_MAX: usize = 128;

/// The data as the engine sees it.
pub(crate) fn value(json: &Json) -> Result<Value, Limit> {
    value_below(json, LEVELS_MAX)
}

fn value_below(json: &Json, levels: usize) -> Result<Value, Limit> {
    let levels = levels.checked_sub(1).ok_or(Limit::Depth { max: LEVELS_MAX })?;
    Ok(match json {
        Json::Null => Value::from(()),
        Json::Bool(it) => Value::from(*it),
        Json::Number(it) => number(it.as_str()),
        Json::String(it) => Value::from(it.as_str()),
        Json::Array(list) => {
            let list = list.iter().map(|it| value_below(it, levels));
            Value::from(list.collect::<Result<Vec<_>, _>>()?)
        }
        Json::Object(members) => {
            let members =
                members.iter().map(|(name, it)| Ok((name.as_str(), value_below(it, levels)?)));
            Value::from_pairs(members.collect::<Result<Vec<_>, Limit>>()?)
        }
    })
}

/// A whole number is one of the engine's; any other keeps its text.
pub(crate) fn number(text: &str) -> Value {
    match text.parse::<i128>() {
        Ok(whole) if whole.to_string() == text => {
            i64::try_from(whole).map_or_else(|_| Value::from(whole), Value::from)
        }
        _ => Value::from_object(Decimal { text: text.into() }),
    }
}

/// A number as it was written: `1999.90`.
#[derive(Debug)]
pub(crate) struct Decimal {
    text: String,
}

impl Decimal {
    fn value(&self) -> f64 {
        self.text.parse().unwrap_or(f64::NAN)
    }
}

impl Object for Decimal {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.value() != 0.0
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        Some(self.value().total_cmp(&other.downcast_ref::<Self>()?.value()))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The value as one that can be calculated with, if it is a number that keeps its text.
pub(crate) fn numeric(value: &Value) -> Value {
    match value.downcast_object_ref::<Decimal>() {
        Some(decimal) => Value::from(decimal.value()),
        None => value.clone(),
    }
}

/// A number's digits; `None` for what is no number.
pub(crate) fn digits(value: &Value) -> Option<String> {
    match value.kind() {
        ValueKind::Number if value.is_integer() => Some(value.to_string()),
        ValueKind::Number => {
            f64::try_from(value.clone()).ok().filter(|it| it.is_finite()).map(calculated)
        }
        _ => value.downcast_object_ref::<Decimal>().map(|it| it.text.clone()),
    }
}

/// A calculated number without the noise in its last digits: `0.1 + 0.2` is `0.3`.
fn calculated(value: f64) -> String {
    let rounded: f64 = format!("{value:.14e}").parse().unwrap_or(value);
    if rounded == 0.0 || (1e-7..1e21).contains(&rounded.abs()) {
        format!("{}", rounded + 0.0)
    } else {
        format!("{rounded:e}")
    }
}

/// The value as text: nothing for null, `true` and `false`, numbers as they are written, lists and maps as JSON.
pub(crate) fn text(value: &Value) -> String {
    match value.kind() {
        ValueKind::String => value.as_str().unwrap_or_default().into(),
        ValueKind::Undefined | ValueKind::None => String::new(),
        ValueKind::Number => digits(value).unwrap_or_else(|| value.to_string()),
        ValueKind::Bool | ValueKind::Seq | ValueKind::Map | ValueKind::Iterable => json(value),
        _ => value.to_string(),
    }
}

/// The value as JSON text.
pub(crate) fn json(value: &Value) -> String {
    let mut json = String::new();
    write_json(&mut json, value, LEVELS_MAX);
    json
}

fn write_json(json: &mut String, value: &Value, levels: usize) {
    let Some(levels) = levels.checked_sub(1) else {
        *json += "null";
        return;
    };
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => *json += "null",
        ValueKind::Bool => *json += if value.is_true() { "true" } else { "false" },
        ValueKind::Number => *json += digits(value).as_deref().unwrap_or("null"),
        ValueKind::Seq | ValueKind::Iterable => {
            json.push('[');
            for (index, item) in value.try_iter().into_iter().flatten().enumerate() {
                *json += if index > 0 { "," } else { "" };
                write_json(json, &item, levels);
            }
            json.push(']');
        }
        ValueKind::Map => {
            json.push('{');
            for (index, name) in value.try_iter().into_iter().flatten().enumerate() {
                *json += if index > 0 { "," } else { "" };
                *json += &Json::from(text(&name)).to_string();
                json.push(':');
                write_json(json, &value.get_item(&name).unwrap_or_default(), levels);
            }
            json.push('}');
        }
        _ => match digits(value) {
            Some(it) => *json += &it,
            None => *json += &Json::from(value.to_string()).to_string(),
        },
    }
}

/// Bytes that a copy of the value as text takes, counted up to `max`.
pub(crate) fn weight(value: &Value, max: usize) -> usize {
    match value.kind() {
        ValueKind::String => value.as_str().map_or(0, str::len) + 16,
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => {
            let is_map = value.kind() == ValueKind::Map;
            let mut total = 16;
            for item in value.try_iter().into_iter().flatten() {
                if is_map {
                    let member = value.get_item(&item).unwrap_or_default();
                    total += weight(&member, max.saturating_sub(total));
                }
                total += weight(&item, max.saturating_sub(total));
                if total > max {
                    break;
                }
            }
            total
        }
        _ => 16,
    }
}
