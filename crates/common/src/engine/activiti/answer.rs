//! Answers: results and errors, as the bundle reads them.

use metrics::counter;
use serde::Serialize;
use serde_json::Value;
use tracing::warn;

use super::{Activiti, IntegrationRequest};
use crate::{
    Failure, Object, definition::Feature, engine::variables, failure::UNKNOWN_ERROR,
    settings::OutputExpressions, telemetry,
};

/// What decides that an error is a BPMN error, and nothing else does (§2.8).
pub(super) const BPMN_ERROR: &str = "org.activiti.cloud.api.process.model.CloudBpmnError";
/// Any other class is a technical error.
pub(super) const TECHNICAL_ERROR: &str = "java.lang.RuntimeException";
/// Audit and query cut the text at 255 characters; the bundle's log does not.
pub(super) const MESSAGE_CHARS_MAX: usize = 4_000;
/// The answer's code where the outputs cannot be told (`decisions.md` "Activiti answers").
const INVALID_RESULT: &str = "INVALID_RESULT_FORMAT";

/// An answer, ready to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Final but for the Rabbit binder's prefix.
    pub(crate) destination: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

/// What an answer says beside the echo.
enum Content<'a> {
    Result(&'a [Output<'a>]),
    Error(&'a Failure),
}

impl Activiti {
    /// The answer to a request.
    pub(crate) fn answer(
        &self,
        request: &IntegrationRequest<'_>,
        action: Option<&Feature>,
        outcome: Result<Object, Failure>,
        traceparent: Option<String>,
    ) -> Answer {
        let outcome = outcome.and_then(|outputs| self.outputs(action, outputs));
        let outcome = outcome.and_then(|outputs| {
            let body = self.fit(request, &Content::Result(&outputs));
            body.ok_or_else(|| self.too_large(&outputs))
        });
        let (destination, body) = match outcome {
            Ok(body) => (&request.result_destination, body),
            Err(failure) => {
                let content = Content::Error(&failure);
                let body = self.fit(request, &content);
                let body = body.unwrap_or_else(|| self.body(request, &content, Echo::Ids));
                (&request.error_destination, body)
            }
        };
        let mut headers = vec![
            ("targetAppName", request.app_name.clone()),
            ("targetService", request.service_full_name.clone()),
            // Bundles with a function router drop what lacks this (§9).
            ("spring.cloud.function.destination", destination.clone()),
        ];
        headers.extend(traceparent.map(|it| ("traceparent", it)));
        Answer { destination: destination.clone(), headers, body }
    }

    /// Outputs in the bundle's encoding, none of which it runs as an expression (§3.3).
    fn outputs<'d>(
        &self,
        action: Option<&'d Feature>,
        outputs: Object,
    ) -> Result<Vec<Output<'d>>, Failure> {
        let declared = |name: &str| {
            let output = action?.outputs.iter().find(|it| it.name == name)?;
            Some(output.r#type.as_str())
        };
        let mut encoded = Vec::with_capacity(outputs.len().max(1));
        for (name, value) in outputs {
            if self.expressions == OutputExpressions::Error && variables::has_expression(&value) {
                let code = self.result_code();
                let text = format!("output `{name}` holds `${{…}}`, which the engine refuses");
                return Err(Failure::business(code, text).with_note(name));
            }
            let (value, changed) = variables::neutralise(value);
            if changed {
                let action = action.map(|it| it.name.clone()).unwrap_or_default();
                warn!(output = name, "an expression was neutralised");
                counter!(telemetry::NEUTRALISED, "action" => action, "output" => name.clone())
                    .increment(1);
            }
            encoded.push(Output { declared: declared(&name), name, value });
        }
        if encoded.is_empty() {
            // Without an entry the task's literal outputs are not mapped either.
            let first = action.and_then(|it| it.outputs.first());
            let name = first.map_or("warnings", |it| it.name.as_str());
            encoded.push(Output { name: name.to_owned(), value: Value::Null, declared: None });
        }
        Ok(encoded)
    }

    fn result_code(&self) -> &'static str {
        if self.definition_errors.iter().any(|it| it == INVALID_RESULT) {
            INVALID_RESULT
        } else {
            UNKNOWN_ERROR
        }
    }

    fn too_large(&self, outputs: &[Output<'_>]) -> Failure {
        let size = |output: &Output<'_>| output.value.to_string().len();
        let largest = outputs.iter().max_by_key(|it| size(it));
        let name = largest.map_or("", |it| it.name.as_str());
        let bytes = outputs.iter().map(size).sum::<usize>();
        let text = format!(
            "the outputs have {bytes} bytes, more than an answer may have (ANSWER_BYTES_MAX, {} bytes): put `{name}` in a file",
            self.answer_bytes_max
        );
        Failure::business(self.result_code(), text).with_note("answer too large")
    }

    /// The body, without the inputs where they would make it too large.
    fn fit(&self, request: &IntegrationRequest<'_>, content: &Content<'_>) -> Option<Vec<u8>> {
        let max = self.answer_bytes_max;
        let fits = |body: &Vec<u8>| body.len() as u64 <= max;
        let echo = if request.unreadable_inputs { Echo::NoInputs } else { Echo::All };
        let body = Some(self.body(request, content, echo)).filter(fits);
        body.or_else(|| Some(self.body(request, content, Echo::NoInputs)).filter(fits))
    }

    fn body(&self, request: &IntegrationRequest<'_>, content: &Content<'_>, echo: Echo) -> Vec<u8> {
        let mut out = Vec::with_capacity(4096);
        out.extend_from_slice(b"{");
        if !matches!(echo, Echo::Ids) {
            out.extend_from_slice(b"\"integrationRequest\":{");
            for (name, value) in request.members.others(&["integrationContext"]) {
                member(&mut out, name, value.get().as_bytes());
            }
            // The bundle never reads the variables of this copy; without them the message is half as large.
            out.extend_from_slice(b"\"integrationContext\":{");
            for (name, value) in request.context.others(&["inBoundVariables", "outBoundVariables"])
            {
                member(&mut out, name, value.get().as_bytes());
            }
            close(&mut out);
            close(&mut out);
        }
        context(&mut out, request, content, echo);
        if let Content::Error(failure) = content {
            error(&mut out, &self.service_name, request, failure);
        }
        out.extend_from_slice(&self.identity);
        out
    }
}

/// An output, and its type in the definition.
struct Output<'a> {
    name: String,
    value: Value,
    declared: Option<&'a str>,
}

/// How much of the request an answer repeats.
#[derive(Clone, Copy)]
enum Echo {
    All,
    NoInputs,
    /// What the bundle cannot do without, where even the rest is too much.
    Ids,
}

/// The context that the bundle goes by: echoed, with the outputs added.
fn context(out: &mut Vec<u8>, request: &IntegrationRequest<'_>, content: &Content<'_>, echo: Echo) {
    out.extend_from_slice(b"\"integrationContext\":{");
    for (name, value) in request.context.others(&["outBoundVariables"]) {
        match (echo, name) {
            (Echo::All, _) => member(out, name, value.get().as_bytes()),
            (Echo::NoInputs | Echo::Ids, "inBoundVariables") => member(out, name, b"{}"),
            (Echo::NoInputs, _) | (Echo::Ids, "id" | "executionId" | "clientId") => {
                member(out, name, value.get().as_bytes());
            }
            (Echo::Ids, _) => {}
        }
    }
    out.extend_from_slice(b"\"outBoundVariables\":{");
    if let Content::Result(outputs) = content {
        for Output { name, value, declared } in *outputs {
            let typed = variables::Typed::new(value, *declared);
            json(out, name);
            out.push(b':');
            json(out, &typed);
            out.push(b',');
        }
    }
    close(out);
    close(out);
}

/// The members that make a body an integration error (§2.8).
fn error(
    out: &mut Vec<u8>,
    service_name: &str,
    request: &IntegrationRequest<'_>,
    failure: &Failure,
) {
    let action = request.connector_type.rsplit('.').next().unwrap_or_default();
    let (class, code) = if failure.is_technical() {
        (TECHNICAL_ERROR, None)
    } else {
        (BPMN_ERROR, Some(failure.code()))
    };
    let message: String = failure.message().chars().take(MESSAGE_CHARS_MAX).collect();
    // Audit and query refuse an error without a stack, and an element without these two names.
    let stack = serde_json::json!([{ "className": service_name, "methodName": action }]);
    for (name, value) in [
        ("errorCode", code.map(|code| Value::from(code.chars().take(255).collect::<String>()))),
        ("errorMessage", Some(message.into())),
        ("errorClassName", Some(class.into())),
        ("stackTraceElements", Some(stack)),
    ] {
        if let Some(value) = value {
            member(out, name, value.to_string().as_bytes());
        }
    }
}

fn member(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    json(out, name);
    out.push(b':');
    out.extend_from_slice(value);
    out.push(b',');
}

fn json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
}

/// Ends an object whose members each end with a comma.
fn close(out: &mut Vec<u8>) {
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.extend_from_slice(b"},");
}
