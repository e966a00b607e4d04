//! Faults on order, and rate limits.

use std::time::Duration;

use fake_slack::{BOT_TOKEN, Fault, Limit, Limits, Order};
use serde_json::json;

use crate::support::{Caller, verdict};

/// What comes back: status and start of the body, or nothing; and how many messages there are then.
async fn check(fault: Fault, expected: Option<(u16, &str)>, n_messages: usize) {
    let slack = Caller::new().await;
    let shown = format!("{fault:?}");
    slack.slack.fail("chat.postMessage", fault);
    let request = slack
        .http
        .post(slack.url("chat.postMessage"))
        .bearer_auth(BOT_TOKEN)
        .header("content-type", "application/json; charset=utf-8")
        .body(r#"{"channel":"orders","text":"Hi"}"#);
    let seen = match request.send().await {
        Ok(response) => {
            let status = response.status().as_u16();
            Some((status, response.text().await.unwrap()))
        }
        Err(_) => None,
    };
    let fits = match (&seen, expected) {
        (Some((status, body)), Some((wanted, start))) => {
            *status == wanted && body.starts_with(start)
        }
        (seen, expected) => seen.is_none() && expected.is_none(),
    };
    assert!(fits, "{shown}: {seen:?}");
    assert_eq!(slack.slack.messages("orders").len(), n_messages, "{shown}");
    assert_eq!(slack.slack.calls().len(), 1, "{shown}");
    slack.post("the next one is served").await;
}

#[tokio::test]
async fn faults_come_before_the_work_or_after_it() {
    check(Fault::HangUp, None, 0).await;
    check(Fault::HangUpAfter, None, 1).await;
    check(Fault::Status(503), Some((503, "<html>")), 0).await;
    check(Fault::StatusAfter(502), Some((502, "<html>")), 1).await;
    check(Fault::NoJson, Some((200, "<html>")), 1).await;
    check(Fault::Cut, Some((200, r#"{"ok":true"#)), 1).await;
    let error = r#"{"ok":false,"error":"fatal_error"}"#;
    check(Fault::Error("fatal_error".to_owned()), Some((200, error)), 0).await;
    let limited = r#"{"ok":false,"error":"ratelimited"}"#;
    check(Fault::RateLimited(7), Some((429, limited)), 0).await;
    check(Fault::Late(1), Some((200, r#"{"ok":true"#)), 1).await;
}

#[tokio::test]
async fn a_cut_answer_is_no_json() {
    let slack = Caller::new().await;
    slack.slack.fail("auth.test", Fault::Cut);
    let text = slack.send("auth.test", &json!({})).await.text().await.unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&text).is_err(), "{text}");
}

#[tokio::test]
async fn an_order_names_the_calls_that_it_hits() {
    let slack = Caller::new().await;
    let fault = Fault::Error("internal_error".to_owned());
    slack.slack.order(Order { on: "*".to_owned(), fault, skip: 1, times: 2 });
    let mut verdicts = Vec::new();
    for method in ["auth.test", "users.list", "auth.test", "auth.test"] {
        verdicts.push(verdict(&slack.json(method, json!({})).await).to_owned());
    }
    assert_eq!(verdicts, ["ok", "internal_error", "internal_error", "ok"]);
}

#[tokio::test]
async fn uploads_and_webhooks_fail_on_order_too() {
    let slack = Caller::new().await;
    slack.slack.fail("webhook", Fault::Error("rollup_error".to_owned()));
    slack.slack.fail("upload", Fault::Status(500));
    let webhook = slack.http.post(slack.slack.webhook_url()).body(r#"{"text":"Hi"}"#);
    assert_eq!(webhook.send().await.unwrap().text().await.unwrap(), "rollup_error");
    let args = [("filename", "a"), ("length", "1")];
    let answer = slack.form("files.getUploadURLExternal", &args).await;
    let url = answer["upload_url"].as_str().unwrap().to_owned();
    assert_eq!(slack.http.post(&url).body("x").send().await.unwrap().status(), 500);
    assert_eq!(slack.http.post(&url).body("x").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn messages_are_limited_per_channel_and_methods_per_workspace() {
    let slack = Caller::new().await;
    let hourly = |calls| Limit::new(calls, Duration::from_hours(1));
    let methods = [("auth.test".to_owned(), Limit { retry_after: Some(0), ..hourly(1) })].into();
    slack.slack.limit(Limits { channel: Some(hourly(1)), methods, webhook: None });
    let post = |channel| json!({"channel": channel, "text": "Hi"});
    let cases = [
        ("chat.postMessage", post("orders"), None),
        ("chat.postMessage", post("C0ORDERS01"), Some("3600")),
        ("chat.postMessage", post("general"), None),
        ("auth.test", json!({}), None),
        ("auth.test", json!({}), Some("0")),
        ("users.list", json!({}), None),
    ];
    for (method, args, wait) in cases {
        let response = slack.send(method, &args).await;
        let told = response.headers().get("retry-after").map(|value| value.to_str().unwrap());
        assert_eq!(told, wait, "{method} {args}");
        assert_eq!(response.status() == 429, wait.is_some());
    }
    assert_eq!(slack.slack.messages("orders").len(), 1);
}

#[tokio::test]
async fn the_documented_tiers_are_there() {
    let limits = Limits::documented();
    let per_minute = |method: &str| limits.methods.get(method).map(|limit| limit.calls);
    let shown =
        ["conversations.list", "chat.update", "users.info", "chat.postMessage"].map(per_minute);
    assert_eq!(shown, [Some(20), Some(50), Some(100), None]);
    assert_eq!(limits.channel, Some(Limit::new(1, Duration::from_secs(1))));
}

#[tokio::test]
async fn the_journal_has_every_call_with_its_answer() {
    let slack = Caller::new().await;
    slack.slack.fail("auth.test", Fault::HangUp);
    slack.http.post(slack.url("auth.test")).bearer_auth(BOT_TOKEN).send().await.ok();
    slack.post("Hi").await;
    let calls = slack.slack.calls();
    let shown: Vec<_> = calls.iter().map(|it| (it.number, it.method.as_str(), it.status)).collect();
    // A connection that is closed without a word is tried again by the client itself, now and then.
    assert_eq!(shown[0], (1, "auth.test", 0));
    let last = calls.last().unwrap();
    assert_eq!((last.method.as_str(), last.status), ("chat.postMessage", 200));
    assert_eq!(last.args, json!({"channel": "C0ORDERS01", "text": "Hi"}));
    assert_eq!(last.token.as_deref(), Some(BOT_TOKEN));
    assert_eq!(last.answer["ok"], true);
    assert!(!last.headers.contains_key("authorization"));
    assert_eq!(slack.slack.calls_of("chat.postMessage").len(), 1);
}
