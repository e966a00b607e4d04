//! `ErrorCode`: the errors a process can catch, beside `MISSING_INPUT` and `INVALID_INPUT` of every connector.

use std::fmt;

use common::Failure;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

/// Codes by HTTP status (`activiti-ootb-connectors.md` §9.5), then those of calls without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ErrorCode {
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    NotAcceptable,
    ProxyAuthenticationRequired,
    RequestTimeout,
    Conflict,
    Gone,
    UnprocessableEntity,
    Locked,
    FailedDependency,
    TooManyRequests,
    InternalServerError,
    NotImplemented,
    BadGateway,
    ServiceUnavailable,
    GatewayTimeout,
    ConnectionError,
    HostNotFound,
    TlsError,
    TooManyRedirects,
    ResponseTooLarge,
    CircuitBreakerOpen,
    PagingError,
    OauthTokenError,
    OauthRefreshTokenExpired,
    OauthInteractionRequired,
    OauthNoAccessToken,
    UnknownError,
}

impl ErrorCode {
    /// The code of a status; one without its own is treated as the x00 of its class (RFC 9110 §15).
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            406 => Self::NotAcceptable,
            407 => Self::ProxyAuthenticationRequired,
            408 => Self::RequestTimeout,
            409 => Self::Conflict,
            410 => Self::Gone,
            422 => Self::UnprocessableEntity,
            423 => Self::Locked,
            424 => Self::FailedDependency,
            429 => Self::TooManyRequests,
            400..=499 => Self::BadRequest,
            501 => Self::NotImplemented,
            502 => Self::BadGateway,
            503 => Self::ServiceUnavailable,
            504 => Self::GatewayTimeout,
            500..=599 => Self::InternalServerError,
            _ => Self::UnknownError,
        }
    }
}

/// `INVALID_INPUT`: the process author has to change `message`'s culprit.
pub(crate) fn invalid(message: impl fmt::Display) -> Failure {
    Failure::business("INVALID_INPUT", message)
}

/// `UNKNOWN_ERROR`: the operator has to look; `text` holds neither data nor secrets.
pub(crate) fn unknown(text: impl fmt::Display) -> Failure {
    let text = text.to_string();
    let source = anyhow::anyhow!(text.clone());
    Failure::permanent(ErrorCode::UnknownError, source).with_note(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(status: u16, expected: &str) {
        let code = ErrorCode::of_status(StatusCode::from_u16(status).unwrap());
        assert_eq!(json!(code), expected, "{status}");
    }

    #[test]
    fn a_status_without_its_own_code_has_that_of_its_class() {
        check(402, "BAD_REQUEST");
        check(418, "BAD_REQUEST");
        check(451, "BAD_REQUEST");
        check(505, "INTERNAL_SERVER_ERROR");
        check(599, "INTERNAL_SERVER_ERROR");
        check(302, "UNKNOWN_ERROR");
        check(999, "UNKNOWN_ERROR");
    }

    #[test]
    fn documented_statuses_have_the_code_of_their_reason_phrase() {
        for status in [
            400, 401, 403, 404, 405, 406, 407, 408, 409, 410, 422, 423, 424, 429, 500, 501, 502,
            503, 504,
        ] {
            let reason = StatusCode::from_u16(status).unwrap().canonical_reason().unwrap();
            check(status, &reason.to_uppercase().replace(' ', "_"));
        }
    }
}
