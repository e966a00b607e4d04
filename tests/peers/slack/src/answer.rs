//! What a method gives: its part of the answer, or an error.

use serde_json::{Map, Value, json};

/// The answer without `ok` and `warning`, or the reason why there is none.
pub(crate) type Outcome = Result<Value, Refusal>;

/// `{"ok": false, "error": …}`, with HTTP status 200 as Slack does it.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: String,
    /// What stands beside `error`, such as `needed` and `provided`.
    pub(crate) more: Map<String, Value>,
}

impl Refusal {
    /// The error with fields beside it; `more` is an object.
    pub(crate) fn with(code: &str, more: Value) -> Self {
        let more = match more {
            Value::Object(more) => more,
            _ => Map::new(),
        };
        Self { code: code.to_owned(), more }
    }

    /// `invalid_arguments`, with the reason where Slack puts it.
    pub(crate) fn arguments(reason: &str) -> Self {
        let messages = json!({"messages": [format!("[ERROR] {reason}")]});
        Self::with("invalid_arguments", json!({"response_metadata": messages}))
    }
}

impl From<&str> for Refusal {
    fn from(code: &str) -> Self {
        Self { code: code.to_owned(), more: Map::new() }
    }
}

/// The whole answer; `warnings` appear twice, as Slack documents it.
pub(crate) fn body(outcome: Outcome, warnings: &[&str]) -> Value {
    let mut body = Map::new();
    body.insert("ok".to_owned(), Value::Bool(outcome.is_ok()));
    match outcome {
        Ok(Value::Object(fields)) => body.extend(fields),
        Ok(_) => {}
        Err(refusal) => {
            body.insert("error".to_owned(), Value::String(refusal.code));
            body.extend(refusal.more);
        }
    }
    if !warnings.is_empty() {
        let metadata = body.entry("response_metadata").or_insert_with(|| json!({}));
        let own = metadata["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let all: Vec<_> = own.chain(warnings.iter().copied()).map(str::to_owned).collect();
        metadata["warnings"] = json!(all);
        body.insert("warning".to_owned(), Value::String(all.join(",")));
    }
    Value::Object(body)
}
