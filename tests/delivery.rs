//! No request is lost and none answered by silence, whoever stops or dies (A5, A6, D5).

use std::{collections::HashSet, time::Duration};

use lapin::options::{ExchangeDeleteOptions, QueueDeleteOptions};
use serde_json::json;

use crate::{
    engine::{Engine, Kind, Queue, answers_to},
    peers::{Peer, Reply},
    scene::Scene,
    stack::{Broker, eventually, within},
};

#[tokio::test]
async fn told_to_stop_it_finishes_what_it_has_and_leaves_the_rest() {
    let mut scene = Scene::start(&[]).await;
    let peer = Peer::start(|_| Reply::Gate).await;
    let inputs = json!({"restUrl": peer.url("/slow")});
    let mut at_work = Vec::new();
    for _ in 0..3 {
        at_work.push(scene.ask("GET", &inputs).await);
    }
    peer.called(3).await;
    scene.connector.signal("TERM");
    eventually("it takes no more requests", async || {
        let queue = scene.engine.queue(&scene.queue("GET")).await?;
        (queue.consumers == 0).then_some(())
    })
    .await;
    let late = scene.ask("GET", &inputs).await;
    peer.open();
    assert_eq!(scene.connector.exit().await, 0);
    for id in &at_work {
        scene.engine.expect_result(id).await;
    }
    let left = Queue { messages: 1, consumers: 0 };
    assert_eq!(scene.engine.queue(&scene.queue("GET")).await, Some(left));
    assert_eq!(peer.calls().len(), 3);

    scene.restart().await;
    scene.engine.expect_result(&late).await;
    assert_eq!(scene.connector.terminate().await, 0);
    at_work.push(late);
    assert!(at_work.iter().all(|id| scene.engine.answers(id).len() == 1), "one answer each");
}

#[tokio::test]
async fn work_that_outlasts_the_grace_period_is_given_back() {
    let mut scene = Scene::start(&[("SHUTDOWN_GRACE", "200ms")]).await;
    let peer = Peer::start(|_| Reply::Gate).await;
    let id = scene.ask("GET", &json!({"restUrl": peer.url("/hangs")})).await;
    peer.called(1).await;
    scene.connector.terminate().await;
    let left = Queue { messages: 1, consumers: 0 };
    let queue = scene.queue("GET");
    eventually("the request is back in its queue", async || {
        (scene.engine.queue(&queue).await? == left).then_some(())
    })
    .await;
    peer.open();
    scene.restart().await;
    scene.engine.expect_result(&id).await;
}

/// A crash between the call and the answer repeats the call, so the peer is told which it is.
#[tokio::test]
async fn a_request_whose_connector_died_is_carried_out_by_the_next_under_the_same_key() {
    let mut scene = Scene::start(&[]).await;
    let peer = Peer::start(|_| Reply::Gate).await;
    let id = scene.ask("POST", &json!({"restUrl": peer.url("/orders")})).await;
    peer.called(1).await;
    scene.connector.kill().await;
    peer.open();
    scene.restart().await;
    scene.engine.expect_result(&id).await;
    assert_eq!(peer.effects(), [(id.clone(), 2)].into());
    assert_eq!(scene.connector.terminate().await, 0);
    assert_eq!(scene.engine.answers(&id).len(), 1);
}

#[tokio::test]
async fn killed_in_the_middle_of_5000_requests_it_answers_them_all() {
    const REQUESTS: usize = 5_000;
    let mut scene = Scene::start(&[("LOG", "info")]).await;
    let peer = Peer::start(|_| Reply::json(200, &json!({"ok": true}))).await;
    let inputs = json!({"restUrl": peer.url("/orders"), "requestPayload": {"n": 1}});
    let mut ids = Vec::new();
    for _ in 0..REQUESTS {
        ids.push(scene.ask("POST", &inputs).await);
    }
    eventually("some are answered", async || {
        (scene.engine.answered(&ids) >= REQUESTS / 5).then_some(())
    })
    .await;
    scene.connector.kill().await;
    let answered = scene.engine.answered(&ids);
    assert!(answered < REQUESTS, "killed in the middle");
    scene.restart().await;
    within(Duration::from_mins(2), "all are answered", async || {
        (scene.engine.answered(&ids) == REQUESTS).then_some(())
    })
    .await;
    assert_eq!(scene.connector.terminate().await, 0);
    let queue = scene.engine.queue(&scene.queue("POST")).await;
    assert_eq!(queue, Some(Queue { messages: 0, consumers: 0 }));
    let keys: HashSet<String> = peer.effects().into_keys().collect();
    assert_eq!(keys, ids.iter().cloned().collect(), "each request under its own key");
    // At work when it died, or answered and not yet acknowledged.
    let repeated = peer.calls().len() - REQUESTS;
    assert!(repeated <= 128, "{repeated} calls were repeated");
    let results = ids.iter().all(|id| scene.engine.answers(id)[0].kind == Kind::Result);
    assert!(results, "all answers are results");
}

#[tokio::test]
async fn two_instances_share_the_queue_and_answer_each_request_once() {
    const REQUESTS: usize = 200;
    let mut scene = Scene::start(&[("PREFETCH", "5")]).await;
    let mut second = scene.another().await;
    let peer = Peer::start(|_| Reply::Gate).await;
    let inputs = json!({"restUrl": peer.url("/")});
    let mut ids = Vec::new();
    for _ in 0..REQUESTS {
        ids.push(scene.ask("GET", &inputs).await);
    }
    // Both have as many as they may take, and nobody has an answer yet.
    peer.called(10).await;
    peer.open();
    for id in &ids {
        scene.engine.expect_result(id).await;
    }
    let done = "connector_requests_total";
    let shares = [scene.connector.metric(done, &[]).await, second.metric(done, &[]).await];
    assert!(shares.iter().all(|share| *share >= 5.0), "{shares:?}");
    assert!((shares.iter().sum::<f64>() - 200.0).abs() < 0.5, "{shares:?}");
    assert_eq!((scene.connector.terminate().await, second.terminate().await), (0, 0));
    assert!(ids.iter().all(|id| scene.engine.answers(id).len() == 1), "one answer each");
}

/// Another group is another connector to the engine: each gets every request.
#[tokio::test]
async fn a_second_group_gets_every_request_too() {
    let scene = Scene::start(&[]).await;
    let group = crate::stack::unique("group");
    let broker = Broker::shared().await;
    let settings =
        [("AMQP_URL", broker.url()), ("CONNECTOR_NAME", &scene.name), ("CONNECTOR_GROUP", &group)];
    let mut other = crate::stack::Connector::launch(&settings);
    other.ready().await;
    let id = scene.ask("GET", &json!({})).await;
    eventually("both have answered", async || (scene.engine.answers(&id).len() == 2).then_some(()))
        .await;
}

#[tokio::test]
async fn no_more_requests_are_at_work_than_allowed() {
    let scene = Scene::start(&[("CONCURRENCY", "3"), ("PREFETCH", "20")]).await;
    let peer = Peer::start(|_| Reply::Gate).await;
    let inputs = json!({"restUrl": peer.url("/")});
    let mut ids = Vec::new();
    for _ in 0..12 {
        ids.push(scene.ask("GET", &inputs).await);
    }
    peer.called(3).await;
    peer.open();
    for id in &ids {
        scene.engine.expect_result(id).await;
    }
    assert!(peer.busiest() <= 3, "{} at once", peer.busiest());
}

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
