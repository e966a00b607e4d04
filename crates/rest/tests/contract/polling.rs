//! `pollUntil`: calls until the answer is as the task wants it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    Told, invoke,
    peer::{Act, Peer, answer},
};

const JSON: &str = "content-type: application/json";

fn state(state: &str) -> Act {
    Act::Say(answer("200 OK", &[JSON], json!({"state": state}).to_string().as_bytes()))
}

fn wait(action: &str, peer: &Peer, mut poll: Value) -> Told {
    if poll["interval"].is_null() {
        poll["interval"] = 1.into();
    }
    invoke(action, &json!({"restUrl": peer.url("/job"), "pollUntil": poll}), &[])
}

#[test]
fn what_never_gets_ready_ends_with_the_last_status() {
    let peer = Peer::start([state("running")]);
    let poll = json!({"path": "$.state", "equals": "done", "interval": 10, "deadline": 1000});
    let told = wait("GET", &peer, poll.clone()).failure();
    let start = format!(
        "permanent REQUEST_TIMEOUT: GET {}: `pollUntil` did not hold within 1000 ms and ",
        peer.url("/job")
    );
    assert!(told.starts_with(&start), "{told}");
    assert!(told.ends_with(" calls, the last answer was 200"), "{told}");
    assert!(peer.requests().len() > 1);
    let input = json!({"restUrl": peer.url("/job"), "pollUntil": poll});
    let outputs = invoke("GET", &input, &[("ERROR_MODE", "output")]).success();
    assert_eq!(outputs["restResult"]["state"], "running");
}

#[test]
fn a_peer_that_stops_answering_does_not_hold_the_deadline_up() {
    let peer = Peer::start([state("running"), Act::Hang]);
    let poll = json!({"path": "$.state", "equals": "done", "deadline": 2000});
    let told = wait("GET", &peer, poll).failure();
    assert!(told.ends_with("within 2000 ms and 2 calls, the last answer was 200"), "{told}");
    let peer = Peer::start([Act::Hang]);
    let told = wait("GET", &peer, json!({"status": 200, "deadline": 300})).failure();
    assert!(told.ends_with("within 300 ms and 1 calls, there was no answer"), "{told}");
}

#[test]
fn a_pause_beyond_the_deadline_is_not_waited_for() {
    let later = Act::Say(answer("200 OK", &["retry-after: 3600"], b""));
    let peer = Peer::start([later]);
    let told = wait("GET", &peer, json!({"path": "$.a", "deadline": 20_000})).failure();
    assert!(told.contains("and 1 calls"), "{told}");
}

#[test]
fn an_error_status_ends_it_unless_the_task_says_otherwise() {
    let missing = Act::Say(answer("404 Not Found", &[], b""));
    let peer = Peer::start([missing.clone(), state("done")]);
    let told = wait("GET", &peer, json!({"status": 200})).failure();
    assert!(told.starts_with("business NOT_FOUND"), "{told}");
    let peer = Peer::start([missing, state("done")]);
    let input = json!({
        "restUrl": peer.url("/"),
        "errorOn": "5xx",
        "pollUntil": {"status": "2xx", "interval": 1},
    });
    assert_eq!(invoke("GET", &input, &[]).success()["restStatus"], 200);
}

#[test]
fn what_will_never_be_ready_is_told_at_once() {
    let rule = json!({"path": "$.state", "in": ["failed", "cancelled"], "code": "JOB_FAILED"});
    let poll = json!({"path": "$.state", "equals": "done", "failOn": rule});
    let peer = Peer::start([state("running"), state("cancelled")]);
    let told = wait("GET", &peer, poll).failure();
    let expected = format!(
        "business JOB_FAILED: GET {} answered 200 {{\"state\":\"cancelled\"}}",
        peer.url("/job")
    );
    assert_eq!(told, expected);
    assert_eq!(peer.requests().len(), 2);
}

#[test]
fn bad_weather_between_polls_is_waited_out() {
    let busy = Act::Say(answer("503 Busy", &[], b""));
    let peer = Peer::start([state("running"), busy.clone(), Act::Reset, state("done")]);
    let poll = json!({"path": "$.state", "equals": "done"});
    assert_eq!(wait("GET", &peer, poll.clone()).success()["restResult"]["state"], "done");
    // The first call is as any other.
    let peer = Peer::start([busy.clone(), state("done")]);
    let told = wait("GET", &peer, poll.clone()).failure();
    assert!(told.starts_with("transient SERVICE_UNAVAILABLE"), "{told}");
    let peer = Peer::start([state("running"), busy]);
    let mut short = poll;
    short["deadline"] = 200.into();
    let told = wait("GET", &peer, short).failure();
    assert!(told.starts_with("permanent REQUEST_TIMEOUT"), "{told}");
    assert!(told.contains("at last SERVICE_UNAVAILABLE: GET"), "{told}");
}

#[test]
fn the_job_s_own_address_is_asked_and_nobody_else_s() {
    let accepted = |location: &str| {
        let location = format!("location: {location}");
        Act::Say(answer("202 Accepted", &[JSON, &location], br#"{"state": "new"}"#))
    };
    let poll = json!({"path": "$.state", "equals": "done", "followLocation": true});
    let peer = Peer::start([accepted("/jobs/1"), state("running"), state("done")]);
    let outputs = wait("POST", &peer, poll.clone()).success();
    assert_eq!(outputs["restResult"]["state"], "done");
    let lines: Vec<_> =
        peer.requests().iter().map(|it| it.lines().next().unwrap().to_owned()).collect();
    let expected = ["POST /job HTTP/1.1", "GET /jobs/1 HTTP/1.1", "GET /jobs/1 HTTP/1.1"];
    assert_eq!(lines, expected);

    let foreign = Peer::start([state("done")]);
    let peer = Peer::start([accepted(&foreign.url("/jobs/1"))]);
    let told = wait("POST", &peer, poll).failure();
    assert!(told.starts_with("business PAGING_ERROR"), "{told}");
    assert_eq!(foreign.requests(), [""; 0]);
}

#[test]
fn each_poll_is_a_request_of_its_own() {
    let peer = Peer::start([state("running"), state("done")]);
    let input = json!({
        "restUrl": peer.url("/"),
        "idempotencyKey": "poll",
        "pollUntil": {"jq": ".state == \"done\"", "interval": 1},
    });
    invoke("POST", &input, &[]).success();
    for (request, key) in peer.requests().iter().zip(["poll", "poll-2"]) {
        assert!(request.contains(&format!("\r\nidempotency-key: {key}\r\n")), "{request}");
    }
}

#[test]
fn the_peer_s_pause_counts_before_the_task_s() {
    let later = Act::Say(answer("200 OK", &["retry-after: 0", JSON], b"{}"));
    let peer = Peer::start([later, state("done")]);
    let poll = json!({"path": "$.state", "equals": "done", "interval": 20_000});
    let started = std::time::Instant::now();
    wait("GET", &peer, poll).success();
    assert!(started.elapsed() < Duration::from_secs(15));
}

#[test]
fn every_kind_of_condition_holds_when_it_should() {
    for poll in [
        json!({"path": "$.state"}),
        json!({"path": "$.state", "in": ["x", "done"]}),
        json!({"path": "$.n", "equals": "7"}),
        json!({"path": "$.n", "equals": 7.0}),
        json!({"path": "$.gone", "equals": null}),
        json!({"jq": ".n > 6"}),
        json!({"status": 200, "path": "jq: .state", "equals": "done"}),
    ] {
        let done = answer("200 OK", &[JSON], br#"{"state": "done", "n": 7}"#);
        let first = answer("203 Not yet", &[JSON], br#"{"gone": 1}"#);
        let peer = Peer::start([Act::Say(first), Act::Say(done)]);
        assert_eq!(wait("GET", &peer, poll.clone()).success()["restStatus"], 200, "{poll}");
        assert_eq!(peer.requests().len(), 2, "{poll}");
    }
}
