//! Calls through a proxy.

use std::sync::{Arc, Mutex};

use outbound::{ErrorKind, Outbound, Settings};
use tokio::{
    io::{AsyncWriteExt, copy_bidirectional},
    net::TcpStream,
};

use crate::{
    support::{
        BlackHole, ClosedPort, SHORT, Server, answer, egress, failure, fetch, get, header, kind,
        ok, proxies, receive, settings, url,
    },
    tls::{Authority, https},
};

/// `jane:s3cr@t` as `Basic`.
const CREDENTIALS: &str = "Basic amFuZTpzM2NyQHQ=";

#[tokio::test]
async fn a_proxy_that_refuses_the_connection_is_named_as_the_culprit() {
    let closed = ClosedPort::reserve();
    let proxy = format!("http://jane:s3cret@127.0.0.1:{}", closed.port());
    let error = failure(&through(&proxy, &proxy, ""), get(url("http://peer.test/"))).await;
    assert!(matches!(error.kind, ErrorKind::Proxy(_)), "{error}");
    assert!(!error.may_have_happened());
    assert!(!error.to_string().contains("s3cret"), "{error}");
}

#[tokio::test]
async fn wrong_credentials_for_a_tunnel_are_told_apart() {
    let proxy = Server::start(|_| answer("407 Proxy Authentication Required", "", "")).await;
    let error = failure(&via(&proxy), get(url("https://peer.test/"))).await;
    assert_eq!(error.kind, ErrorKind::ProxyAuthentication);
    assert!(!error.may_have_happened());
}

#[tokio::test]
async fn wrong_credentials_for_plain_http_are_a_response() {
    let proxy = Server::start(|_| answer("407 Proxy Authentication Required", "", "no")).await;
    let fetched = fetch(&via(&proxy), get(url("http://peer.test/"))).await;
    assert_eq!(fetched, (407, "no".to_owned()));
}

#[tokio::test]
async fn a_tunnel_that_is_refused_is_an_error_of_the_proxy() {
    let proxy = Server::start(|_| answer("403 Forbidden", "", "")).await;
    let kind = kind(&via(&proxy), get(url("https://peer.test/"))).await;
    assert!(matches!(kind, ErrorKind::Proxy(_)), "{kind}");
}

#[tokio::test]
async fn a_proxy_in_a_black_hole_counts_as_connecting() {
    let hole = BlackHole::open().await;
    let proxy = hole.url().to_string();
    let mut request = get(url("http://peer.test/"));
    request.connect_timeout = Some(SHORT);
    let kind = kind(&through(&proxy, "", ""), request).await;
    assert_eq!(kind, ErrorKind::ConnectTimeout { after: SHORT });
}

#[tokio::test]
async fn names_and_addresses_in_the_url_are_judged_before_the_proxy_sees_them() {
    let proxy = Server::start(|_| ok()).await;
    let client = Outbound::new(Settings {
        egress: egress("deny", "", ""),
        proxies: proxies(proxy.url("/").as_str(), "", ""),
        ..settings()
    })
    .unwrap();
    for host in ["169.254.169.254", "metadata.google.internal", "10.0.0.1", "localhost"] {
        let kind = kind(&client, get(url(&format!("http://{host}/")))).await;
        assert!(matches!(kind, ErrorKind::EgressDenied(_)), "{host}: {kind}");
    }
    assert_eq!(proxy.requests(), [""; 0]);
    // The proxy itself is private here, and so may be what the name stands for behind it.
    assert_eq!(fetch(&client, get(url("http://peer.test/"))).await.0, 200);
}

#[tokio::test]
async fn the_name_of_the_proxy_is_open_to_proxied_calls_only() {
    let proxy = Server::start(|_| ok()).await;
    let client = Outbound::new(Settings {
        egress: egress("deny", "", ""),
        proxies: proxies(proxy.url_at("proxy.test", "/").as_str(), "", "proxy.test"),
        ..settings()
    })
    .unwrap();
    assert_eq!(fetch(&client, get(url("http://peer.test/"))).await.0, 200);
    // Straight to the proxy's host, as NO_PROXY has it, the address counts.
    let kind = kind(&client, get(proxy.url_at("proxy.test", "/"))).await;
    assert!(matches!(kind, ErrorKind::EgressDenied(_)), "{kind}");
}

#[tokio::test]
async fn plain_http_goes_through_with_the_credentials_of_the_setting() {
    let proxy = Server::start(|_| ok()).await;
    fetch(&via(&proxy), get(url("http://peer.test/a?b=c"))).await;
    let [sent] = &proxy.requests()[..] else { panic!("one request") };
    assert!(sent.starts_with("GET http://peer.test/a?b=c HTTP/1.1\r\n"), "{sent}");
    assert_eq!(header(sent, "proxy-authorization"), Some(CREDENTIALS));
    assert_eq!(header(sent, "host"), Some("peer.test"));
}

#[tokio::test]
async fn https_goes_through_a_tunnel_with_the_credentials_of_the_setting() {
    let authority = Authority::new();
    let server = authority.serve("peer.test").await;
    let (proxy, connects) = tunnel(server.port()).await;
    let address = format!("http://jane:s3cr%40t@127.0.0.1:{}", proxy.port());
    let client =
        Outbound::new(Settings { proxies: proxies("", &address, ""), ..authority.settings() })
            .unwrap();
    let fetched = fetch(&client, get(https(&server, "peer.test"))).await;
    assert_eq!(fetched, (200, "hello".to_owned()));
    let connect = connects.lock().unwrap()[0].clone();
    assert!(connect.starts_with(&format!("CONNECT peer.test:{} ", server.port())), "{connect}");
    assert_eq!(header(&connect, "proxy-authorization"), Some(CREDENTIALS));
}

#[tokio::test]
async fn the_certificate_behind_a_tunnel_is_checked() {
    let authority = Authority::new();
    let server = authority.serve("other.test").await;
    let (proxy, _) = tunnel(server.port()).await;
    let client = Outbound::new(Settings {
        proxies: proxies("", proxy.url("/").as_str(), ""),
        ..authority.settings()
    })
    .unwrap();
    let kind = kind(&client, get(https(&server, "peer.test"))).await;
    assert!(matches!(kind, ErrorKind::Tls { .. }), "{kind}");
}

#[tokio::test]
async fn hosts_in_no_proxy_are_called_directly() {
    let proxy = Server::start(|_| answer("200 OK", "", "by proxy")).await;
    let server = Server::start(|_| answer("200 OK", "", "direct")).await;
    let client = through(proxy.url("/").as_str(), "", "near.test");
    let check = async |host: &str, expected: &str| {
        let (_, body) = fetch(&client, get(server.url_at(host, "/"))).await;
        assert_eq!(body, expected, "{host}");
    };
    check("near.test", "direct").await;
    check("a.near.test", "direct").await;
    check("far.test", "by proxy").await;
    assert!(header(&server.requests()[0], "proxy-authorization").is_none());
}

fn through(http: &str, https: &str, no_proxy: &str) -> Outbound {
    Outbound::new(Settings { proxies: proxies(http, https, no_proxy), ..settings() }).unwrap()
}

fn via(proxy: &Server) -> Outbound {
    let address = format!("http://jane:s3cr%40t@127.0.0.1:{}", proxy.port());
    through(&address, &address, "")
}

/// A proxy that leads every tunnel to one port, and what it was asked for.
async fn tunnel(port: u16) -> (Server, Arc<Mutex<Vec<String>>>) {
    let connects = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&connects);
    let server = Server::raw(move |mut stream| {
        let seen = Arc::clone(&seen);
        async move {
            let connect = receive(&mut stream).await.unwrap();
            seen.lock().unwrap().push(connect);
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let mut target = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            // How the two end is their matter.
            drop(copy_bidirectional(&mut stream, &mut target).await);
        }
    })
    .await;
    (server, connects)
}
