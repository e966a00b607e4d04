//! Peers that refuse, hang, trickle, hang up and talk nonsense.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use outbound::{Body, ErrorKind, Outbound, Request, Settings};
use reqwest::{
    Method,
    dns::{Name, Resolve, Resolving},
};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::interval};

use crate::support::{
    BlackHole, ClosedPort, PATIENCE, SHORT, Server, answer, client, failure, fetch, get, header,
    kind, ok, receive, settings, url,
};

#[tokio::test]
async fn a_black_hole_fails_within_the_connect_timeout_of_the_call() {
    let hole = BlackHole::open().await;
    let request = Request { connect_timeout: Some(SHORT), ..get(hole.url()) };
    let start = Instant::now();
    let error = failure(&client(), request).await;
    let elapsed = start.elapsed();
    assert_eq!(error.kind, ErrorKind::ConnectTimeout { after: SHORT });
    assert!(!error.may_have_happened());
    assert_eq!(error.to_string(), format!("{}: no connection within 200ms", hole.url()));
    // The rest of the second is for a busy machine; without a limit it would be minutes.
    assert!(elapsed < Duration::from_secs(1), "{elapsed:?}");
}

#[tokio::test]
async fn a_black_hole_fails_within_the_connect_timeout_of_the_client() {
    let hole = BlackHole::open().await;
    let client = Outbound::new(Settings { connect_timeout: SHORT, ..settings() }).unwrap();
    assert_eq!(kind(&client, get(hole.url())).await, ErrorKind::ConnectTimeout { after: SHORT });
}

#[tokio::test]
async fn a_total_time_below_the_connect_timeout_is_still_known_as_not_sent() {
    let hole = BlackHole::open().await;
    let request = Request { timeout: SHORT, ..Request::new(Method::POST, hole.url(), SHORT) };
    let error = failure(&client(), request).await;
    assert_eq!(error.kind, ErrorKind::ConnectTimeout { after: SHORT });
    assert!(!error.may_have_happened());
}

#[tokio::test]
async fn calls_with_different_connect_timeouts_share_connections() {
    let server = Server::raw(|mut stream| async move {
        // One connection is served; a second one would wait for ever.
        let port = stream.peer_addr().unwrap().port().to_string();
        while receive(&mut stream).await.is_some() {
            stream.write_all(&answer("200 OK", "", &port)).await.unwrap();
        }
    })
    .await;
    let client = client();
    let (_, first) = fetch(&client, get(server.url("/"))).await;
    let request = Request { connect_timeout: Some(SHORT), ..get(server.url("/")) };
    let (_, second) = fetch(&client, request).await;
    assert_eq!(first, second);
}

#[tokio::test]
async fn a_name_server_that_hangs_counts_as_connecting() {
    struct Silent;
    impl Resolve for Silent {
        fn resolve(&self, _: Name) -> Resolving {
            Box::pin(std::future::pending())
        }
    }
    let client =
        Outbound::new(Settings { resolver: Some(Arc::new(Silent)), ..settings() }).unwrap();
    let request = Request { connect_timeout: Some(SHORT), ..get(url("http://silent.test/")) };
    assert_eq!(kind(&client, request).await, ErrorKind::ConnectTimeout { after: SHORT });
}

#[tokio::test]
async fn a_tls_handshake_that_hangs_counts_as_connecting() {
    let server = Server::raw(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let url = url(&format!("https://127.0.0.1:{}/", server.port()));
    let error = failure(&client(), Request { connect_timeout: Some(SHORT), ..get(url) }).await;
    assert_eq!(error.kind, ErrorKind::ConnectTimeout { after: SHORT });
    assert!(!error.may_have_happened());
}

#[tokio::test]
async fn a_refused_connection_was_never_sent() {
    let closed = ClosedPort::reserve();
    let port = closed.port();
    let error =
        failure(&client(), get(url(&format!("http://127.0.0.1:{port}/a?key=s3cret")))).await;
    assert_eq!(error.kind, ErrorKind::ConnectRefused);
    assert!(!error.may_have_happened());
    assert_eq!(error.to_string(), format!("http://127.0.0.1:{port}/a: the connection was refused"));
}

#[tokio::test]
async fn an_address_without_a_way_to_it_was_never_sent() {
    // The kernel connects no TCP to a broadcast address, be it the one of the loopback.
    let error = failure(&client(), get(url("http://127.255.255.255/"))).await;
    assert!(matches!(error.kind, ErrorKind::Unreachable(_)), "{error}");
    assert!(!error.may_have_happened());
}

#[tokio::test]
async fn an_unknown_name_was_never_sent() {
    // Names below `invalid` do not exist (RFC 6761); the system may say so without asking anyone.
    let client = Outbound::new(Settings { resolver: None, ..settings() }).unwrap();
    let error = failure(&client, get(url("http://nowhere.invalid/"))).await;
    assert_eq!(error.kind, ErrorKind::HostNotFound { host: "nowhere.invalid".to_owned() });
    assert!(!error.may_have_happened());
}

#[tokio::test]
async fn a_peer_that_hangs_up_after_the_request_may_have_acted() {
    let server = Server::raw(|mut stream: TcpStream| async move {
        receive(&mut stream).await;
        // Closing with data unsent by way of a reset, not in peace.
        stream.set_zero_linger().unwrap();
    })
    .await;
    let error = failure(&client(), Request::new(Method::POST, server.url("/"), PATIENCE)).await;
    assert!(matches!(error.kind, ErrorKind::Reset(_)), "{error}");
    assert!(error.may_have_happened());
}

#[tokio::test]
async fn a_peer_that_never_answers_runs_into_the_total_time() {
    let server = Server::raw(|mut stream| async move {
        receive(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let error = failure(&client(), Request { timeout: SHORT, ..get(server.url("/")) }).await;
    assert_eq!(error.kind, ErrorKind::Timeout { after: SHORT });
    assert!(error.may_have_happened());
}

#[tokio::test]
async fn a_body_that_trickles_runs_into_the_total_time() {
    let server = Server::raw(|mut stream| async move {
        receive(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
        stream.write_all(head).await.unwrap();
        let mut pulse = interval(Duration::from_millis(20));
        while stream.write_all(b"x").await.is_ok() {
            pulse.tick().await;
        }
    })
    .await;
    let error = failure(&client(), Request { timeout: SHORT, ..get(server.url("/")) }).await;
    assert_eq!(error.kind, ErrorKind::Timeout { after: SHORT });
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_told_apart() {
    let server = Server::raw(|mut stream| async move {
        receive(&mut stream).await;
        stream.write_all(b"220 mail.test ESMTP\r\n").await.unwrap();
    })
    .await;
    let error = failure(&client(), get(server.url("/"))).await;
    assert!(matches!(error.kind, ErrorKind::BadResponse(_)), "{error}");
    assert!(error.may_have_happened());
}

#[tokio::test]
async fn urls_that_cannot_be_called_are_refused() {
    let check = async |url: &str, text: &str| {
        let error = failure(&client(), get(url.parse().unwrap())).await;
        assert_eq!(error.kind, ErrorKind::InvalidUrl(text.to_owned()), "{url}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    };
    check("ftp://a.test/", "the scheme is http or https, not `ftp`").await;
    check("mailto:jane@a.test", "the scheme is http or https, not `mailto`").await;
    check("http://jane:s3cret@a.test/", "credentials belong in a header, not in the URL").await;
    check("http://s3cret@a.test/", "credentials belong in a header, not in the URL").await;
}

#[tokio::test]
async fn a_request_goes_out_as_it_was_given() {
    let server = Server::start(|_| ok()).await;
    let mut request = Request::new(Method::POST, server.url("/a%2Fb?x=%20y"), PATIENCE);
    request.headers.insert("x-order", "4711".parse().unwrap());
    request.body = Body::Bytes("payload".into());
    assert_eq!(fetch(&client(), request).await, (200, "hello".to_owned()));
    let [sent] = &server.requests()[..] else { panic!("one request") };
    assert!(sent.starts_with("POST /a%2Fb?x=%20y HTTP/1.1\r\n"), "{sent}");
    assert!(sent.contains("\r\nx-order: 4711\r\n"), "{sent}");
    assert!(sent.contains("\r\nuser-agent: test-connector/1.0\r\n"), "{sent}");
    assert!(sent.ends_with("\r\n\r\npayload"), "{sent}");
}

#[tokio::test]
async fn the_length_on_the_wire_is_that_of_the_body() {
    let check = async |method: Method, body: Body, expected: Option<&str>| {
        let server = Server::start(|_| ok()).await;
        let mut request = Request::new(method.clone(), server.url("/"), PATIENCE);
        request.headers.insert("content-length", "3".parse().unwrap());
        request.headers.insert("transfer-encoding", "chunked".parse().unwrap());
        request.body = body;
        fetch(&client(), request).await;
        let [sent] = &server.requests()[..] else { panic!("one request") };
        assert_eq!(header(sent, "content-length"), expected, "{method}: {sent}");
        assert_eq!(header(sent, "transfer-encoding"), None, "{method}: {sent}");
    };
    for method in [Method::POST, Method::PUT, Method::PATCH] {
        check(method.clone(), Body::Empty, Some("0")).await;
        check(method, Body::Bytes("payload".into()), Some("7")).await;
    }
    for method in [Method::GET, Method::DELETE, Method::OPTIONS] {
        check(method.clone(), Body::Empty, None).await;
        check(method, Body::Bytes("payload".into()), Some("7")).await;
    }
}
