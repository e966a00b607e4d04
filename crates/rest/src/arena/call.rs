//! One command: its call, and what is told of the answer.

use std::time::Duration;

use common::{Context, Failure, Reply};
use http::{HeaderValue, Method, header::CONTENT_TYPE};
use serde_json::Value;
use tokio::time::{self, Instant};

use super::{
    codes::{self, exception},
    content,
    python::{self, Attempts},
};
use crate::{
    auth::Auth,
    client::{self, Rest},
    content::Content,
    input::{Headers, Input, Parameters, PayloadType},
    outcome::{self, Broken},
    placeholders::Placeholders,
    request::{Request, Task},
    response::Answer,
};

/// The pause before a call is repeated.
const PAUSE: Duration = Duration::from_secs(1);
/// As many redirects as the originals follow.
const REDIRECTS_MAX: u16 = 30;

/// A command, whichever it is.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) url: Option<String>,
    pub(super) headers: Option<Value>,
    pub(super) params: Option<Value>,
    pub(super) payload: Payload,
    /// Name and password, if both are given.
    pub(super) user: Option<(String, String)>,
    pub(super) attempts: Attempts,
    pub(super) told: Told,
}

/// What is sent as the body.
pub(super) enum Payload {
    None,
    Json(Value),
    Form(Value),
    Raw(String),
}

/// Whose contract the answer is told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The V2 commands': 400 and more is an error.
    V2,
    /// The older ones', as the backend itself has them: 300 and more is an error.
    V1,
    V1WithHeaders,
}

impl Payload {
    pub(super) fn json(data: Option<Value>) -> Self {
        data.map_or(Self::None, Self::Json)
    }

    /// # Errors
    /// `ValueError`: no such format.
    pub(super) fn of(format: Option<&str>, data: Option<Value>) -> Result<Self, Failure> {
        Ok(match (format.unwrap_or("json"), data) {
            ("none", _) | ("json" | "form" | "raw", None) => Self::None,
            ("json", Some(data)) => Self::Json(data),
            ("form", Some(data)) => Self::Form(data),
            ("raw", Some(Value::String(text))) => Self::Raw(text),
            ("raw", Some(data)) => Self::Raw(data.to_string()),
            (other, _) => {
                let text = format!("`body_format`: `{other}` is none of json, form, raw and none");
                return Err(exception("ValueError", text));
            }
        })
    }
}

impl Call {
    /// Makes the call, as often as `attempts` says while it fails.
    ///
    /// # Errors
    /// Under the originals' codes, with a [`Reply`] as outputs.
    pub(super) async fn run(self, rest: &Context<Rest>) -> Result<Reply, Failure> {
        let (attempts, told) = (self.attempts.count(), self.told);
        let (request, input) = self.request(rest)?;
        rest.preview(|| request.preview())?;
        // All attempts together take no longer than one call may: Arena does not wait either.
        let end = Instant::now() + rest.call_timeout;
        let mut attempt = 1;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let result = client::attempt(rest, &request, &input, left).await?;
            let may_help = match &result {
                Ok(answer) => answer.status.is_server_error(),
                Err(_) => true,
            };
            if !may_help || attempt >= attempts || Instant::now() + PAUSE >= end {
                return told.reply(&request, result);
            }
            attempt += 1;
            time::sleep(PAUSE).await;
        }
    }

    fn request(self, rest: &Context<Rest>) -> Result<(Request, Input), Failure> {
        let url = python::checked(self.url.as_deref().unwrap_or_default())?;
        let mut input = Input::to(url);
        let params = self.params.map(python::query).transpose()?;
        input.rest_url_params = params.filter(|it| !it.is_empty()).map(Parameters::Text);
        input.request_headers = self.headers.map(python::headers).transpose()?.map(Headers);
        input.max_redirects = Some(REDIRECTS_MAX);
        input.follow_redirects = Some(self.method != Method::HEAD);
        input.auth = self.user.map(|(username, password)| {
            let password = password.into();
            Auth::Basic { username, password }
        });
        let (payload, json) = match self.payload {
            Payload::None => (None, None),
            Payload::Json(data) => (None, Some(data)),
            Payload::Form(data) => {
                input.payload_type = Some(PayloadType::Form);
                (Some(data), None)
            }
            Payload::Raw(text) => {
                input.payload_type = Some(PayloadType::Text);
                (Some(text.into()), None)
            }
        };
        let task = Task {
            request_id: rest.request_id(),
            traceparent: rest.traceparent(),
            // The originals have none: `${…}` is text.
            placeholders: &Placeholders::default(),
            secrets: &[],
        };
        let mut request =
            Request::new(self.method, payload, &input, &task).map_err(|it| codes::wrong(&it))?;
        if let Some(data) = json {
            // Even a text that is JSON already: it is a text for the peer.
            request.body = Content::Bytes(data.to_string().into());
            let json = HeaderValue::from_static("application/json");
            request.headers.entry(CONTENT_TYPE).or_insert(json);
        }
        Ok((request, input))
    }
}

impl Told {
    fn reply(self, request: &Request, result: Result<Answer, Broken>) -> Result<Reply, Failure> {
        let answer = result.map_err(|broken| codes::broken(request, &broken))?;
        let status = answer.status.as_u16();
        let content = content::read(&answer);
        let reply = |body| Reply {
            body,
            http_status: status,
            headers: (self == Self::V1WithHeaders).then(|| answer.header_object()),
        };
        let is_error = status >= if self == Self::V2 { 400 } else { 300 };
        if is_error {
            let text = request.mask.excerpt(&answer.body_text());
            let text = format!("{} answered {status} {text}", outcome::target(request));
            // A peer may echo what it was sent, and the reply of a failure goes into messages.
            let body = request.mask.value(content.body);
            let failure = Failure::permanent(
                format!("HttpError{status}"),
                anyhow::anyhow!(request.mask.text(text.trim_end())),
            );
            let note = format!("{} answered {status}", outcome::host(request));
            return Err(failure.with_note(note).with_outputs(reply(body).into()));
        }
        match content.trouble {
            None => Ok(reply(content.body)),
            Some((code, text)) => {
                let text = format!("{} answered {status}, but {text}", outcome::target(request));
                let failure = Failure::permanent(code, anyhow::anyhow!(text));
                Err(failure.with_outputs(reply(content.body).into()))
            }
        }
    }
}
