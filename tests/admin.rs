//! Health, metrics and start: what orchestrators and operators see (D5).

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    engine::{Engine, Kind},
    peers::{Peer, Reply},
    scene::Scene,
    stack::{Broker, Connector, PATIENCE, PERSON, SECRET, eventually, free_port},
};

#[tokio::test]
async fn mistakes_in_the_settings_are_told_all_at_once() {
    let password = format!("{SECRET}-url");
    let mut connector = Connector::launch(&[
        ("AMQP_URL", &format!("http://user:{password}@rabbitmq")),
        ("PREFETCH", "many"),
        ("RETRY_MAX_ATTEMPTS", "0"),
        ("CONNECTOR_PROXY_API_KEY", ""),
    ]);
    assert_eq!(connector.exit().await, 2);
    let log = connector.log();
    for name in ["AMQP_URL", "PREFETCH", "RETRY_MAX_ATTEMPTS", "CONNECTOR_PROXY_API_KEY"] {
        assert!(log.contains(name), "{name} is missing in: {log}");
    }
}

#[tokio::test]
async fn without_a_broker_it_serves_http_alone() {
    let mut connector = Connector::launch(&[]);
    connector.ready().await;
    let peer = Peer::start(|_| Reply::json(200, &json!({"id": 4711}))).await;
    let body = json!({"restUrl": peer.url("/orders/4711")});
    let (status, answer) = connector.post("/v1/do/rest-connector/GET", &body).await;
    assert_eq!((status, &answer["error"]), (200, &Value::Null), "{answer}");
    assert_eq!(connector.terminate().await, 0);
}

/// Requests sent before the queues are there are dropped by the broker, so ready means: they are there.
#[tokio::test]
async fn it_is_never_ready_before_it_has_its_broker() {
    let nobody = format!("amqp://127.0.0.1:{}", free_port());
    for _ in 0..10 {
        let connector = Connector::launch(&[("AMQP_URL", &nobody)]);
        let deadline = Instant::now() + PATIENCE;
        let mut refusals = 0;
        // As fast as possible, since the first moment is what matters.
        while refusals < 5 {
            assert!(Instant::now() < deadline, "it doesn't listen");
            if let Ok(answer) = connector.get("/actuator/health/readiness").send().await {
                assert_eq!(answer.status(), 503);
                refusals += 1;
            }
        }
    }
}

#[tokio::test]
async fn health_tells_the_parts_and_info_the_version() {
    let scene = Scene::start(&[]).await;
    for (path, expected) in [
        ("/actuator/health", "UP"),
        ("/actuator/health/liveness", "UP"),
        ("/actuator/health/readiness", "UP"),
        ("/actuator/info", "rest-connector"),
    ] {
        let answer = scene.connector.get(path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let text = answer.text().await.unwrap();
        assert!(serde_json::from_str::<Value>(&text).is_ok(), "{path}: {text}");
        assert!(text.contains(expected), "{path}: {text}");
    }
    let health = scene.connector.get("/actuator/health").send().await.unwrap();
    let health = health.text().await.unwrap();
    assert!(health.contains("rabbit"), "{health}");
}

#[tokio::test]
async fn metrics_count_each_outcome_by_action() {
    let scene = Scene::start(&[]).await;
    let peer = Peer::start(|call| match call.target.as_str() {
        "/ok" => Reply::json(200, &json!(1)),
        _ => Reply::json(404, &json!(0)),
    })
    .await;
    scene.result("GET", &json!({"restUrl": peer.url("/ok")})).await;
    scene.result("GET", &json!({"restUrl": peer.url("/ok")})).await;
    scene.error("GET", &json!({"restUrl": peer.url("/gone")}), "NOT_FOUND").await;
    scene.error("POST", &json!({}), "MISSING_INPUT").await;
    for (name, labels, expected) in [
        ("connector_requests_total", &["action=\"GET\"", "outcome=\"ok\""][..], 2.0),
        ("connector_requests_total", &["action=\"GET\"", "outcome=\"business\""], 1.0),
        ("connector_requests_total", &["action=\"POST\"", "outcome=\"business\""], 1.0),
        ("connector_request_duration_seconds_count", &["action=\"GET\""], 3.0),
        ("connector_requests_in_flight", &[], 0.0),
        ("connector_broker_connects_total", &[], 1.0),
    ] {
        let value = scene.connector.metric(name, labels).await;
        assert!((value - expected).abs() < 0.1, "{name} {labels:?}: {value}");
    }
}

#[tokio::test]
async fn the_settings_in_force_are_logged_once_without_secrets() {
    let scene = Scene::start(&[("PREFETCH", "17")]).await;
    let log = scene.connector.log();
    assert_eq!(log.lines().filter(|line| line.contains("PREFETCH")).count(), 1, "{log}");
    assert!(log.contains("AMQP_URL") && log.contains("***"), "{log}");
    assert!(!log.contains(SECRET), "{log}");
}

#[tokio::test]
async fn the_health_command_asks_the_process() {
    let mut connector = Connector::launch(&[]);
    connector.ready().await;
    assert!(connector.healthy());
    connector.kill().await;
    assert!(!connector.healthy());
}

/// Libraries have logs too; the log of each connector is searched at its end.
#[tokio::test]
async fn not_even_a_trace_tells_secrets_or_personal_data() {
    let broker = Broker::shared().await;
    let engine = Engine::without_queues(broker.url());
    let scene = Scene::with(engine, broker, &[("LOG", "trace")]).await;
    let peer = Peer::start(|call| match call.target.as_str() {
        "/gone" => Reply::json(404, &json!({"who": PERSON})),
        _ => Reply::json(200, &json!({"who": PERSON, "token": "S3CR3T-token"})),
    })
    .await;
    let password = format!("{SECRET}-password");
    let mut ids = Vec::new();
    for (target, auth) in [
        (
            "/?api_key=S3CR3T-query",
            json!({"type": "basic", "username": PERSON, "password": password}),
        ),
        ("/gone", json!({"type": "bearer", "token": password})),
        ("/x", json!({"type": "apiKey", "name": "X-Key", "value": password, "in": "query"})),
    ] {
        let inputs = json!({"restUrl": peer.url(target), "auth": auth, "requestPayload": PERSON});
        ids.push(scene.ask("POST", &inputs).await);
    }
    scene.connector.not_ready().await;
    scene.engine.declare(Kind::Result).await;
    scene.engine.declare(Kind::Error).await;
    for id in &ids {
        scene.engine.answer(id).await;
    }
}

#[tokio::test]
async fn spans_go_to_the_collector_and_continue_the_callers_trace() {
    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let collector = Peer::start(|_| Reply::json(200, &json!({}))).await;
    let peer = Peer::start(|_| Reply::json(200, &json!(1))).await;
    let mut connector = Connector::launch(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url(""))]);
    connector.ready().await;
    let call = connector.request(Method::POST, "/v1/do/rest-connector/GET");
    let call = call.header("content-type", "application/json").header("traceparent", TRACE);
    let body = json!({"restUrl": peer.url(&format!("/{SECRET}"))}).to_string();
    assert_eq!(call.body(body).send().await.unwrap().status(), 200);
    let sent = peer.calls()[0].headers["traceparent"].clone();
    assert_eq!(sent[..36], TRACE[..36], "the same trace");
    assert_ne!(sent[36..], TRACE[36..], "a span of its own");
    assert_eq!(connector.terminate().await, 0);
    let exported = collector.calls();
    assert!(exported.iter().all(|it| it.target == "/v1/traces" && it.method == "POST"));
    let spans: String = exported.into_iter().map(|it| it.body).collect();
    assert!(spans.contains("rest-connector") && spans.contains("request"), "{spans}");
    assert!(!spans.contains(SECRET), "{spans}");
}

#[tokio::test]
async fn everything_is_below_the_context_path() {
    let settings = [("SERVER_SERVLET_CONTEXTPATH", "/connectors/rest/")];
    let connector = Connector::launch(&settings);
    for path in ["/actuator/health/readiness", "/actuator/info", "/metrics", "/v1/commands"] {
        let below = format!("/connectors/rest{path}");
        eventually(&below, async || {
            let answer = connector.get(&below).send().await.ok()?;
            (answer.status() == 200).then_some(())
        })
        .await;
        assert_eq!(connector.get(path).send().await.unwrap().status(), 404, "{path}");
    }
}
