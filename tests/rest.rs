//! The REST connector through the whole stack: its eight actions, and bad weather at the peer.

use std::time::Duration;

use serde_json::json;

use crate::{
    peers::{Peer, Reply},
    scene::Scene,
    stack::{PERSON, SECRET, free_port},
};

#[tokio::test]
async fn a_missing_page_is_a_bpmn_error_with_status_and_text() {
    let scene = Scene::start(&[]).await;
    let peer = Peer::start(|_| Reply::json(404, &json!({"error": "no such order"}))).await;
    let inputs = json!({"restUrl": peer.url("/orders/4711?key=S3CR3T-query")});
    let answer = scene.error("GET", &inputs, "NOT_FOUND").await;
    let message = answer.error_message();
    for part in ["GET", "/orders/4711", "404", "no such order"] {
        assert!(message.contains(part), "{message}");
    }
    assert!(!message.contains(SECRET), "{message}");
    assert_eq!(peer.calls().len(), 1, "not tried again");
}

#[tokio::test]
async fn a_peer_that_is_not_there_is_tried_again_and_then_told() {
    let scene = Scene::start(&[]).await;
    let url = format!("http://127.0.0.1:{}/", free_port());
    scene.error("GET", &json!({"restUrl": url}), "CONNECTION_ERROR").await;
    let retries = scene.connector.metric("connector_retries_total", &["action=\"GET\""]).await;
    assert!((retries - 2.0).abs() < 0.1, "{retries} retries");
}

#[tokio::test]
async fn a_peer_that_hangs_up_hangs_or_dawdles_is_given_up_in_time() {
    let scene = Scene::start(&[]).await;
    let peer = Peer::start(|call| match call.target.as_str() {
        "/hangs-up" => Reply::HangUp,
        "/hangs" => Reply::Gate,
        _ => Reply::Slow(Duration::from_secs(1), vec![b'x'; 100]),
    })
    .await;
    for (target, code) in [
        ("/hangs-up", "CONNECTION_ERROR"),
        ("/hangs", "REQUEST_TIMEOUT"),
        ("/dawdles", "REQUEST_TIMEOUT"),
    ] {
        let inputs = json!({"restUrl": peer.url(target), "timeout": 300, "_retry_attempts_": 1});
        scene.error("GET", &inputs, code).await;
    }
    peer.open();
}

#[tokio::test]
async fn a_peer_that_recovers_gives_one_result() {
    let scene = Scene::start(&[]).await;
    let peer = Peer::start(|call| match call.number {
        1 | 2 => Reply::json(503, &json!("later")),
        _ => Reply::json(200, &json!("now")),
    })
    .await;
    let id = scene.ask("PUT", &json!({"restUrl": peer.url("/")})).await;
    let answer = scene.engine.expect_result(&id).await;
    assert_eq!(answer.output("restResult"), json!("now"));
    assert_eq!(peer.calls().len(), 3);
    assert_eq!(scene.engine.answers(&id).len(), 1);
}

/// A wait that the peer asks for is no attempt.
#[tokio::test]
async fn a_rate_limit_is_waited_for() {
    let scene = Scene::start(&[]).await;
    let peer = Peer::start(|call| match call.number {
        1 => Reply::With(429, vec![("retry-after", "1".to_owned())], b"slowly".to_vec()),
        _ => Reply::json(200, &json!(1)),
    })
    .await;
    let inputs = json!({"restUrl": peer.url("/"), "_retry_attempts_": 1});
    scene.result("POST", &inputs).await;
    assert_eq!(peer.calls().len(), 2);
}

/// What happened is not known, so nobody but the author may say that a repetition is harmless.
#[tokio::test]
async fn an_order_that_may_have_been_placed_is_not_placed_again() {
    let scene = Scene::start(&[]).await;
    let peer = Peer::start(|_| Reply::HangUp).await;
    let inputs = json!({"restUrl": peer.url("/orders"), "requestPayload": {"n": 1}});
    scene.error("POST", &inputs, "CONNECTION_ERROR").await;
    assert_eq!(peer.calls().len(), 1);
}

#[tokio::test]
async fn what_a_peer_repeats_of_our_secrets_is_masked() {
    let scene = Scene::start(&[]).await;
    let peer = Peer::start(|call| {
        Reply::json(401, &json!({"you sent": call.headers["authorization"], "by": PERSON}))
    })
    .await;
    let secret = format!("Bearer {SECRET}-bearer");
    let inputs = json!({"restUrl": peer.url("/"), "requestHeaders": {"Authorization": secret}});
    let answer = scene.error("GET", &inputs, "UNAUTHORIZED").await;
    assert_eq!(peer.calls()[0].headers["authorization"], secret);
    assert!(!answer.error_message().contains(SECRET), "{}", answer.error_message());
}

#[tokio::test]
async fn each_action_is_the_method_of_its_name() {
    let scene = Scene::start(&[]).await;
    let peer = Peer::start(|_| Reply::json(200, &json!({"id": 7}))).await;
    for action in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
        let target = format!("/{action}");
        let id = scene.ask(action, &json!({"restUrl": peer.url(&target)})).await;
        let answer = scene.engine.expect_result(&id).await;
        assert_eq!(answer.output("restStatus"), json!(200), "{action}");
        let call = peer.calls().into_iter().find(|call| call.target == target).unwrap();
        assert_eq!(call.method, action);
        let key = call.headers.get("idempotency-key");
        assert_eq!(key, matches!(action, "POST" | "PATCH").then_some(&id), "{action}");
    }
}

#[tokio::test]
async fn binary_and_empty_bodies_never_fail_a_call_that_succeeded() {
    let scene = Scene::start(&[]).await;
    let peer = Peer::start(|call| match call.target.as_str() {
        "/png" => Reply::Answer(200, "image/png", vec![0x89, b'P', b'N', b'G', 0, 0xff]),
        "/empty" => Reply::Answer(200, "application/json", Vec::new()),
        "/text" => Reply::Answer(200, "text/plain; charset=ISO-8859-1", b"Gr\xfc\xdfe".to_vec()),
        _ => Reply::Answer(200, "application/json", b"<html>".to_vec()),
    })
    .await;
    for target in ["/png", "/empty", "/text", "/no-json"] {
        let answer = scene.result("GET", &json!({"restUrl": peer.url(target)})).await;
        assert_eq!(answer.output("restStatus"), json!(200), "{target}");
        if target == "/text" {
            assert_eq!(answer.output("restResult"), json!("Grüße"));
        }
    }
}
