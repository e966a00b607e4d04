//! Makes the calls: limits, circuit breaker, what is told about them.

use std::{mem, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use common::{Context, Failure, Secret};
use files::Store;
use http::Method;
use outbound::{Outbound, OutboundError, Redirects, Tokens};
use serde_json::Value;
use templates::{Engine, Templates};
use tokio::time::Instant;
use tracing::debug;

use crate::{
    auth_send::{Sending, Sent},
    breaker::{Breakers, Rules},
    condition::{ErrorOn, Verdict},
    config::Config,
    connections::Connections,
    download,
    error::ErrorCode,
    expression::Scope,
    input::{Input, Milliseconds, ResponseType, Switch},
    outcome::{self, Broken, Reached},
    placeholders::Placeholders,
    request::{Request, Task},
    resource,
    response::{Answer, Reading},
};

/// The most redirects that are followed where the task says nothing.
const REDIRECTS_MAX: u16 = 10;

/// What all calls share.
pub(crate) struct Rest {
    pub(crate) outbound: Outbound,
    pub(crate) files: Store,
    tokens: Tokens,
    breakers: Breakers,
    pub(crate) placeholders: Placeholders,
    secrets: Vec<Secret>,
    pub(crate) call_timeout: Duration,
    pub(crate) response_bytes_max: usize,
    pub(crate) connections: Connections,
    pub(crate) templates: Arc<Engine>,
}

impl Rest {
    /// Makes the client; nothing is called yet.
    ///
    /// # Errors
    /// Everything that is wrong with the settings for egress and proxies.
    pub(crate) async fn connect(config: Config) -> Result<Self, Failure> {
        let user_agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
        let outbound = config.network.connect(user_agent)?;
        let files = config.files.connect(outbound.clone(), &config.network)?;
        let templates = config.templates_dir.as_deref().map(Path::new).map(Templates::load_dir);
        let templates = templates.transpose().map_err(|error| {
            let text = format!("TEMPLATES_DIR: {error}");
            Failure::permanent(ErrorCode::UnknownError, anyhow::anyhow!(text.clone()))
                .with_note(text)
        })?;
        let breakers = Breakers::new(Rules {
            n_calls: config.rest_circuit_breaker_buffer,
            failure_rate: config.rest_circuit_breaker_failure_rate,
            wait: config.rest_circuit_breaker_wait_interval.0,
        });
        Ok(Self {
            outbound,
            files,
            tokens: Tokens::new(config.http_call_timeout.0),
            breakers,
            placeholders: Placeholders::new(&config),
            secrets: config.network.passwords().chain(config.rest_auth_token.clone()).collect(),
            call_timeout: config.http_call_timeout.0,
            response_bytes_max: usize::try_from(config.response_bytes_max.0).unwrap_or(usize::MAX),
            connections: config.rest_connections,
            templates: Arc::new(Engine::new(resource::limits(), templates)),
        })
    }
}

/// Makes one call and reads its answer.
pub(crate) async fn call(
    rest: &Context<Rest>,
    method: Method,
    mut input: Box<Input>,
) -> Result<(Answer, Reading), Failure> {
    let payload = input.request_payload.take();
    let mut request = build(rest, method, payload, &input, rest.request_id())?;
    request.warnings.iter().for_each(|it| rest.warn(it));
    rest.preview(|| request.preview())?;
    let (answer, reading) = send(rest, &mut request, &input).await?;
    if let Some(warning) = &reading.warning {
        rest.warn(warning);
    }
    Ok((answer, reading))
}

/// The request that the inputs ask for, under an id of its own.
pub(crate) fn build(
    rest: &Context<Rest>,
    method: Method,
    payload: Option<Value>,
    input: &Input,
    request_id: &str,
) -> Result<Request, Failure> {
    let task = Task {
        request_id,
        traceparent: rest.traceparent(),
        placeholders: &rest.placeholders,
        secrets: &rest.secrets,
    };
    Request::new(method, payload, input, &task)
}

/// Sends a request, and judges and reads the answer.
pub(crate) async fn send(
    rest: &Context<Rest>,
    request: &mut Request,
    input: &Input,
) -> Result<(Answer, Reading), Failure> {
    let admission = input.terms.admission.as_ref();
    let _place = match admission {
        Some(admission) => Box::pin(admission.admit(request)).await?,
        None => None,
    };
    let timeout = input.timeout.map_or(rest.call_timeout, Milliseconds::duration);
    let sending = Sending {
        outbound: input.outbound.as_ref().unwrap_or(&rest.outbound),
        tokens: &rest.tokens,
        files: &rest.files,
        deadline: Instant::now() + timeout,
        timeout,
    };
    let sent = match request.on_sending {
        None => Sent::Plain,
        // Boxed, as whatever few calls need, so that the others go without the room for it.
        Some(_) => Box::pin(sending.prepare(request)).await?,
    };
    let mut result = attempt(rest, request, input, sending.left(&sent)).await?;
    if request.on_sending.is_some()
        && let Ok(answer) = &result
        && Box::pin(sending.renew(request, &sent, answer)).await?
    {
        if let Some(admission) = admission {
            Box::pin(admission.admit_again(request)).await?;
        }
        result = Box::pin(attempt(rest, request, input, sending.left(&sent))).await?;
    }
    let mut answer = result.map_err(|broken| outcome::of_break(request, &broken))?;
    if let Some(admission) = admission {
        admission.heed(&answer);
    }
    let verdict = match &input.error_on {
        None => is_error(input, &answer).then_some(Verdict { code: None }),
        Some(errors) => Box::pin(verdict(errors, input, &answer)).await?,
    };
    if let Some(verdict) = verdict {
        return Err(outcome::of_answer(request, &answer, verdict.code.as_deref()));
    }
    if download::is_wanted(input, answer.status) && answer.saved.is_none() {
        let saving = download::save(rest, input, &mut answer, &request.url);
        let saved = Box::pin(saving).await;
        answer.saved = Some(Box::new(saved));
    }
    if let Some(Err(error)) = answer.saved.as_deref() {
        return Err(outcome::of_unsaved(request, &answer, error));
    }
    let reading = answer.read(input.response_type.unwrap_or_default());
    Ok((answer, reading))
}

/// Whether the answer is an error by the author's rules, and under which code.
async fn verdict(
    errors: &ErrorOn,
    input: &Input,
    answer: &Answer,
) -> Result<Option<Verdict>, Failure> {
    let status = answer.status.as_u16();
    if !errors.looks_into(status) {
        return Ok(is_error(input, answer).then_some(Verdict { code: None }));
    }
    let body = answer.read(ResponseType::Auto).result;
    let headers = answer.header_object();
    errors.verdict(&Scope { body: &body, status, headers: &headers }).await
}

/// One exchange, if the circuit breaker lets it through.
pub(crate) async fn attempt(
    rest: &Context<Rest>,
    request: &Request,
    input: &Input,
    timeout: Duration,
) -> Result<Result<Answer, Broken>, Failure> {
    let permit = match input.circuit_breaker {
        Some(Switch(true)) => Some(
            rest.breakers
                .admit(&request.url.origin().ascii_serialization())
                .map_err(|wait| outcome::of_open_circuit(request, wait))?,
        ),
        Some(Switch(false)) | None => None,
    };
    let started = Instant::now();
    let result = exchange(rest, request, input, timeout).await;
    log(request, &result, started.elapsed());
    if let Some(permit) = permit {
        permit.tell(outcome::for_breaker(&result));
    }
    Ok(result)
}

async fn exchange(
    rest: &Context<Rest>,
    request: &Request,
    input: &Input,
    timeout: Duration,
) -> Result<Answer, Broken> {
    let broken = |error: OutboundError, answer| {
        let reached = if error.may_have_happened() { Reached::Peer } else { Reached::Nobody };
        Broken { kind: error.kind, reached, answer }
    };
    let wire = wire(request, input, timeout, &rest.files);
    let outbound = input.outbound.as_ref().unwrap_or(&rest.outbound);
    let mut response = outbound.follow(wire).await.map_err(|it| broken(it, None))?;
    let mut answer = Answer {
        status: response.status,
        headers: mem::take(&mut response.headers),
        body: Bytes::new(),
        saved: None,
        redirected_to: (response.redirects > 0).then(|| outbound::shown(&response.url)),
        unread: None,
    };
    let is_error = is_error(input, &answer);
    let is_looked_into =
        input.error_on.as_ref().is_some_and(|it| it.looks_into(answer.status.as_u16()));
    if input.response_type == Some(ResponseType::None) && !is_error && !is_looked_into {
        return Ok(answer);
    }
    if download::is_wanted(input, answer.status) && !is_error && !is_looked_into {
        let streaming = download::stream(rest, input, &answer.headers, response);
        return match Box::pin(streaming).await {
            Ok(saved) => Ok(Answer { saved: Some(Box::new(saved)), ..answer }),
            Err(error) => Err(broken(error, Some(answer))),
        };
    }
    let bytes_max = input.terms.response_bytes_max.unwrap_or(rest.response_bytes_max);
    match outbound::read_at_most(&mut response, bytes_max).await {
        Ok(body) => Ok(Answer { body, ..answer }),
        // The status says more than the trouble with the text about it.
        Err(error) if is_error => {
            answer.unread = Some(error.kind.to_string());
            Ok(answer)
        }
        Err(error) => Err(broken(error, Some(answer))),
    }
}

fn wire(request: &Request, input: &Input, timeout: Duration, files: &Store) -> outbound::Request {
    outbound::Request {
        method: request.method.clone(),
        url: request.url.clone(),
        headers: request.headers.clone(),
        body: request.body.wire(files),
        credential_parameters: request.secret_parameters.clone(),
        timeout,
        connect_timeout: input.connect_timeout.map(Milliseconds::duration),
        redirects: match input.follow_redirects {
            Some(false) => Redirects::Off,
            Some(true) | None => {
                Redirects::Follow { limit: input.max_redirects.unwrap_or(REDIRECTS_MAX).into() }
            }
        },
    }
}

fn is_error(input: &Input, answer: &Answer) -> bool {
    let status = answer.status.as_u16();
    input.error_on.as_ref().map_or((400..=599).contains(&status), |it| it.is_certain(status))
}

fn log(request: &Request, result: &Result<Answer, Broken>, elapsed: Duration) {
    let (status, received) = match result {
        Ok(answer) => (Some(answer.status.as_u16()), answer.size()),
        Err(broken) => (broken.answer.as_ref().map(|it| it.status.as_u16()), 0),
    };
    debug!(
        method = request.method.as_str(),
        host = request.url.origin().ascii_serialization(),
        status,
        sent_bytes = request.body.size(),
        received_bytes = received,
        milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        headers = ?request.headers.keys().map(http::HeaderName::as_str).collect::<Vec<_>>(),
        "called"
    );
}
