//! Files at `http` and `https` addresses.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use http::{
    HeaderValue, Method, StatusCode,
    header::{ACCEPT_ENCODING, CONTENT_TYPE},
};
use outbound::{Outbound, OutboundError, Request};
use url::Url;

use crate::{ErrorKind, Limit, store::Opened};

/// Fetches a file, following redirects, within `timeout`.
///
/// # Errors
///
/// All kinds but those of writing; an address that the egress rules close is [`ErrorKind::Refused`].
pub(crate) async fn open(
    outbound: &Outbound,
    url: &str,
    timeout: Duration,
    limit: Limit,
) -> Result<Opened, ErrorKind> {
    let url = Url::parse(url).map_err(|error| ErrorKind::Refused(format!("is no URL: {error}")))?;
    let mut request = Request::new(Method::GET, url, timeout);
    // Compressed on the way, a file would not tell its size.
    request.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let response = outbound.follow(request).await.map_err(|error| classify(&error, limit))?;
    if let Some(kind) = refusal(response.status) {
        return Err(kind);
    }
    let mime_type = response.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let mime_type = mime_type.map(str::to_owned);
    let size = response.size();
    let chunks = response.chunks(limit.bytes).map_err(|error| classify(&error, limit))?;
    let content = chunks.map_err(move |error| classify(&error, limit)).boxed();
    Ok(Opened { size, mime_type, content })
}

/// What a status other than success means for a file.
fn refusal(status: StatusCode) -> Option<ErrorKind> {
    let text = format!("the server answers {}", status.as_u16());
    match status.as_u16() {
        200 | 203 => None,
        404 | 410 => Some(ErrorKind::NotFound),
        408 | 425 | 429 | 500..=599 => Some(ErrorKind::Unavailable(text)),
        _ => Some(ErrorKind::Unreadable(text)),
    }
}

fn classify(error: &OutboundError, limit: Limit) -> ErrorKind {
    use outbound::ErrorKind as Kind;

    let text = error.kind.to_string();
    match &error.kind {
        Kind::InvalidUrl(_) | Kind::EgressDenied(_) => ErrorKind::Refused(text),
        Kind::HostNotFound { .. }
        | Kind::ConnectRefused
        | Kind::Unreachable(_)
        | Kind::ConnectTimeout { .. }
        | Kind::Proxy(_)
        | Kind::Timeout { .. }
        | Kind::Reset(_) => ErrorKind::Unavailable(text),
        Kind::Tls { .. }
        | Kind::ProxyAuthentication
        | Kind::BadResponse(_)
        | Kind::TooManyRedirects { .. }
        | Kind::RedirectLoop
        | Kind::BadRedirect(_)
        | Kind::BadBody(_)
        | Kind::Source(_) => ErrorKind::Unreadable(text),
        Kind::TooLarge { .. } => limit.exceeded(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_meaning() {
        let check = |status: u16, expected: &str| {
            let kind = refusal(StatusCode::from_u16(status).unwrap());
            assert_eq!(format!("{kind:?}"), expected, "{status}");
        };
        let unavailable = |status| format!("Some(Unavailable(\"the server answers {status}\"))");
        let unreadable = |status| format!("Some(Unreadable(\"the server answers {status}\"))");
        for status in [404, 410] {
            check(status, "Some(NotFound)");
        }
        for status in [408, 425, 429, 500, 502, 503, 504, 599] {
            check(status, &unavailable(status));
        }
        // 204 and 206 have no whole file, 3xx come when they cannot be followed.
        for status in [204, 206, 304, 400, 401, 403, 416, 451] {
            check(status, &unreadable(status));
        }
        check(200, "None");
    }
}
