//! A running connector: kept connections, rate limits, SpiffArena's own command, the older way of failing.

use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use support::Service;

use crate::{
    CONNECTOR, in_clear, mail,
    smtp::{ALWAYS, Act, Script, Smtp},
};

pub(crate) use support::until;

/// The connector, until it is dropped.
pub(crate) struct Running(Service);

impl Running {
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        Self(CONNECTOR.serve(settings))
    }

    pub(crate) fn with(server: &Smtp, settings: &[(&str, &str)]) -> Self {
        Self::start(&in_clear(&server.port(), settings))
    }

    /// What the command answers.
    fn call(&self, command: &str, input: &Value) -> Value {
        self.0.call(command, input)
    }

    pub(crate) fn send(&self, input: &Value) -> Value {
        self.call("email-connector/SEND", input)
    }

    /// What it has logged since it started.
    pub(crate) fn log(&self) -> String {
        self.0.log()
    }

    /// The most that it ever had in memory, in bytes (`proc_pid_status(5)`).
    pub(crate) fn memory_peak(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let peak = status.lines().find_map(|it| it.strip_prefix("VmHWM:")).unwrap();
        peak.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
    }
}

#[test]
fn a_connection_is_kept_for_the_next_mail_and_said_goodbye_to() {
    let server = Smtp::plain();
    let running = Running::with(&server, &[("EMAIL_IDLE", "1s")]);
    for _ in 0..3 {
        assert_eq!(running.send(&mail(json!({})))["error"], Value::Null);
    }
    assert_eq!(server.seen().connections, 1);
    until("QUIT", || server.seen().lines.last().is_some_and(|it| it == "QUIT"));
    assert_eq!(running.send(&mail(json!({})))["error"], Value::Null);
    assert_eq!((server.seen().connections, server.seen().mails.len()), (2, 4));
}

#[test]
fn a_kept_connection_that_the_server_has_closed_costs_no_mail() {
    let server = Smtp::acting("MAIL", 0, Act::Close);
    let running = Running::with(&server, &[]);
    running.send(&mail(json!({})));
    // Closed between two mails, and with a word about it.
    for act in [Act::Close, Act::SayAndClose("421 idle for too long")] {
        server.act_once("MAIL", act);
        let answer = running.send(&mail(json!({})));
        assert_eq!(answer["error"], Value::Null, "{answer}");
    }
    assert_eq!(server.seen().mails.len(), 3);
}

#[test]
fn a_refused_mail_leaves_the_connection_for_the_next() {
    let acts = vec![
        ("RCPT TO:<nobody@", ALWAYS, Act::Say("550 no")),
        ("MAIL FROM:<spam@", ALWAYS, Act::Say("550 no")),
    ];
    for extensions in [vec![], vec!["PIPELINING"]] {
        let server = Smtp::start(Script { acts: acts.clone(), extensions, ..Script::default() });
        let running = Running::with(&server, &[]);
        for input in [json!({ "to": "nobody@example.org" }), json!({ "from": "spam@example.org" })]
        {
            let answer = running.send(&mail(input));
            assert_eq!(answer["error"]["error_code"], "EMAIL_SEND_ERROR", "{answer}");
            assert_eq!(answer["command_response"]["http_status"], 400, "{answer}");
        }
        assert_eq!(running.send(&mail(json!({})))["error"], Value::Null);
        let seen = server.seen();
        assert_eq!((seen.connections, seen.mails.len()), (1, 1), "{:?}", seen.lines);
    }
}

#[test]
fn mails_keep_the_rate_and_waiting_is_no_failure() {
    let server = Smtp::plain();
    let running = Running::with(&server, &[("EMAIL_RATE", "5/s")]);
    let start = Instant::now();
    for _ in 0..4 {
        assert_eq!(running.send(&mail(json!({})))["error"], Value::Null);
    }
    assert!(start.elapsed() >= Duration::from_millis(600), "{:?}", start.elapsed());
}

#[test]
fn a_rate_that_would_keep_somebody_waiting_for_too_long_is_transient() {
    let server = Smtp::plain();
    let running = Running::with(&server, &[("EMAIL_RATE", "1/h"), ("RATE_WAIT_MAX", "1s")]);
    running.send(&mail(json!({})));
    let answer = running.send(&mail(json!({})));
    assert_eq!(answer["error"]["error_code"], "EMAIL_SEND_ERROR", "{answer}");
    assert_eq!(answer["command_response"]["http_status"], 503);
    assert_eq!(server.seen().mails.len(), 1);
}

#[test]
fn the_older_way_of_failing_is_an_output() {
    let server = Smtp::acting("RCPT", ALWAYS, Act::Say("550 5.1.1 nobody"));
    let running = Running::with(&server, &[("ERROR_MODE", "output")]);
    let answer = running.send(&mail(json!({})));
    let body = &answer["command_response"]["body"];
    let text = body["email.error"].as_str().unwrap();
    assert!(text.ends_with("RCPT ada@example.org: 550 5.1.1 nobody"), "{text}");
    assert_eq!(body["rejected"][0]["code"], 550);
    let answer = running.send(&json!({ "from": "a@example.org" }));
    let body = &answer["command_response"]["body"];
    assert_eq!(body["email.error"], "MISSING_INPUT: `to` is missing");
}

#[test]
fn one_request_id_is_one_message_id() {
    let server = Smtp::plain();
    let running = Running::with(&server, &[]);
    for id in ["7c1d", "not fit for a mail: <ü>"] {
        let input = mail(json!({ "spiff__task_id": id }));
        let ids: Vec<_> = (0..2)
            .map(|_| running.send(&input)["command_response"]["body"]["messageId"].clone())
            .collect();
        assert_eq!(ids[0], ids[1], "{id}");
        assert!(ids[0].as_str().unwrap().ends_with("@example.org>"), "{id}");
    }
}

/// The parameters of SpiffArena's own command.
fn arena(server: &Smtp, more: Value) -> Value {
    let port: u16 = server.port().parse().unwrap();
    let mut input = json!({
        "smtp_host": "127.0.0.1", "smtp_port": port, "email_subject": "S", "email_body": "B",
        "email_to": "a@x.org, \"N\" <b@x.org>", "email_from": "c@x.org",
    });
    let Value::Object(more) = more else { panic!("parameters are an object") };
    input.as_object_mut().unwrap().extend(more);
    input
}

#[test]
fn spiffarenas_own_command_answers_as_the_original_does() {
    let server = Smtp::plain();
    let running = Running::start(&[]);
    let answer = running.call("smtp/SendEmail", &arena(&server, json!({})));
    assert_eq!(answer["command_response"]["body"], "{}", "{answer}");
    assert_eq!(answer["error"], Value::Null);
    assert_eq!(server.mail().to, ["a@x.org", "b@x.org"]);
}

#[test]
fn spiffarenas_own_command_fails_with_the_originals_codes() {
    let running = Running::start(&[]);
    let check = |server: &Smtp, more: Value, code: &str, status: u16| {
        let answer = running.call("smtp/SendEmail", &arena(server, more));
        assert_eq!(answer["error"]["error_code"], code, "{answer}");
        assert_eq!(answer["command_response"]["http_status"], status, "{answer}");
    };
    let refusing = |moment, reply| Smtp::acting(moment, ALWAYS, Act::Say(reply));
    check(&Smtp::plain(), json!({ "smtp_port": 1 }), "ConnectionRefusedError", 503);
    check(&Smtp::plain(), json!({ "smtp_host": "no.such.host.invalid" }), "gaierror", 503);
    check(&Smtp::plain(), json!({ "smtp_starttls": true }), "SMTPNotSupportedError", 400);
    check(&refusing("RCPT", "550 no"), json!({}), "SMTPRecipientsRefused", 400);
    check(&refusing("RCPT", "450 later"), json!({}), "SMTPRecipientsRefused", 503);
    check(&refusing("MAIL", "550 no"), json!({}), "SMTPSenderRefused", 400);
    check(&refusing("DATA", "554 no"), json!({}), "SMTPDataError", 400);
    check(&refusing("END", "451 later"), json!({}), "SMTPDataError", 503);
    check(&refusing("EHLO", "554 no"), json!({}), "SMTPHeloError", 400);
    check(&refusing("GREETING", "554 no"), json!({}), "SMTPConnectError", 400);
    check(&Smtp::acting("EHLO", ALWAYS, Act::Close), json!({}), "SMTPServerDisconnected", 503);
    let login = json!({ "smtp_user": "u", "smtp_password": "p" });
    let acts = vec![("AUTH", ALWAYS, Act::Say("535 no"))];
    let server = Smtp::start(Script { acts, extensions: vec!["AUTH PLAIN"], ..Script::default() });
    check(&server, login, "SMTPAuthenticationError", 401);
    check(&server, json!({ "email_subject": "S\r\nBcc: x@y.org" }), "ValueError", 400);
    check(&server, json!({ "email_to": "x@y.org\r\nBcc: x@y.org" }), "ValueError", 400);
    check(&server, json!({ "extra": 1 }), "TypeError", 500);
}
