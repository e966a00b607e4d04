//! Named connections: addresses and credentials that no task holds.

use std::fs;

use serde_json::{Value, json};

use crate::{
    invoke,
    peer::{Act, Peer, answer},
    run,
};

fn connections(url: &str) -> String {
    json!({
        "orders": {
            "url": format!("{url}/v1"),
            "auth": {"type": "bearer", "token": "${ORDERS_TOKEN}"},
            "headers": {"x-tenant": "acme"},
            "check": "health",
        },
    })
    .to_string()
}

fn ok() -> Act {
    Act::Say(answer("200 OK", &["content-type: application/json"], b"{}"))
}

#[test]
fn a_task_names_a_connection_and_holds_no_secret() {
    let peer = Peer::start([ok()]);
    let input = json!({"connection": "orders", "restUrl": "orders/4711"});
    let settings =
        [("REST_CONNECTIONS", connections(&peer.url(""))), ("ORDERS_TOKEN", "t0ken-x".to_owned())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(invoke("GET", &input, &settings).success()["restStatus"], 200);
    let request = peer.request().to_lowercase();
    assert!(request.starts_with("get /v1/orders/4711 http/1.1\r\n"), "{request}");
    assert!(request.contains("authorization: bearer t0ken-x\r\n"), "{request}");
    assert!(request.contains("x-tenant: acme\r\n"), "{request}");
}

#[test]
fn a_secret_comes_from_a_file_and_is_shown_nowhere() {
    let path = std::env::temp_dir().join(format!("orders-token-{}", std::process::id()));
    fs::write(&path, "t0ken-from-file\n").unwrap();
    let peer = Peer::start([Act::Say(answer("404 Not Found", &[], b"no t0ken-from-file here"))]);
    let input = json!({"connection": "orders", "restUrl": "x"});
    let settings = [
        ("REST_CONNECTIONS", connections(&peer.url(""))),
        ("ORDERS_TOKEN_FILE", path.to_str().unwrap().to_owned()),
    ];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let told = invoke("GET", &input, &settings);
    fs::remove_file(&path).unwrap();
    assert!(told.failure().contains("answered 404 no *** here"), "{}", told.failure());
    assert!(peer.requests()[0].contains("Bearer t0ken-from-file"));
}

#[test]
fn credentials_of_several_parts_are_those_of_a_resource() {
    let echo = b"app-s3cret key-s3cret sign-s3cret";
    let peer = Peer::start([Act::Say(answer("403 Forbidden", &[], echo))]);
    let connections = json!({"odd": {
        "url": peer.url("/"),
        "headers": {"x-app": "${APP}"},
        "resources": {"order": {
            "method": "POST",
            "parameters": {"article": {"required": true}},
            "query": {"key": "${KEY}"},
            "body": {"article": "{{ article }}", "signature": "${SIGNATURE}"},
        }},
    }});
    let connections = connections.to_string();
    let settings = [
        ("REST_CONNECTIONS", connections.as_str()),
        ("APP", "app-s3cret"),
        ("KEY", "key-s3cret"),
        ("SIGNATURE", "sign-s3cret"),
        ("LOG", "trace"),
    ];
    let input = json!({"connection": "odd", "resource": "order", "parameters": {"article": "A-1"}});
    let told = invoke("POST", &input, &settings);
    assert!(told.failure().ends_with("answered 403 *** *** ***"), "{}", told.failure());
    assert!(!format!("{}{}", told.outputs, told.log).contains("s3cret"), "{}", told.log);
    let request = peer.request();
    assert!(request.starts_with("POST /?key=key-s3cret HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\r\nx-app: app-s3cret\r\n"), "{request}");
    assert!(request.ends_with(r#"{"article":"A-1","signature":"sign-s3cret"}"#), "{request}");
}

#[test]
fn what_is_wrong_with_the_connections_is_told_at_start() {
    for (setting, expected) in [
        ("{\"a\": {\"url\": \"x\"}}", "`a`: `url` does not start with http:// or https://"),
        ("/nowhere/connections.json", "file /nowhere/connections.json: entity not found"),
    ] {
        let told = invoke("GET", &json!({"restUrl": "/"}), &[("REST_CONNECTIONS", setting)]);
        assert!(told.log.contains("REST_CONNECTIONS"), "{}", told.log);
        assert!(told.log.contains(expected), "{}", told.log);
    }
}

#[test]
fn check_says_what_works() {
    let peer = Peer::start([ok(), Act::Say(answer("401 Unauthorized", &[], b""))]);
    let settings =
        [("REST_CONNECTIONS", connections(&peer.url(""))), ("ORDERS_TOKEN", "t0ken-x".to_owned())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let works = run(&["check"], &Value::Null, &settings);
    assert!(works.outputs.as_str().unwrap().starts_with("orders  works  "), "{}", works.outputs);
    assert!(peer.requests()[0].starts_with("GET /v1/health "));
    let fails = run(&["check", "orders"], &Value::Null, &settings);
    assert!(fails.log.contains("orders  FAILS  ") && fails.log.contains("UNAUTHORIZED"));
    let unknown = run(&["check", "x"], &Value::Null, &settings);
    assert!(unknown.log.contains("no connection `x`; there are: orders"), "{}", unknown.log);
}
