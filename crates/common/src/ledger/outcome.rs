//! An outcome as the ledger keeps it: JSON, which people can read with the database's own tools.

use serde::{Deserialize, Serialize};

use crate::{Failure, Object};

/// `O` is an [`Object`], borrowed where it is written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Kept<O> {
    Outputs(O),
    Failure(Told),
}

/// What was told about a failure.
#[derive(Serialize, Deserialize)]
struct Told {
    kind: Kind,
    code: String,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Object::is_empty")]
    outputs: Object,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Kind {
    Business,
    Transient,
    Permanent,
    /// No BPMN error (`answers.md` 1).
    Technical,
}

/// The text to keep.
pub(super) fn write(outcome: Result<&Object, &Failure>) -> String {
    let kept = match outcome {
        Ok(outputs) => Kept::Outputs(outputs),
        Err(failure) => Kept::Failure(Told::of(failure)),
    };
    // Objects of texts and JSON values: nothing in them can refuse.
    serde_json::to_string(&kept).unwrap_or_default()
}

/// The outcome again; what was kept for a failure is what was told about it.
///
/// # Errors
/// A text that is none of ours.
pub(super) fn read(text: &str) -> serde_json::Result<Result<Object, Failure>> {
    Ok(match serde_json::from_str(text)? {
        Kept::Outputs(outputs) => Ok(outputs),
        Kept::Failure(told) => Err(told.failure()),
    })
}

impl Told {
    fn of(failure: &Failure) -> Self {
        let kind = match failure {
            _ if failure.is_technical() => Kind::Technical,
            Failure::Business(_) => Kind::Business,
            Failure::Transient { .. } => Kind::Transient,
            Failure::Permanent(_) => Kind::Permanent,
        };
        let report = failure.report();
        Self {
            kind,
            code: report.code.clone(),
            message: failure.message(),
            note: report.note.clone(),
            status: report.status,
            outputs: report.outputs.clone(),
        }
    }

    fn failure(self) -> Failure {
        let source = anyhow::anyhow!(self.message.clone());
        let mut failure = match self.kind {
            Kind::Business => Failure::business(self.code, self.message),
            Kind::Transient => Failure::transient(self.code, source),
            Kind::Permanent => Failure::permanent(self.code, source),
            Kind::Technical => Failure::technical(self.message),
        };
        if let Some(status) = self.status {
            failure = failure.with_status(status);
        }
        if let Some(note) = self.note {
            failure = failure.with_note(note);
        }
        failure.with_outputs(self.outputs)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Kept and read again, a failure tells the same.
    fn check(failure: &Failure) {
        let again = read(&write(Err(failure))).unwrap().unwrap_err();
        let (report, told) = (failure.report(), again.report());
        assert_eq!(again.to_string(), failure.to_string());
        assert_eq!(again.kind(), failure.kind());
        assert_eq!(again.is_technical(), failure.is_technical());
        assert_eq!((&told.note, told.status), (&report.note, report.status));
        assert_eq!(told.outputs, report.outputs);
    }

    #[test]
    fn a_failure_tells_the_same_again() {
        let source = || anyhow::anyhow!("connection \"refused\"").context("GET https://x");
        let outputs: Object = [("restStatus".to_owned(), json!(404))].into_iter().collect();
        check(&Failure::technical("the action panicked").with_note("panic"));
        check(&Failure::permanent("UNKNOWN_ERROR", source()));
        check(&Failure::transient("BAD_GATEWAY", source()).with_status(502));
        check(&Failure::business("NOT_FOUND", "").with_outputs(outputs).with_status(404));
    }

    #[test]
    fn outputs_come_back_to_the_digit_and_in_their_order() {
        let text = r#"{"z":12345678901234567890.1234567890,"a":{"list":[1e+400,null,"\u0000ü"]}}"#;
        let outputs: Object = serde_json::from_str(text).unwrap();
        let again = read(&write(Ok(&outputs))).unwrap().unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), text);
    }

    #[test]
    fn a_text_that_is_none_of_ours_is_refused() {
        for text in ["", "{}", "null", r#"{"outputs":[]}"#, r#"{"other":{}}"#] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
