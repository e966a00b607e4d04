//! What it means for the process that there is no token (pure).

use common::Failure;
use http::StatusCode;
use outbound::{ErrorKind, TokenError, TokenErrorKind};
use url::Url;

use crate::{
    error::{ErrorCode, invalid},
    request::{Request, TimeLimit},
};

/// The failure of a call that could not be made for want of a token: always safe to repeat, since the peer has done nothing.
pub(crate) fn of_token(request: &Request, error: &TokenError) -> Failure {
    let text = request.mask.text(&error.to_string());
    let source = || anyhow::anyhow!(text.clone());
    let code = ErrorCode::OauthTokenError;
    let failure = match &error.kind {
        TokenErrorKind::NoAnswer(kind) => match kind {
            ErrorKind::InvalidUrl(_) | ErrorKind::EgressDenied(_) => {
                invalid(format_args!("`auth`: `tokenUrl`: {text}"))
            }
            ErrorKind::Timeout { .. } | ErrorKind::ConnectTimeout { .. } => {
                match request.time_limit {
                    TimeLimit::OfTheSettings => Failure::transient(code, source()),
                    TimeLimit::OfTheTask => Failure::permanent(ErrorCode::RequestTimeout, source()),
                }
            }
            ErrorKind::HostNotFound { .. }
            | ErrorKind::ConnectRefused
            | ErrorKind::Unreachable(_)
            | ErrorKind::Proxy(_)
            | ErrorKind::Reset(_) => Failure::transient(code, source()),
            ErrorKind::Tls { .. }
            | ErrorKind::ProxyAuthentication
            | ErrorKind::BadResponse(_)
            | ErrorKind::TooManyRedirects { .. }
            | ErrorKind::RedirectLoop
            | ErrorKind::BadRedirect(_)
            | ErrorKind::Source(_)
            | ErrorKind::TooLarge { .. }
            | ErrorKind::BadBody(_) => Failure::permanent(code, source()),
        },
        TokenErrorKind::Unavailable { status: 429, retry_after, .. } => {
            Failure::rate_limited(code, source(), *retry_after)
        }
        TokenErrorKind::Unavailable { retry_after, .. } => {
            let failure = Failure::transient(code, source());
            match retry_after {
                Some(pause) => failure.retry_after(*pause),
                None => failure,
            }
        }
        TokenErrorKind::RefreshTokenExpired { .. } => {
            Failure::business(ErrorCode::OauthRefreshTokenExpired, &text)
        }
        TokenErrorKind::InteractionRequired { .. } => {
            Failure::business(ErrorCode::OauthInteractionRequired, &text)
        }
        TokenErrorKind::Refused { .. } => Failure::business(code, &text),
        TokenErrorKind::NoAccessToken { .. } => {
            Failure::permanent(ErrorCode::OauthNoAccessToken, source())
        }
        TokenErrorKind::NotSigned => Failure::permanent(code, source()),
    };
    let host = Url::parse(&error.url).map(|it| it.origin().ascii_serialization());
    let host = host.unwrap_or_default();
    let failure = failure.with_note(format_args!("no access token from {host}"));
    match status(&error.kind) {
        Some(status) => failure.with_status(status),
        None => failure,
    }
}

/// The token endpoint's status where it is an error: several report errors with 200.
fn status(kind: &TokenErrorKind) -> Option<u16> {
    match kind {
        TokenErrorKind::NoAnswer(_)
        | TokenErrorKind::NoAccessToken { .. }
        | TokenErrorKind::NotSigned => None,
        TokenErrorKind::Unavailable { status, .. }
        | TokenErrorKind::RefreshTokenExpired { status, .. }
        | TokenErrorKind::InteractionRequired { status, .. }
        | TokenErrorKind::Refused { status, .. } => {
            StatusCode::from_u16(*status).is_ok_and(|it| !it.is_success()).then_some(*status)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::Method;
    use serde_json::json;

    use super::*;
    use crate::request;

    const SECOND: Duration = Duration::from_secs(1);

    fn fail(kind: TokenErrorKind, timeout: Option<u64>) -> Failure {
        let input = json!({
            "restUrl": "http://x/",
            "timeout": timeout,
            "auth": {"type": "oauth2", "tokenUrl": "http://as.test/t", "clientId": "id",
                "clientSecret": "s3cret"},
        });
        let request = request::tests::build(Method::POST, input).unwrap();
        of_token(&request, &TokenError { kind, url: "http://as.test/t".to_owned() })
    }

    fn check(kind: TokenErrorKind, expected: &str, status: Option<u16>) {
        let name = format!("{kind:?}");
        let failure = fail(kind, None);
        let pause = match &failure {
            Failure::Transient { retry_after: Some(pause), rate_limited, .. } => {
                format!(
                    " after {} s{}",
                    pause.as_secs(),
                    if *rate_limited { ", limited" } else { "" }
                )
            }
            _ => String::new(),
        };
        assert_eq!(format!("{} {}{pause}", failure.kind(), failure.code()), expected, "{name}");
        assert_eq!(failure.report().status, status, "{name}");
        let note = failure.report().note.as_deref();
        assert_eq!(note, Some("no access token from http://as.test"), "{name}");
        assert!(!failure.to_string().contains("s3cret"), "{failure}");
    }

    #[test]
    fn a_token_endpoint_without_an_answer_is_tried_again_where_that_can_help() {
        let text = || "x".to_owned();
        let invalid = "business INVALID_INPUT";
        let transient = "transient OAUTH_TOKEN_ERROR";
        let permanent = "permanent OAUTH_TOKEN_ERROR";
        for (kind, expected) in [
            (ErrorKind::InvalidUrl(text()), invalid),
            (ErrorKind::HostNotFound { host: text() }, transient),
            (ErrorKind::ConnectRefused, transient),
            (ErrorKind::Unreachable(text()), transient),
            (ErrorKind::Proxy(text()), transient),
            (ErrorKind::Reset(text()), transient),
            (ErrorKind::ConnectTimeout { after: SECOND }, transient),
            (ErrorKind::Timeout { after: SECOND }, transient),
            (ErrorKind::Tls { text: text(), hint: "" }, permanent),
            (ErrorKind::ProxyAuthentication, permanent),
            (ErrorKind::BadResponse(text()), permanent),
            (ErrorKind::TooLarge { limit: 1 }, permanent),
            (ErrorKind::BadBody(text()), permanent),
        ] {
            check(TokenErrorKind::NoAnswer(kind), expected, None);
        }
    }

    #[test]
    fn a_time_limit_of_the_task_is_final() {
        for kind in
            [ErrorKind::Timeout { after: SECOND }, ErrorKind::ConnectTimeout { after: SECOND }]
        {
            let failure = fail(TokenErrorKind::NoAnswer(kind), Some(1000));
            assert_eq!((failure.kind(), failure.code()), ("permanent", "REQUEST_TIMEOUT"));
        }
    }

    #[test]
    fn what_the_endpoint_says_has_codes_of_its_own_and_its_status_where_that_is_an_error() {
        let said = || " invalid_client: s3cret".to_owned();
        let busy = |status, seconds: Option<u64>| TokenErrorKind::Unavailable {
            status,
            retry_after: seconds.map(Duration::from_secs),
            said: said(),
        };
        check(busy(503, None), "transient OAUTH_TOKEN_ERROR", Some(503));
        check(busy(503, Some(7)), "transient OAUTH_TOKEN_ERROR after 7 s", Some(503));
        check(busy(429, Some(7)), "transient OAUTH_TOKEN_ERROR after 7 s, limited", Some(429));
        for (status, told) in [(200, None), (400, Some(400)), (401, Some(401))] {
            let refused = TokenErrorKind::Refused { status, said: said() };
            check(refused, "business OAUTH_TOKEN_ERROR", told);
            let expired = TokenErrorKind::RefreshTokenExpired { status, said: said() };
            check(expired, "business OAUTH_REFRESH_TOKEN_EXPIRED", told);
            let required = TokenErrorKind::InteractionRequired { status, said: said() };
            check(required, "business OAUTH_INTERACTION_REQUIRED", told);
        }
        let none = TokenErrorKind::NoAccessToken { status: 200, what: "rubbish" };
        check(none, "permanent OAUTH_NO_ACCESS_TOKEN", None);
        check(TokenErrorKind::NotSigned, "permanent OAUTH_TOKEN_ERROR", None);
    }
}
