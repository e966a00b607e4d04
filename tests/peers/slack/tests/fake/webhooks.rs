//! Incoming webhooks.

use std::time::Duration;

use fake_slack::{Fault, Limit, Limits, WebhookState};

use crate::support::Caller;

async fn post(slack: &Caller, content_type: &str, body: &str) -> (u16, String) {
    let request = slack.http.post(slack.slack.webhook_url()).header("content-type", content_type);
    let response = request.body(body.to_owned()).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn check(content_type: &str, body: &str, status: u16, text: &str) {
    let slack = Caller::new().await;
    assert_eq!(post(&slack, content_type, body).await, (status, text.to_owned()), "{body}");
    assert_eq!(slack.slack.messages("orders").len(), usize::from(status == 200));
}

#[tokio::test]
async fn answers_with_one_word() {
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    check(json, "{", 400, "invalid_payload").await;
    check(json, "[]", 400, "invalid_payload").await;
    check(json, "{}", 400, "no_text").await;
    check(json, r#"{"text":"Hi","blocks":[{"type":"poem"}]}"#, 400, "invalid_blocks").await;
    check(json, r#"{"text":"Hi"}"#, 200, "ok").await;
    check(form, "payload=%7B%22text%22%3A%2250%25%22%7D", 200, "ok").await;
    check(form, r#"{"text":"Hi"}"#, 200, "ok").await;
}

#[tokio::test]
async fn a_webhook_ends_with_its_service_its_channel_or_its_permission() {
    let slack = Caller::new().await;
    let set = |state| slack.slack.with(|world| world.workspaces[0].webhooks[0].state = state);
    let json = "application/json";
    let cases = [
        (WebhookState::Removed, (404, "no_service")),
        (WebhookState::NoTeam, (404, "no_team")),
        (WebhookState::Prohibited, (403, "action_prohibited")),
        (WebhookState::Active, (200, "ok")),
    ];
    for (state, (status, text)) in cases {
        set(state);
        assert_eq!(post(&slack, json, r#"{"text":"Hi"}"#).await, (status, text.to_owned()));
    }
    slack
        .slack
        .with(|world| world.workspaces[0].channel_mut("C0ORDERS01").unwrap().archived = true);
    let gone = (410, "channel_is_archived".to_owned());
    assert_eq!(post(&slack, json, r#"{"text":"Hi"}"#).await, gone);
    slack.slack.with(|world| world.workspaces[0].channels.retain(|it| it.id != "C0ORDERS01"));
    let missing = (404, "channel_not_found".to_owned());
    assert_eq!(post(&slack, json, r#"{"text":"Hi"}"#).await, missing);
}

#[tokio::test]
async fn too_many_messages_are_told_to_wait() {
    let slack = Caller::new().await;
    let limit = Limit::new(1, Duration::from_hours(1));
    slack.slack.limit(Limits { webhook: Some(limit), ..Limits::default() });
    assert_eq!(post(&slack, "application/json", r#"{"text":"Hi"}"#).await.0, 200);
    refused(&slack, "3600").await;
    slack.slack.limit(Limits::default());
    slack.slack.fail("webhook", Fault::RateLimited(7));
    refused(&slack, "7").await;
    assert_eq!(post(&slack, "application/json", r#"{"text":"Hi"}"#).await.0, 200);
}

async fn refused(slack: &Caller, wait: &str) {
    let request = slack.http.post(slack.slack.webhook_url()).body(r#"{"text":"Hi"}"#);
    let response = request.send().await.unwrap();
    let told = response.headers()["retry-after"].to_str().unwrap().to_owned();
    assert_eq!((response.status().as_u16(), told.as_str()), (429, wait));
    assert_eq!(response.text().await.unwrap(), "rate_limited");
}
