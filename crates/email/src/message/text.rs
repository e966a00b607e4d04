//! Text parts: their charset, their line ends, and how they travel (RFC 2045 §6).

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

use crate::message::{body::Body, octets::Octets};

/// RFC 5322 §2.1.1, without the line's end.
const LINE_MAX: usize = 998;
/// RFC 2045 §6.7, without the line's end.
const QUOTED_LINE_MAX: usize = 76;

/// A charset that mail programs know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Charset(&'static Encoding);

/// A text as it stands in a mail.
pub(crate) struct Encoded {
    pub(crate) charset: &'static str,
    pub(crate) transfer: &'static str,
    pub(crate) body: Body,
    /// Not everything fits the charset that was asked for, so this is UTF-8.
    pub(crate) is_fallback: bool,
}

impl Charset {
    /// # Errors
    /// That nobody knows it.
    pub(crate) fn parse(label: &str) -> Result<Self, String> {
        Encoding::for_label(label.trim().as_bytes()).map(Self).ok_or_else(|| {
            format!("`{}` is no charset; UTF-8 fits everything", label.escape_debug())
        })
    }
}

impl Default for Charset {
    fn default() -> Self {
        Self(UTF_8)
    }
}

/// `text` in `charset`, or in UTF-8 where it does not fit.
pub(crate) fn encode(text: &str, Charset(encoding): Charset) -> Encoded {
    let text = with_crlf(text);
    let (bytes, used, unfit) = encoding.encode(&text);
    let (bytes, used, is_fallback) = if unfit || used != encoding {
        (Cow::Borrowed(text.as_bytes()), UTF_8, true)
    } else {
        (bytes, used, false)
    };
    let (transfer, body) = for_travel(&bytes);
    Encoded { charset: used.name(), transfer, body, is_fallback }
}

/// CRLF at the end of every line, whatever came in, and at the end of the text.
fn with_crlf(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + text.len() / 32 + 2);
    let mut rest = text;
    while let Some(at) = rest.find(['\r', '\n']) {
        lines += &rest[..at];
        lines += "\r\n";
        let is_pair = rest[at..].starts_with("\r\n");
        rest = &rest[at + if is_pair { 2 } else { 1 }..];
    }
    lines += rest;
    if !rest.is_empty() || lines.is_empty() {
        lines += "\r\n";
    }
    lines
}

/// The transfer encoding that suits these bytes, and the bytes in it.
fn for_travel(bytes: &[u8]) -> (&'static str, Body) {
    let n_special = bytes.iter().filter(|it| !it.is_ascii() || **it == 0).count();
    let mut lines = bytes.split(|it| *it == b'\n');
    // A line like a boundary would end the part.
    let is_simple = lines.all(|it| it.len() <= LINE_MAX && !it.starts_with(b"--="));
    if n_special == 0 && is_simple {
        ("7bit", Body::lines(bytes.to_vec()))
    } else if n_special * 6 > bytes.len() {
        ("base64", Body::base64(Octets::Held(bytes.to_vec().into())))
    } else {
        ("quoted-printable", Body::lines(quoted_printable(bytes)))
    }
}

/// RFC 2045 §6.7; the input's lines end in CRLF.
fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 4);
    let mut column = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'\r' => continue,
            b'\n' => {
                out.extend_from_slice(b"\r\n");
                column = 0;
                continue;
            }
            _ => {}
        }
        let ends_line = bytes.get(at + 1).is_none_or(|it| *it == b'\r');
        let is_literal = match byte {
            b' ' | b'\t' => !ends_line,
            // A dot of its own would end the mail where a server forgets to look.
            b'.' => column > 0,
            b'=' => false,
            b'!'..=b'~' => true,
            _ => false,
        };
        let width = if is_literal { 1 } else { 3 };
        if column + width > QUOTED_LINE_MAX - 1 {
            out.extend_from_slice(b"=\r\n");
            column = 0;
        }
        if is_literal {
            out.push(byte);
        } else {
            out.extend([b'=', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
        column += width;
    }
    out
}

#[cfg(test)]
mod tests {
    use mail_parser::MessageParser;
    use proptest::prelude::*;

    use super::*;

    fn encoded(text: &str, charset: &str) -> (Encoded, String) {
        let encoded = encode(text, Charset::parse(charset).unwrap());
        let mut mail = format!(
            "Content-Type: text/plain; charset={}\r\nContent-Transfer-Encoding: {}\r\n\r\n",
            encoded.charset, encoded.transfer
        )
        .into_bytes();
        for chunk in encoded.body.clone().into_chunks() {
            mail.extend_from_slice(&chunk.unwrap());
        }
        for line in mail.split(|it| *it == b'\n') {
            assert!(line.len() <= LINE_MAX + 1);
        }
        let mail = MessageParser::default().parse(&mail).unwrap();
        (encoded, mail.body_text(0).unwrap().into_owned())
    }

    fn check(text: &str, charset: &str, expected: (&str, &str)) {
        let (encoded, read) = encoded(text, charset);
        assert_eq!((encoded.charset, encoded.transfer), expected, "{text}");
        assert_eq!(read.trim_end(), text.trim_end(), "{text}");
    }

    #[test]
    fn an_unknown_charset_is_refused() {
        assert_eq!(
            Charset::parse("utf-9").unwrap_err(),
            "`utf-9` is no charset; UTF-8 fits everything"
        );
    }

    #[test]
    fn the_charset_is_used_where_the_text_fits_it() {
        check("plain", "UTF-8", ("UTF-8", "7bit"));
        check("Grüße, plain otherwise, and long enough", "utf8", ("UTF-8", "quoted-printable"));
        check(
            "Grüße, plain otherwise, and long",
            "iso-8859-1",
            ("windows-1252", "quoted-printable"),
        );
        check("日本語", "utf-8", ("UTF-8", "base64"));
        check("日本語の本文", "Shift_JIS", ("Shift_JIS", "base64"));
        check(
            "日本語 does not fit this charset, though most of the text would",
            "iso-8859-15",
            ("UTF-8", "quoted-printable"),
        );
        check("UTF-16 is not for mail", "utf-16", ("UTF-8", "7bit"));
        assert!(encoded("日本", "latin1").0.is_fallback);
        assert!(!encoded("ü", "latin1").0.is_fallback);
    }

    #[test]
    fn long_lines_and_lines_like_boundaries_are_quoted() {
        check(&"x".repeat(3000), "utf-8", ("UTF-8", "quoted-printable"));
        check("a\r\n--=_b", "utf-8", ("UTF-8", "quoted-printable"));
        check("nul \0 inside", "utf-8", ("UTF-8", "quoted-printable"));
    }

    #[test]
    fn line_ends_are_crlf_whatever_came_in() {
        for text in ["a\nb", "a\rb", "a\r\nb", "a\r\nb\r\n", "a\nb\n"] {
            assert_eq!(with_crlf(text), "a\r\nb\r\n", "{text:?}");
        }
        assert_eq!(with_crlf(""), "\r\n");
        assert_eq!(with_crlf("a\n\n\rb"), "a\r\n\r\n\r\nb\r\n");
    }

    proptest! {
        #[test]
        fn every_text_is_read_as_it_was_written(text in "(?s)[ -~äß€日\t.=\r\n]{0,400}") {
            let (_, read) = encoded(&text, "utf-8");
            let (read, text) = (with_crlf(&read), with_crlf(&text));
            prop_assert_eq!(read.trim_end(), text.trim_end());
        }
    }
}
