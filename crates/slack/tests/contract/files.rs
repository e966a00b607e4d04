//! Files: uploaded in three steps, from wherever they are.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fake_slack::Fault;
use serde_json::{Value, json};

use super::scene::Scene;

const ORDERS: &str = "C0ORDERS01";

fn inline(name: &str, bytes: &[u8]) -> Value {
    json!({"name": name, "uri": format!("data:text/plain;base64,{}", STANDARD.encode(bytes))})
}

#[tokio::test]
async fn files_go_out_with_the_text_in_one_message() {
    let scene = Scene::start().await;
    let files = [inline("a.txt", b"first"), inline("b.txt", b"second")];
    let inputs = json!({"channelName": "orders", "text": "Here: ${n}", "metadata": {"n": "<2>"}, "files": files, "threadTs": "1.2"});
    let outputs = scene.outputs("SEND_MESSAGE", &inputs).await;
    let messages = scene.slack.messages("orders");
    let [message] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(message.text, "Here: &lt;2&gt;");
    assert_eq!(message.thread_ts.as_deref(), Some("1.2"));
    let names: Vec<_> = message.files.iter().map(|it| it["name"].clone()).collect();
    assert_eq!(names, ["a.txt", "b.txt"]);
    for (index, expected) in ["first", "second"].into_iter().enumerate() {
        let id = outputs["files"][index]["id"].as_str().unwrap();
        assert_eq!(&scene.slack.file(id).unwrap()[..], expected.as_bytes());
    }
    assert_eq!(outputs["channelId"], ORDERS);
    assert_eq!(outputs["ts"], Value::Null, "Slack does not tell it yet");
}

#[tokio::test]
async fn half_an_upload_is_nobodys_message() {
    let inputs = json!({"channelId": ORDERS, "text": "a", "files": inline("a.txt", b"abc")});
    for (step, fault, expected) in [
        (
            "files.getUploadURLExternal",
            Fault::Status(503),
            "transient UNKNOWN_ERROR: files.getUploadURLExternal answered 503",
        ),
        ("upload", Fault::HangUp, "transient UNKNOWN_ERROR: the upload: http://"),
        ("upload", Fault::Status(500), "transient UNKNOWN_ERROR: the upload answered 500"),
        ("upload", Fault::Status(400), "permanent UNKNOWN_ERROR: the upload answered 400"),
        (
            "files.completeUploadExternal",
            Fault::Error("file_not_found".to_owned()),
            "business INVALID_INPUT: Slack refuses files.completeUploadExternal: file_not_found",
        ),
        (
            "files.completeUploadExternal",
            Fault::HangUp,
            "permanent UNKNOWN_ERROR: files.completeUploadExternal: http://",
        ),
    ] {
        let scene = Scene::start().await;
        scene.slack.fail(step, fault);
        let told = scene.failure("SEND_MESSAGE", &inputs).await;
        assert!(told.starts_with(expected), "{step}: {told}");
        assert!(scene.slack.messages("orders").is_empty());
    }
}

#[tokio::test]
async fn an_upload_that_broke_off_begins_again() {
    let scene = Scene::start().await.with("RETRY_MAX_ATTEMPTS", "3");
    scene.slack.fail("upload", Fault::HangUp);
    scene.slack.fail("upload", Fault::RateLimited(1));
    let inputs = json!({"channelId": ORDERS, "files": inline("a.txt", b"abc")});
    let outputs = scene.outputs("SEND_MESSAGE", &inputs).await;
    let id = outputs["files"][0]["id"].as_str().unwrap();
    assert_eq!(&scene.slack.file(id).unwrap()[..], b"abc");
    assert_eq!(scene.slack.messages("orders").len(), 1);
}

#[tokio::test]
async fn a_file_that_cannot_be_had_is_named_and_slack_not_called() {
    let scene = Scene::start().await.with("FILE_BYTES_MAX", "10");
    for (file, expected) in [
        (inline("empty.txt", b""), "`files`: `empty.txt` is empty, which Slack does not take"),
        (
            inline("big.txt", b"eleven bytes"),
            "`files`: `big.txt`: larger than 10 bytes, the limit of FILE_BYTES_MAX",
        ),
        (
            json!("file:///nowhere/a.txt"),
            "`files`: `file:///nowhere/a.txt`: is in no place that FILES_URL",
        ),
        (json!({"nodeId": "7"}), "`files`: `file`: has only a `nodeId`"),
    ] {
        let told =
            scene.failure("SEND_MESSAGE", &json!({"channelId": ORDERS, "files": file})).await;
        assert!(told.starts_with(&format!("business INVALID_INPUT: {expected}")), "{file}: {told}");
    }
    assert!(scene.slack.calls().is_empty());
    let url = format!("{}/nothing", scene.slack.url());
    let told = scene.failure("SEND_MESSAGE", &json!({"channelId": ORDERS, "files": url})).await;
    assert!(told.starts_with("business INVALID_INPUT: `files`: "), "{told}");
    assert!(told.ends_with("not there"), "{told}");
}

#[tokio::test]
async fn files_are_read_where_they_are() {
    let scene = Scene::start().await;
    let folder = std::env::temp_dir().join(format!("slack-files-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|it| it.to_le_bytes()[0]).collect();
    std::fs::write(folder.join("big.bin"), &bytes).unwrap();
    let place = format!("file://{}", folder.display());
    let scene = scene.with("FILES_URL", &place);
    let inputs = json!({"channelId": "C0ORDERS01,C0GENERAL1", "files": format!("{place}/big.bin"), "text": "a"});
    let outputs = scene.outputs("UPLOAD_FILE", &inputs).await;
    std::fs::remove_dir_all(&folder).unwrap();
    let id = outputs["files"][0]["id"].as_str().unwrap();
    assert!(scene.slack.file(id).unwrap() == bytes);
    let channels: Vec<_> =
        outputs["messages"].as_array().unwrap().iter().map(|it| it["channelId"].clone()).collect();
    assert_eq!(channels, ["C0ORDERS01", "C0GENERAL1"]);
    assert_eq!(scene.slack.messages("general")[0].text, "a");
}

#[tokio::test]
async fn a_file_may_stay_with_the_app() {
    let scene = Scene::start().await;
    let outputs = scene.outputs("UPLOAD_FILE", &json!({"files": "data:text/plain,hi"})).await;
    assert_eq!((&outputs["messages"], &outputs["channelId"]), (&json!([]), &Value::Null));
    let told = scene.failure("UPLOAD_FILE", &json!({"files": []})).await;
    assert_eq!(told, "business MISSING_INPUT: `files` holds no file");
    let told = scene.failure("SEND_MESSAGE", &json!({"channelId": ORDERS, "files": "data:,hi", "scheduledAt": "2030-01-01T00:00:00Z"})).await;
    assert_eq!(told, "business INVALID_INPUT: `files` can be neither scheduled nor ephemeral");
    let inputs = json!({"channelId": ORDERS, "files": [], "text": "no files"});
    scene.outputs("SEND_MESSAGE", &inputs).await;
    assert_eq!(scene.slack.messages("orders")[0].text, "no files");
}

#[tokio::test]
async fn what_does_not_go_with_files_is_told() {
    let scene = Scene::start().await;
    let inputs = json!({
        "channelId": "C0ORDERS01,C0NOWHERE1", "channelName": "", "files": "data:text/plain,hi", "text": "a", "mrkdwn": true,
        "attachments": [{"text": "a"}], "blocks": [{"type": "divider"}],
    });
    let told = scene.failure("SEND_MESSAGE", &inputs).await;
    assert!(told.starts_with("business CHANNEL_NOT_FOUND"), "{told}");
    let mut inputs = inputs;
    inputs["channelId"] = json!([ORDERS, "#nowhere"]);
    let told = scene.invoke("SEND_MESSAGE", &inputs).await;
    assert_eq!(
        told.warnings(),
        "`text` is not shown where there are `blocks` and `files`; `attachments` are not sent with `files`; a message with `files` has no `mrkdwn`"
    );
    let messages = &told.success()["messages"];
    assert_eq!(messages[0]["channelId"], ORDERS);
    assert!(messages[1]["error"].as_str().unwrap().starts_with("CHANNEL_NOT_FOUND"), "{messages}");
}
