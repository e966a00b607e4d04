//! Buttons, and answers through the response URL.

use serde_json::{Value, json};

use crate::support::{Caller, body};

/// A message with a button; gives its `ts`.
async fn ask(slack: &Caller) -> String {
    let button = json!({
        "type": "button",
        "action_id": "approve",
        "value": "4711",
        "text": {"type": "plain_text", "text": "Approve"},
    });
    let blocks = json!([{"type": "actions", "block_id": "decision", "elements": [button]}]);
    let args = json!({"channel": "orders", "text": "Order 4711?", "blocks": blocks});
    slack.json("chat.postMessage", args).await["ts"].as_str().unwrap().to_owned()
}

/// Presses the button; gives the response URL.
fn press(slack: &Caller, ts: &str) -> String {
    let payload = slack.slack.with(|world| world.press("C0ORDERS01", ts, "U0JANE0001", "approve"));
    payload.unwrap()["response_url"].as_str().unwrap().to_owned()
}

async fn answer(slack: &Caller, url: &str, content: Value) -> (u16, Value) {
    let request = slack.http.post(url).header("content-type", "application/json");
    let response = request.body(content.to_string()).send().await.unwrap();
    (response.status().as_u16(), body(response).await)
}

#[tokio::test]
async fn only_a_button_that_is_there_can_be_pressed() {
    let slack = Caller::new().await;
    let ts = ask(&slack).await;
    let cases = [
        ("C0GENERAL1", ts.as_str(), "U0JANE0001", "approve"),
        ("C0ORDERS01", "1.000001", "U0JANE0001", "approve"),
        ("C0ORDERS01", &ts, "U0NOBODY01", "approve"),
        ("C0ORDERS01", &ts, "U0JANE0001", "reject"),
    ];
    for (channel, ts, user, action) in cases {
        let payload = slack.slack.with(|world| world.press(channel, ts, user, action));
        assert_eq!(payload, None, "{channel} {ts} {user} {action}");
    }
}

#[tokio::test]
async fn the_payload_names_button_message_and_person() {
    let slack = Caller::new().await;
    let ts = ask(&slack).await;
    let payload = slack.slack.with(|world| world.press("C0ORDERS01", &ts, "U0JANE0001", "approve"));
    let payload = payload.unwrap();
    let action = &payload["actions"][0];
    let expected = [&json!("approve"), &json!("decision"), &json!("4711")];
    assert_eq!([&action["action_id"], &action["block_id"], &action["value"]], expected);
    assert_eq!(
        (&payload["user"]["id"], &payload["channel"]["name"]),
        (&json!("U0JANE0001"), &json!("orders"))
    );
    assert_eq!(
        (&payload["container"]["message_ts"], &payload["message"]["ts"]),
        (&json!(ts), &json!(ts))
    );
}

#[tokio::test]
async fn a_response_url_serves_five_answers() {
    let slack = Caller::new().await;
    let url = press(&slack, &ask(&slack).await);
    assert_eq!(answer(&slack, &format!("{url}x"), json!({"text": "x"})).await.0, 404);
    for number in 0..5 {
        let (status, body) = answer(&slack, &url, json!({"text": number.to_string()})).await;
        assert_eq!((status, body), (200, json!({"ok": true})), "{number}");
    }
    let used = json!({"ok": false, "error": "used_url"});
    assert_eq!(answer(&slack, &url, json!({"text": "6"})).await, (404, used));
    assert_eq!(slack.slack.channel("orders").unwrap().ephemerals.len(), 5);
    assert_eq!(slack.slack.calls_of("response").len(), 7);
}

#[tokio::test]
async fn a_response_url_ends_after_half_an_hour() {
    let slack = Caller::new().await;
    let url = press(&slack, &ask(&slack).await);
    slack.slack.with(|world| world.workspaces[0].response_urls[0].created -= 30 * 60 + 1);
    let expired = json!({"ok": false, "error": "expired_url"});
    assert_eq!(answer(&slack, &url, json!({"text": "late"})).await, (404, expired));
}

#[tokio::test]
async fn an_answer_is_seen_by_one_or_by_all_or_takes_the_place_of_the_question() {
    let slack = Caller::new().await;
    let url = press(&slack, &ask(&slack).await);
    answer(&slack, &url, json!({"text": "for Jane"})).await;
    answer(&slack, &url, json!({"text": "for all", "response_type": "in_channel"})).await;
    answer(&slack, &url, json!({"text": "approved", "replace_original": true})).await;
    let channel = slack.slack.channel("orders").unwrap();
    let texts: Vec<_> = channel.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["approved", "for all"]);
    assert_eq!(channel.messages[0].blocks, None);
    assert_eq!(channel.ephemerals[0].shown_to.as_deref(), Some("U0JANE0001"));
    answer(&slack, &url, json!({"delete_original": true})).await;
    assert_eq!(slack.slack.messages("orders").len(), 1);
}

#[tokio::test]
async fn a_press_over_http_reaches_the_app() {
    let (slack, app) = (Caller::new().await, Caller::new().await);
    let mut press = json!({
        "url": app.url("app.press"),
        "channel": "C0ORDERS01",
        "ts": ask(&slack).await,
        "user": "U0JANE0001",
        "actionId": "approve",
    });
    let url = format!("{}/_fake/presses", slack.slack.url());
    let send = async |press: &Value| {
        let request = slack.http.post(&url).header("content-type", "application/json");
        request.body(press.to_string()).send().await.unwrap()
    };
    assert_eq!(body(send(&press).await).await["status"], 200);
    let payload = app.slack.calls_of("app.press")[0].args["payload"].as_str().unwrap().to_owned();
    assert_eq!(serde_json::from_str::<Value>(&payload).unwrap()["type"], "block_actions");
    press["actionId"] = json!("reject");
    assert_eq!(send(&press).await.status(), 404);
}
