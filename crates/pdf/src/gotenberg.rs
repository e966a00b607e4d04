//! The outside engine: Gotenberg, a service with a browser and an office suite (its API of version 8).

mod fields;
mod form;

use std::{fmt, time::Duration};

use bytes::Bytes;
use common::Failure;
use http::{HeaderValue, Method, StatusCode, header};
use outbound::{Body, ErrorKind, Outbound, OutboundError, Redirects, Request, read_at_most};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;
use url::Url;

pub(crate) use self::{
    fields::{Fields, html, office, strict},
    form::Form,
};
use crate::error::{ErrorCode, invalid};

/// What a service says about itself, and why it refuses a form; in bytes.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// What is shown of it.
const SHOWN_CHARS_MAX: usize = 500;
/// How a request is found again in Gotenberg's log.
const TRACE: &str = "gotenberg-trace";
/// PDF readers look for the header this far (ISO 32000-2, Annex H.3.4.1: within the first 1024 bytes).
const HEADER_BYTES_MAX: usize = 1024;

/// Where Gotenberg is, with a slash at the end: `GOTENBERG_URL`.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub(crate) struct Address(Url);

/// The service, which nobody has called yet.
pub(crate) struct Gotenberg {
    pub(crate) address: Address,
    pub(crate) outbound: Outbound,
    /// For one call: `PDF_TIMEOUT`.
    pub(crate) timeout: Duration,
    /// `FILE_BYTES_MAX`.
    pub(crate) bytes_max: u64,
}

/// What makes the PDF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `index.html` and what belongs to it.
    Chromium,
    /// A document of an office suite.
    LibreOffice,
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(setting: D) -> Result<Self, D::Error> {
        let text = String::deserialize(setting)?;
        let refused = |why: &str| D::Error::custom(format!("{why}, e.g. http://gotenberg:3000"));
        let Ok(mut url) = Url::parse(text.trim()) else { return Err(refused("is no URL")) };
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refused("is no http or https URL"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(refused("has more than scheme, host, port and path"));
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Self(url))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Address {
    fn at(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.0.path()));
        url
    }
}

impl Gotenberg {
    /// The PDF that the form becomes.
    ///
    /// # Errors
    /// Gotenberg's refusals under the code of their status, those of 500 and above to be tried again, as lost connections are.
    pub(crate) async fn convert(
        &self,
        route: Route,
        form: &Form,
        request_id: &str,
    ) -> Result<Bytes, Failure> {
        let path = match route {
            Route::Chromium => "forms/chromium/convert/html",
            Route::LibreOffice => "forms/libreoffice/convert",
        };
        let (body, content_type) = form.encoded();
        let mut request = Request::new(Method::POST, self.address.at(path), self.timeout);
        request.body = Body::Bytes(body);
        if let Ok(content_type) = HeaderValue::from_str(&content_type) {
            request.headers.insert(header::CONTENT_TYPE, content_type);
        }
        if let Ok(id) = HeaderValue::from_str(request_id) {
            request.headers.insert(TRACE, id);
        }
        let (status, bytes) = self.answer(request, self.bytes_max).await?;
        if status != StatusCode::OK {
            return Err(refused(status, &shown(&bytes)));
        }
        let head = &bytes[..bytes.len().min(HEADER_BYTES_MAX)];
        if !head.windows(5).any(|it| it == b"%PDF-") {
            return Err(permanent(ErrorCode::BadGateway, "what Gotenberg answers is no PDF"));
        }
        Ok(bytes)
    }

    /// What it says about itself: its version, and whether its parts are up.
    ///
    /// # Errors
    /// Why it does not answer, or which part is down.
    pub(crate) async fn about(&self) -> Result<String, Failure> {
        let get = |path| Request::new(Method::GET, self.address.at(path), self.timeout);
        let (status, health) = self.answer(get("health"), TEXT_BYTES_MAX as u64).await?;
        let health: Value = serde_json::from_slice(&health).unwrap_or_default();
        let parts = health["details"].as_object().into_iter().flatten();
        let parts = parts.map(|(name, it)| {
            format!("{name} {}", it["status"].as_str().unwrap_or("does not tell"))
        });
        let parts = parts.collect::<Vec<_>>().join(", ");
        if status != StatusCode::OK {
            return Err(refused(status, &parts));
        }
        let (status, version) = self.answer(get("version"), TEXT_BYTES_MAX as u64).await?;
        // Versions below 8 do not tell.
        let version = if status == StatusCode::OK { shown(&version) } else { String::new() };
        let told = [format!("version {version}"), parts];
        Ok(told
            .into_iter()
            .filter(|it| !it.is_empty() && it != "version ")
            .collect::<Vec<_>>()
            .join(", "))
    }

    async fn answer(
        &self,
        mut request: Request,
        bytes_max: u64,
    ) -> Result<(StatusCode, Bytes), Failure> {
        request.redirects = Redirects::Off;
        let mut response = self.outbound.follow(request).await.map_err(|error| classify(&error))?;
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        let bytes = read_at_most(&mut response, bytes_max).await;
        Ok((response.status, bytes.map_err(|error| classify(&error))?))
    }
}

/// Why there is no answer. A conversion changes nothing, so that any of them may be repeated.
fn classify(error: &OutboundError) -> Failure {
    let transient = |code| {
        let text = format!("Gotenberg: {error}");
        Failure::transient(code, anyhow::anyhow!(text.clone())).with_note(text)
    };
    match &error.kind {
        ErrorKind::ConnectRefused
        | ErrorKind::HostNotFound { .. }
        | ErrorKind::Unreachable(_)
        | ErrorKind::ConnectTimeout { .. }
        | ErrorKind::Proxy(_) => transient(ErrorCode::ServiceUnavailable),
        ErrorKind::Timeout { .. } => {
            let text = format!("Gotenberg: {error} (PDF_TIMEOUT)");
            Failure::transient(ErrorCode::GatewayTimeout, anyhow::anyhow!(text.clone()))
                .with_note(text)
        }
        ErrorKind::Reset(_)
        | ErrorKind::BadResponse(_)
        | ErrorKind::BadBody(_)
        | ErrorKind::Source(_) => transient(ErrorCode::BadGateway),
        ErrorKind::TooLarge { limit } => invalid(format_args!(
            "the PDF that Gotenberg makes is larger than {limit} bytes (FILE_BYTES_MAX)"
        )),
        ErrorKind::InvalidUrl(_)
        | ErrorKind::EgressDenied(_)
        | ErrorKind::Tls { .. }
        | ErrorKind::ProxyAuthentication
        | ErrorKind::TooManyRedirects { .. }
        | ErrorKind::RedirectLoop
        | ErrorKind::BadRedirect(_) => {
            permanent(ErrorCode::BadGateway, &format!("Gotenberg (GOTENBERG_URL): {error}"))
        }
    }
}

/// What its status means: below 500 it is the form, the address or the door; from 500 on it may go away.
fn refused(status: StatusCode, text: &str) -> Failure {
    let code = ErrorCode::of_status(status);
    let number = status.as_u16();
    let told = format!("Gotenberg answers {number}: {text}");
    let failure = match number {
        // With the switches that `strict` sets.
        409 => Failure::business(ErrorCode::TemplateSyntaxError, format_args!("`strict`: {text}")),
        400 | 413 | 415 | 422 => Failure::business(code, &told),
        408 | 429 | 500.. => Failure::transient(code, anyhow::anyhow!(told))
            .with_note(format_args!("Gotenberg answers {number}")),
        _ => permanent(code, &format!("Gotenberg (GOTENBERG_URL) answers {number}")),
    };
    failure.with_status(number)
}

fn permanent(code: ErrorCode, text: &str) -> Failure {
    Failure::permanent(code, anyhow::anyhow!(text.to_owned())).with_note(text)
}

/// What a service says, in one line that is not too long.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = text.char_indices().nth(SHOWN_CHARS_MAX).map(|it| it.0);
    match end {
        Some(end) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_is_a_url_without_secrets() {
        let check = |text: &str, expected: &str| {
            let told = serde_json::from_value::<Address>(json!(text))
                .map_or_else(|error| error.to_string(), |it| it.at("health").to_string());
            assert_eq!(told, expected, "{text}");
        };
        check("gotenberg", "is no URL, e.g. http://gotenberg:3000");
        check("gotenberg:3000", "is no http or https URL, e.g. http://gotenberg:3000");
        let more = "has more than scheme, host, port and path, e.g. http://gotenberg:3000";
        check("http://jane:s3cret@gotenberg:3000", more);
        check("http://gotenberg:3000/?key=s3cret", more);
        check("http://gotenberg:3000", "http://gotenberg:3000/health");
        check(" https://a.test/gotenberg/ ", "https://a.test/gotenberg/health");
        check("https://a.test/gotenberg", "https://a.test/gotenberg/health");
    }

    #[test]
    fn what_a_status_means_is_told() {
        let check = |status: u16, kind: &str, expected: &str| {
            let failure = refused(StatusCode::from_u16(status).unwrap(), "why");
            assert_eq!(failure.kind(), kind, "{status}");
            assert_eq!(failure.to_string(), expected);
        };
        check(400, "business", "BAD_REQUEST: Gotenberg answers 400: why");
        check(401, "permanent", "UNAUTHORIZED: Gotenberg (GOTENBERG_URL) answers 401");
        check(404, "permanent", "NOT_FOUND: Gotenberg (GOTENBERG_URL) answers 404");
        check(409, "business", "TEMPLATE_SYNTAX_ERROR: `strict`: why");
        check(429, "transient", "SERVICE_UNAVAILABLE: Gotenberg answers 429: why");
        check(500, "transient", "INTERNAL_SERVER_ERROR: Gotenberg answers 500: why");
        check(503, "transient", "SERVICE_UNAVAILABLE: Gotenberg answers 503: why");
        check(301, "permanent", "BAD_GATEWAY: Gotenberg (GOTENBERG_URL) answers 301");
    }

    #[test]
    fn a_text_is_shown_in_one_line() {
        assert_eq!(shown(b" a\n  b\xff"), "a b\u{fffd}");
        assert_eq!(shown("ä".repeat(600).as_bytes()), format!("{}…", "ä".repeat(500)));
    }
}
