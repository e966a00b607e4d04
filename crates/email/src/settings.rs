//! Settings that are documents: named servers, OAuth, DKIM.
//!
//! Each is a JSON object or the path of a file that holds one.
//! `${NAME}` in its texts stands for the variable of that name, or for the content of the file that `NAME_FILE` names.

use std::{collections::BTreeMap, fs, num::NonZeroU16};

use common::{Secret, referenced};
use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Error as _};
use serde_json::Value;
use url::Url;

use crate::{address::Mailbox, limiter::Rate, smtp::opening::Encryption};

/// One server of `EMAIL_SERVERS` (`answers.md` 17).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ServerSettings {
    pub(crate) host: String,
    pub(crate) port: Option<NonZeroU16>,
    pub(crate) tls: Option<Encryption>,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) from: Option<Mailbox>,
    /// The path of a PEM file.
    pub(crate) ca: Option<String>,
    pub(crate) helo: Option<String>,
    pub(crate) rate: Option<Rate>,
    pub(crate) oauth: Option<OAuth>,
    pub(crate) dkim: Option<Dkim>,
}

/// `EMAIL_OAUTH`: where access tokens for XOAUTH2 come from (RFC 6749 §4.4, §6).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OAuth {
    #[serde(deserialize_with = "absolute")]
    pub(crate) token_url: Url,
    pub(crate) client_id: String,
    #[serde(default)]
    pub(crate) client_secret: Secret,
    /// Without one the client itself is entitled (client credentials).
    pub(crate) refresh_token: Option<Secret>,
    #[serde(default)]
    pub(crate) scope: String,
}

/// `EMAIL_DKIM`: what mails are signed with (RFC 6376, RFC 8463).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Dkim {
    pub(crate) domain: String,
    pub(crate) selector: String,
    /// PEM: RSA or Ed25519.
    pub(crate) key: Secret,
}

/// `EMAIL_SERVERS`: names, what is said of each with secrets in their places, and what that means.
///
/// # Errors
/// What is wrong with it; no value is quoted.
pub(crate) fn servers(text: &str) -> Result<Vec<(String, Value, ServerSettings)>, String> {
    servers_with(text, &referenced)
}

impl OAuth {
    pub(crate) fn parse(setting: &str) -> Result<Self, String> {
        document(setting)
    }
}

impl Dkim {
    pub(crate) fn parse(setting: &str) -> Result<Self, String> {
        document(setting)
    }
}

impl Encryption {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "implicit" => Ok(Self::Implicit),
            "starttls" => Ok(Self::Required),
            "opportunistic" => Ok(Self::Opportunistic),
            "none" => Ok(Self::None),
            other => Err(format!(
                "\"{other}\" is none of `starttls`, `implicit`, `opportunistic`, `none`"
            )),
        }
    }
}

impl<'de> Deserialize<'de> for Encryption {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

fn absolute<'de, D: Deserializer<'de>>(url: D) -> Result<Url, D::Error> {
    match Url::parse(String::deserialize(url)?.trim()) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        _ => Err(D::Error::custom("`tokenUrl` does not start with http:// or https://")),
    }
}

/// The object that a setting holds or whose file it names; no error quotes a value.
fn document<T: DeserializeOwned>(setting: &str) -> Result<T, String> {
    let text = if setting.trim_start().starts_with('{') {
        setting.to_owned()
    } else {
        fs::read_to_string(setting).map_err(|error| format!("file {setting}: {}", error.kind()))?
    };
    read(filled(&text, &referenced)?)
}

fn servers_with(
    text: &str,
    secret: &dyn Fn(&str) -> Result<Secret, String>,
) -> Result<Vec<(String, Value, ServerSettings)>, String> {
    let value = filled(text, secret)?;
    let mut servers: BTreeMap<String, ServerSettings> = read(value.clone())?;
    let Value::Object(said) = value else { return Ok(Vec::new()) };
    let both = |(name, said)| servers.remove(&name).map(|it| (name, said, it));
    Ok(said.into_iter().filter_map(both).collect())
}

/// JSON with secrets in the places of their names.
fn filled(text: &str, secret: &dyn Fn(&str) -> Result<Secret, String>) -> Result<Value, String> {
    let mut value: Value = serde_json::from_str(text)
        .map_err(|error| format!("is no JSON: line {}, column {}", error.line(), error.column()))?;
    fill(&mut value, secret)?;
    Ok(value)
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let why = error.into_inner().to_string();
        // The library's words for a wrong type quote the value, which may be a secret.
        let why = if why.starts_with("invalid ") { "is not what it should be" } else { &why };
        if path == "." { why.to_owned() } else { format!("`{path}`: {why}") }
    })
}

/// Puts secrets in the place of their names.
fn fill(value: &mut Value, secret: &dyn Fn(&str) -> Result<Secret, String>) -> Result<(), String> {
    match value {
        Value::String(text) => {
            let mut filled = String::new();
            let mut rest = text.as_str();
            while let Some((before, after)) = rest.split_once("${") {
                let Some((name, after)) = after.split_once('}') else { break };
                filled += before;
                filled += secret(name)?.reveal();
                rest = after;
            }
            *text = filled + rest;
            Ok(())
        }
        Value::Array(entries) => entries.iter_mut().try_for_each(|it| fill(it, secret)),
        Value::Object(members) => members.values_mut().try_for_each(|it| fill(it, secret)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(text: &str) -> Result<Vec<(String, Value, ServerSettings)>, String> {
        servers_with(text, &|name| match name {
            "PW" => Ok("hunter2".to_owned().into()),
            _ => Err(format!("the variable {name} is missing")),
        })
    }

    fn refused(text: &str, expected: &str) {
        let error = servers(text).unwrap_err();
        assert!(error.contains(expected) && !error.contains("hunter2"), "{text}: {error}");
    }

    #[test]
    fn mistakes_are_told_by_place_and_without_values() {
        refused("{", "is no JSON: line 1");
        refused(r#"{"a": {}}"#, "`a`: missing field `host`");
        refused(r#"{"a": {"host": "h", "pasword": "${PW}"}}"#, "unknown field `pasword`");
        refused(r#"{"a": {"host": "h", "password": "${NOPE}"}}"#, "the variable NOPE is missing");
        refused(r#"{"a": {"host": "h", "port": "${PW}"}}"#, "`a.port`: is not what it should be");
        refused(r#"{"a": {"host": "h", "tls": "ssl"}}"#, "\"ssl\" is none of `starttls`");
        refused(r#"{"a": {"host": "h", "from": "nobody"}}"#, "`nobody` is not an address");
        refused(r#"{"a": {"host": "h", "rate": "many"}}"#, "\"many\" is no rate");
    }

    #[test]
    fn secrets_are_filled_in_by_name() {
        let text = r#"{"a": {"host": "h", "port": 465, "tls": "implicit", "password": "${PW}", "from": "A <a@example.org>"}}"#;
        let servers = servers(text).unwrap();
        let [(name, said, server)] = &servers[..] else { panic!("one") };
        assert_eq!((name.as_str(), &said["password"]), ("a", &Value::from("hunter2")));
        assert_eq!(server.password.as_ref().unwrap().reveal(), "hunter2");
        assert_eq!(server.tls, Some(Encryption::Implicit));
        assert!(!format!("{server:?}").contains("hunter2"));
    }
}
