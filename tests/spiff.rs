//! SpiffArena's connector-proxy protocol over HTTP (its contract's §10).

mod http;
mod schema;

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::{
    peers::{Peer, Reply},
    stack::{Connector, PERSON, SECRET, eventually},
};

const KEY_HEADER: &str = "Spiff-Connector-Proxy-Api-Key";

#[tokio::test]
async fn what_cannot_be_dispatched_is_refused_in_json() {
    let connector = start(&[]).await;
    let json = "application/json";
    for (method, path, kind, body, status) in [
        (Method::POST, "/v1/do/rest-connector/FETCH", json, "{}", 404),
        (Method::POST, "/v1/do/mail/GET", json, "{}", 404),
        (Method::POST, "/v1/do/rest-connector", json, "{}", 404),
        (Method::POST, "/v1/Do/rest-connector/GET", json, "{}", 404),
        (Method::POST, "/v1/do/rest-connector/GET", json, "{", 400),
        (Method::POST, "/v1/do/rest-connector/GET", json, "[]", 400),
        (Method::POST, "/v1/do/rest-connector/GET", "text/plain", "{}", 415),
        (Method::DELETE, "/v1/do/rest-connector/GET", json, "{}", 405),
        (Method::POST, "/v1/commands", json, "{}", 405),
    ] {
        let request = connector.request(method, path).header("content-type", kind);
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path} {kind} {body}");
        let answer = read(answer).await;
        assert!(schema::refused().is_valid(&answer), "{path}: {answer}");
        if status == 404 && path.starts_with("/v1/do/") {
            assert_eq!(answer["error"]["error_code"], "command_not_found", "{path}");
        }
    }
}

#[tokio::test]
async fn failures_of_a_command_are_envelopes_with_code_and_status() {
    let connector = start(&[]).await;
    let peer = Peer::start(|call| match call.target.as_str() {
        "/gone" => Reply::json(410, &json!({"gone": true})),
        "/busy" => Reply::json(503, &json!({"busy": true})),
        _ => Reply::HangUp,
    })
    .await;
    for (inputs, code, status) in [
        (json!({}), "MISSING_INPUT", 400),
        (json!({"restUrl": null}), "MISSING_INPUT", 400),
        (json!({"restUrl": "/orders"}), "INVALID_INPUT", 400),
        (json!({"restUrl": peer.url("/gone")}), "GONE", 410),
        (json!({"restUrl": peer.url("/busy")}), "SERVICE_UNAVAILABLE", 503),
        (json!({"restUrl": peer.url("/hangs-up")}), "CONNECTION_ERROR", 503),
    ] {
        let answer = run(&connector, "GET", &inputs).await;
        assert_eq!(answer["error"]["error_code"], code, "{answer}");
        assert_eq!(answer["command_response"]["http_status"], status, "{answer}");
    }
}

#[tokio::test]
async fn a_success_is_an_envelope_and_reserved_members_are_no_inputs() {
    let connector = start(&[]).await;
    let peer = Peer::start(|_| Reply::json(200, &json!({"id": 7}))).await;
    let task = "6b1f0c5e-4b3a-4a7e-9a59-0d6f6d1c2b11";
    let inputs = json!({
        "restUrl": peer.url("/orders"),
        "requestPayload": {"n": 1},
        "spiff__process_instance_id": 17,
        "spiff__process_model_identifier": "finance/invoice",
        "spiff__task_id": task,
        "spiff__task_data": {"email": PERSON, "token": format!("{SECRET}-task")},
        "spiff__callback_url": "https://arena.example.org/api/v1.0/tasks/17/callback",
        "spiff__future": [1, 2, 3],
    });
    let answer = run(&connector, "POST", &inputs).await;
    assert_eq!(answer["error"], Value::Null, "{answer}");
    assert_eq!(answer["command_response"]["mimetype"], "application/json");
    assert!(answer["command_response"]["body"].to_string().contains("\"id\":7"), "{answer}");
    assert!(!answer["spiff__logs"].to_string().contains(SECRET), "{answer}");
    let call = peer.calls().remove(0);
    assert_eq!(call.headers["idempotency-key"], task);
    assert!(!call.body.contains("spiff__"), "{}", call.body);
}

#[tokio::test]
async fn the_catalog_lists_every_action_with_its_parameters() {
    let connector = start(&[]).await;
    let catalog = read(connector.get("/v1/commands").send().await.unwrap()).await;
    assert!(schema::catalog().is_valid(&catalog), "{catalog}");
    for action in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
        let id = format!("rest-connector/{action}");
        let command = catalog.as_array().unwrap().iter().find(|it| it["id"] == id.as_str());
        let parameters = &command.unwrap_or_else(|| panic!("{id} is missing"))["parameters"];
        let find = |name: &str| parameters.as_array().unwrap().iter().find(|it| it["id"] == name);
        assert_eq!(find("restUrl").unwrap()["type"], "str");
        assert_eq!(find("timeout").unwrap()["type"], "int");
        assert_eq!(find("requestHeaders").unwrap()["type"], "any");
    }
    let auths = read(connector.get("/v1/auths").send().await.unwrap()).await;
    assert!(schema::catalog().is_valid(&auths), "{auths}");
}

#[tokio::test]
async fn with_a_key_only_its_holders_get_in() {
    let key = format!("{SECRET}-api-key");
    let connector = start(&[("CONNECTOR_PROXY_API_KEY", &key)]).await;
    let get = |path: &str, key: Option<&str>| {
        let request = connector.get(path);
        key.into_iter().fold(request, |request, key| request.header(KEY_HEADER, key)).send()
    };
    for path in ["/v1/commands", "/v1/auths", "/v1/do/rest-connector/GET", "//v1/commands"] {
        for wrong in [None, Some(""), Some("S3CR3T-api-kez"), Some("S3CR3T-api-key2")] {
            let answer = get(path, wrong).await.unwrap();
            assert_eq!(answer.status(), 401, "{path} {wrong:?}");
            assert_eq!(read(answer).await, json!({"error": "Unauthorized"}));
        }
    }
    for path in ["/v1/commands", "/v1/auths"] {
        assert_eq!(get(path, Some(&key)).await.unwrap().status(), 200, "{path}");
    }
    for path in ["/", "/liveness", "/v1/liveness"] {
        assert_eq!(get(path, None).await.unwrap().status(), 200, "{path}");
    }
}

#[tokio::test]
async fn browsers_are_kept_out_unless_their_origin_is_named() {
    const ORIGIN: &str = "https://modeler.example.org";
    let key = format!("{SECRET}-api-key");
    let closed = start(&[]).await;
    let open = start(&[
        ("CONNECTOR_PROXY_CORS_ORIGINS", &format!("https://other.example.org, {ORIGIN}")),
        ("CONNECTOR_PROXY_API_KEY", &key),
    ])
    .await;
    let allowed = async |connector: &Connector, origin: &str| {
        let preflight = connector
            .request(Method::OPTIONS, "/v1/commands")
            .header("origin", origin)
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", KEY_HEADER.to_lowercase())
            .send()
            .await
            .unwrap();
        let headers = preflight.headers();
        let header = |name: &str| headers.get(name).map(|it| it.to_str().unwrap().to_lowercase());
        let named = header("access-control-allow-headers");
        let origin = header("access-control-allow-origin");
        assert!(origin.is_none() || preflight.status() == 200, "{}", preflight.status());
        origin.map(|origin| (origin, named.unwrap_or_default()))
    };
    assert_eq!(allowed(&closed, ORIGIN).await, None);
    assert_eq!(allowed(&open, "https://evil.example.org").await, None);
    let (origin, headers) = allowed(&open, ORIGIN).await.expect("the origin is allowed");
    assert_eq!(origin, ORIGIN);
    assert!(headers.contains(&KEY_HEADER.to_lowercase()), "{headers}");
}

#[tokio::test]
async fn a_base_url_with_a_slash_or_a_path_works() {
    let plain = start(&[]).await;
    let below = Connector::launch(&[("CONTEXT_PATH", "standard")]);
    eventually("it listens", async || below.get("/standard/v1/liveness").send().await.ok()).await;
    for (connector, prefix) in [(&plain, "/"), (&below, "/standard"), (&below, "/standard/")] {
        let path = format!("{prefix}/v1/do/rest-connector/GET");
        let (status, answer) = connector.post(&path, &json!({})).await;
        assert_eq!(status, 200, "{path}");
        assert_eq!(answer["error"]["error_code"], "MISSING_INPUT", "{path}: {answer}");
        let catalog = connector.get(&format!("{prefix}/v1/commands")).send().await.unwrap();
        assert_eq!(catalog.status(), 200, "{prefix}");
    }
}

/// Every call carries the whole task data, files as base64 included.
#[tokio::test]
async fn a_body_of_20_megabytes_passes() {
    let connector = start(&[]).await;
    let peer = Peer::start(|_| Reply::json(200, &json!(1))).await;
    let task_data = json!({"file": "x".repeat(20_000_000)});
    let inputs = json!({"restUrl": peer.url("/"), "spiff__task_data": task_data});
    let answer = run(&connector, "GET", &inputs).await;
    assert_eq!(answer["error"], Value::Null);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_in_json() {
    let connector = start(&[("HTTP_BODY_BYTES_MAX", "100kB")]).await;
    let inputs = json!({"spiff__task_data": "x".repeat(200_000)});
    let request = connector.request(Method::POST, "/v1/do/rest-connector/GET");
    let request = request.header("content-type", "application/json");
    let answer = request.body(inputs.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 413);
    let answer = read(answer).await;
    assert!(schema::refused().is_valid(&answer), "{answer}");
    assert!(answer.to_string().contains("HTTP_BODY_BYTES_MAX"), "{answer}");
}

/// The Python proxy has three workers, and three slow peers silence it.
#[tokio::test]
async fn it_answers_while_a_hundred_peers_hang() {
    let connector = start(&[]).await;
    let peer = Peer::start(|_| Reply::Gate).await;
    let inputs = json!({"restUrl": peer.url("/hangs")});
    let calls = (0..100).map(|_| run(&connector, "GET", &inputs));
    let calls = futures_util::future::join_all(calls);
    let meanwhile = async {
        // As many as may be at work at once.
        peer.called(64).await;
        for path in ["/liveness", "/v1/liveness", "/v1/commands", "/actuator/health/liveness"] {
            assert_eq!(connector.get(path).send().await.unwrap().status(), 200, "{path}");
        }
        peer.open();
    };
    let (answers, ()) = tokio::join!(calls, meanwhile);
    assert!(answers.iter().all(|answer| answer["error"].is_null()));
}

/// The backend gives up after 45 s, and then nobody reads what the command says.
#[tokio::test]
async fn a_command_is_given_up_in_time_with_an_envelope() {
    let connector = start(&[("HTTP_TIMEOUT", "300ms")]).await;
    let peer = Peer::start(|_| Reply::Gate).await;
    let answer = run(&connector, "GET", &json!({"restUrl": peer.url("/hangs")})).await;
    assert!(answer["error"]["message"].to_string().contains("HTTP_TIMEOUT"), "{answer}");
    assert!(answer["command_response"]["http_status"].as_u64() >= Some(500), "{answer}");
    peer.open();
}

/// A connector without a broker.
async fn start(settings: &[(&str, &str)]) -> Connector {
    let mut connector = Connector::launch(settings);
    connector.ready().await;
    connector
}

/// Runs an action; the envelope is valid whatever the outcome.
async fn run(connector: &Connector, action: &str, inputs: &Value) -> Value {
    let (status, answer) = connector.post(&format!("/v1/do/rest-connector/{action}"), inputs).await;
    assert_eq!(status, 200, "{answer}");
    let errors: Vec<String> =
        schema::dispatched().iter_errors(&answer).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?} in {answer}");
    answer
}

/// The JSON of an answer that says that it is JSON.
async fn read(answer: Response) -> Value {
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(kind.starts_with("application/json"), "{kind}");
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}
