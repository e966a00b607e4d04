//! `responseMapping` and the rules of `errorOn`: what a task takes from an answer, and what it calls an error.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    invoke,
    peer::{Act, Peer, answer},
    run,
};

const JSON: [&str; 1] = ["content-type: application/json"];
const ORDER: &str = r#"{"id": 4711, "total": 19.90, "items": [{"id": "a", "n": 2}, {"id": "b", "n": 1}],
    "deep": {"deep": {"deep": {}}}}"#;

/// What becomes of `expression` for the order; a failure is told by its text.
fn mapped(expression: &str) -> Result<Value, String> {
    let peer = Peer::answering("200 OK", &JSON, ORDER.as_bytes());
    let input = json!({"restUrl": peer.url("/"), "responseMapping": {"x": expression}});
    let told = invoke("GET", &input, &[]);
    if told.success { Ok(told.success()["x"].clone()) } else { Err(told.failure()) }
}

fn refused(expression: &str, expected: &str) {
    let told = mapped(expression).unwrap_err();
    let start = "business INVALID_INPUT: `responseMapping`";
    assert!(told.starts_with(start) && told.ends_with(expected), "{expression}: {told}");
}

fn gives(expression: &str, expected: &Value) {
    assert_eq!(mapped(expression).as_ref(), Ok(expected), "{expression}");
}

#[test]
fn an_expression_without_end_ends_and_says_so() {
    let started = Instant::now();
    for endless in [
        "jq: def f: f; f",
        "jq: last(range(infinite))",
        "jq: until(false; .)",
        "jq: [limit(1000000000; repeat(1))] | length",
    ] {
        let told = mapped(endless).unwrap_err();
        assert!(told.ends_with("takes more than 1 s of processor time"), "{endless}: {told}");
    }
    assert!(started.elapsed() < Duration::from_secs(40), "{:?}", started.elapsed());
}

#[test]
fn an_expression_that_explodes_takes_nobody_along() {
    let memory = "needs too much memory, or recursion without end";
    refused("jq: def f: 1 + f; f", memory);
    refused("jq: def f: [f]; f", memory);
    refused("jq: range(1e12)", "gives more than 10000 values");
    refused("jq: repeat(.)", "gives more than 10000 values");
    refused("jq: reduce range(100) as $i ([]; [., .])", "gives more than 10 MiB");
    refused("jq: reduce range(22) as $i (\"abc\"; . + .)", "gives more than 10 MiB");
    let told = mapped("jq: reduce range(60) as $i (\"abc\"; . + .)").unwrap_err();
    assert!(told.starts_with("business INVALID_INPUT"), "{told}");
}

#[test]
fn a_path_that_explodes_is_given_up() {
    let nested = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let peer = Peer::answering("200 OK", &JSON, nested.as_bytes());
    let explosive = format!("${}", "..*".repeat(8));
    let input = json!({"restUrl": peer.url("/"), "responseMapping": {"x": explosive}});
    let told = invoke("GET", &input, &[]).failure();
    assert!(told.starts_with("business INVALID_INPUT: `responseMapping`: `x`"), "{told}");
    let many = format!("$[{}]", vec!["0"; 500].join(","));
    let square = format!("{many}{}", &many[1..]);
    let input = json!({"restUrl": peer.url("/"), "responseMapping": {"x": square}});
    let told = invoke("GET", &input, &[]).failure();
    assert!(told.ends_with("gives more than 10000 values"), "{told}");
}

#[test]
fn wrong_expressions_are_refused_before_anything_is_called() {
    for (expression, expected) in [
        ("jq: .items[", "`jq: .items[`: no jq: closing bracket is wanted at the end"),
        ("jq: .items | foo", "no jq: there is no filter `foo`"),
        ("jq: $ENV", "no jq: there is no variable `$ENV`"),
        ("jq: input", "no jq: there is no filter `input`"),
        ("jq: include \"/etc/passwd\"; .", "no jq: there is nothing to import"),
        ("$.items[", "no JSONPath (RFC 9535)"),
        ("items", "is neither a JSONPath, which starts with `$`, nor jq, which starts with `jq:`"),
    ] {
        let peer = Peer::answering("200 OK", &JSON, b"{}");
        let mapping = json!({"fine": "jq: .a", "x": expression});
        let input = json!({"restUrl": peer.url("/"), "responseMapping": mapping});
        let told = invoke("POST", &input, &[]).failure();
        assert!(told.contains("`x`: ") && told.contains(expected), "{expression}: {told}");
        assert_eq!(peer.requests(), [""; 0], "{expression}");
    }
}

#[test]
fn an_expression_that_does_not_fit_is_told_without_the_data() {
    for expression in ["jq: .items + 1", "jq: .id | keys", "jq: error(.)", "jq: halt", "jq: nan"] {
        let expected = format!(
            "business INVALID_INPUT: `responseMapping`: `x`: `{expression}` does not fit the answer"
        );
        assert_eq!(mapped(expression), Err(expected));
    }
    let peer = Peer::answering("200 OK", &JSON, ORDER.as_bytes());
    let input = json!({"restUrl": peer.url("/"), "responseMapping": {"x": "jq: .id | keys"}});
    let outputs = invoke("GET", &input, &[("ERROR_MODE", "output")]).success();
    assert_eq!(outputs["restResult"]["id"], 4711);
}

#[test]
fn the_environment_and_the_secrets_are_out_of_reach() {
    gives("jq: env", &json!({}));
    let peer = Peer::answering("200 OK", &JSON, b"{}");
    let input = json!({"restUrl": peer.url("/"), "responseMapping": {"x": "jq: [env, $headers]"}});
    let outputs = invoke("GET", &input, &[("REST_AUTH_TOKEN", "s3cret")]).success();
    assert!(!outputs.to_string().contains("s3cret"), "{outputs}");
}

#[test]
fn what_is_not_there_is_null() {
    gives("$.nowhere", &Value::Null);
    gives("$.items[9].id", &Value::Null);
    gives("$.nowhere[*].id", &json!([]));
    gives("jq: .nowhere.at.all", &Value::Null);
    gives("jq: empty", &Value::Null);
    let peer = Peer::start([Act::Say(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())]);
    let input = json!({"restUrl": peer.url("/"), "responseMapping": {"x": "$.a", "y": "jq: .a"}});
    let outputs = invoke("DELETE", &input, &[]).success();
    assert_eq!((&outputs["x"], &outputs["y"]), (&Value::Null, &Value::Null));
}

#[test]
fn places_selections_and_constructions_become_outputs() {
    gives("$.items[1].id", &json!("b"));
    gives("$.items[*].id", &json!(["a", "b"]));
    gives("$.items[?@.n > 1].id", &json!(["a"]));
    gives("$..n", &json!([2, 1]));
    gives("jq: .items[0].id", &json!("a"));
    gives("jq: .items[].id", &json!(["a", "b"]));
    gives("jq: .items | map(.n) | add", &json!(3));
    gives(
        "jq: {s: $status, t: $headers[\"content-type\"]}",
        &json!({"s": 200, "t": "application/json"}),
    );
    let digits = mapped("jq: .total").unwrap();
    assert_eq!(digits.to_string(), "19.90");
}

#[test]
fn a_head_maps_its_headers() {
    let head = b"HTTP/1.1 200 OK\r\netag: \"v1\"\r\ncontent-length: 5\r\n\r\n";
    let peer = Peer::start([Act::Say(head.to_vec())]);
    let input = json!({"restUrl": peer.url("/"), "responseMapping": {"tag": "jq: $headers.etag"}});
    assert_eq!(invoke("HEAD", &input, &[]).success()["tag"], "\"v1\"");
}

#[test]
fn a_dry_run_checks_expressions_and_calls_nobody() {
    let peer = Peer::answering("200 OK", &JSON, b"{}");
    let input = json!({"restUrl": peer.url("/"), "responseMapping": {"x": "jq: ("}});
    let told = run(&["invoke", "GET", "--input", "-", "--dry-run"], &input, &[]);
    assert!(told.failure().contains("no jq"), "{}", told.outputs);
    assert_eq!(peer.requests(), [""; 0]);
}

/// How an answer is told under the rules of `error_on`.
fn judged(status: &str, body: &str, error_on: &Value) -> String {
    let peer = Peer::answering(status, &JSON, body.as_bytes());
    let input = json!({"restUrl": peer.url("/"), "errorOn": error_on});
    let told = invoke("POST", &input, &[]);
    if told.success {
        return format!("success {}", told.outputs["restStatus"]);
    }
    told.failure().replace(&peer.url("/"), "PEER")
}

#[test]
fn wrong_rules_are_refused_by_name() {
    for (rule, expected) in [
        (json!({}), "one of `status`, `path` and `jq` is needed"),
        (json!({"status": "x"}), "`x` is neither a status nor a range such as `400-599`"),
        (json!({"path": "a"}), "`a` is neither a JSONPath"),
        (json!({"status": 404, "code": "not found"}), "`code`: `not found` is neither capital"),
        (json!({"status": 404, "code": "1"}), "`code`: `1` is neither capital"),
        (json!({"status": 404, "kode": "X"}), "unknown field `kode`"),
        (json!({"jq": ".a |"}), "no jq"),
    ] {
        let told = judged("200 OK", "{}", &json!([rule]));
        assert!(told.starts_with("business INVALID_INPUT: `errorOn`"), "{rule}: {told}");
        assert!(told.contains(expected), "{rule}: {told}");
    }
}

#[test]
fn r12_a_rule_names_the_code_of_an_answer() {
    let by_field =
        json!([{"status": "4xx", "path": "$.message", "equals": "no", "code": "REFUSED"}]);
    let body = r#"{"message": "no", "booleanField": true, "temp": 36}"#;
    let told = judged("400 Bad", body, &by_field);
    assert_eq!(told, format!("business REFUSED: POST PEER answered 400 {body}"));
    // Another answer has the code of its status, since rules alone add to the default.
    assert!(
        judged("400 Bad", r#"{"message": "yes"}"#, &by_field).starts_with("business BAD_REQUEST")
    );
    assert!(judged("500 Bad", "{}", &by_field).starts_with("permanent INTERNAL_SERVER_ERROR"));
    assert_eq!(judged("200 OK", body, &by_field), "success 200");
}

#[test]
fn a_success_that_says_error_is_one() {
    let rules = json!([
        {"path": "$.ok", "equals": false, "code": "$.error"},
        {"jq": ".errors | length > 0", "code": "HAS_ERRORS"},
    ]);
    let told = judged("200 OK", r#"{"ok": false, "error": "not-found"}"#, &rules);
    assert!(told.starts_with("business NOT_FOUND: POST PEER answered 200"), "{told}");
    let told = judged("200 OK", r#"{"ok": false, "error": "???"}"#, &rules);
    assert!(told.starts_with("business UNKNOWN_ERROR"), "{told}");
    let told = judged("200 OK", r#"{"errors": [1]}"#, &rules);
    assert!(told.starts_with("business HAS_ERRORS"), "{told}");
    assert_eq!(judged("200 OK", r#"{"ok": true}"#, &rules), "success 200");
    // A rule that does not fit the answer does not hold.
    assert_eq!(judged("200 OK", r#"{"errors": true}"#, &rules), "success 200");
    assert!(judged("502 Bad", "<html>", &rules).starts_with("permanent BAD_GATEWAY"));
}

#[test]
fn a_rule_sees_the_body_that_the_task_does_not_want() {
    let peer = Peer::answering("200 OK", &JSON, br#"{"ok": false}"#);
    let rules = json!([{"path": "$.ok", "equals": "false", "code": "REFUSED"}]);
    let input = json!({"restUrl": peer.url("/"), "responseType": "none", "errorOn": rules});
    let told = invoke("GET", &input, &[]).failure();
    assert!(told.starts_with("business REFUSED"), "{told}");
}

#[test]
fn a_code_of_the_task_is_tried_again_like_that_of_the_status() {
    let busy = Act::Say(answer("503 Busy", &JSON, br#"{"code": "busy"}"#));
    let peer = Peer::start([busy, Act::Say(answer("200 OK", &JSON, b"{}"))]);
    let rules = json!([{"status": 503, "code": "$.code"}]);
    let input = json!({"restUrl": peer.url("/"), "errorOn": rules});
    invoke("GET", &input, &[("RETRY_MAX_ATTEMPTS", "2")]).success();
    assert_eq!(peer.requests().len(), 2);
    let told = judged("503 Busy", r#"{"code": "busy"}"#, &rules);
    assert!(told.starts_with("permanent BUSY"), "{told}");
}

#[test]
fn processmakers_mapping_gives_the_same_outputs() {
    let body = br#"{"order": {"lines": [{"id": 7}]}}"#;
    let peer = Peer::answering("200 OK", &["content-type: application/json", "etag: v3"], body);
    let input = json!({"restUrl": peer.url("/"), "responseMapping": [
        {"key": "first", "value": "order.lines.0.id", "format": "dotNotation"},
        {"key": "all", "value": ""},
        {"key": "state", "value": "$status"},
        {"key": "version", "value": "$headers.ETag"},
    ]});
    let outputs = invoke("GET", &input, &[]).success();
    assert_eq!(outputs["first"], 7);
    assert_eq!(outputs["all"], outputs["restResult"]);
    assert_eq!((&outputs["state"], &outputs["version"]), (&json!(200), &json!("v3")));
}
