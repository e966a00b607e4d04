//! Whether answers have the documented shape: `samples/*.json`.

use std::{fs, path::Path};

use fake_slack::Policy;
use serde_json::{Value, json};

use crate::support::Caller;

/// The documented answer in `samples/<name>.json`.
fn sample(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("samples/{name}.json"));
    let sample: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert!(sample["source"].as_str().unwrap().starts_with("https://docs.slack.dev/"), "{name}");
    sample["answer"].clone()
}

/// Where `answer` lacks what `documented` has, or has it with another type.
fn differences(documented: &Value, answer: &Value, at: &str) -> Vec<String> {
    match (documented, answer) {
        (Value::Object(documented), Value::Object(answer)) => documented
            .iter()
            .flat_map(|(name, value)| match answer.get(name) {
                Some(given) => differences(value, given, &format!("{at}/{name}")),
                None => vec![format!("{at}/{name} is missing")],
            })
            .collect(),
        (Value::Array(documented), Value::Array(answer)) => {
            let mut found = Vec::new();
            if answer.len() < documented.len() {
                found.push(format!("{at} has {} items", answer.len()));
            }
            for (number, (documented, answer)) in documented.iter().zip(answer).enumerate() {
                found.extend(differences(documented, answer, &format!("{at}/{number}")));
            }
            found
        }
        (Value::Null, Value::Null)
        | (Value::Bool(_), Value::Bool(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::String(_), Value::String(_)) => Vec::new(),
        (documented, answer) => vec![format!("{at} is {answer} where {documented} is documented")],
    }
}

#[track_caller]
fn check(name: &str, answer: &Value) {
    let documented = sample(name);
    assert_eq!(differences(&documented, answer, ""), Vec::<String>::new(), "{name}: {answer}");
    assert_eq!(documented["ok"], answer["ok"], "{name}: {answer}");
}

#[test]
fn a_difference_is_found() {
    let documented = json!({"a": {"b": [{"c": 1}]}, "d": null, "e": "text"});
    let found = |answer: Value| differences(&documented, &answer, "").join("; ");
    assert_eq!(found(json!({"a": {"b": [{"c": 2}, 3]}, "d": null, "e": "", "f": 0})), "");
    let others = json!({"a": {"b": []}, "d": 1, "e": 5});
    assert_eq!(
        found(others),
        "/a/b has 0 items; /d is 1 where null is documented; /e is 5 where \"text\" is documented"
    );
    assert_eq!(found(json!({"a": {"b": [{}]}, "d": null, "e": ""})), "/a/b/0/c is missing");
}

#[tokio::test]
async fn messages_have_the_documented_shape() {
    let slack = Caller::new().await;
    let attachments = json!([{"text": "Parcel 7", "fallback": "Parcel 7"}]);
    let args = json!({"channel": "orders", "text": "Hi", "username": "parcels", "attachments": attachments});
    let posted = slack.json("chat.postMessage", args.clone()).await;
    check("chat.postMessage", &posted);
    let mut later = args.clone();
    later["post_at"] = json!(4_000_000_000_u64);
    assert_eq!(slack.json("chat.scheduleMessage", later.clone()).await["error"], "time_too_far");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    later["post_at"] = json!(now + 1000);
    check("chat.scheduleMessage", &slack.json("chat.scheduleMessage", later).await);
    let mut ephemeral = args;
    ephemeral["user"] = json!("U0JANE0001");
    check("chat.postEphemeral", &slack.json("chat.postEphemeral", ephemeral).await);

    let ts = posted["ts"].as_str().unwrap();
    let link = [("channel", "C0ORDERS01"), ("message_ts", ts)];
    check("chat.getPermalink", &slack.form("chat.getPermalink", &link).await);
    let at = json!({"channel": "C0ORDERS01", "ts": ts, "text": "new"});
    check("chat.update", &slack.json("chat.update", at.clone()).await);
    let reply = json!({"channel": "orders", "text": "there", "thread_ts": ts});
    slack.json("chat.postMessage", reply).await;
    let thread = [("channel", "C0ORDERS01"), ("ts", ts)];
    check("conversations.replies", &slack.form("conversations.replies", &thread).await);
    let item = json!({"channel": "C0ORDERS01", "timestamp": ts, "name": "tada"});
    check("reactions.add", &slack.json("reactions.add", item.clone()).await);
    check("pins.add", &slack.json("pins.add", item).await);
    check("chat.delete", &slack.json("chat.delete", at).await);
}

#[tokio::test]
async fn channels_have_the_documented_shape() {
    let slack = Caller::new().await;
    let created = slack.json("conversations.create", json!({"name": "deliveries"})).await;
    check("conversations.create", &created);
    let id = created["channel"]["id"].as_str().unwrap();
    let of = |name: &str, value: &str| json!({"channel": id, name: value});
    check(
        "conversations.invite",
        &slack.json("conversations.invite", of("users", "U0JANE0001")).await,
    );
    check("conversations.setTopic", &slack.json("conversations.setTopic", of("topic", "x")).await);
    check(
        "conversations.setPurpose",
        &slack.json("conversations.setPurpose", of("purpose", "x")).await,
    );
    check("conversations.join", &slack.json("conversations.join", of("users", "")).await);
    check("conversations.info", &slack.form("conversations.info", &[("channel", id)]).await);
    check("conversations.members", &slack.form("conversations.members", &[("channel", id)]).await);
    check("conversations.list", &slack.form("conversations.list", &[]).await);
    check("conversations.archive", &slack.json("conversations.archive", of("users", "")).await);
    let open = |whole: bool| json!({"users": "U0JANE0001", "return_im": whole});
    check("conversations.open", &slack.json("conversations.open", open(false)).await);
    check("conversations.open-again", &slack.json("conversations.open", open(true)).await);
}

#[tokio::test]
async fn users_and_files_have_the_documented_shape() {
    let slack = Caller::new().await;
    check("auth.test", &slack.json("auth.test", json!({})).await);
    check("users.list", &slack.form("users.list", &[]).await);
    check("users.info", &slack.form("users.info", &[("user", "U0JANE0001")]).await);
    let address = [("email", "jane@example.org")];
    check("users.lookupByEmail", &slack.form("users.lookupByEmail", &address).await);
    let file = [("filename", "invoice.pdf"), ("length", "2")];
    let announced = slack.form("files.getUploadURLExternal", &file).await;
    check("files.getUploadURLExternal", &announced);
    let url = announced["upload_url"].as_str().unwrap();
    slack.http.post(url).body("Hi").send().await.unwrap();
    let files = json!({"files": [{"id": announced["file_id"]}]});
    check("files.completeUploadExternal", &slack.json("files.completeUploadExternal", files).await);
}

#[tokio::test]
async fn errors_have_the_documented_shape() {
    let slack = Caller::new().await;
    let blocks = vec![json!({"type": "divider"}); 51];
    let args = json!({"channel": "orders", "text": "Hi", "blocks": blocks});
    check("error-invalid_blocks", &slack.json("chat.postMessage", args).await);
    let args = json!({"channel": "C0ORDERS01", "users": "U0NOBODY01"});
    check("error-invite", &slack.json("conversations.invite", args).await);
    let request = slack.http.post(slack.url("auth.test")).bearer_auth(fake_slack::BOT_TOKEN);
    let request = request.header("content-type", "application/json").body("{}");
    check("warning-missing_charset", &crate::support::body(request.send().await.unwrap()).await);
    slack.slack.fail("auth.test", fake_slack::Fault::RateLimited(1));
    check("error-ratelimited", &slack.json("auth.test", json!({})).await);
    slack.slack.scopes(&["chat:write"]);
    let args = json!({"name": "deliveries"});
    check("error-missing_scope", &slack.json("conversations.create", args).await);
}

#[test]
fn every_sample_is_checked() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let this: String = include_str!("shapes.rs").split_whitespace().collect();
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(name) = name.strip_suffix(".json") else { continue };
        assert!(this.contains(&format!("check(\"{name}\"")), "{name}");
    }
}

#[test]
fn a_policy_is_written_as_it_is_read() {
    let text = serde_json::to_string(&Policy::default()).unwrap();
    let again: Policy = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), text);
}
