//! Resources: calls that a connection describes by name, of which a task fills in the parameters (`processmaker-and-peers.md` §4.2, §4.3).
//!
//! Whoever operates the connector writes their templates; what a task says is a value and never a template.

mod fill;
mod parameters;

use std::sync::Arc;

use common::{Context, Failure, Object};
use http::Method;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;
use templates::{Engine, Limits, TemplateError};

pub(crate) use self::parameters::Given;
use self::{fill::Filled, parameters::Parameters};
use crate::{
    client::Rest,
    condition::ErrorOn,
    connections::RetryRules,
    error::{self, invalid},
    input::{self, Headers, Input, Milliseconds, PayloadType, ResponseType},
    mapping::Mapping,
};

/// One call, as the connection describes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Resource {
    #[expect(dead_code, reason = "for whoever reads the connection")]
    description: Option<String>,
    #[serde(default, deserialize_with = "method")]
    pub(crate) method: Method,
    /// A template, below the connection's address.
    #[serde(default)]
    path: String,
    #[serde(default)]
    parameters: Parameters,
    /// Query parameters, whose values are templates; null leaves one out.
    #[serde(default)]
    query: Object,
    #[serde(default)]
    headers: Object,
    /// JSON whose texts are templates, or a text that is one.
    body: Option<Value>,
    /// Instead of `body`: the name of a file below `TEMPLATES_DIR`.
    template: Option<String>,
    content_type: Option<String>,
    payload_type: Option<PayloadType>,
    ignore_null_values: Option<bool>,
    response_type: Option<ResponseType>,
    response_mapping: Option<Mapping>,
    error_on: Option<ErrorOn>,
    timeout: Option<Milliseconds>,
    retry: Option<RetryRules>,
    /// Parameters for a try by `check`.
    #[serde(default)]
    pub(crate) sample: Object,
}

fn method<'de, D: Deserializer<'de>>(method: D) -> Result<Method, D::Error> {
    let text = String::deserialize(method)?.trim().to_ascii_uppercase();
    match text.as_str() {
        "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" => {
            Method::try_from(text.as_str()).map_err(D::Error::custom)
        }
        _ => Err(D::Error::custom("`method` is none of the methods that a resource can have")),
    }
}

impl Resource {
    /// What is wrong with its templates, before anybody uses them.
    pub(crate) fn problem(&self, engine: &Engine) -> Option<String> {
        if self.body.is_some() && self.template.is_some() {
            return Some("`body` and `template` exclude each other".to_owned());
        }
        match fill::check(self, engine) {
            Err((place, error @ TemplateError::Syntax { .. })) => {
                Some(format!("`{place}`: {error}"))
            }
            Ok(()) | Err(_) => None,
        }
    }
}

/// Gives the task what its resource says and it does not say itself.
///
/// # Errors
/// `MISSING_INPUT` that names a parameter; `INVALID_INPUT`.
pub(crate) async fn apply(
    rest: &Context<Rest>,
    method: &Method,
    name: &str,
    input: &mut Input,
) -> Result<(), Failure> {
    let Some((connection_name, connection)) = rest.connections.of(input)? else {
        return Err(invalid("`resource` needs a `connection`"));
    };
    let Some(resource) = connection.resources.get(name).map(Arc::clone) else {
        let known = connection.resources.keys().cloned().collect::<Vec<_>>().join(", ");
        let text = format!(
            "`resource`: the connection `{connection_name}` has no resource `{name}`; there are {known}"
        );
        return Err(invalid(text));
    };
    if resource.method != method {
        let own = &resource.method;
        return Err(invalid(format_args!("`resource`: `{name}` is called by the action {own}")));
    }
    if input.rest_url.as_deref().is_some_and(|it| !it.trim().is_empty()) {
        return Err(invalid("`restUrl` and `resource` exclude each other"));
    }
    if let Some(retry) = &resource.retry {
        rest.retry(retry.for_runner());
        input.terms.retried = retry.statuses();
    }
    let mut given = input.parameters.take().unwrap_or_default();
    let headers = std::mem::take(&mut given.headers);
    input.request_payload = input.request_payload.take().or(given.body.take());
    let values = resource.parameters.values(given.values)?;
    let filled = {
        let (resource, engine) = (Arc::clone(&resource), Arc::clone(&rest.templates));
        let filling = tokio::task::spawn_blocking(move || fill::fill(&resource, &engine, values));
        filling.await.map_err(|_panic| error::unknown("a template panicked"))??
    };
    resource.give(filled, headers, input)
}

impl Resource {
    fn give(
        &self,
        filled: Filled,
        own_headers: Vec<(String, String)>,
        input: &mut Input,
    ) -> Result<(), Failure> {
        input.rest_url = Some(filled.path);
        // What comes from parameters asks for no settings.
        input.terms.is_filled = true;
        if !filled.query.is_empty() {
            let query = Value::Object(filled.query);
            let pairs = input::Parameters::deserialize(query).map_err(invalid)?;
            input.rest_url_params = Some(match (pairs, input.rest_url_params.take()) {
                (input::Parameters::Pairs(mut pairs), Some(input::Parameters::Pairs(own))) => {
                    pairs.retain(|(name, _)| !own.iter().any(|(it, _)| it == name));
                    pairs.extend(own);
                    input::Parameters::Pairs(pairs)
                }
                (pairs, None) => pairs,
                (_, Some(text)) => text,
            });
        }
        let mut own = input.request_headers.take().unwrap_or_default().0;
        own.extend(own_headers);
        let given = |name: &str| own.iter().any(|(it, _)| it.trim().eq_ignore_ascii_case(name));
        let mut headers = filled.headers;
        headers.retain(|(name, _)| !given(name));
        let has_type = given("content-type")
            || headers.iter().any(|(it, _)| it.eq_ignore_ascii_case("content-type"));
        headers.extend(own);
        input.request_headers = Some(Headers(headers));
        input.content_type = input.content_type.take().or_else(|| self.content_type.clone());
        if input.content_type.is_none() && !has_type {
            input.content_type = filled.content_type;
        }
        input.request_payload = input.request_payload.take().or(filled.payload);
        input.payload_type = input.payload_type.or(self.payload_type);
        input.ignore_null_values = input.ignore_null_values.or(self.ignore_null_values);
        input.response_type = input.response_type.or(self.response_type);
        input.timeout = input.timeout.or(self.timeout);
        input.response_mapping =
            input.response_mapping.take().or_else(|| self.response_mapping.clone());
        input.error_on = input.error_on.take().or_else(|| self.error_on.clone());
        Ok(())
    }
}

/// The payload that the file `name` below `TEMPLATES_DIR` makes of the input `metadata`.
///
/// # Errors
/// `INVALID_INPUT`: no such file, or what is wrong with it or with its data.
pub(crate) async fn from_file(
    rest: &Context<Rest>,
    name: String,
    input: &mut Input,
) -> Result<(), Failure> {
    if input.request_payload.is_some() {
        return Err(invalid("`template` and `requestPayload` exclude each other"));
    }
    let data = input.metadata.take().unwrap_or_else(|| Object::new().into());
    let data = input::object_or(data);
    let engine = Arc::clone(&rest.templates);
    let rendering = tokio::task::spawn_blocking(move || fill::file(&engine, &name, &data));
    let (payload, content_type) = rendering
        .await
        .map_err(|_panic| error::unknown("a template panicked"))?
        .map_err(|error| invalid(format_args!("`template`: {error}")))?;
    input.request_payload = Some(payload);
    let headers = input.request_headers.as_ref();
    let has_type = headers.is_some_and(|it| {
        it.0.iter().any(|(name, _)| name.trim().eq_ignore_ascii_case("content-type"))
    });
    if input.content_type.is_none() && !has_type {
        input.content_type = Some(content_type.to_owned());
    }
    Ok(())
}

/// What one rendering may take: a payload is no book.
pub(crate) fn limits() -> Limits {
    Limits { time: std::time::Duration::from_secs(2), ..Limits::default() }
}
