//! Answers of token endpoints: tokens, and what it means when there is none (pure).

use std::time::Duration;

use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use serde_json::Value;

use crate::{ErrorKind, Grant, TokenRequest};

/// How much of a server's own words is told, in characters.
const SAID_CHARS_MAX: usize = 300;
/// Shorter secrets are not hidden in a server's words: the gaps would give them away.
const SECRET_CHARS_MIN: usize = 3;
/// Longer lives of tokens are cut to this one.
const LIFETIME_MAX: Duration = Duration::from_hours(24);

/// There is no token; the texts hold no secret, not even one that the server echoes.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("token endpoint {url}: {kind}")]
pub struct TokenError {
    /// Why not.
    pub kind: TokenErrorKind,
    /// The token endpoint, without query.
    pub url: String,
}

/// Why there is no token; `said` is the server's `error` and `error_description`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TokenErrorKind {
    /// No answer.
    #[error("{0}")]
    NoAnswer(ErrorKind),
    /// 408, 429 or 5xx: it may be better later.
    #[error("answered {status}{said}")]
    Unavailable {
        /// The status.
        status: u16,
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
        /// The server's words.
        said: String,
    },
    /// `invalid_grant` for a refresh token: it is used up, too old or withdrawn.
    #[error("the refresh token is no longer valid: answered {status}{said}")]
    RefreshTokenExpired {
        /// The status, which may be 200.
        status: u16,
        /// The server's words.
        said: String,
    },
    /// Somebody has to log in or agree (`interaction_required` and kin, `OpenID` Connect Core §3.1.2.6).
    #[error("a person has to log in or agree: answered {status}{said}")]
    InteractionRequired {
        /// The status, which may be 200.
        status: u16,
        /// The server's words.
        said: String,
    },
    /// Any other refusal.
    #[error("answered {status}{said}")]
    Refused {
        /// The status, which may be 200.
        status: u16,
        /// The server's words.
        said: String,
    },
    /// A success without a token.
    #[error("answered {status}, but {what}")]
    NoAccessToken {
        /// The status.
        status: u16,
        /// What there is instead.
        what: &'static str,
    },
    /// The assertion could not be signed.
    #[error("the assertion cannot be signed with this key")]
    NotSigned,
}

/// What a server gave.
pub(crate) struct Granted {
    pub(crate) access_token: String,
    /// `None` where the server does not tell.
    pub(crate) expires_in: Option<Duration>,
    /// What takes the place of the refresh token that was sent.
    pub(crate) refresh_token: Option<String>,
}

/// The token in an answer, whatever its status is: several servers report errors with 200.
///
/// `rotated` is the refresh token that was sent instead of the request's.
pub(crate) fn read(
    request: &TokenRequest,
    rotated: Option<&str>,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Granted, TokenErrorKind> {
    let answer: Option<Value> = serde_json::from_slice(body).ok();
    let text = |name: &str| {
        let text = answer.as_ref().and_then(|it| it.get(name)).and_then(Value::as_str);
        text.map(str::trim).filter(|it| !it.is_empty())
    };
    let error = text("error");
    let said = {
        let parts = [error, text("error_description")].into_iter().flatten();
        let secrets: Vec<_> = request.secrets().into_iter().chain(rotated).collect();
        said(&parts.collect::<Vec<_>>().join(": "), &secrets)
    };
    let code = status.as_u16();
    let is_refresh = matches!(request.grant, Grant::RefreshToken { .. });
    match error {
        Some("invalid_grant") if is_refresh => {
            return Err(TokenErrorKind::RefreshTokenExpired { status: code, said });
        }
        Some(
            "interaction_required"
            | "login_required"
            | "account_selection_required"
            | "consent_required",
        ) => return Err(TokenErrorKind::InteractionRequired { status: code, said }),
        _ if matches!(code, 408 | 429 | 500..=599) => {
            let retry_after =
                headers.get(RETRY_AFTER).and_then(|it| it.to_str().ok()?.parse().ok());
            let retry_after = retry_after.map(Duration::from_secs);
            return Err(TokenErrorKind::Unavailable { status: code, retry_after, said });
        }
        Some(_) => return Err(TokenErrorKind::Refused { status: code, said }),
        None if !status.is_success() => {
            return Err(TokenErrorKind::Refused { status: code, said });
        }
        None => {}
    }
    // What is in the body otherwise is not told: it may be a token under another name.
    let no_token = |what| TokenErrorKind::NoAccessToken { status: code, what };
    let Some(Value::Object(members)) = &answer else {
        return Err(no_token("not with a JSON object"));
    };
    let access_token = text("access_token").ok_or_else(|| no_token("without `access_token`"))?;
    if !access_token.bytes().all(|it| it.is_ascii_graphic() || it == b' ') {
        return Err(no_token("with an `access_token` that no header can carry"));
    }
    Ok(Granted {
        access_token: access_token.to_owned(),
        expires_in: members.get("expires_in").and_then(lifetime),
        refresh_token: text("refresh_token").map(str::to_owned),
    })
}

/// Seconds as a number or, as Azure once did, as a text; what is no number is as if it were absent.
fn lifetime(value: &Value) -> Option<Duration> {
    let seconds: f64 = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let lifetime = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(LIFETIME_MAX);
    Some(lifetime.min(LIFETIME_MAX))
}

/// A server's words on one bounded line, without the secrets that it was sent.
fn said(text: &str, secrets: &[&str]) -> String {
    if text.is_empty() {
        return String::new();
    }
    let secrets = secrets.iter().filter(|it| it.chars().count() >= SECRET_CHARS_MIN);
    let text = secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "***"));
    let mut said = " ".to_owned();
    for (n_chars, it) in text.chars().enumerate() {
        if n_chars == SAID_CHARS_MAX {
            said.push('…');
            break;
        }
        said.push(if it.is_control() { ' ' } else { it });
    }
    said
}
