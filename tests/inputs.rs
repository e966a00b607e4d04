//! Inputs as engines write them: missing, null, of the wrong type, of the right type in other clothes (B4, C5).

use serde_json::{Value, json};

use crate::{
    engine::{Kind, Request},
    peers::{Peer, Reply},
    scene::Scene,
};

#[tokio::test]
async fn what_is_missing_or_wrong_is_named() {
    let scene = Scene::start(&[]).await;
    for (action, inputs, code, culprit) in [
        ("GET", json!({}), "MISSING_INPUT", "restUrl"),
        ("GET", json!({"restUrl": Value::Null}), "MISSING_INPUT", "restUrl"),
        ("GET", json!({"restUrl": "orders/4711"}), "INVALID_INPUT", "restUrl"),
        (
            "GET",
            json!({"restUrl": "http://127.0.0.1:1", "timeout": "bad"}),
            "INVALID_INPUT",
            "timeout",
        ),
        (
            "GET",
            json!({"restUrl": "http://127.0.0.1:1", "timeout": [1, 2]}),
            "INVALID_INPUT",
            "timeout",
        ),
        ("POST", json!({"restUrl": {"a": 1}}), "INVALID_INPUT", "restUrl"),
        (
            "PUT",
            json!({"restUrl": "http://127.0.0.1:1", "requestHeaders": 5}),
            "INVALID_INPUT",
            "requestHeaders",
        ),
        (
            "GET",
            json!({"restUrl": "http://127.0.0.1:1", "_timeout_": "soon"}),
            "INVALID_INPUT",
            "_timeout_",
        ),
    ] {
        let answer = scene.error(action, &inputs, code).await;
        assert!(answer.error_message().contains(culprit), "{inputs}: {}", answer.error_message());
    }
}

/// Each entry as it is on the wire, and what becomes of a request whose `restUrl` it is.
#[tokio::test]
async fn nulls_and_unknown_types_never_end_in_silence() {
    let scene = Scene::start(&[]).await;
    let peer = Peer::start(|_| Reply::json(200, &json!(1))).await;
    let url = peer.url("/");
    let destination = scene.destination("GET");
    for (entry, expected) in [
        (Value::Null, "MISSING_INPUT"),
        (json!({"type": "string", "value": Value::Null}), "MISSING_INPUT"),
        (json!({"type": Value::Null, "value": Value::Null}), "INVALID_INPUT"),
        (json!({"type": "string", "value": url}), ""),
        (json!({"type": "uri", "value": url}), ""),
        (json!(url), ""),
    ] {
        let request =
            scene.engine.request(&destination, &json!({})).variable("restUrl", entry.clone());
        scene.engine.send(&destination, &request).await;
        let answer = scene.engine.answer(request.id()).await;
        assert_eq!(answer.error_code(), expected, "{entry}: {}", answer.error_message());
    }
    let request = scene.engine.request(&destination, &json!({}));
    let request =
        request.context("inBoundVariables", Value::Null).context("businessKey", Value::Null);
    let request = ["appVersion", "appName", "serviceName", "serviceType", "serviceVersion"]
        .into_iter()
        .fold(request, |request, name| request.member(name, Value::Null));
    scene.engine.send(&destination, &request).await;
    scene.engine.expect_error(request.id(), "MISSING_INPUT").await;
}

#[tokio::test]
async fn texts_are_read_as_what_the_definition_wants() {
    let scene = Scene::start(&[]).await;
    let peer = Peer::start(|_| Reply::json(200, &json!(1))).await;
    scene
        .result(
            "POST",
            &json!({
                "restUrl": peer.url("/orders"),
                "restUrlParams": "{\"page\": 2}",
                "requestHeaders": {"X-Number": 7, "X-Flag": true},
                "requestPayload": {"price": "10.50", "lines": [1, null]},
                "timeout": "5000",
                "circuitBreaker": "false",
                "_retry_attempts_": "1",
            }),
        )
        .await;
    let call = peer.calls().remove(0);
    assert_eq!((call.method.as_str(), call.target.as_str()), ("POST", "/orders?page=2"));
    assert_eq!((call.headers["x-number"].as_str(), call.headers["x-flag"].as_str()), ("7", "true"));
    let body: Value = serde_json::from_str(&call.body).unwrap();
    assert_eq!(body["price"], "10.50");
    assert_eq!(body["lines"], json!([1, null]));
}

/// All at once, as a process with `MAP_ALL` and the wire types of a real bundle sends them.
#[tokio::test]
async fn variables_that_no_action_asks_for_do_no_harm() {
    let scene = Scene::start(&[]).await;
    let peer = Peer::start(|_| Reply::json(200, &json!(1))).await;
    let destination = scene.destination("GET");
    let captured = Request::captured("request-all-java-types");
    let request = scene.engine.own(captured, &destination);
    let url = json!({"type": "string", "value": peer.url("/")});
    let request = request.variable("restUrl", url);
    scene.engine.send(&destination, &request).await;
    let answer = scene.engine.answer(request.id()).await;
    assert_eq!(answer.kind, Kind::Result, "{}", answer.error_message());
}
