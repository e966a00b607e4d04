//! Messages.

use fake_slack::{LongText, Repeated};
use serde_json::{Value, json};

use crate::support::{Caller, verdict};

/// A change to a good message, and what comes of it.
async fn check(change: Value, expected: &str) {
    let slack = Caller::new().await;
    let mut args = json!({"channel": "C0ORDERS01", "text": "Hi"});
    for (name, value) in change.as_object().unwrap() {
        args[name] = value.clone();
    }
    let answer = slack.json("chat.postMessage", args).await;
    assert_eq!(
        verdict(&answer),
        expected,
        "{}",
        change.to_string().chars().take(200).collect::<String>()
    );
    let n_posted: usize = slack.slack.with(|world| {
        world.workspaces[0].channels.iter().map(|channel| channel.messages.len()).sum()
    });
    assert_eq!(n_posted, usize::from(expected == "ok"), "{expected}");
}

#[tokio::test]
async fn a_message_goes_only_where_the_bot_may_post() {
    check(json!({"channel": null}), "invalid_arguments").await;
    check(json!({"channel": "C0NOWHERE1"}), "channel_not_found").await;
    check(json!({"channel": "nowhere"}), "channel_not_found").await;
    check(json!({"channel": "C0SECRET01"}), "channel_not_found").await;
    check(json!({"channel": "C0ARCHIVE1"}), "is_archived").await;
    check(json!({"channel": "U0GONE0001"}), "user_disabled").await;
    check(json!({"channel": "C0RANDOM01"}), "ok").await;
    check(json!({"channel": "C0BOARD001"}), "ok").await;
    check(json!({"channel": "#orders"}), "ok").await;
    check(json!({"channel": "orders"}), "ok").await;
    check(json!({"channel": "U0JANE0001"}), "ok").await;
}

#[tokio::test]
async fn without_the_scope_for_it_a_public_channel_takes_members_only() {
    let slack = Caller::new().await;
    slack.slack.scopes(&["chat:write"]);
    let args = json!({"channel": "C0RANDOM01", "text": "Hi"});
    assert_eq!(verdict(&slack.json("chat.postMessage", args).await), "not_in_channel");
}

#[tokio::test]
async fn a_message_has_to_say_something_and_not_too_much() {
    let section = json!({"type": "section", "text": {"type": "mrkdwn", "text": "x"}});
    check(json!({"text": ""}), "no_text").await;
    check(json!({"text": null, "blocks": []}), "no_text").await;
    check(json!({"text": null, "blocks": [section]}), "ok").await;
    check(json!({"text": null, "attachments": [{"text": "x"}]}), "ok").await;
    check(json!({"text": "ä".repeat(40_000)}), "ok").await;
    check(json!({"text": "ä".repeat(40_001)}), "msg_too_long").await;
    check(json!({"attachments": vec![json!({"text": "x"}); 101]}), "too_many_attachments").await;
    check(json!({"attachments": {"text": "x"}}), "invalid_attachments").await;
    check(json!({"markdown_text": "**x**"}), "markdown_text_conflict").await;
    check(json!({"text": null, "markdown_text": "x".repeat(12_001)}), "msg_too_long").await;
    check(json!({"blocks": "[{"}), "invalid_blocks_format").await;
    check(json!({"blocks": {"type": "divider"}}), "invalid_blocks_format").await;
    check(json!({"blocks": "[{\"type\": \"divider\"}]"}), "ok").await;
    check(json!({"blocks": vec![json!({"type": "divider"}); 50]}), "ok").await;
    check(json!({"blocks": vec![json!({"type": "divider"}); 51]}), "invalid_blocks").await;
}

/// Blocks, and the findings about them.
async fn check_blocks(blocks: Value, expected: &[&str]) {
    let slack = Caller::new().await;
    let args = json!({"channel": "C0ORDERS01", "text": "Hi", "blocks": blocks});
    let answer = slack.json("chat.postMessage", args).await;
    assert_eq!(verdict(&answer), "invalid_blocks");
    assert_eq!(answer["errors"], json!(expected));
    let messages: Vec<_> = expected.iter().map(|finding| format!("[ERROR] {finding}")).collect();
    assert_eq!(answer["response_metadata"]["messages"], json!(messages));
}

#[tokio::test]
async fn what_is_wrong_with_blocks_is_told_with_its_place() {
    let text = |length: usize| json!({"type": "mrkdwn", "text": "x".repeat(length)});
    check_blocks(
        json!(vec![json!({"type": "divider"}); 51]),
        &["no more than 50 items allowed [json-pointer:/blocks]"],
    )
    .await;
    check_blocks(
        json!([{"type": "divider"}, {"type": "poem"}, {}]),
        &[
            "unsupported type: poem [json-pointer:/blocks/1/type]",
            "missing required field: type [json-pointer:/blocks/2]",
        ],
    )
    .await;
    check_blocks(
        json!([{"type": "section", "text": text(3001)}, {"type": "section", "text": text(0)}]),
        &[
            "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
            "must be more than 0 characters [json-pointer:/blocks/1/text/text]",
        ],
    )
    .await;
    check_blocks(
        json!([
            {"type": "section", "fields": vec![text(2001); 1]},
            {"type": "section", "fields": vec![text(1); 11]},
            {"type": "section"},
            {"type": "header", "text": text(151)},
            {"type": "context", "elements": vec![text(1); 11]},
            {"type": "image", "image_url": "https://example.org/x.png"},
        ]),
        &[
            "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
            "no more than 10 items allowed [json-pointer:/blocks/1/fields]",
            "missing required field: text [json-pointer:/blocks/2]",
            "must be less than 151 characters [json-pointer:/blocks/3/text/text]",
            "no more than 10 items allowed [json-pointer:/blocks/4/elements]",
            "missing required field: alt_text [json-pointer:/blocks/5]",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_long_text_can_be_cut_with_a_warning_instead() {
    let slack = Caller::new().await;
    slack.slack.with(|world| world.policy.long_text = LongText::Truncate);
    let args = json!({"channel": "C0ORDERS01", "text": "ä".repeat(40_002)});
    let answer = slack.json("chat.postMessage", args).await;
    assert_eq!(answer["warning"], "message_truncated");
    assert_eq!(answer["response_metadata"]["warnings"], json!(["message_truncated"]));
    assert_eq!(slack.slack.messages("orders")[0].text.chars().count(), 40_000);
}

#[tokio::test]
async fn a_repeated_client_msg_id_gives_the_first_message() {
    let slack = Caller::new().await;
    let args = |text: &str| json!({"channel": "orders", "text": text, "client_msg_id": "one"});
    let first = slack.json("chat.postMessage", args("first")).await;
    let again = slack.json("chat.postMessage", args("again")).await;
    assert_eq!((&first["ts"], &again["message"]["text"]), (&again["ts"], &json!("first")));
    assert_eq!(slack.slack.messages("orders").len(), 1);

    slack.json("chat.delete", json!({"channel": "C0ORDERS01", "ts": first["ts"]})).await;
    let gone = slack.json("chat.postMessage", args("again")).await;
    assert_eq!(verdict(&gone), "duplicate_message_not_found");

    slack.slack.with(|world| world.policy.repeated = Repeated::PostAgain);
    slack.json("chat.postMessage", args("second")).await;
    slack.json("chat.postMessage", args("third")).await;
    assert_eq!(slack.slack.messages("orders").len(), 2);
}

#[tokio::test]
async fn replies_are_in_the_thread_of_their_parent() {
    let slack = Caller::new().await;
    let parent = slack.post("question").await;
    slack.post("something else").await;
    for text in ["one", "two"] {
        let args = json!({"channel": "orders", "text": text, "thread_ts": parent, "reply_broadcast": true});
        slack.json("chat.postMessage", args).await;
    }
    let thread = [("channel", "C0ORDERS01"), ("ts", parent.as_str())];
    let answer = slack.form("conversations.replies", &thread).await;
    let texts: Vec<_> =
        answer["messages"].as_array().unwrap().iter().map(|it| &it["text"]).collect();
    assert_eq!(texts, ["question", "one", "two"]);
    assert_eq!(answer["messages"][0]["reply_count"], 2);
    assert_eq!(answer["messages"][1]["subtype"], "thread_broadcast");
    assert_eq!(answer["has_more"], false);

    let page = [thread[0], thread[1], ("limit", "2")];
    let answer = slack.form("conversations.replies", &page).await;
    assert_eq!(answer["has_more"], true);
    let cursor = answer["response_metadata"]["next_cursor"].as_str().unwrap();
    let rest = [thread[0], thread[1], ("limit", "2"), ("cursor", cursor)];
    let answer = slack.form("conversations.replies", &rest).await;
    assert_eq!(answer["messages"][0]["text"], "two");

    let unknown = [thread[0], ("ts", "1.000001")];
    assert_eq!(verdict(&slack.form("conversations.replies", &unknown).await), "thread_not_found");
}

#[tokio::test]
async fn an_update_keeps_what_is_not_given() {
    let slack = Caller::new().await;
    let divider = json!([{"type": "divider"}]);
    let args = json!({"channel": "orders", "text": "old", "blocks": divider});
    let ts = slack.json("chat.postMessage", args).await["ts"].clone();
    let update = |args: Value| {
        let mut args = args;
        args["ts"] = ts.clone();
        args["channel"] = args.get("channel").cloned().unwrap_or_else(|| json!("C0ORDERS01"));
        args
    };
    let answer = slack.json("chat.update", update(json!({"text": "new"}))).await;
    assert_eq!((&answer["text"], &answer["message"]["blocks"]), (&json!("new"), &divider));
    slack.json("chat.update", update(json!({"blocks": []}))).await;
    let message = &slack.slack.messages("orders")[0];
    assert_eq!((message.text.as_str(), &message.blocks), ("new", &Some(json!([]))));

    assert_eq!(verdict(&slack.json("chat.update", update(json!({}))).await), "no_text");
    let elsewhere = update(json!({"channel": "C0GENERAL1", "text": "x"}));
    assert_eq!(verdict(&slack.json("chat.update", elsewhere).await), "message_not_found");
    let by_name = update(json!({"channel": "orders", "text": "x"}));
    assert_eq!(verdict(&slack.json("chat.update", by_name).await), "channel_not_found");
}

#[tokio::test]
async fn messages_of_others_stay_as_they_are() {
    let slack = Caller::new().await;
    let ts = slack.post("mine").await;
    slack.slack.with(|world| {
        let channel = world.workspaces[0].channel_mut("C0ORDERS01").unwrap();
        channel.messages[0].user = "U0JANE0001".to_owned();
    });
    let args = json!({"channel": "C0ORDERS01", "ts": ts, "text": "x"});
    assert_eq!(verdict(&slack.json("chat.update", args.clone()).await), "cant_update_message");
    assert_eq!(verdict(&slack.json("chat.delete", args).await), "cant_delete_message");
}

#[tokio::test]
async fn a_deleted_message_is_gone() {
    let slack = Caller::new().await;
    let args = json!({"channel": "C0ORDERS01", "ts": slack.post("oops").await});
    assert_eq!(verdict(&slack.json("chat.delete", args.clone()).await), "ok");
    assert_eq!(verdict(&slack.json("chat.delete", args).await), "message_not_found");
    assert!(slack.slack.messages("orders").is_empty());
}

#[tokio::test]
async fn an_ephemeral_message_is_for_a_member_and_not_kept() {
    let slack = Caller::new().await;
    let args = |user: &str| json!({"channel": "C0ORDERS01", "text": "psst", "user": user});
    let stranger = slack.json("chat.postEphemeral", args("U0JOHN0001")).await;
    assert_eq!(verdict(&stranger), "user_not_in_channel");
    assert_eq!(verdict(&slack.json("chat.postEphemeral", args("U0JANE0001")).await), "ok");
    let channel = slack.slack.channel("orders").unwrap();
    assert_eq!(channel.ephemerals[0].shown_to.as_deref(), Some("U0JANE0001"));
    assert!(channel.messages.is_empty());
}

#[tokio::test]
async fn a_scheduled_message_waits_for_its_time() {
    let slack = Caller::new().await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let day = 24 * 60 * 60;
    let args = |at: Value| json!({"channel": "orders", "text": "later", "post_at": at});
    let cases = [
        (json!("tomorrow"), "invalid_time"),
        (json!(now - 1), "time_in_past"),
        (json!(now + 121 * day), "time_too_far"),
        (json!((now + day).to_string()), "ok"),
        (json!(now + day), "ok"),
    ];
    for (at, expected) in cases {
        let answer = slack.json("chat.scheduleMessage", args(at)).await;
        assert_eq!(verdict(&answer), expected);
    }
    for _ in 2..30 {
        slack.json("chat.scheduleMessage", args(json!(now + day))).await;
    }
    let answer = slack.json("chat.scheduleMessage", args(json!(now + day))).await;
    assert_eq!(verdict(&answer), "restricted_too_many");
    assert!(slack.slack.messages("orders").is_empty());
    slack.slack.with(|world| world.release(now + day));
    assert_eq!(slack.slack.messages("orders").len(), 30);
}

#[tokio::test]
async fn a_permalink_leads_to_the_message_or_into_its_thread() {
    let slack = Caller::new().await;
    let ts = slack.post("here").await;
    let link = async |ts: &str| {
        let args = [("channel", "C0ORDERS01"), ("message_ts", ts)];
        slack.form("chat.getPermalink", &args).await
    };
    let digits = ts.replace('.', "");
    let expected = format!("https://acme.slack.com/archives/C0ORDERS01/p{digits}");
    assert_eq!(link(&ts).await["permalink"], expected);
    let reply = json!({"channel": "orders", "text": "x", "thread_ts": ts});
    let reply = slack.json("chat.postMessage", reply).await["ts"].as_str().unwrap().to_owned();
    let shown = link(&reply).await["permalink"].as_str().unwrap().to_owned();
    assert!(shown.ends_with(&format!("?thread_ts={ts}&cid=C0ORDERS01")), "{shown}");
    assert_eq!(verdict(&link("1.000001").await), "message_not_found");
}

#[tokio::test]
async fn a_reaction_and_a_pin_are_given_once() {
    let slack = Caller::new().await;
    let ts = slack.post("nice").await;
    let cases = [
        ("reactions.add", json!({"name": "no emoji"}), "invalid_name"),
        ("reactions.add", json!({"name": "tada", "timestamp": "yesterday"}), "bad_timestamp"),
        ("reactions.add", json!({"name": "tada", "timestamp": ""}), "no_item_specified"),
        ("reactions.add", json!({"name": "tada", "timestamp": "1.000001"}), "message_not_found"),
        ("reactions.add", json!({"name": "tada", "channel": "C0ARCHIVE1"}), "is_archived"),
        ("reactions.add", json!({"name": "tada"}), "ok"),
        ("reactions.add", json!({"name": ":tada:"}), "already_reacted"),
        ("pins.add", json!({"timestamp": "1.000001"}), "message_not_found"),
        ("pins.add", json!({"channel": "C0RANDOM01"}), "not_in_channel"),
        ("pins.add", json!({}), "ok"),
        ("pins.add", json!({}), "already_pinned"),
    ];
    for (method, change, expected) in cases {
        let mut args = json!({"channel": "C0ORDERS01", "timestamp": ts});
        args.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_eq!(verdict(&slack.json(method, args).await), expected, "{method} {change}");
    }
    let message = &slack.slack.messages("orders")[0];
    assert_eq!((message.reactions[0].count, message.pinned_to.len()), (1, 1));
}
