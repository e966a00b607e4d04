//! Answers → outputs and errors.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use crate::{
    invoke,
    peer::{Act, Peer, answer, redirect},
};

fn outputs(status: &str, headers: &[&str], body: &[u8]) -> Value {
    let peer = Peer::answering(status, headers, body);
    invoke("GET", &json!({"restUrl": peer.url("/")}), &[]).success()
}

fn check(headers: &[&str], body: &[u8], result: &Value) {
    assert_eq!(outputs("200 OK", headers, body)["restResult"], *result);
}

/// How a status is told, for an action that is not repeated by itself.
fn failure(status: &str, headers: &[&str], body: &[u8]) -> String {
    let peer = Peer::answering(status, headers, body);
    let told = invoke("PUT", &json!({"restUrl": peer.url("/a?b=c")}), &[]);
    told.failure().replace(&peer.url(""), "http://PEER")
}

#[test]
fn r13_errors_keep_reason_headers_and_every_kind_of_body() {
    let start = "PUT http://PEER/a answered";
    let json = ["content-type: application/json"];
    for (status, headers, body, expected) in [
        ("404 Not Found", &[][..], "", format!("business NOT_FOUND: {start} 404")),
        ("400 Bad", &["x: y"], "", format!("business BAD_REQUEST: {start} 400")),
        ("409 Conflict", &[], "no\nway", format!("business CONFLICT: {start} 409 no\\nway")),
        (
            "422 Odd",
            &json,
            r#"{"a":1}"#,
            format!(r#"business UNPROCESSABLE_ENTITY: {start} 422 {{"a":1}}"#),
        ),
        ("500 Oops", &json, "[1,2]", format!("transient INTERNAL_SERVER_ERROR: {start} 500 [1,2]")),
        ("418 Teapot", &[], "", format!("business BAD_REQUEST: {start} 418")),
        ("501 Not Implemented", &[], "", format!("permanent NOT_IMPLEMENTED: {start} 501")),
    ] {
        assert_eq!(failure(status, headers, body.as_bytes()), expected);
    }
    let long = failure("400 Bad", &[], "x".repeat(1000).as_bytes());
    assert!(long.ends_with(&format!(" {}…", "x".repeat(500))), "{long}");
    let binary = failure("400 Bad", &["content-type: image/png"], b"\x89\xff");
    assert!(binary.ends_with(" 400 (2 bytes of image/png)"), "{binary}");
}

#[test]
fn r13_the_body_of_an_error_is_an_output_whatever_it_is() {
    let json = ["content-type: application/json", "x: y"];
    for (headers, body, expected) in [
        (&json, r#"{"a":[]}"#, json!({"a": []})),
        (&json, "[]", json!([])),
        (&json, r#"[{"code":"OUT"}]"#, json!([{"code": "OUT"}])),
        (&json, r#""no""#, json!("no")),
        (&json, "{broken", json!("{broken")),
        (&json, "", Value::Null),
        (&["content-type: text/plain", "x: y"], "no", json!("no")),
    ] {
        let peer = Peer::answering("400 Bad", headers, body.as_bytes());
        let settings = [("ERROR_MODE", "output")];
        let outputs = invoke("GET", &json!({"restUrl": peer.url("/")}), &settings).success();
        assert_eq!(outputs["restResult"], expected, "{body}");
        assert_eq!(
            (&outputs["restStatus"], &outputs["responseHeaders"]["x"]),
            (&json!(400), &json!("y"))
        );
    }
}

#[test]
fn r1_e5_a_wrong_password_is_told_without_the_password() {
    let peer = Peer::answering("401 Unauthorized", &[], b"wrong: s3cret-pass, user:s3cret-pass");
    let auth = json!({"type": "basic", "username": "user", "password": "s3cret-pass"});
    let input = json!({"restUrl": peer.url("/"), "auth": auth});
    let told = invoke("GET", &input, &[]);
    let expected =
        format!("business UNAUTHORIZED: GET {} answered 401 wrong: ***, user:***", peer.url("/"));
    assert_eq!(told.failure(), expected);
    assert!(!told.log.contains("s3cret"), "{}", told.log);

    let outputs = invoke("GET", &input, &[("ERROR_MODE", "output")]).success();
    assert_eq!(outputs["restStatus"], 401);
    assert_eq!(outputs["restResult"], "wrong: ***, user:***");
    let text = outputs["restError"].as_str().unwrap();
    assert!(text.contains("answered 401") && !outputs.to_string().contains("s3cret"), "{outputs}");
}

#[test]
fn r12_the_fields_of_an_error_are_there_for_the_process() {
    let body = br#"{"message": "no", "booleanField": true, "temp": 36}"#;
    let peer = Peer::answering("400 Bad", &["content-type: application/json", "x: y"], body);
    let settings = [("ERROR_MODE", "output")];
    let outputs = invoke("GET", &json!({"restUrl": peer.url("/")}), &settings).success();
    assert_eq!(outputs["restResult"], json!({"message": "no", "booleanField": true, "temp": 36}));
    assert_eq!(outputs["responseHeaders"]["x"], "y");
    assert_eq!(outputs["restResponseHeaders"]["x"], "y");
}

#[test]
fn which_statuses_are_errors_is_the_task_s_choice() {
    let peer = Peer::answering("404 Not Found", &[], b"");
    let input = json!({"restUrl": peer.url("/"), "errorOn": ["500-599"]});
    assert_eq!(invoke("GET", &input, &[]).success()["restStatus"], 404);
    let peer = Peer::answering("202 Accepted", &[], b"");
    let input = json!({"restUrl": peer.url("/"), "errorOn": "202"});
    let failure = invoke("GET", &input, &[]).failure();
    assert!(failure.starts_with("business UNKNOWN_ERROR: GET"), "{failure}");
}

#[test]
fn r11_bodies_become_values_and_never_failures() {
    let json = ["content-type: application/json"];
    check(
        &json,
        br#"{"a": [1.10, null]}"#,
        &serde_json::from_str(r#"{"a": [1.10, null]}"#).unwrap(),
    );
    check(&json, b"[1]", &json!([1]));
    check(&json, b"\"quoted\"", &json!("quoted"));
    check(&["content-type: application/xml"], b"<a/>", &json!("<a/>"));
    check(&json, b"", &json!(null));
    check(&["content-type: text/plain; charset=iso-8859-1"], b"caf\xe9", &json!("café"));
    check(&["content-type: image/png"], b"\x89", &json!("data:image/png;base64,iQ=="));
    let outputs = outputs("200 OK", &json, b"{broken");
    assert_eq!(outputs["restResult"], "{broken");
    let warning = outputs["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with("the answer is not JSON"), "{warning}");
}

#[test]
fn r10_204_is_a_success_with_headers_and_without_a_body() {
    let peer = Peer::start([Act::Say(b"HTTP/1.1 204 No Content\r\nx: y\r\n\r\n".to_vec())]);
    let outputs = invoke("DELETE", &json!({"restUrl": peer.url("/")}), &[]).success();
    let headers = json!({"x": "y"});
    let expected = json!({"restResult": null, "restStatus": 204, "restResponseHeaders": headers, "responseHeaders": headers});
    assert_eq!(outputs, expected);
}

#[test]
fn nothing_is_no_failure_whatever_the_task_expects() {
    for kind in ["auto", "json", "text"] {
        let peer = Peer::start([Act::Say(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())]);
        let input = json!({"restUrl": peer.url("/"), "responseType": kind});
        let outputs = invoke("DELETE", &input, &[]).success();
        assert_eq!(
            (&outputs["restResult"], &outputs["restStatus"]),
            (&Value::Null, &json!(204)),
            "{kind}"
        );
    }
}

#[test]
fn not_modified_is_a_success_for_a_task_that_has_an_older_answer() {
    let peer = Peer::answering("304 Not Modified", &["etag: \"v3\""], b"");
    let headers = json!({"If-None-Match": "\"v3\""});
    let input = json!({"restUrl": peer.url("/"), "requestHeaders": headers});
    let outputs = invoke("GET", &input, &[]).success();
    assert_eq!((&outputs["restStatus"], &outputs["restResult"]), (&json!(304), &Value::Null));
    assert!(peer.request().contains("\r\nif-none-match: \"v3\"\r\n"), "{}", peer.request());
}

#[test]
fn a_head_has_headers_only() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n";
    let peer = Peer::start([Act::Say(head.to_vec())]);
    let outputs = invoke("HEAD", &json!({"restUrl": peer.url("/")}), &[]).success();
    let headers = json!({"content-type": "application/json", "content-length": "500"});
    let expected =
        json!({"restStatus": 200, "restResponseHeaders": headers, "responseHeaders": headers});
    assert_eq!(outputs, expected);
}

#[test]
fn r22_a_repeated_header_is_a_list() {
    let outputs = outputs("200 OK", &["Set-Cookie: a=1", "X: y", "Set-Cookie: b=2"], b"");
    let expected = json!({"set-cookie": ["a=1", "b=2"], "x": "y", "content-length": "0"});
    assert_eq!(outputs["responseHeaders"], expected);
}

#[test]
fn r7_redirects_are_followed_or_not() {
    let target = Peer::answering("200 OK", &[], b"arrived");
    let chain = || {
        Peer::start([redirect("302 Found", "/next"), redirect("301 Moved", &target.url("/end"))])
    };
    let peer = chain();
    let input = json!({"restUrl": peer.url("/"), "followRedirects": "false"});
    let outputs = invoke("GET", &input, &[]).success();
    assert_eq!(
        (&outputs["restStatus"], &outputs["responseHeaders"]["location"]),
        (&json!(302), &json!("/next"))
    );
    assert_eq!(peer.requests().len(), 1);

    let peer = chain();
    let auth = json!({"type": "apiKey", "name": "X-Key", "value": "s3cret"});
    let input = json!({"restUrl": peer.url("/"), "auth": auth});
    assert_eq!(invoke("GET", &input, &[]).success()["restResult"], "arrived");
    assert!(peer.requests().iter().all(|it| it.contains("x-key: s3cret")));
    assert!(!target.request().contains("s3cret"), "credentials crossed to another origin");

    let peer = chain();
    let input = json!({"restUrl": peer.url("/"), "maxRedirects": 1});
    let failure = invoke("GET", &input, &[]).failure();
    assert!(failure.starts_with("permanent TOO_MANY_REDIRECTS: GET"), "{failure}");
}

#[test]
fn redirects_keep_or_change_the_method_as_their_status_says() {
    for (status, expected) in [
        ("301 Moved", "GET /b -"),
        ("302 Found", "GET /b -"),
        ("303 See Other", "GET /b -"),
        ("307 Temporary", "POST /b {}"),
        ("308 Permanent", "POST /b {}"),
    ] {
        let peer = Peer::start([redirect(status, "/b"), Act::Say(answer("200 OK", &[], b""))]);
        let input = json!({"restUrl": peer.url("/a"), "requestPayload": {}});
        invoke("POST", &input, &[]).success();
        let second = peer.requests().pop().unwrap();
        let (head, body) = second.split_once("\r\n\r\n").unwrap();
        let request = head.lines().next().unwrap().replace(" HTTP/1.1", "");
        let body = if body.is_empty() { "-" } else { body };
        assert_eq!(format!("{request} {body}"), expected, "{status}");
    }
}

#[test]
fn answers_are_decompressed() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(br#"{"a": 1}"#).unwrap();
    let headers = ["content-type: application/json", "content-encoding: gzip"];
    check(&headers, &gzip.finish().unwrap(), &json!({"a": 1}));
}

#[test]
fn a_compressed_answer_that_the_author_asked_for_is_decompressed_too() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(b"text").unwrap();
    let headers = ["content-type: text/plain", "content-encoding: gzip"];
    let peer = Peer::answering("200 OK", &headers, &gzip.finish().unwrap());
    let input = json!({"restUrl": peer.url("/"), "requestHeaders": {"Accept-Encoding": "gzip"}});
    assert_eq!(invoke("GET", &input, &[]).success()["restResult"], "text");
}
