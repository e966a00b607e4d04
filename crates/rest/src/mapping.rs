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
        let Value::Object(members) = crate::input::object_or(Value::deserialize(deserializer)?)
        else {
            return Err(D::Error::custom("an object of output names and expressions is wanted"));
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
        refused(json!([]), "an object of output names and expressions is wanted");
        refused(json!("total"), "an object of output names and expressions is wanted");
        refused(json!({"": "$"}), "an output has no name");
        refused(json!({"total": 7}), "`total`: a text with an expression is wanted");
        refused(json!({"total": "total"}), "`total`: `total` is neither a JSONPath");
        refused(json!({"restStatus": "$.a"}), "`restStatus`: is an output already");
        let many: Object = (0..101).map(|it| (it.to_string(), json!("$"))).collect();
        refused(many.into(), "has more than 100 outputs");
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
