//! Addresses as people and processes write them: `a@b`, `Name <a@b>`, lists with commas, JSON arrays.

use std::{borrow::Cow, fmt, net::IpAddr};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

/// More recipients than this are a mistake in the process.
const RECIPIENTS_MAX: usize = 10_000;
/// RFC 5321 §4.5.3.1.1, in octets.
const LOCAL_PART_MAX: usize = 64;
/// RFC 5321 §4.5.3.1.3 without the angle brackets, in octets.
const ADDRESS_MAX: usize = 254;

/// Where a mail goes: checked, free of control characters, its domain in ASCII (RFC 5890).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    local: String,
    domain: String,
}

/// An address, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mailbox {
    pub(crate) name: Option<String>,
    pub(crate) address: Address,
}

/// Any number of mailboxes, without repetitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mailboxes(pub(crate) Vec<Mailbox>);

impl Address {
    /// # Errors
    /// What is wrong with it; the text quotes it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let refused = |why: &str| Err(format!("`{}` {why}", text.escape_debug()));
        if text.chars().any(char::is_control) {
            return refused("has a line break or another control character");
        }
        let Some((local, domain)) = text.rsplit_once('@') else {
            return refused("is not an address");
        };
        if !is_dot_atom(local) && !is_quoted(local) {
            return refused("is not an address");
        }
        let Some(domain) = ascii_domain(domain) else {
            return refused("is not an address");
        };
        if local.len() > LOCAL_PART_MAX || local.len() + 1 + domain.len() > ADDRESS_MAX {
            return refused("is longer than an address may be");
        }
        Ok(Self { local: local.to_owned(), domain })
    }

    pub(crate) fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether only a server with SMTPUTF8 (RFC 6531) can take it.
    pub(crate) fn needs_utf8(&self) -> bool {
        !self.local.is_ascii()
    }

    fn is_same(&self, other: &Self) -> bool {
        self.local == other.local && self.domain.eq_ignore_ascii_case(&other.domain)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

impl Mailbox {
    /// One mailbox: `a@b`, `Name <a@b>`, `"Name, with comma" <a@b>` or `a@b (Name)`.
    ///
    /// # Errors
    /// What is wrong with it; the text quotes it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let Some(start) = text.strip_suffix('>').and_then(|it| outside_quotes(it, '<')) else {
            let (address, comment) = match text.strip_suffix(')').and_then(|it| it.split_once('('))
            {
                Some((address, comment)) if !address.contains('"') => (address, Some(comment)),
                _ => (text, None),
            };
            let address = Address::parse(address.trim_end())?;
            return Ok(Self { name: comment.and_then(plain_name), address });
        };
        let name = &text[..start];
        if name.chars().any(char::is_control) {
            let text = text.escape_debug();
            return Err(format!("`{text}` has a line break or another control character"));
        }
        let address = Address::parse(text[start + 1..text.len() - 1].trim())?;
        Ok(Self { name: plain_name(name), address })
    }
}

impl Mailboxes {
    /// A list with commas or semicolons.
    ///
    /// # Errors
    /// What is wrong with one of them; the text quotes it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut found = Self::default();
        for piece in pieces(text) {
            found.add(Mailbox::parse(piece)?)?;
        }
        Ok(found)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of(value: Value) -> Result<Self, String> {
        match value {
            Value::Null => Ok(Self::default()),
            Value::String(text) if text.trim_start().starts_with('[') => {
                let list = serde_json::from_str(&text).map_err(|_| not_addresses(&text))?;
                Self::of(list)
            }
            Value::String(text) => Self::parse(&text),
            Value::Object(ref members) => {
                let text = |names: [&str; 2]| {
                    names.iter().find_map(|it| members.get(*it)).and_then(Value::as_str)
                };
                let Some(address) = text(["address", "email"]) else {
                    return Err(not_addresses(&value));
                };
                let name = text(["name", "displayName"]).and_then(plain_name);
                if name.as_deref().is_some_and(|it| it.chars().any(char::is_control)) {
                    return Err(format!("the name of `{address}` has a control character"));
                }
                let address = Address::parse(address.trim())?;
                Ok(Self(vec![Mailbox { name, address }]))
            }
            Value::Array(entries) => {
                let mut found = Self::default();
                for mailbox in entries.into_iter().map(Self::of) {
                    for mailbox in mailbox?.0 {
                        found.add(mailbox)?;
                    }
                }
                Ok(found)
            }
            Value::Bool(_) | Value::Number(_) => Err(not_addresses(&value)),
        }
    }

    fn add(&mut self, mailbox: Mailbox) -> Result<(), String> {
        // Comparing with all before is quadratic; that many are looked at again when the envelope is made.
        let is_known =
            self.0.len() < 256 && self.0.iter().any(|it| it.address.is_same(&mailbox.address));
        if is_known {
            return Ok(());
        }
        if self.0.len() >= RECIPIENTS_MAX {
            return Err(format!("has more than {RECIPIENTS_MAX} addresses"));
        }
        self.0.push(mailbox);
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Mailboxes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Mailbox {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = Mailboxes::deserialize(deserializer)?;
        match <[Self; 1]>::try_from(found.0) {
            Ok([mailbox]) => Ok(mailbox),
            Err(others) => Err(D::Error::custom(format!("{} addresses, not one", others.len()))),
        }
    }
}

macro_rules! as_text {
    ($($name:ty),*) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                String::schema_name()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                String::json_schema(generator)
            }
        }
    )*};
}

as_text!(Mailbox, Mailboxes);

fn not_addresses(value: impl fmt::Display) -> String {
    format!("`{value}` is neither an address nor a list of addresses")
}

/// The parts between commas and semicolons, where these are neither in quotes nor in comments.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped, mut depth) = (false, false, 0_u32);
    let splits = move |it: char| {
        match it {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            ',' | ';' => return !quoted && depth == 0,
            _ => {}
        }
        false
    };
    text.split(splits).map(str::trim).filter(|it| !it.is_empty())
}

/// Where `wanted` stands outside of quotation marks.
fn outside_quotes(text: &str, wanted: char) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    text.char_indices().find_map(|(at, it)| {
        match it {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if it == wanted && !quoted => return Some(at),
            _ => {}
        }
        None
    })
}

/// A display name without its quotation marks; none when nothing is left.
fn plain_name(text: &str) -> Option<String> {
    let text = text.trim();
    let inner = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    let name = match inner {
        Some(inner) => {
            let mut name = String::with_capacity(inner.len());
            let mut characters = inner.chars();
            while let Some(it) = characters.next() {
                name.extend(if it == '\\' { characters.next() } else { Some(it) });
            }
            name
        }
        None => text.to_owned(),
    };
    Some(name).filter(|it| !it.trim().is_empty())
}

/// RFC 5322 §3.2.3, with the letters of all languages (RFC 6531 §3.3).
fn is_dot_atom(text: &str) -> bool {
    let is_atext = |it: char| {
        it.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(it) || !it.is_ascii()
    };
    text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

fn is_quoted(text: &str) -> bool {
    let inner = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    let Some(inner) = inner.filter(|it| !it.is_empty()) else { return false };
    let mut escaped = false;
    let is_inside = inner.chars().all(|it| match it {
        _ if escaped => {
            escaped = false;
            true
        }
        '\\' => {
            escaped = true;
            true
        }
        _ => it != '"',
    });
    is_inside && !escaped
}

/// The domain as DNS knows it, or an address literal.
fn ascii_domain(domain: &str) -> Option<String> {
    if let Some(literal) = domain.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
        let literal = literal.strip_prefix("IPv6:").unwrap_or(literal);
        return literal.parse::<IpAddr>().ok().map(|_| domain.to_owned());
    }
    let ascii = idna::domain_to_ascii_strict(domain).ok()?;
    let is_label = |it: &str| !it.is_empty() && it.len() <= 63;
    ascii.split('.').all(is_label).then_some(ascii)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Result<Vec<(String, String)>, String> {
        let read = serde_json::from_value::<Mailboxes>(value).map_err(|it| it.to_string())?;
        let pair = |it: Mailbox| (it.name.unwrap_or_default(), it.address.to_string());
        Ok(read.0.into_iter().map(pair).collect())
    }

    fn refused(value: Value, expected: &str) {
        let shown = value.to_string();
        assert_eq!(read(value).unwrap_err(), expected, "{shown}");
    }

    fn check(value: Value, expected: &[(&str, &str)]) {
        let shown = value.to_string();
        let found = read(value).unwrap();
        let found: Vec<_> = found.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(found, expected, "{shown}");
    }

    #[test]
    fn what_is_no_address_is_refused_and_quoted() {
        refused(json!("jane@@example.org"), "`jane@@example.org` is not an address");
        refused(json!("jane"), "`jane` is not an address");
        refused(json!("Doe, Jane <jane@example.org>"), "`Doe` is not an address");
        refused(json!("a@b@"), "`a@b@` is not an address");
        refused(json!("a b@example.org"), "`a b@example.org` is not an address");
        refused(json!("a..b@example.org"), "`a..b@example.org` is not an address");
        refused(json!("a@exa mple.org"), "`a@exa mple.org` is not an address");
        refused(json!("a@[1.2.3]"), "`a@[1.2.3]` is not an address");
        refused(json!("a@-x-.org"), "`a@-x-.org` is not an address");
        refused(json!("a@example..org"), "`a@example..org` is not an address");
        refused(json!("\"a\"b\"@x.org"), "`\\\"a\\\"b\\\"@x.org` is not an address");
        refused(json!(4711), "`4711` is neither an address nor a list of addresses");
        refused(
            json!({ "name": "x" }),
            "`{\"name\":\"x\"}` is neither an address nor a list of addresses",
        );
    }

    #[test]
    fn line_breaks_cannot_come_in() {
        let text = "has a line break or another control character";
        refused(json!("a@b.org\r\nBcc: x@y.org"), &format!("`a@b.org\\r\\nBcc: x@y.org` {text}"));
        refused(json!("Jane\r\n <a@b.org>"), &format!("`Jane\\r\\n <a@b.org>` {text}"));
        refused(
            json!("\"Jane\nX: y\" <a@b.org>"),
            &format!("`\\\"Jane\\nX: y\\\" <a@b.org>` {text}"),
        );
        refused(json!(["a@b.org>\r\nDATA"]), &format!("`a@b.org>\\r\\nDATA` {text}"));
        let named = json!([{ "name": "x\ny", "address": "a@b.org" }]);
        refused(named, "the name of `a@b.org` has a control character");
    }

    #[test]
    fn limits_hold() {
        let local = "x".repeat(65);
        refused(
            json!(format!("{local}@b.org")),
            &format!("`{local}@b.org` is longer than an address may be"),
        );
        let many: Vec<_> = (0..=RECIPIENTS_MAX).map(|it| format!("a{it}@b.org")).collect();
        refused(json!(many), "has more than 10000 addresses");
    }

    #[test]
    fn lists_come_as_text_array_and_objects() {
        let two = [("", "a@example.org"), ("", "b@example.org")];
        check(json!("a@example.org,b@example.org"), &two);
        check(json!(" a@example.org ; b@example.org, "), &two);
        check(json!(["a@example.org", "b@example.org", "a@EXAMPLE.org"]), &two);
        check(json!(["a@example.org, b@example.org"]), &two);
        check(json!("[\"a@example.org\", {\"email\": \"b@example.org\"}]"), &two);
        check(json!({ "name": "A", "address": "a@example.org" }), &[("A", "a@example.org")]);
        check(json!(""), &[]);
        check(json!(null), &[]);
    }

    #[test]
    fn names_are_read_with_and_without_quotation_marks() {
        check(json!("Ada <ada@example.org>"), &[("Ada", "ada@example.org")]);
        check(
            json!("\"Lovelace, Ada\" <ada@example.org>, <b@example.org>"),
            &[("Lovelace, Ada", "ada@example.org"), ("", "b@example.org")],
        );
        check(json!(r#""A \"B\" <C>" <a@b.org>"#), &[("A \"B\" <C>", "a@b.org")]);
        check(json!("ada@example.org (Ada, L.)"), &[("Ada, L.", "ada@example.org")]);
        check(json!("Zoë Müller <z@example.org>"), &[("Zoë Müller", "z@example.org")]);
    }

    #[test]
    fn domains_become_ascii_and_local_parts_stay() {
        check(json!("jane@bücher.example"), &[("", "jane@xn--bcher-kva.example")]);
        check(json!("jürgen@例え.jp"), &[("", "jürgen@xn--r8jz45g.jp")]);
        check(json!("root@localhost"), &[("", "root@localhost")]);
        check(json!("a@[192.0.2.1]"), &[("", "a@[192.0.2.1]")]);
        check(json!("\"a b\"@example.org"), &[("", "\"a b\"@example.org")]);
        assert!(Address::parse("jürgen@example.org").unwrap().needs_utf8());
        assert!(!Address::parse("jane@bücher.example").unwrap().needs_utf8());
    }
}
