//! No request is lost and none answered by silence, whoever stops or dies (A5, A6, D5).

use std::{collections::HashSet, time::Duration};

use serde_json::json;

use crate::{
    engine::{Kind, Queue},
    peers::{Peer, Reply},
    scene::Scene,
    stack::{Broker, Connector, eventually, unique, within},
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
async fn told_to_stop_it_answers_the_calls_over_http_that_it_has() {
    let mut scene = Scene::start(&[]).await;
    let peer = Peer::start(|_| Reply::Gate).await;
    let body = json!({"restUrl": peer.url("/slow")});
    let call = scene.connector.post("/v1/do/rest-connector/GET", &body);
    let stop = async {
        peer.called(1).await;
        scene.connector.signal("INT");
        scene.connector.not_ready().await;
        peer.open();
    };
    let ((status, answer), ()) = tokio::join!(call, stop);
    assert_eq!((status, &answer["error"]), (200, &json!(null)), "{answer}");
    assert_eq!(scene.connector.exit().await, 0);
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
    // It must not be done with the first before the last is sent.
    scene.connector.kill().await;
    let mut ids = Vec::new();
    for _ in 0..REQUESTS {
        ids.push(scene.ask("POST", &inputs).await);
    }
    scene.restart().await;
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
    let group = unique("group");
    let broker = Broker::shared().await;
    let settings =
        [("AMQP_URL", broker.url()), ("CONNECTOR_NAME", &scene.name), ("CONNECTOR_GROUP", &group)];
    let mut other = Connector::launch(&settings);
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

/// Publishers retry as well: the same request under the same id.
#[tokio::test]
async fn a_request_that_comes_twice_is_carried_out_once() {
    let mut scene = Scene::start(&[]).await;
    let peer = Peer::start(|_| Reply::json(200, &json!(1))).await;
    let destination = scene.destination("POST");
    let request = scene.engine.request(&destination, &json!({"restUrl": peer.url("/orders")}));
    scene.engine.send(&destination, &request).await;
    scene.engine.send(&destination, &request).await;
    scene.engine.expect_result(request.id()).await;
    scene.engine.send(&destination, &request).await;
    let marker = scene.ask("POST", &json!({"restUrl": peer.url("/marker")})).await;
    scene.engine.expect_result(&marker).await;
    assert_eq!(scene.connector.terminate().await, 0);
    let left = Queue { messages: 0, consumers: 0 };
    assert_eq!(scene.engine.queue(&scene.queue("POST")).await, Some(left));
    assert_eq!(peer.effects()[request.id()], 1);
}
