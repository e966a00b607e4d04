//! `ErrorCode`: the errors a process can catch, and what the troubles of files, templates and workers are among them.

use std::fmt;

use common::Failure;
use files::{ErrorKind, FileError};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use templates::TemplateError;

use crate::worker::{Trouble, TroubleKind};

/// The documented codes (`activiti-ootb-connectors.md` §10.5), then our own (`answers.md` 24).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(dead_code, reason = "documented codes that boundary events of older models refer to")]
pub(crate) enum ErrorCode {
    InvalidResultFormat,
    TemplateReadError,
    UnknownError,
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    NotAcceptable,
    RequestTimeout,
    Conflict,
    Gone,
    UnprocessableEntity,
    Locked,
    FailedDependency,
    InternalServerError,
    NotImplemented,
    BadGateway,
    ServiceUnavailable,
    GatewayTimeout,
    TemplateSyntaxError,
    TemplateMetadataError,
    RenderLimit,
}

impl ErrorCode {
    /// The code of an HTTP status; one without its own is treated as the x00 of its class (RFC 9110 §15).
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            406 => Self::NotAcceptable,
            408 => Self::RequestTimeout,
            409 => Self::Conflict,
            410 => Self::Gone,
            422 => Self::UnprocessableEntity,
            423 => Self::Locked,
            424 => Self::FailedDependency,
            429 | 503 => Self::ServiceUnavailable,
            400..=499 => Self::BadRequest,
            501 => Self::NotImplemented,
            504 => Self::GatewayTimeout,
            500 | 505..=599 => Self::InternalServerError,
            _ => Self::BadGateway,
        }
    }
}

/// `INVALID_INPUT`: the process author has to change `message`'s culprit.
pub(crate) fn invalid(message: impl fmt::Display) -> Failure {
    Failure::business("INVALID_INPUT", message)
}

/// A worker's trouble as a failure.
pub(crate) fn rendering(trouble: &Trouble) -> Failure {
    let text = &trouble.text;
    match trouble.kind {
        TroubleKind::Syntax => Failure::business(ErrorCode::TemplateSyntaxError, text),
        TroubleKind::Metadata => Failure::business(ErrorCode::TemplateMetadataError, text),
        TroubleKind::Asset | TroubleKind::Unfit => invalid(text),
        TroubleKind::Limit => Failure::business(ErrorCode::RenderLimit, text),
        TroubleKind::Broken => {
            let source = anyhow::anyhow!(text.clone());
            Failure::permanent(ErrorCode::UnknownError, source).with_note(text)
        }
    }
}

/// What is wrong with `input`, a text or a file that is a template.
pub(crate) fn template(input: &str, error: &TemplateError) -> Failure {
    let code = match error {
        TemplateError::Syntax { .. } | TemplateError::NotJson { .. } | TemplateError::Limit(_) => {
            ErrorCode::TemplateSyntaxError
        }
        TemplateError::UnknownVariable { .. } | TemplateError::Data { .. } => {
            ErrorCode::TemplateMetadataError
        }
        // A name that leads out of the folder is no template of anybody's.
        TemplateError::Read { reason, .. } if reason.contains("not below") => {
            return invalid(format_args!("`{input}`: {error}"));
        }
        TemplateError::NotFound { .. } | TemplateError::Read { .. } => ErrorCode::TemplateReadError,
    };
    Failure::business(code, format_args!("`{input}`: {error}"))
}

/// What is wrong with the file that `input` is.
pub(crate) fn file(input: &str, error: FileError) -> Failure {
    let text = format!("`{input}`: {error}");
    match error.kind {
        ErrorKind::NotFound => Failure::business(ErrorCode::NotFound, text),
        ErrorKind::TooLarge { .. } | ErrorKind::NoStore { .. } | ErrorKind::Refused(_) => {
            invalid(text)
        }
        ErrorKind::Unreadable(_) if input == "template" => {
            Failure::business(ErrorCode::TemplateReadError, text)
        }
        ErrorKind::Unreadable(_) => Failure::business(ErrorCode::FailedDependency, text),
        ErrorKind::Unwritable(_) => {
            Failure::permanent(ErrorCode::UnknownError, anyhow::Error::new(error).context(text))
        }
        ErrorKind::Unavailable(_) => {
            Failure::transient(ErrorCode::ServiceUnavailable, anyhow::anyhow!(text))
        }
    }
}
