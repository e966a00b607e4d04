//! Mails are read back with a parser of other people.

use mail_parser::{Message as Parsed, MessageParser, MimeHeaders, PartType};

use super::*;
use crate::{
    address::{Mailbox, Mailboxes},
    message::octets::Octets,
};

fn mail() -> Mail {
    Mail {
        from: Mailbox::parse("Shop <shop@example.org>").unwrap(),
        to: Mailboxes::parse("Ada Lovelace <ada@example.org>, b@example.org").unwrap().0,
        cc: Vec::new(),
        reply_to: Vec::new(),
        subject: "Order 4711".to_owned(),
        message_id: "<r-1@example.org>".to_owned(),
        in_reply_to: None,
        references: Vec::new(),
        priority: None,
        headers: Vec::new(),
        text: Some("Thank you.".to_owned()),
        html: None,
        charset: Charset::default(),
        inline: Vec::new(),
        attachments: Vec::new(),
        invitation: None,
        date: OffsetDateTime::from_unix_timestamp(1_763_726_400).unwrap(),
    }
}

fn enclosure(name: &str, mime_type: &str, octets: &[u8]) -> Enclosure {
    let octets = Octets::Held(Bytes::copy_from_slice(octets));
    Enclosure { name: name.to_owned(), mime_type: mime_type.to_owned(), octets }
}

/// Types of the parts as they are nested, `mixed(plain, pdf)`.
fn shape(mail: &Parsed<'_>, id: usize) -> String {
    let part = &mail.parts[id];
    let subtype = part.content_type().and_then(|it| it.subtype()).unwrap_or("-");
    match &part.body {
        PartType::Multipart(parts) => {
            let inner: Vec<_> =
                parts.iter().map(|it| shape(mail, usize::try_from(*it).unwrap())).collect();
            format!("{subtype}({})", inner.join(", "))
        }
        _ => subtype.to_owned(),
    }
}

fn check(mail: &Mail, expected: &str, look: impl FnOnce(&Parsed<'_>)) {
    let message = mail.build();
    let octets: Vec<_> = message.chunks().flat_map(Result::unwrap).collect();
    assert_eq!(octets.len(), message.len());
    assert!(octets.is_ascii() && octets.ends_with(b"\r\n"));
    let text = String::from_utf8(octets).unwrap();
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{text}");
    let parsed = MessageParser::default().parse(text.as_bytes()).unwrap();
    assert_eq!(shape(&parsed, 0), expected, "{text}");
    look(&parsed);
}

#[test]
fn text_alone_is_a_single_part() {
    check(&mail(), "plain", |it| {
        assert_eq!(it.subject(), Some("Order 4711"));
        assert_eq!(it.message_id(), Some("r-1@example.org"));
        assert_eq!(it.date().unwrap().to_rfc3339(), "2025-11-21T12:00:00Z");
        let to = it.to().unwrap().clone().into_list();
        assert_eq!(to[0].name.as_deref(), Some("Ada Lovelace"));
        assert_eq!(to[1].address.as_deref(), Some("b@example.org"));
        assert_eq!(it.body_text(0).unwrap(), "Thank you.\r\n");
    });
}

#[test]
fn a_mail_without_a_body_has_an_empty_text() {
    check(&Mail { text: None, ..mail() }, "plain", |it| {
        assert_eq!(it.body_text(0).unwrap().trim(), "");
    });
}

#[test]
fn text_and_html_are_alternatives_with_html_last() {
    let html = Some("<p>Grüße</p>".to_owned());
    check(&Mail { html, ..mail() }, "alternative(plain, html)", |it| {
        assert_eq!(it.body_html(0).unwrap().trim_end(), "<p>Grüße</p>");
    });
}

#[test]
fn everything_at_once_is_nested_as_mail_programs_expect() {
    let mail = Mail {
        html: Some("<img src=\"cid:logo\">".to_owned()),
        inline: vec![("logo".to_owned(), enclosure("logo.png", "image/png", b"\x89PNG"))],
        attachments: vec![
            enclosure("Rechnung März.pdf", "application/pdf", &[7; 1000]),
            enclosure("mail.eml", "message/rfc822", b"Subject: x\r\n\r\ny"),
        ],
        invitation: Some(Invitation {
            method: "REQUEST".to_owned(),
            text: "BEGIN:VCALENDAR\r\n".to_owned(),
        }),
        ..mail()
    };
    let expected = "mixed(alternative(plain, related(html, png), calendar), pdf, octet-stream)";
    check(&mail, expected, |it| {
        let pdf = it.attachments().find(|it| it.is_content_type("application", "pdf")).unwrap();
        assert_eq!(pdf.attachment_name(), Some("Rechnung März.pdf"));
        assert_eq!(pdf.contents(), [7; 1000]);
        let logo = it.parts.iter().find(|it| it.content_id() == Some("logo")).unwrap();
        assert_eq!(logo.contents(), b"\x89PNG");
        let calendar = it.parts.iter().find(|it| it.is_content_type("text", "calendar")).unwrap();
        assert_eq!(calendar.content_type().unwrap().attribute("method"), Some("REQUEST"));
    });
}

#[test]
fn headers_of_threads_and_priority_are_there_and_names_are_encoded() {
    let mail = Mail {
        from: Mailbox::parse("Zoë Müller <z@example.org>").unwrap(),
        cc: Mailboxes::parse("\"Doe, Jane\" <jane@bücher.example>").unwrap().0,
        in_reply_to: Some("<a@b>".to_owned()),
        references: vec!["<x@y>".to_owned(), "<a@b>".to_owned()],
        priority: Some(Priority::High),
        headers: vec![("Comments".to_owned(), "4711 ü".to_owned())],
        ..mail()
    };
    check(&mail, "plain", |it| {
        assert_eq!(it.from().unwrap().first().unwrap().name.as_deref(), Some("Zoë Müller"));
        let cc = it.cc().unwrap().first().unwrap();
        assert_eq!(cc.name.as_deref(), Some("Doe, Jane"));
        assert_eq!(cc.address.as_deref(), Some("jane@xn--bcher-kva.example"));
        assert_eq!(it.in_reply_to().as_text(), Some("a@b"));
        assert_eq!(it.references().as_text_list().unwrap(), ["x@y", "a@b"]);
        assert_eq!(it.header("Importance").unwrap().as_text(), Some("high"));
        assert_eq!(it.header("Comments").unwrap().as_text(), Some("4711 ü"));
    });
}

#[test]
fn the_same_mail_has_the_same_octets() {
    let mail = Mail { html: Some("x".to_owned()), ..mail() };
    assert_eq!(mail.build().eml().unwrap(), mail.build().eml().unwrap());
}

#[test]
fn ten_thousand_recipients_are_one_folded_header() {
    let to: Vec<_> = (0..10_000).map(|it| format!("r{it}@example.org")).collect();
    let mail = Mail { to: Mailboxes::parse(&to.join(",")).unwrap().0, ..mail() };
    check(&mail, "plain", |it| assert_eq!(it.to().unwrap().iter().count(), 10_000));
}
