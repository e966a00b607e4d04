//! Activiti Cloud's integration requests, results and errors (`activiti-cloud.md` §2, §3).
//!
//! Everything here is pure: bytes in, values out. What was received is echoed as it came, member by member.

use std::borrow::Cow;

use metrics::counter;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};
use tracing::warn;

use crate::{
    Failure, Object,
    definition::{Definition, Feature},
    engine::{destinations::Destinations, variables},
    failure::UNKNOWN_ERROR,
    runner::Request,
    settings::{OutputExpressions, Settings},
    telemetry,
};

/// What decides that an error is a BPMN error, and nothing else does (§2.8).
const BPMN_ERROR: &str = "org.activiti.cloud.api.process.model.CloudBpmnError";
/// Any other class is a technical error.
const TECHNICAL_ERROR: &str = "java.lang.RuntimeException";
/// Audit and query cut the text at 255 characters; the bundle's log does not.
const MESSAGE_CHARS_MAX: usize = 4_000;
/// The answer's code where the outputs cannot be told (`decisions.md` "Activiti answers").
const INVALID_RESULT: &str = "INVALID_RESULT_FORMAT";

/// This connector's side of the conversation.
pub(crate) struct Activiti {
    definition_errors: Vec<String>,
    identity: Identity,
    result_override: Option<String>,
    error_override: Option<String>,
    separator: String,
    expressions: OutputExpressions,
    answer_bytes_max: u64,
    versions: (Option<Version>, Option<Version>),
}

/// Who we are, on every answer (§6 #2).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    app_version: String,
    app_name: String,
    service_name: String,
    service_full_name: String,
    service_type: &'static str,
    service_version: &'static str,
}

/// A version of numbers and dots.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version(Vec<u64>);

/// An integration request as it came.
#[derive(Debug)]
pub(crate) struct IntegrationRequest<'a> {
    members: Members<'a>,
    context: Members<'a>,
    pub(crate) id: String,
    pub(crate) connector_type: String,
    app_name: String,
    service_full_name: String,
    result_destination: String,
    error_destination: String,
    /// The bundle can't read back what it is said to have sent, so it isn't echoed.
    unreadable_inputs: bool,
}

/// The members of an object, in their order and as they were written.
#[derive(Debug, Default)]
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

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
    pub(crate) fn new(
        settings: &Settings,
        destinations: &Destinations,
        definition: &Definition,
    ) -> Self {
        let version = |text: &Option<String>| text.as_deref().map(Version::of);
        Self {
            definition_errors: definition.error_codes().map(String::from).collect(),
            identity: Identity {
                app_version: settings.application_version.clone().unwrap_or_default(),
                app_name: settings.application_name.clone().unwrap_or_default(),
                service_name: destinations.group.clone(),
                service_full_name: destinations.group.clone(),
                service_type: "connector",
                service_version: env!("CARGO_PKG_VERSION"),
            },
            result_override: settings.result_destination.clone(),
            error_override: settings.error_destination.clone(),
            separator: destinations.separator().to_owned(),
            expressions: settings.output_expressions,
            answer_bytes_max: settings.answer_bytes_max.0,
            versions: (
                version(&settings.application_min_version),
                version(&settings.application_max_version),
            ),
        }
    }

    /// Whether requests of that application version are for us (§11 D3).
    pub(crate) fn admits(&self, app_version: Option<&str>) -> bool {
        let (min, max) = &self.versions;
        if min.is_none() && max.is_none() {
            return true;
        }
        let version = Version::of(app_version.unwrap_or_default());
        min.as_ref().is_none_or(|min| *min <= version)
            && max.as_ref().is_none_or(|max| version <= *max)
    }

    /// Reads what can be answered; the error says why a message can't be.
    pub(crate) fn decode<'a>(&self, body: &'a [u8]) -> Result<IntegrationRequest<'a>, String> {
        let members: Members<'a> =
            serde_json::from_slice(body).map_err(|error| position("not JSON", &error))?;
        let context = members.get("integrationContext").ok_or("no integrationContext")?;
        let context: Members<'a> = serde_json::from_str(context.get())
            .map_err(|_error| "integrationContext is no object".to_owned())?;
        let id = context.text("id").filter(|it| !it.is_empty());
        let id = id.ok_or("integrationContext.id is no text")?;
        let service = members.text("serviceFullName").filter(|it| !it.is_empty());
        // Bundles before 7.1.0-M16 name no destinations (§8).
        let destination = |own: &Option<String>, field: &str, name: &str| {
            let asked = members.text(field).filter(|it| !it.is_empty());
            if let (Some(own), Some(asked)) = (own, &asked)
                && own != asked
            {
                warn!(override = own, asked, "answers go elsewhere than the request asks");
            }
            let fallback =
                || service.as_ref().map(|service| format!("{name}{}{service}", self.separator));
            own.clone().or(asked).or_else(fallback)
        };
        let result = destination(&self.result_override, "resultDestination", "integrationResult");
        let error = destination(&self.error_override, "errorDestination", "integrationError");
        let (Some(result_destination), Some(error_destination)) = (result, error) else {
            return Err("no reply address: neither destinations nor serviceFullName".to_owned());
        };
        Ok(IntegrationRequest {
            id,
            connector_type: context.text("connectorType").unwrap_or_default(),
            app_name: members.text("appName").unwrap_or_default(),
            service_full_name: service.unwrap_or_default(),
            result_destination,
            error_destination,
            unreadable_inputs: false,
            members,
            context,
        })
    }

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
            error(&mut out, &self.identity, request, failure);
        }
        let identity = serde_json::to_vec(&self.identity).unwrap_or_default();
        out.extend_from_slice(&identity[1..]);
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
            member(out, name, &serde_json::to_vec(&typed).unwrap_or_default());
        }
    }
    close(out);
    close(out);
}

/// The members that make a body an integration error (§2.8).
fn error(
    out: &mut Vec<u8>,
    identity: &Identity,
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
    let stack = serde_json::json!([{ "className": identity.service_name, "methodName": action }]);
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
    out.extend_from_slice(Value::from(name).to_string().as_bytes());
    out.push(b':');
    out.extend_from_slice(value);
    out.push(b',');
}

/// Ends an object whose members each end with a comma.
fn close(out: &mut Vec<u8>) {
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.extend_from_slice(b"},");
}

/// A parse error by place and kind: the library's text may quote data.
fn position(what: &str, error: &serde_json::Error) -> String {
    format!("{what} at line {} column {}", error.line(), error.column())
}

impl IntegrationRequest<'_> {
    /// The request in neutral terms; fails where an input cannot be read (§11 C3).
    pub(crate) fn neutral(&mut self, action: String) -> Result<Request, Failure> {
        let inputs = self.inputs().inspect_err(|_failure| self.unreadable_inputs = true)?;
        Ok(Request {
            action,
            id: self.id.clone(),
            business_key: self.context.text("businessKey"),
            process_instance: self.context.text("processInstanceId"),
            inputs,
            ..Request::default()
        })
    }

    fn inputs(&mut self) -> Result<Object, Failure> {
        let technical = |text: String| Failure::technical(text).with_note("unreadable input");
        let Some(raw) = self.context.get("inBoundVariables") else { return Ok(Object::new()) };
        let entries: Option<Object> = serde_json::from_str(raw.get())
            .map_err(|error| technical(position("inBoundVariables is no object", &error)))?;
        let mut inputs = Object::new();
        for (name, entry) in entries.into_iter().flatten() {
            self.unreadable_inputs |= !variables::is_as_sent(&entry);
            let value = variables::decode(&entry)
                .map_err(|error| technical(format!("input `{name}`: {error}")))?;
            inputs.insert(name, value);
        }
        Ok(inputs)
    }
}

impl<'a> Members<'a> {
    fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(it, _)| it == name).map(|(_, value)| *value)
    }

    /// A text member; null and other kinds count as absent.
    fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    fn others<'s>(&'s self, but: &'s [&str]) -> impl Iterator<Item = (&'s str, &'a RawValue)> {
        let members = self.0.iter().map(|(name, value)| (name.as_ref(), *value));
        members.filter(move |(name, _)| !but.contains(name))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(20);
                while let Some(Name(name)) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

/// A member's name, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl Version {
    fn of(text: &str) -> Self {
        let numbers = text.split(|it: char| !it.is_ascii_digit()).filter(|it| !it.is_empty());
        Self(numbers.filter_map(|it| it.parse().ok()).collect())
    }
}

#[cfg(test)]
mod tests;
