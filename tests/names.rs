//! Destinations under the settings that existing charts use (A2, A4).

use serde_json::{Value, json};

use crate::{
    engine::{Engine, Kind, answers_to},
    peers::{Peer, Reply},
    scene::Scene,
    stack::{Broker, Connector, free_port, unique},
};

/// The engine's own worked examples (contract §1.2), of which `mealsConnector` has no dot.
#[tokio::test]
async fn prefix_separator_and_transformers_give_the_worked_examples() {
    let prefix = unique("MQServiceTaskDestinationsIT");
    let lower = prefix.to_lowercase();
    for (name, overrides, destination) in [
        ("rest", json!({}), "rest.get"),
        ("rest", json!({"rest.GET": {"name": "mealsConnector"}}), "mealsconnector"),
        ("Variable Mapping Connector", json!({}), "variable-mapping-connector.get"),
        (
            "Constants Connector",
            json!({"constants connector.get": {"name": "constants_connector.constants_action_name"}}),
            "constants_connector.constants_action_name",
        ),
    ] {
        let overrides = overrides.to_string();
        check(
            &[
                ("CONNECTOR_NAME", name),
                ("CONNECTOR_GROUP", &unique("group")),
                ("ACT_MESSAGING_DEST_PREFIX", &prefix),
                ("ACT_MESSAGING_DEST_SEPARATOR", "."),
                ("ACT_MESSAGING_DEST_TRANSFORMERS_ENABLED", "true"),
                ("DESTINATIONS", &overrides),
            ],
            &format!("{lower}.{destination}"),
        )
        .await;
    }
}

#[tokio::test]
async fn a_prefix_alone_is_joined_by_an_underscore() {
    let prefix = unique("pre");
    let settings = [("CONNECTOR_NAME", "Rest"), ("ACT_MESSAGING_DEST_PREFIX", &prefix)];
    check(&settings, &format!("{prefix}_Rest.GET")).await;
}

/// Tasks in embedded sub-processes are sent to the raw name, whatever the settings are.
#[tokio::test]
async fn the_raw_name_is_served_too_where_asked_for() {
    let (prefix, name) = (unique("pre"), unique("Raw"));
    let settings = [
        ("CONNECTOR_NAME", name.as_str()),
        ("ACT_MESSAGING_DEST_PREFIX", &prefix),
        ("BIND_RAW_NAMES", "true"),
    ];
    let engine = check(&settings, &format!("{name}.GET")).await;
    let queue = format!("{prefix}_{name}.GET.{name}");
    assert!(engine.queue(&queue).await.is_some(), "one queue takes both");
    assert_eq!(engine.queue(&format!("{name}.GET.{name}")).await, None);
}

/// The binder's prefix is in no message: it goes before the names that the messages tell.
#[tokio::test]
async fn the_rabbit_prefix_goes_before_exchanges_and_queues_both_ways() {
    let broker = Broker::shared().await;
    let engine = Engine::start(broker.url()).await;
    let prefix = unique("X-");
    let exchange = |kind| format!("{prefix}{}", answers_to(kind, &engine.name));
    for kind in [Kind::Result, Kind::Error] {
        engine.bind(&exchange(kind), kind).await;
    }
    let settings = [
        ("AMQP_URL", broker.url()),
        ("CONNECTOR_NAME", "rest"),
        ("ACTIVITI_CLOUD_MESSAGING_RABBITMQ_PREFIX", &prefix),
    ];
    let mut connector = Connector::launch(&settings);
    connector.ready().await;
    let id = engine.ask(&format!("{prefix}rest.GET"), &json!({})).await;
    let answer = engine.expect_error(&id, "MISSING_INPUT").await;
    assert_eq!(answer.exchange, exchange(Kind::Error));
    let told = answers_to(Kind::Error, &engine.name);
    assert_eq!(answer.headers()["spring.cloud.function.destination"], told);
    assert!(engine.queue(&format!("{prefix}rest.GET.rest")).await.is_some());
}

/// Bundles before 7.1.0-M16 tell no destinations.
#[tokio::test]
async fn without_destinations_the_answer_goes_by_the_bundles_name() {
    let scene = Scene::start(&[]).await;
    let destination = scene.destination("GET");
    let request = scene.engine.request(&destination, &json!({}));
    let request = request.without_member("resultDestination").without_member("errorDestination");
    scene.engine.send(&destination, &request).await;
    let answer = scene.engine.expect_error(request.id(), "MISSING_INPUT").await;
    assert_eq!(answer.exchange, answers_to(Kind::Error, &scene.engine.name));
}

#[tokio::test]
async fn the_java_connectors_overrides_win_over_the_request() {
    let broker = Broker::shared().await;
    let engine = Engine::start(broker.url()).await;
    let (results, errors) = (unique("results"), unique("errors"));
    engine.bind(&results, Kind::Result).await;
    engine.bind(&errors, Kind::Error).await;
    let settings = [("ACT_INT_RES_CONSUMER", results.as_str()), ("ACT_INT_ERR_CONSUMER", &errors)];
    let scene = Scene::with(engine, broker, &settings).await;
    let answer = scene.error("GET", &json!({}), "MISSING_INPUT").await;
    assert_eq!((&answer.exchange, &answer.routing_key), (&errors, &errors));
    let peer = Peer::start(|_| Reply::json(200, &json!(1))).await;
    let answer = scene.result("GET", &json!({"restUrl": peer.url("/")})).await;
    assert_eq!((&answer.exchange, &answer.routing_key), (&results, &results));
}

#[tokio::test]
async fn the_broker_is_found_by_the_names_of_the_charts() {
    let broker = Broker::shared().await;
    let engine = Engine::start(broker.url()).await;
    let url = reqwest::Url::parse(broker.url()).unwrap();
    let port = url.port().unwrap_or(5672).to_string();
    let name = unique("rest-connector");
    let mut connector = Connector::launch(&[
        ("CONNECTOR_NAME", &name),
        ("ACT_RABBITMQ_HOST", url.host_str().unwrap()),
        ("ACT_RABBITMQ_PORT", &port),
        ("ACT_RABBITMQ_USER", url.username()),
        ("ACT_RABBITMQ_PASS", url.password().unwrap_or_default()),
    ]);
    connector.ready().await;
    let id = engine.ask(&format!("{name}.GET"), &json!({})).await;
    engine.expect_error(&id, "MISSING_INPUT").await;
}

#[tokio::test]
async fn the_next_of_several_brokers_is_taken_when_one_is_away() {
    let broker = Broker::shared().await;
    let away = format!("amqp://guest:guest@127.0.0.1:{}/%2f", free_port());
    let (urls, name) = (format!("{away}, {}", broker.url()), unique("rest-connector"));
    let settings = [("AMQP_URL", urls.as_str()), ("CONNECTOR_NAME", &name)];
    check(&settings, &format!("{name}.GET")).await;
}

/// A request to `destination` is answered by a connector with these settings.
async fn check(settings: &[(&str, &str)], destination: &str) -> Engine {
    let broker = Broker::shared().await;
    let engine = Engine::start(broker.url()).await;
    let mut all = vec![("AMQP_URL", broker.url())];
    all.extend_from_slice(settings);
    let mut connector = Connector::launch(&all);
    connector.ready().await;
    let id = engine.ask(destination, &Value::Object(serde_json::Map::new())).await;
    engine.expect_error(&id, "MISSING_INPUT").await;
    engine
}
