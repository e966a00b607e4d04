//! What goes wrong at each step of a conversation: silence, loss, refusal.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    mail, send,
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

/// Every step from the greeting to the end of the mail, up to which it is tried again.
fn check_every(act: Act, what: &str) {
    for (moment, step, code) in [
        ("GREETING", "greeting", "EMAIL_CONNECTION_ERROR"),
        ("EHLO", "EHLO", "EMAIL_CONNECTION_ERROR"),
        ("MAIL", "MAIL", "EMAIL_SEND_ERROR"),
        ("RCPT", "RCPT", "EMAIL_SEND_ERROR"),
        ("DATA", "DATA", "EMAIL_SEND_ERROR"),
    ] {
        check(moment, act, &format!("transient {code}: 127.0.0.1:PORT: {step}: {what}"), 0);
    }
    let expected = format!("permanent EMAIL_SEND_ERROR: 127.0.0.1:PORT: end of mail: {what}{MAY}");
    check("END", act, &expected, 0);
}

#[test]
fn silence_at_every_step_ends_in_the_configured_time() {
    check_every(Act::Hang, SILENT);
}

#[test]
fn a_connection_lost_at_any_step_is_tried_again_until_the_mail_is_on_its_way() {
    check_every(Act::Close, "the server closed the connection");
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
fn silence_takes_as_long_as_configured_and_no_longer() {
    let server = Smtp::acting("MAIL", ALWAYS, Act::Hang);
    let start = Instant::now();
    send(&server, &mail(json!({})), &[("EMAIL_TIMEOUT", "2s")]).failure(&server);
    let elapsed = start.elapsed();
    assert!(elapsed >= Duration::from_secs(2), "{elapsed:?}");
}
