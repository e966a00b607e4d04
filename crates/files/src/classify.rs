//! What the errors of the object stores mean.
//!
//! Their texts quote addresses with signatures in them, so that only what is known to be harmless is taken from them: status, error code, the system's own words.

use std::io;

use object_store::{
    Error as StoreError,
    client::{HttpError, HttpErrorKind},
};
use outbound::{cause, causes};

use crate::ErrorKind;

/// How `object_store` begins to tell an error status; its type is private, so that the text has to do.
const STATUS: &str = "Server returned non-2xx status code: ";
/// The same for an error that S3 tells with the status 200.
const BELATED: &str = "Server returned error response: ";
const REDIRECT: &str = "Received redirect without LOCATION";

/// An error of reading.
pub(crate) fn reading(error: &StoreError) -> ErrorKind {
    if let Some(error) = cause::<HttpError>(error) {
        return transport(error);
    }
    if let Some(kind) = causes(error).find_map(|error| response(&error.to_string())) {
        return kind;
    }
    match error {
        StoreError::NotFound { .. } => return ErrorKind::NotFound,
        StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => {
            return ErrorKind::Unreadable("the store refuses access".to_owned());
        }
        _ => (),
    }
    match cause::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
            ErrorKind::Unavailable("the store has no space left".to_owned())
        }
        // A file of credentials that is not there must not pass for the file itself.
        Some(kind) => ErrorKind::Unreadable(format!("cannot be read: {kind}")),
        None => ErrorKind::Unreadable(
            "the store cannot be used with the credentials in the settings".to_owned(),
        ),
    }
}

/// An error of writing.
pub(crate) fn writing(error: &StoreError) -> ErrorKind {
    match reading(error) {
        ErrorKind::NotFound => ErrorKind::Unwritable("its place in the store is gone".to_owned()),
        ErrorKind::Unreadable(text) => {
            ErrorKind::Unwritable(text.replace("cannot be read", "cannot be written"))
        }
        other => other,
    }
}

/// The error of a store within one of writing a stream.
pub(crate) fn finishing(error: &io::Error) -> ErrorKind {
    match cause::<StoreError>(error) {
        Some(error) => writing(error),
        None => ErrorKind::Unwritable(format!("cannot be written: {}", error.kind())),
    }
}

fn response(text: &str) -> Option<ErrorKind> {
    if text.starts_with(REDIRECT) {
        return Some(ErrorKind::Unreadable("the store's bucket is in another region".to_owned()));
    }
    let (status, body) = match text.strip_prefix(STATUS) {
        Some(rest) => rest.split_at_checked(3)?,
        None => ("500", text.strip_prefix(BELATED)?),
    };
    let code = code(body).unwrap_or_default();
    let text = format!("the store answers {status} {code}").trim_end().to_owned();
    Some(match status.parse().ok()? {
        404 if !matches!(code, "NoSuchBucket" | "ContainerNotFound") => ErrorKind::NotFound,
        408 | 429 | 500..=599 => ErrorKind::Unavailable(text),
        _ => ErrorKind::Unreadable(text),
    })
}

fn transport(error: &HttpError) -> ErrorKind {
    match error.kind() {
        HttpErrorKind::Decode => {
            ErrorKind::Unreadable("the store's answer cannot be read".to_owned())
        }
        HttpErrorKind::Timeout => {
            ErrorKind::Unavailable("the store does not answer in time".to_owned())
        }
        _ => {
            let innermost = causes(error).last().map(ToString::to_string).unwrap_or_default();
            ErrorKind::Unavailable(format!("no connection to the store: {innermost}"))
        }
    }
}

/// The error code in the XML that S3 and Azure answer with.
fn code(body: &str) -> Option<&str> {
    let (_, rest) = body.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    (code.len() < 100 && code.bytes().all(|it| it.is_ascii_alphanumeric())).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_of_a_store_has_its_meaning() {
        let check = |text: &str, expected: Option<&str>| {
            let kind = response(text).map(|it| format!("{it:?}"));
            assert_eq!(kind.as_deref(), expected, "{text}");
        };
        let status = |text: &str| format!("{STATUS}{text}");
        let xml = "<Error><Code>SlowDown</Code><Message>s3cret</Message></Error>";
        check(
            &status(&format!("503 Service Unavailable: {xml}")),
            Some("Unavailable(\"the store answers 503 SlowDown\")"),
        );
        check(&status("429 Too Many Requests: "), Some("Unavailable(\"the store answers 429\")"));
        check(&status("404 Not Found: <Code>NoSuchKey</Code>"), Some("NotFound"));
        check(
            &status("404 Not Found: <Code>NoSuchBucket</Code>"),
            Some("Unreadable(\"the store answers 404 NoSuchBucket\")"),
        );
        check(
            &status("403 Forbidden: <Code>Access<b>Denied</Code>"),
            Some("Unreadable(\"the store answers 403\")"),
        );
        check(&format!("{BELATED}{xml}"), Some("Unavailable(\"the store answers 500 SlowDown\")"));
        check(
            &format!("{REDIRECT}, this normally indicates"),
            Some("Unreadable(\"the store's bucket is in another region\")"),
        );
        check(&status(""), None);
        check("anything else 503", None);
    }

    #[test]
    fn errors_of_a_disk_are_told_without_paths() {
        let check = |kind: io::ErrorKind, expected: ErrorKind| {
            let path = "/srv/s3cret".to_owned();
            let source = Box::new(io::Error::new(kind, path));
            let error = StoreError::Generic { store: "s3cret", source };
            assert_eq!(writing(&error), expected);
            assert_eq!(finishing(&io::Error::other(error)), expected);
        };
        let full = || ErrorKind::Unavailable("the store has no space left".to_owned());
        let unwritable = |text: &str| ErrorKind::Unwritable(text.to_owned());
        check(io::ErrorKind::StorageFull, full());
        check(io::ErrorKind::QuotaExceeded, full());
        check(io::ErrorKind::PermissionDenied, unwritable("cannot be written: permission denied"));
        check(io::ErrorKind::NotFound, unwritable("cannot be written: entity not found"));
    }

    #[test]
    fn errors_without_an_answer_are_told() {
        let check = |kind: HttpErrorKind, expected: ErrorKind| {
            let source = Box::new(HttpError::new(kind, io::Error::other("refused")));
            assert_eq!(reading(&StoreError::Generic { store: "S3", source }), expected);
        };
        let unavailable = |text: &str| ErrorKind::Unavailable(text.to_owned());
        check(HttpErrorKind::Connect, unavailable("no connection to the store: refused"));
        check(HttpErrorKind::Timeout, unavailable("the store does not answer in time"));
        check(
            HttpErrorKind::Decode,
            ErrorKind::Unreadable("the store's answer cannot be read".to_owned()),
        );
        let source = "no credentials for s3cret".into();
        assert_eq!(
            reading(&StoreError::Generic { store: "S3", source }),
            ErrorKind::Unreadable(
                "the store cannot be used with the credentials in the settings".to_owned()
            )
        );
    }
}
