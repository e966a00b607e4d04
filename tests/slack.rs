//! The Slack connector through the whole stack, against a fake of Slack.

use std::{env, fs};

use fake_slack::{FakeSlack, Fault};
use serde_json::{Value, json};

use crate::{
    scene::Scene,
    stack::{PERSON, SECRET, eventually, unique},
};

const SLACK: &str = "slack-connector";

/// A fake Slack whose token is a secret that no log may hold, and a connector that knows it.
async fn start(settings: &[(&str, &str)]) -> (FakeSlack, Scene) {
    let slack = FakeSlack::start().await.unwrap();
    let token = format!("xoxb-{SECRET}");
    slack.with(|world| world.workspaces[0].tokens[0].token.clone_from(&token));
    let api_url = slack.api_url();
    let mut all = vec![("SLACK_API_URL", api_url.as_str()), ("SLACK_BOT_TOKEN", &token)];
    all.extend_from_slice(settings);
    let scene = Scene::of(SLACK, &all).await;
    (slack, scene)
}

fn hello(channel: &str) -> Value {
    json!({"channelName": channel, "text": format!("Hello {PERSON}")})
}

#[tokio::test]
async fn a_channel_that_is_not_there_is_a_bpmn_error() {
    let (slack, scene) = start(&[]).await;
    let answer = scene.error("SEND_MESSAGE", &hello("nowhere"), "CHANNEL_NOT_FOUND").await;
    assert!(answer.error_message().contains("#nowhere"), "{}", answer.error_message());
    slack.scopes(&["channels:read", "groups:read"]);
    let answer = scene.error("SEND_MESSAGE", &hello("orders"), "FORBIDDEN").await;
    assert!(answer.error_message().contains("chat:write"), "{}", answer.error_message());
    assert!(!answer.error_message().contains(SECRET), "{}", answer.error_message());
}

#[tokio::test]
async fn a_message_gets_to_slack_and_its_place_to_the_process() {
    let (slack, scene) = start(&[]).await;
    let answer = scene.result("SEND_MESSAGE", &hello("orders")).await;
    let [message] = &slack.messages("orders")[..] else { panic!("not one message") };
    assert_eq!(message.text, format!("Hello {PERSON}"));
    assert_eq!(answer.output("ts"), message.ts.as_str());
    assert_eq!(answer.output("channelId"), "C0ORDERS01");
    assert_eq!(answer.output("messages")[0]["ts"], message.ts.as_str());

    let update = json!({"channelId": "C0ORDERS01", "ts": message.ts, "text": "done"});
    scene.result("UPDATE_MESSAGE", &update).await;
    assert_eq!(slack.messages("orders")[0].text, "done");
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_with_the_connector_is_there_once() {
    let (slack, mut scene) = start(&[]).await;
    slack.fail("auth.test", Fault::Late(60_000));
    let id = scene.ask("SEND_MESSAGE", &hello("orders")).await;
    eventually("the message is out", async || {
        (slack.messages("orders").len() == 1 && !slack.calls_of("chat.postMessage").is_empty())
            .then_some(())
    })
    .await;
    scene.connector.kill().await;
    scene.restart().await;
    let answer = scene.engine.expect_result(&id).await;
    let calls = slack.calls_of("chat.postMessage");
    assert_eq!(calls.len(), 2, "delivered again");
    assert_eq!(calls[0].args["client_msg_id"], calls[1].args["client_msg_id"]);
    assert_eq!(slack.messages("orders").len(), 1);
    assert_eq!(answer.output("ts"), slack.messages("orders")[0].ts.as_str());
}

/// Slack could not tell the second call from the first.
#[tokio::test]
async fn what_slack_cannot_recognize_is_not_repeated_after_a_crash() {
    let file = env::temp_dir().join(unique("slack-ledger"));
    let ledger = format!("sqlite://{}", file.display());
    let settings = [("LEDGER_URL", ledger.as_str()), ("LEDGER_LEASE", "300ms")];
    let (slack, mut scene) = start(&settings).await;
    slack.fail("chat.postEphemeral", Fault::Late(1_000));
    let mut inputs = hello("orders");
    inputs["ephemeralTo"] = "U0JANE0001".into();
    let id = scene.ask("SEND_MESSAGE", &inputs).await;
    eventually("the message is out", async || {
        (!slack.calls_of("chat.postEphemeral").is_empty() || is_underway(&slack)).then_some(())
    })
    .await;
    scene.connector.kill().await;
    scene.restart().await;
    let answer = scene.engine.expect_error(&id, "UNKNOWN_ERROR").await;
    let told = answer.error_message();
    assert!(told.ends_with("(not repeated, since it may have been carried out)"), "{told}");
    assert!(slack.calls_of("chat.postEphemeral").len() <= 1);
    fs::remove_file(file).unwrap();
}

/// The fake takes an order when the call arrives, and writes the call down when it answers.
fn is_underway(slack: &FakeSlack) -> bool {
    slack.with(|world| world.orders.is_empty())
}

#[tokio::test]
async fn a_channel_is_made_with_whoever_can_be_invited() {
    let (slack, scene) = start(&[]).await;
    let inputs = json!({
        "channelName": "order-4711", "channelType": "private",
        "members": "[\"jane@example.org\", \"nobody@example.org\"]",
    });
    let answer = scene.result("CREATE_CHANNEL", &inputs).await;
    assert_eq!(answer.output("slackResult")["channel"]["name"], "order-4711");
    let told = answer.output("slackError");
    assert!(told.as_str().unwrap().starts_with("nobody@example.org is not invited"), "{told}");
    assert_eq!(slack.channel("order-4711").unwrap().members, ["U0BOT00001", "U0JANE0001"]);
}

#[tokio::test]
async fn in_the_older_style_failures_are_outputs() {
    let (_slack, scene) = start(&[("ERROR_MODE", "output")]).await;
    let answer = scene.result("SEND_MESSAGE", &hello("nowhere")).await;
    let told = answer.output("slackError");
    assert!(told.as_str().unwrap().starts_with("CHANNEL_NOT_FOUND: "), "{told}");
}

#[tokio::test]
async fn a_limit_and_an_outage_are_waited_for() {
    let (slack, scene) = start(&[]).await;
    slack.fail("chat.postMessage", Fault::RateLimited(3));
    slack.fail("chat.postMessage", Fault::Status(503));
    scene.result("SEND_MESSAGE", &hello("orders")).await;
    assert_eq!(slack.messages("orders").len(), 1);
    assert_eq!(slack.calls_of("chat.postMessage").len(), 3);
}
