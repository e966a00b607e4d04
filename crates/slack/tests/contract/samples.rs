//! The samples that the README shows: each runs as it stands.

use fake_slack::FakeSlack;
use serde_json::{Value, json};

use super::scene::Scene;

const README: &str = include_str!("../../README.md");

/// The outputs of a sample, which the README shows too.
async fn run(scene: &Scene, sample: &str) -> Value {
    let sample: Value = serde_json::from_str(sample).unwrap();
    let shown = README.split("```json\n").skip(1);
    let shown = shown.filter_map(|it| serde_json::from_str::<Value>(it.split("```").next()?).ok());
    assert!(shown.into_iter().any(|it| it == sample["inputs"]), "not in the README: {sample}");
    scene.outputs(sample["action"].as_str().unwrap(), &sample["inputs"]).await
}

fn texts(slack: &FakeSlack, channel: &str) -> Vec<String> {
    slack.messages(channel).into_iter().map(|it| it.text).collect()
}

#[tokio::test]
async fn says_that_an_order_is_invoiced() {
    let scene = Scene::start().await;
    run(&scene, include_str!("../../samples/send-message.json")).await;
    assert_eq!(texts(&scene.slack, "orders"), ["Order *4711* for Jane &amp; Sons is invoiced."]);
}

#[tokio::test]
async fn shows_an_order_in_blocks() {
    let scene = Scene::start().await;
    run(&scene, include_str!("../../samples/send-blocks.json")).await;
    let blocks = scene.slack.messages("orders").remove(0).blocks.unwrap();
    assert_eq!(blocks[1]["text"]["text"], "*Total:* 19.90 EUR");
    let link = "https://shop.example.org/?order=4711&view=all";
    assert_eq!(blocks[2]["elements"][0]["url"], link);
}

#[tokio::test]
async fn asks_two_people() {
    let scene = Scene::start().await;
    let outputs = run(&scene, include_str!("../../samples/direct-messages.json")).await;
    for index in 0..2 {
        let channel = outputs["messages"][index]["channelId"].as_str().unwrap();
        assert_eq!(texts(&scene.slack, channel), ["Order 4711 waits for your approval."]);
    }
}

#[tokio::test]
async fn sends_an_invoice() {
    let scene = Scene::start().await;
    let outputs = run(&scene, include_str!("../../samples/send-file.json")).await;
    let id = outputs["files"][0]["id"].as_str().unwrap();
    assert_eq!(&scene.slack.file(id).unwrap()[..], b"Total: 19.90 EUR");
}

#[tokio::test]
async fn makes_a_room_for_an_order() {
    let scene = Scene::start().await;
    let outputs = run(&scene, include_str!("../../samples/create-channel.json")).await;
    let expected = "nobody@example.org is not invited: USER_NOT_FOUND: nobody in the workspace has the address nobody@example.org";
    assert_eq!(outputs["warnings"], json!([expected]));
    let members = scene.slack.channel("order-4711").unwrap().members;
    assert_eq!(members, ["U0BOT00001", "U0JANE0001", "U0JOHN0001"]);
}

#[tokio::test]
async fn finds_a_person() {
    let scene = Scene::start().await;
    let outputs = run(&scene, include_str!("../../samples/find-user.json")).await;
    assert_eq!(outputs["userId"], "U0JANE0001");
}
