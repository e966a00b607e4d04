//! The parameters of a resource: what it wants, and what a task gives.

use common::{Failure, Object, converted};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use crate::{
    error::invalid,
    input::{self, object_or},
};

/// What a resource wants, by name.
#[derive(Debug, Default)]
pub(super) struct Parameters(Vec<(String, Parameter)>);

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameter {
    /// One of the definition's types; default: as it is given.
    r#type: Option<Type>,
    #[serde(default)]
    required: bool,
    default: Option<Value>,
    #[expect(dead_code, reason = "for whoever reads the connection")]
    description: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Type {
    String,
    Integer,
    Boolean,
    Date,
    Datetime,
    Array,
    Json,
}

impl Type {
    fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::Array => "array",
            Self::Json => "json",
        }
    }
}

/// The input `parameters`: an object, or ProcessMaker's list of `{type, key, value}`.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema)]
#[schemars(with = "Value")]
pub(crate) struct Given {
    pub(crate) values: Object,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Value>,
}

impl Parameters {
    /// All parameters, null for what is not given.
    ///
    /// # Errors
    /// `MISSING_INPUT` and `INVALID_INPUT`, naming the parameter.
    pub(super) fn values(&self, mut given: Object) -> Result<Object, Failure> {
        let mut values = Object::new();
        for (name, Parameter { r#type, required, default, .. }) in &self.0 {
            let value = given.shift_remove(name).filter(|it| !it.is_null());
            let value = value.filter(|it| !*required || it != "");
            let Some(value) = value.or_else(|| default.clone()) else {
                if *required {
                    let text = format!("`parameters`: `{name}` is missing");
                    return Err(Failure::business("MISSING_INPUT", text).with_note(name));
                }
                values.insert(name.clone(), Value::Null);
                continue;
            };
            let value = match r#type {
                None => value,
                Some(kind) => converted(kind.name(), value).map_err(|error| {
                    invalid(format_args!("`parameters`: `{name}`: {error}")).with_note(name)
                })?,
            };
            values.insert(name.clone(), value);
        }
        if let Some(name) = given.keys().next() {
            let known: Vec<_> = self.0.iter().map(|(name, _)| name.as_str()).collect();
            let known = known.join(", ");
            return Err(invalid(format_args!(
                "`parameters`: the resource has no `{name}`; there are {known}"
            )));
        }
        Ok(values)
    }
}

impl<'de> Deserialize<'de> for Parameters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Object::deserialize(deserializer)?;
        let parameter = |(name, value): (String, Value)| {
            let parameter = Parameter::deserialize(value)
                .map_err(|error| D::Error::custom(format_args!("parameter `{name}`: {error}")))?;
            Ok((name, parameter))
        };
        members.into_iter().map(parameter).collect::<Result<_, _>>().map(Self)
    }
}

/// One line of ProcessMaker's outbound configuration (`processmaker-and-peers.md` §4.3).
#[derive(Deserialize)]
struct Line {
    r#type: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    value: Value,
    format: Option<String>,
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let lines = match object_or(Value::deserialize(deserializer)?) {
            Value::Object(values) => return Ok(Self { values, ..Self::default() }),
            Value::Array(lines) => lines,
            Value::String(text) if text.trim_start().starts_with('[') => {
                serde_json::from_str(&text).map_err(|_error| D::Error::custom("no JSON list"))?
            }
            _ => return Err(D::Error::custom("an object of names and values is wanted")),
        };
        let mut given = Self::default();
        for line in lines {
            let Line { r#type, key, value, format } = Line::deserialize(line)
                .map_err(|_error| D::Error::custom("`{type, key, value}` is wanted in a list"))?;
            // The engine has evaluated what the author wrote; what arrives here is data.
            let is_template = value.as_str().is_some_and(|it| it.contains("{{"));
            if format.as_deref() == Some("feel") || (format.is_some() && is_template) {
                return Err(D::Error::custom(format_args!(
                    "`{key}`: templates and expressions belong into the resource"
                )));
            }
            match r#type.to_ascii_uppercase().as_str() {
                "PARAM" => {
                    given.values.insert(key, value);
                }
                "HEADER" => given.headers.push((key, input::text(value))),
                "BODY" if key.is_empty() => given.body = Some(value),
                "BODY" => {
                    let body = given.body.get_or_insert_with(|| Object::new().into());
                    if let Some(members) = body.as_object_mut() {
                        members.insert(key, value);
                    }
                }
                other => {
                    return Err(D::Error::custom(format_args!(
                        "`type`: `{other}` is none of PARAM, HEADER and BODY"
                    )));
                }
            }
        }
        Ok(given)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(given: Value) -> String {
        let wanted = json!({"id": {"type": "integer", "required": true},
            "name": {"required": true}, "open": {"type": "boolean", "default": true},
            "lines": {"type": "array"}, "more": {"type": "json"}});
        let wanted: Parameters = serde_json::from_value(wanted).unwrap();
        let Value::Object(given) = given else { panic!("an object") };
        let values = wanted.values(given);
        values.map_or_else(|it| it.to_string(), |it| Value::Object(it).to_string())
    }

    #[test]
    fn what_is_missing_or_wrong_is_told_by_name() {
        assert_eq!(values(json!({})), "MISSING_INPUT: `parameters`: `id` is missing");
        for nothing in [json!(null), json!("")] {
            let told = values(json!({"id": 1, "name": nothing}));
            assert_eq!(told, "MISSING_INPUT: `parameters`: `name` is missing");
        }
        let told = values(json!({"id": "x", "name": "a"}));
        assert!(told.starts_with("INVALID_INPUT: `parameters`: `id`: invalid type"), "{told}");
        let told = values(json!({"id": 1, "name": "a", "nmae": "b"}));
        let expected = "INVALID_INPUT: `parameters`: the resource has no `nmae`; \
                        there are id, name, open, lines, more";
        assert_eq!(told, expected);
    }

    #[test]
    fn values_have_the_types_of_the_resource() {
        let given = json!({"id": "7", "name": "a", "lines": "[1]", "more": "{\"a\": 1}"});
        let expected = r#"{"id":7,"name":"a","open":true,"lines":[1],"more":{"a":1}}"#;
        assert_eq!(values(given), expected);
        let given = json!({"id": 7, "name": "a", "open": "false"});
        let expected = r#"{"id":7,"name":"a","open":false,"lines":null,"more":null}"#;
        assert_eq!(values(given), expected);
    }

    #[test]
    fn processmakers_list_is_understood_and_no_template_in_it() {
        let list = json!([
            {"type": "PARAM", "key": "id", "value": 7, "format": "mustache"},
            {"type": "header", "key": "x-a", "value": "b"},
            {"type": "BODY", "key": "", "value": {"c": 1}},
            {"type": "BODY", "key": "d", "value": 2}]);
        let given: Given = serde_json::from_value(list).unwrap();
        assert_eq!(Value::Object(given.values), json!({"id": 7}));
        assert_eq!(given.headers, [("x-a".to_owned(), "b".to_owned())]);
        assert_eq!(given.body, Some(json!({"c": 1, "d": 2})));
        for (line, expected) in [
            (
                json!({"type": "PATH", "key": "a"}),
                "`type`: `PATH` is none of PARAM, HEADER and BODY",
            ),
            (
                json!({"type": "PARAM", "key": "a", "value": "{{ b }}", "format": "mustache"}),
                "`a`: templates and expressions belong into the resource",
            ),
            (
                json!({"type": "PARAM", "key": "a", "value": "b", "format": "feel"}),
                "`a`: templates and expressions belong into the resource",
            ),
        ] {
            let told = serde_json::from_value::<Given>(json!([line])).unwrap_err().to_string();
            assert_eq!(told, expected);
        }
    }
}
