//! Failures under the names of Python's exceptions, which diagrams catch (`spiffarena-connector-proxy.md` §8).

use common::{Failure, Reply};
use outbound::ErrorKind;
use serde_json::json;

use crate::{
    outcome::{self, Broken},
    request::Request,
};

/// What the originals answer where there is no answer to tell of.
const STATUS: u16 = 500;

/// A failure under `code`.
pub(super) fn exception(code: &str, text: String) -> Failure {
    let reply = Reply { body: json!({}), http_status: STATUS, headers: None };
    Failure::permanent(code, anyhow::anyhow!(text)).with_outputs(reply.into())
}

/// A request that cannot be made of the parameters.
pub(super) fn wrong(failure: &Failure) -> Failure {
    let text = format!("{:#}", failure.report().source);
    let code = if text.contains("`requestHeaders`") { "InvalidHeader" } else { "InvalidURL" };
    let text = text
        .replace("`requestHeaders`", "`headers`")
        .replace("`restUrlParams`", "`params`")
        .replace("`requestPayload`", "`data`")
        .replace("`restUrl`", "`url`");
    exception(code, text)
}

/// A call without a complete answer.
pub(super) fn broken(request: &Request, broken: &Broken) -> Failure {
    let Broken { kind, answer, .. } = broken;
    let target = outcome::target(request);
    let text = request.mask.text(&match answer {
        Some(answer) => format!("{target} answered {}, but {kind}", answer.status.as_u16()),
        None => format!("{target}: {kind}"),
    });
    let note = format!("no complete answer from {}", outcome::host(request));
    exception(code(kind), text).with_note(note)
}

fn code(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidUrl(_)
        | ErrorKind::EgressDenied(_)
        | ErrorKind::BadRedirect(_)
        | ErrorKind::Source(_) => "InvalidURL",
        ErrorKind::HostNotFound { .. }
        | ErrorKind::ConnectRefused
        | ErrorKind::Unreachable(_)
        | ErrorKind::Reset(_)
        | ErrorKind::BadResponse(_) => "ConnectionError",
        ErrorKind::ConnectTimeout { .. } => "ConnectTimeout",
        ErrorKind::Timeout { .. } => "ReadTimeout",
        ErrorKind::Tls { .. } => "SSLError",
        ErrorKind::Proxy(_) | ErrorKind::ProxyAuthentication => "ProxyError",
        ErrorKind::TooManyRedirects { .. } | ErrorKind::RedirectLoop => "TooManyRedirects",
        ErrorKind::BadBody(_) => "ContentDecodingError",
        // Python has no limit, and so no name.
        ErrorKind::TooLarge { .. } => "RESPONSE_TOO_LARGE",
    }
}
