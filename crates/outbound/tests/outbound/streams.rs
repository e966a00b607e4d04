//! Bodies that come from a source, and bodies that are read as they come.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use outbound::{Body, ErrorKind, Opened, OutboundError, Request, Source, SourceError};
use reqwest::{Method, Url};
use tokio::{io::AsyncWriteExt, time::timeout};

use crate::support::{
    ClosedPort, PATIENCE, SHORT, Server, answer, client, failure, fetch, header, ok, receive,
    redirect, settings, url,
};

#[derive(Clone, Debug, PartialEq)]
struct Gone(&'static str);

impl std::error::Error for Gone {}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is gone", self.0)
    }
}

/// A source that counts how often it is opened; its content ends with `end`.
fn source(
    size: Option<u64>,
    chunks: &'static [&'static str],
    end: Option<Gone>,
) -> (Source, Arc<AtomicUsize>) {
    let n_opened = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&n_opened);
    let source = Source::new(move || {
        counter.fetch_add(1, Ordering::SeqCst);
        let chunks = chunks.iter().map(|it| Ok(Bytes::from_static(it.as_bytes())));
        let end = end.clone().map(|it| Err(SourceError::new(it)));
        let content = stream::iter(chunks.chain(end)).boxed();
        async move { Ok(Opened { size, content }) }.boxed()
    });
    (source, n_opened)
}

fn post(url: Url, source: Source) -> Request {
    Request { body: Body::Stream(source), ..Request::new(Method::POST, url, PATIENCE) }
}

/// What a source's own error says in the error of a call.
fn gone(error: &OutboundError) -> Option<&Gone> {
    match &error.kind {
        ErrorKind::Source(error) => error.get(),
        _ => None,
    }
}

#[tokio::test]
async fn nobody_is_called_for_a_body_that_is_not_there() {
    let server = Server::start(|_| ok()).await;
    let missing = Source::new(|| async { Err(SourceError::new(Gone("a"))) }.boxed());
    let error = failure(&client(), post(server.url("/"), missing)).await;
    assert_eq!(gone(&error), Some(&Gone("a")));
    assert!(!error.may_have_happened());
    assert_eq!(error.to_string(), format!("{}: `a` is gone", server.url("/")));
    assert_eq!(server.requests(), [""; 0]);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_the_peers_fault() {
    for size in [Some(10), None] {
        let server = Server::start(|_| ok()).await;
        let (source, _) = source(size, &["hel", "lo"], Some(Gone("a")));
        let error = failure(&client(), post(server.url("/"), source)).await;
        assert_eq!(gone(&error), Some(&Gone("a")), "{size:?}: {error}");
        assert!(error.may_have_happened());
        assert_eq!(server.requests(), [""; 0], "the peer must not take it for complete");
    }
}

#[tokio::test]
async fn a_body_keeps_to_its_size() {
    let check = async |size: u64, expected: &str| {
        let server = Server::start(|_| ok()).await;
        let (source, _) = source(Some(size), &["hel", "lo"], None);
        let error = failure(&client(), post(server.url("/"), source)).await;
        assert!(matches!(error.kind, ErrorKind::Source(_)), "{error}");
        assert!(error.to_string().ends_with(expected), "{error}");
    };
    check(4, "the body was announced with 4 bytes and has more").await;
    check(6, "the body was announced with 6 bytes and has fewer").await;
}

#[tokio::test]
async fn a_source_that_never_opens_runs_into_the_time_of_the_call() {
    let server = Server::start(|_| ok()).await;
    let source = Source::new(|| std::future::pending().boxed());
    let request = Request { timeout: SHORT, ..post(server.url("/"), source) };
    let error = failure(&client(), request).await;
    assert_eq!(error.kind, ErrorKind::Timeout { after: SHORT });
    assert!(!error.may_have_happened());
}

#[tokio::test]
async fn a_closed_port_is_told_as_one() {
    let port = ClosedPort::reserve();
    let (source, _) = source(Some(5), &["hello"], None);
    let to = url(&format!("http://127.0.0.1:{}/", port.port()));
    let error = failure(&client(), post(to, source)).await;
    assert_eq!(error.kind, ErrorKind::ConnectRefused);
}

#[tokio::test]
async fn the_size_is_announced_where_it_is_known() {
    let server = Server::start(|_| ok()).await;
    let (known, _) = source(Some(5), &["hel", "lo"], None);
    assert_eq!(fetch(&client(), post(server.url("/"), known)).await.0, 200);
    let [request] = &server.requests()[..] else { panic!("one request") };
    assert_eq!(header(request, "content-length"), Some("5"));
    assert_eq!(header(request, "transfer-encoding"), None);
    assert!(request.ends_with("\r\n\r\nhello"), "{request}");

    let server = Server::raw(|mut stream| async move {
        let head = receive(&mut stream).await.unwrap();
        assert_eq!(header(&head, "transfer-encoding"), Some("chunked"));
        assert_eq!(header(&head, "content-length"), None);
        stream.write_all(&ok()).await.unwrap();
    })
    .await;
    let (unknown, _) = source(None, &["hello"], None);
    assert_eq!(fetch(&client(), post(server.url("/"), unknown)).await.0, 200);
}

#[tokio::test]
async fn a_body_is_opened_again_for_a_redirect_that_keeps_it() {
    for (status, n_expected, end) in
        [("307 Temporary Redirect", 2, "\r\n\r\nhello"), ("303 See Other", 1, "\r\n\r\n")]
    {
        let server =
            Server::start(
                move |request| {
                    if request.contains(" /to ") { ok() } else { redirect(status, "/to") }
                },
            )
            .await;
        let (source, n_opened) = source(Some(5), &["hello"], None);
        assert_eq!(fetch(&client(), post(server.url("/from"), source)).await.0, 200);
        assert_eq!(n_opened.load(Ordering::SeqCst), n_expected, "{status}");
        assert!(server.requests()[1].ends_with(end), "{:?}", server.requests());
    }
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_body_is_the_answer() {
    let server = Server::raw(|mut stream| async move {
        receive(&mut stream).await;
        stream.write_all(&answer("413 Too Large", "Connection: close\r\n", "")).await.unwrap();
        // Closed with something unread, the connection would be reset, and the answer perhaps lost.
        drop(tokio::io::copy(&mut stream, &mut tokio::io::sink()).await);
    })
    .await;
    // There is more to come for as long as anyone listens.
    let source = Source::new(|| {
        let content = stream::repeat_with(|| Ok(Bytes::from_static(&[0; 8192]))).boxed();
        async { Ok(Opened { size: None, content }) }.boxed()
    });
    assert_eq!(fetch(&client(), post(server.url("/"), source)).await.0, 413);
}

#[tokio::test]
async fn chunks_end_at_the_limit_and_with_the_connection() {
    let check = async |head: &str, body: &str, expected: Result<&str, &str>| {
        let answer = format!("HTTP/1.1 200 OK\r\n{head}\r\n{body}");
        let server = Server::raw(move |mut stream| {
            let answer = answer.clone();
            async move {
                receive(&mut stream).await;
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        })
        .await;
        let outbound = outbound::Outbound::new(settings()).unwrap();
        let response = outbound.follow(Request::new(Method::GET, server.url("/"), PATIENCE)).await;
        let read = async {
            let chunks = response.unwrap().chunks(5)?;
            let chunks: Vec<Bytes> = chunks.try_collect().await?;
            Ok::<_, OutboundError>(chunks.concat())
        };
        match (timeout(PATIENCE, read).await.expect("reading hangs"), expected) {
            (Ok(body), Ok(expected)) => assert_eq!(body, expected.as_bytes()),
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
    };
    let too_large = Err("the body is larger than 5 bytes");
    // Nothing of this body ever comes.
    check("Content-Length: 6\r\n", "", too_large).await;
    check("Transfer-Encoding: chunked\r\n", "3\r\nhel\r\n3\r\nlo!\r\n", too_large).await;
    check("Content-Length: 5\r\n", "hel", Err("the connection was lost")).await;
    check("Transfer-Encoding: chunked\r\n", "3\r\nhel\r\n", Err("the connection was lost")).await;
    check("Content-Length: 5\r\n", "hello", Ok("hello")).await;
    check("Transfer-Encoding: chunked\r\n", "3\r\nhel\r\n0\r\n\r\n", Ok("hel")).await;
}
