//! `ErrorCode`: the errors a process can catch, beside `MISSING_INPUT` and `INVALID_INPUT` of every connector.

use std::{env, fmt, io};

use common::Failure;
use files::{ErrorKind, FileError};
use schemars::JsonSchema;
use serde::Serialize;
use templates::TemplateError;

/// Exactly the documented codes (`activiti-ootb-connectors.md` §7.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ErrorCode {
    TemplateReadError,
    TemplateMetadataError,
    TemplateSyntaxError,
    EmailConnectionError,
    EmailAuthenticationError,
    EmailSendError,
    UnknownError,
    #[expect(dead_code, reason = "documented, so that process models may name it")]
    BadRequest,
    #[expect(dead_code, reason = "documented, so that process models may name it")]
    Unauthorized,
    #[expect(dead_code, reason = "documented, so that process models may name it")]
    Forbidden,
    NotFound,
    InternalServerError,
    BadGateway,
    ServiceUnavailable,
    #[expect(dead_code, reason = "documented, so that process models may name it")]
    GatewayTimeout,
}

/// `INVALID_INPUT`: the process author has to change `message`'s culprit.
pub(crate) fn invalid(message: impl fmt::Display) -> Failure {
    Failure::business("INVALID_INPUT", message)
}

/// `MISSING_INPUT`: the process author has to add something.
pub(crate) fn missing(message: impl fmt::Display) -> Failure {
    Failure::business("MISSING_INPUT", message)
}

/// What a file that `input` names cannot be used for means (`answers.md` 7).
pub(crate) fn of_file(input: &str, error: FileError) -> Failure {
    let is_transient = error.is_transient();
    let code = match &error.kind {
        ErrorKind::NotFound => ErrorCode::NotFound,
        ErrorKind::Unreadable(_) => ErrorCode::BadGateway,
        ErrorKind::Unavailable(_) => ErrorCode::ServiceUnavailable,
        ErrorKind::Unwritable(_) => ErrorCode::InternalServerError,
        ErrorKind::TooLarge { .. } | ErrorKind::NoStore { .. } | ErrorKind::Refused(_) => {
            return invalid(format_args!("`{input}`: {error}")).with_note(input);
        }
    };
    if is_transient {
        let source = anyhow::Error::new(error).context(format!("`{input}`"));
        return Failure::transient(code, source).with_note(input);
    }
    Failure::business(code, format_args!("`{input}`: {error}")).with_note(input)
}

/// What a disk without a place for a large file means; nothing was sent.
pub(crate) fn of_disk(input: &str, file: &str, error: io::Error) -> Failure {
    let folder = env::temp_dir();
    let source = anyhow::Error::new(error).context(format!(
        "`{input}`: `{file}` cannot be kept in {} until it is sent (TMPDIR)",
        folder.display()
    ));
    Failure::transient(ErrorCode::InternalServerError, source).with_note("TMPDIR")
}

/// What it means that a file cannot be read back from where it waited to be sent.
pub(crate) fn of_unread(error: io::Error) -> Failure {
    let source =
        anyhow::Error::new(error).context("a file of the mail cannot be read back (TMPDIR)");
    Failure::transient(ErrorCode::InternalServerError, source).with_note("TMPDIR")
}

/// What a template that `input` holds or names cannot be rendered for means.
pub(crate) fn of_template(input: &str, error: &TemplateError) -> Failure {
    let code = match error {
        TemplateError::Syntax { .. } | TemplateError::NotJson { .. } | TemplateError::Limit(_) => {
            ErrorCode::TemplateSyntaxError
        }
        TemplateError::UnknownVariable { .. } | TemplateError::Data { .. } => {
            ErrorCode::TemplateMetadataError
        }
        TemplateError::NotFound { .. } | TemplateError::Read { .. } => ErrorCode::TemplateReadError,
    };
    Failure::business(code, format_args!("`{input}`: {error}")).with_note(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: ErrorKind, expected: &str) {
        let failure = of_file("attachments", FileError { kind, file: "a.pdf".to_owned() });
        assert_eq!(format!("{} {failure}", failure.kind()), expected);
    }

    #[test]
    fn every_trouble_with_a_file_has_its_code() {
        check(ErrorKind::NotFound, "business NOT_FOUND: `attachments`: `a.pdf`: not there");
        check(
            ErrorKind::Refused("has no `uri`".to_owned()),
            "business INVALID_INPUT: `attachments`: `a.pdf`: has no `uri`",
        );
        check(
            ErrorKind::TooLarge { limit: 5, setting: "FILE_BYTES_MAX" },
            "business INVALID_INPUT: `attachments`: `a.pdf`: larger than 5 bytes, the limit of FILE_BYTES_MAX",
        );
        check(
            ErrorKind::Unreadable("answered 403".to_owned()),
            "business BAD_GATEWAY: `attachments`: `a.pdf`: answered 403",
        );
        check(
            ErrorKind::Unavailable("answered 503".to_owned()),
            "transient SERVICE_UNAVAILABLE: `attachments`: `a.pdf`: answered 503",
        );
        check(
            ErrorKind::Unwritable("no space".to_owned()),
            "business INTERNAL_SERVER_ERROR: `attachments`: `a.pdf`: no space",
        );
    }
}
