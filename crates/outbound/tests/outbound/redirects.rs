//! Redirects over the wire.

use std::sync::Arc;

use outbound::{Body, ErrorKind, Redirects, Request};
use reqwest::{Method, header::HeaderValue};

use crate::support::{
    BlackHole, PATIENCE, SHORT, Server, answer, client, failure, fetch, get, header, kind, ok,
    redirect,
};

#[tokio::test]
async fn endless_redirects_end_at_the_limit() {
    let server = Server::start(|request| {
        // Each leads to a new place, so that it is no circle.
        let path = request.split(' ').nth(1).unwrap();
        redirect("302 Found", format!("{path}x"))
    })
    .await;
    let request = Request { redirects: Redirects::Follow { limit: 3 }, ..get(server.url("/")) };
    let error = failure(&client(), request).await;
    assert_eq!(error.kind, ErrorKind::TooManyRedirects { limit: 3 });
    assert!(error.may_have_happened());
    assert_eq!(error.to_string(), format!("{}: more than 3 redirects", server.url("/xxx")));
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn a_circle_is_left_at_once() {
    let server = Server::start(|request| {
        redirect("302 Found", if request.starts_with("GET /a ") { "/b" } else { "/a" })
    })
    .await;
    assert_eq!(kind(&client(), get(server.url("/a"))).await, ErrorKind::RedirectLoop);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn the_total_time_holds_for_all_redirects_together() {
    let hole = BlackHole::open().await;
    let target = hole.url();
    let server = Server::start(move |_| redirect("307 Temporary Redirect", &target)).await;
    let error = failure(&client(), Request::new(Method::POST, server.url("/"), SHORT)).await;
    assert_eq!(error.kind, ErrorKind::ConnectTimeout { after: SHORT });
    // The first server had the request.
    assert!(error.may_have_happened());
}

#[tokio::test]
async fn redirects_that_lead_nowhere_are_errors() {
    let check = async |headers: &'static str, text: &str| {
        let server = Server::start(move |_| answer("302 Found", headers, "")).await;
        let kind = kind(&client(), get(server.url("/"))).await;
        assert_eq!(kind, ErrorKind::BadRedirect(text.to_owned()), "{headers}");
    };
    check("", "302 redirects without `Location`").await;
    check("Location: http://[::1\r\n", "302 redirects to no URL: invalid IPv6 address").await;
    check("Location: http://a.test:99999/\r\n", "302 redirects to no URL: invalid port number")
        .await;
    check("Location: ftp://a.test/\r\n", "302 redirects to the scheme `ftp`").await;
    check("Location: javascript:alert(1)\r\n", "302 redirects to the scheme `javascript`").await;
}

#[tokio::test]
async fn redirects_are_left_alone_when_off() {
    let server = Server::start(|_| redirect("302 Found", "/b")).await;
    let request = Request { redirects: Redirects::Off, ..get(server.url("/a")) };
    let response = client().follow(request).await.unwrap();
    assert_eq!(response.status.as_u16(), 302);
    assert_eq!(response.headers["location"], "/b");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn credentials_stay_at_their_origin() {
    let target = Server::start(|_| ok()).await;
    let location = target.url_at("other.test", "/b?api_key=s3cret&page=2");
    let server = Server::start(move |_| redirect("302 Found", &location)).await;
    let (status, _) = fetch(&client(), with_credentials(&server)).await;
    assert_eq!(status, 200);
    let first = &server.requests()[0];
    let second = &target.requests()[0];
    assert!(second.starts_with("GET /b?page=2 HTTP/1.1\r\n"), "{second}");
    for name in ["authorization", "cookie", "proxy-authorization", "x-api-key"] {
        assert!(header(first, name).is_some(), "{name}: {first}");
        assert!(header(second, name).is_none(), "{name}: {second}");
    }
    assert_eq!(header(second, "x-order"), Some("4711"));
    let host = format!("other.test:{}", target.port());
    assert_eq!(header(second, "host"), Some(host.as_str()));
}

#[tokio::test]
async fn credentials_stay_away_when_the_redirects_come_back() {
    let first = Arc::new(std::sync::OnceLock::new());
    let known = Arc::clone(&first);
    let second = Server::start(move |_| redirect("302 Found", known.get().unwrap())).await;
    let away = second.url_at("other.test", "/");
    let server = Server::start(move |request| {
        if request.starts_with("GET /a") { redirect("302 Found", &away) } else { ok() }
    })
    .await;
    first.set(server.url("/back").to_string()).unwrap();
    fetch(&client(), with_credentials(&server)).await;
    assert!(header(&server.requests()[0], "authorization").is_some());
    assert!(header(&server.requests()[1], "authorization").is_none());
}

#[tokio::test]
async fn credentials_go_along_within_their_origin() {
    let server = Server::start(|request| {
        if request.starts_with("GET /a") {
            redirect("302 Found", "/b?api_key=s3cret")
        } else {
            ok()
        }
    })
    .await;
    fetch(&client(), with_credentials(&server)).await;
    let second = &server.requests()[1];
    assert!(second.starts_with("GET /b?api_key=s3cret HTTP/1.1\r\n"), "{second}");
    for name in ["authorization", "cookie", "x-api-key"] {
        assert!(header(second, name).is_some(), "{name}: {second}");
    }
}

#[tokio::test]
async fn method_and_body_follow_the_status() {
    let check = async |status: &'static str, method: Method, expected: &str, has_body: bool| {
        let server = Server::start(move |request| {
            if request.contains(" /a ") { redirect(status, "b") } else { answer("200 OK", "", "") }
        })
        .await;
        let mut request = Request::new(method.clone(), server.url("/a"), PATIENCE);
        request.headers.insert("content-type", HeaderValue::from_static("text/plain"));
        request.body = Body::Bytes("payload".into());
        let response = client().follow(request).await.unwrap();
        assert_eq!((response.redirects, response.url.path()), (1, "/b"));
        let second = &server.requests()[1];
        let case = format!("{status} {method}");
        assert!(second.starts_with(&format!("{expected} /b HTTP/1.1\r\n")), "{case}: {second}");
        assert_eq!(second.ends_with("payload"), has_body, "{case}: {second}");
        assert_eq!(header(second, "content-type").is_some(), has_body, "{case}: {second}");
        assert_eq!(header(second, "content-length").is_some(), has_body, "{case}: {second}");
    };
    for status in ["301 Moved Permanently", "302 Found"] {
        check(status, Method::POST, "GET", false).await;
        check(status, Method::PUT, "PUT", true).await;
        check(status, Method::DELETE, "DELETE", true).await;
    }
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        check("303 See Other", method.clone(), "GET", false).await;
        check("307 Temporary Redirect", method.clone(), method.as_str(), true).await;
        check("308 Permanent Redirect", method.clone(), method.as_str(), true).await;
    }
}

#[tokio::test]
async fn head_stays_head() {
    let server = Server::start(|request| {
        if request.contains(" /a ") { redirect("303 See Other", "/b") } else { ok() }
    })
    .await;
    let request = Request { method: Method::HEAD, ..get(server.url("/a")) };
    assert_eq!(client().follow(request).await.unwrap().status.as_u16(), 200);
    assert!(server.requests()[1].starts_with("HEAD /b "));
}

fn with_credentials(server: &Server) -> Request {
    let mut request = get(server.url("/a?api_key=s3cret"));
    request.credential_parameters = vec!["api_key".to_owned()];
    for name in ["authorization", "cookie", "proxy-authorization"] {
        request.headers.insert(name, HeaderValue::from_static("s3cret"));
    }
    let mut key = HeaderValue::from_static("s3cret");
    key.set_sensitive(true);
    request.headers.insert("x-api-key", key);
    request.headers.insert("x-order", HeaderValue::from_static("4711"));
    request
}
