//! A named connection with a certificate of its own, against a peer that asks for one.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::Arc,
    thread,
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use serde_json::json;

use crate::{Told, invoke};

/// Who signs certificates, and its own one.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

impl Authority {
    /// Valid until the end of that year.
    pub(crate) fn until(year: i32) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(year, 12, 31);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Certificate and key.
    pub(crate) fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// Answers 200 to whoever shows a certificate of `authority`; its port.
pub(crate) fn peer(authority: &Authority) -> u16 {
    let (certificate, key) = authority.issue("localhost");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
        )
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            // Who shows no certificate, or the wrong one, gets no further.
            if stream.read(&mut [0; 4096]).is_ok_and(|it| it > 0) {
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
                let _gone = stream.write_all(answer);
                stream.conn.send_close_notify();
                let _gone = stream.flush();
            }
        }
    });
    port
}

/// A call through a connection whose `tls` holds these texts, by variables.
fn call(port: u16, certificate: &str, key: &str, ca: &str) -> Told {
    let connections = json!({"partner": {
        "url": format!("https://localhost:{port}/"),
        "tls": {"certificate": "${CERTIFICATE}", "key": "${KEY}", "ca": "${CA}"},
    }});
    let connections = connections.to_string();
    let settings = [
        ("REST_CONNECTIONS", connections.as_str()),
        ("CERTIFICATE", certificate),
        ("KEY", key),
        ("CA", ca),
        ("LOG", "trace"),
    ];
    let told = invoke("GET", &json!({"connection": "partner", "restUrl": "/"}), &settings);
    let all = format!("{}{}", told.outputs, told.log);
    let secret = key.lines().nth(1).unwrap();
    assert!(!all.contains(secret), "{all}");
    told
}

#[test]
fn r15_a_certificate_of_nobody_the_peer_knows_is_refused() {
    let (own, other) = (Authority::until(2999), Authority::until(2999));
    let port = peer(&own);
    let (certificate, key) = other.issue("client.test");
    let told = call(port, &certificate, &key, &own.pem).failure();
    assert!(told.contains(&format!("GET https://localhost:{port}/")), "{told}");
    assert!(told.starts_with("permanent TLS_ERROR: "), "{told}");
}

#[test]
fn r15_a_peer_whose_authority_has_expired_is_not_called() {
    let own = Authority::until(2021);
    let port = peer(&own);
    let (certificate, key) = own.issue("client.test");
    let told = call(port, &certificate, &key, &own.pem).failure();
    assert!(told.contains("expired"), "{told}");
}

#[test]
fn r15_keys_and_certificates_that_are_none_are_told_without_quoting_them() {
    let own = Authority::until(2999);
    let (certificate, key) = own.issue("client.test");
    let (_, other_key) = own.issue("other.test");
    for (certificate, key, member) in [
        ("rubbish\nin-s3cret", key.as_str(), "`certificate`"),
        (&certificate, "rubbish\nin-s3cret", "`key`"),
        (&certificate, &other_key, "`key`"),
    ] {
        let told = call(9, certificate, key, &own.pem).failure();
        assert!(told.starts_with("business INVALID_INPUT: `connection`: `tls`: "), "{told}");
        assert!(told.contains(member), "{told}");
    }
}

#[test]
fn r15_a_connections_certificate_and_authority_open_the_peer() {
    let own = Authority::until(2999);
    let (certificate, key) = own.issue("client.test");
    let outputs = call(peer(&own), &certificate, &key, &own.pem).success();
    assert_eq!(outputs["restResult"], "ok");
}
