//! What a connection limits: calls per period and at the same time, sizes, attempts.

use std::{sync::Arc, thread};

use serde_json::{Value, json};
use support::until;

use crate::{
    invoke,
    peer::{Act, Peer, answer},
    server::Server,
};

/// `orders` with these members, and `other` at the same address without any.
fn connections(peer: &Peer, members: &Value) -> String {
    let mut orders = members.clone();
    orders["url"] = peer.url("/").into();
    json!({"orders": orders, "other": {"url": peer.url("/")}}).to_string()
}

fn ok() -> Act {
    Act::Say(answer("200 OK", &["content-type: application/json"], b"{}"))
}

#[test]
fn what_is_wrong_with_the_limits_is_told_at_start() {
    for (members, expected) in [
        (
            json!({"rate": {"requests": 0}}),
            "`orders`: invalid value: integer `0`, expected a nonzero u32",
        ),
        (json!({"rate": {"per": 0}}), "`orders`: milliseconds between 1 and a day are wanted"),
        (json!({"rate": {"request": 1}}), "`orders`: unknown field `request`"),
        (json!({"retry": {"attempts": 0}}), "`orders`: invalid value: integer `0`"),
        (json!({"retry": {"multiplier": 0.5}}), "`orders`: `multiplier` is not between 1 and 100"),
        (json!({"retry": {"statuses": ["5x"]}}), "`orders`: `5x` is neither a status nor a range"),
        (json!({"responseBytesMax": "much"}), "`orders`: "),
    ] {
        let peer = Peer::start([ok()]);
        let mut members = members;
        members["headers"] = json!({"x-key": "in-l1ne-s3cret"});
        let setting = connections(&peer, &members);
        let told = invoke("GET", &json!({"restUrl": "/"}), &[("REST_CONNECTIONS", &setting)]);
        assert!(told.log.contains(expected), "{members}: {}", told.log);
        assert!(!told.log.contains("s3cret"), "{}", told.log);
    }
}

#[test]
fn a_call_beyond_the_rate_is_not_made_and_tells_when_its_turn_is() {
    let peer = Peer::start([ok()]);
    let setting = connections(&peer, &json!({"rate": {"requests": 2, "per": 3_600_000}}));
    let server = Server::start(&[("REST_CONNECTIONS", &setting)]);
    let orders = json!({"connection": "orders", "restUrl": "/"});
    assert_eq!(server.error("GET", &orders), "");
    assert_eq!(server.error("GET", &orders), "");
    let told = server.error("GET", &orders);
    let expected = format!(
        "TOO_MANY_REQUESTS: GET {}: not called, the connection `orders` is busy: its turn is in ",
        peer.url("/")
    );
    assert!(told.starts_with(&expected), "{told}");
    assert_eq!(server.error("GET", &json!({"connection": "other", "restUrl": "/"})), "");
    assert_eq!(peer.requests().len(), 3);
}

#[test]
fn who_waits_for_its_turn_makes_its_call_and_has_not_used_an_attempt() {
    let peer = Peer::start([ok()]);
    let setting = connections(&peer, &json!({"rate": {"requests": 1, "per": 1500}}));
    let server = Server::start(&[("REST_CONNECTIONS", &setting)]);
    let orders = json!({"connection": "orders", "restUrl": "/"});
    assert_eq!(server.error("GET", &orders), "");
    assert_eq!(server.error("GET", &orders), "");
    assert_eq!(peer.requests().len(), 2);
}

#[test]
fn pages_are_calls_too() {
    let peer = Peer::start([Act::Say(answer(
        "200 OK",
        &["content-type: application/json"],
        br#"{"items": [1], "next": "?page=2"}"#,
    ))]);
    let setting = connections(&peer, &json!({"rate": {"requests": 1, "per": 3_600_000}}));
    let input = json!({"connection": "orders", "restUrl": "/",
        "paging": {"next": "$.next", "items": "$.items"}});
    let told = invoke("GET", &input, &[("REST_CONNECTIONS", &setting)]).failure();
    assert!(told.starts_with("transient TOO_MANY_REQUESTS: GET"), "{told}");
    assert_eq!(peer.requests().len(), 1);
}

#[test]
fn a_429_pauses_the_whole_connection() {
    for status in ["429 Too Many Requests", "503 Service Unavailable"] {
        let peer = Peer::start([Act::Say(answer(status, &["retry-after: 3600"], b"")), ok()]);
        let setting = connections(&peer, &json!({}));
        let server = Server::start(&[("REST_CONNECTIONS", &setting)]);
        let orders = |id: u32| json!({"connection": "orders", "restUrl": format!("/{id}")});
        let told = server.error("GET", &orders(1));
        assert!(told.contains(&format!("answered {}", &status[..3])), "{told}");
        let told = server.error("GET", &orders(2));
        assert!(told.contains("not called, the connection `orders` is busy"), "{told}");
        assert_eq!(server.error("GET", &json!({"connection": "other", "restUrl": "/"})), "");
        assert_eq!(peer.requests().len(), 2);
    }
}

#[test]
fn calls_at_the_same_time_are_as_many_as_allowed() {
    let peer = Peer::start([Act::Hang, ok()]);
    let setting = connections(&peer, &json!({"rate": {"concurrent": 1}}));
    let settings = [("REST_CONNECTIONS", setting.as_str()), ("RATE_WAIT_MAX", "50ms")];
    let server = Arc::new(Server::start(&settings));
    let orders = json!({"connection": "orders", "restUrl": "/"});
    let first = {
        let (server, orders) = (Arc::clone(&server), orders.clone());
        thread::spawn(move || server.error("GET", &orders))
    };
    until("the first call", || peer.requests().len() == 1);
    let told = server.error("GET", &orders);
    assert!(told.starts_with("TOO_MANY_REQUESTS: GET"), "{told}");
    assert!(told.contains("as many calls as `rate` allows were at work for "), "{told}");
    assert_eq!(server.error("GET", &json!({"connection": "other", "restUrl": "/"})), "");
    drop(peer);
    assert!(first.join().unwrap().starts_with("CONNECTION_ERROR"));
}

#[test]
fn a_connection_says_how_often_and_which_statuses_are_tried_again() {
    let teapot = || Act::Say(answer("418 I'm a teapot", &[], b""));
    let busy = || Act::Say(answer("500 Internal Server Error", &[], b""));
    let retry = json!({"attempts": 2, "interval": 1, "statuses": [418]});
    for (acts, action, input, n_calls, expected) in [
        ([teapot(), ok()], "GET", json!({}), 2, ""),
        ([busy(), ok()], "GET", json!({}), 1, "permanent INTERNAL_SERVER_ERROR"),
        ([teapot(), ok()], "GET", json!({"_retry_attempts_": 1}), 1, "transient BAD_REQUEST"),
        ([teapot(), ok()], "POST", json!({}), 1, "permanent BAD_REQUEST"),
        ([teapot(), ok()], "POST", json!({"idempotencyKey": "k"}), 2, ""),
    ] {
        let peer = Peer::start(acts);
        let setting = connections(&peer, &json!({"retry": retry}));
        let mut input = input;
        input["connection"] = "orders".into();
        input["restUrl"] = "/".into();
        let told = invoke(action, &input, &[("REST_CONNECTIONS", &setting)]);
        let got = if told.success { String::new() } else { told.failure() };
        assert!(got.starts_with(expected) && got.is_empty() == expected.is_empty(), "{got}");
        assert_eq!(peer.requests().len(), n_calls, "{input}");
    }
}

#[test]
fn a_resource_has_times_and_tries_of_its_own_and_the_task_wins() {
    let busy = || Act::Say(answer("503 Busy", &[], b""));
    let resource = json!({"timeout": 300, "retry": {"attempts": 3, "interval": 1}});
    let members = json!({"retry": {"attempts": 2}, "resources": {"status": resource}});
    for (acts, input, n_calls, expected) in [
        (vec![busy(), busy(), ok()], json!({}), 3, ""),
        (vec![busy()], json!({"_retry_attempts_": 1}), 1, "transient SERVICE_UNAVAILABLE"),
        (vec![Act::Hang], json!({}), 1, "within 300ms"),
        (vec![Act::Hang], json!({"timeout": 100}), 1, "within 100ms"),
    ] {
        let peer = Peer::start(acts);
        let setting = connections(&peer, &members);
        let mut input = input;
        input["connection"] = "orders".into();
        input["resource"] = "status".into();
        let told = invoke("GET", &input, &[("REST_CONNECTIONS", &setting)]);
        let got = if told.success { String::new() } else { told.failure() };
        assert!(got.contains(expected) && got.is_empty() == expected.is_empty(), "{input}: {got}");
        assert_eq!(peer.requests().len(), n_calls, "{input}");
    }
}

#[test]
fn a_connection_limits_the_size_of_answers() {
    let peer = Peer::start([Act::Say(answer("200 OK", &[], &[b'x'; 2000]))]);
    let setting = connections(&peer, &json!({"responseBytesMax": "1KiB"}));
    let settings = [("REST_CONNECTIONS", setting.as_str())];
    let told = invoke("GET", &json!({"connection": "orders", "restUrl": "/"}), &settings).failure();
    assert!(told.starts_with("permanent RESPONSE_TOO_LARGE"), "{told}");
    assert!(told.contains("`responseBytesMax` of the connection"), "{told}");
    invoke("GET", &json!({"connection": "other", "restUrl": "/"}), &settings).success();
}

#[test]
fn what_a_connection_takes_from_variables_is_shown_nowhere() {
    let told = b"you sent h3ader-s3cret";
    let peer = Peer::start([Act::Say(answer("404 Not Found", &[], told))]);
    let setting = connections(&peer, &json!({"headers": {"x-plain": "${HEADER_VALUE}"}}));
    let settings = [("REST_CONNECTIONS", setting.as_str()), ("HEADER_VALUE", "h3ader-s3cret")];
    let told = invoke("GET", &json!({"connection": "orders", "restUrl": "/"}), &settings);
    assert!(told.failure().ends_with("answered 404 you sent ***"), "{}", told.failure());
    assert!(!told.log.contains("h3ader-s3cret"));
    assert!(peer.requests()[0].contains("x-plain: h3ader-s3cret"));
}

#[test]
fn the_readmes_connection_is_one() {
    let readme = include_str!("../../README.md");
    let block = readme.split("## Connections").nth(1).unwrap();
    let block = block.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let mut connections: Value = serde_json::from_str(block).unwrap();
    let peer = Peer::start([ok()]);
    connections["orders"]["url"] = peer.url("/v1").into();
    // Its certificates are those of a test of their own.
    connections["orders"].as_object_mut().unwrap().remove("tls");
    let connections = connections.to_string();
    let settings = [("REST_CONNECTIONS", connections.as_str()), ("ORDERS_TOKEN", "t0ken")];
    let input = json!({"connection": "orders", "restUrl": "orders/4711"});
    invoke("GET", &input, &settings).success();
    let request = peer.request();
    assert!(request.starts_with("GET /v1/orders/4711 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("authorization: Bearer t0ken\r\n"), "{request}");
    assert!(request.to_lowercase().contains("x-tenant: acme\r\n"), "{request}");
}
