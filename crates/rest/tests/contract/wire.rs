//! Inputs → bytes on the wire.

use serde_json::{Value, json};

use crate::{invoke, peer::Peer, run};

/// The only request of an action, without the headers that every request has.
fn sent(action: &str, mut input: Value) -> String {
    let peer = Peer::answering("200 OK", &[], b"");
    let path = input["restUrl"].as_str().unwrap_or("/").to_owned();
    input["restUrl"] = peer.url(&path).into();
    let settings = [("REST_HOST", "host.example.org"), ("REST_AUTH_TOKEN", "t0ken")];
    invoke(action, &input, &settings).success();
    let request = peer.request();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let usual = [
        "accept: */*",
        "accept-encoding: ",
        "host: PEER",
        "traceparent: 00-",
        "user-agent: rest-connector/",
    ];
    let mut lines: Vec<_> = head.lines().collect();
    lines.retain(|line| !usual.iter().any(|it| line.starts_with(it)));
    lines[1..].sort_unstable();
    format!("{}\n\n{body}", lines.join("\n"))
}

fn check(action: &str, input: Value, expected: &str) {
    assert_eq!(sent(action, input).trim_end(), expected.trim_end());
}

/// Refused before anything is called.
fn refused(input: &Value, expected: &str) {
    let peer = Peer::answering("200 OK", &[], b"");
    let mut members = json!({"restUrl": peer.url("/")});
    members.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
    let told = invoke("POST", &members, &[]);
    assert_eq!(told.failure(), format!("business {expected}"));
    assert_eq!(peer.requests(), [""; 0]);
}

#[test]
fn r6_r16_r17_wrong_inputs_are_refused_by_name() {
    refused(&json!({"restUrl": null}), "MISSING_INPUT: `restUrl` is missing");
    refused(&json!({"restUrl": ""}), "MISSING_INPUT: `restUrl` is empty");
    let no_url = "INVALID_INPUT: `restUrl` does not start with http:// or https://";
    refused(&json!({"restUrl": "testmail@testmail.com"}), no_url);
    refused(
        &json!({"restUrl": "http://127.0.0.1:1/a b", "restUrlEncoded": true}),
        "INVALID_INPUT: `restUrl` has a space, which has to be percent-encoded there",
    );
    for timeout in ["bad", "0.1", "0xFF", "0b0011", "bad 123 value", "-1", "0"] {
        for input in ["timeout", "connectTimeout"] {
            let told =
                invoke("GET", &json!({"restUrl": "http://127.0.0.1:1", input: timeout}), &[]);
            let start = format!("business INVALID_INPUT: `{input}`: ");
            assert!(told.failure().starts_with(&start), "{timeout}: {}", told.failure());
        }
    }
    let auth = |auth: Value, text: &str| {
        refused(&json!({"auth": auth}), &format!("INVALID_INPUT: `auth`: {text}"));
    };
    auth(json!({"type": "basic", "password": "p"}), "basic needs `username`");
    auth(json!({"type": "basic", "username": "u"}), "basic needs `password`, which may be empty");
    auth(json!({"type": "bearer"}), "bearer needs `token`");
    auth(json!({"type": "apiKey", "value": "v"}), "apiKey needs `name`");
    auth(json!("s3cret"), "an object with `type` is wanted");
    refused(
        &json!({"payloadType": "xml", "requestPayload": 1}),
        "INVALID_INPUT: `payloadType`: unknown variant `xml`, expected one of `json`, `raw`, `form`, `form-data`, `multipart`, `text`, `binary`, `file`",
    );
    refused(
        &json!({"errorOn": ["4x"]}),
        "INVALID_INPUT: `errorOn`: `4x` is neither a status nor a range such as `400-599`",
    );
}

#[test]
fn e3_e9_what_is_wrong_with_tries_and_times_is_told_before_anything_is_called() {
    for (input, value) in [
        ("_retry_attempts_", json!("often")),
        ("_retry_attempts_", json!(-1)),
        ("_retry_interval_", json!("PT5S")),
        ("_timeout_", json!(-1)),
        ("_timeout_", json!("1e99")),
        ("timeout", json!(0)),
        ("timeout", json!(u64::MAX)),
    ] {
        let peer = Peer::answering("200 OK", &[], b"");
        let told = invoke("GET", &json!({"restUrl": peer.url("/"), input: value}), &[]).failure();
        assert!(
            told.starts_with(&format!("business INVALID_INPUT: `{input}`: ")),
            "{value}: {told}"
        );
        assert_eq!(peer.requests(), [""; 0], "{input} {value}");
    }
}

#[test]
fn e8_a_task_whose_time_is_over_calls_nobody() {
    let peer = Peer::answering("200 OK", &[], b"");
    let told = invoke("GET", &json!({"restUrl": peer.url("/"), "_timeout_": 0}), &[]).failure();
    assert!(told.contains("_timeout_"), "{told}");
    assert_eq!(peer.requests(), [""; 0]);
}

#[test]
fn every_method_says_its_name() {
    for action in ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"] {
        check(action, json!({"restUrl": "/x"}), &format!("{action} /x HTTP/1.1"));
    }
    for action in ["POST", "PUT", "PATCH"] {
        let input = json!({"restUrl": "/x", "idempotencyKey": "false"});
        check(action, input, &format!("{action} /x HTTP/1.1\ncontent-length: 0"));
    }
}

#[test]
fn r9_an_empty_post_has_no_body_and_no_content_type() {
    check("POST", json!({"idempotencyKey": false}), "POST / HTTP/1.1\ncontent-length: 0");
    let input = json!({"idempotencyKey": "false", "requestPayload": "", "contentType": "a/b"});
    check("POST", input, "POST / HTTP/1.1\ncontent-length: 0");
}

#[test]
fn r1_r2_credentials_go_where_they_belong() {
    let auth = |auth: Value, expected: &str| check("GET", json!({"auth": auth}), expected);
    auth(
        json!({"type": "basic", "username": "user", "password": "pass"}),
        "GET / HTTP/1.1\nauthorization: Basic dXNlcjpwYXNz",
    );
    auth(
        json!(r#"{"type": "bearer", "token": "abc"}"#),
        "GET / HTTP/1.1\nauthorization: Bearer abc",
    );
    auth(json!({"type": "apiKey", "name": "X-Key", "value": "abc"}), "GET / HTTP/1.1\nx-key: abc");
    auth(
        json!({"type": "apiKey", "name": "key", "value": "a&b", "in": "query"}),
        "GET /?key=a%26b HTTP/1.1",
    );
    let peer = Peer::answering("200 OK", &[], b"");
    let url = peer.url("/").replace("http://", "http://user:pass@");
    invoke("GET", &json!({"restUrl": url}), &[]).success();
    assert!(peer.request().contains("\r\nauthorization: Basic dXNlcjpwYXNz\r\n"));
}

#[test]
fn r5_urls_arrive_as_they_should() {
    let url = |url: &str, expected: &str| {
        check("GET", json!({"restUrl": url}), &format!("GET {expected} HTTP/1.1"));
    };
    url("/hello world?q=value 2#frag ment", "/hello%20world?q=value%202");
    url("/über uns", "/%C3%BCber%20uns");
    url(
        "/%20/%2C%26%3F%2B%2F?a=%2C%26%3F%2B%2F&b=x+y",
        "/%20/%2C%26%3F%2B%2F?a=%2C%26%3F%2B%2F&b=x+y",
    );
    let encoded = "/a%2Fb%2cc+d|e?X-Sig=a%2Bb%2F%3D&x=a+b[]";
    let input = json!({"restUrl": encoded, "restUrlEncoded": "true"});
    check("GET", input, &format!("GET {encoded} HTTP/1.1"));
    let input =
        json!({"restUrl": "/?z=1", "restUrlParams": {"a": [1, "x y"], "b": "c&d", "n": null}});
    check("GET", input, "GET /?z=1&a=1&a=x%20y&b=c%26d HTTP/1.1");
    check("GET", json!({"restUrlParams": "a=b&c"}), "GET /?a=b&c HTTP/1.1");
}

#[test]
fn r8_payloads_become_bodies_by_content_type() {
    let body = |input: Value, content_type: &str, body: &str| {
        let length = body.chars().count();
        let expected = format!(
            "PUT / HTTP/1.1\ncontent-length: {length}\ncontent-type: {content_type}\n\n{body}"
        );
        check("PUT", input, &expected);
    };
    let payload = json!({"a": 1, "b": null, "c": [null, "é"]});
    let utf8 = "{\"a\":1,\"b\":null,\"c\":[null,\"\u{c3}\u{a9}\"]}";
    body(json!({"requestPayload": payload}), "application/json", utf8);
    body(
        json!({"requestPayload": payload, "ignoreNullValues": "true"}),
        "application/json",
        "{\"a\":1,\"c\":[null,\"\u{c3}\u{a9}\"]}",
    );
    body(
        json!({"requestPayload": r#"{"ready": "made"}"#}),
        "application/json",
        r#"{"ready": "made"}"#,
    );
    body(json!({"requestPayload": "words"}), "application/json", r#""words""#);
    for (payload, text) in [(json!("words"), "words"), (json!(5), "5"), (json!(true), "true")] {
        body(json!({"requestPayload": payload, "contentType": "text/plain"}), "text/plain", text);
    }
    body(
        json!({"requestPayload": "é", "requestHeaders": {"Content-Type": "text/plain; charset=iso-8859-1"}}),
        "text/plain; charset=iso-8859-1",
        "\u{e9}",
    );
    body(
        json!({"requestPayload": {"a": "x y", "n": null, "l": [1, 2]}, "payloadType": "form"}),
        "application/x-www-form-urlencoded",
        "a=x+y&n&l=1&l=2",
    );
    check(
        "DELETE",
        json!({"requestPayload": {"a": 1}}),
        "DELETE / HTTP/1.1\ncontent-length: 7\ncontent-type: application/json\n\n{\"a\":1}",
    );
    for action in ["GET", "HEAD", "OPTIONS"] {
        check(
            action,
            json!({"requestPayload": "x", "payloadType": "text"}),
            &format!(
                "{action} / HTTP/1.1\ncontent-length: 1\ncontent-type: text/plain; charset=utf-8\n\nx"
            ),
        );
    }
    check("TRACE", json!({"requestPayload": {"a": 1}}), "TRACE / HTTP/1.1");
}

#[test]
fn any_answer_is_accepted_unless_the_task_says_otherwise() {
    for (headers, expected) in [
        (json!(null), "accept: */*"),
        (json!({"Accept": "application/json"}), "accept: application/json"),
    ] {
        let peer = Peer::answering("200 OK", &[], b"");
        invoke("GET", &json!({"restUrl": peer.url("/"), "requestHeaders": headers}), &[]).success();
        let request = peer.request();
        let accepted: Vec<_> = request.lines().filter(|it| it.starts_with("accept: ")).collect();
        assert_eq!(accepted, [expected]);
    }
}

#[test]
fn headers_are_sent_as_given() {
    check(
        "GET",
        json!({"requestHeaders": "{\"X-Text\": \"${rest-auth-token}\", \"X-Number\": 5, \"X-List\": [\"a\", true], \"X-Null\": null, \"User-Agent\": \"mine\"}"}),
        "GET / HTTP/1.1\nuser-agent: mine\nx-list: a\nx-list: true\nx-number: 5\nx-text: t0ken",
    );
}

#[test]
fn settings_are_filled_in_where_the_call_goes_and_never_in_its_data() {
    let settings = [("REST_AUTH_TOKEN", "t0ken"), ("REST_AUTH_USER", "jane")];
    for (auth, expected) in [
        (json!({"type": "bearer", "token": "${rest-auth-token}"}), "authorization: Bearer t0ken"),
        (
            json!({"type": "basic", "username": "${rest-auth-user}", "password": "${rest-auth-token}"}),
            "authorization: Basic amFuZTp0MGtlbg==",
        ),
        (json!({"type": "apiKey", "name": "x-key", "value": "${rest-auth-token}"}), "x-key: t0ken"),
    ] {
        let peer = Peer::answering("200 OK", &[], b"");
        let payload = json!({"from a form": "${rest-auth-token}"});
        let input = json!({"restUrl": peer.url("/"), "auth": auth, "requestPayload": payload});
        invoke("POST", &input, &settings).success();
        let request = peer.request();
        assert!(request.contains(&format!("\r\n{expected}\r\n")), "{request}");
        assert!(request.ends_with(r#"{"from a form":"${rest-auth-token}"}"#), "{request}");
    }
    let input =
        json!({"restUrl": "http://x/", "auth": {"type": "bearer", "token": "${rest-auth-token}"}});
    let told = invoke("GET", &input, &[]).failure();
    let expected =
        "business INVALID_INPUT: `auth` has `${rest-auth-token}`, but REST_AUTH_TOKEN is not set";
    assert_eq!(told, expected);
}

#[test]
fn names_other_inputs_and_other_credentials_are_not_filled_in() {
    let text = "${rest-auth-token}";
    let login = Peer::answering("200 OK", &["content-type: application/json"], b"{}");
    let auth = json!({"type": "oauth2", "tokenUrl": login.url("/"), "clientId": "me", "clientSecret": text});
    let settings = [("REST_AUTH_TOKEN", "t0ken")];
    invoke("GET", &json!({"restUrl": "http://x/", "auth": auth}), &settings).failure();
    let peer = Peer::answering("200 OK", &[], b"");
    let input = json!({"restUrl": peer.url("/"), "restUrlParams": {text: 1}, "idempotencyKey": text,
        "payloadType": "form", "requestPayload": {"a": text}});
    invoke("POST", &input, &settings).success();
    let key = json!({"restUrl": peer.url("/"), "auth": {"type": "apiKey", "name": "x-${host}", "value": "v"}});
    invoke("GET", &key, &settings).failure();
    let told = [login.request(), peer.request()].concat();
    assert!(!told.contains("t0ken"), "{told}");
    for expected in
        ["POST /?%24%7Brest-auth-token%7D=1 ", "idempotency-key: ${rest-auth-token}\r\n"]
    {
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn a_post_carries_an_idempotency_key() {
    check(
        "POST",
        json!({"idempotencyKey": "order-1", "requestPayload": {}}),
        "POST / HTTP/1.1\ncontent-length: 2\ncontent-type: application/json\nidempotency-key: order-1\n\n{}",
    );
    let request = sent("POST", json!({}));
    let key = request.lines().find_map(|it| it.strip_prefix("idempotency-key: ")).unwrap();
    assert!(!key.is_empty());
}

#[test]
fn a_dry_run_sends_nothing_and_shows_no_secret() {
    let peer = Peer::answering("200 OK", &[], b"");
    let input = json!({
        "restUrl": peer.url("/a b?q=1"),
        "auth": {"type": "bearer", "token": "t0ken"},
        "requestPayload": {"echo": "t0ken"},
    });
    let told = run(&["invoke", "PUT", "--input", "-", "--dry-run"], &input, &[]);
    let text = told.outputs.as_str().unwrap();
    let expected =
        format!("PUT /a%20b?q=1 HTTP/1.1\nhost: 127.0.0.1:{}\nauthorization: ***\n", peer.port());
    assert!(text.starts_with(&expected), "{text}");
    assert!(text.ends_with("\n\n{\"echo\":\"***\"}\n"), "{text}");
    assert_eq!(peer.requests(), [""; 0]);
}
