//! A call as it came: arguments from the query, a form or JSON, and the token.
//!
//! <https://docs.slack.dev/apis/web-api> says what may stand where.

use axum::http::{HeaderMap, Method, Uri, header};
use bytes::Bytes;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::{answer::Refusal, multipart};

/// A call of a method of the Web API.
#[derive(Debug, Default)]
pub(crate) struct Call {
    pub(crate) args: Args,
    pub(crate) token: Option<String>,
    /// Codes of what was accepted and should be done otherwise.
    pub(crate) warnings: Vec<&'static str>,
}

/// What may be in the body of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accepts {
    Json,
    /// Reading methods: JSON is parsed, but gives no arguments.
    FormOnly,
}

impl Call {
    pub(crate) fn read(
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
        accepts: Accepts,
    ) -> Result<Self, Refusal> {
        let mut call = Self::default();
        call.args.form(uri.query().unwrap_or_default().as_bytes());
        // Apps made since 2021 have no tokens there (changelog, 2020-11).
        call.args.0.remove("token");
        if method == Method::POST {
            call.body(headers, body, accepts)?;
        }
        // In JSON a token is an argument like any other: `json` has already left it out.
        let argument = call.args.0.remove("token").and_then(|token| text_of(&token));
        let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let bearer = header.and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned);
        call.token = bearer.or(argument);
        Ok(call)
    }

    fn body(&mut self, headers: &HeaderMap, body: &Bytes, accepts: Accepts) -> Result<(), Refusal> {
        let header = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let Some(content_type) = header else {
            return if body.is_empty() { Ok(()) } else { Err("missing_post_type".into()) };
        };
        let lower = content_type.to_ascii_lowercase();
        let kind = lower.split(';').next().unwrap_or_default().trim();
        let charset = lower.split(';').find_map(|item| item.trim().strip_prefix("charset="));
        if !matches!(
            charset.map(|name| name.trim_matches('"')),
            None | Some("utf-8" | "iso-8859-1")
        ) {
            return Err("invalid_charset".into());
        }
        match kind {
            "application/json" => {
                if charset.is_none() {
                    self.warnings.push("missing_charset");
                }
                self.args.json(body, accepts)?;
            }
            "application/x-www-form-urlencoded" => self.args.form(body),
            "multipart/form-data" => {
                if charset.is_some() {
                    self.warnings.push("superfluous_charset");
                }
                let parts = multipart::parts(content_type, body).ok_or("invalid_form_data")?;
                for part in parts {
                    let text = String::from_utf8_lossy(&part.content).into_owned();
                    self.args.0.insert(part.name, Value::String(text));
                }
            }
            "text/plain" => {}
            _ => return Err("invalid_post_type".into()),
        }
        Ok(())
    }
}

/// Arguments by name; texts, or any JSON when the body was JSON.
#[derive(Clone, Debug, Default)]
pub(crate) struct Args(pub(crate) Map<String, Value>);

impl Args {
    fn form(&mut self, form: &[u8]) {
        for (name, value) in form_urlencoded::parse(form) {
            self.0.insert(name.into_owned(), Value::String(value.into_owned()));
        }
    }

    fn json(&mut self, body: &[u8], accepts: Accepts) -> Result<(), Refusal> {
        let body = serde_json::from_slice(body).map_err(|_| Refusal::from("invalid_json"))?;
        let Value::Object(mut fields) = body else {
            return Err("json_not_object".into());
        };
        fields.remove("token");
        if accepts == Accepts::Json {
            self.0.extend(fields);
        }
        Ok(())
    }

    /// A text, also from a number or a boolean; an empty one is none.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).and_then(text_of).filter(|text| !text.is_empty())
    }

    /// A text that has to be there.
    pub(crate) fn required(&self, name: &str) -> Result<String, Refusal> {
        let missing = || Refusal::arguments(&format!("missing required field: {name}"));
        self.text(name).ok_or_else(missing)
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| matches!(text.as_str(), "true" | "1"))
    }

    /// A number of at least 0.
    pub(crate) fn number(
        &self,
        name: &str,
        otherwise: &'static str,
    ) -> Result<Option<u64>, Refusal> {
        let number = self.text(name).map(|text| text.parse::<u64>());
        number.transpose().map_err(|_| otherwise.into())
    }

    /// A text with commas, or a JSON array.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        if let Some(Value::Array(items)) = self.0.get(name) {
            return items.iter().filter_map(text_of).collect();
        }
        let text = self.text(name).unwrap_or_default();
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.map(str::to_owned).collect()
    }

    /// JSON, also as a text that holds JSON; `null` and the empty text are none.
    pub(crate) fn json_value(
        &self,
        name: &str,
        otherwise: &'static str,
    ) -> Result<Option<Value>, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => {
                serde_json::from_str(text).map(Some).map_err(|_| otherwise.into())
            }
            Some(value) => Ok(Some(value.clone())),
        }
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
