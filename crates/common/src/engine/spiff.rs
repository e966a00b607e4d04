//! SpiffArena's connector-proxy protocol over HTTP (`spiffarena-connector-proxy.md` §1–§6).
//!
//! Every connector serves it beside health and metrics, so it is also the way to run without a broker.

mod body;
mod catalogue;
mod envelope;
mod finish;
#[cfg(test)]
mod tests;

use std::{any::Any, sync::Arc};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{self, Path, State, rejection::PathRejection},
    http::{self, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use serde_json::json;
use subtle::ConstantTimeEq;
use tokio::time::{self, Instant};
use tokio_util::task::TaskTracker;
use tower_http::{catch_panic::CatchPanicLayer, cors::CorsLayer};
use tracing::warn;
use uuid::Uuid;

use self::{
    body::Command,
    catalogue::Catalogue,
    envelope::{Refusal, unauthorized},
    finish::Finish,
};
use crate::{
    Period, Secret, Size,
    runner::{Again, Deadline, Request, Runner},
    settings::Settings,
};

/// Where Arena sends `SPIFFWORKFLOW_BACKEND_CONNECTOR_PROXY_API_KEY`.
const API_KEY: HeaderName = HeaderName::from_static("spiff-connector-proxy-api-key");
/// The same value for the same command, from callers that are no Arena.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// W3C Trace Context.
const TRACEPARENT: &str = "traceparent";

/// What the handlers know.
struct Proxy {
    runner: Arc<Runner>,
    catalogue: Catalogue,
    /// Commands at work: they finish although their caller has gone away.
    tracker: TaskTracker,
    timeout: Period,
    body_bytes_max: Size,
    api_key: Option<Secret>,
}

/// The protocol's paths, without the context path.
///
/// `tracker` owns the commands at work, so that shutdown can wait for them.
pub(crate) fn router(
    runner: Arc<Runner>,
    settings: &Settings,
    instance: &str,
    tracker: TaskTracker,
) -> Router {
    let greeting =
        format!("{instance}: the commands are listed at {}/v1/commands\n", settings.context_path());
    let proxy = Arc::new(Proxy {
        catalogue: Catalogue::new(&runner.connected, instance),
        runner,
        tracker,
        timeout: settings.http_timeout,
        body_bytes_max: settings.http_body_bytes_max,
        api_key: settings.connector_proxy_api_key.clone(),
    });

    let protected = Router::new()
        .route("/v1/commands", get(commands))
        .route("/v1/auths", get(|| async { Json(json!([])) }))
        .route("/v1/do/", any(unknown_path))
        .route("/v1/do/{*id}", get(run).post(run).head(wrong_method))
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&proxy), authorize));
    let mut v1 = Router::new()
        .route("/v1/liveness", get(liveness))
        .route("/v1/", any(unknown_path))
        .route("/v1/{*path}", any(unknown_path))
        .method_not_allowed_fallback(wrong_method)
        .merge(protected);
    if let Some(cors) = settings.connector_proxy_cors_origins.as_deref().and_then(cors) {
        v1 = v1.layer(cors);
    }
    Router::new()
        .route("/", get(|| async { greeting }))
        .route("/liveness", get(liveness))
        .method_not_allowed_fallback(wrong_method)
        .merge(v1)
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(proxy)
}

/// A request for `//v1/…` as one for `/v1/…`, under any prefix; to be applied before routing.
///
/// Arena appends `/v1/…` to its configured address without dropping that address's last slash (§1).
pub(crate) fn collapse_slashes<B>(mut request: http::Request<B>) -> http::Request<B> {
    if let Some(uri) = collapsed(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

fn collapsed(uri: &Uri) -> Option<Uri> {
    let (prefix, rest) = uri.path().split_once("//v1/")?;
    let prefix = prefix.trim_end_matches('/');
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(format!("{prefix}/v1/{rest}{query}").parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// The origins in `CONNECTOR_PROXY_CORS_ORIGINS`, a list with commas; else what is wrong with it.
///
/// `*` is refused: it would let any page that a user opens run commands inside the network.
pub(crate) fn origins(list: &str) -> Result<Vec<HeaderValue>, String> {
    let listed = list.split(',').map(str::trim).filter(|it| !it.is_empty());
    let origin = |origin: &str| {
        let refused = || format!("\"{origin}\" is no origin, e.g. https://arena.example.org");
        let text = origin.trim_end_matches('/').to_ascii_lowercase();
        let (scheme, host) = text.split_once("://").ok_or_else(refused)?;
        if !matches!(scheme, "http" | "https") || host.is_empty() || host.contains(['/', '*']) {
            return Err(refused());
        }
        HeaderValue::from_str(&text).map_err(|_invalid| refused())
    };
    listed.map(origin).collect()
}

/// None where the list is empty or wrong: browsers stay locked out.
fn cors(list: &str) -> Option<CorsLayer> {
    let origins = match origins(list) {
        Ok(origins) => origins,
        Err(what) => {
            warn!("CONNECTOR_PROXY_CORS_ORIGINS: {what}; browsers are locked out");
            return None;
        }
    };
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::CONTENT_TYPE, API_KEY]);
    (!origins.is_empty()).then(|| layer.allow_origin(origins))
}

/// Lets through whoever has the key, and `OPTIONS`, with which browsers ask before they have one.
async fn authorize(
    State(proxy): State<Arc<Proxy>>,
    request: extract::Request,
    next: Next,
) -> Response {
    let given = request.headers().get(API_KEY).map_or(&b""[..], HeaderValue::as_bytes);
    let may = match &proxy.api_key {
        // An empty key, from an empty file, opens nothing.
        Some(key) => !given.is_empty() && bool::from(key.reveal().as_bytes().ct_eq(given)),
        None => true,
    };
    if may || request.method() == Method::OPTIONS {
        next.run(request).await
    } else {
        unauthorized()
    }
}

async fn commands(State(proxy): State<Arc<Proxy>>) -> ([(HeaderName, &'static str); 1], Bytes) {
    ([(header::CONTENT_TYPE, "application/json")], proxy.catalogue.json.clone())
}

/// The process runs; nothing outside it is asked.
async fn liveness() -> impl IntoResponse {
    Json(json!({ "ok": true }))
}

/// `/v1/do/{connector}/{command}`: `POST`, and `GET` with a body, as the Python proxy's older callers do.
async fn run(
    State(proxy): State<Arc<Proxy>>,
    id: Result<Path<String>, PathRejection>,
    request: extract::Request,
) -> Result<Response, Refusal> {
    let start = Instant::now();
    let end = start + proxy.timeout.0;
    let (http::request::Parts { headers, .. }, content) = request.into_parts();

    // Whoever is refused with the body half sent sees a broken connection, not our answer; so all of it is read first.
    let content = body::read(&headers, content, proxy.body_bytes_max);
    let content = time::timeout_at(end, content).await.map_err(|_elapsed| {
        let text = format!("the body did not arrive within {:?} (HTTP_TIMEOUT)", proxy.timeout.0);
        Refusal::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", text)
    })??;
    let id = id.map(|Path(id)| id).unwrap_or_default();
    let Some((action, shape)) = proxy.catalogue.find(&id) else {
        let text = format!("no command `{id}`; GET /v1/commands lists those there are");
        return Err(Refusal::new(StatusCode::NOT_FOUND, "command_not_found", text));
    };
    let Command { inputs, task_id, process_instance } = Command::parse(&headers, &content)?;
    drop(content);

    let deadline = Some(Deadline { at: end, set_by: "HTTP_TIMEOUT" });
    let request_id = task_id.or_else(|| text(&headers, IDEMPOTENCY_KEY));
    let again = if request_id.is_some() { Again::Success } else { Again::Anew };
    let request = Request {
        action: action.to_owned(),
        id: request_id.unwrap_or_else(|| Uuid::new_v4().to_string()),
        again,
        process_instance,
        inputs,
        traceparent: text(&headers, TRACEPARENT),
        deadline,
        http_body_max: Some(proxy.body_bytes_max.0),
        ..Request::default()
    };
    let runner = Arc::clone(&proxy.runner);
    // A handler is dropped in the middle when its caller goes away.
    let outcome = Finish::new(async move { runner.run(request).await }, &proxy.tracker).await;
    let log = format!("{action} in {} ms", start.elapsed().as_millis());
    Ok(envelope::answer(outcome, shape, log))
}

/// A header's text, where it is one and not empty.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

async fn unknown_path(uri: Uri) -> Refusal {
    let text = format!("nothing is served at {}", uri.path());
    Refusal::new(StatusCode::NOT_FOUND, "path_not_found", text)
}

async fn wrong_method(method: Method) -> Refusal {
    let text = format!("{method} is not served here");
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", text)
}

/// Without this the caller's connection would just end.
fn panicked(_panic: Box<dyn Any + Send>) -> Response {
    Refusal::internal().into_response()
}
