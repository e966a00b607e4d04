//! Exchanges, queues and bindings as the engine and its Java connectors have them (A1).

use lapin::types::FieldTable;
use serde_json::{Value, json};

use crate::{
    engine::{Engine, argument, sample},
    peers::{Peer, Reply},
    scene::Scene,
    stack::{Broker, Connector, unique},
};

/// An operator may have given it a limit or a time to live.
#[tokio::test]
async fn a_queue_with_other_arguments_is_taken_as_it_is() {
    let broker = Broker::shared().await;
    let engine = Engine::start(broker.url()).await;
    let name = unique("rest-connector");
    let (exchange, queue) = (format!("{name}.GET"), format!("{name}.GET.{name}"));
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), 1000.into());
    engine.declare_queue(&exchange, &queue, arguments.clone()).await.unwrap();

    let mut connector = Connector::launch(&[("CONNECTOR_NAME", &name), ("AMQP_URL", broker.url())]);
    connector.ready().await;
    let id = engine.ask(&exchange, &json!({})).await;
    engine.expect_error(&id, "MISSING_INPUT").await;
    assert!(connector.log().contains(&queue), "the log names the queue");
    assert!(connector.connects().await < 1.5, "over one connection");
    engine.declare_queue(&exchange, &queue, arguments).await.expect("the queue is as it was");
}

#[tokio::test]
async fn a_queue_that_java_declared_is_taken_over_with_what_waits_in_it() {
    let broker = Broker::shared().await;
    let engine = Engine::start(broker.url()).await;
    let peer = Peer::start(|_| Reply::json(200, &json!({}))).await;
    let name = unique("rest-connector");
    let destination = format!("{name}.GET");
    engine.declare_as_java(&destination, &name).await;
    let id = engine.ask(&destination, &json!({"restUrl": peer.url("/waiting")})).await;

    let mut connector = Connector::launch(&[("CONNECTOR_NAME", &name), ("AMQP_URL", broker.url())]);
    connector.ready().await;
    engine.expect_result(&id).await;
    engine.declare_as_java(&destination, &name).await;
}

#[tokio::test]
async fn what_is_declared_equals_what_a_java_connector_declares() {
    let private;
    let broker = match Broker::shared().await {
        shared if shared.is_node() => shared,
        _ => {
            private = Broker::private().await;
            let Some(broker) = &private else { return };
            broker
        }
    };
    let scene = Scene::on(broker, &[]).await;
    let java = sample("broker-topology.json");
    for action in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
        let destination = scene.destination(action);
        for (list, columns) in [
            ("exchanges", "name type durable auto_delete internal arguments"),
            ("queues", "name durable auto_delete exclusive arguments consumers"),
            ("bindings", "source_name routing_key destination_name arguments"),
        ] {
            let expected = like_java(&java[list], &scene.name, action);
            let list_command = format!("list_{list}");
            let mut command = vec![list_command.as_str(), "--formatter", "json"];
            command.extend(columns.split(' '));
            let declared = broker.node().control(&command).await;
            let declared: Value = serde_json::from_str(&declared).unwrap();
            // Each queue is also bound to the nameless exchange, by the broker itself.
            let ours = declared.as_array().unwrap().iter().filter(|entry| {
                entry.to_string().contains(&destination) && entry["source_name"] != ""
            });
            let ours: Vec<_> = ours.filter(|entry| !parking(entry)).collect();
            assert_eq!(json!(ours), expected, "{list} of {destination}");
        }
    }
}

#[tokio::test]
async fn queues_are_quorum_queues_where_the_operator_asks() {
    let scene = Scene::start(&[("QUEUE_TYPE", "quorum")]).await;
    let (exchange, queue) = (scene.destination("GET"), scene.queue("GET"));
    let none = scene.engine.declare_queue(&exchange, &queue, FieldTable::default()).await;
    assert!(none.unwrap_err().to_string().contains("PRECONDITION"));
    let quorum = argument("x-queue-type", "quorum");
    scene.engine.declare_queue(&exchange, &queue, quorum).await.unwrap();
    scene.error("GET", &json!({}), "MISSING_INPUT").await;
}

#[tokio::test]
async fn queues_and_what_waits_in_them_outlive_the_connector() {
    let mut scene = Scene::start(&[]).await;
    assert_eq!(scene.connector.terminate().await, 0);
    let id = scene.ask("GET", &json!({})).await;
    assert_eq!(scene.engine.queue(&scene.queue("GET")).await.unwrap().messages, 1);
    scene.restart().await;
    scene.engine.expect_error(&id, "MISSING_INPUT").await;
}

/// The entries of the recorded Java connector, under other names.
fn like_java(entries: &Value, name: &str, action: &str) -> Value {
    let java = entries.as_array().unwrap().iter();
    let java: Vec<_> =
        java.filter(|entry| entry.to_string().contains("\"java-connector.RUN")).collect();
    assert_eq!(java.len(), 1);
    let text = json!(java).to_string();
    let text = text.replace("java-connector.RUN", &format!("{name}.{action}"));
    serde_json::from_str(&text.replace(".java-connector", &format!(".{name}"))).unwrap()
}

fn parking(entry: &Value) -> bool {
    entry.to_string().contains(".parked")
}
