//! What becomes of a call that Slack refused or did not answer: the one classification (pure).

use std::time::Duration;

use common::{Failure, Object};
use files::{ErrorKind as FileErrorKind, FileError};
use outbound::{ErrorKind, OutboundError};
use serde_json::Value;

use crate::{
    error::{ErrorCode, invalid},
    method::{Method, Repeat},
    words::{self, Meaning},
};

/// Said where Slack may have acted and the call is not repeated for that reason.
const NOT_REPEATED: &str = "not repeated, since it may have been carried out";

/// A call without the result that was asked for.
#[derive(Debug)]
pub(crate) enum Problem {
    /// Slack answered `ok: false`.
    Refused(Box<Refusal>),
    /// There was no answer of Slack's own.
    Failed(Failure),
}

/// An answer with `ok: false`.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) method: &'static str,
    /// Slack's word, `channel_not_found`.
    pub(crate) error: String,
    /// The whole answer.
    pub(crate) body: Object,
}

impl Problem {
    /// What the process is told.
    pub(crate) fn into_failure(self) -> Failure {
        match self {
            Self::Refused(refusal) => refusal.failure(),
            Self::Failed(failure) => failure,
        }
    }

    /// Slack's word, where Slack said one.
    pub(crate) fn word(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => Some(&refusal.error),
            Self::Failed(_) => None,
        }
    }
}

impl Refusal {
    /// What the process is told.
    pub(crate) fn failure(&self) -> Failure {
        let Self { method, error, .. } = self;
        let mut text = format!("Slack refuses {method}: {error}");
        for detail in self.details().chain(words::advice(error).map(str::to_owned)) {
            text += "; ";
            text += &detail;
        }
        let failure = match words::meaning(error) {
            Meaning::Business(code) => Failure::business(code, text),
            Meaning::Input => invalid(text),
            Meaning::Transient(code) => Failure::transient(code, anyhow::anyhow!(text)),
            Meaning::Permanent(code) => Failure::permanent(code, anyhow::anyhow!(text)),
        };
        failure.with_note(format_args!("{method}: {error}"))
    }

    /// Scopes, and what Slack has to say about the arguments.
    fn details(&self) -> impl Iterator<Item = String> {
        let text = |name: &str| self.body.get(name).and_then(Value::as_str);
        let scopes = text("needed").map(|needed| {
            let provided = text("provided").filter(|it| !it.is_empty()).unwrap_or("none");
            format!("it needs the scope {needed}, the token has {provided}")
        });
        let metadata = self.body.get("response_metadata");
        let messages = metadata.and_then(|it| it.get("messages")).and_then(Value::as_array);
        let messages = messages.into_iter().flatten().filter_map(Value::as_str);
        let messages: Vec<_> = messages.map(|it| it.trim_start_matches("[ERROR] ")).collect();
        let messages = (!messages.is_empty()).then(|| messages.join(", "));
        scopes.into_iter().chain(messages)
    }
}

/// Slack, or something on the way, answered with an error status and no JSON of its own.
pub(crate) fn of_status(method: &Method, status: u16) -> Failure {
    let Method { name, repeat, .. } = method;
    let text = format!("{name} answered {status}");
    let code = ErrorCode::UnknownError;
    let failure = match (status, repeat) {
        (408 | 500..=599, Repeat::Harmless) => {
            Failure::transient(code, anyhow::anyhow!(text.clone()))
        }
        (408 | 500..=599, Repeat::Harmful) => {
            Failure::permanent(code, anyhow::anyhow!("{text} ({NOT_REPEATED})"))
        }
        _ => Failure::permanent(code, anyhow::anyhow!(text.clone())),
    };
    let failure = if status < 500 { failure } else { failure.with_status(503) };
    failure.with_note(text)
}

/// Slack wants fewer calls; waiting is no attempt.
pub(crate) fn of_limit(method: &str, pause: Duration) -> Failure {
    let text = format!("Slack limits {method}: the next call in {} s", pause.as_secs_f32().ceil());
    Failure::rate_limited(ErrorCode::UnknownError, anyhow::anyhow!(text.clone()), Some(pause))
        .with_status(503)
        .with_note(text)
}

/// An answer that is not what the Web API answers.
pub(crate) fn of_rubbish(method: &Method, body: &[u8]) -> Failure {
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(Value::Null) => {
            let text = format!("{} answered null", method.name);
            return Failure::permanent(ErrorCode::InvalidRequest, anyhow::anyhow!(text.clone()))
                .with_note(text);
        }
        Ok(_) => format!("{} answered JSON that is no result of the Web API", method.name),
        Err(_) => format!("{} answered something that is not JSON", method.name),
    };
    let failure = Failure::permanent(ErrorCode::InvalidResultFormat, anyhow::anyhow!(text.clone()));
    failure.with_note(format_args!("{text}: {} bytes", body.len()))
}

/// A call that cannot be told from a repetition, whose process ended before it had an answer.
pub(crate) fn of_crash(method: &Method) -> Failure {
    let text = format!("the connector ended while it called {} ({NOT_REPEATED})", method.name);
    Failure::permanent(ErrorCode::UnknownError, anyhow::anyhow!(text.clone())).with_note(text)
}

/// A call without a complete answer.
pub(crate) fn of_break(method: &Method, error: &OutboundError) -> Failure {
    let text = format!("{}: {error}", method.name);
    let repeatable = !error.may_have_happened() || method.repeat == Repeat::Harmless;
    let repeated = |code| {
        if repeatable {
            Failure::transient(code, anyhow::anyhow!(text.clone())).with_status(503)
        } else {
            let text = format!("{text} ({NOT_REPEATED})");
            Failure::permanent(code, anyhow::anyhow!(text)).with_status(503)
        }
    };
    let permanent = || Failure::permanent(ErrorCode::UnknownError, anyhow::anyhow!(text.clone()));
    let failure = match &error.kind {
        ErrorKind::ConnectTimeout { .. } | ErrorKind::Timeout { .. } => {
            repeated(ErrorCode::RequestTimeout)
        }
        ErrorKind::HostNotFound { .. }
        | ErrorKind::ConnectRefused
        | ErrorKind::Unreachable(_)
        | ErrorKind::Proxy(_)
        | ErrorKind::Reset(_) => repeated(ErrorCode::UnknownError),
        ErrorKind::TooLarge { .. }
        | ErrorKind::BadResponse(_)
        | ErrorKind::BadRedirect(_)
        | ErrorKind::BadBody(_) => {
            Failure::permanent(ErrorCode::InvalidResultFormat, anyhow::anyhow!(text.clone()))
        }
        ErrorKind::Source(source) => match source.get::<FileError>() {
            Some(error) => return of_file(error),
            None => repeated(ErrorCode::UnknownError),
        },
        ErrorKind::InvalidUrl(_)
        | ErrorKind::EgressDenied(_)
        | ErrorKind::Tls { .. }
        | ErrorKind::ProxyAuthentication
        | ErrorKind::TooManyRedirects { .. }
        | ErrorKind::RedirectLoop => permanent(),
    };
    failure.with_note(format_args!("no complete answer to {}: {}", method.name, error.kind))
}

/// A failure of the same kind, status and note with another code and text.
pub(crate) fn like(failure: &Failure, code: &str, text: &str) -> Failure {
    let source = anyhow::anyhow!("{text}");
    let alike = match failure {
        Failure::Business(_) => Failure::business(code, text),
        Failure::Transient { rate_limited: true, retry_after, .. } => {
            Failure::rate_limited(code, source, *retry_after)
        }
        Failure::Transient { .. } => Failure::transient(code, source),
        Failure::Permanent(_) => Failure::permanent(code, source),
    };
    let report = failure.report();
    let alike = alike.with_note(report.note.as_deref().unwrap_or_default());
    match report.status {
        Some(status) => alike.with_status(status),
        None => alike,
    }
}

/// A file that cannot be read (`answers.md` 7; this connector has no code for one that is not there).
pub(crate) fn of_file(error: &FileError) -> Failure {
    let text = format!("`files`: {error}");
    let failure = match error.kind {
        FileErrorKind::Unavailable(_) => {
            Failure::transient(ErrorCode::UnknownError, anyhow::anyhow!(text)).with_status(503)
        }
        FileErrorKind::NotFound
        | FileErrorKind::TooLarge { .. }
        | FileErrorKind::NoStore { .. }
        | FileErrorKind::Refused(_)
        | FileErrorKind::Unreadable(_)
        | FileErrorKind::Unwritable(_) => invalid(text),
    };
    failure.with_note("a file cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method;

    fn check(failure: &Failure, expected: &str) {
        assert_eq!(format!("{} {failure}", failure.kind()), expected);
    }

    #[test]
    fn an_answer_that_is_no_result_is_told_by_what_it_is() {
        let told = |body: &str| of_rubbish(&method::POST_MESSAGE, body.as_bytes());
        check(&told("null"), "permanent INVALID_REQUEST: chat.postMessage answered null");
        for (body, expected) in [
            ("<html>", "something that is not JSON"),
            ("", "something that is not JSON"),
            ("[]", "JSON that is no result of the Web API"),
            ("{\"ok\": 1}", "JSON that is no result of the Web API"),
        ] {
            let expected =
                format!("permanent INVALID_RESULT_FORMAT: chat.postMessage answered {expected}");
            check(&told(body), &expected);
        }
    }

    #[test]
    fn an_error_status_is_tried_again_where_that_does_no_harm() {
        let told = |method, status| of_status(method, status);
        check(
            &told(&method::POST_MESSAGE, 502),
            "transient UNKNOWN_ERROR: chat.postMessage answered 502",
        );
        check(
            &told(&method::POST_MESSAGE, 408),
            "transient UNKNOWN_ERROR: chat.postMessage answered 408",
        );
        check(
            &told(&method::POST_MESSAGE, 404),
            "permanent UNKNOWN_ERROR: chat.postMessage answered 404",
        );
        let harmful = told(&method::POST_EPHEMERAL, 500);
        let expected = "permanent UNKNOWN_ERROR: chat.postEphemeral answered 500 (not repeated, since it may have been carried out)";
        check(&harmful, expected);
        assert_eq!(harmful.report().status, Some(503));
    }

    #[test]
    fn a_refusal_tells_the_scopes_and_what_slack_has_to_say() {
        let refusal = |error: &str, body: Value| {
            let body = body.as_object().cloned().unwrap_or_default();
            Refusal { method: "chat.postMessage", error: error.to_owned(), body }.failure()
        };
        let messages = serde_json::json!({"response_metadata": {"messages": ["[ERROR] no more than 50 items allowed [json-pointer:/blocks]"]}});
        check(
            &refusal("invalid_blocks", messages),
            "business INVALID_INPUT: Slack refuses chat.postMessage: invalid_blocks; no more than 50 items allowed [json-pointer:/blocks]",
        );
        let told =
            refusal("missing_scope", serde_json::json!({"needed": "chat:write", "provided": ""}))
                .to_string();
        assert!(
            told.contains("it needs the scope chat:write, the token has none; add it"),
            "{told}"
        );
    }

    #[test]
    fn a_failure_under_another_name_stays_what_it_is() {
        let limited = of_limit("chat.postMessage", Duration::from_secs(7));
        let alike = like(&limited, "OTHER", "text");
        check(&alike, "transient OTHER: text");
        assert!(
            matches!(alike, Failure::Transient { rate_limited: true, retry_after: Some(it), .. } if it.as_secs() == 7)
        );
        assert_eq!(alike.report().status, Some(503));
        check(&like(&invalid("a"), "OTHER", "b"), "business OTHER: b");
        check(&like(&of_status(&method::ADD_PIN, 404), "OTHER", "b"), "permanent OTHER: b");
    }
}
