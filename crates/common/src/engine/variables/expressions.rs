//! `${…}` in outputs: the bundle refuses the whole answer, and what slips through is run as an
//! expression by the next task (activiti-cloud.md §3.3, §3.4).

use serde::de::IgnoredAny;
use serde_json::Value;

/// What neutralising writes for `${`.
const NEUTRAL: &str = r"$\{";

/// The same inside JSON text, where a backslash has to be escaped.
const NEUTRAL_IN_JSON: &str = r"$\\{";

/// Whether any text in the value holds an expression.
/// Names of members are looked at by nobody: the bundle neither checks nor runs them.
pub(crate) fn has_expression(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => end_of_expressions(text).is_some(),
        Value::Array(items) => items.iter().any(has_expression),
        Value::Object(members) => members.values().any(has_expression),
    }
}

/// Writes `$\{…}` for `${…}` in every text of the value, and tells whether there was any.
///
/// A text that is itself a JSON document stays one: read as JSON, it gives the neutralised values.
pub(crate) fn neutralise(mut value: Value) -> (Value, bool) {
    let changed = neutralise_in_place(&mut value);
    (value, changed)
}

/// Neutralises a text that is known to be JSON.
pub(super) fn neutralise_json(text: String) -> String {
    match end_of_expressions(&text) {
        Some(end) => replace(&text, end, NEUTRAL_IN_JSON),
        None => text,
    }
}

fn neutralise_in_place(value: &mut Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => {
            let Some(end) = end_of_expressions(text) else { return false };
            let neutral = if is_json_document(text) { NEUTRAL_IN_JSON } else { NEUTRAL };
            *text = replace(text, end, neutral);
            true
        }
        Value::Array(items) => all_in_place(items.iter_mut()),
        Value::Object(members) => all_in_place(members.values_mut()),
    }
}

fn all_in_place<'a>(values: impl Iterator<Item = &'a mut Value>) -> bool {
    let mut changed = false;
    for value in values {
        changed |= neutralise_in_place(value);
    }
    changed
}

/// The place of the last `}` if a `${` stands before it, which is when `\$\{[^}]*\}` matches.
fn end_of_expressions(text: &str) -> Option<usize> {
    if !text.contains("${") {
        return None;
    }
    let end = text.rfind('}')?;
    text[..end].contains("${").then_some(end)
}

/// Replaces all `${` before `end`.
/// Each of them is followed by a `}`, so after the first match of the pattern is gone the next matches.
fn replace(text: &str, end: usize, neutral: &str) -> String {
    let (before, rest) = text.split_at(end);
    before.replace("${", neutral) + rest
}

fn is_json_document(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}
