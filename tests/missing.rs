//! Exchanges and queues that are not there yet, or not any more (A3, A5).

use lapin::options::{ExchangeDeleteOptions, QueueDeleteOptions};
use serde_json::json;

use crate::{
    engine::{Engine, Kind, answers_to},
    peers::{Peer, Reply},
    scene::Scene,
    stack::{Broker, eventually},
};

/// The bundle's exchange is not there, nor its queue: nobody would ever read the answer.
#[tokio::test]
async fn an_answer_that_no_queue_takes_is_kept_until_one_does() {
    let broker = Broker::shared().await;
    let engine = Engine::without_queues(broker.url());
    let mut scene = Scene::with(engine, broker, &[]).await;
    let peer = Peer::start(|_| Reply::json(200, &json!(1))).await;
    let id = scene.ask("POST", &json!({"restUrl": peer.url("/")})).await;
    let destination = answers_to(Kind::Result, &scene.engine.name);
    let reason = scene.connector.not_ready().await;
    assert!(reason.contains(&destination), "{reason}");
    let liveness = scene.connector.get("/actuator/health/liveness").send().await.unwrap();
    assert_eq!(liveness.status(), 200);
    assert!(scene.connector.metric("connector_answers_unroutable_total", &[]).await >= 1.0);

    // Another bundle is served meanwhile.
    let other = Engine::start(broker.url()).await;
    let others = other.ask(&scene.destination("GET"), &json!({})).await;
    other.expect_error(&others, "MISSING_INPUT").await;

    scene.engine.declare(Kind::Result).await;
    scene.engine.expect_result(&id).await;
    scene.connector.ready().await;
    assert_eq!(peer.calls().len(), 1, "the call isn't made again for it");
    assert!(scene.connector.connects().await < 1.5, "over one connection");
    assert_eq!(scene.connector.terminate().await, 0);
    assert_eq!(scene.engine.answers(&id).len(), 1);
}

/// The exchange is declared once, while many want to publish to it.
#[tokio::test]
async fn a_burst_of_answers_to_a_new_exchange_keeps_the_connection() {
    let broker = Broker::shared().await;
    let engine = Engine::without_queues(broker.url());
    let mut scene = Scene::with(engine, broker, &[]).await;
    let peer = Peer::start(|_| Reply::Gate).await;
    let mut ids = Vec::new();
    for _ in 0..30 {
        ids.push(scene.ask("GET", &json!({"restUrl": peer.url("/")})).await);
    }
    peer.called(30).await;
    peer.open();
    scene.connector.not_ready().await;
    scene.engine.declare(Kind::Result).await;
    for id in &ids {
        scene.engine.expect_result(id).await;
    }
    assert!(scene.connector.connects().await < 1.5, "over one connection");
    assert_eq!(scene.connector.terminate().await, 0);
    assert!(ids.iter().all(|id| scene.engine.answers(id).len() == 1), "one answer each");
}

/// A stop while the answer has nowhere to go: the request must be in its queue afterwards.
#[tokio::test]
async fn an_answer_that_no_queue_takes_leaves_the_request_behind_at_the_end() {
    let broker = Broker::shared().await;
    let engine = Engine::without_queues(broker.url());
    let mut scene = Scene::with(engine, broker, &[("SHUTDOWN_GRACE", "200ms")]).await;
    let id = scene.ask("GET", &json!({})).await;
    scene.connector.not_ready().await;
    scene.connector.terminate().await;
    scene.engine.declare(Kind::Error).await;
    scene.restart().await;
    scene.engine.expect_error(&id, "MISSING_INPUT").await;
}

#[tokio::test]
async fn an_exchange_that_was_deleted_is_declared_again() {
    let scene = Scene::start(&[]).await;
    scene.error("GET", &json!({}), "MISSING_INPUT").await;
    let errors = answers_to(Kind::Error, &scene.engine.name);
    let channel = scene.engine.fresh().await.unwrap();
    let options = ExchangeDeleteOptions::default();
    channel.exchange_delete(errors.as_str().into(), options).await.unwrap();
    let id = scene.ask("GET", &json!({})).await;
    let again = scene.ask("GET", &json!({})).await;
    // The exchange may be there again; the queue's binding is the bundle's business.
    scene.connector.not_ready().await;
    scene.engine.declare(Kind::Error).await;
    scene.engine.expect_error(&id, "MISSING_INPUT").await;
    scene.engine.expect_error(&again, "MISSING_INPUT").await;
}

#[tokio::test]
async fn a_queue_that_was_deleted_is_declared_again_and_served() {
    let scene = Scene::start(&[]).await;
    let queue = scene.queue("GET");
    let channel = scene.engine.fresh().await.unwrap();
    channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
    eventually("the queue is back with its consumer", async || {
        (scene.engine.queue(&queue).await?.consumers == 1).then_some(())
    })
    .await;
    scene.error("GET", &json!({}), "MISSING_INPUT").await;
}
