//! What an answer looks like on the wire (A3, A6, A7, B3, B4, C1–C4, D1).

use std::io::Write;

use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use serde_json::{Value, json};

use crate::{
    engine::{Answer, Engine, Kind, Request, answers_to, captured_requests},
    peers::{Peer, Reply},
    scene::Scene,
    stack::Broker,
};

const BPMN_ERROR: &str = "org.activiti.cloud.api.process.model.CloudBpmnError";

#[tokio::test]
async fn a_bpmn_error_has_class_code_message_and_stack() {
    let scene = Scene::start(&[]).await;
    let answer = scene.error("GET", &json!({}), "MISSING_INPUT").await;
    assert_eq!(answer.body["errorClassName"], BPMN_ERROR);
    assert!(answer.error_message().contains("restUrl"), "{}", answer.error_message());
    let stack = answer.body["stackTraceElements"].as_array().unwrap();
    assert!(stack.iter().all(|it| it["className"].is_string() && it["methodName"].is_string()));
    check_envelope(&scene, &answer);
}

/// The request names its context, but a variable can't be read.
#[tokio::test]
async fn an_unreadable_variable_is_a_technical_error() {
    let scene = Scene::start(&[]).await;
    let destination = scene.destination("GET");
    for entry in [
        json!({"type": "integer", "value": "four"}),
        json!({"type": "map", "value": "{"}),
        json!({"type": "date", "value": "tomorrow"}),
    ] {
        let request = scene.engine.request(&destination, &json!({"restUrl": "http://127.0.0.1:1"}));
        let request = request.variable("timeout", entry.clone());
        scene.engine.send(&destination, &request).await;
        let answer = scene.engine.answer(request.id()).await;
        assert_eq!(answer.kind, Kind::Error, "{entry}");
        assert!(!answer.error_message().is_empty(), "{entry}");
        assert!(answer.body["stackTraceElements"].is_array(), "{entry}");
        check_envelope(&scene, &answer);
    }
}

#[tokio::test]
async fn a_result_has_the_properties_and_headers_that_bundles_read_and_no_others() {
    let scene = Scene::start(&[]).await;
    let peer = Peer::start(|_| Reply::json(200, &json!({"id": 7}))).await;
    let answer = scene.result("GET", &json!({"restUrl": peer.url("/")})).await;
    assert_eq!(answer.output("restStatus"), json!(200));
    assert_eq!(answer.output("restResult"), json!({"id": 7}));
    check_envelope(&scene, &answer);
}

#[tokio::test]
async fn what_the_connector_does_not_know_is_echoed() {
    let scene = Scene::start(&[]).await;
    let destination = scene.destination("GET");
    let request = scene
        .engine
        .request(&destination, &json!({}))
        .context("ephemeralVariables", json!(true))
        .context("future", json!({"a": [1, null, "ü 🚀"]}))
        .context("parentProcessInstanceId", Value::Null)
        .member("futureToo", json!([true]));
    scene.engine.send(&destination, &request).await;
    let answer = scene.engine.expect_error(request.id(), "MISSING_INPUT").await;
    check_echo(&request, &answer);
}

#[tokio::test]
async fn every_captured_request_is_answered_with_its_own_context() {
    let scene = Scene::start(&[]).await;
    let destination = scene.destination("GET");
    for name in captured_requests() {
        let request = scene.engine.own(Request::captured(&name), &destination);
        scene.engine.send(&destination, &request).await;
        let answer = scene.engine.expect_error(request.id(), "MISSING_INPUT").await;
        check_echo(&request, &answer);
    }
}

/// Non-ASCII text as UTF-8 and as escapes, in the bytes that a bundle has written.
#[tokio::test]
async fn the_captured_bytes_are_read_as_they_are() {
    let broker = Broker::shared().await;
    let engine = Engine::start(broker.url()).await;
    let errors = answers_to(Kind::Error, &engine.name);
    let scene = Scene::with(engine, broker, &[("ACT_INT_ERR_CONSUMER", &errors)]).await;
    let request = Request::captured("request-all-model-types");
    assert!(request.bytes.is_some(), "the sample has its bytes");
    scene.engine.send(&scene.destination("GET"), &request).await;
    let answer = scene.engine.expect_error(request.id(), "MISSING_INPUT").await;
    check_echo(&request, &answer);
}

#[tokio::test]
async fn compressed_requests_are_read() {
    let scene = Scene::start(&[]).await;
    let destination = scene.destination("GET");
    for encoding in ["gzip", "gzip:UTF-8", "deflate", "UTF-8"] {
        let request = scene.engine.request(&destination, &json!({})).encoding(encoding);
        let bytes = compress(encoding, &request.payload());
        scene.engine.send(&destination, &request.clone().bytes(bytes)).await;
        let answer = scene.engine.expect_error(request.id(), "MISSING_INPUT").await;
        assert_eq!(answer.properties.content_encoding().as_ref(), None);
        check_echo(&request, &answer);
    }
}

/// 12 MiB by default; more than 64 MiB would stop the whole bundle.
#[tokio::test]
async fn an_answer_over_the_limit_becomes_an_error_that_names_setting_and_output() {
    let scene = Scene::start(&[("ANSWER_BYTES_MAX", "20kB")]).await;
    let peer = Peer::start(|_| Reply::json(200, &json!("x".repeat(100_000)))).await;
    let id = scene.ask("GET", &json!({"restUrl": peer.url("/")})).await;
    let answer = scene.engine.answer(&id).await;
    assert_eq!(answer.kind, Kind::Error);
    assert!(!answer.error_code().is_empty());
    for word in ["ANSWER_BYTES_MAX", "restResult"] {
        assert!(answer.error_message().contains(word), "{}", answer.error_message());
    }
    assert!(answer.size < 20_000, "{} bytes", answer.size);
    assert_eq!(peer.calls().len(), 1, "the call isn't made again for it");
}

#[tokio::test]
async fn large_inputs_are_left_out_of_the_echo_before_an_answer_is_given_up() {
    let scene = Scene::start(&[("ANSWER_BYTES_MAX", "20kB")]).await;
    let peer = Peer::start(|_| Reply::json(200, &json!("small"))).await;
    let inputs = json!({"restUrl": peer.url("/"), "unused": "x".repeat(30_000)});
    let answer = scene.result("GET", &inputs).await;
    assert_eq!(answer.output("restResult"), json!("small"));
    assert_eq!(answer.body["integrationContext"]["inBoundVariables"], json!({}));
    assert_eq!(answer.body["integrationContext"]["executionId"].as_str().map(str::len), Some(36));
}

/// The bundle would run it at the next task, or drop the whole result.
#[tokio::test]
async fn an_expression_in_an_output_is_neutralised() {
    let scene = Scene::start(&[]).await;
    let body = json!({"greeting": "hi ${name}", "list": ["${a}", "${"], "#": "#{b}"});
    let peer = Peer::start(move |_| Reply::json(200, &body)).await;
    let answer = scene.result("GET", &json!({"restUrl": peer.url("/")})).await;
    let expected = json!({"greeting": "hi $\\{name}", "list": ["$\\{a}", "${"], "#": "#{b}"});
    assert_eq!(answer.output("restResult"), expected);
    let labels = ["action=\"GET\"", "output=\"restResult\""];
    assert!(scene.connector.metric("connector_outputs_neutralised_total", &labels).await > 0.0);
}

#[tokio::test]
async fn an_expression_in_an_output_is_an_error_where_the_operator_asks() {
    let scene = Scene::start(&[("OUTPUT_EXPRESSIONS", "error")]).await;
    let peer = Peer::start(|_| Reply::json(200, &json!("${x}"))).await;
    let id = scene.ask("GET", &json!({"restUrl": peer.url("/")})).await;
    let answer = scene.engine.answer(&id).await;
    assert_eq!(answer.kind, Kind::Error);
    assert!(answer.error_message().contains("restResult"), "{}", answer.error_message());
}

#[tokio::test]
async fn in_the_older_style_a_failure_is_an_output() {
    let scene = Scene::start(&[("ERROR_MODE", "output")]).await;
    let peer = Peer::start(|_| Reply::json(404, &json!({"error": "no such order"}))).await;
    let answer = scene.result("GET", &json!({"restUrl": peer.url("/orders/1")})).await;
    let error = answer.output("restError");
    let error = error.as_str().unwrap();
    assert!(error.contains("404") && error.contains("no such order"), "{error}");
    assert_eq!(answer.output("restStatus"), json!(404));
    let answer = scene.result("GET", &json!({})).await;
    assert!(answer.output("restError").as_str().unwrap().contains("restUrl"));
}

#[tokio::test]
async fn the_trace_goes_on_to_the_peer_and_back_to_the_bundle() {
    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    let scene = Scene::start(&[]).await;
    let peer = Peer::start(|_| Reply::json(200, &json!(1))).await;
    let destination = scene.destination("GET");
    let request = scene.engine.request(&destination, &json!({"restUrl": peer.url("/")}));
    let request = request.header("traceparent", TRACE);
    scene.engine.send(&destination, &request).await;
    let answer = scene.engine.expect_result(request.id()).await;
    // The trace is the same; the span may be a new one.
    assert_eq!(answer.headers()["traceparent"][..36], TRACE[..36]);
    assert_eq!(peer.calls()[0].headers["traceparent"][..36], TRACE[..36]);
}

/// What all answers have in common (A3, D1, §6 of the contract).
fn check_envelope(scene: &Scene, answer: &Answer) {
    let destination = answers_to(answer.kind, &scene.engine.name);
    assert_eq!((&answer.exchange, &answer.routing_key), (&destination, &destination));
    assert_eq!(answer.properties.content_type().as_ref().unwrap().as_str(), "application/json");
    assert_eq!(*answer.properties.delivery_mode(), Some(2), "persistent");
    let expected = [
        ("spring.cloud.function.destination", destination.as_str()),
        ("targetAppName", "probe-app"),
        ("targetService", &scene.engine.name),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!(answer.headers(), expected);
    for (member, value) in [
        ("serviceName", scene.name.as_str()),
        ("serviceFullName", &scene.name),
        ("serviceType", "connector"),
    ] {
        assert_eq!(answer.body[member], value, "{member}");
    }
}

/// The context comes back as it went; its copy in the request without the variables, which nobody reads.
fn check_echo(request: &Request, answer: &Answer) {
    let mut context = request.body["integrationContext"].clone();
    let mut echoed = answer.body["integrationContext"].clone();
    context["outBoundVariables"].take();
    echoed["outBoundVariables"].take();
    assert_eq!(echoed, context);
    let mut request = request.body.clone();
    let echoed = &answer.body["integrationRequest"];
    for map in ["inBoundVariables", "outBoundVariables"] {
        request["integrationContext"].as_object_mut().unwrap().shift_remove(map);
    }
    assert_eq!(*echoed, request);
}

fn compress(encoding: &str, bytes: &[u8]) -> Vec<u8> {
    let level = Compression::default();
    match encoding.split(':').next() {
        Some("gzip") => {
            let mut encoder = GzEncoder::new(Vec::new(), level);
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Some("deflate") => {
            let mut encoder = ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        _ => bytes.to_vec(),
    }
}
