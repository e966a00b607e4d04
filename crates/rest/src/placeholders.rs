//! AAE's placeholders: five settings that inputs can name (`activiti-ootb-connectors.md` §9.4).

use std::borrow::Cow;

use common::{Failure, Secret};
use serde_json::Value;

use crate::{config::Config, error::invalid};

/// What stands for each placeholder; only these names are placeholders, any other `${…}` is text.
pub(crate) struct Placeholders {
    host: Option<String>,
    http_port: String,
    https_port: String,
    auth_token: Option<Secret>,
    auth_user: Option<String>,
}

impl Placeholders {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            host: config.rest_host.clone(),
            http_port: config.rest_http_port.to_string(),
            https_port: config.rest_https_port.to_string(),
            auth_token: config.rest_auth_token.clone(),
            auth_user: config.rest_auth_user.clone(),
        }
    }

    /// `text` of `input` with its placeholders filled in, once: what is filled in is not looked at again.
    pub(crate) fn fill<'a>(&self, input: &str, text: &'a str) -> Result<Cow<'a, str>, Failure> {
        if !text.contains("${") {
            return Ok(Cow::Borrowed(text));
        }
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            filled += before;
            let named = after.split_once('}');
            let Some((name, value, after)) =
                named.and_then(|(name, after)| Some((name, self.value(name)?, after)))
            else {
                filled += "${";
                rest = after;
                continue;
            };
            let (setting, value) = value;
            filled += value.ok_or_else(|| {
                invalid(format_args!("`{input}` has `${{{name}}}`, but {setting} is not set"))
            })?;
            rest = after;
        }
        Ok(Cow::Owned(filled + rest))
    }

    /// `value` of `input` with the placeholders in all its texts filled in.
    pub(crate) fn fill_all(&self, input: &str, value: &mut Value) -> Result<(), Failure> {
        match value {
            Value::String(text) => {
                if let Cow::Owned(filled) = self.fill(input, text)? {
                    *text = filled;
                }
                Ok(())
            }
            Value::Array(list) => list.iter_mut().try_for_each(|it| self.fill_all(input, it)),
            Value::Object(members) => {
                members.values_mut().try_for_each(|it| self.fill_all(input, it))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        }
    }

    /// The setting behind a placeholder's name, and what it is set to.
    fn value(&self, name: &str) -> Option<(&'static str, Option<&str>)> {
        Some(match name {
            "host" | "rest-host" => ("REST_HOST", self.host.as_deref()),
            "rest-http-port" => ("REST_HTTP_PORT", Some(&self.http_port)),
            "rest-https-port" => ("REST_HTTPS_PORT", Some(&self.https_port)),
            "rest-auth-token" => ("REST_AUTH_TOKEN", self.auth_token.as_ref().map(Secret::reveal)),
            "rest-auth-user" => ("REST_AUTH_USER", self.auth_user.as_deref()),
            _ => return None,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    pub(crate) fn placeholders() -> Placeholders {
        Placeholders {
            host: Some("api.example.org".to_owned()),
            http_port: "80".to_owned(),
            https_port: "8443".to_owned(),
            auth_token: Some(Secret::from("t0ken-${host}".to_owned())),
            auth_user: None,
        }
    }

    fn check(text: &str, expected: &str) {
        let filled = placeholders().fill("restUrl", text);
        assert_eq!(filled.unwrap_or_else(|it| it.to_string().into()), expected);
    }

    #[test]
    fn a_placeholder_without_a_setting_names_the_setting() {
        check(
            "http://x/${rest-auth-user}",
            "INVALID_INPUT: `restUrl` has `${rest-auth-user}`, but REST_AUTH_USER is not set",
        );
    }

    #[test]
    fn other_expressions_are_text() {
        for text in ["${order}", "${host", "${ host }", "${}", "$ {host}", "${HOST}", "a ${"] {
            check(text, text);
        }
        check("${${host}}", "${api.example.org}");
    }

    #[test]
    fn documented_placeholders_are_filled_in_once() {
        check(
            "https://${host}:${rest-https-port}/${rest-host}:${rest-http-port}",
            "https://api.example.org:8443/api.example.org:80",
        );
        check("Bearer ${rest-auth-token}", "Bearer t0ken-${host}");
    }

    #[test]
    fn placeholders_are_filled_in_in_all_texts_of_a_payload() {
        let mut payload = json!({"${host}": ["${host}", 1, null, {"a": "${rest-http-port}"}]});
        placeholders().fill_all("requestPayload", &mut payload).unwrap();
        assert_eq!(payload, json!({"${host}": ["api.example.org", 1, null, {"a": "80"}]}));
    }
}
