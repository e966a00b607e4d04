//! What operators see: settings, workspaces, `check`, `ERROR_MODE`; and SpiffArena's own command.

use fake_slack::{BOT_TOKEN, Fault, TokenState, Workspace};
use serde_json::{Value, json};

use super::scene::Scene;

const SEND: &str = "SEND_MESSAGE";

fn hello() -> Value {
    json!({"channelId": "C0ORDERS01", "text": "a"})
}

#[tokio::test]
async fn settings_that_cannot_be_are_listed_without_their_values() {
    let scene = Scene::start()
        .await
        .with("SLACK_API_URL", "slack")
        .with("SLACK_WORKSPACES", "{\"sales\": {\"token\": 7}}")
        .with("SLACK_WEBHOOK_URL", "fakefakefake")
        .with("SLACK_TIMEOUT", "soon")
        .with("EGRESS_PRIVATE", "maybe");
    let told = scene.invoke(SEND, &hello()).await;
    for expected in [
        "SLACK_API_URL",
        "SLACK_WORKSPACES",
        "SLACK_WEBHOOK_URL",
        "SLACK_TIMEOUT",
        "EGRESS_PRIVATE",
    ] {
        assert!(
            told.log.lines().any(|it| it.trim_start().starts_with(expected)),
            "{expected}: {}",
            told.log
        );
    }
}

#[tokio::test]
async fn older_names_of_the_token_are_understood() {
    for (name, expected) in
        [("SLACK_XOXB", true), ("SLACK_XOXP", true), ("SLACK_SIGNING_SECRET", false)]
    {
        let scene = Scene::start().await.with("SLACK_BOT_TOKEN", "").with(name, BOT_TOKEN);
        let told = scene.invoke(SEND, &hello()).await;
        assert_eq!(told.success, expected, "{name}: {}", told.outputs);
    }
    let scene = Scene::start().await.with("SLACK_XOXB", "xoxb-old");
    scene.outputs(SEND, &hello()).await;
    let scene = Scene::start().await.with("SLACK_BOT_TOKEN", "");
    let told = scene.failure(SEND, &hello()).await;
    assert_eq!(told, "business UNAUTHORIZED: SLACK_BOT_TOKEN is not set");
}

#[tokio::test]
async fn the_address_of_the_api_needs_no_last_slash() {
    let scene = Scene::start().await;
    let address = scene.slack.api_url();
    let scene = scene.with("SLACK_API_URL", address.trim_end_matches('/'));
    scene.outputs(SEND, &hello()).await;
}

#[tokio::test]
async fn slack_is_called_under_the_egress_rules() {
    let scene = Scene::start().await.with("EGRESS_PRIVATE", "deny");
    let told = scene.failure(SEND, &hello()).await;
    assert!(
        told.starts_with("permanent UNKNOWN_ERROR: chat.postMessage: http://127.0.0.1"),
        "{told}"
    );
    assert!(scene.slack.calls().is_empty());
}

#[tokio::test]
async fn workspaces_have_names() {
    let scene = Scene::start().await;
    let webhook = scene.slack.webhook_url();
    scene.slack.with(|world| {
        let mut sales = Workspace::demo();
        sales.id = "T0SALES001".to_owned();
        sales.tokens[0].token = "xoxb-sales".to_owned();
        sales.webhooks.clear();
        world.workspaces.push(sales);
    });
    let entries = json!({"sales": {"token": "${SALES_TOKEN}"}, "news": {"webhook": webhook}});
    let scene =
        scene.with("SLACK_WORKSPACES", &entries.to_string()).with("SALES_TOKEN", "xoxb-sales");
    let send =
        |workspace: &str| json!({"channelId": "C0ORDERS01", "text": "a", "workspace": workspace});
    scene.outputs(SEND, &send("sales")).await;
    scene.outputs(SEND, &send("")).await;
    scene.outputs(SEND, &send("main")).await;
    scene.outputs(SEND, &json!({"text": "n", "workspace": "news"})).await;
    let calls: Vec<_> =
        scene.slack.calls_of("chat.postMessage").into_iter().filter_map(|it| it.token).collect();
    assert_eq!(calls, ["xoxb-sales", BOT_TOKEN, BOT_TOKEN]);
    let told = scene.failure(SEND, &send("hr")).await;
    assert_eq!(
        told,
        "business INVALID_INPUT: `workspace`: no workspace `hr`; there are news, sales"
    );
    let told = scene.failure(SEND, &send("news")).await;
    assert!(
        told.starts_with("business UNAUTHORIZED: the workspace `news` has no `token`"),
        "{told}"
    );

    let scene = scene.with("SLACK_BOT_TOKEN", "");
    let told = scene.failure(SEND, &send("")).await;
    assert_eq!(told, "business MISSING_INPUT: `workspace` is needed; there are news, sales");
    let scene = scene.with("SLACK_WORKSPACES", "{\"sales\": {\"token\": \"${SALES_TOKEN}\"}}");
    scene.outputs(SEND, &send("")).await;
    let scene = scene.with("SALES_TOKEN", "");
    let told = scene.invoke(SEND, &send("")).await;
    assert!(
        told.log.contains("`sales`: `token`: the variable SALES_TOKEN is missing"),
        "{}",
        told.log
    );
}

#[tokio::test]
async fn check_says_who_the_token_is_and_what_its_scopes_allow() {
    let scene = Scene::start().await;
    let told = scene.run(&["check"], &json!({})).await;
    assert!(told.success, "{}", told.log);
    let text = told.outputs.as_str().unwrap().to_owned();
    assert!(text.starts_with("main: Acme, https://acme.slack.com/, as connector\n"), "{text}");
    let lines: Vec<_> = text.lines().skip(1).collect();
    assert_eq!(lines.len(), 12, "{text}");
    assert!(lines.iter().all(|it| it.ends_with("works")), "{text}");

    scene.slack.scopes(&["chat:write", "users:read"]);
    let text = scene.run(&["check"], &json!({})).await.outputs;
    let text = text.as_str().unwrap();
    assert!(text.contains("  ADD_REACTION     NO       needs reactions:write\n"), "{text}");
    assert!(
        text.contains("  FIND_USER        in part  e-mail addresses need users:read.email"),
        "{text}"
    );
    assert_eq!(scene.slack.calls().len(), scene.slack.calls_of("auth.test").len());

    scene.slack.tokens(TokenState::Revoked);
    let told = scene.run(&["check"], &json!({})).await;
    assert!(!told.success);
    assert!(
        told.log.contains("main: UNAUTHORIZED: Slack refuses auth.test: token_revoked"),
        "{}",
        told.log
    );
    let told = scene.run(&["check", "sales"], &json!({})).await;
    assert!(told.log.contains("there is no workspace `sales`"), "{}", told.log);
}

#[tokio::test]
async fn in_the_older_style_the_text_is_an_output() {
    let scene = Scene::start().await.with("ERROR_MODE", "output");
    let outputs = scene.outputs(SEND, &json!({"channelName": "nowhere", "text": "a"})).await;
    let text = outputs["slackError"].as_str().unwrap();
    assert!(text.starts_with("CHANNEL_NOT_FOUND: no channel #nowhere"), "{text}");
}

#[tokio::test]
async fn arena_calls_its_own_command() {
    let scene = Scene::start().await.with("SLACK_BOT_TOKEN", "");
    let served = scene.serve().await;
    let post = async |token: &str, channel: &str, message: &str| {
        let inputs = json!({"token": token, "channel": channel, "message": message});
        served.call("slack/PostMessage", &inputs).await
    };
    let answer = post(BOT_TOKEN, "#orders", "Hello").await;
    let response = &answer["command_response"];
    assert_eq!((&answer["error"], &response["http_status"]), (&Value::Null, &json!(200)));
    let body: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
    assert_eq!((&body["ok"], &body["message"]["text"]), (&json!(true), &json!("Hello")));
    assert_eq!(scene.slack.messages("orders")[0].text, "Hello");

    let check = |answer: &Value, status: u16, code: &str, message: &str| {
        assert_eq!(answer["command_response"]["http_status"], status, "{answer}");
        assert_eq!(answer["command_response"]["body"], "{}", "{answer}");
        assert_eq!(answer["error"]["error_code"], code, "{answer}");
        let told = answer["error"]["message"].as_str().unwrap();
        assert!(told.contains(message), "{told}");
    };
    check(&post("xoxb-wrong", "#orders", "a").await, 400, "SlackMessageFailed", "invalid_auth");
    check(&post(BOT_TOKEN, "#nowhere", "a").await, 400, "SlackMessageFailed", "channel_not_found");
    scene.slack.fail("chat.postMessage", Fault::NoJson);
    let unreadable = "Unreadable (non JSON) response from Slack";
    check(&post(BOT_TOKEN, "#orders", "a").await, 200, "SlackMessageFailed", unreadable);
    scene.slack.fail("chat.postMessage", Fault::Status(503));
    check(&post(BOT_TOKEN, "#orders", "a").await, 503, "SlackMessageFailed", unreadable);
    scene.slack.fail("chat.postMessage", Fault::HangUp);
    check(
        &post(BOT_TOKEN, "#orders", "a").await,
        500,
        "ConnectionError",
        "the connection was lost",
    );
    scene.slack.fail("chat.postMessage", Fault::RateLimited(60));
    check(&post(BOT_TOKEN, "#orders", "a").await, 429, "SlackMessageFailed", "Slack limits");
}
