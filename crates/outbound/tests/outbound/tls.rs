//! Certificates that are right and wrong, and HTTP/2.

use std::sync::Arc;

use bytes::Bytes;
use outbound::{ErrorKind, Outbound, Settings};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedKey, DnType, IsCa, Issuer, KeyPair,
    generate_simple_self_signed,
};
use reqwest::{Url, Version};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tokio_rustls::TlsAcceptor;

use crate::support::{
    Server, TempFile, answer, client, failure, fetch, get, ok, settings, talk, url,
};

/// A certificate authority that only the test knows.
pub(crate) struct Authority {
    pub(crate) issuer: Issuer<'static, KeyPair>,
    pub(crate) file: TempFile,
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::with(CertificateParams::new(Vec::new()).unwrap())
    }

    pub(crate) fn with(mut params: CertificateParams) -> Self {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Test CA");
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let file = TempFile::new("ca.pem", &certificate.pem());
        Self { issuer: Issuer::new(params, key), file }
    }

    /// A server whose certificate is for `name`.
    pub(crate) async fn serve(&self, name: &str) -> Server {
        serve(self.acceptor(&CertificateParams::new(vec![name.to_owned()]).unwrap(), b"http/1.1"))
            .await
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings { extra_ca: Some(self.file.0.clone()), ..settings() }
    }

    fn client(&self) -> Outbound {
        Outbound::new(self.settings()).unwrap()
    }

    fn acceptor(&self, params: &CertificateParams, protocol: &[u8]) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        acceptor(certificate.der().clone(), &key, protocol)
    }
}

#[tokio::test]
async fn an_unknown_authority_is_told_with_what_to_do() {
    let server = Authority::new().serve("peer.test").await;
    check(&client(), https(&server, "peer.test"), "UnknownIssuer", "SSL_CERT_FILE").await;
}

#[tokio::test]
async fn a_self_signed_certificate_is_refused() {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["peer.test".to_owned()]).unwrap();
    let server = serve(acceptor(cert.der().clone(), &signing_key, b"http/1.1")).await;
    check(&client(), https(&server, "peer.test"), "UnknownIssuer", "SSL_CERT_FILE").await;
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new();
    let server = authority.serve("other.test").await;
    for host in ["peer.test", "127.0.0.1"] {
        let url = https(&server, host);
        check(&authority.client(), url, "not valid for name", "the certificate is for").await;
    }
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let authority = Authority::new();
    let mut params = CertificateParams::new(vec!["peer.test".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2020, 2, 1);
    let server = serve(authority.acceptor(&params, b"http/1.1")).await;
    check(&authority.client(), https(&server, "peer.test"), "expired", "renew").await;
}

#[tokio::test]
async fn a_port_for_plain_http_is_recognized() {
    let server = Server::raw(|mut stream| async move {
        use tokio::io::AsyncWriteExt;
        stream.write_all(&answer("400 Bad Request", "", "")).await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    check(&client(), https(&server, "peer.test"), "TLS: ", "plain http").await;
}

#[tokio::test]
async fn a_peer_that_hangs_up_in_the_handshake_never_had_the_request() {
    let server = Server::raw(|stream| async move { drop(stream) }).await;
    let error = failure(&client(), get(https(&server, "peer.test"))).await;
    assert!(matches!(error.kind, ErrorKind::Reset(_)), "{error}");
    assert!(!error.may_have_happened());
}

#[tokio::test]
async fn a_redirect_from_https_to_http_goes_without_credentials() {
    let target = Server::start(|_| ok()).await;
    let location = target.url_at("peer.test", "/");
    let authority = Authority::new();
    let params = CertificateParams::new(vec!["peer.test".to_owned()]).unwrap();
    let acceptor = authority.acceptor(&params, b"http/1.1");
    let server = serve_with(acceptor, move |_| {
        answer("302 Found", &format!("Location: {location}\r\n"), "")
    })
    .await;
    let mut request = get(https(&server, "peer.test"));
    request.headers.insert("authorization", "Bearer s3cret".parse().unwrap());
    assert_eq!(fetch(&authority.client(), request).await.0, 200);
    assert!(!target.requests()[0].contains("s3cret"), "{:?}", target.requests());
}

#[tokio::test]
async fn a_ca_file_that_is_none_is_a_problem_of_its_setting() {
    let file = TempFile::new("empty.pem", "no certificate\n");
    let path = file.0.display().to_string();
    let check = |path: &str, text: &str| {
        let settings = Settings { extra_ca: Some(path.into()), ..settings() };
        let Err(problems) = Outbound::new(settings) else { panic!("{path}") };
        let [(setting, found)] = &problems[..] else { panic!("{problems:?}") };
        assert_eq!(*setting, "CA_FILE");
        assert!(found.contains(path) && found.contains(text), "{found}");
    };
    check(&path, "no PEM certificate");
    check(&format!("{path}.none"), "No such file");
}

#[tokio::test]
async fn an_authority_in_the_file_is_trusted() {
    let authority = Authority::new();
    let server = authority.serve("peer.test").await;
    let fetched = fetch(&authority.client(), get(https(&server, "peer.test"))).await;
    assert_eq!(fetched, (200, "hello".to_owned()));
}

#[tokio::test]
async fn http_2_is_spoken_where_the_peer_offers_it() {
    let authority = Authority::new();
    let params = CertificateParams::new(vec!["peer.test".to_owned()]).unwrap();
    let acceptor = authority.acceptor(&params, b"h2");
    let server = Server::raw(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let stream = acceptor.accept(stream).await.unwrap();
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(request) = connection.accept().await {
                let (_, mut respond) = request.unwrap();
                let mut body = respond.send_response(http_ok(), false).unwrap();
                body.send_data(Bytes::from_static(b"hello"), true).unwrap();
            }
        }
    })
    .await;
    let request = get(https(&server, "peer.test"));
    let client = authority.client();
    let response = client.follow(request.clone()).await.unwrap();
    assert_eq!(response.version, Version::HTTP_2);
    assert_eq!(fetch(&client, request).await, (200, "hello".to_owned()));
}

async fn check(client: &Outbound, url: Url, expected_text: &str, expected_hint: &str) {
    let error = failure(client, get(url)).await;
    let ErrorKind::Tls { text, hint } = &error.kind else { panic!("{error}") };
    assert!(text.contains(expected_text), "{text}");
    assert!(hint.contains(expected_hint), "{hint}");
    assert!(!error.may_have_happened());
}

async fn serve(acceptor: TlsAcceptor) -> Server {
    serve_with(acceptor, |_| ok()).await
}

async fn serve_with<A>(acceptor: TlsAcceptor, answer: A) -> Server
where
    A: Fn(&str) -> Vec<u8> + Send + Sync + 'static,
{
    let answer = Arc::new(answer);
    Server::raw(move |stream| {
        let (acceptor, answer) = (acceptor.clone(), Arc::clone(&answer));
        async move {
            // A client that does not trust this server hangs up.
            if let Ok(stream) = acceptor.accept(stream).await {
                talk(stream, Arc::default(), answer).await;
            }
        }
    })
    .await
}

fn acceptor(certificate: CertificateDer<'static>, key: &KeyPair, protocol: &[u8]) -> TlsAcceptor {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = vec![protocol.to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

pub(crate) fn https(server: &Server, host: &str) -> Url {
    url(&format!("https://{host}:{}/", server.port()))
}

fn http_ok() -> hyper::Response<()> {
    hyper::Response::new(())
}
