//! The same over HTTP, for programs that are no Rust tests.

use serde_json::{Value, json};

use crate::support::{Caller, body, verdict};

async fn ask(slack: &Caller, path: &str) -> Value {
    body(slack.http.get(format!("{}/_fake/{path}", slack.slack.url())).send().await.unwrap()).await
}

async fn tell(
    slack: &Caller,
    method: reqwest::Method,
    path: &str,
    content: Value,
) -> reqwest::Response {
    let url = format!("{}/_fake/{path}", slack.slack.url());
    let request = slack.http.request(method, url).header("content-type", "application/json");
    let response = request.body(content.to_string()).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path} {content}");
    response
}

#[tokio::test]
async fn faults_limits_and_policy_are_set_over_http() {
    let slack = Caller::new().await;
    let orders = json!([{"on": "auth.test", "fault": {"error": "fatal_error"}}, {"on": "upload", "fault": "hangUp"}]);
    tell(&slack, reqwest::Method::POST, "orders", orders).await;
    assert_eq!(verdict(&slack.json("auth.test", json!({})).await), "fatal_error");
    assert_eq!(verdict(&slack.json("auth.test", json!({})).await), "ok");

    let limits = json!({"channel": {"calls": 1, "perMs": 3_600_000, "retryAfter": 2}});
    tell(&slack, reqwest::Method::PUT, "limits", limits).await;
    slack.post("one").await;
    let response =
        slack.send("chat.postMessage", &json!({"channel": "orders", "text": "two"})).await;
    assert_eq!(response.headers()["retry-after"], "2");
    tell(&slack, reqwest::Method::PUT, "limits?documented=true", json!({})).await;
    assert_eq!(ask(&slack, "limits").await["methods"]["users.list"]["calls"], 20);

    tell(&slack, reqwest::Method::PUT, "policy", json!({"longText": "truncate"})).await;
    assert_eq!(ask(&slack, "policy").await["longText"], "truncate");
}

#[tokio::test]
async fn calls_messages_and_files_are_read_over_http() {
    let slack = Caller::new().await;
    slack.post("Hi").await;
    slack.json("auth.test", json!({})).await;
    assert_eq!(ask(&slack, "messages/orders").await[0]["text"], "Hi");
    assert_eq!(ask(&slack, "calls").await.as_array().unwrap().len(), 2);
    let calls = ask(&slack, "calls?method=auth.test").await;
    assert_eq!((calls.as_array().unwrap().len(), &calls[0]["number"]), (1, &json!(2)));
    tell(&slack, reqwest::Method::DELETE, "calls", Value::Null).await;
    assert_eq!(ask(&slack, "calls").await, json!([]));

    let answer =
        slack.form("files.getUploadURLExternal", &[("filename", "a"), ("length", "2")]).await;
    let url = answer["upload_url"].as_str().unwrap();
    slack.http.post(url).body("Hi").send().await.unwrap();
    let id = answer["file_id"].as_str().unwrap();
    let file =
        slack.http.get(format!("{}/_fake/files/{id}", slack.slack.url())).send().await.unwrap();
    assert_eq!(file.text().await.unwrap(), "Hi");
}

#[tokio::test]
async fn what_is_new_is_merged_and_a_channel_keeps_its_messages() {
    let slack = Caller::new().await;
    slack.post("Hi").await;
    let new = json!([
        {
            "id": "T0ACME0001",
            "users": [{"id": "U0NEW00001", "name": "new", "email": "new@example.org"}],
            "channels": [{"id": "C0ORDERS01", "name": "orders", "archived": true, "members": ["U0BOT00001"]}],
            "tokens": [{"token": "xoxb-small", "scopes": ["chat:write"]}],
        },
        {"id": "T0OTHER001", "name": "Other"},
    ]);
    tell(&slack, reqwest::Method::POST, "workspaces", new).await;
    let state = ask(&slack, "state").await;
    assert_eq!(state["workspaces"][1]["name"], "Other");
    assert_eq!(state["workspaces"][0]["users"].as_array().unwrap().len(), 5);
    assert_eq!(slack.slack.messages("orders").len(), 1);
    let answer = slack.json("chat.postMessage", json!({"channel": "orders", "text": "x"})).await;
    assert_eq!(verdict(&answer), "is_archived");

    tell(&slack, reqwest::Method::POST, "reset", Value::Null).await;
    slack.post("as in the beginning").await;
    assert_eq!(slack.slack.messages("orders").len(), 1);
    assert_eq!(ask(&slack, "state").await["workspaces"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_event_is_sent_over_http() {
    let (slack, app) = (Caller::new().await, Caller::new().await);
    // The other fake stands in for an app: it answers 200 to anything below its API.
    let sending = json!({"url": app.url("app.events"), "content": {"type": "app_mention"}});
    let response = tell(&slack, reqwest::Method::POST, "events", sending.clone()).await;
    let deliveries = body(response).await;
    assert_eq!((deliveries.as_array().unwrap().len(), &deliveries[0]["status"]), (1, &json!(200)));
    let delivery = body(tell(&slack, reqwest::Method::POST, "interactions", sending).await).await;
    assert_eq!(delivery["status"], 200);
    let calls = app.slack.calls_of("app.events");
    assert_eq!(calls[0].args["event"]["type"], "app_mention");
    assert_eq!(calls[1].args["payload"], r#"{"type":"app_mention"}"#);
}

#[tokio::test]
async fn scheduled_messages_are_released_over_http() {
    let slack = Caller::new().await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let args = json!({"channel": "orders", "text": "later", "post_at": now + 1000});
    slack.json("chat.scheduleMessage", args).await;
    tell(&slack, reqwest::Method::POST, "release", Value::Null).await;
    assert!(slack.slack.messages("orders").is_empty());
    let until = format!("release?until={}", now + 1000);
    tell(&slack, reqwest::Method::POST, &until, Value::Null).await;
    assert_eq!(slack.slack.messages("orders")[0].text, "later");
}
