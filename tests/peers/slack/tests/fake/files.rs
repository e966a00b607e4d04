//! Uploads, and half of them.

use fake_slack::FileAnswer;
use serde_json::{Value, json};

use crate::support::{Caller, verdict};

/// Asks for a URL; gives it with the file's id.
async fn announce(slack: &Caller, name: &str, length: usize) -> (String, String) {
    let length = length.to_string();
    let answer =
        slack.form("files.getUploadURLExternal", &[("filename", name), ("length", &length)]).await;
    let text = |field: &str| answer[field].as_str().unwrap().to_owned();
    (text("upload_url"), text("file_id"))
}

async fn put(slack: &Caller, url: &str, body: &'static str) -> (u16, String) {
    let response = slack.http.post(url).body(body).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

fn complete(id: &str, more: &Value) -> Value {
    let mut args = json!({"files": [{"id": id, "title": "Invoice"}]});
    args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    args
}

#[tokio::test]
async fn a_file_without_name_or_length_gets_no_url() {
    let slack = Caller::new().await;
    let cases = [
        (["a.txt", ""], "missing_argument"),
        (["a.txt", "0"], "missing_argument"),
        (["", "1"], "missing_argument"),
        (["a.txt", "long"], "invalid_arguments"),
    ];
    for ([name, length], expected) in cases {
        let args = [("filename", name), ("length", length)];
        let answer = slack.form("files.getUploadURLExternal", &args).await;
        assert_eq!(verdict(&answer), expected, "{name} {length}");
    }
}

#[tokio::test]
async fn half_an_upload_is_no_upload() {
    let slack = Caller::new().await;
    let (url, id) = announce(&slack, "a.txt", 5).await;
    let share = complete(&id, &json!({"channel_id": "C0ORDERS01"}));
    let early = slack.json("files.completeUploadExternal", share.clone()).await;
    assert_eq!(verdict(&early), "file_not_found");
    assert_eq!(put(&slack, &url, "Hel").await, (400, "3 bytes instead of 5".to_owned()));
    let short = slack.json("files.completeUploadExternal", share.clone()).await;
    assert_eq!(verdict(&short), "file_not_found");
    assert_eq!(put(&slack, &format!("{url}x"), "Hello").await.0, 404);
    assert_eq!(put(&slack, &url, "Hello").await, (200, "OK - 5".to_owned()));
    assert_eq!(verdict(&slack.json("files.completeUploadExternal", share.clone()).await), "ok");
    let twice = slack.json("files.completeUploadExternal", share).await;
    assert_eq!(verdict(&twice), "file_not_found");
    assert_eq!(put(&slack, &url, "Hello").await.0, 409);
    assert_eq!(slack.slack.messages("orders").len(), 1);
}

#[tokio::test]
async fn a_file_is_shared_only_where_the_bot_is() {
    let cases = [
        ("C0NOWHERE1", "channel_not_found"),
        ("C0SECRET01", "channel_not_found"),
        ("C0RANDOM01", "not_in_channel"),
        ("C0ARCHIVE1", "posting_to_channel_denied"),
        ("U0GONE0001", "user_disabled"),
        ("C0ORDERS01", "ok"),
    ];
    let slack = Caller::new().await;
    let (url, id) = announce(&slack, "a.txt", 5).await;
    put(&slack, &url, "Hello").await;
    for (channel, expected) in cases {
        let args = complete(&id, &json!({"channels": channel}));
        let answer = slack.json("files.completeUploadExternal", args).await;
        assert_eq!(verdict(&answer), expected, "{channel}");
    }
}

#[tokio::test]
async fn a_shared_file_is_a_message_with_its_bytes_behind() {
    let slack = Caller::new().await;
    let parent = slack.post("invoice?").await;
    let (url, id) = announce(&slack, "invoice.pdf", 5).await;
    put(&slack, &url, "Hello").await;
    let more =
        json!({"channel_id": "C0ORDERS01", "thread_ts": parent, "initial_comment": "There it is"});
    let answer = slack.json("files.completeUploadExternal", complete(&id, &more)).await;
    assert_eq!(answer["files"][0]["title"], "Invoice");
    let message = &slack.slack.messages("orders")[1];
    assert_eq!((message.text.as_str(), &message.thread_ts), ("There it is", &Some(parent)));
    assert_eq!(message.files[0]["id"], id);
    assert_eq!(slack.slack.file(&id).unwrap(), "Hello");
}

#[tokio::test]
async fn bytes_may_come_as_a_form_and_files_as_text() {
    let slack = Caller::new().await;
    let (url, id) = announce(&slack, "a.txt", 5).await;
    let form = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\
                content-type: text/plain\r\n\r\nHello\r\n--b--\r\n";
    let request = slack.http.post(&url).header("content-type", "multipart/form-data; boundary=b");
    assert_eq!(request.body(form).send().await.unwrap().status(), 200);
    let files = json!([{"id": id}]).to_string();
    let answer = slack.form("files.completeUploadExternal", &[("files", &files)]).await;
    assert_eq!((verdict(&answer), &answer["files"][0]["title"]), ("ok", &json!("a.txt")));
    assert_eq!(slack.slack.file(&id).unwrap(), "Hello");
    // Without a channel it stays private.
    assert!(slack.slack.messages("orders").is_empty());
}

/// What is told of a shared file under a policy: permalink and `ts`.
async fn check(policy: FileAnswer, permalink: bool, ts: bool) {
    let slack = Caller::new().await;
    slack.slack.with(|world| world.policy.file_answer = policy);
    let (url, id) = announce(&slack, "a.txt", 5).await;
    put(&slack, &url, "Hello").await;
    let args = complete(&id, &json!({"channels": "C0ORDERS01,U0JANE0001"}));
    let answer = slack.json("files.completeUploadExternal", args).await;
    let file = &answer["files"][0];
    assert_eq!(file["permalink"].is_string(), permalink, "{file}");
    let told = &file["shares"]["public"]["C0ORDERS01"][0]["ts"];
    let posted = json!(slack.slack.messages("orders")[0].ts);
    assert_eq!(told, if ts { &posted } else { &Value::Null });
    let info = slack.form("files.info", &[("file", &id)]).await;
    assert_eq!(
        info["file"]["permalink"],
        format!("https://acme.slack.com/files/U0BOT00001/{id}/a.txt")
    );
}

#[tokio::test]
async fn what_is_told_of_a_shared_file_is_a_matter_of_policy() {
    check(FileAnswer::Short, false, false).await;
    check(FileAnswer::Full, true, false).await;
    check(FileAnswer::Shared, true, true).await;
}

#[tokio::test]
async fn the_upload_url_leads_back_the_way_by_which_the_app_came() {
    let slack = Caller::new().await;
    let url = slack.url("files.getUploadURLExternal?filename=a&length=1");
    let request =
        slack.http.get(url).bearer_auth(fake_slack::BOT_TOKEN).header("host", "slack.test:81");
    let answer = crate::support::body(request.send().await.unwrap()).await;
    let upload_url = answer["upload_url"].as_str().unwrap();
    assert!(upload_url.starts_with("http://slack.test:81/upload/v1/"), "{upload_url}");
}
