//! What people see: texts, templates, layouts, pictures, attachments, invitations.

use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use mail_parser::MimeHeaders;
use serde_json::{Value, json};

use crate::{mail, parsed, run, send, smtp::Smtp};

/// A folder with these files, which goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        static N: AtomicU32 = AtomicU32::new(0);
        let n = N.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("email-templates-{}-{n}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        for (name, text) in files {
            fs::write(path.join(name), text).unwrap();
        }
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Subject, text and HTML of the mail that goes out, and the warnings.
fn said(input: Value, files: &[(&str, &str)]) -> (String, String, String, Value) {
    let folder = Folder::with(files);
    let server = Smtp::plain();
    let outputs = send(&server, &mail(input), &[("TEMPLATES_DIR", folder.path())]).success();
    let taken = server.mail();
    let mail = parsed(&taken);
    let has_html = mail.html_bodies().any(|it| it.is_content_type("text", "html"));
    let html =
        if has_html { mail.body_html(0).unwrap().trim_end().to_owned() } else { String::new() };
    let text = mail.body_text(0).unwrap().trim_end().to_owned();
    (mail.subject().unwrap_or_default().to_owned(), text, html, outputs["warnings"].clone())
}

fn refused(input: Value, files: &[(&str, &str)], expected: &str) {
    let folder = Folder::with(files);
    let server = Smtp::plain();
    let told = send(&server, &mail(input), &[("TEMPLATES_DIR", folder.path())]).failure(&server);
    assert!(told.starts_with(expected), "{told}");
    assert_eq!(server.seen().connections, 0);
}

#[test]
fn templates_that_do_not_work_say_where_and_why() {
    refused(
        json!({ "subject": "Order {{ order.nmae }}", "metadata": { "order": {} } }),
        &[],
        "business TEMPLATE_METADATA_ERROR: `subject`: unknown variable `order.nmae` in line 1",
    );
    refused(
        json!({ "html": "<p>\n${order", "metadata": {} }),
        &[],
        "business TEMPLATE_SYNTAX_ERROR: `html`: ",
    );
    refused(
        json!({ "template": "bad.html" }),
        &[("bad.html", "x\n{% for %}")],
        "business TEMPLATE_SYNTAX_ERROR: `template`: ",
    );
    refused(
        json!({ "text": "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}", "metadata": {} }),
        &[],
        "business TEMPLATE_SYNTAX_ERROR: `text`: the template ",
    );
    refused(
        json!({ "template": "none.html" }),
        &[],
        "business TEMPLATE_READ_ERROR: `template`: there is no template `none.html`",
    );
    refused(
        json!({ "template": "../secret.html" }),
        &[],
        "business TEMPLATE_READ_ERROR: `template`: template `../secret.html` is not below the folder of templates",
    );
    refused(
        json!({ "template": { "name": "a.html", "uri": "data:text/html;base64,/w==" } }),
        &[],
        "business TEMPLATE_READ_ERROR: `template`: `a.html` is not UTF-8",
    );
    refused(
        json!({ "html": "x", "layout": "l.html" }),
        &[("l.html", "no place")],
        "business TEMPLATE_SYNTAX_ERROR: `layout`: `l.html` has no place for `{{ body }}`",
    );
}

#[test]
fn texts_are_literal_without_metadata() {
    let (subject, text, _, _) =
        said(json!({ "subject": "{{ x }} ${y}", "text": "{% z %} ${y} & <b>" }), &[]);
    assert_eq!((subject.as_str(), text.as_str()), ("{{ x }} ${y}", "{% z %} ${y} & <b>"));
}

#[test]
fn texts_are_templates_with_metadata_and_values_are_escaped_where_they_go() {
    let (subject, text, html, _) = said(
        json!({
            "subject": "For {{ name }}", "text": "Dear ${name},\n{% for i in items %}- {{ i }}\n{% endfor %}",
            "html": "<p>${name}</p>",
            "metadata": { "name": "A <b> & C\r\nBcc: x", "items": ["{{ 7 * 7 }}", 2] },
        }),
        &[],
    );
    assert_eq!(subject, "For A <b> & C Bcc: x");
    assert_eq!(text.replace("\r\n", "\n"), "Dear A <b> & C\nBcc: x,\n- {{ 7 * 7 }}\n- 2");
    assert_eq!(html.replace("\r\n", "\n"), "<p>A &lt;b&gt; &amp; C\nBcc: x</p>");
}

#[test]
fn a_template_file_is_taken_in_the_language_of_the_task_inside_its_layout() {
    let files = [
        ("welcome.html", "<p>Welcome {{ name }}</p>"),
        ("welcome.de.html", "<p>Willkommen {{ name }}</p>"),
        ("layout.html", "<html><body><h1>{{ company }}</h1>{{ body }}</body></html>"),
    ];
    let metadata = json!({ "name": "A&B", "company": "C&D" });
    let input = |locale: &str| json!({ "text": null, "template": "welcome.html", "layout": "layout.html", "locale": locale, "metadata": metadata });
    let (_, text, html, warnings) = said(input("de-AT"), &files);
    assert_eq!(html, "<html><body><h1>C&amp;D</h1><p>Willkommen A&amp;B</p></body></html>");
    assert_eq!(text.split_whitespace().collect::<Vec<_>>(), ["C&D", "Willkommen", "A&B"]);
    assert_eq!(warnings, Value::Null);
    let (_, _, html, _) = said(input("fr"), &files);
    assert!(html.contains("Welcome"), "{html}");
}

#[test]
fn a_template_that_is_a_file_value_is_what_it_looks_like() {
    let template = |name: &str, text: &str| {
        let uri = format!("data:application/octet-stream,{}", text.replace('#', "%23"));
        json!({ "text": null, "template": { "name": name, "uri": uri }, "metadata": { "a": { "b": "<x>" } } })
    };
    let (_, _, html, _) = said(template("mail.ftl", "<html><p>${a.b}</p></html>"), &[]);
    assert!(html.contains("<p>&lt;x&gt;</p>"), "{html}");
    let (_, text, html, _) = said(template("mail.txt", "Value ${a.b}"), &[]);
    assert_eq!((text.as_str(), html.as_str()), ("Value <x>", ""));
    let (_, text, _, _) = said(template("mail.ftl", "<#if a.b??>yes<#else>no</#if>"), &[]);
    assert_eq!(text, "yes");
}

#[test]
fn the_parts_own_input_goes_before_the_template() {
    let (_, text, _, warnings) =
        said(json!({ "text": "own", "template": "t.txt" }), &[("t.txt", "template")]);
    assert_eq!(text, "own");
    assert_eq!(warnings, json!(["`text` was given too, so that `template` was not used"]));
}

#[test]
fn styles_go_where_mail_programs_read_them() {
    let html = "<html><head><style>p { color: red } @media print { p { color: black } }</style></head><body><p>x</p></body></html>";
    let (_, text, html, _) = said(json!({ "text": null, "html": html }), &[]);
    assert!(
        html.contains("<p style=\"color: red;\">x</p>")
            || html.contains("<p style=\"color: red\">x</p>"),
        "{html}"
    );
    assert!(html.contains("@media print"), "{html}");
    assert_eq!(text.trim(), "x");
}

#[test]
fn html_nested_without_end_does_not_bring_the_connector_down() {
    let html = format!("<style>p {{ color: red }}</style>{}", "<div>".repeat(50_000));
    let server = Smtp::plain();
    let outputs = send(&server, &mail(json!({ "text": null, "html": html })), &[]).success();
    let warning = "styles in `html` stay where they are: it is nested deeper than 1000 levels";
    assert_eq!(outputs["warnings"], json!([warning]));
    let html = "<a".repeat(50_000);
    let outputs = send(&server, &mail(json!({ "text": null, "html": html })), &[]).success();
    let warning = "there is no text beside `html`, which has more than 5000 links; give `text`";
    assert_eq!(outputs["warnings"], json!([warning]));
}

#[test]
fn what_does_not_fit_the_charset_is_utf8_with_a_warning() {
    let (_, text, _, warnings) = said(json!({ "text": "日本", "charset": "ISO-8859-1" }), &[]);
    assert_eq!(text, "日本");
    assert_eq!(warnings, json!(["the texts do not fit `charset` and are sent as UTF-8"]));
}

#[test]
fn files_pictures_and_an_invitation_arrive_as_they_were() {
    let server = Smtp::plain();
    let input = mail(json!({
        "html": "<img src=\"cid:logo\">",
        "inline": { "logo": { "name": "logo.png", "uri": "data:image/png;base64,iVBORw0KGgo=" } },
        "attachments": [
            { "name": "Rechnung März.pdf", "uri": "data:application/pdf;base64,JVBERi0xLjcK" },
            "data:text/csv,a%2Cb",
        ],
        "files": { "name": "old.txt", "uri": "data:text/plain,old" },
        "uri": "data:text/plain,older",
        "calendar": { "start": "2026-11-21T09:00:00Z", "summary": "Delivery" },
        "cc": "Bob <bob@example.org>", "bcc": "secret@example.org", "replyTo": "help@example.org",
        "inReplyTo": "4710@example.org", "references": "<1@example.org>", "priority": "high",
        "headers": { "X-Order": "4711", "Disposition-Notification-To": "shop@example.org" },
    }));
    let outputs = send(&server, &input, &[]).success();
    let taken = server.mail();
    assert_eq!(taken.to, ["ada@example.org", "bob@example.org", "secret@example.org"]);
    assert!(!String::from_utf8_lossy(&taken.octets).contains("secret@"));
    let mail = parsed(&taken);
    assert_eq!(outputs["messageId"], format!("<{}>", mail.message_id().unwrap()));
    let receipt = mail.header("Disposition-Notification-To").unwrap();
    assert_eq!(receipt.as_text(), Some("shop@example.org"));
    assert_eq!(mail.references().as_text_list().unwrap(), ["1@example.org", "4710@example.org"]);
    let names: Vec<_> = mail.attachments().filter_map(|it| it.attachment_name()).collect();
    assert_eq!(names, ["logo.png", "Rechnung März.pdf", "file", "old.txt", "file"]);
    let pdf = mail.attachments().find(|it| it.is_content_type("application", "pdf")).unwrap();
    assert_eq!(pdf.contents(), b"%PDF-1.7\n");
    let calendar = mail.parts.iter().find(|it| it.is_content_type("text", "calendar")).unwrap();
    assert!(calendar.text_contents().unwrap().contains("SUMMARY:Delivery\r\n"));
}

#[test]
fn a_dry_run_writes_the_mail_and_calls_nobody() {
    let told = run(&["invoke", "SEND", "--dry-run", "--input", "-"], &mail(json!({})), &[]);
    assert!(told.success, "{}", told.log);
    let eml = told.outputs.as_str().unwrap();
    assert!(
        eml.starts_with("From: shop@example.org\r\nTo: ada@example.org\r\nSubject: Order\r\n"),
        "{eml}"
    );
    assert!(eml.trim_end().ends_with("\r\n\r\nThanks."), "{eml}");
}

#[test]
fn older_names_and_spiffarenas_are_understood() {
    let server = Smtp::plain();
    let input = json!({
        "email_to": "a@x.org, \"N\" <b@x.org>", "email_from": "c@x.org", "email_subject": "S", "email_body": "B",
        "smtp_host": "127.0.0.1", "smtp_port": server.port(), "smtp_starttls": false, "unknown": 1,
    });
    let outputs = run(&["invoke", "SEND", "--input", "-"], &input, &[]).success();
    assert_eq!(server.mail().to, ["a@x.org", "b@x.org"]);
    assert_eq!(outputs["rejected"], json!([]));
}
