//! Bad input and bad weather: the documented code, a text that names the culprit, nothing twice.

use serde_json::{Value, json};

use crate::{
    mail, run, send,
    smtp::{ALWAYS, Act, Script, Smtp},
};

#[test]
fn a_server_that_closes_in_the_middle_of_the_mail_has_not_taken_it() {
    let server = Smtp::acting("BODY", ALWAYS, Act::SayAndClose("421 4.3.2 shutting down"));
    let octets = "A".repeat(20_000_000);
    let file =
        json!({ "name": "a.bin", "uri": format!("data:application/octet-stream;base64,{octets}") });
    let told = send(&server, &mail(json!({ "attachments": file })), &[]);
    let told = told.failure(&server);
    assert!(told.starts_with("transient EMAIL_SEND_ERROR: 127.0.0.1:PORT: sending: "), "{told}");
    assert_eq!(server.seen().mails.len(), 0);
}

#[test]
fn what_is_transient_is_tried_again_with_the_same_mail() {
    let server = Smtp::acting("MAIL", 2, Act::SayAndClose("421 later"));
    let outputs = send(&server, &mail(json!({})), &[("RETRY_MAX_ATTEMPTS", "3")]).success();
    assert_eq!(server.mail().to, ["ada@example.org"]);
    assert_eq!(server.seen().connections, 3);
    assert_eq!(outputs["serverReply"], "250 taken as 4711");
}

#[test]
fn what_may_have_been_sent_is_not_sent_again() {
    let server = Smtp::acting("END", 1, Act::Close);
    let told = send(&server, &mail(json!({})), &[("RETRY_MAX_ATTEMPTS", "3")]);
    assert!(told.failure(&server).starts_with("permanent EMAIL_SEND_ERROR"));
    assert_eq!(server.seen().connections, 1);
}

#[test]
fn what_may_have_been_sent_is_sent_again_with_the_same_message_id_where_that_is_wanted() {
    let server = Smtp::acting("END", 1, Act::TakeAndClose);
    let settings = [("RETRY_MAX_ATTEMPTS", "3"), ("EMAIL_IN_DOUBT", "resend")];
    let outputs = send(&server, &mail(json!({})), &settings).success();
    let mails = server.seen().mails;
    assert_eq!((mails.len(), server.seen().connections), (2, 2));
    let ids = [&mails[0], &mails[1]].map(|it| crate::parsed(it).message_id().unwrap().to_owned());
    assert_eq!(ids[0], ids[1]);
    assert_eq!(outputs["messageId"], format!("<{}>", ids[0]));
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let server = Smtp::plain();
    let told = send(&server, &mail(json!({})), &[("EMAIL_PORT", "1")]).failure(&server);
    assert!(
        told.starts_with("transient EMAIL_CONNECTION_ERROR: 127.0.0.1:1: connecting: "),
        "{told}"
    );
    let told = send(&server, &mail(json!({})), &[("EMAIL_HOST", "no.such.host.invalid")]);
    let told = told.failure(&server);
    let expected =
        "transient EMAIL_CONNECTION_ERROR: no.such.host.invalid:PORT: looking the name up: ";
    assert!(told.starts_with(expected), "{told}");
}

fn three(acts: Vec<(&'static str, usize, Act)>, settings: &[(&str, &str)]) -> (Smtp, crate::Told) {
    let server = Smtp::start(Script { acts, extensions: vec!["PIPELINING"], ..Script::default() });
    let to = json!({ "to": ["a@example.org", "b@example.org", "c@example.org"] });
    let told = send(&server, &mail(to), settings);
    (server, told)
}

#[test]
fn some_recipients_refused_the_others_get_it() {
    let acts = vec![("RCPT TO:<b@", ALWAYS, Act::Say("550 5.1.1 nobody"))];
    let (server, told) = three(acts, &[]);
    let outputs = told.success();
    assert_eq!(server.mail().to, ["a@example.org", "c@example.org"]);
    assert_eq!(outputs["accepted"], json!(["a@example.org", "c@example.org"]));
    let refused = json!([{ "address": "b@example.org", "code": 550, "text": "5.1.1 nobody" }]);
    assert_eq!(outputs["rejected"], refused);
    assert_eq!(outputs["warnings"], json!(["1 of 3 recipients were refused, see `rejected`"]));
}

#[test]
fn with_email_partial_fail_nobody_gets_it_unless_all_do() {
    let acts = vec![("RCPT TO:<b@", ALWAYS, Act::Say("550 5.1.1 nobody"))];
    let (server, told) = three(acts, &[("EMAIL_PARTIAL", "fail")]);
    let expected =
        "business EMAIL_SEND_ERROR: 127.0.0.1:PORT: RCPT b@example.org: 550 5.1.1 nobody";
    assert_eq!(told.failure(&server), expected);
    assert_eq!(server.seen().mails.len(), 0);
}

#[test]
fn a_greylisted_recipient_is_tried_again_alone_with_the_same_message_id() {
    let acts = vec![("RCPT TO:<b@", 1, Act::Say("450 4.2.0 greylisted"))];
    let (server, told) = three(acts, &[]);
    let outputs = told.success();
    let mails = server.seen().mails;
    assert_eq!(mails[0].to, ["a@example.org", "c@example.org"]);
    assert_eq!(mails[1].to, ["b@example.org"]);
    assert_eq!(mails[0].octets, mails[1].octets);
    assert_eq!(outputs["rejected"], json!([]));
    assert_eq!(outputs["accepted"].as_array().unwrap().len(), 3);
}

#[test]
fn who_stays_greylisted_is_told_in_the_end() {
    let acts = vec![("RCPT TO:<b@", ALWAYS, Act::Say("450 4.2.0 greylisted"))];
    let (server, told) = three(acts, &[]);
    let outputs = told.success();
    assert_eq!(server.seen().mails.len(), 1);
    let refused = json!([{ "address": "b@example.org", "code": 450, "text": "4.2.0 greylisted" }]);
    assert_eq!(outputs["rejected"], refused);
}

#[test]
fn a_line_break_or_a_protected_header_never_reaches_the_server() {
    let server = Smtp::plain();
    let check = |input: Value, expected: &str| {
        let told = send(&server, &mail(input), &[]).failure(&server);
        assert_eq!(told, format!("business INVALID_INPUT: {expected}"));
    };
    check(
        json!({ "subject": "Hi\r\nBcc: x@y.org" }),
        "`subject` has a line break or another control character",
    );
    check(
        json!({ "to": "a@b.org\r\nRCPT TO:<x@y.org>" }),
        "`to`: `a@b.org\\r\\nRCPT TO:<x@y.org>` has a line break or another control character",
    );
    check(
        json!({ "from": "x\n <a@b.org>" }),
        "`from`: `x\\n <a@b.org>` has a line break or another control character",
    );
    check(
        json!({ "headers": { "X-A": "x\r\nBcc: y@z" } }),
        "`headers`: `X-A` has a line break or another control character",
    );
    check(
        json!({ "headers": { "bcc": "y@z" } }),
        "`headers`: `bcc` is protected; the input `bcc` sets it",
    );
    check(
        json!({ "messageId": "<a@b>\r\nX: y" }),
        "`messageId`: `<a@b>\\r\\nX: y` is no message id, e.g. <4711@example.org>",
    );
    check(
        json!({ "inline": { "a\r\nb": "data:,x" } }),
        "`inline`: `a\\r\\nb` is no content id, e.g. logo",
    );
    check(json!({ "charset": "utf-9" }), "`charset`: `utf-9` is no charset; UTF-8 fits everything");
    assert_eq!(server.seen().connections, 0);
}

#[test]
fn nobody_to_send_to_and_nobody_to_send_from_are_missing_inputs() {
    let server = Smtp::plain();
    let check = |input: Value, expected: &str| {
        let told = send(&server, &input, &[]).failure(&server);
        assert_eq!(told, format!("business MISSING_INPUT: {expected}"));
    };
    check(json!({ "from": "a@example.org" }), "`to` is missing");
    check(mail(json!({ "to": [] })), "`to` is missing: there is no address in it");
    check(json!({ "to": "a@example.org" }), "`from` is missing, and EMAIL_FROM names nobody");
    assert_eq!(server.seen().connections, 0);
}

#[test]
fn files_that_are_too_large_or_not_there_stop_the_mail_before_the_server_is_called() {
    let server = Smtp::plain();
    let octets = "A".repeat(2_000_000);
    let data = format!("data:application/octet-stream;base64,{octets}");
    let check = |input: Value, settings: &[(&str, &str)], expected: &str| {
        let told = send(&server, &mail(input), settings).failure(&server);
        assert_eq!(told, expected);
    };
    check(
        json!({ "attachments": [{ "name": "a", "uri": data }, { "name": "b", "uri": data }] }),
        &[("EMAIL_BYTES_MAX", "2MB")],
        "business INVALID_INPUT: `attachments`: the files of the mail are larger than 2000000 bytes, the limit of EMAIL_BYTES_MAX",
    );
    check(
        json!({ "attachments": { "name": "a.bin", "uri": data } }),
        &[("FILE_BYTES_MAX", "1MB")],
        "business INVALID_INPUT: `attachments`: `a.bin`: larger than 1000000 bytes, the limit of FILE_BYTES_MAX",
    );
    let folder = std::env::temp_dir().join(format!("email-files-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let url = format!("file://{}", folder.display());
    check(
        json!({ "attachments": format!("{url}/nothing.pdf") }),
        &[("FILES_URL", &url)],
        &format!("business NOT_FOUND: `attachments`: `{url}/nothing.pdf`: not there"),
    );
    // Sparse: as large as the issue says, without a byte on the disk.
    let file = std::fs::File::create(folder.join("large.bin")).unwrap();
    file.set_len(60 * 1024 * 1024).unwrap();
    check(
        json!({ "attachments": format!("{url}/large.bin") }),
        &[("FILES_URL", &url), ("EMAIL_BYTES_MAX", "100MB")],
        &format!(
            "business INVALID_INPUT: `attachments`: `{url}/large.bin`: larger than 52428800 bytes, the limit of FILE_BYTES_MAX"
        ),
    );
    let input = mail(json!({ "attachments": format!("{url}/large.bin") }));
    let settings =
        [("FILES_URL", url.as_str()), ("EMAIL_BYTES_MAX", "100MB"), ("FILE_BYTES_MAX", "100MB")];
    assert_eq!(server.seen().connections, 0);
    send(&server, &input, &settings).success();
    assert_eq!(
        crate::parsed(&server.mail()).attachment(0).unwrap().contents().len(),
        60 * 1024 * 1024
    );
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn references_that_nobody_can_follow_say_what_to_do() {
    let server = Smtp::plain();
    let check = |input: Value, expected: &str| {
        let told = send(&server, &mail(input), &[]).failure(&server);
        assert!(told.starts_with("business INVALID_INPUT: ") && told.contains(expected), "{told}");
    };
    check(json!({ "attachments": [{ "nodeId": "4711" }] }), "content service");
    check(json!({ "nodeId": "4711" }), "`nodeId` refers to a content service");
    check(json!({ "files": "spiff:digest:4711" }), "`files`");
}

#[test]
fn ten_thousand_recipients_are_sent_to_in_as_many_mails_as_the_server_wants() {
    // Takes a hundred at a time, as the standard demands at least.
    let extensions = vec!["PIPELINING"];
    let server = Smtp::start(Script { recipients_max: 100, extensions, ..Script::default() });
    let to: Vec<_> = (0..10_000).map(|it| format!("r{it}@example.org")).collect();
    let outputs = send(&server, &mail(json!({ "to": to })), &[]).success();
    assert_eq!(outputs["accepted"].as_array().unwrap().len(), 10_000);
    assert_eq!(server.seen().mails.len(), 100);
    assert_eq!(server.seen().connections, 1);
    let sent: usize = server.seen().mails.iter().map(|it| it.to.len()).sum();
    assert_eq!(sent, 10_000);
    let more: Vec<_> = (0..10_001).map(|it| format!("r{it}@example.org")).collect();
    let told = send(&server, &mail(json!({ "to": more })), &[]).failure(&server);
    assert_eq!(told, "business INVALID_INPUT: `to`: has more than 10000 addresses");
}

#[test]
fn no_server_is_told_with_the_settings_to_use() {
    let told = run(&["invoke", "SEND", "--input", "-"], &mail(json!({})), &[]);
    assert_eq!(
        told.outputs["error"]["message"],
        "there is no mail server: set EMAIL_HOST or EMAIL_SERVERS"
    );
}
