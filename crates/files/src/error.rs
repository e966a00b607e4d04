//! What can go wrong with a file, in words for the author of a process.

use common::Failure;

/// A file that could not be read or written.
///
/// The text names the file without what may be secret in its URI: no user info, no query, no data.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("`{file}`: {kind}")]
pub struct FileError {
    /// What went wrong.
    pub kind: ErrorKind,
    /// Which file, as it may be shown to anyone: its URI without secrets, or its name.
    pub file: String,
}

/// What went wrong; the texts are fragments in lower case.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ErrorKind {
    /// There is no such file.
    #[error("not there")]
    NotFound,
    /// The file has more bytes than a setting allows.
    #[error("larger than {limit} bytes, the limit of {setting}")]
    TooLarge {
        /// The most bytes.
        limit: u64,
        /// The setting that says so.
        setting: &'static str,
    },
    /// The file is too large to be part of the value, and there is no store for it.
    #[error(
        "larger than {limit} bytes, the limit of {setting} for files without a store; FILES_URL names a store for larger ones"
    )]
    NoStore {
        /// The most bytes.
        limit: u64,
        /// The setting that says so.
        setting: &'static str,
    },
    /// The value is no file value, or the settings do not allow it; nothing was called.
    #[error("{0}")]
    Refused(String),
    /// What is there cannot be read; trying again does not help.
    #[error("{0}")]
    Unreadable(String),
    /// The store does not take the file; trying again does not help.
    #[error("{0}")]
    Unwritable(String),
    /// The store or the server does not answer, or not now; trying again may help.
    #[error("{0}")]
    Unavailable(String),
}

/// The most bytes that a file may have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// The number.
    pub bytes: u64,
    /// The setting that it comes from, for the error text.
    pub setting: &'static str,
}

impl FileError {
    /// Whether the same may succeed a little later.
    pub fn is_transient(&self) -> bool {
        match self.kind {
            ErrorKind::Unavailable(_) => true,
            ErrorKind::NotFound
            | ErrorKind::TooLarge { .. }
            | ErrorKind::NoStore { .. }
            | ErrorKind::Refused(_)
            | ErrorKind::Unreadable(_)
            | ErrorKind::Unwritable(_) => false,
        }
    }

    /// The failure of an action that needs the file; `input` names where the action has it from.
    ///
    /// `NOT_FOUND`, `INVALID_INPUT` for what the author can change, else `UNKNOWN_ERROR`, transient where the same may succeed later.
    pub fn failure(&self, input: &str) -> Failure {
        let text = format!("`{input}`: {self}");
        let failure = match self.kind {
            ErrorKind::NotFound => Failure::business("NOT_FOUND", text),
            ErrorKind::TooLarge { .. } | ErrorKind::NoStore { .. } | ErrorKind::Refused(_) => {
                Failure::business("INVALID_INPUT", text)
            }
            ErrorKind::Unavailable(_) => Failure::transient("UNKNOWN_ERROR", Told(text)),
            ErrorKind::Unreadable(_) | ErrorKind::Unwritable(_) => {
                Failure::permanent("UNKNOWN_ERROR", Told(text))
            }
        };
        failure.with_note(format_args!("a file: {}", self.kind))
    }
}

/// A text as the source of a failure.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Told(String);

impl Limit {
    /// `HTTP_BODY_BYTES_MAX`, for a file that is part of an answer over HTTP.
    pub fn http_body(bytes: u64) -> Self {
        Self { bytes, setting: "HTTP_BODY_BYTES_MAX" }
    }

    pub(crate) fn exceeded(self) -> ErrorKind {
        ErrorKind::TooLarge { limit: self.bytes, setting: self.setting }
    }

    /// The stricter one of two.
    pub(crate) fn min(self, other: Self) -> Self {
        if other.bytes < self.bytes { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_error_is_a_failure_of_its_own() {
        let check = |kind: ErrorKind, expected: &str| {
            let error = FileError { kind, file: "s3://bucket/jane.pdf".to_owned() };
            let failure = error.failure("attachments");
            assert_eq!(format!("{} {failure}", failure.kind()), expected);
            assert!(!failure.report().note.as_deref().unwrap().contains("jane"));
        };
        let limit = Limit { bytes: 10, setting: "FILE_BYTES_MAX" };
        let text = || "why".to_owned();
        let file = "`attachments`: `s3://bucket/jane.pdf`";
        check(ErrorKind::NotFound, &format!("business NOT_FOUND: {file}: not there"));
        let large = "larger than 10 bytes, the limit of FILE_BYTES_MAX";
        check(limit.exceeded(), &format!("business INVALID_INPUT: {file}: {large}"));
        check(ErrorKind::Refused(text()), &format!("business INVALID_INPUT: {file}: why"));
        check(ErrorKind::Unreadable(text()), &format!("permanent UNKNOWN_ERROR: {file}: why"));
        check(ErrorKind::Unwritable(text()), &format!("permanent UNKNOWN_ERROR: {file}: why"));
        check(ErrorKind::Unavailable(text()), &format!("transient UNKNOWN_ERROR: {file}: why"));
    }
}
