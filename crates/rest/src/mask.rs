//! Hides the secrets of a request in every text about it.

use std::{cmp::Reverse, sync::OnceLock};

use common::{Object, Secret};
use serde_json::Value;

/// What stands for a secret.
pub(crate) const MASK: &str = "***";
/// Shorter secrets are left alone: texts would be unreadable, and the gaps would give the secret away.
const SECRET_CHARS_MIN: usize = 3;
/// How much of a peer's text is told, in characters.
const EXCERPT_CHARS_MAX: usize = 500;

/// The secrets of one request.
#[derive(Debug, Default)]
pub(crate) struct Mask {
    secrets: Vec<Secret>,
    /// Every form in which a peer may echo them, the longest first; made for the first text, which few calls have.
    forms: OnceLock<Vec<Secret>>,
}

impl Mask {
    pub(crate) fn add(&mut self, secret: &str) {
        if secret.chars().count() < SECRET_CHARS_MIN {
            return;
        }
        self.secrets.push(secret.to_owned().into());
        self.forms.take();
    }

    fn forms(&self) -> &[Secret] {
        self.forms.get_or_init(|| {
            let mut forms = Vec::new();
            for form in self.secrets.iter().flat_map(|it| forms_of(it.reveal())) {
                if !forms.contains(&form) {
                    forms.push(form);
                }
            }
            forms.sort_by_key(|it| Reverse(it.reveal().len()));
            forms
        })
    }

    /// `text` without the secrets.
    pub(crate) fn text(&self, text: &str) -> String {
        let hide = |text: String, secret: &Secret| {
            if text.contains(secret.reveal()) { text.replace(secret.reveal(), MASK) } else { text }
        };
        self.forms().iter().fold(text.to_owned(), hide)
    }

    /// `value` without the secrets, names of members included.
    pub(crate) fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(list) => list.into_iter().map(|it| self.value(it)).collect(),
            Value::Object(members) => Value::Object(self.object(members)),
            Value::Number(number) => match self.text(&number.to_string()) {
                text if text.contains(MASK) => Value::String(text),
                _ => Value::Number(number),
            },
            value @ (Value::Null | Value::Bool(_)) => value,
        }
    }

    /// `members` without the secrets.
    pub(crate) fn object(&self, members: Object) -> Object {
        members.into_iter().map(|(name, it)| (self.text(&name), self.value(it))).collect()
    }

    /// The beginning of a peer's text, without secrets and on one line.
    pub(crate) fn excerpt(&self, text: &str) -> String {
        // Masked first, so that no half of a secret is left at the cut.
        let text = self.text(text.trim());
        let mut excerpt = String::new();
        for (n_chars, it) in text.chars().enumerate() {
            if n_chars == EXCERPT_CHARS_MAX {
                excerpt.push('…');
                break;
            }
            match it {
                it if it.is_control() || is_layout(it) => excerpt.extend(it.escape_default()),
                it => excerpt.push(it),
            }
        }
        excerpt
    }
}

/// As it is, in JSON, and in a URL's path and query.
fn forms_of(secret: &str) -> [Secret; 4] {
    let json = Value::from(secret).to_string();
    let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    [secret.to_owned(), json.trim_matches('"').to_owned(), encoded.replace('+', "%20"), encoded]
        .map(Secret::from)
}

/// Line separators and marks that change the direction of what follows.
fn is_layout(it: char) -> bool {
    matches!(it, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mask(secrets: &[&str]) -> Mask {
        let mut mask = Mask::default();
        for secret in secrets {
            mask.add(secret);
        }
        mask
    }

    #[test]
    fn secrets_are_hidden_in_every_form() {
        let mask = mask(&["a b\"c", "a b\"cde", "xy"]);
        assert_eq!(mask.text(r#"a b"c, a b\"c, a%20b%22c, a+b%22c."#), "***, ***, ***, ***.");
        assert_eq!(mask.text("a b\"cde"), "***");
        assert_eq!(mask.text("xyz"), "xyz");
        assert!(!format!("{mask:?}").contains("a b"));
    }

    #[test]
    fn a_secret_that_is_told_later_is_hidden_too() {
        let mut mask = mask(&["tok3n"]);
        assert_eq!(mask.text("tok3n and n3wer"), "*** and n3wer");
        mask.add("n3wer");
        assert_eq!(mask.text("tok3n and n3wer"), "*** and ***");
    }

    #[test]
    fn secrets_are_hidden_in_values_and_names() {
        let value = json!({"tok3n": ["x tok3n", 1, 4711, null, {"a": "tok3n"}]});
        let expected = json!({"***": ["x ***", 1, "***", null, {"a": "***"}]});
        assert_eq!(mask(&["tok3n", "4711"]).value(value), expected);
    }

    #[test]
    fn an_excerpt_is_one_bounded_line_without_half_a_secret() {
        let text = format!("{}tok3n{}", "x".repeat(498), "y".repeat(100));
        let excerpt = mask(&["tok3n"]).excerpt(&text);
        assert_eq!(excerpt, format!("{}**…", "x".repeat(498)));
        assert_eq!(
            mask(&[]).excerpt("\na\r\nb\0\u{202e}c\u{1b}[1m "),
            r"a\r\nb\u{0}\u{202e}c\u{1b}[1m"
        );
        assert_eq!(mask(&[]).excerpt(&"é".repeat(500)), "é".repeat(500));
    }
}
