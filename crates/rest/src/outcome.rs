//! What a call that did not succeed means for the process: the one classification of answers and errors (pure).

use std::time::Duration;

use common::{Failure, Report};
use files::FileError;
use http::header::RETRY_AFTER;
use outbound::ErrorKind;
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

use crate::{
    breaker,
    error::{ErrorCode, invalid},
    input::ResponseType,
    rate::Denied,
    request::{Repeat, Request, TimeLimit},
    response::Answer,
};

/// Said where the peer may have acted and the call is not repeated for that reason.
const NOT_REPEATED: &str =
    "not repeated, since it may have been carried out; `idempotencyKey` makes repeating safe";

/// A call without a complete answer.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) kind: ErrorKind,
    pub(crate) reached: Reached,
    /// What had arrived before the body broke off.
    pub(crate) answer: Option<Answer>,
}

/// How far the request may have got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    /// Certainly not to the peer.
    Nobody,
    Peer,
}

/// The failure that an answer is, under the `code` that the task gives it, else under that of its status.
pub(crate) fn of_answer(request: &Request, answer: &Answer, code: Option<&str>) -> Failure {
    let status = answer.status;
    let code = code.map_or_else(|| json!(ErrorCode::of_status(status)), Value::from);
    let text = {
        let body = request.mask.excerpt(&answer.body_text());
        let redirected = answer.redirected_to.as_deref();
        let redirected = redirected.map(|it| format!(", redirected to {it},")).unwrap_or_default();
        let text = format!("{}{redirected} answered {} {body}", target(request), status.as_u16());
        request.mask.text(text.trim_end())
    };
    let pause = retry_after(answer);
    let is_retried = match &request.retried {
        Some(statuses) => statuses.contains(status.as_u16()),
        None => matches!(status.as_u16(), 408 | 500 | 502 | 503 | 504),
    };
    let failure = match (status.as_u16(), is_retried, request.repeat) {
        (429, _, _) => Failure::rate_limited(code, anyhow::anyhow!(text), pause),
        (503, _, _) if pause.is_some() => {
            let failure = Failure::transient(code, anyhow::anyhow!(text));
            failure.retry_after(pause.unwrap_or_default())
        }
        (_, true, Repeat::Harmless) => {
            let failure = Failure::transient(code, anyhow::anyhow!(text));
            match pause {
                Some(pause) => failure.retry_after(pause),
                None => failure,
            }
        }
        (_, true, Repeat::Harmful) => {
            Failure::permanent(code, anyhow::anyhow!("{text} ({NOT_REPEATED})"))
        }
        (500..=599, _, _) => Failure::permanent(code, anyhow::anyhow!(text)),
        _ => Failure::business(code, text),
    };
    let outputs = answer.outputs(answer.read(ResponseType::Auto).result);
    let failure = failure.with_outputs(request.mask.object(outputs)).with_note(format_args!(
        "{} answered {}",
        host(request),
        status.as_u16()
    ));
    // Told with its own status, an error that came as a success would pass for one.
    if status.as_u16() < 300 { failure } else { failure.with_status(status.as_u16()) }
}

/// The failure that a call without a complete answer is.
pub(crate) fn of_break(request: &Request, broken: &Broken) -> Failure {
    let Broken { kind, reached, answer } = broken;
    let target = target(request);
    let text = || {
        request.mask.text(&match answer {
            Some(answer) => format!("{target} answered {}, but {kind}", answer.status.as_u16()),
            None => format!("{target}: {kind}"),
        })
    };
    let permanent = |code, text: String| Failure::permanent(code, anyhow::anyhow!(text));
    let repeated = |code| match (reached, request.repeat) {
        (Reached::Nobody, _) | (Reached::Peer, Repeat::Harmless) => {
            Failure::transient(code, anyhow::anyhow!(text()))
        }
        (Reached::Peer, Repeat::Harmful) => permanent(code, format!("{} ({NOT_REPEATED})", text())),
    };
    let failure = match kind {
        ErrorKind::InvalidUrl(_) | ErrorKind::EgressDenied(_) => {
            invalid(format_args!("`restUrl`: {}", text()))
        }
        ErrorKind::HostNotFound { .. } => repeated(ErrorCode::HostNotFound),
        ErrorKind::ConnectRefused
        | ErrorKind::Unreachable(_)
        | ErrorKind::Proxy(_)
        | ErrorKind::Reset(_) => repeated(ErrorCode::ConnectionError),
        ErrorKind::ConnectTimeout { .. } | ErrorKind::Timeout { .. } => match request.time_limit {
            TimeLimit::OfTheSettings => repeated(ErrorCode::RequestTimeout),
            TimeLimit::OfTheTask => permanent(ErrorCode::RequestTimeout, text()),
        },
        ErrorKind::Tls { .. } => permanent(ErrorCode::TlsError, text()),
        ErrorKind::ProxyAuthentication => {
            Failure::business(ErrorCode::ProxyAuthenticationRequired, text()).with_status(407)
        }
        ErrorKind::TooManyRedirects { .. } | ErrorKind::RedirectLoop => {
            permanent(ErrorCode::TooManyRedirects, text())
        }
        ErrorKind::TooLarge { .. } => {
            let text = format!("{} ({})", text(), request.size_limit);
            permanent(ErrorCode::ResponseTooLarge, text)
        }
        ErrorKind::BadResponse(_) | ErrorKind::BadRedirect(_) | ErrorKind::BadBody(_) => {
            permanent(ErrorCode::UnknownError, text())
        }
        ErrorKind::Source(source) => match source.get::<FileError>() {
            Some(error) => {
                return settled(error.failure("requestPayload"), *reached, request.repeat);
            }
            None => permanent(ErrorCode::UnknownError, text()),
        },
    };
    let failure = failure.with_note(format_args!("no complete answer from {}", host(request)));
    match answer {
        Some(answer) => failure
            .with_status(answer.status.as_u16())
            .with_outputs(request.mask.object(answer.outputs(Value::Null))),
        None => failure,
    }
}

/// The failure of an answer that could not be written as a file.
pub(crate) fn of_unsaved(request: &Request, answer: &Answer, error: &FileError) -> Failure {
    let text = format!("{} answered {}, but {error}", target(request), answer.status.as_u16());
    let source = anyhow::anyhow!(request.mask.text(&text));
    let failure = match error.kind {
        files::ErrorKind::TooLarge { .. } | files::ErrorKind::NoStore { .. } => {
            Failure::permanent(ErrorCode::ResponseTooLarge, source)
        }
        files::ErrorKind::Unavailable(_) => {
            let failure = Failure::transient(ErrorCode::UnknownError, source);
            settled(failure, Reached::Peer, request.repeat)
        }
        files::ErrorKind::NotFound
        | files::ErrorKind::Refused(_)
        | files::ErrorKind::Unreadable(_)
        | files::ErrorKind::Unwritable(_) => Failure::permanent(ErrorCode::UnknownError, source),
    };
    failure
        .with_note(format_args!("the answer of {} is no file: {}", host(request), error.kind))
        .with_status(answer.status.as_u16())
        .with_outputs(request.mask.object(answer.outputs(Value::Null)))
}

/// What is not repeated where the peer may have acted, however it came about.
fn settled(failure: Failure, reached: Reached, repeat: Repeat) -> Failure {
    match (failure, reached, repeat) {
        (Failure::Transient { report, .. }, Reached::Peer, Repeat::Harmful) => {
            let source = anyhow::anyhow!("{} ({NOT_REPEATED})", report.source);
            Failure::Permanent(Box::new(Report { source, ..*report }))
        }
        (failure, ..) => failure,
    }
}

/// The failure of a call that an open circuit keeps from being made.
pub(crate) fn of_open_circuit(request: &Request, wait: Duration) -> Failure {
    let text = format!(
        "{}: not called, since {} has failed too often; tried again after {} ms",
        target(request),
        host(request),
        wait.as_millis()
    );
    Failure::transient(ErrorCode::CircuitBreakerOpen, anyhow::anyhow!(text))
        .retry_after(wait)
        .with_note(format_args!("the circuit of {} is open", host(request)))
}

/// The failure of a call that a connection's limits keep from being made; waiting for them is no attempt.
pub(crate) fn of_denied(request: &Request, connection: &str, denied: Denied) -> Failure {
    let (why, pause) = match denied {
        Denied::Later(wait) => (format!("its turn is in {} ms", wait.as_millis()), wait),
        // Longer than anybody waits: it has waited already.
        Denied::Busy(waited) => (
            format!("as many calls as `rate` allows were at work for {} ms", waited.as_millis()),
            Duration::from_hours(24),
        ),
    };
    let text =
        format!("{}: not called, the connection `{connection}` is busy: {why}", target(request));
    Failure::rate_limited(ErrorCode::TooManyRequests, anyhow::anyhow!(text), Some(pause))
        .with_note(format_args!("the connection `{connection}` is busy: {why}"))
}

/// What a call says about its host.
pub(crate) fn for_breaker(result: &Result<Answer, Broken>) -> breaker::Outcome {
    match result {
        Ok(answer) if answer.status.is_server_error() => breaker::Outcome::Failure,
        Ok(_) => breaker::Outcome::Success,
        Err(broken) => match broken.kind {
            ErrorKind::HostNotFound { .. }
            | ErrorKind::ConnectRefused
            | ErrorKind::Unreachable(_)
            | ErrorKind::ConnectTimeout { .. }
            | ErrorKind::Tls { .. }
            | ErrorKind::Proxy(_)
            | ErrorKind::Timeout { .. }
            | ErrorKind::Reset(_)
            | ErrorKind::BadResponse(_) => breaker::Outcome::Failure,
            ErrorKind::InvalidUrl(_)
            | ErrorKind::EgressDenied(_)
            | ErrorKind::ProxyAuthentication
            | ErrorKind::TooManyRedirects { .. }
            | ErrorKind::RedirectLoop
            | ErrorKind::BadRedirect(_)
            | ErrorKind::TooLarge { .. }
            | ErrorKind::BadBody(_)
            | ErrorKind::Source(_) => breaker::Outcome::Success,
        },
    }
}

/// Method and URL as they may be shown: without user info and query.
pub(crate) fn target(request: &Request) -> String {
    format!("{} {}", request.method, request.mask.text(&outbound::shown(&request.url)))
}

pub(crate) fn host(request: &Request) -> String {
    request.url.origin().ascii_serialization()
}

/// How long the peer asks to wait: seconds or a date (RFC 9110 §10.2.3).
pub(crate) fn retry_after(answer: &Answer) -> Option<Duration> {
    let text = answer.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    Some((date - OffsetDateTime::now_utc()).try_into().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, Method, StatusCode};
    use serde_json::json;

    use super::*;
    use crate::request;

    fn request(method: Method) -> Request {
        let input = json!({
            "restUrl": "http://jane:pa55word@x:81/orders?key=s3cret",
            "auth": {"type": "bearer", "token": "t0ken"},
        });
        request::tests::build(method, input).unwrap()
    }

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let headers = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()));
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: headers.collect::<HeaderMap>(),
            body: Bytes::copy_from_slice(body.as_bytes()),
            saved: None,
            redirected_to: None,
            unread: None,
        }
    }

    /// Kind, pause in seconds and code.
    fn told(failure: &Failure) -> String {
        match failure {
            Failure::Transient { retry_after, rate_limited, .. } => {
                let pause = retry_after.map(|it| format!(" after {} s", it.as_secs()));
                let limit = if *rate_limited { " rate-limited" } else { "" };
                format!("transient{limit}{} {}", pause.unwrap_or_default(), failure.code())
            }
            failure => format!("{} {}", failure.kind(), failure.code()),
        }
    }

    fn check(method: &Method, status: u16, retry_after: &str, expected: &str) {
        let headers = [("retry-after", retry_after)];
        let headers = if retry_after.is_empty() { &headers[..0] } else { &headers };
        let failure = of_answer(&request(method.clone()), &answer(status, headers, ""), None);
        assert_eq!(told(&failure), expected, "{method} {status}");
        assert_eq!(failure.report().status, Some(status));
    }

    #[test]
    fn an_answer_that_may_get_better_is_tried_again_where_repeating_is_harmless() {
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS] {
            check(&method, 408, "", "transient REQUEST_TIMEOUT");
            check(&method, 500, "", "transient INTERNAL_SERVER_ERROR");
            check(&method, 502, "", "transient BAD_GATEWAY");
            check(&method, 503, "", "transient SERVICE_UNAVAILABLE");
            check(&method, 504, "2", "transient after 2 s GATEWAY_TIMEOUT");
        }
        for method in [Method::POST, Method::PATCH] {
            check(&method, 408, "", "permanent REQUEST_TIMEOUT");
            check(&method, 500, "", "permanent INTERNAL_SERVER_ERROR");
            check(&method, 503, "", "permanent SERVICE_UNAVAILABLE");
            check(&method, 504, "2", "permanent GATEWAY_TIMEOUT");
        }
    }

    #[test]
    fn a_peer_that_asks_to_wait_is_waited_for_with_every_method() {
        for method in [Method::GET, Method::POST] {
            check(&method, 503, "7", "transient after 7 s SERVICE_UNAVAILABLE");
            check(&method, 429, "7", "transient rate-limited after 7 s TOO_MANY_REQUESTS");
            check(&method, 429, "", "transient rate-limited TOO_MANY_REQUESTS");
            check(&method, 429, "soon", "transient rate-limited TOO_MANY_REQUESTS");
        }
        let past = "Sun, 06 Nov 1994 08:49:37 GMT";
        check(&Method::POST, 503, past, "transient after 0 s SERVICE_UNAVAILABLE");
    }

    #[test]
    fn a_date_in_the_future_is_waited_for() {
        let date = (OffsetDateTime::now_utc() + Duration::from_secs(100)).format(&Rfc2822).unwrap();
        let date = date.replace("+0000", "GMT");
        let pause = retry_after(&answer(503, &[("retry-after", &date)], "")).unwrap();
        assert!((90..=100).contains(&pause.as_secs()), "{pause:?} from {date}");
    }

    #[test]
    fn other_errors_are_told_at_once() {
        check(&Method::GET, 404, "", "business NOT_FOUND");
        check(&Method::POST, 418, "", "business BAD_REQUEST");
        check(&Method::GET, 501, "", "permanent NOT_IMPLEMENTED");
        check(&Method::GET, 507, "", "permanent INTERNAL_SERVER_ERROR");
        check(&Method::GET, 302, "", "business UNKNOWN_ERROR");
    }

    #[test]
    fn an_error_tells_url_status_and_body_without_secrets() {
        let body = r#"{"error":"no pa55word, t0ken, s3cret, setting-s3cret"}"#;
        let headers = [("content-type", "application/json"), ("x-echo", "t0ken")];
        let answer = answer(404, &headers, body);
        let failure = of_answer(&request(Method::GET), &answer, None);
        assert_eq!(
            failure.to_string(),
            r#"NOT_FOUND: GET http://x:81/orders answered 404 {"error":"no ***, ***, ***, ***"}"#
        );
        assert_eq!(
            serde_json::Value::from(failure.report().outputs.clone()),
            json!({
                "restResult": {"error": "no ***, ***, ***, ***"},
                "restStatus": 404,
                "restResponseHeaders": {"content-type": "application/json", "x-echo": "***"},
                "responseHeaders": {"content-type": "application/json", "x-echo": "***"},
            })
        );
        assert_eq!(failure.report().note.as_deref(), Some("http://x:81 answered 404"));

        let redirected = Answer { redirected_to: Some("http://y/".to_owned()), ..answer.clone() };
        let failure =
            of_answer(&request(Method::GET), &Answer { body: Bytes::new(), ..redirected }, None);
        let expected = "GET http://x:81/orders, redirected to http://y/, answered 404";
        assert_eq!(failure.to_string(), format!("NOT_FOUND: {expected}"));
        let failure = of_answer(
            &request(Method::POST),
            &Answer {
                status: StatusCode::BAD_GATEWAY,
                unread: Some("the connection was lost".to_owned()),
                ..answer
            },
            None,
        );
        assert_eq!(
            failure.to_string(),
            format!(
                "BAD_GATEWAY: POST http://x:81/orders answered 502 (the connection was lost) \
                 ({NOT_REPEATED})"
            )
        );
    }

    #[test]
    fn a_call_without_an_answer_is_repeated_where_that_is_harmless() {
        let second = Duration::from_secs(1);
        let host = "x".to_owned();
        let text = String::new;
        let cases = [
            (ErrorKind::InvalidUrl(text()), ["business INVALID_INPUT"; 3]),
            (ErrorKind::HostNotFound { host }, repeated("HOST_NOT_FOUND")),
            (ErrorKind::ConnectRefused, repeated("CONNECTION_ERROR")),
            (ErrorKind::Unreachable(text()), repeated("CONNECTION_ERROR")),
            (ErrorKind::Proxy(text()), repeated("CONNECTION_ERROR")),
            (ErrorKind::Reset(text()), repeated("CONNECTION_ERROR")),
            (ErrorKind::ConnectTimeout { after: second }, repeated("REQUEST_TIMEOUT")),
            (ErrorKind::Timeout { after: second }, repeated("REQUEST_TIMEOUT")),
            (ErrorKind::Tls { text: text(), hint: "" }, ["permanent TLS_ERROR"; 3]),
            (ErrorKind::ProxyAuthentication, ["business PROXY_AUTHENTICATION_REQUIRED"; 3]),
            (ErrorKind::TooManyRedirects { limit: 1 }, ["permanent TOO_MANY_REDIRECTS"; 3]),
            (ErrorKind::RedirectLoop, ["permanent TOO_MANY_REDIRECTS"; 3]),
            (ErrorKind::TooLarge { limit: 1 }, ["permanent RESPONSE_TOO_LARGE"; 3]),
            (ErrorKind::BadResponse(text()), ["permanent UNKNOWN_ERROR"; 3]),
            (ErrorKind::BadRedirect(text()), ["permanent UNKNOWN_ERROR"; 3]),
            (ErrorKind::BadBody(text()), ["permanent UNKNOWN_ERROR"; 3]),
        ];
        let situations = [
            (Method::GET, Reached::Peer),
            (Method::POST, Reached::Nobody),
            (Method::POST, Reached::Peer),
        ];
        for (kind, expected) in cases {
            for ((method, reached), expected) in situations.iter().zip(expected) {
                let broken = Broken { kind: kind.clone(), reached: *reached, answer: None };
                let failure = of_break(&request(method.clone()), &broken);
                assert_eq!(told(&failure), expected, "{method} {reached:?} {kind:?}");
            }
        }
    }

    #[test]
    fn a_time_limit_of_the_task_is_final() {
        for limit in ["timeout", "connectTimeout"] {
            let input = json!({"restUrl": "http://x/", limit: 2000});
            let request = request::tests::build(Method::GET, input).unwrap();
            let after = Duration::from_secs(2);
            for kind in [ErrorKind::ConnectTimeout { after }, ErrorKind::Timeout { after }] {
                let broken = Broken { kind, reached: Reached::Nobody, answer: None };
                assert_eq!(told(&of_break(&request, &broken)), "permanent REQUEST_TIMEOUT");
            }
        }
    }

    /// For GET after sending, POST before sending and POST after sending.
    fn repeated(code: &str) -> [&'static str; 3] {
        match code {
            "HOST_NOT_FOUND" => {
                ["transient HOST_NOT_FOUND", "transient HOST_NOT_FOUND", "permanent HOST_NOT_FOUND"]
            }
            "CONNECTION_ERROR" => [
                "transient CONNECTION_ERROR",
                "transient CONNECTION_ERROR",
                "permanent CONNECTION_ERROR",
            ],
            _ => [
                "transient REQUEST_TIMEOUT",
                "transient REQUEST_TIMEOUT",
                "permanent REQUEST_TIMEOUT",
            ],
        }
    }

    #[test]
    fn an_answer_that_breaks_off_tells_what_had_arrived() {
        let broken = Broken {
            kind: ErrorKind::TooLarge { limit: 100 },
            reached: Reached::Peer,
            answer: Some(answer(200, &[], "")),
        };
        let failure = of_break(&request(Method::POST), &broken);
        assert_eq!(
            failure.to_string(),
            "RESPONSE_TOO_LARGE: POST http://x:81/orders answered 200, but the body is larger \
             than 100 bytes (setting RESPONSE_BYTES_MAX)"
        );
        assert_eq!(failure.report().outputs["restStatus"], 200);
        assert_eq!(failure.report().status, Some(200));
    }

    #[test]
    fn an_open_circuit_is_waited_for() {
        let failure = of_open_circuit(&request(Method::POST), Duration::from_millis(1500));
        assert_eq!(told(&failure), "transient after 1 s CIRCUIT_BREAKER_OPEN");
        assert_eq!(
            failure.to_string(),
            "CIRCUIT_BREAKER_OPEN: POST http://x:81/orders: not called, since http://x:81 has \
             failed too often; tried again after 1500 ms"
        );
    }

    #[test]
    fn the_breaker_counts_what_the_host_is_to_blame_for() {
        let check = |result: Result<Answer, ErrorKind>, expected| {
            let broken = |kind| Broken { kind, reached: Reached::Peer, answer: None };
            assert_eq!(for_breaker(&result.map_err(broken)), expected);
        };
        check(Ok(answer(500, &[], "")), breaker::Outcome::Failure);
        check(Ok(answer(404, &[], "")), breaker::Outcome::Success);
        check(Err(ErrorKind::ConnectRefused), breaker::Outcome::Failure);
        check(Err(ErrorKind::RedirectLoop), breaker::Outcome::Success);
    }
}
