//! Channels, their members, and users.

use std::collections::BTreeSet;

use fake_slack::{BOT_TOKEN, Channel, User, Workspace};
use serde_json::{Value, json};

use crate::support::{Caller, body, verdict};

/// Calls one after the other, and what comes of each.
async fn check(calls: &[(&str, Value, &str)]) -> Caller {
    let slack = Caller::new().await;
    for (method, args, expected) in calls {
        let answer = slack.json(method, args.clone()).await;
        assert_eq!(verdict(&answer), *expected, "{method} {args}");
    }
    slack
}

#[tokio::test]
async fn a_channel_has_a_name_of_its_own_in_small_letters() {
    let create = |name: &str| json!({"name": name});
    check(&[
        ("conversations.create", create(""), "invalid_name_required"),
        ("conversations.create", create("Orders 2"), "invalid_name_specials"),
        ("conversations.create", create("orders.2"), "invalid_name_specials"),
        ("conversations.create", create("--"), "invalid_name_punctuation"),
        ("conversations.create", create(&"x".repeat(81)), "invalid_name_maxlength"),
        ("conversations.create", create("orders"), "name_taken"),
        ("conversations.create", create("archived"), "name_taken"),
        ("conversations.create", create("aufträge_2-neu"), "ok"),
        ("conversations.create", create(&"x".repeat(80)), "ok"),
    ])
    .await;
}

#[tokio::test]
async fn without_force_one_bad_guest_keeps_the_others_out() {
    let slack = Caller::new().await;
    let args = json!({"channel": "C0ORDERS01", "users": "U0JOHN0001, U0NOBODY01"});
    let answer = slack.json("conversations.invite", args).await;
    assert_eq!(verdict(&answer), "user_not_found");
    let errors = json!([{"user": "U0NOBODY01", "ok": false, "error": "user_not_found"}]);
    assert_eq!(answer["errors"], errors);
    assert!(!slack.slack.channel("orders").unwrap().members.contains(&"U0JOHN0001".to_owned()));
}

#[tokio::test]
async fn with_force_the_good_guests_come_and_the_others_are_told() {
    let slack = Caller::new().await;
    let users = "U0JANE0001,U0JOHN0001,U0BOT00001,U0GONE0001";
    let args = json!({"channel": "C0ORDERS01", "users": users, "force": true});
    let answer = slack.json("conversations.invite", args.clone()).await;
    assert_eq!(verdict(&answer), "ok");
    let codes: Vec<_> =
        answer["errors"].as_array().unwrap().iter().map(|it| &it["error"]).collect();
    assert_eq!(codes, ["already_in_channel", "cant_invite_self", "cant_invite"]);
    assert!(slack.slack.channel("orders").unwrap().members.contains(&"U0JOHN0001".to_owned()));
    // Now nobody is left who could come.
    assert_eq!(verdict(&slack.json("conversations.invite", args).await), "already_in_channel");
}

#[tokio::test]
async fn a_deactivated_guest_keeps_nobody_out() {
    let slack = Caller::new().await;
    let args = json!({"channel": "C0ORDERS01", "users": "U0GONE0001,U0JOHN0001"});
    assert_eq!(verdict(&slack.json("conversations.invite", args).await), "cant_invite");
    assert!(slack.slack.channel("orders").unwrap().members.contains(&"U0JOHN0001".to_owned()));
}

#[tokio::test]
async fn only_members_change_a_channel() {
    let invite = |channel: &str, users: &str| json!({"channel": channel, "users": users});
    let slack = check(&[
        ("conversations.invite", invite("C0ORDERS01", ""), "no_user"),
        ("conversations.invite", invite("C0ORDERS01", &"U,".repeat(101)), "too_many_users"),
        ("conversations.invite", invite("C0RANDOM01", "U0JANE0001"), "not_in_channel"),
        ("conversations.invite", invite("C0ARCHIVE1", "U0JOHN0001"), "is_archived"),
        ("conversations.invite", invite("C0SECRET01", "U0JOHN0001"), "channel_not_found"),
        (
            "conversations.setTopic",
            json!({"channel": "C0RANDOM01", "topic": "x"}),
            "not_in_channel",
        ),
        (
            "conversations.setTopic",
            json!({"channel": "C0ORDERS01", "topic": "x".repeat(251)}),
            "too_long",
        ),
        ("conversations.setTopic", json!({"channel": "C0ORDERS01", "topic": "Now"}), "ok"),
        ("conversations.setPurpose", json!({"channel": "C0ORDERS01", "purpose": "Why"}), "ok"),
        ("conversations.archive", json!({"channel": "C0RANDOM01"}), "not_in_channel"),
        ("conversations.archive", json!({"channel": "C0GENERAL1"}), "cant_archive_general"),
        ("conversations.archive", json!({"channel": "C0ARCHIVE1"}), "already_archived"),
        ("conversations.archive", json!({"channel": "C0ORDERS01"}), "ok"),
        ("conversations.setTopic", json!({"channel": "C0ORDERS01", "topic": "x"}), "is_archived"),
    ])
    .await;
    let channel = slack.slack.channel("orders").unwrap();
    assert_eq!((channel.topic.value.as_str(), channel.purpose.value.as_str()), ("Now", "Why"));
    assert!(channel.archived);
}

#[tokio::test]
async fn joining_twice_is_a_warning() {
    let slack = check(&[
        (
            "conversations.join",
            json!({"channel": "C0BOARD001"}),
            "method_not_supported_for_channel_type",
        ),
        ("conversations.join", json!({"channel": "C0ARCHIVE1"}), "is_archived"),
        ("conversations.join", json!({"channel": "C0SECRET01"}), "channel_not_found"),
        ("conversations.join", json!({"channel": "C0RANDOM01"}), "ok"),
    ])
    .await;
    let answer = slack.json("conversations.join", json!({"channel": "C0RANDOM01"})).await;
    assert_eq!((verdict(&answer), &answer["warning"]), ("ok", &json!("already_in_channel")));
    assert_eq!(answer["response_metadata"]["warnings"], json!(["already_in_channel"]));
    // Beside those of the request.
    let request = slack.http.post(slack.url("conversations.join")).bearer_auth(BOT_TOKEN);
    let request = request.header("content-type", "application/json");
    let answer = body(request.body(r#"{"channel":"C0RANDOM01"}"#).send().await.unwrap()).await;
    assert_eq!(answer["warning"], "already_in_channel,missing_charset");
}

#[tokio::test]
async fn a_direct_message_is_opened_once() {
    let slack = check(&[
        ("conversations.open", json!({}), "users_list_not_supplied"),
        ("conversations.open", json!({"users": "U0NOBODY01"}), "user_not_found"),
        ("conversations.open", json!({"users": "U0GONE0001"}), "user_disabled"),
        ("conversations.open", json!({"users": "U,".repeat(9)}), "too_many_users"),
        (
            "conversations.open",
            json!({"channel": "C0ORDERS01"}),
            "method_not_supported_for_channel_type",
        ),
    ])
    .await;
    let open = async |users: &str| {
        slack.json("conversations.open", json!({"users": users, "return_im": true})).await
    };
    let (first, again) = (open("U0JANE0001").await, open("U0JANE0001").await);
    assert!(first["channel"]["id"].as_str().unwrap().starts_with('D'));
    assert_eq!((&first["channel"], &again["already_open"]), (&again["channel"], &json!(true)));
    assert_eq!(first["channel"]["user"], "U0JANE0001");
    assert_eq!(open("U0JANE0001,U0JOHN0001").await["channel"]["is_mpim"], true);
    // A message to the user lands in the same place.
    let post = json!({"channel": "U0JANE0001", "text": "Hi"});
    assert_eq!(slack.json("chat.postMessage", post).await["channel"], first["channel"]["id"]);
}

/// All names, page by page, and the sizes of the pages.
async fn pages(slack: &Caller, limit: &str, more: (&str, &str)) -> (Vec<String>, Vec<usize>) {
    let (mut names, mut sizes, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let args = [("limit", limit), ("cursor", &cursor), more];
        let answer = slack.form("conversations.list", &args).await;
        let page = answer["channels"].as_array().unwrap();
        sizes.push(page.len());
        names.extend(page.iter().map(|channel| channel["name"].as_str().unwrap().to_owned()));
        answer["response_metadata"]["next_cursor"].as_str().unwrap().clone_into(&mut cursor);
        if cursor.is_empty() {
            return (names, sizes);
        }
    }
}

#[tokio::test]
async fn a_list_comes_in_pages_that_may_be_shorter_than_asked() {
    let slack = Caller::new().await;
    slack.slack.with(|world| {
        let channels = (0..250).map(|at| Channel {
            id: format!("C0MANY{at:04}"),
            name: format!("many-{at}"),
            archived: at % 2 == 0,
            ..Channel::default()
        });
        world.workspaces[0].channels.extend(channels);
    });
    let (names, sizes) = pages(&slack, "100", ("exclude_archived", "false")).await;
    let different: BTreeSet<_> = names.iter().collect();
    assert_eq!((names.len(), different.len()), (254, 254));
    assert_eq!(sizes, [98, 100, 56]);

    let (names, sizes) = pages(&slack, "100", ("exclude_archived", "true")).await;
    assert_eq!((names.len(), sizes), (128, vec![50, 50, 28]));

    slack.slack.with(|world| world.policy.page_items_max = 40);
    let (names, sizes) = pages(&slack, "1000", ("exclude_archived", "false")).await;
    assert_eq!((names.len(), sizes.len()), (254, 7));
}

#[tokio::test]
async fn a_list_refuses_what_it_can_not_read() {
    let slack = Caller::new().await;
    let cases = [
        ("limit", "1001", "invalid_limit"),
        ("limit", "0", "invalid_limit"),
        ("limit", "many", "invalid_limit"),
        ("limit", "1000", "ok"),
        ("cursor", "nonsense", "invalid_cursor"),
        ("cursor", "bmV4dDo5OTk=", "invalid_cursor"),
        ("types", "public_channel,club", "invalid_types"),
    ];
    for (name, value, expected) in cases {
        let answer = slack.form("conversations.list", &[(name, value)]).await;
        assert_eq!(verdict(&answer), expected, "{name}={value}");
    }
}

#[tokio::test]
async fn private_channels_are_listed_for_their_members() {
    let slack = Caller::new().await;
    let (names, _) = pages(&slack, "100", ("types", "private_channel")).await;
    assert_eq!(names, ["board"]);
}

#[tokio::test]
async fn members_come_in_pages_too() {
    let slack = Caller::new().await;
    let answer =
        slack.form("conversations.members", &[("channel", "C0GENERAL1"), ("limit", "2")]).await;
    assert_eq!(answer["members"], json!(["U0JANE0001", "U0JOHN0001"]));
    let cursor = answer["response_metadata"]["next_cursor"].as_str().unwrap();
    let args = [("channel", "C0GENERAL1"), ("limit", "2"), ("cursor", cursor)];
    let answer = slack.form("conversations.members", &args).await;
    assert_eq!(answer["members"], json!(["U0BOT00001"]));
}

#[tokio::test]
async fn a_user_is_found_by_id_and_address() {
    let slack = Caller::new().await;
    let cases = [
        ("users.info", "user", "U0NOBODY01", "user_not_found"),
        ("users.info", "user", "U0GONE0001", "ok"),
        ("users.lookupByEmail", "email", "nobody@example.org", "users_not_found"),
        ("users.lookupByEmail", "email", "grace@example.org", "users_not_found"),
        ("users.lookupByEmail", "email", "Jane@Example.org", "ok"),
    ];
    for (method, name, value, expected) in cases {
        assert_eq!(
            verdict(&slack.form(method, &[(name, value)]).await),
            expected,
            "{method} {value}"
        );
    }
}

#[tokio::test]
async fn many_users_are_listed_in_pages_only() {
    let slack = Caller::new().await;
    slack.slack.with(|world| {
        let users = (0..1000).map(|at| User { id: format!("U0MANY{at:04}"), ..User::default() });
        world.workspaces[0].users.extend(users);
    });
    assert_eq!(verdict(&slack.form("users.list", &[]).await), "limit_required");
    let page = slack.form("users.list", &[("limit", "1000")]).await;
    let cursor = page["response_metadata"]["next_cursor"].as_str().unwrap();
    let rest = slack.form("users.list", &[("limit", "1000"), ("cursor", cursor)]).await;
    assert_eq!(rest["members"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn addresses_are_shown_to_those_who_may_see_them() {
    let slack = Caller::new().await;
    let jane = slack.form("users.list", &[]).await["members"][0].clone();
    assert_eq!(jane["profile"]["email"], "jane@example.org");
    slack.slack.scopes(&["users:read"]);
    let jane = slack.form("users.list", &[]).await["members"][0].clone();
    assert_eq!((&jane["name"], &jane["profile"]["email"]), (&json!("jane"), &Value::Null));
}

#[tokio::test]
async fn a_token_reaches_its_own_workspace_only() {
    let slack = Caller::new().await;
    slack.slack.with(|world| {
        let mut other = Workspace::demo();
        other.id = "T0OTHER001".to_owned();
        other.name = "Other".to_owned();
        other.tokens[0].token = "xoxb-other".to_owned();
        world.merge(other);
    });
    slack.post("for Acme").await;
    let request = slack.http.post(slack.url("auth.test")).bearer_auth("xoxb-other");
    let answer = body(request.send().await.unwrap()).await;
    assert_eq!(answer["team_id"], "T0OTHER001");
    let n_messages = slack.slack.with(|world| {
        [0, 1].map(|at| world.workspaces[at].channel("C0ORDERS01").unwrap().messages.len())
    });
    assert_eq!(n_messages, [1, 0]);
}
