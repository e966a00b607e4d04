//! `GET`, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE`, `OPTIONS` and `TRACE`: one call each.

use common::{Context, Failure, Object, Outputs};
use files::File;
use http::Method;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::{
    client::Rest,
    error,
    flow::{self, Done},
    input::{BodilessInput, Input, TraceInput},
};

/// What a method with a body in its answer gives (`activiti-ootb-connectors.md` §9.2).
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    rest_result: Value,
    rest_status: u16,
    /// The name until January 2024.
    rest_response_headers: Object,
    response_headers: Object,
    /// How many pages `restResult` is made of, with `paging` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pages: Option<u32>,
    /// The answer, with `responseType: file` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<File>,
    /// The names of `responseMapping`.
    #[serde(flatten)]
    mapped: Object,
}

/// What HEAD and OPTIONS give.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HeadersOutput {
    rest_status: u16,
    rest_response_headers: Object,
    response_headers: Object,
    /// The names of `responseMapping`.
    #[serde(flatten)]
    mapped: Object,
}

/// What TRACE gives.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TraceOutput {
    rest_result: Value,
    rest_status: u16,
}

pub(crate) async fn get(rest: Context<Rest>, input: Box<Input>) -> Result<Output, Failure> {
    call(rest, Method::GET, input).await
}

pub(crate) async fn head(
    rest: Context<Rest>,
    BodilessInput(input): BodilessInput,
) -> Result<HeadersOutput, Failure> {
    call(rest, Method::HEAD, input).await
}

pub(crate) async fn post(rest: Context<Rest>, input: Box<Input>) -> Result<Output, Failure> {
    call(rest, Method::POST, input).await
}

pub(crate) async fn put(rest: Context<Rest>, input: Box<Input>) -> Result<Output, Failure> {
    call(rest, Method::PUT, input).await
}

pub(crate) async fn patch(rest: Context<Rest>, input: Box<Input>) -> Result<Output, Failure> {
    call(rest, Method::PATCH, input).await
}

pub(crate) async fn delete(rest: Context<Rest>, input: Box<Input>) -> Result<Output, Failure> {
    call(rest, Method::DELETE, input).await
}

pub(crate) async fn options(
    rest: Context<Rest>,
    BodilessInput(input): BodilessInput,
) -> Result<HeadersOutput, Failure> {
    call(rest, Method::OPTIONS, input).await
}

pub(crate) async fn trace(rest: Context<Rest>, input: TraceInput) -> Result<TraceOutput, Failure> {
    call(rest, Method::TRACE, Box::new(input.into())).await
}

async fn call<O: From<Done>>(
    rest: Context<Rest>,
    method: Method,
    input: Box<Input>,
) -> Result<O, Failure> {
    flow::run(&rest, method, input).await.map(O::from)
}

impl From<Done> for Output {
    fn from(done: Done) -> Self {
        let headers = done.answer.header_object();
        Self {
            rest_result: done.reading.result,
            rest_status: done.answer.status.as_u16(),
            rest_response_headers: headers.clone(),
            response_headers: headers,
            pages: done.pages,
            file: done.file,
            mapped: done.mapped,
        }
    }
}

// By hand, since the derived way would copy the answer's whole tree.
impl Outputs for Output {
    fn into_object(self) -> Result<Object, Failure> {
        let mut outputs = named([
            ("restResult", self.rest_result),
            ("restStatus", self.rest_status.into()),
            ("restResponseHeaders", self.rest_response_headers.into()),
            ("responseHeaders", self.response_headers.into()),
        ]);
        if let Some(pages) = self.pages {
            outputs.insert("pages".to_owned(), pages.into());
        }
        if let Some(file) = self.file {
            let file = serde_json::to_value(file).map_err(error::unknown)?;
            outputs.insert("file".to_owned(), file);
        }
        outputs.extend(self.mapped);
        Ok(outputs)
    }
}

impl Outputs for HeadersOutput {
    fn into_object(self) -> Result<Object, Failure> {
        let mut outputs = named([
            ("restStatus", self.rest_status.into()),
            ("restResponseHeaders", self.rest_response_headers.into()),
            ("responseHeaders", self.response_headers.into()),
        ]);
        outputs.extend(self.mapped);
        Ok(outputs)
    }
}

fn named<const N: usize>(outputs: [(&str, Value); N]) -> Object {
    outputs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

impl From<Done> for HeadersOutput {
    fn from(done: Done) -> Self {
        let headers = done.answer.header_object();
        Self {
            rest_status: done.answer.status.as_u16(),
            rest_response_headers: headers.clone(),
            response_headers: headers,
            mapped: done.mapped,
        }
    }
}

impl From<Done> for TraceOutput {
    fn from(done: Done) -> Self {
        Self { rest_result: done.reading.result, rest_status: done.answer.status.as_u16() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<O: Outputs>(outputs: O) {
        let schema = schemars::schema_for!(O);
        let declared: Vec<_> =
            schema.get("properties").and_then(Value::as_object).unwrap().keys().collect();
        let outputs = outputs.into_object().unwrap();
        let (mapped, written): (Vec<_>, Vec<_>) = outputs.keys().partition(|it| *it == "mine");
        assert_eq!(written, declared);
        assert_eq!(mapped, ["mine"]);
    }

    #[test]
    fn outputs_are_written_under_the_names_of_their_fields() {
        let mapped: Object = [("mine".to_owned(), 1.into())].into_iter().collect();
        let (rest_response_headers, response_headers) = (Object::new(), Object::new());
        check(HeadersOutput {
            rest_status: 200,
            rest_response_headers: Object::new(),
            response_headers: Object::new(),
            mapped: mapped.clone(),
        });
        check(Output {
            rest_result: Value::Null,
            rest_status: 200,
            rest_response_headers,
            response_headers,
            pages: Some(2),
            file: Some(File::at("data:,x").unwrap()),
            mapped,
        });
    }
}
