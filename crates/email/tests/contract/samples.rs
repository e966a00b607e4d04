//! The samples that the README shows: each is there word for word and runs as it stands.

use mail_parser::MimeHeaders;
use serde_json::{Value, json};

use crate::{parsed, send, smtp::Smtp};

const README: &str = include_str!("../../README.md");

/// Sends a sample through a server that is called `news` too.
fn run(sample: &str) -> (Value, Smtp) {
    assert!(README.contains(&format!("```json\n{sample}```")), "not in the README: {sample}");
    let server = Smtp::plain();
    let port: u16 = server.port().parse().unwrap();
    let servers = json!({ "news": { "host": "127.0.0.1", "port": port, "tls": "none", "from": "news@example.org" } });
    let templates = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/templates");
    let settings = [("EMAIL_SERVERS", servers.to_string())];
    let settings = [("EMAIL_SERVERS", settings[0].1.as_str()), ("TEMPLATES_DIR", templates)];
    let outputs = send(&server, &serde_json::from_str(sample).unwrap(), &settings).success();
    assert_eq!(outputs["warnings"], Value::Null);
    (outputs, server)
}

#[test]
fn sends_an_order_with_its_invoice() {
    let (outputs, server) = run(include_str!("../../samples/order-mail.json"));
    assert_eq!(outputs["accepted"], json!(["ada@example.org", "bob@example.org"]));
    let taken = server.mail();
    let mail = parsed(&taken);
    assert_eq!(mail.subject(), Some("Order 4711"));
    let html = mail.body_html(0).unwrap();
    assert!(
        html.contains("Dear Ada &amp; family,") && html.contains("Analytical engine: 1999.90 €"),
        "{html}"
    );
    assert!(mail.body_text(0).unwrap().contains("Dear Ada & family,"));
    assert_eq!(mail.attachment(0).unwrap().attachment_name(), Some("invoice-4711.pdf"));
}

#[test]
fn welcomes_in_german_inside_the_layout() {
    let (_, server) = run(include_str!("../../samples/welcome.json"));
    let taken = server.mail();
    let mail = parsed(&taken);
    assert_eq!(mail.subject(), Some("Welcome, Ada"));
    let html = mail.body_html(0).unwrap();
    assert!(
        html.contains(">Willkommen, Ada!</p>") && html.contains("font-family: sans-serif"),
        "{html}"
    );
}

#[test]
fn sends_the_news_with_a_picture() {
    let (_, server) = run(include_str!("../../samples/newsletter.json"));
    let taken = server.mail();
    assert_eq!(taken.to, ["ada@example.org", "bob@example.org", "jane@example.org"]);
    let mail = parsed(&taken);
    assert!(mail.body_html(0).unwrap().contains("<h1 style=\"color: #036"));
    assert!(mail.parts.iter().any(|it| it.content_id() == Some("logo")));
    assert_eq!(mail.header("Importance").unwrap().as_text(), Some("low"));
}

#[test]
fn invites() {
    let (_, server) = run(include_str!("../../samples/invitation.json"));
    let taken = server.mail();
    let mail = parsed(&taken);
    let calendar = mail.parts.iter().find(|it| it.is_content_type("text", "calendar")).unwrap();
    assert!(calendar.text_contents().unwrap().contains("\r\nDTSTART:20261123T080000Z\r\n"));
}

#[test]
fn answers_below_the_question() {
    let (_, server) = run(include_str!("../../samples/reply.json"));
    let taken = server.mail();
    assert_eq!(parsed(&taken).in_reply_to().as_text(), Some("question-1@example.org"));
}
