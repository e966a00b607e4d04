//! The inputs of all methods: parsed at the border, in every form that engines and authors write them.

use std::{borrow::Cow, time::Duration};

use outbound::Outbound;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use crate::{
    auth::Auth, condition::ErrorOn, mapping::Mapping, paging::Paging, polling::PollUntil,
    resource::Given, terms::Terms,
};

/// The inputs of every method but TRACE.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    /// None where a resource says what is called.
    #[schemars(with = "String")]
    pub(crate) rest_url: Option<String>,
    pub(crate) rest_url_params: Option<Parameters>,
    pub(crate) rest_url_encoded: Option<bool>,
    pub(crate) request_headers: Option<Headers>,
    pub(crate) request_payload: Option<Value>,
    pub(crate) circuit_breaker: Option<Switch>,
    pub(crate) timeout: Option<Milliseconds>,
    pub(crate) auth: Option<Auth>,
    pub(crate) connection: Option<String>,
    pub(crate) resource: Option<String>,
    pub(crate) parameters: Option<Given>,
    /// A file below `TEMPLATES_DIR`, never a template itself: what a task says may be data.
    pub(crate) template: Option<String>,
    pub(crate) metadata: Option<Value>,
    /// The client with the connection's TLS identity: never an input.
    #[serde(skip)]
    pub(crate) outbound: Option<Outbound>,
    /// What else the connection says: never an input.
    #[serde(skip)]
    pub(crate) terms: Terms,
    pub(crate) content_type: Option<String>,
    pub(crate) payload_type: Option<PayloadType>,
    pub(crate) ignore_null_values: Option<bool>,
    pub(crate) idempotency_key: Option<IdempotencyKey>,
    pub(crate) follow_redirects: Option<bool>,
    pub(crate) max_redirects: Option<u16>,
    pub(crate) connect_timeout: Option<Milliseconds>,
    pub(crate) response_type: Option<ResponseType>,
    /// The name of the file that the answer becomes.
    pub(crate) file_name: Option<String>,
    pub(crate) error_on: Option<ErrorOn>,
    pub(crate) response_mapping: Option<Mapping>,
    pub(crate) paging: Option<Paging>,
    pub(crate) poll_until: Option<PollUntil>,
}

impl Input {
    /// A call of `url`, with nothing else said.
    pub(crate) fn to(url: &str) -> Self {
        Self {
            rest_url: Some(url.to_owned()),
            rest_url_params: None,
            rest_url_encoded: None,
            request_headers: None,
            request_payload: None,
            circuit_breaker: None,
            timeout: None,
            auth: None,
            connection: None,
            resource: None,
            parameters: None,
            template: None,
            metadata: None,
            outbound: None,
            terms: Terms::default(),
            content_type: None,
            payload_type: None,
            ignore_null_values: None,
            idempotency_key: None,
            follow_redirects: None,
            max_redirects: None,
            connect_timeout: None,
            response_type: None,
            file_name: None,
            error_on: None,
            response_mapping: None,
            paging: None,
            poll_until: None,
        }
    }
}

/// The inputs of HEAD and OPTIONS: those of the other methods but `paging` and `fileName`, for their answers have neither lists nor files.
#[derive(Deserialize)]
#[serde(from = "Input")]
pub(crate) struct BodilessInput(pub(crate) Box<Input>);

impl From<Input> for BodilessInput {
    fn from(input: Input) -> Self {
        let response_type = input.response_type.filter(|it| *it != ResponseType::File);
        Self(Box::new(Input { paging: None, response_type, file_name: None, ..input }))
    }
}

impl JsonSchema for BodilessInput {
    fn schema_name() -> Cow<'static, str> {
        "BodilessInput".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Input::json_schema(generator);
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.shift_remove("paging");
            properties.shift_remove("fileName");
        }
        schema
    }
}

/// The inputs of TRACE, which must not have a body (RFC 9110 §9.3.8).
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TraceInput {
    rest_url: String,
    rest_url_params: Option<Parameters>,
    request_headers: Option<Headers>,
    circuit_breaker: Option<Switch>,
    timeout: Option<Milliseconds>,
    auth: Option<Auth>,
    connection: Option<String>,
    follow_redirects: Option<bool>,
    max_redirects: Option<u16>,
    connect_timeout: Option<Milliseconds>,
    response_type: Option<ResponseType>,
    error_on: Option<ErrorOn>,
}

impl From<TraceInput> for Input {
    fn from(input: TraceInput) -> Self {
        Self {
            rest_url_params: input.rest_url_params,
            request_headers: input.request_headers,
            circuit_breaker: input.circuit_breaker,
            timeout: input.timeout,
            auth: input.auth,
            connection: input.connection,
            follow_redirects: input.follow_redirects,
            max_redirects: input.max_redirects,
            connect_timeout: input.connect_timeout,
            // The answer is the request, as text.
            response_type: input.response_type.filter(|it| *it != ResponseType::File),
            file_name: None,
            error_on: input.error_on,
            ..Self::to(&input.rest_url)
        }
    }
}

/// How the payload becomes bytes; without it, the content type decides.
///
/// The aliases are the names of Hyland's payload editors (`activiti-ootb-connectors.md` §9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PayloadType {
    #[serde(alias = "raw")]
    Json,
    Form,
    #[serde(alias = "form-data")]
    Multipart,
    Text,
    #[serde(alias = "binary")]
    File,
}

/// How the answer's body becomes `restResult`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ResponseType {
    #[default]
    Auto,
    Json,
    Text,
    File,
    None,
}

/// A switch that older models set to any value at all (`activiti-ootb-connectors.md` §13): only `false` is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
pub(crate) struct Switch(pub(crate) bool);

impl<'de> Deserialize<'de> for Switch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Value::deserialize(deserializer)? {
            Value::Bool(value) => value,
            Value::String(text) => !text.trim().eq_ignore_ascii_case("false"),
            _ => true,
        }))
    }
}

/// A time limit in whole milliseconds, at least 1 and at most a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "u64")]
pub(crate) struct Milliseconds(u64);

impl Milliseconds {
    pub(crate) fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl TryFrom<u64> for Milliseconds {
    type Error = &'static str;

    fn try_from(milliseconds: u64) -> Result<Self, Self::Error> {
        const DAY: u64 = 24 * 60 * 60 * 1000;
        match milliseconds {
            1..=DAY => Ok(Self(milliseconds)),
            _ => Err("milliseconds between 1 and a day are wanted"),
        }
    }
}

/// The `Idempotency-Key` that the author wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(from = "String")]
pub(crate) enum IdempotencyKey {
    /// The request's own id, on methods that are not idempotent by themselves.
    #[default]
    Usual,
    Off,
    /// The request's own id, and the author's word that the peer honors it.
    RequestId,
    Given(String),
}

impl From<String> for IdempotencyKey {
    fn from(text: String) -> Self {
        match text.trim() {
            "" => Self::Usual,
            "false" => Self::Off,
            "true" => Self::RequestId,
            key => Self::Given(key.to_owned()),
        }
    }
}

/// Query parameters: pairs, or a query string as it stands.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "Value")]
pub(crate) enum Parameters {
    Pairs(Vec<(String, String)>),
    Text(String),
}

impl<'de> Deserialize<'de> for Parameters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match object_or(Value::deserialize(deserializer)?) {
            Value::String(text) => Ok(Self::Text(text)),
            Value::Object(members) => {
                let mut pairs = Vec::new();
                for (name, value) in members {
                    pairs.extend(values(value).into_iter().map(|value| (name.clone(), value)));
                }
                Ok(Self::Pairs(pairs))
            }
            _ => Err(D::Error::custom("an object or a query string is wanted")),
        }
    }
}

/// Request headers; a list repeats the header, null leaves it out.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(with = "Value")]
pub(crate) struct Headers(pub(crate) Vec<(String, String)>);

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = match object_or(Value::deserialize(deserializer)?) {
            Value::Object(members) => members,
            Value::String(text) if text.trim().is_empty() => return Ok(Self::default()),
            _ => return Err(D::Error::custom("an object of header names and values is wanted")),
        };
        let mut headers = Vec::new();
        for (name, value) in members {
            let nested = |it: &Value| it.is_object() || it.is_array();
            let list = value.as_array().map_or(std::slice::from_ref(&value), Vec::as_slice);
            if list.iter().any(nested) {
                return Err(D::Error::custom(format_args!(
                    "`{name}` is neither a text nor a list"
                )));
            }
            headers.extend(values(value).into_iter().map(|value| (name.clone(), value)));
        }
        Ok(Self(headers))
    }
}

/// The JSON object that a text holds, or else the value itself.
pub(crate) fn object_or(value: Value) -> Value {
    match value {
        Value::String(text) if text.trim_start().starts_with('{') => {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
        value => value,
    }
}

/// The texts of a value or of a list of values, without the nulls.
pub(crate) fn values(value: Value) -> Vec<String> {
    let list = match value {
        Value::Array(list) => list,
        single => vec![single],
    };
    list.into_iter().filter(|it| !it.is_null()).map(text).collect()
}

/// A text as it is, anything else as JSON.
pub(crate) fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use serde::de::DeserializeOwned;
    use serde_json::json;

    use super::*;

    fn read<T: DeserializeOwned>(value: Value) -> Result<T, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    fn refused<T: DeserializeOwned + Debug>(value: &Value, expected: &str) {
        assert_eq!(read::<T>(value.clone()).unwrap_err(), expected, "{value}");
    }

    #[test]
    fn time_limits_of_nothing_and_of_forever_are_refused() {
        let expected = "milliseconds between 1 and a day are wanted";
        refused::<Milliseconds>(&json!(0), expected);
        refused::<Milliseconds>(&json!(86_400_001), expected);
        refused::<Milliseconds>(&json!(u64::MAX), expected);
        assert_eq!(read::<Milliseconds>(json!(1500)).unwrap().duration().as_millis(), 1500);
    }

    #[test]
    fn only_false_switches_the_circuit_breaker_off() {
        for off in [json!(false), json!("false"), json!(" FALSE ")] {
            assert_eq!(read(off.clone()), Ok(Switch(false)), "{off}");
        }
        for on in [json!(true), json!("true"), json!(1), json!(0), json!("any"), json!({})] {
            assert_eq!(read(on.clone()), Ok(Switch(true)), "{on}");
        }
    }

    #[test]
    fn query_parameters_are_an_object_or_a_query_string() {
        refused::<Parameters>(&json!(["a"]), "an object or a query string is wanted");
        refused::<Parameters>(&json!(7), "an object or a query string is wanted");
        let pairs = |pairs: &[(&str, &str)]| {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            Ok(Parameters::Pairs(pairs.iter().map(owned).collect()))
        };
        let object = json!({"a": [1, null, "x"], "b": null, "c": true, "d": 1.50, "e": {"f": 1}});
        let expected = [("a", "1"), ("a", "x"), ("c", "true"), ("d", "1.5"), ("e", r#"{"f":1}"#)];
        assert_eq!(read(object), pairs(&expected));
        assert_eq!(read(json!(r#"{"a": "b"}"#)), pairs(&[("a", "b")]));
        assert_eq!(read(json!("a=b&c")), Ok(Parameters::Text("a=b&c".into())));
    }

    #[test]
    fn headers_are_texts_numbers_and_lists_of_them() {
        refused::<Headers>(&json!("X: y"), "an object of header names and values is wanted");
        refused::<Headers>(&json!({"X": {}}), "`X` is neither a text nor a list");
        refused::<Headers>(&json!({"X": [[1]]}), "`X` is neither a text nor a list");
        let Headers(headers) =
            read(json!(r#"{"A": 1, "B": [true, null, "x"], "C": null}"#)).unwrap();
        let headers: Vec<_> = headers.iter().map(|(name, it)| format!("{name}: {it}")).collect();
        assert_eq!(headers, ["A: 1", "B: true", "B: x"]);
        assert_eq!(read(json!("")), Ok(Headers::default()));
    }

    #[test]
    fn an_idempotency_key_can_be_given_switched_off_and_vouched_for() {
        for (text, expected) in [
            ("", IdempotencyKey::Usual),
            ("false", IdempotencyKey::Off),
            ("true", IdempotencyKey::RequestId),
            ("order-1", IdempotencyKey::Given("order-1".to_owned())),
        ] {
            assert_eq!(read(json!(text)), Ok(expected));
        }
    }
}
