//! `CREATE_CHANNEL`, `INVITE`, `SET_TOPIC`, `ARCHIVE_CHANNEL`.

use fake_slack::{Fault, Kind, Order};
use serde_json::{Value, json};

use super::scene::Scene;

const JANE: &str = "U0JANE0001";
const JOHN: &str = "U0JOHN0001";

fn create(members: &Value) -> Value {
    json!({"channelName": "order-4711", "channelType": "private", "members": members})
}

#[tokio::test]
async fn a_name_that_slack_does_not_take_is_told() {
    let scene = Scene::start().await;
    let named = |name: &str| json!({"channelName": name, "channelType": "public", "members": []});
    for (inputs, expected) in [
        (
            named("orders"),
            "INVALID_CHANNEL: Slack refuses conversations.create: name_taken; there is a channel",
        ),
        (
            named("Orders!"),
            "INVALID_INPUT: Slack refuses conversations.create: invalid_name_specials; `channelName` has",
        ),
        (named(" "), "INVALID_INPUT: `channelName` is empty"),
        (json!({"channelName": "a", "members": []}), "MISSING_INPUT: `channelType` is missing"),
        (
            json!({"channelName": "a", "channelType": "public"}),
            "MISSING_INPUT: `members` is missing",
        ),
        (
            json!({"channelName": "a", "channelType": "secret", "members": []}),
            "INVALID_INPUT: `channelType`: unknown variant `secret`",
        ),
    ] {
        let told = scene.failure("CREATE_CHANNEL", &inputs).await;
        assert!(told.starts_with(&format!("business {expected}")), "{inputs}: {told}");
    }
}

#[tokio::test]
async fn a_channel_is_made_with_everybody_in_it() {
    for members in [
        json!([JANE, "john@example.org"]),
        json!("[\"U0JANE0001\",\"U0JOHN0001\"]"),
        json!("@jane, John Smith"),
        json!([JANE, JOHN, "jane@example.org"]),
    ] {
        let scene = Scene::start().await;
        let told = scene.invoke("CREATE_CHANNEL", &create(&members)).await;
        assert_eq!(told.warnings(), "");
        let outputs = told.success();
        let channel = scene.slack.channel("order-4711").unwrap();
        assert_eq!(outputs["channelId"], channel.id.as_str());
        assert_eq!(outputs["slackResult"]["ok"], true);
        assert_eq!(outputs["slackResult"]["channel"]["id"], channel.id.as_str());
        assert_eq!(outputs["slackResult"]["channel"]["is_private"], true);
        assert_eq!(outputs.get("slackError"), None);
        assert_eq!(channel.kind, Kind::Private);
        assert_eq!(channel.members, ["U0BOT00001", JANE, JOHN], "{members}");
    }
}

#[tokio::test]
async fn who_cannot_be_invited_is_named_and_the_channel_stays() {
    let scene = Scene::start().await;
    let members = json!(["jane@example.org", "no@where.example", "U0GONE0001", "U0BOT00001"]);
    let told = scene.invoke("CREATE_CHANNEL", &create(&members)).await;
    let warnings = told.warnings();
    for expected in [
        "no@where.example is not invited: USER_NOT_FOUND: nobody in the workspace has the address",
        "U0GONE0001 is not invited: ",
        "U0BOT00001 is not invited: ",
    ] {
        assert!(warnings.contains(expected), "{warnings}");
    }
    let outputs = told.success();
    assert_eq!(outputs["slackError"], warnings);
    assert_eq!(scene.slack.channel("order-4711").unwrap().members, ["U0BOT00001", JANE]);
}

#[tokio::test]
async fn nobody_to_invite_is_fine() {
    let scene = Scene::start().await;
    for (name, members) in [("a", json!([])), ("b", json!(""))] {
        let inputs = json!({"channelName": name, "channelType": "PUBLIC", "members": members});
        scene.outputs("CREATE_CHANNEL", &inputs).await;
        assert_eq!(scene.slack.channel(name).unwrap().kind, Kind::Public);
    }
    assert!(scene.slack.calls_of("conversations.invite").is_empty());
}

#[tokio::test]
async fn a_channel_whose_making_was_not_answered_is_recognized() {
    let scene = Scene::start().await.with("RETRY_MAX_ATTEMPTS", "3");
    scene.slack.fail("conversations.create", Fault::HangUpAfter);
    let outputs = scene.outputs("CREATE_CHANNEL", &create(&json!([JANE]))).await;
    let channel = scene.slack.channel("order-4711").unwrap();
    assert_eq!(outputs["channelId"], channel.id.as_str());
    assert_eq!(channel.members, ["U0BOT00001", JANE]);

    // Somebody else's stays somebody else's, whatever happened before.
    scene.slack.fail("conversations.create", Fault::HangUp);
    let inputs = json!({"channelName": "orders", "channelType": "public", "members": []});
    let told = scene.failure("CREATE_CHANNEL", &inputs).await;
    assert!(told.starts_with("business INVALID_CHANNEL: "), "{told}");
}

#[tokio::test]
async fn trouble_with_inviting_makes_no_second_channel() {
    let scene = Scene::start().await.with("RETRY_MAX_ATTEMPTS", "3");
    let order = Order { times: 2, ..Order::next("conversations.invite", Fault::Status(503)) };
    scene.slack.order(order);
    scene
        .slack
        .order(Order { skip: 1, ..Order::next("conversations.invite", Fault::RateLimited(3)) });
    scene.outputs("CREATE_CHANNEL", &create(&json!([JANE]))).await;
    assert_eq!(scene.slack.calls_of("conversations.create").len(), 1);
    assert_eq!(scene.slack.channel("order-4711").unwrap().members, ["U0BOT00001", JANE]);
}

#[tokio::test]
async fn people_are_invited_later_too() {
    let scene = Scene::start().await;
    let inputs = json!({"channelName": "orders", "members": "john@example.org,jane@example.org"});
    let told = scene.invoke("INVITE", &inputs).await;
    assert_eq!(told.warnings(), "", "who is in already is no trouble");
    assert_eq!(told.success(), json!({"channelId": "C0ORDERS01"}));
    assert!(scene.slack.channel("orders").unwrap().members.contains(&JOHN.to_owned()));
    for (inputs, expected) in [
        (json!({"channelName": "orders", "members": []}), "MISSING_INPUT: `members` names nobody"),
        (
            json!({"channelName": "random", "members": JANE}),
            "INVALID_CHANNEL: Slack refuses conversations.invite: not_in_channel; invite the app",
        ),
        (
            json!({"channelName": "orders", "members": "no@where.example"}),
            "USER_NOT_FOUND: nobody in the workspace",
        ),
        (
            json!({"channelName": "orders", "members": ["U0NO000001", "U0NO000002"]}),
            "USER_NOT_FOUND: Slack refuses conversations.invite: user_not_found",
        ),
        (
            json!({"channelName": "orders", "members": [1]}),
            "INVALID_INPUT: `members`: 1 in the list is no text",
        ),
    ] {
        let told = scene.failure("INVITE", &inputs).await;
        assert!(told.starts_with(&format!("business {expected}")), "{inputs}: {told}");
    }
}

#[tokio::test]
async fn more_than_a_hundred_people_are_invited_in_parts() {
    let scene = Scene::start().await;
    let ids: Vec<_> = (0..250).map(|it| format!("U0MANY{it:04}")).collect();
    scene.slack.with(|world| {
        let users =
            ids.iter().map(|id| fake_slack::User { id: id.clone(), ..fake_slack::User::default() });
        world.workspaces[0].users.extend(users);
    });
    scene.outputs("INVITE", &json!({"channelId": "C0ORDERS01", "members": ids})).await;
    assert_eq!(scene.slack.channel("orders").unwrap().members.len(), 252);
    assert_eq!(scene.slack.calls_of("conversations.invite").len(), 3);
}

#[tokio::test]
async fn a_channel_gets_a_topic_and_is_archived() {
    let scene = Scene::start().await;
    let inputs = json!({"channelName": "orders", "topic": "Order 4711"});
    let outputs = scene.outputs("SET_TOPIC", &inputs).await;
    assert_eq!(outputs, json!({"channelId": "C0ORDERS01", "topic": "Order 4711"}));
    assert_eq!(scene.slack.channel("orders").unwrap().topic.value, "Order 4711");
    let long = json!({"channelId": "C0ORDERS01", "topic": "a".repeat(251)});
    let told = scene.failure("SET_TOPIC", &long).await;
    assert!(
        told.starts_with("business INVALID_INPUT: Slack refuses conversations.setTopic: too_long"),
        "{told}"
    );

    let inputs = json!({"channelId": "C0ORDERS01"});
    scene.outputs("ARCHIVE_CHANNEL", &inputs).await;
    assert!(scene.slack.channel("orders").unwrap().archived);
    let told = scene.invoke("ARCHIVE_CHANNEL", &inputs).await;
    assert_eq!(told.warnings(), "the channel was archived already");
    let told = scene.failure("ARCHIVE_CHANNEL", &json!({"channelName": "general"})).await;
    assert!(
        told.starts_with(
            "business INVALID_CHANNEL: Slack refuses conversations.archive: cant_archive_general"
        ),
        "{told}"
    );
}
