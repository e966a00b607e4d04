//! What a task says about answers: the conditions and rules of the inputs `errorOn` and `pollUntil`.

use common::Failure;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use crate::{
    expression::{self, Expression, Scope},
    input::object_or,
    mapping::troubled,
    statuses::Statuses,
};

/// The most rules of one input.
const RULES_MAX: usize = 50;
/// The longest code that engines keep.
const CODE_CHARS_MAX: usize = 255;

/// What must be so about an answer: everything that is given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Condition {
    status: Option<Statuses>,
    /// `path`, and the values of which it must have one; without them it must be there.
    path: Option<(Expression, Option<Vec<Value>>)>,
    /// Must give neither false nor null.
    jq: Option<Expression>,
}

/// A condition, and the code of the error that an answer is when it holds.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    condition: Condition,
    code: Option<Code>,
}

/// Where the code of an error comes from.
#[derive(Clone, Debug)]
enum Code {
    Fixed(String),
    /// A field of the answer, made a code.
    Of(Expression),
}

/// That an answer is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// None: that of its status.
    pub(crate) code: Option<String>,
}

/// The input `errorOn`: statuses, and rules that look into the answer.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(with = "Value")]
pub(crate) struct ErrorOn {
    statuses: Statuses,
    rules: Vec<Rule>,
}

/// A condition as it is written; rules add `code`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    status: Option<Statuses>,
    path: Option<Expression>,
    #[serde(default, deserialize_with = "some")]
    equals: Option<Value>,
    r#in: Option<Vec<Value>>,
    jq: Option<String>,
    code: Option<String>,
}

/// `null` is a value to compare with, not an absent one.
fn some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl ErrorOn {
    /// Whether an answer with this status is an error whatever else it says.
    pub(crate) fn is_certain(&self, status: u16) -> bool {
        self.statuses.contains(status)
    }

    /// Whether the body may decide.
    pub(crate) fn looks_into(&self, status: u16) -> bool {
        self.rules.iter().any(|it| it.condition.may_hold(status))
    }

    /// The first rule that holds, else what the status says.
    pub(crate) async fn verdict(&self, scope: &Scope<'_>) -> Result<Option<Verdict>, Failure> {
        let verdict = first(&self.rules, "errorOn", scope).await?;
        Ok(verdict.or_else(|| self.is_certain(scope.status).then_some(Verdict { code: None })))
    }

    pub(crate) async fn check(&self) -> Result<(), Failure> {
        check(&self.rules, "errorOn").await
    }
}

/// Refuses wrong expressions before anything is called.
pub(crate) async fn check(rules: &[Rule], input: &str) -> Result<(), Failure> {
    let expressions: Vec<_> = rules.iter().flat_map(Rule::expressions).collect();
    let checked = expression::check(&expressions).await;
    checked.map_err(|it| troubled(&format!("`{input}`"), expressions.get(it.index).copied(), &it))
}

/// What the first of the rules that holds says. An expression that does not fit the answer does not hold.
pub(crate) async fn first(
    rules: &[Rule],
    input: &str,
    scope: &Scope<'_>,
) -> Result<Option<Verdict>, Failure> {
    let candidates = || rules.iter().filter(|it| it.condition.may_hold(scope.status));
    let expressions: Vec<_> = candidates().flat_map(Rule::expressions).collect();
    let values = expression::evaluate(&expressions, scope)
        .await
        .map_err(|it| troubled(&format!("`{input}`"), expressions.get(it.index).copied(), &it))?;
    let mut values = values.into_iter().map(Result::ok);
    for rule in candidates() {
        let values: Vec<_> = values.by_ref().take(rule.expressions().count()).collect();
        let (for_condition, for_code) = values.split_at(rule.condition.expressions().count());
        if rule.condition.holds(for_condition) {
            let code = match &rule.code {
                None => None,
                Some(Code::Fixed(code)) => Some(code.clone()),
                Some(Code::Of(_)) => for_code.first().cloned().flatten().and_then(|it| code(&it)),
            };
            return Ok(Some(Verdict { code }));
        }
    }
    Ok(None)
}

impl Rule {
    fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let of_code = match &self.code {
            Some(Code::Of(expression)) => Some(expression),
            Some(Code::Fixed(_)) | None => None,
        };
        self.condition.expressions().chain(of_code)
    }
}

impl Condition {
    fn may_hold(&self, status: u16) -> bool {
        self.status.as_ref().is_none_or(|it| it.contains(status))
    }

    fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.path.iter().map(|(path, _)| path).chain(&self.jq)
    }

    /// Whether it holds for an answer whose status is right, with the values of its expressions.
    fn holds(&self, values: &[Option<Value>]) -> bool {
        let mut values = values.iter().map(Option::as_ref);
        let is_true =
            |it: Option<&Value>| !matches!(it, None | Some(Value::Null | Value::Bool(false)));
        let path = self.path.as_ref().is_none_or(|(_, wanted)| {
            let value = values.next().flatten();
            match wanted {
                None => is_true(value),
                Some(wanted) => value.is_some_and(|it| wanted.iter().any(|one| is_same(one, it))),
            }
        });
        path && (self.jq.is_none() || is_true(values.next().flatten()))
    }
}

/// Engines hand numbers and truth values over as texts, so that `"1"` means 1 too; `1.0` is 1.
fn is_same(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64().is_some_and(|it| Some(it) == other.as_f64())
        }
        (Value::String(text), Value::Number(_) | Value::Bool(_)) => {
            let read = serde_json::from_str::<Value>(text.trim());
            read.is_ok_and(|it| !it.is_string() && is_same(&it, found))
        }
        _ => wanted == found,
    }
}

/// A code made of a field's value: `out-of-stock` is `OUT_OF_STOCK`.
fn code(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let code: String = text
        .chars()
        .map(|it| if it.is_ascii_alphanumeric() { it.to_ascii_uppercase() } else { '_' })
        .collect();
    is_code(&code).then_some(code)
}

fn is_code(text: &str) -> bool {
    text.len() <= CODE_CHARS_MAX
        && text.starts_with(|it: char| it.is_ascii_uppercase())
        && text.chars().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit() || it == '_')
}

impl Written {
    fn condition(&mut self) -> Result<Condition, String> {
        let values = match (self.equals.take(), self.r#in.take()) {
            (Some(_), Some(_)) => return Err("`equals` and `in` exclude each other".to_owned()),
            (Some(value), None) => Some(vec![value]),
            (None, values) => values,
        };
        if values.is_some() && self.path.is_none() {
            return Err("`equals` and `in` need `path`".to_owned());
        }
        let jq = self.jq.take().map(|it| Expression::try_from(format!("jq:{it}"))).transpose()?;
        let path = self.path.take().map(|it| (it, values));
        let condition = Condition { status: self.status.take(), path, jq };
        if condition.status.is_none() && condition.path.is_none() && condition.jq.is_none() {
            return Err("one of `status`, `path` and `jq` is needed".to_owned());
        }
        Ok(condition)
    }
}

/// A condition without a code.
impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut written = Written::deserialize(deserializer)?;
        if written.code.is_some() {
            return Err(D::Error::custom("`code` belongs to errors"));
        }
        written.condition().map_err(D::Error::custom)
    }
}

impl From<Condition> for Rule {
    fn from(condition: Condition) -> Self {
        Self { condition, code: None }
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut written = Written::deserialize(deserializer)?;
        let condition = written.condition().map_err(D::Error::custom)?;
        let code = match written.code {
            None => None,
            Some(code) if is_code(&code) => Some(Code::Fixed(code)),
            Some(text) if text.starts_with('$') || text.starts_with("jq:") => {
                Some(Code::Of(Expression::try_from(text).map_err(D::Error::custom)?))
            }
            Some(text) => {
                return Err(D::Error::custom(format_args!(
                    "`code`: `{text}` is neither capital letters, digits and `_` nor an expression"
                )));
            }
        };
        Ok(Self { condition, code })
    }
}

impl<'de> Deserialize<'de> for ErrorOn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = match object_or(Value::deserialize(deserializer)?) {
            Value::String(text) if text.trim_start().starts_with('[') => {
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            }
            value => value,
        };
        let list = match value {
            Value::Array(list) => list,
            single => vec![single],
        };
        let is_empty = list.is_empty();
        let (rules, statuses): (Vec<_>, Vec<_>) = list.into_iter().partition(Value::is_object);
        if rules.len() > RULES_MAX {
            return Err(D::Error::custom(format_args!("has more than {RULES_MAX} rules")));
        }
        let rules = rules.into_iter().map(serde_json::from_value).collect::<Result<_, _>>();
        // Rules alone add to what is an error anyway.
        let statuses = if statuses.is_empty() && !is_empty {
            Ok(Statuses::default())
        } else {
            serde_json::from_value(Value::Array(statuses))
        };
        Ok(Self {
            statuses: statuses.map_err(D::Error::custom)?,
            rules: rules.map_err(D::Error::custom)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_becomes_a_code_or_none() {
        let check = |value: Value, expected: Option<&str>| {
            assert_eq!(code(&value).as_deref(), expected, "{value}");
        };
        for value in [json!(null), json!(true), json!([]), json!({}), json!(""), json!("???")] {
            check(value, None);
        }
        check(json!(404), None);
        check(json!("_hidden"), None);
        check(json!("é"), None);
        check(json!("a".repeat(256)), None);
        check(json!(" out-of.stock 2 "), Some("OUT_OF_STOCK_2"));
        check(json!("SOLD_OUT"), Some("SOLD_OUT"));
    }

    #[test]
    fn texts_of_engines_are_compared_with_numbers_and_truth_values() {
        let check = |wanted: Value, found: Value, expected: bool| {
            assert_eq!(is_same(&wanted, &found), expected, "{wanted} {found}");
        };
        check(json!("x"), json!(1), false);
        check(json!("1"), json!("1.0"), false);
        check(json!(1), json!("1"), false);
        check(json!("null"), json!(null), false);
        check(json!("[1]"), json!([1]), false);
        check(json!(1), json!(1.0), true);
        check(json!(" 1 "), json!(1), true);
        check(json!("false"), json!(false), true);
        check(json!({"a": [1]}), json!({"a": [1]}), true);
        check(json!(null), json!(null), true);
    }

    #[test]
    fn rules_alone_add_to_the_usual_statuses() {
        let check = |error_on: Value, certain: [u16; 2], looked_into: [u16; 2]| {
            let errors: ErrorOn = serde_json::from_value(error_on.clone()).unwrap();
            for status in [200, 404, 503] {
                let has = |list: [u16; 2]| list.contains(&status);
                assert_eq!(errors.is_certain(status), has(certain), "{error_on} {status}");
                assert_eq!(errors.looks_into(status), has(looked_into), "{error_on} {status}");
            }
        };
        let rule = json!({"status": 404, "path": "$.a"});
        check(json!([]), [0, 0], [0, 0]);
        check(json!("404"), [404, 0], [0, 0]);
        check(json!(rule.to_string()), [404, 503], [404, 0]);
        check(json!([rule]), [404, 503], [404, 0]);
        check(json!([rule, 503]), [503, 0], [404, 0]);
    }
}
