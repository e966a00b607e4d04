//! Bad weather at the broker: it stops, dies, throws out its clients, runs out of memory.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::{
    engine::{Engine, Kind},
    peers::{Peer, Reply},
    scene::Scene,
    stack::{Broker, Connector, eventually, setting, unique},
};

#[tokio::test]
async fn thrown_out_and_restarted_under_load_it_loses_nothing() {
    let Some(broker) = Broker::private().await else { return };
    let mut scene = Scene::on(&broker, &[("LOG", "info")]).await;
    let peer = Peer::start(|_| Reply::json(200, &json!({"ok": true}))).await;
    let inputs = json!({"restUrl": peer.url("/orders")});
    let mut ids = Vec::new();
    for round in 0..3 {
        for _ in 0..300 {
            ids.push(scene.ask("POST", &inputs).await);
        }
        match round {
            0 => drop(broker.node().control(&["close_all_connections", "maintenance"]).await),
            1 => {
                broker.node().stop().await;
                broker.node().launch().await;
            }
            _ => {
                broker.node().kill().await;
                broker.node().launch().await;
            }
        }
        eventually("it is connected again", async || {
            (scene.connector.connects().await >= f64::from(round + 2)).then_some(())
        })
        .await;
    }
    eventually("all are answered", async || {
        (scene.engine.answered(&ids) == ids.len()).then_some(())
    })
    .await;
    scene.connector.ready().await;
    assert!(ids.iter().all(|id| scene.engine.answers(id)[0].kind == Kind::Result));
    assert_eq!(scene.connector.terminate().await, 0);
}

/// The request comes a second time while the first is still at work, or has just been answered.
#[tokio::test]
async fn thrown_out_with_work_in_flight_it_does_not_call_twice() {
    let Some(broker) = Broker::private().await else { return };
    let mut scene = Scene::on(&broker, &[]).await;
    let peer = Peer::start(|_| Reply::Gate).await;
    let id = scene.ask("POST", &json!({"restUrl": peer.url("/orders")})).await;
    peer.called(1).await;
    broker.node().control(&["close_all_connections", "maintenance"]).await;
    eventually("it is connected again", async || {
        (scene.connector.connects().await >= 2.0).then_some(())
    })
    .await;
    scene.connector.ready().await;
    peer.open();
    scene.engine.expect_result(&id).await;
    assert_eq!(scene.connector.terminate().await, 0);
    assert_eq!(peer.effects(), [(id.clone(), 1)].into());
    assert_eq!(scene.engine.answers(&id).len(), 1);
}

#[tokio::test]
async fn a_broker_that_says_nothing_does_not_keep_it_from_ending() {
    let Some(broker) = Broker::private().await else { return };
    let scene = &mut Scene::on(&broker, &[]).await;
    let peer = Peer::start(|_| Reply::json(200, &json!({"ok": true}))).await;
    scene.result("GET", &json!({"restUrl": peer.url("/")})).await;
    broker.node().freeze().await;
    assert_eq!(scene.connector.terminate().await, 0);
    let log = scene.connector.log();
    assert!(log.contains("the broker has not said goodbye within 5s"), "{log}");
}

/// Ten seconds; a minute with `E2E_SLOW=1`.
#[tokio::test]
async fn without_its_broker_it_stays_alive_and_comes_back() {
    let Some(broker) = Broker::private().await else { return };
    let scene = &mut Scene::on(&broker, &[]).await;
    let peer = Peer::start(|_| Reply::Gate).await;
    let id = scene.ask("GET", &json!({"restUrl": peer.url("/")})).await;
    peer.called(1).await;
    broker.node().kill().await;
    let gone = if setting("E2E_SLOW").is_some() { 60 } else { 10 };
    let back = Instant::now() + Duration::from_secs(gone);
    let reason = scene.connector.not_ready().await;
    assert!(reason.contains("rabbit"), "{reason}");
    peer.open();
    while Instant::now() < back {
        let liveness = scene.connector.get("/actuator/health/liveness").send().await.unwrap();
        assert_eq!(liveness.status(), 200);
        let body = json!({"restUrl": peer.url("/over-http")});
        let (status, answer) = scene.connector.post("/v1/do/rest-connector/GET", &body).await;
        assert_eq!((status, &answer["error"]), (200, &json!(null)), "HTTP works meanwhile");
    }
    broker.node().launch().await;
    scene.connector.ready().await;
    scene.engine.expect_result(&id).await;
    scene.result("GET", &json!({"restUrl": peer.url("/")})).await;
}

#[tokio::test]
async fn started_before_its_broker_it_waits() {
    let Some(broker) = Broker::private().await else { return };
    broker.node().stop().await;
    let name = unique("rest-connector");
    let mut connector = Connector::launch(&[("CONNECTOR_NAME", &name), ("AMQP_URL", broker.url())]);
    let reason = connector.not_ready().await;
    assert!(reason.contains("rabbit"), "{reason}");
    broker.node().launch().await;
    connector.ready().await;
    let engine = Engine::start(broker.url()).await;
    let id = engine.ask(&format!("{name}.GET"), &json!({})).await;
    engine.expect_error(&id, "MISSING_INPUT").await;
}

#[tokio::test]
async fn blocked_by_a_memory_alarm_it_says_so_and_answers_afterwards() {
    let Some(broker) = Broker::private().await else { return };
    let scene = &mut Scene::on(&broker, &[]).await;
    let peer = Peer::start(|_| Reply::Gate).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(scene.ask("GET", &json!({"restUrl": peer.url("/")})).await);
    }
    peer.called(5).await;
    broker.node().control(&["set_vm_memory_high_watermark", "absolute", "1MB"]).await;
    peer.open();
    let reason = scene.connector.not_ready().await;
    assert!(reason.contains("blocked"), "{reason}");
    let liveness = scene.connector.get("/actuator/health/liveness").send().await.unwrap();
    assert_eq!(liveness.status(), 200);
    broker.node().control(&["set_vm_memory_high_watermark", "0.6"]).await;
    for id in &ids {
        scene.engine.expect_result(id).await;
    }
    scene.connector.ready().await;
    assert_eq!(scene.connector.terminate().await, 0);
    assert!(ids.iter().all(|id| scene.engine.answers(id).len() == 1), "one answer each");
}
