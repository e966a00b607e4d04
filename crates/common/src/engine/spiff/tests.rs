use std::{
    convert::Infallible,
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use axum::{body::Body, http::Response};
use futures_util::{FutureExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use tower::ServiceExt;

use super::*;
use crate::{
    Connector, Context, Failure, Object, Reply,
    config::{self, Environment},
    settings,
};

const ENVELOPE: &str = include_str!("../../../samples/spiff/envelope.schema.json");
const COMMANDS: &str = include_str!("../../../samples/spiff/commands.schema.json");
const REFUSAL: &str = include_str!("../../../samples/spiff/refusal.schema.json");
const REQUEST: &str = include_str!("../../../samples/spiff/request.json");
const DEFINITION: &str = r#"{
    "id": "d", "name": "order-connector", "description": "for tests",
    "actions": {
        "a": {"id": "a", "name": "ECHO", "description": "gives back what it got", "inputs": [
            {"id": "1", "name": "text", "type": "string", "required": true, "description": "any"},
            {"id": "2", "name": "count", "type": "integer"},
            {"id": "3", "name": "flag", "type": "boolean"},
            {"id": "4", "name": "when", "type": "date"},
            {"id": "5", "name": "content", "type": "file"},
            {"id": "6", "name": "data", "type": "json"}]},
        "b": {"id": "b", "name": "FAIL", "inputs": [
            {"id": "1", "name": "how", "type": "string", "required": true}]},
        "c": {"id": "c", "name": "HANG"},
        "d": {"id": "d", "name": "WAIT"}},
    "errors": [{"name": "gone", "code": "GONE"}]}"#;

#[derive(Deserialize, JsonSchema)]
struct NoConfig {}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Echo {
    inputs: Object,
    request_id: String,
    traceparent: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
struct FailInput {
    how: String,
}

async fn connect(_config: NoConfig) -> Result<(), Failure> {
    Ok(())
}

async fn echo(cx: Context<()>, inputs: Object) -> Result<Echo, Failure> {
    let (request_id, traceparent) = (cx.request_id().to_owned(), cx.traceparent().map(Into::into));
    Ok(Echo { inputs, request_id, traceparent })
}

async fn fail(_cx: Context<()>, input: FailInput) -> Result<Object, Failure> {
    let business = Failure::business("GONE", "no such order");
    let transient = Failure::transient("GONE", anyhow::anyhow!("refused").context("GET /orders"));
    let permanent = Failure::permanent("GONE", anyhow::anyhow!("bad key"));
    Err(match input.how.as_str() {
        "business" => business,
        "business 404" => business.with_status(404),
        "business 200" => business.with_status(200),
        "transient" => transient,
        "transient 429" => transient.with_status(429),
        "permanent" => permanent,
        "permanent 999" => permanent.with_status(999),
        "partly" => business.with_outputs([("sent".to_owned(), json!(1))].into_iter().collect()),
        other => panic!("{other}"),
    })
}

async fn hang(_cx: Context<()>, _inputs: Object) -> Result<Object, Failure> {
    std::future::pending().await
}

static WAIT_ENTERED: Notify = Notify::const_new();
static WAIT_RELEASED: Notify = Notify::const_new();
static WAIT_DONE: AtomicBool = AtomicBool::new(false);

async fn wait(_cx: Context<()>, _inputs: Object) -> Result<Object, Failure> {
    WAIT_ENTERED.notify_one();
    WAIT_RELEASED.notified().await;
    WAIT_DONE.store(true, Ordering::SeqCst);
    Ok(Object::new())
}

/// One attempt only, unless the variables say otherwise.
fn settings<const N: usize>(variables: [(&str, &str); N]) -> Settings {
    let read = config::read(&settings::declared(), &Environment::of(variables));
    let mut settings: Settings = read.unwrap().value;
    settings.retry_max_attempts = 1;
    settings
}

#[derive(Deserialize, JsonSchema)]
struct SendInput {
    #[schemars(with = "String")]
    to: Option<String>,
    port: u16,
    headers: Option<Value>,
    tls: Option<bool>,
}

/// A command of Arena's own, which answers with a text.
async fn send(_cx: Context<()>, input: SendInput) -> Result<Reply, Failure> {
    let SendInput { to, port, headers, tls } = input;
    let Some(to) = to else {
        let reply = Reply { body: json!("{}"), http_status: 200, headers: None };
        let refused = Failure::business("SMTPDataError", "no address");
        return Err(refused.with_outputs(reply.into()));
    };
    if port == 25 {
        return Err(Failure::transient("ConnectionRefusedError", anyhow::anyhow!("refused")));
    }
    let headers = headers.and_then(|it| it.as_object().cloned());
    Ok(Reply { body: json!(format!("{to} {port} {tls:?}")), http_status: 201, headers })
}

async fn app_named(settings: &Settings, instance: &str, tracker: TaskTracker) -> Router {
    app_of(connector(), settings, instance, tracker).await
}

fn connector() -> Connector<()> {
    Connector::new(DEFINITION, connect)
        .action("ECHO", echo)
        .action("FAIL", fail)
        .action("HANG", hang)
        .action("WAIT", wait)
}

async fn arena_app(settings: &Settings) -> Router {
    let connector = connector().arena_command("mail/Send", send);
    app_of(connector, settings, "order-connector", TaskTracker::new()).await
}

async fn app_of(
    connector: Connector<()>,
    settings: &Settings,
    instance: &str,
    tracker: TaskTracker,
) -> Router {
    let connected = connector.connect(&Environment::default()).await.unwrap().unwrap();
    router(Arc::new(Runner::new(connected, settings)), settings, instance, tracker)
}

async fn app(settings: &Settings) -> Router {
    app_named(settings, "order-connector", TaskTracker::new()).await
}

/// `POST`, with JSON, unless the headers say otherwise.
fn call(path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> extract::Request {
    let mut request = http::Request::post(path).header("content-type", "application/json");
    for (name, value) in headers {
        request.headers_mut().unwrap().insert(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    request.body(body.into()).unwrap()
}

fn ask(method: &str, path: &str) -> extract::Request {
    http::Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
}

async fn json_of(response: Response<Body>) -> (u16, Value) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/json");
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap())
}

fn validate(schema: &str, instance: &Value) {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let problems: Vec<_> = validator.iter_errors(instance).map(|it| it.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?} in {instance}");
}

/// The answer to a command: an envelope or a refusal, and always valid.
async fn answer(app: Router, request: extract::Request) -> (u16, Value) {
    let (status, body) = json_of(app.oneshot(request).await.unwrap()).await;
    if status == 200 {
        validate(ENVELOPE, &body);
        let members: Vec<_> = body.as_object().unwrap().keys().collect();
        assert_eq!(
            members,
            ["command_response", "command_response_version", "error", "spiff__logs"],
            "Arena acts on others"
        );
    } else {
        validate(REFUSAL, &body);
    }
    (status, body)
}

async fn check_refused(app: &Router, request: extract::Request, status: u16, expected: &str) {
    let (got, body) = answer(app.clone(), request).await;
    let error = &body["error"];
    let text = format!("{}: {}", error["error_code"].as_str().unwrap(), error["message"]);
    assert!(got == status && text.replace('"', "").starts_with(expected), "{got} {text}");
}

#[tokio::test]
async fn what_is_no_command_is_refused_in_json() {
    let settings = settings([("HTTP_BODY_BYTES_MAX", "64")]);
    let app = app(&settings).await;
    let echo = "/v1/do/order-connector/ECHO";
    let long = format!(r#"{{"text": "{}"}}"#, "x".repeat(64));
    let chunked = || {
        let chunks = long.as_bytes().chunks(10).map(|it| Ok::<_, Infallible>(it.to_vec()));
        Body::from_stream(stream::iter(chunks.collect::<Vec<_>>()))
    };
    let broken = || {
        let chunks = [Ok(b"{".to_vec()), Err(std::io::Error::other("reset"))];
        Body::from_stream(stream::iter(chunks))
    };
    let none: &[(&str, &str)] = &[];
    for (path, headers, body, status, expected) in [
        ("/v1/do/order-connector/NOPE", none, "{}".into(), 404, "command_not_found: no command"),
        ("/v1/do/order-connector/echo", none, "{}".into(), 404, "command_not_found"),
        ("/v1/do/mail/ECHO", none, "{}".into(), 404, "command_not_found: no command `mail/ECHO`;"),
        ("/v1/do/order-connector/ECHO/x", none, "{}".into(), 404, "command_not_found"),
        ("/v1/do/order-connector", none, "{}".into(), 404, "command_not_found"),
        ("/v1/do/order-connector/%FF", none, "{}".into(), 404, "command_not_found"),
        ("/v1/do/order-connector/", none, "{}".into(), 404, "command_not_found"),
        ("/v1/do/", none, "{}".into(), 404, "path_not_found"),
        ("/v1/do", none, "{}".into(), 404, "path_not_found: nothing is served at /v1/do"),
        ("/v1/Do/order-connector/ECHO", none, "{}".into(), 404, "path_not_found"),
        ("/v1/commands/", none, "{}".into(), 404, "path_not_found"),
        ("/v1/", none, "{}".into(), 404, "path_not_found"),
        (echo, none, "{".into(), 400, "invalid_body: the body is no JSON object: EOF"),
        (echo, none, "[1]".into(), 400, "invalid_body: the body is no JSON object"),
        (echo, none, "null".into(), 400, "invalid_body"),
        (echo, none, r#"{"text": 1} x"#.into(), 400, "invalid_body"),
        (echo, none, broken(), 400, "invalid_body: the body ended early: reset"),
        (echo, &[("content-type", "text/plain")], "{}".into(), 415, "unsupported_media_type"),
        (echo, &[("content-type", "application/jsonx")], "{}".into(), 415, "unsupported_media"),
        (echo, &[("content-type", "text/x+json")], "{}".into(), 415, "unsupported_media_type"),
        (echo, &[("content-type", "")], "".into(), 415, "unsupported_media_type: send the inputs"),
        (echo, none, long.clone().into(), 413, "body_too_large: the body has more than 64 bytes"),
        (echo, none, chunked(), 413, "body_too_large"),
        (echo, &[("content-length", "65"), ("expect", "100-continue")], "{}".into(), 413, "body_"),
        (echo, &[("content-length", "65")], "{}".into(), 413, "body_too_large"),
    ] {
        check_refused(&app, call(path, headers, body), status, expected).await;
    }
}

#[tokio::test]
async fn a_wrong_method_is_refused_in_json_and_runs_nothing() {
    let app = app(&settings([])).await;
    for (method, path) in [
        ("POST", "/v1/commands"),
        ("DELETE", "/v1/auths"),
        ("PUT", "/v1/do/order-connector/ECHO"),
        ("OPTIONS", "/v1/do/order-connector/ECHO"),
        ("POST", "/v1/liveness"),
        ("POST", "/liveness"),
        ("POST", "/"),
    ] {
        check_refused(&app, ask(method, path), 405, "method_not_allowed").await;
    }
    let head = ask("HEAD", "/v1/do/order-connector/ECHO");
    assert_eq!(app.clone().oneshot(head).await.unwrap().status(), 405);
    let response = app.oneshot(ask("DELETE", "/v1/commands")).await.unwrap();
    assert_eq!(response.headers()["allow"], "GET,HEAD");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let app = app(&settings([("HTTP_TIMEOUT", "30ms")])).await;
    let body = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
    let request = call("/v1/do/order-connector/ECHO", &[], body);
    let expected = "request_timeout: the body did not arrive within 30ms (HTTP_TIMEOUT)";
    check_refused(&app, request, 408, expected).await;
}

#[tokio::test]
async fn a_failure_is_an_envelope_with_its_code_and_class() {
    let app = app(&settings([])).await;
    for (how, status, code, message) in [
        ("business", 400, "GONE", "no such order"),
        ("business 404", 404, "GONE", "no such order"),
        ("business 200", 400, "GONE", "no such order"),
        ("transient", 503, "GONE", "GET /orders: refused"),
        ("transient 429", 429, "GONE", "GET /orders: refused"),
        ("permanent", 500, "GONE", "bad key"),
        ("permanent 999", 500, "GONE", "bad key"),
        ("boom", 500, "UNKNOWN_ERROR", "the action panicked"),
        ("", 400, "MISSING_INPUT", "`how` is missing"),
    ] {
        let inputs = if how.is_empty() { json!({ "how": null }) } else { json!({ "how": how }) };
        let request = call("/v1/do/order-connector/FAIL", &[], inputs.to_string());
        let (outer, body) = answer(app.clone(), request).await;
        assert_eq!(outer, 200);
        assert_eq!(body["command_response"]["http_status"], status, "{how}");
        assert_eq!(body["error"], json!({ "error_code": code, "message": message }), "{how}");
        assert_eq!(body["command_response"]["body"], json!({}));
    }
}

#[tokio::test]
async fn outputs_that_are_known_in_spite_of_a_failure_are_told() {
    let request = call("/v1/do/order-connector/FAIL", &[], r#"{"how": "partly"}"#);
    let (_, body) = answer(app(&settings([])).await, request).await;
    assert_eq!(body["command_response"]["body"], json!({ "sent": 1 }));
}

#[tokio::test]
async fn a_failure_is_an_output_where_the_older_style_is_asked_for() {
    let settings = settings([("ERROR_MODE", "output")]);
    let request = call("/v1/do/order-connector/FAIL", &[], r#"{"how": "business"}"#);
    let (_, body) = answer(app(&settings).await, request).await;
    assert_eq!(body["error"], Value::Null);
    assert_eq!(body["command_response"]["http_status"], 200);
    assert_eq!(body["command_response"]["body"], json!({ "error": "GONE: no such order" }));
}

#[tokio::test]
async fn a_command_that_takes_too_long_is_answered_in_time() {
    let app = app(&settings([("HTTP_TIMEOUT", "30ms")])).await;
    let (outer, body) = answer(app, call("/v1/do/order-connector/HANG", &[], "{}")).await;
    assert_eq!((outer, &body["command_response"]["http_status"]), (200, &json!(504)));
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.contains("HTTP_TIMEOUT"), "{message}");
}

#[tokio::test]
async fn a_command_finishes_although_its_caller_goes_away() {
    let tracker = TaskTracker::new();
    let app = app_named(&settings([]), "order-connector", tracker.clone()).await;
    {
        let mut call = pin!(app.oneshot(call("/v1/do/order-connector/WAIT", &[], "{}")));
        tokio::select! {
            _ = &mut call => panic!("answered before it was released"),
            () = WAIT_ENTERED.notified() => {}
        }
    }
    tracker.close();
    assert!(tracker.wait().now_or_never().is_none(), "shutdown has something to wait for");
    WAIT_RELEASED.notify_one();
    time::timeout(Duration::from_secs(10), tracker.wait()).await.unwrap();
    assert!(WAIT_DONE.load(Ordering::SeqCst));
}

async fn check_inputs(headers: &[(&str, &str)], sent: &str, inputs: Value, id: &str) {
    let request = call("/v1/do/order-connector/ECHO", headers, sent.to_owned());
    let (status, body) = answer(app(&settings([])).await, request).await;
    let outputs = &body["command_response"]["body"];
    assert_eq!((status, &outputs["inputs"]), (200, &inputs), "{body}");
    assert!(id.is_empty() || outputs["requestId"] == id, "{body}");
    let log = body["spiff__logs"][0].as_str().unwrap();
    let ms = log.strip_prefix("ECHO in ").and_then(|it| it.strip_suffix(" ms")).unwrap();
    ms.parse::<u32>().unwrap();
}

#[tokio::test]
async fn inputs_are_what_is_not_reserved() {
    let key = [("idempotency-key", " k1 ")];
    check_inputs(&[], "", json!({}), "").await;
    check_inputs(&[], " \n", json!({}), "").await;
    check_inputs(&[], r#"{"text": "a", "x": null}"#, json!({ "text": "a" }), "").await;
    check_inputs(&[], r#"{"spiff__new": {"text": 1}, "text": 2}"#, json!({ "text": 2 }), "").await;
    check_inputs(&[], r#"{"spiff__task_id": "t1"}"#, json!({}), "t1").await;
    check_inputs(&key, r#"{"spiff__task_id": "t1"}"#, json!({}), "t1").await;
    check_inputs(&key, r#"{"spiff__task_id": ""}"#, json!({}), "k1").await;
    check_inputs(&key, r#"{"spiff__task_id": null}"#, json!({}), "k1").await;
    check_inputs(&key, "{}", json!({}), "k1").await;
    let json = [("content-type", "Application/Problem+JSON; charset=utf-8")];
    check_inputs(&json, r#"{"text": "é"}"#, json!({ "text": "é" }), "").await;
}

#[tokio::test]
async fn a_request_as_arena_sends_it_is_understood() {
    let expected =
        json!({ "text": "hello", "count": "25", "data": { "due": "2026-01-02T03:04:05" } });
    check_inputs(&[], REQUEST, expected, "6f2d1a52-8c1e-4f0e-9f0a-3d1f0c8f7b11").await;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let command = Command::parse(&headers, REQUEST.as_bytes()).unwrap();
    assert_eq!(command.process_instance.as_deref(), Some("17"));
}

#[tokio::test]
async fn dates_and_uuids_arrive_as_their_texts() {
    let sent = json!({
        "a": { "value": "2026-01-02T03:04:05", "typename": "datetime" },
        "b": [{ "c": { "typename": "UUID", "value": "8b0e" } }],
        "d": { "days": 0, "seconds": 3600, "typename": "timedelta" },
        "e": { "value": 1, "typename": "datetime" },
        "f": { "value": "x", "typename": "datetime", "zone": "y" },
        "g": { "value": "x", "typename": "money" },
    });
    let mut expected = sent.clone();
    expected["a"] = json!("2026-01-02T03:04:05");
    expected["b"][0]["c"] = json!("8b0e");
    check_inputs(&[], &sent.to_string(), expected, "").await;
}

#[tokio::test]
async fn a_request_without_an_id_gets_a_new_one_each_time() {
    let app = app(&settings([])).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let (_, body) = answer(app.clone(), call("/v1/do/order-connector/ECHO", &[], "{}")).await;
        ids.push(body["command_response"]["body"]["requestId"].clone());
    }
    assert!(ids[0].as_str().is_some_and(|it| it.len() == 36) && ids[0] != ids[1], "{ids:?}");
}

#[tokio::test]
async fn the_trace_is_passed_on() {
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = call("/v1/do/order-connector/ECHO", &[("traceparent", trace)], "{}");
    let (_, body) = answer(app(&settings([])).await, request).await;
    assert_eq!(body["command_response"]["body"]["traceparent"], trace);
}

#[tokio::test]
async fn get_with_a_body_is_tolerated() {
    let mut request = call("/v1/do/order-connector/ECHO", &[], r#"{"text": 1}"#);
    *request.method_mut() = Method::GET;
    let (_, body) = answer(app(&settings([])).await, request).await;
    assert_eq!(body["command_response"]["body"]["inputs"]["text"], 1);
    let bare = ask("GET", "/v1/do/order-connector/ECHO");
    check_refused(&app(&settings([])).await, bare, 415, "unsupported_media_type").await;
}

#[tokio::test]
async fn twenty_megabytes_pass_in_both_directions() {
    let text = "x".repeat(20 * 1024 * 1024);
    let sent = json!({ "text": text, "spiff__task_data": { "file": text } }).to_string();
    let (_, body) =
        answer(app(&settings([])).await, call("/v1/do/order-connector/ECHO", &[], sent)).await;
    let inputs = &body["command_response"]["body"]["inputs"];
    assert!(inputs["text"] == text && inputs.as_object().unwrap().len() == 1);
}

#[tokio::test]
async fn the_catalogue_lists_the_actions_in_the_definition_s_order() {
    let (status, body) =
        json_of(app(&settings([])).await.oneshot(ask("GET", "/v1/commands")).await.unwrap()).await;
    assert_eq!(status, 200);
    validate(COMMANDS, &body);
    let ids: Vec<_> = body.as_array().unwrap().iter().map(|it| &it["id"]).collect();
    let of = |name: &str| format!("order-connector/{name}");
    assert_eq!(ids, [&of("ECHO"), &of("FAIL"), &of("HANG"), &of("WAIT")]);
    let echo = &body[0];
    assert_eq!(echo["description"], "gives back what it got");
    assert_eq!(echo["errors"], json!(["GONE"]));
    let any = |name: &str| json!({ "id": name, "type": "any", "required": false });
    assert_eq!(
        echo["parameters"],
        json!([
            { "id": "text", "type": "str", "required": true, "description": "any" },
            { "id": "count", "type": "int", "required": false },
            { "id": "flag", "type": "bool", "required": false },
            any("when"),
            any("content"),
            any("data"),
        ])
    );
}

#[tokio::test]
async fn an_instance_is_called_by_both_names() {
    for (instance, listed) in [
        ("orders eu", "orders eu/ECHO"),
        ("orders/eu", "order-connector/ECHO"),
        ("orders?", "order-connector/ECHO"),
    ] {
        let app = app_named(&settings([]), instance, TaskTracker::new()).await;
        let commands = app.clone().oneshot(ask("GET", "/v1/commands")).await.unwrap();
        let (_, body) = json_of(commands).await;
        validate(COMMANDS, &body);
        assert_eq!(body[0]["id"], listed);
        for id in [listed, "order-connector/ECHO"] {
            let path = format!("/v1/do/{}", id.replace(' ', "%20"));
            assert_eq!(answer(app.clone(), call(&path, &[], "{}")).await.0, 200, "{path}");
        }
    }
}

#[tokio::test]
async fn what_health_checks_and_people_ask_for_is_there() {
    let app = app(&settings([])).await;
    let ok = json!({ "ok": true });
    for (path, expected) in
        [("/v1/auths", json!([])), ("/v1/liveness", ok.clone()), ("/liveness", ok)]
    {
        let response = app.clone().oneshot(ask("GET", path)).await.unwrap();
        assert_eq!(json_of(response).await, (200, expected), "{path}");
    }
    let response = app.oneshot(ask("GET", "/")).await.unwrap();
    let text = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
    assert_eq!(text, "order-connector: the commands are listed at /v1/commands\n");
}

async fn check_key(app: &Router, method: &str, path: &str, key: Option<&str>, expected: u16) {
    let mut request = ask(method, path);
    let headers = request.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(key) = key {
        headers.insert(API_KEY, HeaderValue::from_str(key).unwrap());
    }
    let response = app.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status().as_u16(), expected, "{method} {path} {key:?}");
    if expected == 401 {
        assert_eq!(json_of(response).await.1, json!({ "error": "Unauthorized" }));
    }
}

#[tokio::test]
async fn the_key_protects_what_runs_or_lists_commands_and_nothing_else() {
    let app = app(&settings([("CONNECTOR_PROXY_API_KEY", "s3cret")])).await;
    for (method, path) in [
        ("GET", "/v1/commands"),
        ("POST", "/v1/commands"),
        ("GET", "/v1/auths"),
        ("POST", "/v1/do/order-connector/ECHO"),
        ("GET", "/v1/do/order-connector/ECHO"),
        ("POST", "/v1/do/order-connector/NOPE"),
        ("POST", "/v1/do/x"),
        ("POST", "/v1/do/"),
    ] {
        for key in [None, Some(""), Some("s3cre"), Some("s3cret1"), Some("S3CRET")] {
            check_key(&app, method, path, key, 401).await;
        }
    }
    let right = Some("s3cret");
    check_key(&app, "GET", "/v1/commands", right, 200).await;
    check_key(&app, "GET", "/v1/auths", right, 200).await;
    check_key(&app, "POST", "/v1/do/order-connector/ECHO", right, 200).await;
    check_key(&app, "POST", "/v1/do/order-connector/NOPE", right, 404).await;
    check_key(&app, "OPTIONS", "/v1/do/order-connector/ECHO", None, 405).await;
    for path in ["/", "/liveness", "/v1/liveness"] {
        check_key(&app, "GET", path, None, 200).await;
    }
    check_key(&app, "GET", "/v1/auth/x/y", None, 404).await;
}

#[tokio::test]
async fn an_empty_key_opens_nothing() {
    let mut settings = settings([]);
    settings.connector_proxy_api_key = Some(Secret::default());
    let app = app(&settings).await;
    check_key(&app, "GET", "/v1/commands", None, 401).await;
    check_key(&app, "GET", "/v1/commands", Some(""), 401).await;
}

#[test]
fn only_origins_are_origins() {
    for list in [
        "*",
        "arena.example.org",
        "https://",
        "https://a/b",
        "ftp://a",
        "https://*.a",
        "http://ä b\u{7f}",
    ] {
        let why = origins(&format!("https://ok,{list}")).unwrap_err();
        assert_eq!(why, format!("\"{list}\" is no origin, e.g. https://arena.example.org"));
    }
    assert_eq!(
        origins("https://A.example:8443/ ,, http://b").unwrap(),
        ["https://a.example:8443", "http://b"]
    );
    assert!(origins(" ").unwrap().is_empty());
}

async fn allowed_origin(origins: &str, method: &str, path: &str) -> (u16, Option<String>) {
    let settings = settings([
        ("CONNECTOR_PROXY_CORS_ORIGINS", origins),
        ("CONNECTOR_PROXY_API_KEY", "s3cret"),
    ]);
    let mut request = ask(method, path);
    for (name, value) in [
        ("origin", "https://a.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type,spiff-connector-proxy-api-key"),
    ] {
        request.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let response = app(&settings).await.oneshot(request).await.unwrap();
    let origin = response.headers().get("access-control-allow-origin");
    (response.status().as_u16(), origin.map(|it| it.to_str().unwrap().to_owned()))
}

#[tokio::test]
async fn browsers_are_locked_out_unless_their_origin_is_listed() {
    let ours = Some("https://a.example".to_owned());
    let listed = "https://b.example, https://a.example";
    for (origins, method, path, expected) in [
        ("", "OPTIONS", "/v1/commands", (405, None)),
        ("*", "OPTIONS", "/v1/commands", (405, None)),
        (" ", "OPTIONS", "/v1/commands", (405, None)),
        ("https://b.example", "OPTIONS", "/v1/commands", (200, None)),
        (listed, "OPTIONS", "/liveness", (405, None)),
        (listed, "GET", "/", (200, None)),
        (listed, "OPTIONS", "/v1/commands", (200, ours.clone())),
        (listed, "OPTIONS", "/v1/do/order-connector/ECHO", (200, ours.clone())),
        (listed, "GET", "/v1/commands", (401, ours.clone())),
        (listed, "GET", "/v1/nowhere", (404, ours)),
    ] {
        assert_eq!(allowed_origin(origins, method, path).await, expected, "{origins:?} {path}");
    }
}

#[tokio::test]
async fn a_preflight_allows_the_methods_and_headers_in_use() {
    let settings = settings([("CONNECTOR_PROXY_CORS_ORIGINS", "https://a.example")]);
    let response = app(&settings).await.oneshot(ask("OPTIONS", "/v1/commands")).await.unwrap();
    assert_eq!(response.headers()["access-control-allow-methods"], "GET,POST");
    let headers = &response.headers()["access-control-allow-headers"];
    assert_eq!(headers, "content-type,spiff-connector-proxy-api-key");
}

#[test]
fn slashes_too_many_are_dropped_before_v1_only() {
    for (uri, expected) in [
        ("/v1/commands", "/v1/commands"),
        ("//v1/commands", "/v1/commands"),
        ("///v1/do/a/b?x=//v1/y", "/v1/do/a/b?x=//v1/y"),
        ("/app//v1/do/a//b", "/app/v1/do/a//b"),
        ("http://proxy:8080//v1/commands", "http://proxy:8080/v1/commands"),
        ("/hook//other?x=//v1/", "/hook//other?x=//v1/"),
        ("*", "*"),
    ] {
        let request = http::Request::get(uri).body(()).unwrap();
        assert_eq!(collapse_slashes(request).uri().to_string(), expected);
    }
}

/// The app under `/app`, as `run` serves it.
async fn served(settings: &Settings, tracker: &TaskTracker) -> TcpStream {
    let app = Router::new().nest("/app", app_named(settings, "i", tracker.clone()).await);
    let app = Router::new().fallback_service(app).layer(middleware::map_request(
        async |request: extract::Request| collapse_slashes(request),
    ));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tracker.spawn(async move { axum::serve(listener, app).await });
    TcpStream::connect(addr).await.unwrap()
}

async fn received(mut stream: TcpStream) -> String {
    let mut text = String::new();
    let read = stream.read_to_string(&mut text);
    time::timeout(Duration::from_secs(30), read).await.unwrap().unwrap();
    text
}

#[tokio::test]
async fn under_a_prefix_and_with_a_double_slash_commands_are_found() {
    for (line, expected) in [
        ("GET /app//v1/commands", "\"id\":\"i/ECHO\""),
        ("POST /app//v1/do/i/ECHO", "\"command_response_version\":2"),
        ("GET /app/v1/nowhere", "path_not_found"),
        ("GET /app", "the commands are listed at"),
    ] {
        let mut stream = served(&settings([]), &TaskTracker::new()).await;
        let head = "Host: x\r\nConnection: close\r\nContent-Type: application/json\r\n";
        let request = format!("{line} HTTP/1.1\r\n{head}Content-Length: 2\r\n\r\n{{}}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let text = received(stream).await;
        assert!(text.contains(expected), "{line}: {text}");
    }
}

#[tokio::test]
async fn whoever_sends_too_much_gets_to_reading_the_refusal() {
    const SENT: usize = 32 * 1024 * 1024;
    let settings = settings([("HTTP_BODY_BYTES_MAX", "1KiB")]);
    let mut stream = served(&settings, &TaskTracker::new()).await;
    let head = format!(
        "POST /app/v1/do/i/ECHO HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {SENT}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b' '; SENT]).await.unwrap();
    let text = received(stream).await;
    assert!(text.starts_with("HTTP/1.1 413 ") && text.contains("HTTP_BODY_BYTES_MAX"), "{text}");
}

#[tokio::test]
async fn a_panic_in_a_handler_is_answered_too() {
    let broken = Router::new()
        .route("/v1/do/x", any(async || -> StatusCode { panic!("text with data") }))
        .layer(CatchPanicLayer::custom(panicked));
    check_refused(&broken, ask("GET", "/v1/do/x"), 500, "internal_error: something").await;
}

#[tokio::test]
async fn commands_of_arenas_own_keep_their_codes_and_bodies() {
    // `ERROR_MODE` is for actions: what diagrams catch stays an error.
    for mode in ["bpmn", "output"] {
        let app = arena_app(&settings([("ERROR_MODE", mode)])).await;
        for (inputs, status, code, body) in [
            ("{}", 500, "TypeError", json!({})),
            (r#"{"to": "a"}"#, 500, "TypeError", json!({})),
            (r#"{"to": "a", "port": "x"}"#, 500, "TypeError", json!({})),
            (r#"{"to": "a", "port": 1, "bcc": "b"}"#, 500, "TypeError", json!({})),
            (r#"{"to": null, "port": 1}"#, 200, "SMTPDataError", json!("{}")),
            (r#"{"to": "a", "port": "25"}"#, 503, "ConnectionRefusedError", json!({})),
        ] {
            let (outer, body_of) = answer(app.clone(), call("/v1/do/mail/Send", &[], inputs)).await;
            let response = &body_of["command_response"];
            assert_eq!(outer, 200, "{inputs}");
            assert_eq!(response["http_status"], status, "{inputs}");
            assert_eq!(body_of["error"]["error_code"], code, "{inputs}");
            assert_eq!(response["body"], body, "{inputs}");
        }
        let inputs = r#"{"to": 7, "port": "26", "tls": 1, "headers": {"a": "b"}, "spiff__x": 1}"#;
        let (_, done) = answer(app.clone(), call("/v1/do/mail/Send", &[], inputs)).await;
        assert_eq!(done["error"], Value::Null);
        let expected = json!({"body": "7 26 Some(true)", "mimetype": "application/json",
            "http_status": 201, "headers": {"a": "b"}});
        assert_eq!(done["command_response"], expected);
    }
}

#[tokio::test]
async fn parameters_that_do_not_fit_are_named() {
    let app = arena_app(&settings([])).await;
    for (inputs, expected) in [
        ("{}", "`to` is missing"),
        (r#"{"to": "a"}"#, "`port` is missing"),
        (r#"{"to": "a", "port": null}"#, "`port` is missing"),
        (
            r#"{"to": "a", "port": 1, "bcc": "b"}"#,
            "`bcc` is no parameter; there are to, port, headers, tls",
        ),
        (r#"{"to": "a", "port": "x"}"#, "`port`: invalid type: string \"x\", expected u16"),
    ] {
        let (_, answered) = answer(app.clone(), call("/v1/do/mail/Send", &[], inputs)).await;
        assert_eq!(answered["error"]["message"], expected, "{inputs}");
    }
}

#[tokio::test]
async fn commands_of_arenas_own_are_listed_with_their_parameters_in_order() {
    let app = arena_app(&settings([])).await;
    let (_, listed) = json_of(app.oneshot(ask("GET", "/v1/commands")).await.unwrap()).await;
    validate(COMMANDS, &listed);
    let own = listed.as_array().unwrap().iter().find(|it| it["id"] == "mail/Send").unwrap();
    let expected = json!({"id": "mail/Send", "parameters": [
        {"id": "to", "type": "str", "required": true},
        {"id": "port", "type": "int", "required": true},
        {"id": "headers", "type": "any", "required": false},
        {"id": "tls", "type": "bool", "required": false}]});
    assert_eq!(own.to_string(), expected.to_string());
}
