//! `amqps://` with an authority of one's own and client certificates.

use std::{env, fs, path::PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::json;

use crate::{
    engine::Engine,
    stack::{Broker, Connector, eventually, free_port, unique},
};

#[tokio::test]
async fn a_broker_with_certificates_is_served_and_trust_is_mutual() {
    let files = Certificates::new();
    let port = free_port();
    let Some(broker) = Broker::private_with(&files.configuration(port)).await else { return };
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

/// An authority, and what it has signed, in files.
struct Certificates(PathBuf);

impl Certificates {
    fn new() -> Self {
        let folder = env::temp_dir().join(unique("e2e-tls"));
        fs::create_dir_all(&folder).unwrap();
        let files = Self(folder);
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "authority");
        let key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&key).unwrap();
        files.write("authority.pem", &authority.pem());
        let issuer = Issuer::new(params, key);
        for (name, host) in [("server", "127.0.0.1"), ("client", "connector.example.org")] {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new([host.to_owned()]).unwrap();
            files.write(&format!("{name}.pem"), &params.signed_by(&key, &issuer).unwrap().pem());
            files.write(&format!("{name}.key"), &key.serialize_pem());
        }
        files
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }

    /// Lines of `rabbitmq.conf` for a port that lets only those in whom the authority knows.
    fn configuration(&self, port: u16) -> String {
        format!(
            "listeners.ssl.1 = 127.0.0.1:{port}
ssl_options.cacertfile = {}
ssl_options.certfile = {}
ssl_options.keyfile = {}
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
",
            self.path("authority.pem"),
            self.path("server.pem"),
            self.path("server.key"),
        )
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}
