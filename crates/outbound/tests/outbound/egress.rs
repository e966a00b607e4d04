//! The egress rules where they matter: on what is connected to.

use std::sync::Arc;

use outbound::{Denied, ErrorKind, Outbound, Settings};

use crate::support::{
    Names, Server, answer, client, egress, failure, fetch, get, kind, ok, redirect, settings, url,
};

#[tokio::test]
async fn an_address_in_the_url_is_refused() {
    let server = Server::start(|_| ok()).await;
    let client = private_closed("");
    for host in ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "017700000001", "[::ffff:127.0.0.1]"]
    {
        let error = failure(&client, get(server.url_at(host, "/"))).await;
        let ErrorKind::EgressDenied(denied) = &error.kind else { panic!("{host}: {error}") };
        assert_eq!(denied.setting, "EGRESS_PRIVATE", "{host}");
        assert!(!error.may_have_happened(), "{host}");
    }
    assert_eq!(server.requests(), [""; 0]);
}

#[tokio::test]
async fn a_name_is_refused_for_its_address() {
    let server = Server::start(|_| ok()).await;
    let error = failure(&private_closed(""), get(server.url_at("inside.test", "/"))).await;
    assert_eq!(
        error.kind,
        ErrorKind::EgressDenied(Denied {
            host: "inside.test".to_owned(),
            address: Some("127.0.0.1".parse().unwrap()),
            setting: "EGRESS_PRIVATE",
            why: "loopback, RFC 1122; EGRESS_ALLOW can open it".to_owned(),
        })
    );
    assert!(!error.may_have_happened());
    assert_eq!(
        error.to_string(),
        format!(
            "http://inside.test:{}/: `inside.test` (127.0.0.1) is closed by EGRESS_PRIVATE: loopback, RFC 1122; EGRESS_ALLOW can open it",
            server.port()
        )
    );
    assert_eq!(server.requests(), [""; 0]);
}

#[tokio::test]
async fn one_closed_address_of_several_closes_the_name() {
    let server = Server::start(|_| ok()).await;
    for addresses in [["127.0.0.1", "169.254.169.254"], ["127.0.0.1", "::ffff:169.254.169.254"]] {
        let client = with_names(Names::new(move |_, _| addresses.to_vec()));
        let kind = kind(&client, get(server.url_at("mixed.test", "/"))).await;
        assert!(matches!(kind, ErrorKind::EgressDenied(_)), "{kind}");
    }
    assert_eq!(server.requests(), [""; 0]);
}

#[tokio::test]
async fn a_name_that_changes_its_address_is_judged_by_what_is_connected_to() {
    let server = Server::start(|_| answer("200 OK", "Connection: close\r\n", "hello")).await;
    let names =
        Names::new(|_, n_before| vec![if n_before == 0 { "127.0.0.1" } else { "169.254.169.254" }]);
    let client = with_names(names.clone());
    // A second look-up between judging and connecting would already see the closed address.
    assert_eq!(fetch(&client, get(server.url_at("rebound.test", "/"))).await.0, 200);
    assert_eq!(names.n_asked(), 1);
    let kind = kind(&client, get(server.url_at("rebound.test", "/"))).await;
    assert!(matches!(kind, ErrorKind::EgressDenied(_)), "{kind}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_redirect_is_refused_and_the_call_counts_as_sent() {
    for location in ["http://169.254.169.254/latest/meta-data/", "http://metadata.google.internal/"]
    {
        let server = Server::start(move |_| redirect("302 Found", location)).await;
        let error = failure(&client(), get(server.url("/"))).await;
        let ErrorKind::EgressDenied(denied) = &error.kind else { panic!("{error}") };
        assert_eq!(denied.setting, "EGRESS_DENY");
        assert!(error.may_have_happened());
    }
    let server = Server::start(|_| redirect("302 Found", "http://inside.test/")).await;
    let client = Outbound::new(Settings {
        egress: egress("deny", "", "127.0.0.1"),
        resolver: Some(Arc::new(Names::new(|_, _| vec!["10.0.0.1"]))),
        ..settings()
    })
    .unwrap();
    let kind = kind(&client, get(server.url("/"))).await;
    assert!(matches!(kind, ErrorKind::EgressDenied(_)), "{kind}");
}

#[tokio::test]
async fn a_name_on_the_list_is_refused_before_it_is_looked_up() {
    let names = Names::new(|_, _| vec!["127.0.0.1"]);
    let client = with_names(names.clone());
    for host in
        ["metadata.google.internal", "METADATA.google.internal", "metadata.google.internal."]
    {
        let kind = kind(&client, get(url(&format!("http://{host}/")))).await;
        assert!(matches!(kind, ErrorKind::EgressDenied(_)), "{host}: {kind}");
    }
    assert_eq!(names.n_asked(), 0);
}

#[tokio::test]
async fn what_is_allowed_is_called_in_spite_of_being_private() {
    let server = Server::start(|_| ok()).await;
    for allow in ["inside.test", "*.test", ".test", "127.0.0.0/8", "127.0.0.1"] {
        let fetched = fetch(&private_closed(allow), get(server.url_at("inside.test", "/"))).await;
        assert_eq!(fetched.0, 200, "{allow}");
    }
}

#[tokio::test]
async fn private_addresses_are_open_by_default() {
    let server = Server::start(|_| ok()).await;
    assert_eq!(fetch(&client(), get(server.url("/"))).await.0, 200);
}

fn private_closed(allow: &str) -> Outbound {
    Outbound::new(Settings { egress: egress("deny", "", allow), ..settings() }).unwrap()
}

fn with_names(names: Names) -> Outbound {
    Outbound::new(Settings { resolver: Some(Arc::new(names)), ..settings() }).unwrap()
}
