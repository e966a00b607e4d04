//! Clients that show a certificate, against servers that want one (R15 of the acceptance cases).

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use outbound::{ErrorKind, Outbound, Settings, TlsIdentity};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    support::{Server, client, egress, failure, fetch, get, ok, settings, talk},
    tls::{Authority, https},
};

/// A certificate of the authority and its key, both PEM.
fn issue(authority: &Authority, name: &str, key: &KeyPair) -> (String, String) {
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = params.signed_by(key, &authority.issuer).unwrap();
    (certificate.pem(), key.serialize_pem())
}

fn ca(authority: &Authority) -> String {
    fs::read_to_string(&authority.file.0).unwrap()
}

fn identity(authority: &Authority) -> TlsIdentity {
    let (certificate, key) = issue(authority, "client.test", &KeyPair::generate().unwrap());
    TlsIdentity {
        certificate: Some(certificate),
        key: Some(key),
        key_password: None,
        ca: Some(ca(authority)),
    }
}

/// A server that lets nobody in whose certificate is not from the authority, and the number of connections to it.
async fn serve(authority: &Authority) -> (Server, Arc<AtomicUsize>) {
    let (certificate, key) = issue(authority, "peer.test", &KeyPair::generate().unwrap());
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca(authority).as_bytes()).unwrap()).unwrap();
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
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let n_connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&n_connections);
    let server = Server::raw(move |stream| {
        let (acceptor, count) = (acceptor.clone(), Arc::clone(&count));
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                count.fetch_add(1, Ordering::SeqCst);
                talk(stream, Arc::default(), Arc::new(|_: &str| ok())).await;
            }
        }
    })
    .await;
    (server, n_connections)
}

async fn refused(client: &Outbound, server: &Server, expected: &str) {
    let error = failure(client, get(https(server, "peer.test"))).await;
    let ErrorKind::Tls { text, hint } = &error.kind else { panic!("{error}") };
    assert!(format!("{text}; {hint}").contains(expected), "{error}");
}

#[tokio::test]
async fn r15_an_identity_that_is_none_names_its_member_and_quotes_nothing() {
    let authority = Authority::new();
    let good = identity(&authority);
    let check = |identity: TlsIdentity, expected: (&str, &str)| {
        let Err((member, text)) = client().with_identity(&identity) else { panic!("{expected:?}") };
        assert_eq!((member, text.as_str()), expected);
        assert_eq!(format!("{identity:?}"), "TlsIdentity(***)");
    };
    let text = |text: &str| Some(text.to_owned());
    let rubbish = "-----BEGIN CERTIFICATE-----\ns3cret";
    let damaged = "-----BEGIN CERTIFICATE-----\nczNjcmV0\n-----END CERTIFICATE-----\n";
    let no_key = "has no PEM private key in it (PKCS#8, PKCS#1 or SEC 1)";
    let none = || None::<String>;
    check(TlsIdentity { key: none(), ..good.clone() }, ("key", "is missing beside `certificate`"));
    check(
        TlsIdentity { key: text(" "), ..good.clone() },
        ("key", "is missing beside `certificate`"),
    );
    check(
        TlsIdentity { certificate: none(), ..good.clone() },
        ("certificate", "is missing beside `key`"),
    );
    check(
        TlsIdentity { certificate: text("s3cret"), ..good.clone() },
        ("certificate", "has no PEM certificate in it"),
    );
    check(TlsIdentity { certificate: text(rubbish), ..good.clone() }, ("certificate", "is no PEM"));
    check(TlsIdentity { key: text("s3cret"), ..good.clone() }, ("key", no_key));
    check(TlsIdentity { key: text(rubbish), ..good.clone() }, ("key", no_key));
    check(
        TlsIdentity { ca: text("s3cret"), ..good.clone() },
        ("ca", "has no PEM certificate in it"),
    );
    check(TlsIdentity { ca: text(damaged), ..good.clone() }, ("ca", "has a damaged certificate"));
    check(
        TlsIdentity { key: identity(&authority).key, ..good.clone() },
        ("certificate", "does not belong to `key`"),
    );
    check(
        TlsIdentity { certificate: text(damaged), ..good },
        ("certificate", "or `key` is of a kind that TLS cannot use"),
    );
}

#[tokio::test]
async fn r15_a_server_that_wants_a_certificate_refuses_calls_without_and_with_a_foreign_one() {
    let (authority, foreign) = (Authority::new(), Authority::new());
    let (server, _) = serve(&authority).await;
    let only_ca = TlsIdentity { ca: Some(ca(&authority)), ..TlsIdentity::default() };
    refused(&client().with_identity(&only_ca).unwrap(), &server, "client certificate").await;
    let stranger = TlsIdentity { ca: Some(ca(&authority)), ..identity(&foreign) };
    refused(&client().with_identity(&stranger).unwrap(), &server, "client certificate").await;
}

#[tokio::test]
async fn r15_a_server_of_an_unknown_authority_is_not_trusted() {
    let authority = Authority::new();
    let (server, _) = serve(&authority).await;
    let trusting = TlsIdentity { ca: None, ..identity(&authority) };
    refused(&client().with_identity(&trusting).unwrap(), &server, "UnknownIssuer").await;
    let elsewhere = TlsIdentity { ca: Some(ca(&Authority::new())), ..identity(&authority) };
    // Of the same name, but with another key.
    refused(&client().with_identity(&elsewhere).unwrap(), &server, "BadSignature").await;
    // What one identity trusts, the client without it does not.
    refused(&client(), &server, "UnknownIssuer").await;
}

#[tokio::test]
async fn an_authority_whose_time_is_over_is_not_trusted() {
    let expired = {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 2, 1);
        Authority::with(params)
    };
    let Err((member, text)) = client().with_identity(&identity(&expired)) else { panic!() };
    assert_eq!((member, text.as_str()), ("ca", "has expired certificates only"));

    // Among others it does no harm, and is trusted no more than before.
    let authority = Authority::new();
    let both = TlsIdentity { ca: Some(ca(&expired) + &ca(&authority)), ..identity(&authority) };
    let client = client().with_identity(&both).unwrap();
    let (server, _) = serve(&authority).await;
    assert_eq!(fetch(&client, get(https(&server, "peer.test"))).await.0, 200);
    let (server, _) = serve(&expired).await;
    refused(&client, &server, "TLS: ").await;
}

#[tokio::test]
async fn r15_a_certificate_of_the_authority_lets_in() {
    let authority = Authority::new();
    let (server, _) = serve(&authority).await;
    let rsa = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let (certificate, key) = issue(&authority, "client.test", &rsa);
    let blank = TlsIdentity { key_password: Some(String::new()), ..identity(&authority) };
    let rsa = TlsIdentity { certificate: Some(certificate), key: Some(key), ..blank.clone() };
    for identity in [identity(&authority), blank, rsa] {
        let client = client().with_identity(&identity).unwrap();
        let fetched = fetch(&client, get(https(&server, "peer.test"))).await;
        assert_eq!(fetched, (200, "hello".to_owned()));
    }
}

#[tokio::test]
async fn an_identity_has_one_pool_of_connections_and_another_one_its_own() {
    let authority = Authority::new();
    let (server, n_connections) = serve(&authority).await;
    let base = client();
    let (one, other) = (identity(&authority), identity(&authority));
    for (identity, expected) in [(&one, 1), (&one, 1), (&other, 2), (&one, 2), (&other, 2)] {
        let client = base.clone().with_identity(identity).unwrap();
        fetch(&client, get(https(&server, "peer.test"))).await;
        assert_eq!(n_connections.load(Ordering::SeqCst), expected);
    }
}

#[tokio::test]
async fn clients_that_are_asked_for_no_longer_are_given_up() {
    let authority = Authority::new();
    let (server, n_connections) = serve(&authority).await;
    let base = client();
    let one = identity(&authority);
    let call = async || {
        let client = base.with_identity(&one).unwrap();
        fetch(&client, get(https(&server, "peer.test"))).await;
        n_connections.load(Ordering::SeqCst)
    };
    let others = |n: usize| {
        for n in 0..n {
            // A password that nothing needs makes another identity all the same.
            let other = TlsIdentity { key_password: Some(n.to_string()), ..one.clone() };
            base.with_identity(&other).unwrap();
        }
    };
    assert_eq!(call().await, 1);
    others(63);
    assert_eq!(call().await, 1);
    others(64);
    assert_eq!(call().await, 2);
}

#[tokio::test]
async fn an_identity_goes_nowhere_else() {
    let authority = Authority::new();
    let (server, n_connections) = serve(&authority).await;
    let guarded = Settings { egress: egress("deny", "", ""), ..settings() };
    let guarded = Outbound::new(guarded).unwrap().with_identity(&identity(&authority)).unwrap();
    let error = failure(&guarded, get(https(&server, "peer.test"))).await;
    assert!(matches!(error.kind, ErrorKind::EgressDenied(_)), "{error}");
    assert_eq!(n_connections.load(Ordering::SeqCst), 0);
}
