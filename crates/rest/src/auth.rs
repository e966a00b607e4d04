//! The input `auth`: who the caller is.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use common::{Object, Secret};
use http::{HeaderName, HeaderValue, header::AUTHORIZATION};
use outbound::TokenRequest;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use crate::{
    auth_oauth,
    auth_sigv4::{self, Keys},
};

/// Credentials, checked; `Debug` shows none of them.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(with = "Value")]
pub(crate) enum Auth {
    Basic { username: String, password: Secret },
    Bearer { token: Secret },
    ApiKeyHeader { name: HeaderName, value: Secret },
    ApiKeyQuery { name: String, value: Secret },
    OnSending(OnSending),
}

/// Credentials that are made when the request is sent.
#[derive(Clone, Debug)]
pub(crate) enum OnSending {
    /// A token that is fetched first.
    OAuth2(Box<TokenRequest>),
    /// The answer to a challenge (RFC 7616).
    Digest { username: String, password: Secret },
    /// A signature over the whole request.
    SigV4(Box<Keys>),
}

/// Where credentials go.
#[derive(Debug)]
pub(crate) enum Credential<'a> {
    Header(HeaderName, HeaderValue),
    Query(&'a str, &'a Secret),
    OnSending(&'a OnSending),
}

impl Auth {
    /// What to add to the request.
    ///
    /// # Errors
    /// The text names the member that cannot be sent.
    pub(crate) fn credential(&self) -> Result<Credential<'_>, String> {
        let (name, value, member) = match self {
            Self::Basic { username, password } => {
                let pair = format!("{username}:{}", password.reveal());
                (AUTHORIZATION, format!("Basic {}", BASE64_STANDARD.encode(pair)), "password")
            }
            Self::Bearer { token } => {
                (AUTHORIZATION, format!("Bearer {}", token.reveal()), "token")
            }
            Self::ApiKeyHeader { name, value } => {
                (name.clone(), value.reveal().to_owned(), "value")
            }
            Self::ApiKeyQuery { name, value } => return Ok(Credential::Query(name, value)),
            Self::OnSending(credentials) => return Ok(Credential::OnSending(credentials)),
        };
        let mut value = HeaderValue::from_str(&value)
            .map_err(|_invalid| format!("`{member}` has characters that no header can carry"))?;
        value.set_sensitive(true);
        Ok(Credential::Header(name, value))
    }

    /// Replaces the texts of which `fill` makes others: names and secrets of the simple kinds.
    pub(crate) fn fill<E>(
        &mut self,
        fill: impl Fn(&str) -> Result<Option<String>, E>,
    ) -> Result<(), E> {
        let (name, secret) = match self {
            Self::Basic { username, password }
            | Self::OnSending(OnSending::Digest { username, password }) => {
                (Some(username), password)
            }
            Self::Bearer { token } => (None, token),
            Self::ApiKeyHeader { value, .. } | Self::ApiKeyQuery { value, .. } => (None, value),
            Self::OnSending(OnSending::OAuth2(_) | OnSending::SigV4(_)) => return Ok(()),
        };
        if let Some(name) = name
            && let Some(filled) = fill(name)?
        {
            *name = filled;
        }
        if let Some(filled) = fill(secret.reveal())? {
            *secret = filled.into();
        }
        Ok(())
    }

    /// The parts that no text may show.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Basic { password, .. } | Self::OnSending(OnSending::Digest { password, .. }) => {
                vec![password.reveal()]
            }
            Self::Bearer { token } => vec![token.reveal()],
            Self::ApiKeyHeader { value, .. } | Self::ApiKeyQuery { value, .. } => {
                vec![value.reveal()]
            }
            Self::OnSending(OnSending::OAuth2(request)) => request.secrets(),
            Self::OnSending(OnSending::SigV4(keys)) => keys.secrets(),
        }
    }

    fn from_members(members: &Object) -> Result<Self, String> {
        let kind = required(members, "auth", "type")?;
        match kind.as_str() {
            "basic" => {
                let username = required(members, "basic", "username")?;
                if username.contains(':') {
                    return Err("`username` has a colon, which basic cannot carry".to_owned());
                }
                let password = optional(members, "password")?;
                let password = password.ok_or("basic needs `password`, which may be empty")?;
                Ok(Self::Basic { username, password: password.into() })
            }
            "bearer" => Ok(Self::Bearer { token: required(members, "bearer", "token")?.into() }),
            "apiKey" => {
                let name = required(members, "apiKey", "name")?;
                let value = required(members, "apiKey", "value")?.into();
                match optional(members, "in")?.as_deref() {
                    None | Some("header") => match HeaderName::try_from(&name) {
                        Ok(name) => Ok(Self::ApiKeyHeader { name, value }),
                        Err(_) => Err(format!("`name`: `{name}` is no header name")),
                    },
                    Some("query") => Ok(Self::ApiKeyQuery { name, value }),
                    Some(other) => Err(format!("`in`: `{other}` is neither `header` nor `query`")),
                }
            }
            "oauth2" => {
                let request = auth_oauth::token_request(members)?;
                Ok(Self::OnSending(OnSending::OAuth2(Box::new(request))))
            }
            "digest" => {
                let username = required(members, "digest", "username")?;
                let password = optional(members, "password")?;
                let password = password.ok_or("digest needs `password`, which may be empty")?;
                Ok(Self::OnSending(OnSending::Digest { username, password: password.into() }))
            }
            "sigv4" => {
                let required = |name| required(members, "sigv4", name);
                let keys = Keys {
                    access_key_id: required("accessKeyId")?,
                    secret_access_key: required("secretAccessKey")?.into(),
                    session_token: given(members, "sessionToken")?.map(Secret::from),
                    region: required("region")?,
                    service: required("service")?,
                };
                keys.check()?;
                Ok(Self::OnSending(OnSending::SigV4(Box::new(keys))))
            }
            other => Err(format!(
                "`type`: `{other}` is none of `basic`, `bearer`, `apiKey`, `oauth2`, `digest` and `sigv4`"
            )),
        }
    }
}

impl OnSending {
    /// How its header starts, for a dry run.
    pub(crate) fn scheme(&self) -> &'static str {
        match self {
            Self::OAuth2(_) => "Bearer",
            Self::Digest { .. } => "Digest",
            Self::SigV4(_) => auth_sigv4::ALGORITHM,
        }
    }
}

impl<'de> Deserialize<'de> for Auth {
    /// Reads plain JSON: a library's texts would quote the secrets that are in it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = match Value::deserialize(deserializer)? {
            Value::Object(members) => Some(members),
            Value::String(text) => serde_json::from_str(&text).ok(),
            _ => None,
        };
        let members = members.ok_or_else(|| D::Error::custom("an object with `type` is wanted"))?;
        Self::from_members(&members).map_err(D::Error::custom)
    }
}

/// A member that `kind` cannot do without.
pub(crate) fn required(members: &Object, kind: &str, name: &str) -> Result<String, String> {
    given(members, name)?.ok_or_else(|| format!("{kind} needs `{name}`"))
}

/// A member that may be absent, which a blank one is too.
pub(crate) fn given(members: &Object, name: &str) -> Result<Option<String>, String> {
    Ok(optional(members, name)?.filter(|it| !it.trim().is_empty()))
}

fn optional(members: &Object, name: &str) -> Result<Option<String>, String> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(value.to_string())),
        Some(Value::Array(_) | Value::Object(_)) => Err(format!("`{name}` is no text")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Result<Auth, String> {
        Auth::deserialize(value).map_err(|error| error.to_string())
    }

    fn refused(value: &Value, expected: &str) {
        assert_eq!(read(value).unwrap_err(), expected, "{value}");
    }

    fn check(value: &Value, expected: &str) {
        let auth = read(value).unwrap();
        let sent = match auth.credential().unwrap() {
            Credential::Header(name, value) => {
                assert!(value.is_sensitive());
                format!("{name}: {}", value.to_str().unwrap())
            }
            Credential::Query(name, value) => format!("?{name}={}", value.reveal()),
            Credential::OnSending(credentials) => panic!("{credentials:?} is not made here"),
        };
        assert_eq!(sent, expected);
    }

    #[test]
    fn names_the_member_that_is_missing_or_wrong() {
        refused(&json!({}), "auth needs `type`");
        refused(
            &json!({"type": "oauth9"}),
            "`type`: `oauth9` is none of `basic`, `bearer`, `apiKey`, `oauth2`, `digest` and `sigv4`",
        );
        refused(&json!({"type": "basic", "password": "p"}), "basic needs `username`");
        refused(
            &json!({"type": "basic", "username": "u"}),
            "basic needs `password`, which may be empty",
        );
        refused(
            &json!({"type": "basic", "username": "a:b", "password": "p"}),
            "`username` has a colon, which basic cannot carry",
        );
        refused(&json!({"type": "bearer"}), "bearer needs `token`");
        refused(&json!({"type": "bearer", "token": ""}), "bearer needs `token`");
        refused(&json!({"type": "apiKey", "value": "v"}), "apiKey needs `name`");
        refused(&json!({"type": "apiKey", "name": "n"}), "apiKey needs `value`");
        refused(
            &json!({"type": "apiKey", "name": "a b", "value": "v"}),
            "`name`: `a b` is no header name",
        );
        refused(
            &json!({"type": "apiKey", "name": "n", "value": "v", "in": "body"}),
            "`in`: `body` is neither `header` nor `query`",
        );
    }

    #[test]
    fn never_quotes_a_secret() {
        refused(&json!("s3cret"), "an object with `type` is wanted");
        refused(&json!({"type": "bearer", "token": ["s3cret"]}), "`token` is no text");
        let auth = read(&json!({"type": "bearer", "token": "s3\ncret"})).unwrap();
        let error = auth.credential().unwrap_err();
        assert_eq!(error, "`token` has characters that no header can carry");
        assert!(!format!("{auth:?}").contains("cret"));
    }

    #[test]
    fn credentials_become_headers_and_query_parameters() {
        check(
            &json!({"type": "basic", "username": "user", "password": "pass"}),
            "authorization: Basic dXNlcjpwYXNz",
        );
        check(
            &json!({"type": "basic", "username": "jürgen", "password": ""}),
            "authorization: Basic asO8cmdlbjo=",
        );
        check(&json!(r#"{"type": "bearer", "token": 42}"#), "authorization: Bearer 42");
        check(&json!({"type": "apiKey", "name": "X-Key", "value": "v"}), "x-key: v");
        check(&json!({"type": "apiKey", "name": "key", "value": "a b", "in": "query"}), "?key=a b");
    }
}
