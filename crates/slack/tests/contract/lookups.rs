//! Names and addresses: found once, page by page, and remembered.

use fake_slack::{Channel, Fault, Limit, Limits, User};
use serde_json::json;
use std::time::Duration;

use super::scene::Scene;

#[tokio::test]
async fn an_id_costs_no_look_up() {
    let scene = Scene::start().await;
    for inputs in [
        json!({"channelId": "C0ORDERS01", "text": "a"}),
        json!({"channelName": "C0ORDERS01", "text": "a"}),
    ] {
        scene.outputs("SEND_MESSAGE", &inputs).await;
    }
    assert!(scene.slack.calls_of("conversations.list").is_empty());
}

#[tokio::test]
async fn a_name_is_found_on_a_later_page_and_no_further() {
    let scene = Scene::start().await;
    scene.slack.with(|world| {
        world.policy.page_items_max = 2;
        let more = (0..10).map(|it| Channel {
            id: format!("C0MORE{it:04}"),
            name: format!("more-{it}"),
            ..Channel::default()
        });
        world.workspaces[0].channels.extend(more);
    });
    let outputs =
        scene.outputs("SEND_MESSAGE", &json!({"channelName": "#More-1", "text": "a"})).await;
    assert_eq!(outputs["channelId"], "C0MORE0001");
    assert_eq!(scene.slack.calls_of("conversations.list").len(), 4);
}

#[tokio::test]
async fn a_hundred_messages_by_name_cost_one_look_up() {
    let scene = Scene::start().await;
    let served = scene.serve().await;
    let calls = (0..100).map(|number| {
        let inputs = if number % 2 == 0 {
            json!({"channelName": "orders", "text": "a", "spiff__task_id": number})
        } else {
            json!({"userEmail": "jane@example.org", "text": "a", "spiff__task_id": number})
        };
        let served = &served;
        async move { served.call("slack-connector/SEND_MESSAGE", &inputs).await }
    });
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer["error"], json!(null), "{answer}");
    }
    assert_eq!(scene.slack.messages("orders").len(), 50);
    for (method, n_calls) in [
        ("conversations.list", 1),
        ("users.lookupByEmail", 1),
        ("conversations.open", 1),
        ("auth.test", 1),
        ("chat.postMessage", 100),
    ] {
        assert_eq!(scene.slack.calls_of(method).len(), n_calls, "{method}");
    }
}

#[tokio::test]
async fn a_limited_look_up_goes_on_where_it_stopped() {
    let scene = Scene::start().await.with("RATE_WAIT_MAX", "20s");
    scene.slack.with(|world| {
        world.policy.page_items_max = 1;
        let limit = Limit::new(3, Duration::from_millis(2500));
        let methods = [("conversations.list".to_owned(), limit)].into();
        world.limits = Limits { methods, ..Limits::default() };
    });
    let inputs = json!({"channelName": "board", "text": "a"});
    let outputs = scene.outputs("SEND_MESSAGE", &inputs).await;
    assert_eq!(outputs["channelId"], "C0BOARD001");
    let calls = scene.slack.calls_of("conversations.list");
    let cursors: Vec<_> =
        calls.iter().filter(|it| it.status == 200).map(|it| it.args["cursor"].clone()).collect();
    let once: std::collections::BTreeSet<_> = cursors.iter().map(ToString::to_string).collect();
    assert_eq!(cursors.len(), once.len(), "{cursors:?}");
}

#[tokio::test]
async fn an_app_without_private_channels_still_finds_the_public_ones() {
    let scene = Scene::start().await;
    scene.slack.scopes(&["chat:write", "channels:read"]);
    let outputs =
        scene.outputs("SEND_MESSAGE", &json!({"channelName": "orders", "text": "a"})).await;
    assert_eq!(outputs["channelId"], "C0ORDERS01");
    scene.slack.scopes(&["chat:write"]);
    let told = scene.failure("SEND_MESSAGE", &json!({"channelName": "orders", "text": "a"})).await;
    assert!(
        told.starts_with("business FORBIDDEN: Slack refuses conversations.list: missing_scope; it needs the scope channels:read, the token has chat:write; add it"),
        "{told}"
    );
}

#[tokio::test]
async fn a_stranger_is_named() {
    let scene = Scene::start().await;
    let send = |field: &str, who: &str| json!({field: who, "text": "a"});
    for (inputs, expected) in [
        (
            send("userEmail", "no@where.example"),
            "USER_NOT_FOUND: nobody in the workspace has the address no@where.example",
        ),
        (
            send("userEmail", "grace@example.org"),
            "USER_NOT_FOUND: nobody in the workspace has the address",
        ),
        (send("userId", "@nobody"), "USER_NOT_FOUND: nobody in the workspace is called nobody"),
        (
            send("userId", "U0NOBODY01"),
            "USER_NOT_FOUND: Slack refuses conversations.open: user_not_found; nobody",
        ),
        (
            send("userId", "U0GONE0001"),
            "USER_NOT_FOUND: Slack refuses conversations.open: user_disabled",
        ),
        (send("channelName", "nowhere"), "CHANNEL_NOT_FOUND: no channel #nowhere among those"),
        (send("channelName", "secret"), "CHANNEL_NOT_FOUND: no channel #secret among those"),
        (send("channelName", "archived"), "CHANNEL_NOT_FOUND: no channel #archived among those"),
        (
            send("channelId", "C0NOWHERE1"),
            "CHANNEL_NOT_FOUND: Slack refuses chat.postMessage: channel_not_found; the app",
        ),
    ] {
        let told = scene.failure("SEND_MESSAGE", &inputs).await;
        assert!(told.starts_with(&format!("business {expected}")), "{inputs}: {told}");
    }
}

#[tokio::test]
async fn users_are_found_by_address_handle_and_real_name() {
    let scene = Scene::start().await;
    for inputs in [
        json!({"userEmail": "jane@example.org"}),
        json!({"userName": "@jane"}),
        json!({"userName": "Jane"}),
        json!({"userName": "jane doe"}),
        json!({"userName": "JANE"}),
        json!({"userName": "jane@example.org"}),
    ] {
        let outputs = scene.outputs("FIND_USER", &inputs).await;
        assert_eq!(outputs["userId"], "U0JANE0001", "{inputs}");
        assert_eq!(outputs["user"]["profile"]["email"], "jane@example.org", "{inputs}");
    }
    let twin = User {
        id: "U0TWIN0001".to_owned(),
        name: "jd".to_owned(),
        real_name: "Jane Doe".to_owned(),
        ..User::default()
    };
    scene.slack.with(|world| world.workspaces[0].users.push(twin));
    for (inputs, expected) in [
        (
            json!({"userName": "Jane Doe"}),
            "INVALID_INPUT: several people are called jane doe; use an id or",
        ),
        (json!({"userName": "nobody"}), "USER_NOT_FOUND: nobody in the workspace is called nobody"),
        (json!({}), "MISSING_INPUT: `userEmail` or `userName` is needed"),
    ] {
        let told = scene.failure("FIND_USER", &inputs).await;
        assert!(told.starts_with(&format!("business {expected}")), "{inputs}: {told}");
    }
}

#[tokio::test]
async fn a_permalink_that_cannot_be_had_is_no_failure() {
    let scene = Scene::start().await;
    scene.slack.fail("auth.test", Fault::Status(500));
    let outputs =
        scene.outputs("SEND_MESSAGE", &json!({"channelId": "C0ORDERS01", "text": "a"})).await;
    assert_eq!(outputs["permalink"], json!(null));
    assert!(outputs["ts"].is_string());
}
