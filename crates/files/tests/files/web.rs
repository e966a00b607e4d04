//! Files fetched over HTTP.

use files::{ErrorKind, Store};

use crate::support::{
    ClosedPort, Server, announced, answer, content, failure, file, kind, outbound, settings, store,
};

#[tokio::test]
async fn the_egress_rules_hold_for_files() {
    let server = Server::start(|_| answer("200 OK", "", "s3cret")).await;
    let guarded = Store::new(&settings(None), outbound("deny")).unwrap();
    let error = failure(&guarded, &file(&server.url("/a?sig=s3cret"))).await;
    assert!(matches!(error.kind, ErrorKind::Refused(_)), "{error}");
    assert!(error.to_string().contains("EGRESS_PRIVATE"), "{error}");
    assert_eq!(server.requests(), [""; 0]);
    // The metadata of clouds is closed whatever the settings say about private addresses.
    let error = failure(&store(&settings(None)), &file("http://169.254.169.254/latest")).await;
    assert!(error.to_string().contains("EGRESS_DENY"), "{error}");
}

#[tokio::test]
async fn a_redirect_to_a_closed_address_is_refused() {
    let metadata = "Location: http://169.254.169.254/latest\r\n";
    let server = Server::start(move |_| answer("302 Found", metadata, "")).await;
    let kind = kind(&store(&settings(None)), &server.url("/a")).await;
    assert!(matches!(&kind, ErrorKind::Refused(text) if text.contains("EGRESS_DENY")), "{kind}");
}

#[tokio::test]
async fn addresses_that_cannot_be_called_are_refused() {
    let store = store(&settings(None));
    for uri in ["http://", "http://a b/", "https://jane:s3cret@a.test/a", "http://[::1/a"] {
        let error = failure(&store, &file(uri)).await;
        assert!(matches!(error.kind, ErrorKind::Refused(_)), "{error}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}

#[tokio::test]
async fn servers_that_are_not_there_may_come_back() {
    let port = ClosedPort::reserve();
    let error = failure(&store(&settings(None)), &file(&format!("{}/a", port.url()))).await;
    assert!(error.is_transient(), "{error}");
}

#[tokio::test]
async fn answers_without_a_file_are_told_without_secrets() {
    let store = store(&settings(None));
    let check = async |status: &'static str, expected: &str| {
        let server = Server::start(move |_| answer(status, "", "s3cret")).await;
        let error = failure(&store, &file(&server.url("/a.pdf?sig=s3cret"))).await;
        assert_eq!(error.to_string(), format!("`{}`: {expected}", server.url("/a.pdf")));
    };
    check("404 Not Found", "not there").await;
    check("403 Forbidden", "the server answers 403").await;
    check("503 Service Unavailable", "the server answers 503").await;
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error() {
    let server = Server::start(|_| announced("200 OK", "", 1000, "hello")).await;
    let error = failure(&store(&settings(None)), &file(&server.url("/a"))).await;
    assert!(error.is_transient(), "{error}");
}

#[tokio::test]
async fn too_large_a_body_is_refused_before_and_while_it_is_read() {
    let mut settings = settings(None);
    settings.bytes_max = 4;
    let store = store(&settings);
    let limit = ErrorKind::TooLarge { limit: 4, setting: "FILE_BYTES_MAX" };
    // Nothing of this body ever comes.
    let server = Server::start(|_| announced("200 OK", "", 5, "")).await;
    assert_eq!(kind(&store, &server.url("/a")).await, limit);
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n";
    let server = Server::start(move |_| chunked.as_bytes().to_vec()).await;
    assert_eq!(kind(&store, &server.url("/a")).await, limit);
}

#[tokio::test]
async fn a_file_is_fetched_with_its_name_and_type() {
    let server = Server::start(|_| answer("200 OK", "Content-Type: text/csv\r\n", "a,b")).await;
    let store = store(&settings(None));
    let (meta, bytes) = content(&store, &file(&server.url("/b/c%20d.txt?q=1"))).await;
    assert_eq!((&*meta.name, &*meta.mime_type, bytes), ("c d.txt", "text/csv", "a,b".into()));
    let [request] = &server.requests()[..] else { panic!("one request") };
    assert!(request.starts_with("GET /b/c%20d.txt?q=1 HTTP/1.1\r\n"), "{request}");
    // The size of a compressed answer would not be known beforehand.
    assert!(request.contains("\r\naccept-encoding: identity\r\n"), "{request}");
    assert_eq!(meta.size, Some(3));
}
