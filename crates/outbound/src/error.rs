//! What can go wrong with a call, and whether the peer may have acted on it all the same.

use std::{error::Error, io, time::Duration};

use reqwest::Url;
use rustls::CertificateError;

use crate::{
    body::SourceError,
    causes::{cause, causes},
    connect::{Hop, TooLate},
    egress::Denied,
};

/// A call that gave no usable response.
///
/// The texts are safe for the author of a process: no user info, no query, no header values.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{url}: {kind}")]
pub struct OutboundError {
    /// What went wrong.
    pub kind: ErrorKind,
    /// Where it went wrong, the last hop of a redirected call, without user info and query.
    pub url: String,
    sent: bool,
}

/// What went wrong; the texts are fragments in lower case.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ErrorKind {
    /// The URL cannot be called: another scheme than http(s), no host, or credentials in it.
    #[error("{0}")]
    InvalidUrl(String),
    /// The settings close this address.
    #[error(transparent)]
    EgressDenied(#[from] Denied),
    /// The name has no address.
    #[error("no address is known for host `{host}`")]
    HostNotFound {
        /// The name that was looked up.
        host: String,
    },
    /// Nobody listens at the port.
    #[error("the connection was refused")]
    ConnectRefused,
    /// No connection, other than refused or too late: no route, network down.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// No connection (name, TCP, proxy and TLS together) within the time for it.
    #[error("no connection within {after:?}")]
    ConnectTimeout {
        /// The time that was allowed.
        after: Duration,
    },
    /// The TLS handshake failed.
    #[error("{text}; {hint}")]
    Tls {
        /// What the handshake failed at.
        text: String,
        /// What can be done about it.
        hint: &'static str,
    },
    /// The proxy could not be reached or made no tunnel.
    #[error("{0}")]
    Proxy(String),
    /// The proxy answered 407 to `CONNECT`. For plain HTTP the 407 is an ordinary response.
    #[error("the proxy wants other credentials (407)")]
    ProxyAuthentication,
    /// The call as a whole, the reading of the response included, took too long.
    #[error("no complete answer within {after:?}")]
    Timeout {
        /// The time that was allowed.
        after: Duration,
    },
    /// The connection was lost, perhaps after the request was sent.
    #[error("the connection was lost: {0}")]
    Reset(String),
    /// What came back is not HTTP.
    #[error("the answer is not HTTP: {0}")]
    BadResponse(String),
    /// More redirects than the call allows.
    #[error("more than {limit} redirects")]
    TooManyRedirects {
        /// How many the call allows.
        limit: u32,
    },
    /// A redirect leads to a request that was made before.
    #[error("the redirects go in a circle")]
    RedirectLoop,
    /// A redirect without a usable `Location`.
    #[error("{0}")]
    BadRedirect(String),
    /// The decompressed body is larger than the reader allows.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The most bytes that are read.
        limit: u64,
    },
    /// The body is not what its `Content-Encoding` says.
    #[error("the body cannot be decompressed: {0}")]
    BadBody(String),
    /// The body of the request could not be read; the peer is not to blame.
    #[error(transparent)]
    Source(#[from] SourceError),
}

impl OutboundError {
    /// Whether the peer may have acted on the request.
    ///
    /// `false` only where that is impossible: the first request of the call never left, because of the settings, the name, the connection, the proxy's tunnel or the TLS handshake.
    pub fn may_have_happened(&self) -> bool {
        self.sent
    }

    pub(crate) fn unsent(kind: impl Into<ErrorKind>, url: &Url) -> Self {
        Self { kind: kind.into(), url: shown(url), sent: false }
    }

    pub(crate) fn sent(kind: ErrorKind, url: &Url) -> Self {
        Self { kind, url: shown(url), sent: true }
    }

    /// The same after a redirect: an earlier peer had the request.
    pub(crate) fn after_redirect(self) -> Self {
        Self { sent: true, ..self }
    }
}

/// The URL as it may be shown to anyone: `scheme://host[:port]/path`.
pub fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}{}", url.scheme(), url.path())
}

/// What became of a request that was given to the client.
pub(crate) fn classify(error: reqwest::Error, url: &Url, hop: &Hop) -> OutboundError {
    let error = error.without_url();
    if error.is_connect() {
        return OutboundError::unsent(no_connection(&error, url, hop), url);
    }
    if error.is_builder() {
        return OutboundError::unsent(ErrorKind::InvalidUrl(last_text(&error)), url);
    }
    let kind = if let Some(error) = cause::<rustls::Error>(&error) {
        tls(error)
    } else if cause::<hyper::Error>(&error).is_some_and(hyper::Error::is_parse) {
        ErrorKind::BadResponse(last_text(&error))
    } else {
        ErrorKind::Reset(last_text(&error))
    };
    OutboundError::sent(kind, url)
}

/// Whether the connection was closed before a byte of the request went out, and nobody knows why.
///
/// A peer that refuses a client certificate of TLS 1.3 closes a connection that counts as made (RFC 8446), so that
/// its reason is known only where the request was faster than its refusal.
pub(crate) fn was_closed_before(error: &reqwest::Error) -> bool {
    cause::<hyper::Error>(error).is_some_and(hyper::Error::is_canceled)
        && cause::<rustls::Error>(error).is_none()
}

/// What went wrong while a body was read.
pub(crate) fn classify_body(error: reqwest::Error) -> ErrorKind {
    let error = error.without_url();
    // A lost connection comes as an error of the HTTP or TLS layer; what is left is the decoder's.
    if cause::<hyper::Error>(&error).is_some() || cause::<rustls::Error>(&error).is_some() {
        ErrorKind::Reset(last_text(&error))
    } else {
        ErrorKind::BadBody(last_text(&error))
    }
}

fn no_connection(error: &reqwest::Error, url: &Url, hop: &Hop) -> ErrorKind {
    if let Some(denied) = cause::<Denied>(error) {
        return denied.clone().into();
    }
    if cause::<TooLate>(error).is_some() {
        return ErrorKind::ConnectTimeout { after: hop.connect_timeout };
    }
    if let Some(error) = cause::<rustls::Error>(error) {
        return tls(error);
    }
    if hop.is_proxied {
        return proxy(&last_text(error));
    }
    if error.is_dns() {
        return ErrorKind::HostNotFound { host: url.host_str().unwrap_or_default().to_owned() };
    }
    let innermost = causes(error).filter_map(<dyn Error>::downcast_ref).last();
    match innermost.map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => ErrorKind::ConnectRefused,
        Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) => {
            ErrorKind::Reset("the peer hung up before the request was sent".to_owned())
        }
        Some(_) | None => ErrorKind::Unreachable(last_text(error)),
    }
}

/// hyper-util keeps the type of this error to itself, so its text has to do.
fn proxy(text: &str) -> ErrorKind {
    if text.contains("proxy authorization required") {
        ErrorKind::ProxyAuthentication
    } else {
        ErrorKind::Proxy(format!("no connection through the proxy: {text}"))
    }
}

fn tls(error: &rustls::Error) -> ErrorKind {
    let hint = match error {
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "use the host name that the certificate is for",
        rustls::Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => "the peer has to renew its certificate, or the clock here is wrong",
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => "the clock here or at the peer is wrong",
        rustls::Error::InvalidCertificate(_) => {
            "if the peer is to be trusted, its CA has to be in the system's certificates or in the file that SSL_CERT_FILE names"
        }
        rustls::Error::InvalidMessage(_) => "the port may be one for plain http",
        rustls::Error::AlertReceived(_) => {
            "the peer refused the handshake; it may want a client certificate"
        }
        rustls::Error::PeerIncompatible(_) => "TLS 1.2 or 1.3 is needed",
        _ => "see the peer's TLS settings",
    };
    ErrorKind::Tls { text: format!("TLS: {error}"), hint }
}

/// The innermost text; the outer ones say nothing.
fn last_text(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_shown_without_what_may_be_secret() {
        let check = |url: &str, expected: &str| {
            assert_eq!(shown(&Url::parse(url).unwrap()), expected);
        };
        check("https://jane:s3cret@a.test/b?key=s3cret#s3cret", "https://a.test/b");
        check("http://a.test:8080", "http://a.test:8080/");
        check("http://[::1]:80/", "http://[::1]/");
        check("ftp://a.test:21/b", "ftp://a.test/b");
    }

    #[test]
    fn a_failed_handshake_comes_with_what_to_do() {
        let check = |error: rustls::Error, expected: &str| {
            let ErrorKind::Tls { text, hint } = tls(&error) else { panic!("{error}") };
            assert_eq!(text, format!("TLS: {error}"));
            assert!(hint.contains(expected), "{error}: {hint}");
        };
        check(CertificateError::NotValidForName.into(), "host name");
        check(CertificateError::Expired.into(), "renew");
        check(CertificateError::NotValidYet.into(), "clock");
        check(CertificateError::UnknownIssuer.into(), "SSL_CERT_FILE");
        check(rustls::InvalidMessage::InvalidContentType.into(), "plain http");
        check(
            rustls::Error::AlertReceived(rustls::AlertDescription::CertificateRequired),
            "client certificate",
        );
        check(rustls::PeerIncompatible::ServerDoesNotSupportTls12Or13.into(), "TLS 1.2");
        check(rustls::Error::DecryptError, "the peer's TLS settings");
    }
}
