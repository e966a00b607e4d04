//! `amqps://` with an authority of one's own and client certificates.

use serde_json::json;

use crate::{
    engine::Engine,
    stack::{Broker, Certificates, Connector, eventually, free_port, unique},
};

#[tokio::test]
async fn a_broker_with_certificates_is_served_and_trust_is_mutual() {
    let files = Certificates::new();
    files.sign("server", &["127.0.0.1"]);
    files.sign("client", &["connector.example.org"]);
    let port = free_port();
    let configuration = configuration(&files, port);
    let Some(broker) = Broker::private_with(&configuration).await else { return };
    let (_, after_host) = broker.url().rsplit_once(':').unwrap();
    let url = broker.url().replace(after_host, &format!("{port}/%2f")).replace("amqp:", "amqps:");
    let (authority, certificate, key) =
        (files.path("authority.pem"), files.path("client.pem"), files.path("client.key"));

    let nobody = Connector::launch(&[("AMQP_URL", &url)]);
    let reason = refused(&nobody).await;
    assert!(reason.contains("UnknownIssuer"), "{reason}");
    let stranger = Connector::launch(&[("AMQP_URL", &url), ("AMQP_CA_FILE", &authority)]);
    refused(&stranger).await;

    let name = unique("rest-connector");
    let mut friend = Connector::launch(&[
        ("AMQP_URL", &url),
        ("CONNECTOR_NAME", &name),
        ("AMQP_CA_FILE", &authority),
        ("AMQP_CERT_FILE", &certificate),
        ("AMQP_KEY_FILE", &key),
    ]);
    friend.ready().await;
    let engine = Engine::start(broker.url()).await;
    let id = engine.ask(&format!("{name}.GET"), &json!({})).await;
    engine.expect_error(&id, "MISSING_INPUT").await;
    for connector in [&nobody, &stranger] {
        assert!(connector.connects().await < 0.5, "never connected");
    }
}

/// The reason of a try that has ended.
async fn refused(connector: &Connector) -> String {
    eventually("the reason is told", async || {
        let reason = connector.not_ready().await;
        (!reason.contains("not yet")).then_some(reason)
    })
    .await
}

/// Lines of `rabbitmq.conf` for a port that lets only those in whom the authority knows.
fn configuration(files: &Certificates, port: u16) -> String {
    format!(
        "listeners.ssl.1 = 127.0.0.1:{port}
ssl_options.cacertfile = {}
ssl_options.certfile = {}
ssl_options.keyfile = {}
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
",
        files.path("authority.pem"),
        files.path("server.pem"),
        files.path("server.key"),
    )
}
