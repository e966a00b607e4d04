//! `SEND_MESSAGE`, `UPDATE_MESSAGE`, `DELETE_MESSAGE`, `ADD_REACTION`, `PIN`, `GET_REPLIES`.

use serde_json::{Value, json};

use super::scene::Scene;

const ORDERS: &str = "C0ORDERS01";

#[tokio::test]
async fn what_slack_would_refuse_is_refused_before_anything_is_called() {
    let scene = Scene::start().await;
    let blocks = |n: usize| Value::from(vec![json!({"type": "divider"}); n]);
    let to = |mut inputs: Value| {
        inputs["channelId"] = ORDERS.into();
        inputs
    };
    for (inputs, expected) in [
        (
            json!({"text": "a"}),
            "MISSING_INPUT: `channelId`, `channelName`, `userId` or `userEmail` is needed",
        ),
        (json!({"text": "a", "channelId": [], "channelName": " "}), "MISSING_INPUT: `channelId`, "),
        (to(json!({})), "MISSING_INPUT: `text` is needed, or `blocks`, `attachments` or `files`"),
        (to(json!({"text": " ", "blocks": []})), "MISSING_INPUT: `text` is needed"),
        (
            to(json!({"text": "a".repeat(40_001)})),
            "MSG_TOO_LONG: `text` has 40001 characters, Slack takes 40000",
        ),
        (
            to(json!({"blocks": blocks(51)})),
            "INVALID_INPUT: `blocks` has 51 entries, Slack takes 50",
        ),
        (to(json!({"blocks": "hello"})), "INVALID_INPUT: `blocks` is no JSON: expected value"),
        (to(json!({"blocks": {"type": "divider"}})), "INVALID_INPUT: `blocks` is no JSON array"),
        (to(json!({"blocks": [{"text": "a"}]})), "INVALID_INPUT: `blocks`: entry 1 has no `type`"),
        (to(json!({"blocks": ["a"]})), "INVALID_INPUT: `blocks`: entry 1 is no object"),
        (
            to(json!({"attachments": vec![json!({}); 101]})),
            "INVALID_INPUT: `attachments` has 101 entries",
        ),
        (to(json!({"text": "${a", "metadata": {}})), "INVALID_INPUT: `text`: "),
        (
            to(json!({"text": "${order.id}", "metadata": {}})),
            "INVALID_INPUT: `text`: unknown variable `order",
        ),
        (to(json!({"text": "a", "metadata": [1]})), "INVALID_INPUT: `metadata` is no JSON object"),
        (
            to(json!({"text": "a", "requestResponse": "any"})),
            "INVALID_INPUT: `requestResponse`: `any` is not supported",
        ),
        (
            to(json!({"text": "a", "scheduledAt": "soon"})),
            "INVALID_INPUT: `scheduledAt`: \"soon\" is no point in time",
        ),
        (
            to(json!({"text": "a", "scheduledAt": 1, "ephemeralTo": "U1"})),
            "INVALID_INPUT: `ephemeralTo` and `scheduledAt` exclude",
        ),
        (
            to(json!({"text": "a", "workspace": "sales"})),
            "INVALID_INPUT: `workspace`: no workspace `sales`; there are none",
        ),
        (
            json!({"text": "a", "channelId": 7}),
            "INVALID_INPUT: `channelId`: 7 is no text and no list",
        ),
    ] {
        let told = scene.failure("SEND_MESSAGE", &inputs).await;
        assert!(told.starts_with(&format!("business {expected}")), "{inputs}: {told}");
    }
    assert!(scene.slack.calls().is_empty());
}

#[tokio::test]
async fn a_message_goes_out_and_its_place_comes_back() {
    let scene = Scene::start().await;
    let inputs = json!({"channelId": ORDERS, "text": "Order 4711 invoiced"});
    let outputs = scene.outputs("SEND_MESSAGE", &inputs).await;
    let [message] = &scene.slack.messages("orders")[..] else { panic!("not one message") };
    assert_eq!(message.text, "Order 4711 invoiced");
    let permalink =
        format!("https://acme.slack.com/archives/{ORDERS}/p{}", message.ts.replace('.', ""));
    let sent = json!({"channelId": ORDERS, "ts": message.ts, "permalink": permalink});
    let mut expected = sent.clone();
    expected["message"] = Value::Null;
    expected["messages"] = json!([sent]);
    assert_eq!(outputs, expected);
    let methods: Vec<_> = scene.slack.calls().into_iter().map(|it| it.method).collect();
    assert_eq!(methods, ["chat.postMessage", "auth.test"]);
}

#[tokio::test]
async fn every_option_reaches_slack() {
    let scene = Scene::start().await;
    let parent =
        scene.outputs("SEND_MESSAGE", &json!({"channelName": "#orders", "text": "a"})).await;
    let inputs = json!({
        "channelName": "orders", "text": "*b*", "threadTs": parent["ts"], "replyBroadcast": "true",
        "unfurlLinks": false, "username": "Orders", "icon": "robot_face", "mrkdwn": false,
        "blocks": {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "b"}}]},
        "attachments": "[{\"color\": \"#36a64f\", \"text\": \"c\"}]",
    });
    let outputs = scene.outputs("SEND_MESSAGE", &inputs).await;
    let call = scene.slack.calls_of("chat.postMessage").pop().unwrap();
    let mut args = call.args;
    let id = args.as_object_mut().unwrap().shift_remove("client_msg_id").unwrap();
    assert_eq!(id.as_str().unwrap().len(), 36);
    let expected = json!({
        "channel": ORDERS, "text": "*b*", "thread_ts": parent["ts"], "reply_broadcast": true,
        "unfurl_links": false, "unfurl_media": false, "username": "Orders",
        "icon_emoji": ":robot_face:", "mrkdwn": false,
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "b"}}],
        "attachments": [{"color": "#36a64f", "text": "c"}],
    });
    assert_eq!(args, expected);
    let link = outputs["permalink"].as_str().unwrap();
    let thread = format!("?thread_ts={}&cid={ORDERS}", parent["ts"].as_str().unwrap());
    assert!(link.ends_with(&thread), "{link}");
}

#[tokio::test]
async fn the_first_address_counts_and_the_others_are_told() {
    let scene = Scene::start().await;
    let inputs = json!({"channelId": ORDERS, "channelName": "general", "userEmail": "jane@example.org", "text": "a"});
    let told = scene.invoke("SEND_MESSAGE", &inputs).await;
    assert_eq!(
        told.warnings(),
        "`channelName` is not used, since `channelId` is given; `userEmail` is not used, since `channelId` is given"
    );
    assert_eq!(scene.slack.messages("orders").len(), 1);
}

#[tokio::test]
async fn data_can_neither_ping_nor_break_out() {
    let scene = Scene::start().await;
    let data = json!({"who": "<!channel> & \"co\"", "url": "https://x.example/?a=1&b=2"});
    let inputs = json!({
        "channelId": ORDERS, "metadata": data, "text": "Hi ${who}, see {{ url }}",
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": "*{{ who }}*"}},
            {"type": "actions", "elements": [{
                "type": "button", "url": "{{ url }}", "value": "${who}",
                "text": {"type": "plain_text", "text": "{{ who }}"},
            }]},
            {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "${who}"}]}]},
        ],
    });
    scene.outputs("SEND_MESSAGE", &inputs).await;
    let args = scene.slack.calls_of("chat.postMessage").pop().unwrap().args;
    let escaped = "&lt;!channel&gt; &amp; \"co\"";
    assert_eq!(args["text"], format!("Hi {escaped}, see https://x.example/?a=1&amp;b=2"));
    let blocks = &args["blocks"];
    assert_eq!(blocks[0]["text"]["text"], format!("*{escaped}*"));
    assert_eq!(blocks[1]["elements"][0]["url"], data["url"]);
    assert_eq!(blocks[1]["elements"][0]["value"], data["who"]);
    assert_eq!(blocks[1]["elements"][0]["text"]["text"], escaped);
    assert_eq!(blocks[2]["elements"][0]["elements"][0]["text"], data["who"]);
}

#[tokio::test]
async fn without_metadata_nothing_is_a_template() {
    let scene = Scene::start().await;
    let inputs = json!({"channelId": ORDERS, "text": "${a} {{ b }} <@U0JANE0001>"});
    scene.outputs("SEND_MESSAGE", &inputs).await;
    assert_eq!(scene.slack.messages("orders")[0].text, "${a} {{ b }} <@U0JANE0001>");
}

#[tokio::test]
async fn people_get_direct_messages() {
    let scene = Scene::start().await;
    for inputs in [
        json!({"userId": "U0JANE0001", "text": "a"}),
        json!({"userEmail": "Jane@example.org", "text": "b"}),
        json!({"userId": "@jane", "text": "c"}),
    ] {
        let outputs = scene.outputs("SEND_MESSAGE", &inputs).await;
        let channel = outputs["channelId"].as_str().unwrap();
        assert!(channel.starts_with('D'), "{outputs}");
        let texts: Vec<_> = scene.slack.messages(channel).into_iter().map(|it| it.text).collect();
        assert_eq!(texts.last().map(String::as_str), inputs["text"].as_str());
    }
}

#[tokio::test]
async fn a_list_has_one_result_each_and_fails_only_as_a_whole() {
    let scene = Scene::start().await;
    let inputs = json!({"channelName": "orders, nowhere,general", "text": "a"});
    let outputs = scene.outputs("SEND_MESSAGE", &inputs).await;
    let messages = outputs["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 3);
    assert_eq!((&messages[0]["channelId"], &messages[0]["error"]), (&json!(ORDERS), &Value::Null));
    assert_eq!(messages[1]["channelId"], "nowhere");
    let error = messages[1]["error"].as_str().unwrap();
    assert!(error.starts_with("CHANNEL_NOT_FOUND: no channel #nowhere"), "{error}");
    assert_eq!(messages[2]["channelId"], "C0GENERAL1");
    assert_eq!(outputs["ts"], messages[0]["ts"]);
    let ids = scene.slack.calls_of("chat.postMessage");
    assert_ne!(ids[0].args["client_msg_id"], ids[1].args["client_msg_id"]);

    let told =
        scene.failure("SEND_MESSAGE", &json!({"channelName": ["a", "b"], "text": "a"})).await;
    assert!(told.starts_with("business CHANNEL_NOT_FOUND: no channel #a"), "{told}");
}

#[tokio::test]
async fn a_message_is_scheduled_or_shown_to_one() {
    let scene = Scene::start().await;
    let past = json!({"channelId": ORDERS, "text": "a", "scheduledAt": "2020-01-01T00:00:00Z"});
    let told = scene.failure("SEND_MESSAGE", &past).await;
    assert!(told.starts_with("business INVALID_INPUT: Slack refuses chat.scheduleMessage: time_in_past; `scheduledAt` lies"), "{told}");
    let at = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
        + 3600;
    let inputs = json!({"channelId": ORDERS, "text": "a", "scheduledAt": at, "username": "x"});
    let told = scene.invoke("SEND_MESSAGE", &inputs).await;
    assert_eq!(told.warnings(), "`username` and `icon` are not for scheduled messages");
    let outputs = told.success();
    assert!(outputs["scheduledMessageId"].as_str().unwrap().starts_with('Q'), "{outputs}");
    assert_eq!((&outputs["ts"], &outputs["permalink"]), (&Value::Null, &Value::Null));
    assert!(scene.slack.messages("orders").is_empty());

    let inputs = json!({"channelId": ORDERS, "text": "psst", "ephemeralTo": "jane@example.org"});
    scene.outputs("SEND_MESSAGE", &inputs).await;
    let shown = scene.slack.channel("orders").unwrap().ephemerals;
    assert_eq!(shown[0].shown_to.as_deref(), Some("U0JANE0001"));
    let inputs = json!({"channelId": ORDERS, "text": "psst", "ephemeralTo": "U0JOHN0001"});
    let told = scene.failure("SEND_MESSAGE", &inputs).await;
    assert!(
        told.starts_with(
            "business USER_NOT_FOUND: Slack refuses chat.postEphemeral: user_not_in_channel"
        ),
        "{told}"
    );
}

#[tokio::test]
async fn an_incoming_webhook_is_enough_to_send() {
    let scene = Scene::start().await.with("SLACK_BOT_TOKEN", "");
    let url = scene.slack.webhook_url();
    let scene = scene.with("SLACK_WEBHOOK_URL", &url);
    let outputs = scene.outputs("SEND_MESSAGE", &json!({"text": "a"})).await;
    assert_eq!(
        (&outputs["ts"], &outputs["messages"]),
        (&Value::Null, &json!([{"channelId": null, "ts": null, "permalink": null}]))
    );
    assert_eq!(scene.slack.messages("orders")[0].text, "a");
    let told = scene.invoke("SEND_MESSAGE", &json!({"text": "a", "username": "x"})).await;
    assert_eq!(told.warnings(), "an incoming webhook has no `username`");
    let told = scene.failure("SEND_MESSAGE", &json!({"text": "a", "channelId": ORDERS})).await;
    assert!(
        told.starts_with(
            "business UNAUTHORIZED: SLACK_BOT_TOKEN is not set; an incoming webhook alone"
        ),
        "{told}"
    );
    let at = json!({"text": "a", "scheduledAt": "2030-01-01T00:00:00Z"});
    let told = scene.failure("SEND_MESSAGE", &at).await;
    assert!(
        told.starts_with("business INVALID_INPUT: `files`, `scheduledAt` and `ephemeralTo` need"),
        "{told}"
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_webhook_is_told_without_its_address() {
    use fake_slack::{Fault, WebhookState};
    let scene = Scene::start().await.with("SLACK_BOT_TOKEN", "");
    let url = scene.slack.webhook_url();
    let scene = scene.with("SLACK_WEBHOOK_URL", &url);
    let set = |state| scene.slack.with(|world| world.workspaces[0].webhooks[0].state = state);
    let inputs = json!({"text": "a"});
    for (state, expected) in [
        (
            WebhookState::Removed,
            "business UNAUTHORIZED: Slack refuses the incoming webhook: no_service; make a new",
        ),
        (
            WebhookState::Prohibited,
            "business FORBIDDEN: Slack refuses the incoming webhook: action_prohibited",
        ),
        (
            WebhookState::NoTeam,
            "business UNAUTHORIZED: Slack refuses the incoming webhook: no_team",
        ),
    ] {
        set(state);
        let told = scene.failure("SEND_MESSAGE", &inputs).await;
        assert!(told.starts_with(expected), "{told}");
    }
    set(WebhookState::Active);
    for (fault, expected) in [
        (
            Fault::Status(500),
            "permanent UNKNOWN_ERROR: the incoming webhook answered 500 (not repeated, since",
        ),
        (Fault::HangUp, "permanent UNKNOWN_ERROR: the incoming webhook: http://"),
        (
            Fault::NoJson,
            "permanent INVALID_RESULT_FORMAT: the incoming webhook answered something that is not",
        ),
        (
            Fault::RateLimited(60),
            "transient UNKNOWN_ERROR: Slack limits the incoming webhook: the next call in 60 s",
        ),
    ] {
        scene.slack.fail("webhook", fault);
        let told = scene.failure("SEND_MESSAGE", &inputs).await;
        assert!(told.starts_with(expected), "{told}");
        assert!(!told.contains("services"), "{told}");
    }
}

#[tokio::test]
async fn a_dry_run_shows_the_call_and_calls_nobody() {
    let scene = Scene::start().await;
    let inputs = json!({"channelName": "orders", "text": "${a}", "metadata": {"a": "<b>"}});
    let told = scene.run(&["invoke", "SEND_MESSAGE", "--dry-run", "--input", "-"], &inputs).await;
    let url = scene.slack.api_url();
    let expected = format!(
        "POST {url}chat.postMessage\nAuthorization: Bearer ***\n\n{{\n  \"channel\": \"orders\",\n  \"text\": \"&lt;b&gt;\"\n}}\n"
    );
    assert_eq!(told.outputs, expected);
    for (action, inputs) in [
        ("UPDATE_MESSAGE", json!({"channelName": "orders", "ts": "1.2", "text": "a"})),
        ("ADD_REACTION", json!({"channelName": "orders", "ts": "1.2", "emoji": "eyes"})),
        ("CREATE_CHANNEL", json!({"channelName": "x", "channelType": "public", "members": []})),
        ("INVITE", json!({"channelName": "x", "members": "a@b.at"})),
        ("FIND_USER", json!({"userName": "jane"})),
        ("UPLOAD_FILE", json!({"files": "data:text/plain,hi"})),
        ("SEND_MESSAGE", json!({"channelName": "orders", "files": "data:text/plain,hi"})),
    ] {
        let told = scene.run(&["invoke", action, "--dry-run", "--input", "-"], &inputs).await;
        assert!(told.success, "{action}: {}", told.log);
        assert!(told.outputs.as_str().unwrap().starts_with("POST "), "{action}: {}", told.outputs);
    }
    assert!(scene.slack.calls().is_empty());
}

#[tokio::test]
async fn a_message_is_changed_marked_pinned_and_deleted() {
    let scene = Scene::start().await;
    let sent = scene.outputs("SEND_MESSAGE", &json!({"channelName": "orders", "text": "a"})).await;
    let with = |mut inputs: Value| {
        inputs["channelName"] = "orders".into();
        inputs["ts"] = sent["ts"].clone();
        inputs
    };
    let update = with(json!({"text": "now ${n}", "metadata": {"n": "<2>"}}));
    let outputs = scene.outputs("UPDATE_MESSAGE", &update).await;
    assert_eq!(outputs["permalink"], sent["permalink"]);
    for _ in 0..2 {
        scene.outputs("ADD_REACTION", &with(json!({"emoji": ":white_check_mark:"}))).await;
        scene.outputs("PIN", &with(json!({}))).await;
    }
    let told = scene.invoke("PIN", &with(json!({}))).await;
    assert_eq!(told.warnings(), "nothing was left to do: already_pinned");
    let message = scene.slack.messages("orders").remove(0);
    assert_eq!(message.text, "now &lt;2&gt;");
    assert_eq!(message.reactions[0].name, "white_check_mark");
    assert_eq!(message.pinned_to, [ORDERS]);
    let outputs = scene.outputs("DELETE_MESSAGE", &with(json!({}))).await;
    assert_eq!(outputs, json!({"ts": sent["ts"], "channelId": ORDERS}));
    assert!(scene.slack.messages("orders").is_empty());
}

#[tokio::test]
async fn a_message_that_is_not_there_is_the_tasks_mistake() {
    let scene = Scene::start().await;
    let with = |mut inputs: Value| {
        inputs["channelId"] = ORDERS.into();
        inputs["ts"] = "1.000001".into();
        inputs
    };
    for (action, inputs) in [
        ("UPDATE_MESSAGE", with(json!({"text": "a"}))),
        ("DELETE_MESSAGE", with(json!({}))),
        ("ADD_REACTION", with(json!({"emoji": "eyes"}))),
        ("PIN", with(json!({}))),
    ] {
        let told = scene.failure(action, &inputs).await;
        assert!(told.starts_with("business INVALID_INPUT: Slack refuses "), "{action}: {told}");
        assert!(told.contains("message_not_found; `ts` is that of a message"), "{action}: {told}");
    }
    for (action, inputs, expected) in [
        ("UPDATE_MESSAGE", with(json!({})), "MISSING_INPUT: `text` is needed, or `blocks` or"),
        (
            "UPDATE_MESSAGE",
            json!({"ts": "1.2", "text": "a"}),
            "MISSING_INPUT: `channelId` or `channelName` is needed",
        ),
        (
            "ADD_REACTION",
            with(json!({"emoji": "no emoji!"})),
            "INVALID_INPUT: Slack refuses reactions.add: invalid_name; `emoji` is",
        ),
        ("ADD_REACTION", with(json!({"emoji": "::"})), "INVALID_INPUT: `emoji` is empty"),
        ("PIN", json!({"channelId": ORDERS}), "MISSING_INPUT: `ts` is missing"),
    ] {
        let told = scene.failure(action, &inputs).await;
        assert!(told.starts_with(&format!("business {expected}")), "{action}: {told}");
    }
}

#[tokio::test]
async fn replies_are_read_over_all_pages() {
    let scene = Scene::start().await;
    let parent = scene.outputs("SEND_MESSAGE", &json!({"channelId": ORDERS, "text": "a"})).await;
    let lost = json!({"channelId": ORDERS, "threadTs": "1.000001"});
    let told = scene.failure("GET_REPLIES", &lost).await;
    assert!(
        told.starts_with(
            "business INVALID_INPUT: Slack refuses conversations.replies: thread_not_found"
        ),
        "{told}"
    );
    let ts = parent["ts"].as_str().unwrap();
    scene.slack.with(|world| {
        world.policy.page_items_max = 3;
        let channel = world.workspaces[0].channels.iter_mut().find(|it| it.id == ORDERS).unwrap();
        for number in 0..10 {
            channel.messages.push(fake_slack::Message {
                ts: format!("{}{number}", &ts[..ts.len() - 1].replace('1', "2")),
                thread_ts: Some(ts.to_owned()),
                text: number.to_string(),
                ..fake_slack::Message::default()
            });
        }
    });
    let inputs = json!({"channelName": "orders", "threadTs": ts});
    let outputs = scene.outputs("GET_REPLIES", &inputs).await;
    let texts: Vec<_> =
        outputs["messages"].as_array().unwrap().iter().map(|it| it["text"].clone()).collect();
    assert_eq!(texts, (0..10).map(|it| json!(it.to_string())).collect::<Vec<_>>());
}
