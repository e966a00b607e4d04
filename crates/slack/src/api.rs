//! Slack's Web API: one call, with its limits.

use std::{fmt, time::Duration};

use bytes::Bytes;
use common::{Failure, Object};
use http::{HeaderMap, HeaderValue, Method as Verb, header};
use outbound::{Body, Outbound, Redirects, Request};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value;
use tokio::time::Instant;
use tracing::debug;
use url::{Url, form_urlencoded};

use crate::{
    method::{Encoding, Method},
    pauses::{Pauses, SLOT_WAIT_MAX},
    verdict::{self, Problem, Refusal},
    workspace::Workspace,
};

/// The largest answer that is read; a page of a thousand channels has about one MiB.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The pause where Slack limits and does not say for how long.
const PAUSE_DEFAULT: Duration = Duration::from_secs(1);
/// The shortest pause, where Slack says that there need be none.
const PAUSE_MIN: Duration = Duration::from_millis(200);
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// What all calls share.
pub(crate) struct Api {
    pub(crate) outbound: Outbound,
    /// `https://slack.com/api/`
    pub(crate) base: Url,
    /// The time for one call.
    pub(crate) timeout: Duration,
    pub(crate) pauses: Pauses,
}

/// Slack's answer to a call.
pub(crate) struct Answer {
    pub(crate) body: Object,
    pub(crate) headers: HeaderMap,
}

/// What came back over HTTP.
pub(crate) struct Exchange {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Api {
    /// Calls a method; short pauses for a limit are waited for.
    ///
    /// # Errors
    /// Slack's refusal, or why there is no answer; `Failure::rate_limited` with what is left of a long pause.
    pub(crate) async fn call(
        &self,
        workspace: &Workspace,
        method: &Method,
        arguments: &Value,
    ) -> Result<Answer, Problem> {
        let request = self.request(workspace, method, arguments).map_err(Problem::Failed)?;
        let exchange = self.exchange(workspace, method, &request).await?;
        read(method, exchange)
    }

    /// The HTTP request of a call.
    ///
    /// # Errors
    /// `UNAUTHORIZED`: there is no token.
    pub(crate) fn request(
        &self,
        workspace: &Workspace,
        method: &Method,
        arguments: &Value,
    ) -> Result<Request, Failure> {
        let authorization = workspace.authorization()?;
        let url = self.base.join(method.name).map_err(|error| {
            Failure::permanent("UNKNOWN_ERROR", anyhow::anyhow!("SLACK_API_URL: {error}"))
        })?;
        let (content_type, body) = match method.encoding {
            Encoding::Json => (JSON, serde_json::to_vec(arguments).unwrap_or_default().into()),
            Encoding::Form => (FORM, form(arguments).into()),
        };
        let mut request = Request::new(Verb::POST, url, self.timeout);
        request.headers.insert(header::AUTHORIZATION, authorization);
        request.headers.insert(header::CONTENT_TYPE, content_type);
        request.body = Body::Bytes(body);
        request.redirects = Redirects::Off;
        Ok(request)
    }

    /// Sends a request and waits for limits, for as long as a slot may be occupied by waiting.
    pub(crate) async fn exchange(
        &self,
        workspace: &Workspace,
        method: &Method,
        request: &Request,
    ) -> Result<Exchange, Problem> {
        let place = (workspace.name.clone(), method.name);
        let limited = |pause| Problem::Failed(verdict::of_limit(method.name, pause));
        let mut budget = SLOT_WAIT_MAX;
        loop {
            self.pauses.pass(&place, &mut budget).await.map_err(limited)?;
            let exchange = self.send(method, request.clone()).await.map_err(Problem::Failed)?;
            let Some(pause) = asked_pause(&exchange) else { return Ok(exchange) };
            self.pauses.begin(place.clone(), pause);
        }
    }

    async fn send(&self, method: &Method, request: Request) -> Result<Exchange, Failure> {
        let failed = |error| verdict::of_break(method, &error);
        let sent_bytes = match &request.body {
            Body::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
        let start = Instant::now();
        let mut response = self.outbound.follow(request).await.map_err(failed)?;
        let body = outbound::read_at_most(&mut response, ANSWER_BYTES_MAX).await.map_err(failed)?;
        let status = response.status.as_u16();
        let milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        debug!(
            method = method.name,
            status,
            sent_bytes,
            received_bytes = body.len(),
            milliseconds,
            "called"
        );
        Ok(Exchange { status, headers: response.headers, body })
    }
}

/// The pause that a limited call is answered with.
fn asked_pause(exchange: &Exchange) -> Option<Duration> {
    let limited = || matches!(&exchange.body[..], body if body.len() < 200 && contains(body, b"\"error\":\"ratelimited\""));
    if exchange.status != 429 && !(exchange.status == 200 && limited()) {
        return None;
    }
    let seconds = exchange.headers.get(header::RETRY_AFTER).and_then(|it| it.to_str().ok());
    let seconds = seconds.and_then(|it| it.trim().parse().ok());
    Some(seconds.map_or(PAUSE_DEFAULT, Duration::from_secs).max(PAUSE_MIN))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|it| it == part)
}

/// Slack's answer, where it is one and says `ok`.
fn read(method: &Method, exchange: Exchange) -> Result<Answer, Problem> {
    let Exchange { status, headers, body } = exchange;
    let Ok(Told(answer)) = serde_json::from_slice(&body) else {
        let is_answer = status < 300;
        return Err(Problem::Failed(if is_answer {
            verdict::of_rubbish(method, &body)
        } else {
            verdict::of_status(method, status)
        }));
    };
    match (answer.get("ok").and_then(Value::as_bool), answer.get("error").and_then(Value::as_str)) {
        (Some(true), _) => Ok(Answer { body: answer, headers }),
        (Some(false), Some(error)) => {
            let error = error.to_owned();
            Err(Problem::Refused(Box::new(Refusal { method: method.name, error, body: answer })))
        }
        (Some(false), None) | (None, _) if status < 300 => {
            Err(Problem::Failed(verdict::of_rubbish(method, &body)))
        }
        (Some(false), None) | (None, _) => Err(Problem::Failed(verdict::of_status(method, status))),
    }
}

/// The members of an answer, without the message as it was posted: most of the answer to a message, and read by nobody.
struct Told(Object);

impl<'de> Deserialize<'de> for Told {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ToldVisitor)
    }
}

struct ToldVisitor;

impl<'de> Visitor<'de> for ToldVisitor {
    type Value = Told;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<Told, M::Error> {
        let mut told = Object::new();
        while let Some(name) = members.next_key::<String>()? {
            if name == "message" {
                members.next_value::<IgnoredAny>()?;
            } else {
                told.insert(name, members.next_value()?);
            }
        }
        Ok(Told(told))
    }
}

/// Arguments as form fields; null is left out.
fn form(arguments: &Value) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in arguments.as_object().into_iter().flatten() {
        match value {
            Value::Null => {}
            Value::String(text) => drop(form.append_pair(name, text)),
            other => drop(form.append_pair(name, &other.to_string())),
        }
    }
    form.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method;

    /// What is kept of an answer with status 200, as JSON; else the failure.
    fn check(body: &'static str, expected: &str) {
        let body = Bytes::from_static(body.as_bytes());
        let exchange = Exchange { status: 200, headers: HeaderMap::new(), body };
        let told = match read(&method::POST_MESSAGE, exchange) {
            Ok(answer) => Value::Object(answer.body).to_string(),
            Err(problem) => problem.into_failure().to_string(),
        };
        assert_eq!(told, expected);
    }

    #[test]
    fn half_an_answer_is_none() {
        let expected =
            "INVALID_RESULT_FORMAT: chat.postMessage answered something that is not JSON";
        check(r#"{"ok":true,"ts":"1.2","message":{"text":"#, expected);
        check(r#"{"ok":true,"ts":"1.2","message":{"text":"a"}"#, expected);
    }

    #[test]
    fn the_message_as_it_was_posted_is_not_kept() {
        let answer = r#"{"ok":true,"message":{"text":"a","ts":"1.2"},"ts":"1.2"}"#;
        check(answer, r#"{"ok":true,"ts":"1.2"}"#);
        let refusal = r#"{"ok":false,"error":"fatal_error","message":"a"}"#;
        check(refusal, "FATAL_ERROR: Slack refuses chat.postMessage: fatal_error");
    }
}
