//! Why an action did not produce its outputs, named by what happens next.

use std::{fmt, time::Duration};

use serde::Serialize;
use serde_json::Value;

use crate::Object;

/// The code of a failure that has no better one (`activiti-ootb-connectors.md` §11.1).
pub(crate) const UNKNOWN_ERROR: &str = "UNKNOWN_ERROR";
/// The code for a required input that is absent.
pub(crate) const MISSING_INPUT: &str = "MISSING_INPUT";
/// The code for an input that cannot be what it says.
pub(crate) const INVALID_INPUT: &str = "INVALID_INPUT";

/// Why an action did not produce its outputs.
///
/// There is no blanket conversion from library errors: whoever calls a library decides which of the three it is.
#[derive(Debug)]
pub enum Failure {
    /// The process can handle it: reported at once under its code.
    Business(Box<Report>),
    /// May go away by itself, and is safe to repeat: tried again, then reported like `Permanent`.
    Transient {
        report: Box<Report>,
        /// The pause the peer asked for.
        retry_after: Option<Duration>,
        /// The peer refused because of its rate limit: waiting for it is no attempt.
        rate_limited: bool,
    },
    /// Stays until somebody changes something, or must not be repeated.
    Permanent(Box<Report>),
}

/// What is told about a failure.
#[derive(Debug)]
pub struct Report {
    /// Documented in the definition; process authors catch it.
    pub code: String,
    /// For the process author: names the culprit, holds no secrets. It may hold data, so it is never logged.
    pub source: anyhow::Error,
    /// For the operator's log: neither data nor secrets.
    pub note: Option<String>,
    /// The peer's own HTTP status, where it has one.
    pub status: Option<u16>,
    /// Outputs that are known in spite of the failure.
    pub outputs: Object,
}

/// Marks the failures that are no BPMN errors: a panic, and a request that cannot be read (`answers.md` 1).
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Technical(String);

/// Marks the end of a dry run, with what would have been sent.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Preview(pub(crate) String);

/// Marks what is no outcome: nobody is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Hold {
    /// Nothing was begun.
    #[error("told to stop before its turn")]
    Stopping,
    /// It is tried again when the ledger is back.
    #[error("the ledger (LEDGER_URL) is away")]
    LedgerAway,
    /// What the other process says counts.
    #[error("another process has taken the request over")]
    TakenOver,
}

impl Failure {
    /// The process can handle it.
    pub fn business(code: impl Serialize, message: impl fmt::Display) -> Self {
        Self::Business(Report::new(code, anyhow::anyhow!("{message}")))
    }

    /// May go away by itself, and repeating the call does no harm.
    pub fn transient(code: impl Serialize, source: impl Into<anyhow::Error>) -> Self {
        let report = Report::new(code, source.into());
        Self::Transient { report, retry_after: None, rate_limited: false }
    }

    /// The peer refused because of its rate limit; waiting for it is no attempt.
    pub fn rate_limited(
        code: impl Serialize,
        source: impl Into<anyhow::Error>,
        retry_after: Option<Duration>,
    ) -> Self {
        let report = Report::new(code, source.into());
        Self::Transient { report, retry_after, rate_limited: true }
    }

    /// Stays until somebody changes something, or must not be repeated.
    pub fn permanent(code: impl Serialize, source: impl Into<anyhow::Error>) -> Self {
        Self::Permanent(Report::new(code, source.into()))
    }

    /// No BPMN error: the process author can do nothing about it.
    pub(crate) fn technical(text: impl fmt::Display) -> Self {
        Self::permanent(UNKNOWN_ERROR, Technical(text.to_string()))
    }

    /// No outcome at all.
    pub(crate) fn held(hold: Hold) -> Self {
        Self::transient(UNKNOWN_ERROR, hold).with_note(hold)
    }

    pub(crate) fn unknown(source: impl Into<anyhow::Error>) -> Self {
        Self::permanent(UNKNOWN_ERROR, source)
    }

    /// The pause the peer asked for before a transient failure is tried again.
    #[must_use]
    pub fn retry_after(mut self, pause: Duration) -> Self {
        if let Self::Transient { retry_after, .. } = &mut self {
            *retry_after = Some(pause);
        }
        self
    }

    /// The peer's own HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.report_mut().status = Some(status);
        self
    }

    /// Outputs that are known in spite of the failure.
    #[must_use]
    pub fn with_outputs(mut self, outputs: Object) -> Self {
        self.report_mut().outputs = outputs;
        self
    }

    /// A text for the operator's log, without data and without secrets.
    #[must_use]
    pub fn with_note(mut self, note: impl fmt::Display) -> Self {
        self.report_mut().note = Some(note.to_string());
        self
    }

    /// The documented code.
    pub fn code(&self) -> &str {
        &self.report().code
    }

    /// What is told about it.
    pub fn report(&self) -> &Report {
        match self {
            Self::Business(report) | Self::Transient { report, .. } | Self::Permanent(report) => {
                report
            }
        }
    }

    pub(crate) fn take_outputs(&mut self) -> Object {
        std::mem::take(&mut self.report_mut().outputs)
    }

    fn report_mut(&mut self) -> &mut Report {
        match self {
            Self::Business(report) | Self::Transient { report, .. } | Self::Permanent(report) => {
                report
            }
        }
    }

    /// The word for the kind in `invoke`'s output, in logs and in metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Business(_) => "business",
            Self::Transient { .. } => "transient",
            Self::Permanent(_) => "permanent",
        }
    }

    pub(crate) fn is_technical(&self) -> bool {
        self.report().source.is::<Technical>()
    }

    /// Why it is no outcome, if it is none.
    pub(crate) fn hold(&self) -> Option<Hold> {
        self.report().source.downcast_ref().copied()
    }

    /// Whether nobody is told of it as a failure.
    pub(crate) fn is_silent(&self) -> bool {
        self.preview().is_some() || self.hold().is_some()
    }

    pub(crate) fn preview(&self) -> Option<&str> {
        self.report().source.downcast_ref::<Preview>().map(|preview| preview.0.as_str())
    }

    /// The text for the process author, without the code; never empty.
    pub(crate) fn message(&self) -> String {
        let text = format!("{:#}", self.report().source);
        if text.trim().is_empty() { self.code().to_owned() } else { text }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.message())
    }
}

impl Report {
    fn new(code: impl Serialize, source: anyhow::Error) -> Box<Self> {
        let code = match serde_json::to_value(code) {
            Ok(Value::String(code)) if !code.is_empty() => code,
            other => unreachable!("error codes serialize to texts, not {other:?}"),
        };
        Box::new(Self { code, source, note: None, status: None, outputs: Object::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_names_code_and_the_whole_chain() {
        let source = anyhow::anyhow!("connection refused").context("GET https://example.org");
        let failure = Failure::transient("CONNECTION_ERROR", source);
        assert_eq!(
            failure.to_string(),
            "CONNECTION_ERROR: GET https://example.org: connection refused"
        );
    }

    #[test]
    fn an_empty_message_becomes_the_code() {
        assert_eq!(Failure::business("GONE", "").message(), "GONE");
    }

    #[test]
    fn only_a_transient_failure_keeps_a_pause() {
        let pause = Duration::from_secs(3);
        let failure = Failure::transient("BAD_GATEWAY", anyhow::anyhow!("x")).retry_after(pause);
        assert!(matches!(failure, Failure::Transient { retry_after: Some(it), .. } if it == pause));
        assert_eq!(Failure::business("GONE", "x").retry_after(pause).kind(), "business");
    }
}
