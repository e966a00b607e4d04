//! Grants of OAuth 2.0: what an access token is asked for with, as a form and a header.

use std::{fmt, mem};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::{
    Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use url::form_urlencoded;

use crate::{
    Assertion,
    fingerprint::{Fingerprint, fingerprint},
};

/// Who asks whom for which access token (RFC 6749 §4.3, §4.4, §6; RFC 7523 §2.1); empty texts are not sent, `Debug` shows no secret.
#[derive(Clone)]
pub struct TokenRequest {
    /// The token endpoint.
    pub token_url: Url,
    /// What entitles to the token.
    pub grant: Grant,
    /// The client's id; an assertion may do without.
    pub client_id: String,
    /// The client's secret; public clients have none.
    pub client_secret: String,
    /// Where id and secret go.
    pub client_auth: ClientAuth,
    /// Scopes, separated by spaces.
    pub scope: String,
    /// `audience`, which several servers ask for; with an assertion its claim `aud` (else the token endpoint's URL) and not sent.
    pub audience: String,
    /// `resource` (RFC 8707).
    pub resource: String,
    /// Whatever else the server wants.
    pub parameters: Vec<(String, String)>,
}

/// What entitles to a token.
#[derive(Clone)]
pub enum Grant {
    /// The client itself.
    ClientCredentials,
    /// A user's name and password.
    Password {
        /// The user's name.
        username: String,
        /// The user's password.
        password: String,
    },
    /// A token from an earlier authorization; where the server replaces it, the new one is used from then on and kept in memory only.
    RefreshToken {
        /// The first one.
        refresh_token: String,
    },
    /// A statement that is signed with a private key.
    JwtBearer(Assertion),
}

/// How the client tells who it is (RFC 6749 §2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// `Authorization: Basic`; a client without a secret has its id in the form.
    Basic,
    /// `client_id` and `client_secret` in the form.
    Body,
}

impl TokenRequest {
    /// Everything secret in it, for whoever has to hide it in texts.
    pub fn secrets(&self) -> Vec<&str> {
        let of_grant = match &self.grant {
            Grant::ClientCredentials | Grant::JwtBearer(_) => None,
            Grant::Password { password, .. } => Some(password.as_str()),
            Grant::RefreshToken { refresh_token } => Some(refresh_token.as_str()),
        };
        [of_grant, Some(self.client_secret.as_str())].into_iter().flatten().collect()
    }

    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, form);
        if self.is_basic() {
            // Each part is form-encoded before, so that a colon or a line break in it does no harm.
            let encoded = [&self.client_id, &self.client_secret].map(|it| encode(it)).join(":");
            let value = format!("Basic {}", BASE64_STANDARD.encode(encoded));
            if let Ok(mut value) = HeaderValue::try_from(value) {
                value.set_sensitive(true);
                headers.insert(AUTHORIZATION, value);
            }
        }
        headers
    }

    /// The form; `rotated` is what a server gave instead of the first refresh token.
    ///
    /// `None` when the assertion cannot be signed.
    pub(crate) fn form(&self, rotated: Option<&str>) -> Option<String> {
        let scope = Some(self.scope.as_str()).filter(|it| !it.is_empty());
        let mut form = form_urlencoded::Serializer::new(String::new());
        let mut audience = self.audience.as_str();
        match &self.grant {
            Grant::ClientCredentials => {
                form.append_pair("grant_type", "client_credentials");
            }
            Grant::Password { username, password } => {
                form.append_pair("grant_type", "password");
                form.append_pair("username", username).append_pair("password", password);
            }
            Grant::RefreshToken { refresh_token } => {
                form.append_pair("grant_type", "refresh_token");
                form.append_pair("refresh_token", rotated.unwrap_or(refresh_token));
            }
            Grant::JwtBearer(assertion) => {
                let claim = Some(mem::take(&mut audience)).filter(|it| !it.is_empty());
                let jwt = assertion.jwt(claim.unwrap_or(self.token_url.as_str()), scope)?;
                form.append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
                form.append_pair("assertion", &jwt);
            }
        }
        let (id, secret) = if self.is_basic() {
            ("", "")
        } else {
            (self.client_id.as_str(), self.client_secret.as_str())
        };
        let own = [
            ("client_id", id),
            ("client_secret", secret),
            ("scope", scope.unwrap_or_default()),
            ("audience", audience),
            ("resource", self.resource.as_str()),
        ];
        form.extend_pairs(own.iter().filter(|(_, value)| !value.is_empty()));
        form.extend_pairs(&self.parameters);
        Some(form.finish())
    }

    /// The same for requests that get the same token, and for no others; `identity` is that of the client (mTLS).
    pub(crate) fn fingerprint(&self, identity: &Fingerprint) -> Fingerprint {
        let mut parts: Vec<&[u8]> = vec![identity, self.token_url.as_str().as_bytes()];
        match &self.grant {
            Grant::ClientCredentials => parts.push(b"client_credentials"),
            Grant::Password { username, password } => {
                parts.extend([b"password".as_slice(), username.as_bytes(), password.as_bytes()]);
            }
            Grant::RefreshToken { refresh_token } => {
                parts.extend([b"refresh_token".as_slice(), refresh_token.as_bytes()]);
            }
            Grant::JwtBearer(assertion) => {
                let key: [&[u8]; 3] =
                    [b"jwt-bearer", &assertion.fingerprint, assertion.issuer.as_bytes()];
                parts.extend(key);
                // An absent claim is not an empty one: the number of parts tells.
                parts.extend(assertion.subject.iter().map(String::as_bytes));
                parts.push(b"kid");
                parts.extend(assertion.key_id.iter().map(String::as_bytes));
            }
        }
        parts.push(match self.client_auth {
            ClientAuth::Basic => b"basic",
            ClientAuth::Body => b"body",
        });
        let own = [&self.client_id, &self.client_secret, &self.scope, &self.audience];
        parts.extend(own.iter().map(|it| it.as_bytes()));
        parts.push(self.resource.as_bytes());
        for (name, value) in &self.parameters {
            parts.extend([name.as_bytes(), value.as_bytes()]);
        }
        fingerprint(parts)
    }

    fn is_basic(&self) -> bool {
        match self.client_auth {
            ClientAuth::Basic => !self.client_secret.is_empty(),
            ClientAuth::Body => false,
        }
    }
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenRequest({:?} from {})", self.grant, crate::shown(&self.token_url))
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientCredentials => f.write_str("ClientCredentials"),
            Self::Password { .. } => f.write_str("Password"),
            Self::RefreshToken { .. } => f.write_str("RefreshToken"),
            Self::JwtBearer(assertion) => write!(f, "JwtBearer({assertion:?})"),
        }
    }
}

fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
