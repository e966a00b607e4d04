//! Header fields: encoded by RFC 2047 and RFC 2231, folded, without a way to smuggle in another one.

use std::fmt::{self, Write as _};

use email_encoding::headers::{quoted_string, rfc2047, rfc2231, writer::EmailWriter};

use crate::address::Mailbox;

/// RFC 5322 §2.1.1, without the line's end.
const LINE_MAX: usize = 998;

/// Header fields in the order in which they were added, each ended by CRLF.
#[derive(Default)]
pub(crate) struct Headers(String);

impl Headers {
    /// A field whose value is free text: a subject, or a header of the task's own.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.field(name, |line| {
            if is_plain(name, value) {
                line.folding().write_str(value)
            } else {
                rfc2047::encode(value, line)
            }
        });
    }

    /// A field whose value is put together from ASCII tokens; folded at its spaces.
    pub(crate) fn tokens(&mut self, name: &str, value: &str) {
        self.field(name, |line| line.folding().write_str(value));
    }

    /// A field with addresses; nothing where there are none.
    pub(crate) fn mailboxes(&mut self, name: &str, mailboxes: &[Mailbox]) {
        if mailboxes.is_empty() {
            return;
        }
        self.field(name, |line| {
            for (n, Mailbox { name, address }) in mailboxes.iter().enumerate() {
                if n > 0 {
                    line.write_char(',')?;
                    line.space();
                }
                let address = address.to_string();
                match name {
                    Some(name) => {
                        quoted_string::encode(name, line)?;
                        line.space();
                        write!(line.folding(), "<{address}>")?;
                    }
                    None => line.folding().write_str(&address)?,
                }
            }
            Ok(())
        });
    }

    /// A field with parameters, `attachment; filename="…"`, encoded by RFC 2231.
    pub(crate) fn with_parameters(&mut self, name: &str, value: &str, parameters: &[(&str, &str)]) {
        self.field(name, |line| {
            line.write_str(value)?;
            for (key, value) in parameters {
                line.write_char(';')?;
                line.space();
                rfc2231::encode(key, value, line)?;
            }
            Ok(())
        });
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }

    fn field(&mut self, name: &str, write: impl FnOnce(&mut EmailWriter<'_>) -> fmt::Result) {
        self.0 += name;
        self.0.push(':');
        let mut line = EmailWriter::new(&mut self.0, name.len() + 1, 1, false);
        write(&mut line).unwrap_or_else(|error| unreachable!("a text takes every text: {error}"));
        drop(line);
        self.0 += "\r\n";
    }
}

/// Whether a value can stand as it is: printable ASCII that would not be taken for an encoded word, on lines that are short enough.
fn is_plain(name: &str, value: &str) -> bool {
    let is_printable = value.bytes().all(|it| matches!(it, b' '..=b'~'));
    // The folded line is no longer than its longest word, and folding may not touch spaces at the ends.
    let longest = value.split(' ').map(str::len).max().unwrap_or_default();
    is_printable
        && !value.contains("=?")
        && value.trim() == value
        && name.len() + 2 + longest <= LINE_MAX
}

#[cfg(test)]
mod tests {
    use mail_parser::MessageParser;

    use super::*;

    /// The value as a mail program reads it.
    fn read_back(headers: Headers) -> String {
        let text = headers.into_text();
        for line in text.split("\r\n") {
            assert!(line.len() <= LINE_MAX, "{line}");
            assert!(!line.contains(['\r', '\n']), "{line:?}");
        }
        let mail = MessageParser::default().parse(text.as_bytes()).unwrap();
        mail.subject().unwrap_or_default().to_owned()
    }

    #[test]
    fn every_text_comes_back_as_it_was() {
        for text in [
            "Your order 4711".to_owned(),
            "Grüße aus Wien – 20 €".to_owned(),
            "日本語の件名".repeat(40),
            "=?utf-8?q?not_encoded?=".to_owned(),
            "word ".repeat(100).trim().to_owned(),
            "x".repeat(2000),
            "👩‍👩‍👧 family".to_owned(),
        ] {
            let mut headers = Headers::default();
            headers.text("Subject", &text);
            assert_eq!(read_back(headers), text);
        }
    }

    #[test]
    fn lines_are_folded_at_spaces() {
        let mut headers = Headers::default();
        headers.tokens("References", &vec!["<0123456789@example.org>"; 20].join(" "));
        let text = headers.into_text();
        assert!(text.lines().all(|it| it.len() <= 78), "{text}");
    }

    #[test]
    fn a_file_name_of_any_language_is_a_parameter() {
        let mut headers = Headers::default();
        headers.with_parameters(
            "Content-Disposition",
            "attachment",
            &[("filename", "Rechnung für März \"2026\".pdf")],
        );
        let text = headers.into_text() + "\r\nx";
        let mail = MessageParser::default().parse(text.as_bytes()).unwrap();
        let disposition =
            mail.parts[0].headers.iter().find_map(|it| it.value.as_content_type()).unwrap();
        assert_eq!(disposition.attribute("filename"), Some("Rechnung für März \"2026\".pdf"));
    }
}
