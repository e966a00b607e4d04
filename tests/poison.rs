//! Messages that can't be answered: parked with the reason, counted, never delivered again (C3, D3).

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use crate::{
    engine::{Request, texts},
    scene::Scene,
    stack::eventually,
};

#[tokio::test]
async fn what_cannot_be_answered_is_parked_with_the_reason() {
    let scene = Scene::start(&[]).await;
    let destination = scene.destination("GET");
    let good = scene.engine.request(&destination, &json!({}));
    let nobody = ["resultDestination", "errorDestination", "serviceFullName", "serviceName"];
    let nobody = nobody.into_iter().fold(good.clone(), Request::without_member);
    for (request, reason) in [
        (good.clone().bytes(*b"{\"integrationContext\":{\"id\":\"1\""), "JSON"),
        (good.clone().bytes(*b""), "JSON"),
        (good.clone().bytes(*b"\xff\xfe\x00"), "JSON"),
        (good.clone().bytes(*b"null"), "JSON"),
        (good.clone().bytes(*b"[1, 2]"), "JSON"),
        (good.clone().bytes(*b"{}"), "integrationContext"),
        (good.clone().member("integrationContext", json!("text")), "integrationContext"),
        (good.clone().without_context("id"), "id"),
        (good.clone().context("id", json!(7)), "id"),
        (good.clone().context("id", json!("")), "id"),
        (nobody, "reply"),
        (good.clone().encoding("gzip"), "gzip"),
        (good.clone().encoding("zstd"), "zstd"),
    ] {
        scene.engine.send(&destination, &request).await;
        let parked = parked(&scene).await;
        assert!(parked.reason.contains(reason), "{reason}: {}", parked.reason);
        assert_eq!(parked.bytes, request.payload(), "the message is as it was");
        assert_eq!(parked.connector_type, destination, "its headers too");
    }
    assert_settled(&scene, 13.0).await;
}

#[tokio::test]
async fn a_message_of_100_megabytes_is_parked_without_being_read() {
    let scene = Scene::start(&[]).await;
    let destination = scene.destination("GET");
    let huge = scene.engine.request(&destination, &json!({"unused": "x".repeat(100_000_000)}));
    scene.engine.send(&destination, &huge).await;
    let parked = parked(&scene).await;
    assert!(parked.reason.contains("REQUEST_BYTES_MAX"), "{}", parked.reason);
    assert!(parked.bytes.len() > 100_000_000);
    assert_settled(&scene, 1.0).await;
}

/// A kilobyte on the wire.
#[tokio::test]
async fn a_message_that_unfolds_over_the_limit_is_parked() {
    let scene = Scene::start(&[("REQUEST_BYTES_MAX", "100kB")]).await;
    let destination = scene.destination("GET");
    let bomb = scene.engine.request(&destination, &json!({"unused": "x".repeat(1_000_000)}));
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&bomb.payload()).unwrap();
    let bytes = encoder.finish().unwrap();
    assert!(bytes.len() < 10_000);
    scene.engine.send(&destination, &bomb.encoding("gzip").bytes(bytes)).await;
    let reason = parked(&scene).await.reason;
    assert!(reason.contains("REQUEST_BYTES_MAX"), "{reason}");
    assert_settled(&scene, 1.0).await;
}

#[tokio::test]
async fn requests_of_other_application_versions_are_parked_where_the_operator_asks() {
    let settings = [("APPLICATION_MIN_VERSION", "2"), ("APPLICATION_MAX_VERSION", "3.1")];
    let scene = Scene::start(&settings).await;
    let destination = scene.destination("GET");
    for (version, admitted) in
        [("1", false), ("1.9", false), ("3.2", false), ("2", true), ("3.1", true), ("2.10", true)]
    {
        let request = scene.engine.request(&destination, &json!({})).header("appVersion", version);
        scene.engine.send(&destination, &request).await;
        if admitted {
            scene.engine.expect_error(request.id(), "MISSING_INPUT").await;
        } else {
            let reason = parked(&scene).await.reason;
            assert!(reason.contains(version), "{version}: {reason}");
            assert!(scene.engine.answers(request.id()).is_empty());
        }
    }
    assert_settled(&scene, 3.0).await;
}

/// The queue says which action is meant; `connectorType` is what the process calls it.
#[tokio::test]
async fn a_request_that_names_another_action_is_not_met_with_silence() {
    let scene = Scene::start(&[]).await;
    let destination = scene.destination("GET");
    for name in ["slack-connector.SEND_MESSAGE", "GET", ""] {
        let request = scene.engine.request(&destination, &json!({}));
        let request =
            request.header("connectorType", name).context("connectorType", Value::from(name));
        scene.engine.send(&destination, &request).await;
        scene.engine.expect_error(request.id(), "MISSING_INPUT").await;
    }
}

struct Parked {
    reason: String,
    connector_type: String,
    bytes: Vec<u8>,
}

/// Takes the next message out of the parking queue.
async fn parked(scene: &Scene) -> Parked {
    let parking = scene.parking("GET");
    let message = eventually("a parked message", async || scene.engine.take(&parking).await).await;
    let headers = texts(message.properties.headers().as_ref());
    Parked {
        reason: headers["x-parked-reason"].clone(),
        connector_type: headers["connectorType"].clone(),
        bytes: message.data,
    }
}

/// The next good request is answered, all parked ones are counted, and nothing waits or goes round.
async fn assert_settled(scene: &Scene, parked: f64) {
    let destination = scene.destination("GET");
    let version = "2.5";
    let marker: Request = scene.engine.request(&destination, &json!({}));
    let marker = marker.header("appVersion", version);
    scene.engine.send(&destination, &marker).await;
    scene.engine.expect_error(marker.id(), "MISSING_INPUT").await;
    // The message may be in the parking queue before the connector knows.
    eventually("all parked messages are counted", async || {
        let counted = scene.connector.metric("connector_requests_parked_total", &[]).await;
        ((counted - parked).abs() < 0.5).then_some(())
    })
    .await;
    assert!(scene.connector.connects().await < 1.5, "over one connection");
    for queue in [scene.queue("GET"), scene.parking("GET")] {
        assert_eq!(scene.engine.queue(&queue).await.unwrap().messages, 0, "{queue}");
    }
}
