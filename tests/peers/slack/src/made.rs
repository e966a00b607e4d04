//! What is answered, as it is or as a fault makes it.

use axum::{
    body::Body,
    http::{Response, StatusCode},
};
use serde_json::{Value, json};

use crate::{answer, orders::Fault};

/// Marks a response that isn't sent: the connection is closed instead.
#[derive(Clone)]
pub(crate) struct HangUp;

/// What is answered.
pub(crate) struct Made {
    /// 0 when the connection is closed instead.
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Text, or JSON that isn't a text.
    pub(crate) body: Value,
    /// Only the first half of the body is sent.
    cut: bool,
}

impl Made {
    pub(crate) fn json(body: Value) -> Self {
        let content_type = ("content-type", "application/json; charset=utf-8".to_owned());
        Self { status: 200, headers: vec![content_type], body, cut: false }
    }

    pub(crate) fn text(status: u16, text: &str) -> Self {
        let content_type = ("content-type", "text/html".to_owned());
        Self { status, headers: vec![content_type], body: json!(text), cut: false }
    }

    pub(crate) fn limited(method: &str, seconds: u64) -> Self {
        let mut made = match method {
            "webhook" | "upload" | "response" => Self::text(429, "rate_limited"),
            _ => Self::json(json!({"ok": false, "error": "ratelimited"})),
        };
        made.status = 429;
        made.headers.push(("retry-after", seconds.to_string()));
        made
    }
}

/// The answer of a fault that leaves the work undone.
pub(crate) fn instead(fault: &Fault, method: &str) -> Option<Made> {
    match fault {
        Fault::Error(code) if matches!(method, "webhook" | "upload" | "response") => {
            Some(Made::text(400, code))
        }
        Fault::Error(code) => Some(Made::json(answer::body(Err(code.as_str().into()), &[]))),
        Fault::Status(status) => Some(page(*status)),
        Fault::RateLimited(seconds) => Some(Made::limited(method, *seconds)),
        Fault::HangUp => Some(Made { status: 0, ..Made::text(0, "") }),
        Fault::StatusAfter(_)
        | Fault::HangUpAfter
        | Fault::Late(_)
        | Fault::NoJson
        | Fault::Cut => None,
    }
}

/// The answer after the work is done.
pub(crate) fn afterwards(fault: Option<&Fault>, made: Made) -> Made {
    match fault {
        Some(Fault::StatusAfter(status)) => page(*status),
        Some(Fault::HangUpAfter) => Made { status: 0, ..made },
        Some(Fault::NoJson) => page(200),
        Some(Fault::Cut) => Made { cut: true, ..made },
        _ => made,
    }
}

fn page(status: u16) -> Made {
    Made::text(status, &format!("<html><body><h1>{status}</h1></body></html>"))
}

pub(crate) fn respond(made: Made) -> Response<Body> {
    let mut body = match made.body {
        Value::String(text) => text,
        json => json.to_string(),
    };
    if made.cut {
        // Answers are ASCII or cut anyway.
        body = body.chars().take(body.chars().count() / 2).collect();
    }
    let status = StatusCode::from_u16(made.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    for (name, value) in made.headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    if made.status == 0 {
        response.extensions_mut().insert(HangUp);
    }
    response
}
