//! AAE's placeholders: five settings that inputs can name (`activiti-ootb-connectors.md` §9.4).
//!
//! They are for where a call goes and as whom: URL, parameters, headers and `auth`.
//! A payload is data: whoever fills in a form could ask for the settings there.

use std::borrow::Cow;

use common::{Failure, Secret};

use crate::{config::Config, error::invalid};

/// What stands for each placeholder; only these names are placeholders, any other `${…}` is text.
#[derive(Default)]
pub(crate) struct Placeholders(Vec<Placeholder>);

struct Placeholder {
    names: &'static [&'static str],
    setting: &'static str,
    value: Option<Secret>,
}

impl Placeholders {
    pub(crate) fn new(config: &Config) -> Self {
        let plain = |text: String| Some(Secret::from(text));
        let of = |names, setting, value| Placeholder { names, setting, value };
        Self(vec![
            of(&["host", "rest-host"], "REST_HOST", config.rest_host.clone().and_then(plain)),
            of(&["rest-http-port"], "REST_HTTP_PORT", plain(config.rest_http_port.to_string())),
            of(&["rest-https-port"], "REST_HTTPS_PORT", plain(config.rest_https_port.to_string())),
            of(&["rest-auth-token"], "REST_AUTH_TOKEN", config.rest_auth_token.clone()),
            of(
                &["rest-auth-user"],
                "REST_AUTH_USER",
                config.rest_auth_user.clone().and_then(plain),
            ),
        ])
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

    /// `text` of `input` with its placeholders filled in, where it has any.
    pub(crate) fn replaced(&self, input: &str, text: &str) -> Result<Option<String>, Failure> {
        Ok(match self.fill(input, text)? {
            Cow::Owned(filled) => Some(filled),
            Cow::Borrowed(_) => None,
        })
    }

    /// The setting behind a placeholder's name, and what it is set to.
    fn value(&self, name: &str) -> Option<(&'static str, Option<&str>)> {
        let found = self.0.iter().find(|it| it.names.contains(&name))?;
        Some((found.setting, found.value.as_ref().map(Secret::reveal)))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn placeholders() -> Placeholders {
        let of = |names, setting, value: Option<&str>| Placeholder {
            names,
            setting,
            value: value.map(|it| Secret::from(it.to_owned())),
        };
        Placeholders(vec![
            of(&["host", "rest-host"], "REST_HOST", Some("api.example.org")),
            of(&["rest-http-port"], "REST_HTTP_PORT", Some("80")),
            of(&["rest-https-port"], "REST_HTTPS_PORT", Some("8443")),
            of(&["rest-auth-token"], "REST_AUTH_TOKEN", Some("t0ken-${host}")),
            of(&["rest-auth-user"], "REST_AUTH_USER", None),
        ])
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
}
