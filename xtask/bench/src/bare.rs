//! `bare ADDRESS`: what a few lines of axum and reqwest cost, the yardstick for calls over HTTP.
//!
//! * `POST /proxy` `{"restUrl": …}`: calls that address and gives the body of the answer back, as it came; with a
//!   `token`, shows that.
//! * `POST /call` `{"restUrl": …}`: the same, but the body is read as JSON and written again.
//! * `POST /no-call` `{"restUrl": …}`: the same answer without a call.
//! * `POST /loop` `{"url": …, "tasks": …, "milliseconds": …}`: calls that address from so many tasks for so long and
//!   reads the JSON; gives the time that each call took, in microseconds. With a `token` it shows that; with `bodies` it
//!   posts, each task a body of its own.
//! * `POST /say` `{"url": …, "token": …, "body": …}`: posts that body and gives the JSON of the answer back.
//!
//! The pool is that of the connectors (`crates/outbound/src/client.rs`).

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::{get, post},
};
use reqwest::{Client, RequestBuilder, redirect::Policy};
use serde::Deserialize;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinSet};

/// What the peer of the measurements answers.
static PAGE: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../page.json")).unwrap_or_default());

const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(30);
const POOL_IDLE_PER_HOST_MAX: usize = 32;
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// What the connectors call this input too, and a token where there is to be one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Call {
    rest_url: String,
    #[serde(default)]
    token: String,
}

#[derive(Clone, Deserialize)]
struct Loop {
    url: String,
    tasks: usize,
    milliseconds: u64,
    #[serde(default)]
    token: String,
    #[serde(default)]
    bodies: Vec<Value>,
}

#[derive(Deserialize)]
struct Say {
    url: String,
    token: String,
    body: Value,
}

#[tokio::main]
async fn main() -> Result<()> {
    let address = std::env::args().nth(1).context("bare ADDRESS")?;
    let client = Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .pool_max_idle_per_host(POOL_IDLE_PER_HOST_MAX)
        .timeout(CALL_TIMEOUT)
        .build()?;
    let app = Router::new()
        .route("/actuator/health/readiness", get(|| async {}))
        .route("/proxy", post(proxy))
        .route("/call", post(call))
        .route("/no-call", post(no_call))
        .route("/loop", post(repeat))
        .route("/say", post(say))
        .with_state(client);
    let listener = TcpListener::bind(&address).await.context(address)?;
    axum::serve(listener, app).await?;
    Ok(())
}

async fn proxy(
    State(client): State<Client>,
    Json(call): Json<Call>,
) -> Result<impl IntoResponse, (StatusCode, String)> {
    let body = fetch(&client, &call.rest_url, &call.token).await.map_err(refused)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body))
}

async fn call(
    State(client): State<Client>,
    Json(call): Json<Call>,
) -> Result<Json<Value>, (StatusCode, String)> {
    Ok(Json(fetch_json(&client, &call.rest_url, &call.token).await.map_err(refused)?))
}

async fn no_call(Json(_call): Json<Call>) -> Json<&'static Value> {
    Json(&PAGE)
}

async fn fetch(client: &Client, url: &str, token: &str) -> reqwest::Result<Bytes> {
    page(client, url, token).send().await?.error_for_status()?.bytes().await
}

async fn fetch_json(client: &Client, url: &str, token: &str) -> reqwest::Result<Value> {
    page(client, url, token).send().await?.error_for_status()?.json().await
}

fn page(client: &Client, url: &str, token: &str) -> RequestBuilder {
    let request = client.get(url);
    if token.is_empty() { request } else { request.bearer_auth(token) }
}

async fn post_json(
    client: &Client,
    url: &str,
    token: &str,
    body: &Value,
) -> reqwest::Result<Value> {
    let request = client.post(url).bearer_auth(token).json(body);
    request.send().await?.error_for_status()?.json().await
}

async fn say(
    State(client): State<Client>,
    Json(say): Json<Say>,
) -> Result<Json<Value>, (StatusCode, String)> {
    Ok(Json(post_json(&client, &say.url, &say.token, &say.body).await.map_err(refused)?))
}

async fn repeat(
    State(client): State<Client>,
    Json(order): Json<Loop>,
) -> Result<Json<Vec<u32>>, (StatusCode, String)> {
    let end = Instant::now() + Duration::from_millis(order.milliseconds);
    let mut tasks = JoinSet::new();
    for task in 0..order.tasks {
        let (client, url, token) = (client.clone(), order.url.clone(), order.token.clone());
        let body = order.bodies.get(task % order.bodies.len().max(1)).cloned();
        tasks.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < end {
                let begun = Instant::now();
                match &body {
                    Some(body) => post_json(&client, &url, &token, body).await?,
                    None => fetch_json(&client, &url, &token).await?,
                };
                times.push(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX));
            }
            Ok(times)
        });
    }
    let times: reqwest::Result<Vec<_>> = tasks.join_all().await.into_iter().collect();
    Ok(Json(times.map_err(refused)?.concat()))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn refused(error: reqwest::Error) -> (StatusCode, String) {
    (StatusCode::BAD_GATEWAY, error.to_string())
}
