//! Names as tasks write them: channels, users, addresses, one or several.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

/// One text or several: a text with commas, a list, or a list as JSON text (`activiti-ootb-connectors.md` §13).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names(pub(crate) Vec<String>);

/// What a text that stands for a user is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum User {
    Id(String),
    Email(String),
    /// Without the `@`.
    Name(String),
}

/// What a text that stands for a channel is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    Id(String),
    /// Without the `#`.
    Name(String),
}

impl Names {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = match Value::deserialize(deserializer)? {
            Value::String(text) if text.trim_start().starts_with('[') => {
                serde_json::from_str(&text).map_err(|error| {
                    D::Error::custom(format!("begins like a JSON array, but is none: {error}"))
                })?
            }
            value => value,
        };
        let texts = match value {
            Value::String(text) => text.split(',').map(str::to_owned).collect(),
            Value::Array(entries) => entries
                .into_iter()
                .map(|entry| match entry {
                    Value::String(text) => Ok(text),
                    other => Err(D::Error::custom(format!("{other} in the list is no text"))),
                })
                .collect::<Result<Vec<_>, _>>()?,
            Value::Null => Vec::new(),
            other => return Err(D::Error::custom(format!("{other} is no text and no list"))),
        };
        let texts = texts.iter().map(|it| it.trim()).filter(|it| !it.is_empty());
        Ok(Self(texts.map(str::to_owned).collect()))
    }
}

impl JsonSchema for Names {
    fn schema_name() -> Cow<'static, str> {
        "Names".into()
    }

    fn inline_schema() -> bool {
        true
    }

    /// A definition's word for it is `string`.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

impl User {
    /// From an input that may hold any of the three.
    pub(crate) fn parse(text: &str) -> Self {
        let text = text.trim();
        if let Some(name) = text.strip_prefix('@') {
            Self::Name(name.to_owned())
        } else if is_email(text) {
            Self::Email(text.to_owned())
        } else if text.chars().any(char::is_lowercase) || text.contains(' ') {
            Self::Name(text.to_owned())
        } else {
            Self::Id(text.to_owned())
        }
    }
}

impl Channel {
    /// As the task called it.
    pub(crate) fn shown(&self) -> &str {
        match self {
            Self::Id(text) | Self::Name(text) => text,
        }
    }

    /// From `channelId`: an id, unless it cannot be one.
    pub(crate) fn of_id(text: &str) -> Self {
        let text = text.trim();
        if text.starts_with('#') || text.chars().any(char::is_lowercase) {
            Self::named(text)
        } else {
            Self::Id(text.to_owned())
        }
    }

    /// From `channelName`: a name, unless it is an id beyond doubt; names have no capitals.
    pub(crate) fn of_name(text: &str) -> Self {
        let text = text.trim();
        let is_id = text.len() >= 9
            && text.starts_with(['C', 'G', 'D'])
            && text.chars().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit())
            && text.chars().any(|it| it.is_ascii_digit());
        if is_id { Self::Id(text.to_owned()) } else { Self::named(text) }
    }

    fn named(text: &str) -> Self {
        Self::Name(text.trim_start_matches('#').to_lowercase())
    }
}

/// Something before the `@`, and a domain with a dot behind it.
fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        let dotted = domain.split('.').all(|it| !it.is_empty()) && domain.contains('.');
        !local.is_empty() && dotted && !text.contains(char::is_whitespace) && !domain.contains('@')
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_no_text_is_refused() {
        let check = |value: Value, expected: &str| {
            assert_eq!(Names::deserialize(value).unwrap_err().to_string(), expected);
        };
        check(json!(7), "7 is no text and no list");
        check(json!(true), "true is no text and no list");
        check(json!([1, 2]), "1 in the list is no text");
        check(json!("[\"a\", 2]"), "2 in the list is no text");
        check(json!({"id": "U1"}), "{\"id\":\"U1\"} is no text and no list");
        let broken =
            "begins like a JSON array, but is none: EOF while parsing a list at line 1 column 4";
        check(json!("[\"a\""), broken);
    }

    #[test]
    fn lists_come_in_three_forms() {
        let check = |value: Value, expected: &[&str]| {
            assert_eq!(Names::deserialize(&value).unwrap().0, expected, "{value}");
        };
        check(
            json!("test@test.com,@test1, test2 ,  @test3 "),
            &["test@test.com", "@test1", "test2", "@test3"],
        );
        check(json!(["USER1", " USER2 ", ""]), &["USER1", "USER2"]);
        check(json!("[\"USER1\",\"USER2\"]"), &["USER1", "USER2"]);
        check(json!([]), &[]);
        check(json!(""), &[]);
    }

    #[test]
    fn users_are_ids_addresses_or_names() {
        let check = |text: &str, expected: User| assert_eq!(User::parse(text), expected);
        for address in ["t.e.s.t@test.com", "a@b.technology", "jane+x@mail.example.org"] {
            check(address, User::Email(address.to_owned()));
        }
        for name in ["test@", "test.com", "jane doe", "a@b..c"] {
            check(name, User::Name(name.to_owned()));
        }
        check("@test", User::Name("test".to_owned()));
        check("@Jane Doe", User::Name("Jane Doe".to_owned()));
        check("U012AB3CDE", User::Id("U012AB3CDE".to_owned()));
        check("W012AB3CDE", User::Id("W012AB3CDE".to_owned()));
    }

    #[test]
    fn a_name_that_is_an_id_is_used_as_it_is() {
        let id = |text: &str| Channel::Id(text.to_owned());
        let name = |text: &str| Channel::Name(text.to_owned());
        for (text, by_name, by_id) in [
            ("C1H9RESGA", id("C1H9RESGA"), id("C1H9RESGA")),
            ("D0123ABCD", id("D0123ABCD"), id("D0123ABCD")),
            ("CUSTOMERS", name("customers"), id("CUSTOMERS")),
            ("#Orders", name("orders"), name("orders")),
            ("orders", name("orders"), name("orders")),
            (" c1h9resga", name("c1h9resga"), name("c1h9resga")),
        ] {
            assert_eq!(Channel::of_name(text), by_name, "{text}");
            assert_eq!(Channel::of_id(text), by_id, "{text}");
        }
    }
}
