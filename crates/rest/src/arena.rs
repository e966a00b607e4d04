//! SpiffArena's own http commands, under its ids, with its parameters and codes (`spiffarena-connector-proxy.md` §8).
//!
//! What stored diagrams say goes on working; what the Python originals got wrong does not come back:
//! an answer without a body is no error, a repeated call that succeeds is a success, answers have a limit, and no message or log line has a secret.

mod call;
mod codes;
mod content;
mod python;

use common::{Connector, Context, Failure, Reply};
use http::Method;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use self::{
    call::{Call, Payload, Told},
    python::Attempts,
};
use crate::client::Rest;

/// The commands, in the order of the originals' catalogue.
pub(crate) fn add_to(connector: Connector<Rest>) -> Connector<Rest> {
    connector
        .arena_command("http/DeleteRequestV2", delete_v2)
        .arena_command("http/GetRequestV2", |rest, it| read_v2(rest, Method::GET, it))
        .arena_command("http/HeadRequestV2", |rest, it| read_v2(rest, Method::HEAD, it))
        .arena_command("http/PatchRequestV2", |rest, it| write_v2(rest, Method::PATCH, it))
        .arena_command("http/PostRequestV2", |rest, it| write_v2(rest, Method::POST, it))
        .arena_command("http/PutRequestV2", |rest, it| write_v2(rest, Method::PUT, it))
        .arena_command("http/DeleteRequest", |rest, it| write(rest, Method::DELETE, it))
        .arena_command("http/GetRequest", |rest, it| read(rest, Method::GET, it))
        .arena_command("http/HeadRequest", |rest, it| read(rest, Method::HEAD, it))
        .arena_command("http/PatchRequest", |rest, it| write(rest, Method::PATCH, it))
        .arena_command("http/PostRequest", |rest, it| write(rest, Method::POST, it))
        .arena_command("http/PutRequest", |rest, it| write(rest, Method::PUT, it))
}

/// `GetRequestV2` and `HeadRequestV2`.
#[derive(Deserialize, JsonSchema)]
struct ReadV2 {
    #[schemars(with = "String")]
    url: Option<String>,
    headers: Option<Value>,
    params: Option<Value>,
    basic_auth_username: Option<String>,
    basic_auth_password: Option<String>,
    #[schemars(with = "Option<u8>")]
    attempts: Option<Attempts>,
}

/// `PostRequestV2`, `PutRequestV2` and `PatchRequestV2`.
#[derive(Deserialize, JsonSchema)]
struct WriteV2 {
    #[schemars(with = "String")]
    url: Option<String>,
    headers: Option<Value>,
    data: Option<Value>,
    basic_auth_username: Option<String>,
    basic_auth_password: Option<String>,
}

/// `DeleteRequestV2`.
#[derive(Deserialize, JsonSchema)]
struct DeleteV2 {
    #[schemars(with = "String")]
    url: Option<String>,
    headers: Option<Value>,
    params: Option<Value>,
    data: Option<Value>,
    basic_auth_username: Option<String>,
    basic_auth_password: Option<String>,
}

/// `GetRequest` and `HeadRequest`, as the backend's own connector has them.
#[derive(Deserialize, JsonSchema)]
struct Read {
    #[schemars(with = "String")]
    url: Option<String>,
    headers: Option<Value>,
    params: Option<Value>,
    basic_auth_username: Option<String>,
    basic_auth_password: Option<String>,
}

/// `DeleteRequest`, `PatchRequest`, `PostRequest` and `PutRequest`, as the backend's own connector has them.
#[derive(Deserialize, JsonSchema)]
struct Write {
    #[schemars(with = "String")]
    url: Option<String>,
    headers: Option<Value>,
    data: Option<Value>,
    body_format: Option<String>,
    include_response_headers: Option<bool>,
    basic_auth_username: Option<String>,
    basic_auth_password: Option<String>,
}

async fn read_v2(rest: Context<Rest>, method: Method, it: ReadV2) -> Result<Reply, Failure> {
    let call = Call {
        method,
        url: it.url,
        headers: it.headers,
        params: it.params,
        payload: Payload::None,
        user: it.basic_auth_username.zip(it.basic_auth_password),
        attempts: it.attempts.unwrap_or_default(),
        told: Told::V2,
    };
    call.run(&rest).await
}

async fn write_v2(rest: Context<Rest>, method: Method, it: WriteV2) -> Result<Reply, Failure> {
    let call = Call {
        method,
        url: it.url,
        headers: it.headers,
        params: None,
        payload: Payload::json(Some(it.data.unwrap_or_else(python::empty))),
        user: it.basic_auth_username.zip(it.basic_auth_password),
        attempts: Attempts::default(),
        told: Told::V2,
    };
    call.run(&rest).await
}

async fn delete_v2(rest: Context<Rest>, it: DeleteV2) -> Result<Reply, Failure> {
    let call = Call {
        method: Method::DELETE,
        url: it.url,
        headers: it.headers,
        params: it.params,
        payload: Payload::json(it.data),
        user: it.basic_auth_username.zip(it.basic_auth_password),
        attempts: Attempts::default(),
        told: Told::V2,
    };
    call.run(&rest).await
}

async fn read(rest: Context<Rest>, method: Method, it: Read) -> Result<Reply, Failure> {
    let call = Call {
        method,
        url: it.url,
        headers: it.headers,
        params: it.params,
        payload: Payload::None,
        user: it.basic_auth_username.zip(it.basic_auth_password),
        attempts: Attempts::default(),
        told: Told::V1,
    };
    call.run(&rest).await
}

async fn write(rest: Context<Rest>, method: Method, it: Write) -> Result<Reply, Failure> {
    let data = match it.data {
        None if method != Method::DELETE => Some(python::empty()),
        data => data,
    };
    let call = Call {
        payload: Payload::of(it.body_format.as_deref(), data)?,
        method,
        url: it.url,
        headers: it.headers,
        params: None,
        user: it.basic_auth_username.zip(it.basic_auth_password),
        attempts: Attempts::default(),
        told: match it.include_response_headers {
            Some(true) => Told::V1WithHeaders,
            Some(false) | None => Told::V1,
        },
    };
    call.run(&rest).await
}
