//! Servers that are silent, full, rude or gone: the documented code, a text that names the culprit, nothing twice.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    mail, run, send,
    smtp::{ALWAYS, Act, Script, Smtp},
};

const SILENT: &str = "no answer within 300ms (EMAIL_TIMEOUT)";
const MAY: &str = "; the mail may have been sent: a second one would have the same Message-ID";

/// One thing goes wrong; what the process is told, and how many mails were taken.
fn check(moment: &'static str, act: Act, expected: &str, n_mails: usize) {
    let server = Smtp::acting(moment, ALWAYS, act);
    let login =
        [("EMAIL_USERNAME", "u"), ("EMAIL_PASSWORD", "S3CR3T"), ("EMAIL_SMTP_AUTH", "false")];
    let mut settings = vec![("EMAIL_TIMEOUT", "300ms")];
    settings.extend(login);
    // Enough for more than one piece on its way.
    let text = "x".repeat(70) + "\n";
    let told = send(&server, &mail(json!({ "text": text.repeat(4000) })), &settings);
    assert_eq!(told.failure(&server), expected, "{moment} {act:?}");
    assert_eq!(server.seen().mails.len(), n_mails, "{moment} {act:?}");
    assert!(!told.log.contains("S3CR3T") && !told.log.contains("ada@"), "{}", told.log);
}

#[test]
fn silence_at_every_step_ends_in_the_configured_time() {
    for (moment, step, code) in [
        ("GREETING", "greeting", "EMAIL_CONNECTION_ERROR"),
        ("EHLO", "EHLO", "EMAIL_CONNECTION_ERROR"),
        ("MAIL", "MAIL", "EMAIL_SEND_ERROR"),
        ("RCPT", "RCPT", "EMAIL_SEND_ERROR"),
        ("DATA", "DATA", "EMAIL_SEND_ERROR"),
    ] {
        let expected = format!("transient {code}: 127.0.0.1:PORT: {step}: {SILENT}");
        check(moment, Act::Hang, &expected, 0);
    }
    let expected =
        format!("permanent EMAIL_SEND_ERROR: 127.0.0.1:PORT: end of mail: {SILENT}{MAY}");
    check("END", Act::Hang, &expected, 0);
}

#[test]
fn a_connection_lost_at_any_step_is_tried_again_until_the_mail_is_on_its_way() {
    let closed = "the server closed the connection";
    for (moment, step, code) in [
        ("GREETING", "greeting", "EMAIL_CONNECTION_ERROR"),
        ("EHLO", "EHLO", "EMAIL_CONNECTION_ERROR"),
        ("MAIL", "MAIL", "EMAIL_SEND_ERROR"),
        ("RCPT", "RCPT", "EMAIL_SEND_ERROR"),
        ("DATA", "DATA", "EMAIL_SEND_ERROR"),
    ] {
        let expected = format!("transient {code}: 127.0.0.1:PORT: {step}: {closed}");
        check(moment, Act::Close, &expected, 0);
    }
    let expected =
        format!("permanent EMAIL_SEND_ERROR: 127.0.0.1:PORT: end of mail: {closed}{MAY}");
    check("END", Act::Close, &expected, 0);
}

/// Where the conversation has more steps: encryption, login, more of a mail than fits into the sockets.
fn check_more(moment: &'static str, act: Act, expected: &str) {
    let extensions = vec!["STARTTLS", "AUTH LOGIN"];
    let server =
        Smtp::start(Script { acts: vec![(moment, ALWAYS, act)], extensions, ..Script::default() });
    let tls = if moment == "STARTTLS" { "starttls" } else { "none" };
    let login = [("EMAIL_USERNAME", "u"), ("EMAIL_PASSWORD", "S3CR3T")];
    let settings = [&[("EMAIL_TIMEOUT", "300ms"), ("EMAIL_TLS", tls)], &login[..]].concat();
    let octets = "A".repeat(20_000_000);
    let file =
        json!({ "name": "a", "uri": format!("data:application/octet-stream;base64,{octets}") });
    let (input, settings) = match moment {
        "BODY" => (json!({ "attachments": file }), &settings[..2]),
        _ => (json!({}), &settings[..]),
    };
    let told = send(&server, &mail(input), settings).failure(&server);
    assert!(told.starts_with(expected), "{moment} {act:?}: {told}");
    assert_eq!(server.seen().mails.len(), 0);
}

#[test]
fn so_do_encryption_login_and_the_middle_of_a_mail() {
    for (moment, step, code) in [
        ("STARTTLS", "STARTTLS", "EMAIL_CONNECTION_ERROR"),
        ("AUTH", "AUTH", "EMAIL_CONNECTION_ERROR"),
        ("BODY", "sending", "EMAIL_SEND_ERROR"),
    ] {
        let expected = format!("transient {code}: 127.0.0.1:PORT: {step}: ");
        check_more(moment, Act::Hang, &format!("{expected}{SILENT}"));
        check_more(moment, Act::Close, &expected);
    }
    // It agrees to encrypt, and then says nothing.
    let expected = format!("transient EMAIL_CONNECTION_ERROR: 127.0.0.1:PORT: TLS: {SILENT}");
    check_more("STARTTLS", Act::SayAndHang("220 go"), &expected);
}

#[test]
fn refusals_have_their_code_and_the_servers_words() {
    for (moment, reply, expected) in [
        (
            "GREETING",
            "421 too busy",
            "transient EMAIL_CONNECTION_ERROR: 127.0.0.1:PORT: greeting: 421 too busy",
        ),
        (
            "GREETING",
            "554 no",
            "permanent EMAIL_CONNECTION_ERROR: 127.0.0.1:PORT: greeting: 554 no",
        ),
        (
            "GREETING",
            "HTTP/1.1 400",
            "permanent EMAIL_CONNECTION_ERROR: 127.0.0.1:PORT: greeting: this is no SMTP server: `HTTP/1.1 400`",
        ),
        (
            "MAIL",
            "452 4.3.1 server full",
            "transient EMAIL_SEND_ERROR: 127.0.0.1:PORT: MAIL: 452 4.3.1 server full",
        ),
        ("MAIL", "550 not you", "business EMAIL_SEND_ERROR: 127.0.0.1:PORT: MAIL: 550 not you"),
        (
            "RCPT",
            "450 4.2.0 greylisted",
            "transient EMAIL_SEND_ERROR: 127.0.0.1:PORT: RCPT ada@example.org: 450 4.2.0 greylisted",
        ),
        (
            "RCPT",
            "550 nobody",
            "business EMAIL_SEND_ERROR: 127.0.0.1:PORT: RCPT ada@example.org: 550 nobody",
        ),
        ("DATA", "421 closing", "transient EMAIL_SEND_ERROR: 127.0.0.1:PORT: DATA: 421 closing"),
        ("DATA", "554 no", "business EMAIL_SEND_ERROR: 127.0.0.1:PORT: DATA: 554 no"),
        (
            "END",
            "452 disk full",
            "transient EMAIL_SEND_ERROR: 127.0.0.1:PORT: end of mail: 452 disk full",
        ),
        ("END", "554 spam", "business EMAIL_SEND_ERROR: 127.0.0.1:PORT: end of mail: 554 spam"),
    ] {
        check(moment, Act::Say(reply), expected, 0);
    }
}

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

#[test]
fn silence_takes_as_long_as_configured_and_no_longer() {
    let server = Smtp::acting("MAIL", ALWAYS, Act::Hang);
    let start = Instant::now();
    send(&server, &mail(json!({})), &[("EMAIL_TIMEOUT", "2s")]).failure(&server);
    let elapsed = start.elapsed();
    assert!(elapsed >= Duration::from_secs(2), "{elapsed:?}");
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
