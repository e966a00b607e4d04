//! Headers of the task's own: which ones are allowed (`answers.md` 13).

use std::collections::BTreeMap;

use common::Failure;

use crate::{error::invalid, input::HeaderValues};

/// Headers that mails are sorted, trusted and signed by, and the input that is meant for each.
const PROTECTED: [(&str, &str); 16] = [
    ("From", "from"),
    ("Sender", "from"),
    ("To", "to"),
    ("Cc", "cc"),
    ("Bcc", "bcc"),
    ("Reply-To", "replyTo"),
    ("Subject", "subject"),
    ("Date", ""),
    ("Message-ID", "messageId"),
    ("In-Reply-To", "inReplyTo"),
    ("References", "references"),
    ("MIME-Version", ""),
    ("Return-Path", ""),
    ("Received", ""),
    ("DKIM-Signature", ""),
    ("Authentication-Results", ""),
];

/// Names and values, one by one.
///
/// # Errors
/// `INVALID_INPUT` for a name that is none or is protected, and for a value with a line break.
pub(crate) fn checked(
    headers: BTreeMap<String, HeaderValues>,
) -> Result<Vec<(String, String)>, Failure> {
    let mut checked = Vec::new();
    for (name, HeaderValues(values)) in headers {
        // RFC 5322 §3.6.8.
        let is_name =
            !name.is_empty() && name.bytes().all(|it| it.is_ascii_graphic() && it != b':');
        if !is_name {
            let name = name.escape_debug();
            return Err(invalid(format_args!("`headers`: `{name}` is no name of a header")));
        }
        let lower = name.to_ascii_lowercase();
        let protected = PROTECTED.iter().find(|(it, _)| it.eq_ignore_ascii_case(&name));
        match protected {
            Some((_, "")) => {
                return Err(invalid(format_args!("`headers`: `{name}` is made by the connector")));
            }
            Some((_, input)) => {
                return Err(invalid(format_args!(
                    "`headers`: `{name}` is protected; the input `{input}` sets it"
                )));
            }
            None if lower.starts_with("content-") => {
                return Err(invalid(format_args!("`headers`: `{name}` is made by the connector")));
            }
            None => {}
        }
        for value in values {
            if value.chars().any(char::is_control) {
                return Err(invalid(format_args!(
                    "`headers`: `{name}` has a line break or another control character"
                )));
            }
            checked.push((name.clone(), value));
        }
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(headers: Value, expected: Result<&[(&str, &str)], &str>) {
        let shown = headers.to_string();
        let read = serde_json::from_value(headers).unwrap();
        let found = checked(read).map_err(|it| it.to_string());
        let expected = expected.map(|it| {
            it.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>()
        });
        assert_eq!(
            found,
            expected.map_err(|it| format!("INVALID_INPUT: `headers`: {it}")),
            "{shown}"
        );
    }

    #[test]
    fn nothing_can_be_smuggled_in() {
        let control = "has a line break or another control character";
        check(json!({ "X-A": "x\r\nBcc: y@z" }), Err(&format!("`X-A` {control}")));
        check(json!({ "X-A": ["x", "y\n"] }), Err(&format!("`X-A` {control}")));
        check(json!({ "X-A\r\nBcc": "x" }), Err("`X-A\\r\\nBcc` is no name of a header"));
        check(json!({ "X A": "x" }), Err("`X A` is no name of a header"));
        check(json!({ "X:": "x" }), Err("`X:` is no name of a header"));
        check(json!({ "": "x" }), Err("`` is no name of a header"));
        check(json!({ "Ü": "x" }), Err("`Ü` is no name of a header"));
    }

    #[test]
    fn protected_headers_name_the_input_to_use() {
        check(json!({ "FROM": "x" }), Err("`FROM` is protected; the input `from` sets it"));
        check(
            json!({ "reply-to": "x" }),
            Err("`reply-to` is protected; the input `replyTo` sets it"),
        );
        for name in ["Date", "Content-Type", "content-x", "Received", "DKIM-Signature"] {
            check(json!({ name: "x" }), Err(&format!("`{name}` is made by the connector")));
        }
    }

    #[test]
    fn other_headers_have_one_value_or_several() {
        let several: &[_] = &[("X-A", "1"), ("X-B", "a"), ("X-B", "ü")];
        check(json!({ "X-A": 1, "X-B": ["a", "ü"], "X-C": null }), Ok(several));
        check(
            json!({ "List-Unsubscribe": "<mailto:a@b>" }),
            Ok(&[("List-Unsubscribe", "<mailto:a@b>")]),
        );
    }
}
