//! Resources of connections, and payloads from templates.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use crate::{
    invoke,
    peer::{Act, Peer, answer},
    run,
};

fn ok(body: &Value) -> Act {
    let json = ["content-type: application/json"];
    Act::Say(answer("200 OK", &json, body.to_string().as_bytes()))
}

/// The connection of the README, at the peer.
fn readme(peer: &Peer) -> String {
    let readme = include_str!("../../README.md");
    let block = readme.split("### Resources").nth(1).unwrap();
    let block = block.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let mut connections: Value = serde_json::from_str(block).unwrap();
    connections["orders"]["url"] = peer.url("/v1").into();
    connections.to_string()
}

fn settings(connections: &str) -> [(&str, &str); 2] {
    [("REST_CONNECTIONS", connections), ("ORDERS_TOKEN", "t0ken-x")]
}

#[test]
fn a_parameter_that_is_missing_is_told_before_anything_is_called() {
    let peer = Peer::start([ok(&json!({}))]);
    let connections = readme(&peer);
    for (input, expected) in [
        (json!({"parameters": {}}), "business MISSING_INPUT: `parameters`: `customer` is missing"),
        (
            json!({"parameters": {"customer": "C-1", "lines": []}, "requestPayload": null, "restUrl": "/x"}),
            "business INVALID_INPUT: `restUrl` and `resource` exclude each other",
        ),
        (
            json!({"parameters": {"customer": "..", "lines": []}}),
            "business INVALID_INPUT: `parameters`: `.` and `..` are no values for a path",
        ),
        (
            json!({"parameters": {"customer": "C-1", "lines": [], "color": 1}}),
            "business INVALID_INPUT: `parameters`: the resource has no `color`; there are customer, ",
        ),
        (
            json!({"resource": "creatOrder"}),
            "business INVALID_INPUT: `resource`: the connection `orders` has no resource `creatOrder`; there are createOrder",
        ),
        (
            json!({"connection": null, "parameters": {}}),
            "business INVALID_INPUT: `resource` needs a `connection`",
        ),
        (json!({"template": "x.json"}), "business INVALID_INPUT: `template` is up to the resource"),
    ] {
        let mut whole = json!({"connection": "orders", "resource": "createOrder"});
        for (name, value) in input.as_object().unwrap() {
            whole[name] = value.clone();
        }
        let told = invoke("POST", &whole, &settings(&connections)).failure();
        assert!(told.starts_with(expected), "{input}: {told}");
    }
    let input = json!({"connection": "orders", "resource": "createOrder", "parameters": {}});
    let told = invoke("GET", &input, &settings(&connections)).failure();
    assert!(told.ends_with("`resource`: `createOrder` is called by the action POST"), "{told}");
    let input = json!({"connection": "orders", "restUrl": "/", "parameters": {"a": 1}});
    let told = invoke("GET", &input, &settings(&connections)).failure();
    assert!(told.ends_with("`parameters` are those of a `resource`"), "{told}");
    let told = invoke("GET", &json!({"connection": "orders"}), &settings(&connections)).failure();
    assert!(told.ends_with("MISSING_INPUT: `restUrl` is missing"), "{told}");
    assert_eq!(peer.requests(), [""; 0]);
}

#[test]
fn what_is_wrong_with_a_resource_is_told_at_start() {
    for (resource, expected) in [
        (json!({"path": "{{ a"}), "`orders`: `resources`: `r`: `path`: "),
        (json!({"query": {"a": "{% if %}"}}), "`orders`: `resources`: `r`: `a`: "),
        (json!({"body": {"a": ["{{ a | nope( }}"]}}), "`orders`: `resources`: `r`: `body`: "),
        (json!({"body": 1, "template": "x.json"}), "`body` and `template` exclude each other"),
        (json!({"method": "FETCH"}), "`method` is none of the methods that a resource can have"),
        (
            json!({"parameters": {"a": {"typ": 1}}}),
            "resource `r`: parameter `a`: unknown field `typ`",
        ),
    ] {
        let connections = json!({"orders": {"url": "http://x/", "resources": {"r": resource}}});
        let connections = connections.to_string();
        let told = invoke("GET", &json!({"restUrl": "/"}), &settings(&connections));
        assert!(told.log.contains(expected), "{resource}: {}", told.log);
    }
}

#[test]
fn the_readmes_resource_makes_its_call() {
    let peer = Peer::start([ok(&json!({"order": {"id": 4711}, "status": "new"}))]);
    let connections = readme(&peer);
    let input = json!({
        "connection": "orders",
        "resource": "createOrder",
        "parameters": {"customer": "C/1", "lines": [{"article": "A-1", "quantity": 2}], "express": "true"},
    });
    let outputs = invoke("POST", &input, &settings(&connections)).success();
    assert_eq!(outputs["orderId"], 4711);
    let request = peer.request();
    assert!(
        request.starts_with("POST /v1/customers/C%2F1/orders?express=true HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(request.contains("\r\nx-source: process for C/1\r\n"), "{request}");
    assert!(request.contains("\r\nauthorization: Bearer t0ken-x\r\n"), "{request}");
    let body = r#"{"lines":[{"article":"A-1","quantity":2}],"origin":"order of C/1"}"#;
    assert!(request.ends_with(&format!("\r\n\r\n{body}")), "{request}");
}

#[test]
fn what_the_task_says_wins_over_the_resource() {
    let peer = Peer::start([ok(&json!({"status": "new"}))]);
    let connections = readme(&peer);
    let input = json!({
        "connection": "orders",
        "resource": "createOrder",
        "parameters": [
            {"type": "PARAM", "key": "customer", "value": "C-1"},
            {"type": "PARAM", "key": "lines", "value": []},
            {"type": "HEADER", "key": "X-Source", "value": "mine"},
            {"type": "BODY", "key": "", "value": {"all": "mine"}},
        ],
        "responseMapping": {"state": "$.status"},
    });
    let outputs = invoke("POST", &input, &settings(&connections)).success();
    assert_eq!((&outputs["state"], &outputs["orderId"]), (&json!("new"), &Value::Null));
    let request = peer.request();
    assert!(request.starts_with("POST /v1/customers/C-1/orders HTTP/1.1\r\n"), "{request}");
    assert!(request.to_lowercase().contains("\r\nx-source: mine\r\n"), "{request}");
    assert!(request.ends_with(r#"{"all":"mine"}"#), "{request}");
}

#[test]
fn data_in_parameters_is_neither_a_template_nor_a_question_for_settings() {
    let peer = Peer::start([ok(&json!({}))]);
    let connections = readme(&peer);
    let evil = "${rest-auth-token} {{ 7 * 7 }} ${ORDERS_TOKEN}";
    let input = json!({"connection": "orders", "resource": "createOrder",
        "parameters": {"customer": evil, "lines": [evil]}});
    let more = [settings(&connections).as_slice(), &[("REST_AUTH_TOKEN", "s3cret")]].concat();
    invoke("POST", &input, &more).success();
    let request = peer.request();
    assert!(!request.contains("s3cret"), "{request}");
    assert!(request.contains(&format!("\r\nx-source: process for {evil}\r\n")), "{request}");
    assert_eq!(request.matches("t0ken-x").count(), 1, "the connection's own: {request}");
    assert!(request.contains(r#""lines":["${rest-auth-token} {{ 7 * 7 }} ${ORDERS_TOKEN}"]"#));
}

#[test]
fn check_tries_a_resource_and_shows_request_and_answer() {
    let reply = answer(
        "201 Created",
        &["content-type: application/json"],
        br#"{"order": {"id": 1}, "you": "t0ken-x"}"#,
    );
    let peer = Peer::start([Act::Say(reply), Act::Say(answer("409 Conflict", &[], b"sold"))]);
    let connections = readme(&peer);
    let dry = run(
        &["check", "orders", "createOrder", "--dry-run"],
        &Value::Null,
        &settings(&connections),
    );
    let shown = dry.outputs.as_str().unwrap();
    assert!(shown.starts_with("POST /v1/customers/C-1/orders HTTP/1.1\n"), "{shown}");
    assert!(shown.contains("\nauthorization: ***\n") && !shown.contains("t0ken-x"), "{shown}");
    assert_eq!(peer.requests(), [""; 0]);
    let told = run(&["check", "orders", "createOrder"], &Value::Null, &settings(&connections));
    let shown = told.outputs.as_str().unwrap();
    assert!(shown.contains("\n\n201 Created in "), "{shown} {}", told.log);
    assert!(shown.contains("\"you\": \"***\""), "{shown}");
    assert!(shown.contains("\nresponseMapping\n{\n  \"orderId\": 1\n}"), "{shown}");
    let parameters = r#"{"customer": "C-2", "lines": []}"#;
    let arguments = ["check", "orders", "createOrder", "--parameters", parameters];
    let told = run(&arguments, &Value::Null, &settings(&connections));
    assert!(
        !told.success && told.log.contains("POST /v1/customers/C-2/orders HTTP/1.1"),
        "{}",
        told.log
    );
    assert!(told.log.contains("CONFLICT: POST"), "{}", told.log);
    for (arguments, expected) in [
        (["check", "nobody", "createOrder"], "no connection `nobody`; there are: orders"),
        (["check", "orders", "x"], "`orders` has no resource `x`; there are: createOrder"),
    ] {
        let told = run(&arguments, &Value::Null, &settings(&connections));
        assert!(told.log.contains(expected), "{}", told.log);
    }
}

/// A folder of the test's own, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let name =
            format!("rest-templates-{}-{:?}", std::process::id(), std::thread::current().id());
        let folder = std::env::temp_dir().join(name.replace(['(', ')'], ""));
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in files {
            fs::write(folder.join(name), text).unwrap();
        }
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_payload_comes_from_a_template_and_its_data() {
    let folder = Folder::with(&[
        (
            "order.json",
            r#"{"customer": {{ name }}, "n": {{ lines | length }}, "note": "for {{ name }}"}"#,
        ),
        ("order.txt", "Dear ${name},\n{{ lines[0] }}"),
        ("order.html", "<order>{{ name }}</order>"),
    ]);
    let metadata = json!({"name": "Jane \"<{{ 1 }}>\"", "lines": ["a", "b"]});
    for (template, more, expected) in [
        (
            "order.json",
            json!({}),
            "application/json\r\n|{\"customer\": \"Jane \\\"<{{ 1 }}>\\\"\", \"n\": 2, \"note\": \"for Jane \\\"<{{ 1 }}>\\\"\"}",
        ),
        ("order.txt", json!({}), "text/plain; charset=utf-8\r\n|Dear Jane \"<{{ 1 }}>\",\na"),
        (
            "order.html",
            json!({"contentType": "application/xml"}),
            "application/xml\r\n|<order>Jane &quot;&lt;{{ 1 }}&gt;&quot;</order>",
        ),
    ] {
        let peer = Peer::start([ok(&json!({}))]);
        let mut input = more;
        input["restUrl"] = peer.url("/").into();
        input["template"] = template.into();
        input["metadata"] = metadata.clone();
        invoke("POST", &input, &[("TEMPLATES_DIR", folder.0.to_str().unwrap())]).success();
        let request = peer.request();
        let (kind, body) = expected.split_once('|').unwrap();
        assert!(request.contains(&format!("\r\ncontent-type: {kind}")), "{request}");
        assert!(request.ends_with(&format!("\r\n\r\n{body}")), "{request}");
    }
}

#[test]
fn a_template_that_cannot_be_used_is_told() {
    let folder = Folder::with(&[
        ("a.json", r#"{"a": {{ nme }}}"#),
        (
            "long.txt",
            "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
        ),
    ]);
    let settings = [("TEMPLATES_DIR", folder.0.to_str().unwrap())];
    for (input, expected) in [
        (json!({"template": "b.json"}), "INVALID_INPUT: `template`: there is no template `b.json`"),
        (
            json!({"template": "../a.json"}),
            "INVALID_INPUT: `template`: template `../a.json` is not below",
        ),
        (
            json!({"template": "a.json", "metadata": {"name": 1}}),
            "INVALID_INPUT: `template`: unknown variable `nme`",
        ),
        (json!({"template": "long.txt"}), "INVALID_INPUT: `template`: the template "),
        (
            json!({"template": "a.json", "requestPayload": {}}),
            "INVALID_INPUT: `template` and `requestPayload` exclude each other",
        ),
    ] {
        let mut whole = input.clone();
        whole["restUrl"] = "http://127.0.0.1:9/".into();
        let told = invoke("POST", &whole, &settings).failure();
        assert!(told.starts_with(&format!("business {expected}")), "{input}: {told}");
    }
    let told = invoke("GET", &json!({"restUrl": "/"}), &[("TEMPLATES_DIR", "/nowhere")]);
    assert!(told.outputs.to_string().contains("TEMPLATES_DIR"), "{} {}", told.outputs, told.log);
}
