//! The email connector against a real Postfix, whose mails are fetched back from a real Dovecot.

mod killed;

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mail_parser::{Address, HeaderValue, Message, MessageParser, MimeHeaders};
use serde_json::{Value, json};

use crate::{
    peers,
    scene::Scene,
    stack::{MailServer, SECRET, eventually},
};

const EMAIL: &str = "email-connector";

/// The settings of a connector that reaches the server at `port`.
fn settings(server: &MailServer, port: u16, tls: &str) -> Vec<(&'static str, String)> {
    vec![
        ("EMAIL_HOST", "localhost".to_owned()),
        ("EMAIL_PORT", port.to_string()),
        ("EMAIL_TLS", tls.to_owned()),
        ("EMAIL_CA_FILE", server.certificates.path("authority.pem")),
        ("EMAIL_USERNAME", "jane@example.org".to_owned()),
        ("EMAIL_PASSWORD", MailServer::PASSWORD.to_owned()),
        ("EMAIL_FROM", "Shop <orders@example.org>".to_owned()),
    ]
}

async fn scene(settings: &[(&'static str, String)]) -> Scene {
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Scene::of(EMAIL, &settings).await
}

async fn fetch(server: &MailServer, user: &str) -> Vec<Vec<u8>> {
    let user = format!("{user}@example.org");
    peers::mails(server.ports().imap, &user, MailServer::PASSWORD).await
}

/// The user's only mail, once it is there.
async fn arrived(server: &MailServer, user: &str) -> Vec<u8> {
    eventually("the mail is in its mailbox", async || {
        let mails = fetch(server, user).await;
        assert!(mails.len() <= 1, "{} mails", mails.len());
        mails.into_iter().next()
    })
    .await
}

fn parse(mail: &[u8]) -> Message<'_> {
    MessageParser::default().parse(mail).expect("a mail")
}

/// Name and address of each.
fn people(addresses: Option<&Address<'_>>) -> Vec<(String, String)> {
    let people = addresses.into_iter().flat_map(Address::iter);
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    people.map(|it| (text(it.name()), text(it.address()))).collect()
}

fn file(name: &str, media: &str, bytes: &[u8]) -> Value {
    let uri = format!("data:{media};base64,{}", STANDARD.encode(bytes));
    json!({"name": name, "uri": uri, "content": {"mimeType": media, "sizeInBytes": bytes.len()}})
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_sent_part_by_part() {
    let Some(server) = MailServer::private().await else { return };
    let scene = scene(&settings(&server, server.ports().starttls, "starttls")).await;
    let subject =
        "Ihre Bestellung № 42 – Größe „XL“, bezahlt über 1 234,56 €, geliefert am Mittwoch";
    let text = "Guten Tag,\r\n.\r\n..ein Punkt am Anfang bleibt einer.\r\nFrom hier an: größer 😀";
    let html = "<p>Guten <b>Tag</b> – größer 😀</p><img src=\"cid:logo\">";
    let pdf: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let png = b"\x89PNG\r\n\x1a\n and the rest";
    let answer = scene
        .result(
            "SEND",
            &json!({
                "to": "\"Jäne Doe\" <jane@example.org>",
                "cc": ["joe@example.org"],
                "bcc": "orders@example.org",
                "replyTo": "help@example.org",
                "subject": subject,
                "text": text,
                "html": html,
                "attachments": [file("Rechnung № 42 – Größe.pdf", "application/pdf", &pdf)],
                "inline": {"logo": file("logo.png", "image/png", png)},
                "headers": {"X-Order": "42"},
            }),
        )
        .await;
    for user in ["jane", "joe", "orders"] {
        let raw = arrived(&server, user).await;
        let mail = parse(&raw);
        assert_eq!(mail.subject(), Some(subject));
        let orders = ("Shop".to_owned(), "orders@example.org".to_owned());
        assert_eq!(people(mail.from()), [orders]);
        let jane = ("Jäne Doe".to_owned(), "jane@example.org".to_owned());
        assert_eq!(people(mail.to()), [jane]);
        assert_eq!(people(mail.cc())[0].1, "joe@example.org");
        assert_eq!(people(mail.reply_to())[0].1, "help@example.org");
        assert!(mail.bcc().is_none(), "nobody sees who is in bcc");
        let order = mail.header("X-Order").and_then(HeaderValue::as_text);
        assert_eq!(order.map(str::trim), Some("42"));
        assert_eq!(mail.body_text(0).as_deref().map(str::trim_end), Some(text));
        assert_eq!(mail.body_html(0).as_deref().map(str::trim_end), Some(html));
        let id = answer.output("messageId");
        let id = id.as_str().unwrap().trim_matches(['<', '>']);
        assert_eq!(mail.message_id(), Some(id));
        let attached: BTreeMap<_, _> = mail
            .attachments()
            .map(|it| (it.attachment_name().unwrap_or_default().to_owned(), it))
            .collect();
        assert_eq!(attached["Rechnung № 42 – Größe.pdf"].contents(), pdf);
        let logo = attached["logo.png"];
        assert_eq!((logo.contents(), logo.content_id()), (&png[..], Some("logo")));
    }
    let accepted = ["jane@example.org", "joe@example.org", "orders@example.org"];
    assert_eq!(answer.output("accepted"), json!(accepted));
    assert_eq!(answer.output("rejected"), json!([]));
    assert!(answer.output("serverReply").as_str().unwrap().starts_with("250"), "{}", answer.body);
}

#[tokio::test]
async fn tls_from_the_first_byte_does_too() {
    let Some(server) = MailServer::private().await else { return };
    let scene = scene(&settings(&server, server.ports().implicit, "implicit")).await;
    scene.result("SEND", &json!({"to": "jane@example.org", "subject": "x", "text": "y"})).await;
    let raw = arrived(&server, "jane").await;
    assert!(String::from_utf8_lossy(&raw).contains("with ESMTPSA id"), "with TLS and a login");
}

#[tokio::test]
async fn a_password_that_a_server_in_clear_may_not_see_is_proven_by_cram_md5() {
    let Some(server) = MailServer::private().await else { return };
    let mut settings = settings(&server, server.ports().plain, "none");
    {
        let scene = scene(&settings).await;
        let inputs = json!({"to": "joe@example.org", "subject": "x", "text": "y"});
        scene.result("SEND", &inputs).await;
        let raw = arrived(&server, "joe").await;
        assert!(String::from_utf8_lossy(&raw).contains("with ESMTPA id"), "logged in without TLS");
    }
    settings.retain(|(name, _)| *name != "EMAIL_PASSWORD");
    settings.push(("EMAIL_PASSWORD", format!("{SECRET}-wrong")));
    let scene = scene(&settings).await;
    let inputs = json!({"to": "joe@example.org", "text": "x"});
    let answer = scene.error("SEND", &inputs, "EMAIL_AUTHENTICATION_ERROR").await;
    assert!(answer.error_message().contains("AUTH: 535"), "{}", answer.body);
}

#[tokio::test]
async fn what_cannot_be_trusted_gets_no_mail_and_the_reason_is_told() {
    let Some(server) = MailServer::private().await else { return };
    let ports = server.ports();
    let wrong = format!("{SECRET}-wrong");
    let to = "jane@example.org";
    for (port, tls, name, value, to, code, words) in [
        (
            ports.starttls,
            "starttls",
            "EMAIL_PASSWORD",
            &*wrong,
            to,
            "EMAIL_AUTHENTICATION_ERROR",
            "535",
        ),
        (
            ports.implicit,
            "implicit",
            "EMAIL_PASSWORD",
            &*wrong,
            to,
            "EMAIL_AUTHENTICATION_ERROR",
            "535",
        ),
        (ports.expired, "starttls", "LOG", "debug", to, "EMAIL_CONNECTION_ERROR", "xpired"),
        (ports.starttls, "starttls", "EMAIL_CA_FILE", "", to, "EMAIL_CONNECTION_ERROR", "TLS"),
        (ports.plain, "starttls", "LOG", "debug", to, "EMAIL_CONNECTION_ERROR", "STARTTLS"),
        (ports.plain, "opportunistic", "LOG", "debug", to, "EMAIL_CONNECTION_ERROR", "in clear"),
        (ports.starttls, "implicit", "LOG", "debug", to, "EMAIL_CONNECTION_ERROR", "TLS"),
        (
            ports.starttls,
            "starttls",
            "LOG",
            "debug",
            "nobody@example.org",
            "EMAIL_SEND_ERROR",
            "nobody@example.org",
        ),
    ] {
        let mut settings = settings(&server, port, tls);
        settings.retain(|(other, _)| *other != name);
        if !value.is_empty() {
            settings.push((name, value.to_owned()));
        }
        let scene = scene(&settings).await;
        let inputs = json!({"to": to, "text": "x", "_retry_attempts_": 1});
        let answer = scene.error("SEND", &inputs, code).await;
        let message = answer.error_message();
        assert!(message.contains(words), "{tls} at {port}, {name}={value}: {message}");
    }
    assert!(fetch(&server, "jane").await.is_empty());
}

#[tokio::test]
async fn who_is_known_gets_the_mail_and_who_is_not_is_told() {
    let Some(server) = MailServer::private().await else { return };
    let scene = scene(&settings(&server, server.ports().starttls, "starttls")).await;
    let inputs = json!({"to": "jane@example.org, nobody@example.org", "text": "x"});
    let answer = scene.result("SEND", &inputs).await;
    assert_eq!(answer.output("accepted"), json!(["jane@example.org"]));
    let rejected = &answer.output("rejected")[0];
    assert_eq!(
        (&rejected["address"], &rejected["code"]),
        (&json!("nobody@example.org"), &json!(550))
    );
    arrived(&server, "jane").await;
}
