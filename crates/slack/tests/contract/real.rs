//! A smoke test against Slack itself, for whoever has a workspace: it needs `SLACK_BOT_TOKEN`, and to post, a `SLACK_CHANNEL` that the app is a member of.
//!
//! `SLACK_BOT_TOKEN=xoxb-… SLACK_CHANNEL=C… cargo test -p slack-connector --test contract real`

use serde_json::{Value, json};

use super::scene::Scene;

#[expect(clippy::disallowed_methods, reason = "what whoever runs the tests gives them")]
fn given(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|it| !it.is_empty())
}

#[tokio::test]
async fn a_real_workspace_takes_a_message_where_one_is_given() {
    let Some(token) = given("SLACK_BOT_TOKEN") else { return };
    let scene = Scene::start().await.with("SLACK_API_URL", "").with("SLACK_BOT_TOKEN", &token);
    let told = scene.run(&["check"], &json!({})).await;
    assert!(told.success, "{}", told.log);
    let Some(channel) = given("SLACK_CHANNEL") else { return };
    let inputs =
        json!({"channelId": channel, "text": "${a} – a smoke test", "metadata": {"a": "<b>"}});
    let sent = scene.outputs("SEND_MESSAGE", &inputs).await;
    let on = |mut inputs: Value| {
        inputs["channelId"] = sent["channelId"].clone();
        inputs["ts"] = sent["ts"].clone();
        inputs
    };
    scene.outputs("UPDATE_MESSAGE", &on(json!({"text": "changed"}))).await;
    scene.outputs("ADD_REACTION", &on(json!({"emoji": "white_check_mark"}))).await;
    let files =
        json!({"channelId": channel, "threadTs": sent["ts"], "files": "data:text/plain,hello"});
    scene.outputs("UPLOAD_FILE", &files).await;
    scene.outputs("DELETE_MESSAGE", &on(json!({}))).await;
}
