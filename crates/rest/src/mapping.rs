//! The input `responseMapping`: outputs of the author's own, each taken from the answer by an expression.

use common::{Failure, Object};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use crate::{
    error::{self, invalid},
    expression::{self, Expression, Scope, Trouble, TroubleKind, Void},
};

/// The most outputs that a mapping makes.
const OUTPUTS_MAX: usize = 100;
/// Names that are outputs already (`activiti-ootb-connectors.md` §9.2 and `names.md`).
const TAKEN: [&str; 8] = [
    "restResult",
    "restStatus",
    "restResponseHeaders",
    "responseHeaders",
    "restError",
    "warnings",
    "pages",
    "file",
];

/// Output names and their expressions, in the author's order.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(with = "Value")]
pub(crate) struct Mapping(Vec<(String, Expression)>);

impl Mapping {
    /// Refuses wrong expressions before anything is called.
    ///
    /// # Errors
    /// `INVALID_INPUT` that names the output.
    pub(crate) async fn check(&self) -> Result<(), Failure> {
        expression::check(&self.expressions()).await.map_err(|it| self.troubled(&it))
    }

    /// The outputs that the answer gives.
    ///
    /// # Errors
    /// `INVALID_INPUT` that names the output and its expression, but nothing of the answer.
    pub(crate) async fn outputs(&self, scope: &Scope<'_>) -> Result<Object, Failure> {
        let values = expression::evaluate(&self.expressions(), scope).await;
        let values = values.map_err(|it| self.troubled(&it))?;
        let mut outputs = Object::new();
        for ((name, expression), value) in self.0.iter().zip(values) {
            let value = value.map_err(|void| {
                invalid(format_args!(
                    "`responseMapping`: `{name}`: `{expression}` {}",
                    in_words(void)
                ))
            })?;
            outputs.insert(name.clone(), value);
        }
        Ok(outputs)
    }

    fn expressions(&self) -> Vec<&Expression> {
        self.0.iter().map(|(_, expression)| expression).collect()
    }

    fn troubled(&self, trouble: &Trouble) -> Failure {
        let place = self.0.get(trouble.index).map_or("", |(name, _)| name);
        troubled(
            &format!("`responseMapping`: `{place}`"),
            self.0.get(trouble.index).map(|(_, expression)| expression),
            trouble,
        )
    }
}

/// Why an expression has no value for an answer, after its name.
pub(crate) fn in_words(void: Void) -> &'static str {
    match void {
        Void::Unfit => "does not fit the answer",
        Void::TooManyResults => "gives more than 10000 values",
    }
}

/// The failure that an expression at `place` is when it cannot be evaluated at all.
pub(crate) fn troubled(place: &str, expression: Option<&Expression>, trouble: &Trouble) -> Failure {
    match &trouble.kind {
        TroubleKind::Refused(why) => {
            let expression = expression.map(|it| format!(" `{it}`")).unwrap_or_default();
            invalid(format_args!("{place}:{expression}: {why}"))
        }
        TroubleKind::Broken(why) => error::unknown(why),
    }
}

impl<'de> Deserialize<'de> for Mapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = match crate::input::object_or(Value::deserialize(deserializer)?) {
            Value::Object(members) => members,
            Value::Array(lines) => of_lines(lines).map_err(D::Error::custom)?,
            Value::String(text) if text.trim_start().starts_with('[') => {
                let lines = serde_json::from_str(&text);
                of_lines(lines.map_err(|_error| D::Error::custom("no JSON list"))?)
                    .map_err(D::Error::custom)?
            }
            _ => {
                return Err(D::Error::custom(
                    "an object of output names and expressions is wanted",
                ));
            }
        };
        if members.len() > OUTPUTS_MAX {
            return Err(D::Error::custom(format_args!("has more than {OUTPUTS_MAX} outputs")));
        }
        let mut outputs = Vec::new();
        for (name, value) in members {
            let wrong = |why: &str| D::Error::custom(format_args!("`{name}`: {why}"));
            if name.trim().is_empty() {
                return Err(D::Error::custom("an output has no name"));
            }
            if TAKEN.contains(&name.as_str()) {
                return Err(wrong("is an output already"));
            }
            let Value::String(text) = value else {
                return Err(wrong("a text with an expression is wanted"));
            };
            let expression = Expression::try_from(text).map_err(|it| wrong(&it))?;
            outputs.push((name, expression));
        }
        Ok(Self(outputs))
    }
}

/// One line of ProcessMaker's response mapping (`processmaker-and-peers.md` §4.3).
#[derive(Deserialize)]
struct Line {
    key: String,
    #[serde(default)]
    value: String,
    format: Option<String>,
}

fn of_lines(lines: Vec<Value>) -> Result<Object, String> {
    let mut members = Object::new();
    for line in lines {
        let Line { key, value, format } = Line::deserialize(line)
            .map_err(|_error| "a list of `{key, value, format}` is wanted".to_owned())?;
        match format.as_deref() {
            None | Some("" | "dotNotation") => {}
            Some(other) => return Err(format!("`{key}`: `format`: `{other}` is not dotNotation")),
        }
        members.insert(key, of_dots(value.trim()).into());
    }
    Ok(members)
}

/// `order.lines.0.id` as an expression: nothing is all of the answer, `$status` and `$headers.etag` are what they say.
fn of_dots(path: &str) -> String {
    let brackets = |path: &str| {
        let segment = |it: &str| match it.parse::<u32>() {
            Ok(index) => format!("[{index}]"),
            Err(_) => format!("[{}]", Value::from(it)),
        };
        path.split('.').map(segment).collect::<String>()
    };
    match path.split_once('.') {
        _ if path.is_empty() => "$".to_owned(),
        _ if path == "$status" => "jq: $status".to_owned(),
        Some(("$headers", name)) => {
            format!("jq: $headers[{}]", Value::from(name.to_ascii_lowercase()))
        }
        _ if path.starts_with('$') || path.starts_with("jq:") => path.to_owned(),
        _ => format!("${}", brackets(path)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(mapping: Value, expected: &str) {
        let told = serde_json::from_value::<Mapping>(mapping).unwrap_err().to_string();
        assert!(told.starts_with(expected), "{told}");
    }

    #[test]
    fn what_is_no_mapping_is_refused() {
        refused(json!([1]), "a list of `{key, value, format}` is wanted");
        refused(json!([{"value": "a"}]), "a list of `{key, value, format}` is wanted");
        refused(
            json!([{"key": "a", "value": "{{ b }}", "format": "mustache"}]),
            "`a`: `format`: `mustache` is not dotNotation",
        );
        refused(json!("total"), "an object of output names and expressions is wanted");
        refused(json!({"": "$"}), "an output has no name");
        refused(json!({"total": 7}), "`total`: a text with an expression is wanted");
        refused(json!({"total": "total"}), "`total`: `total` is neither a JSONPath");
        refused(json!({"restStatus": "$.a"}), "`restStatus`: is an output already");
        let many: Object = (0..101).map(|it| (it.to_string(), json!("$"))).collect();
        refused(many.into(), "has more than 100 outputs");
    }

    #[test]
    fn processmakers_dots_are_paths() {
        for (path, expected) in [
            ("", "$"),
            ("order", r#"$["order"]"#),
            ("order.lines.0.a-b", r#"$["order"]["lines"][0]["a-b"]"#),
            ("$status", "jq: $status"),
            ("$headers.ETag", r#"jq: $headers["etag"]"#),
            ("$.a", "$.a"),
        ] {
            assert_eq!(of_dots(path), expected);
        }
        let lines = json!([{"key": "id", "value": "order.id", "format": "dotNotation"},
            {"key": "all", "value": ""}]);
        let mapping: Mapping = serde_json::from_value(lines).unwrap();
        let names: Vec<_> = mapping.0.iter().map(|(name, it)| format!("{name}: {it}")).collect();
        assert_eq!(names, [r#"id: $["order"]["id"]"#, "all: $"]);
    }

    #[tokio::test]
    async fn outputs_have_the_values_of_their_expressions() {
        let mapping: Mapping =
            serde_json::from_value(json!(r#"{"b": "$.x", "a": "$.y[0].z"}"#)).unwrap();
        let (body, headers) = (json!({"x": 1.10, "y": []}), Object::new());
        let scope = Scope { body: &body, status: 200, headers: &headers };
        let outputs = mapping.outputs(&scope).await.unwrap();
        assert_eq!(Value::from(outputs).to_string(), r#"{"b":1.1,"a":null}"#);
    }
}
