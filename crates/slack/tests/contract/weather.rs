//! Bad weather: refusals of every kind, limits, outages, answers that are none.

use std::time::Duration;

use fake_slack::{Fault, Limit, Limits, Order, TokenState};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::scene::{Scene, eventually};

const SEND: &str = "SEND_MESSAGE";

fn to(channel: &str) -> Value {
    json!({"channelId": channel, "text": "a"})
}

#[tokio::test]
async fn every_refusal_has_its_code_and_says_what_to_do() {
    let scene = Scene::start().await;
    for (error, expected) in [
        (
            "not_in_channel",
            "business INVALID_CHANNEL: Slack refuses chat.postMessage: not_in_channel; invite the app to the channel",
        ),
        (
            "is_archived",
            "business INVALID_CHANNEL: Slack refuses chat.postMessage: is_archived; unarchive the channel",
        ),
        (
            "channel_not_found",
            "business CHANNEL_NOT_FOUND: Slack refuses chat.postMessage: channel_not_found; the app sees",
        ),
        ("user_not_found", "business USER_NOT_FOUND: "),
        ("msg_too_long", "business MSG_TOO_LONG: "),
        (
            "invalid_auth",
            "business UNAUTHORIZED: Slack refuses chat.postMessage: invalid_auth; put a valid bot token",
        ),
        ("account_inactive", "business UNAUTHORIZED: "),
        ("not_authed", "business UNAUTHORIZED: "),
        ("missing_scope", "business FORBIDDEN: "),
        ("restricted_action_read_only_channel", "business FORBIDDEN: "),
        ("ekm_access_denied", "business FORBIDDEN: "),
        ("no_text", "business INVALID_INPUT: "),
        ("invalid_blocks", "business INVALID_INPUT: "),
        ("too_many_attachments", "business INVALID_INPUT: "),
        ("fatal_error", "permanent FATAL_ERROR: "),
        ("internal_error", "transient UNKNOWN_ERROR: "),
        ("service_unavailable", "transient UNKNOWN_ERROR: "),
        ("request_timeout", "transient REQUEST_TIMEOUT: "),
        (
            "some_error_of_next_year",
            "permanent UNKNOWN_ERROR: Slack refuses chat.postMessage: some_error_of_next_year",
        ),
    ] {
        scene.slack.fail("chat.postMessage", Fault::Error(error.to_owned()));
        let told = scene.failure(SEND, &to("C0ORDERS01")).await;
        assert!(told.starts_with(expected), "{error}: {told}");
    }
}

#[tokio::test]
async fn slacks_own_checks_are_passed_on() {
    let scene = Scene::start().await;
    let blocks = json!([{"type": "section", "text": {"type": "mrkdwn", "text": "a".repeat(3001)}}]);
    let told = scene.failure(SEND, &json!({"channelId": "C0ORDERS01", "blocks": blocks})).await;
    assert!(
        told.starts_with(
            "business INVALID_INPUT: Slack refuses chat.postMessage: invalid_blocks; "
        ),
        "{told}"
    );
    assert!(told.contains("/blocks/0") || told.contains("blocks/0"), "{told}");

    scene.slack.scopes(&["users:read", "pins:write"]);
    let told = scene.failure(SEND, &to("C0ORDERS01")).await;
    assert!(told.contains("missing_scope; it needs the scope chat:write, the token has users:read,pins:write; add it"), "{told}");
}

#[tokio::test]
async fn an_archived_channel_a_removed_bot_and_a_revoked_token_are_told_apart() {
    let scene = Scene::start().await;
    scene.slack.scopes(&["chat:write"]);
    let told = scene.failure(SEND, &to("C0ARCHIVE1")).await;
    assert!(
        told.starts_with("business INVALID_CHANNEL: Slack refuses chat.postMessage: is_archived"),
        "{told}"
    );
    let told = scene.failure(SEND, &to("C0RANDOM01")).await;
    assert!(
        told.starts_with(
            "business INVALID_CHANNEL: Slack refuses chat.postMessage: not_in_channel"
        ),
        "{told}"
    );
    for (state, word) in [
        (TokenState::Revoked, "token_revoked"),
        (TokenState::Expired, "token_expired"),
        (TokenState::Inactive, "account_inactive"),
    ] {
        scene.slack.tokens(state);
        let told = scene.failure(SEND, &to("C0ORDERS01")).await;
        let expected =
            format!("business UNAUTHORIZED: Slack refuses chat.postMessage: {word}; put a valid");
        assert!(told.starts_with(&expected), "{told}");
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_told_and_not_repeated() {
    let scene = Scene::start().await.with("RETRY_MAX_ATTEMPTS", "3");
    for (fault, expected) in [
        (
            Fault::NoJson,
            "permanent INVALID_RESULT_FORMAT: chat.postMessage answered something that is not JSON",
        ),
        (
            Fault::Cut,
            "permanent INVALID_RESULT_FORMAT: chat.postMessage answered something that is not JSON",
        ),
        (Fault::Status(404), "permanent UNKNOWN_ERROR: chat.postMessage answered 404"),
        (Fault::Status(302), "permanent UNKNOWN_ERROR: chat.postMessage answered 302"),
    ] {
        let n_calls = scene.slack.calls_of("chat.postMessage").len();
        scene.slack.fail("chat.postMessage", fault);
        let told = scene.failure(SEND, &to("C0ORDERS01")).await;
        assert!(told.starts_with(expected), "{told}");
        assert_eq!(scene.slack.calls_of("chat.postMessage").len(), n_calls + 1);
    }
}

#[tokio::test]
async fn outages_are_waited_for_and_nothing_goes_twice() {
    for fault in [
        Fault::Status(500),
        Fault::Status(503),
        Fault::StatusAfter(502),
        Fault::HangUp,
        Fault::HangUpAfter,
    ] {
        let scene = Scene::start().await.with("RETRY_MAX_ATTEMPTS", "3");
        scene.slack.order(Order { times: 2, ..Order::next("chat.postMessage", fault.clone()) });
        scene.outputs(SEND, &to("C0ORDERS01")).await;
        let calls = scene.slack.calls_of("chat.postMessage");
        assert_eq!(calls.len(), 3, "{fault:?}");
        assert_eq!(calls[0].args["client_msg_id"], calls[2].args["client_msg_id"]);
        assert_eq!(scene.slack.messages("orders").len(), 1, "{fault:?}");
    }
    let scene = Scene::start().await;
    scene.slack.fail("chat.postMessage", Fault::HangUp);
    let told = scene.failure(SEND, &to("C0ORDERS01")).await;
    assert!(
        told.starts_with("transient UNKNOWN_ERROR: chat.postMessage: http://127.0.0.1:"),
        "{told}"
    );
}

#[tokio::test]
async fn what_cannot_be_recognized_is_not_repeated_after_a_lost_answer() {
    let scene = Scene::start().await.with("RETRY_MAX_ATTEMPTS", "3");
    let at = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
        + 3600;
    for (method, inputs) in [
        (
            "chat.postEphemeral",
            json!({"channelId": "C0ORDERS01", "text": "a", "ephemeralTo": "U0JANE0001"}),
        ),
        (
            "chat.scheduleMessage",
            json!({"channelId": "C0ORDERS01", "text": "a", "scheduledAt": at}),
        ),
    ] {
        scene.slack.fail(method, Fault::HangUpAfter);
        let told = scene.failure(SEND, &inputs).await;
        assert!(told.starts_with("permanent UNKNOWN_ERROR: "), "{told}");
        assert!(told.ends_with("(not repeated, since it may have been carried out)"), "{told}");
        assert_eq!(scene.slack.calls_of(method).len(), 1);
        // A limit says that nothing was done.
        scene.slack.fail(method, Fault::RateLimited(1));
        scene.outputs(SEND, &inputs).await;
    }
}

#[tokio::test]
async fn a_slow_answer_is_a_timeout() {
    let scene = Scene::start().await.with("SLACK_TIMEOUT", "100ms");
    scene.slack.fail("chat.postMessage", Fault::Late(5000));
    let told = scene.failure(SEND, &to("C0ORDERS01")).await;
    assert!(told.starts_with("transient REQUEST_TIMEOUT: chat.postMessage: http://"), "{told}");
}

#[tokio::test]
async fn nobody_at_home_is_told_as_such() {
    let scene = Scene::start().await.with("SLACK_API_URL", "http://127.0.0.1:1/api/");
    let told = scene.failure(SEND, &to("C0ORDERS01")).await;
    assert!(told.starts_with("transient UNKNOWN_ERROR: chat.postMessage: http://127.0.0.1:1/api/chat.postMessage: the connection was refused"), "{told}");
}

#[tokio::test]
async fn a_limit_is_waited_for_as_slack_asks() {
    let scene = Scene::start().await;
    for seconds in [1, 3] {
        scene.slack.with(|world| world.journal.clear());
        scene.slack.fail("chat.postMessage", Fault::RateLimited(seconds));
        scene.outputs(SEND, &to("C0ORDERS01")).await;
        let calls = scene.slack.calls_of("chat.postMessage");
        assert_eq!(calls.len(), 2);
        assert!(calls[1].at - calls[0].at >= seconds * 1000 - 5, "{} {}", calls[0].at, calls[1].at);
    }
    let scene = scene.with("RATE_WAIT_MAX", "5s");
    scene.slack.fail("chat.postMessage", Fault::RateLimited(60));
    let told = scene.failure(SEND, &to("C0ORDERS01")).await;
    assert_eq!(
        told,
        "transient UNKNOWN_ERROR: Slack limits chat.postMessage: the next call in 60 s"
    );
}

#[tokio::test]
async fn a_method_that_is_limited_leaves_the_slots_to_others() {
    let scene = Scene::start().await.with("CONCURRENCY", "2").with("RETRY_MAX_ATTEMPTS", "3");
    scene.slack.fail("chat.postMessage", Fault::RateLimited(20));
    let served = scene.serve().await;
    let inputs = to("C0ORDERS01");
    let limited = (0..8).map(|_| served.call("slack-connector/SEND_MESSAGE", &inputs));
    let limited = join_all(limited);
    let other = async {
        eventually("the limit", async || {
            (!scene.slack.calls_of("chat.postMessage").is_empty()).then_some(())
        })
        .await;
        let found = served
            .call("slack-connector/FIND_USER", &json!({"userEmail": "jane@example.org"}))
            .await;
        assert_eq!(found["error"], Value::Null, "{found}");
    };
    tokio::select! {
        _ = limited => panic!("nothing was limited"),
        () = other => {}
    }
    assert_eq!(scene.slack.calls_of("chat.postMessage").len(), 1);
}

#[tokio::test]
async fn a_storm_is_delivered_in_order_per_channel() {
    const CHANNELS: [&str; 5] =
        ["C0GENERAL1", "C0ORDERS01", "C0RANDOM01", "C0BOARD001", "C0STORM001"];
    let scene = Scene::start().await;
    scene.slack.with(|world| {
        let channel = fake_slack::Channel {
            id: CHANNELS[4].to_owned(),
            name: "storm".to_owned(),
            ..fake_slack::Channel::default()
        };
        world.workspaces[0].channels.push(channel);
        world.limits =
            Limits { channel: Some(Limit::new(1, Duration::from_secs(1))), ..Limits::default() };
    });
    let served = scene.serve().await;
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..100 {
        let inputs = json!({"channelId": CHANNELS[number % 5], "text": number.to_string()});
        let url = format!("{}/v1/do/slack-connector/SEND_MESSAGE", served.base);
        let request = served
            .client
            .post(url)
            .header("content-type", "application/json")
            .body(inputs.to_string());
        calls.spawn(async move { request.send().await.unwrap().text().await.unwrap() });
        // Order is that of arrival, so the next one waits until this one has arrived.
        eventually("the request has arrived", async || {
            let begun = served.metric("connector_requests_in_flight").await;
            let done = served.metric("connector_requests_total").await;
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            let expected = (number + 1) as f64;
            (begun + done >= expected).then_some(())
        })
        .await;
    }
    for answer in calls.join_all().await {
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["error"], Value::Null, "{answer}");
    }
    for (index, channel) in CHANNELS.iter().enumerate() {
        let texts: Vec<_> = scene.slack.messages(channel).into_iter().map(|it| it.text).collect();
        let expected: Vec<_> = (0..20).map(|it| (it * 5 + index).to_string()).collect();
        assert_eq!(texts, expected, "{channel}");
    }
}
