//! The client: one call with its redirects, within its time.

use std::{collections::HashSet, fmt, mem, path::PathBuf, sync::Arc, time::Duration};

use reqwest::{
    Client, Method, StatusCode, Url, Version,
    dns::Resolve,
    header::{CONTENT_LENGTH, HeaderMap, HeaderValue, TRANSFER_ENCODING},
};
use tokio::time::{Instant, timeout_at};
use tracing::debug;

use crate::{
    Egress, ErrorKind, OutboundError, Problem, Proxies,
    body::{Body, Opened, Trouble},
    connect::{self, Hop, SystemResolver},
    error::{classify, shown, was_closed_before},
    fingerprint::Fingerprint,
    identity::{Blueprint, Identities},
    redirect, tls,
};

/// Longer time limits are cut to this one, since an instant cannot be arbitrarily far.
const TIMEOUT_MAX: Duration = Duration::from_hours(24);
/// How often a request of which nothing has left is given another connection.
const UNSENT_REPEATS: u32 = 2;

/// What all calls of a connector have in common.
#[derive(Clone)]
pub struct Settings {
    /// `User-Agent` of requests that bring none: `name/version`.
    pub user_agent: String,
    /// Where calls may go.
    pub egress: Egress,
    /// Through which proxies.
    pub proxies: Proxies,
    /// The time for a connection (names, TCP, proxy, TLS) when the request says nothing: `CONNECT_TIMEOUT`.
    pub connect_timeout: Duration,
    /// A PEM file with certificates to trust beside the system's.
    pub extra_ca: Option<PathBuf>,
    /// Looks up names instead of the system.
    pub resolver: Option<Arc<dyn Resolve>>,
}

/// HTTP to the outside; cheap to clone, all clones share their connections.
#[derive(Clone)]
pub struct Outbound {
    pub(crate) client: Client,
    /// Zeros for the client without a TLS identity.
    pub(crate) identity: Fingerprint,
    pub(crate) identities: Arc<Identities>,
    egress: Egress,
    proxies: Proxies,
    connect_timeout: Duration,
}

/// One call.
///
/// A header value that is marked as sensitive ([`HeaderValue::set_sensitive`]) is a credential, as `Authorization`, `Proxy-Authorization` and `Cookie` always are: a redirect to another origin goes without it.
#[derive(Clone)]
pub struct Request {
    /// Any method; `CONNECT` is refused.
    pub method: Method,
    /// An `http` or `https` URL without user info.
    pub url: Url,
    /// As given, with `User-Agent`, `Accept` and `Accept-Encoding` added where they are missing; `Content-Length` and `Transfer-Encoding` are always the client's.
    pub headers: HeaderMap,
    /// What is sent, again on every redirect that keeps the method.
    pub body: Body,
    /// The names of the query parameters that are credentials: removed where a redirect repeats them to another origin.
    pub credential_parameters: Vec<String>,
    /// The time for the whole call: connecting, all redirects and reading the response.
    pub timeout: Duration,
    /// The time for a connection, instead of the client's.
    pub connect_timeout: Option<Duration>,
    /// What happens to redirects.
    pub redirects: Redirects,
}

/// What happens to redirects (301, 302, 303, 307, 308).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Redirects {
    /// They are the response.
    Off,
    /// They are followed, at most so many.
    Follow {
        /// The most redirects in one call.
        limit: u32,
    },
}

/// A response whose body is still to be read, see [`crate::read_at_most`].
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The protocol that was spoken.
    pub version: Version,
    /// The headers, without `Content-Encoding` and `Content-Length` when the body is decompressed on reading.
    pub headers: HeaderMap,
    /// Where the response comes from after redirects.
    pub url: Url,
    /// How many redirects were followed.
    pub redirects: u32,
    pub(crate) inner: reqwest::Response,
    pub(crate) deadline: Instant,
    pub(crate) timeout: Duration,
}

impl Outbound {
    /// Builds the client; blocks for some milliseconds while it reads the CA certificates.
    ///
    /// The problems are those of the settings `CA_FILE` and `CONNECTOR_NAME` (as user agent).
    pub fn new(settings: Settings) -> Result<Self, Vec<Problem>> {
        let roots =
            tls::roots(settings.extra_ca.as_deref()).map_err(|text| vec![("CA_FILE", text)])?;
        let user_agent = HeaderValue::try_from(&settings.user_agent).map_err(|_| {
            vec![("CONNECTOR_NAME", "has characters that no header may have".to_owned())]
        })?;
        let blueprint = Blueprint {
            user_agent,
            egress: settings.egress,
            proxies: settings.proxies,
            resolver: settings.resolver.unwrap_or_else(|| Arc::new(SystemResolver)),
            roots,
        };
        let client = tls::config(blueprint.roots.clone(), None)
            .and_then(|tls| blueprint.build(tls))
            .map_err(|text| vec![("CA_FILE", text)])?;
        Ok(Self {
            client,
            identity: Fingerprint::default(),
            egress: blueprint.egress.clone(),
            proxies: blueprint.proxies.clone(),
            connect_timeout: settings.connect_timeout,
            identities: Arc::new(Identities::new(blueprint)),
        })
    }

    /// The rules for where calls may go, for connections that are made without this client.
    pub fn egress(&self) -> &Egress {
        &self.egress
    }

    /// Makes a call, following redirects as the request says.
    ///
    /// Every URL on the way is judged by the egress rules, and so is every address that is connected to.
    /// A response with an error status is a response, not an error.
    pub async fn follow(&self, mut request: Request) -> Result<Response, OutboundError> {
        let timeout = request.timeout.min(TIMEOUT_MAX);
        let deadline = Instant::now() + timeout;
        let mut visited = HashSet::new();
        let mut redirects = 0;
        loop {
            let mut inner = self
                .send(&request, deadline, timeout)
                .await
                .map_err(|error| if redirects == 0 { error } else { error.after_redirect() })?;
            let target = match request.redirects {
                Redirects::Off => None,
                Redirects::Follow { .. } => {
                    redirect::target(&request.url, inner.status(), inner.headers())
                        .map_err(|kind| OutboundError::sent(kind, &request.url))?
                }
            };
            let Some(target) = target else {
                return Ok(Response {
                    status: inner.status(),
                    version: inner.version(),
                    headers: mem::take(inner.headers_mut()),
                    url: request.url,
                    redirects,
                    inner,
                    deadline,
                    timeout,
                });
            };
            if let Redirects::Follow { limit } = request.redirects
                && redirects >= limit
            {
                return Err(OutboundError::sent(
                    ErrorKind::TooManyRedirects { limit },
                    &request.url,
                ));
            }
            debug!(status = inner.status().as_u16(), from = shown(&request.url), "redirected");
            visited.insert((request.method.clone(), request.url.clone()));
            redirect::turn(&mut request, inner.status(), target);
            if visited.contains(&(request.method.clone(), request.url.clone())) {
                return Err(OutboundError::sent(ErrorKind::RedirectLoop, &request.url));
            }
            redirects += 1;
        }
    }

    async fn send(
        &self,
        request: &Request,
        deadline: Instant,
        timeout: Duration,
    ) -> Result<reqwest::Response, OutboundError> {
        let url = &request.url;
        if let Some(text) = uncallable(&request.method, url) {
            return Err(OutboundError::unsent(ErrorKind::InvalidUrl(text), url));
        }
        self.egress.judge_url(url).map_err(|denied| OutboundError::unsent(denied, url))?;
        let hop = {
            let connect_timeout =
                request.connect_timeout.unwrap_or(self.connect_timeout).min(TIMEOUT_MAX);
            let connect_until = Instant::now() + connect_timeout;
            let is_proxied = self.proxies.for_url(url).is_some();
            if connect_until < deadline {
                Hop { connect_until, connect_timeout, is_proxied }
            } else {
                Hop { connect_until: deadline, connect_timeout: timeout, is_proxied }
            }
        };
        let mut repeats = 0;
        loop {
            let mut wire = request.wire();
            let trouble = match &request.body {
                Body::Empty | Body::Bytes(_) => None,
                Body::Stream(source) => {
                    let late = || OutboundError::unsent(ErrorKind::Timeout { after: timeout }, url);
                    let opened = timeout_at(deadline, source.open()).await.map_err(|_| late())?;
                    let opened = opened.map_err(|error| OutboundError::unsent(error, url))?;
                    Some(attach(&mut wire, opened))
                }
            };
            let sending = connect::scoped(hop, self.client.execute(wire));
            return match timeout_at(deadline, sending).await {
                Ok(Ok(response)) => Ok(response),
                Ok(Err(error)) if repeats < UNSENT_REPEATS && was_closed_before(&error) => {
                    repeats += 1;
                    continue;
                }
                Ok(Err(error)) => Err(match trouble.and_then(|it| it.get()) {
                    Some(trouble) => OutboundError::sent(trouble.into(), url),
                    None => classify(error, url, &hop),
                }),
                Err(_) => Err(OutboundError::sent(ErrorKind::Timeout { after: timeout }, url)),
            };
        }
    }
}

impl Request {
    /// A call without headers and body that follows up to ten redirects.
    pub fn new(method: Method, url: Url, timeout: Duration) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Body::Empty,
            credential_parameters: Vec::new(),
            timeout,
            connect_timeout: None,
            redirects: Redirects::Follow { limit: 10 },
        }
    }

    fn wire(&self) -> reqwest::Request {
        let mut wire = reqwest::Request::new(self.method.clone(), self.url.clone());
        let headers = wire.headers_mut();
        headers.clone_from(&self.headers);
        // A length other than the body's would spoil the connection for the next request.
        headers.remove(CONTENT_LENGTH);
        headers.remove(TRANSFER_ENCODING);
        match &self.body {
            Body::Bytes(bytes) => *wire.body_mut() = Some(bytes.clone().into()),
            // Some servers insist on it (RFC 9110, section 8.6).
            Body::Empty if matches!(self.method, Method::POST | Method::PUT | Method::PATCH) => {
                headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
            Body::Empty | Body::Stream(_) => (),
        }
        wire
    }
}

/// Makes `opened` the body.
fn attach(wire: &mut reqwest::Request, opened: Opened) -> Trouble {
    let trouble = Trouble::default();
    if let Some(size) = opened.size {
        wire.headers_mut().insert(CONTENT_LENGTH, size.into());
    }
    *wire.body_mut() = Some(reqwest::Body::wrap_stream(trouble.watch(opened.content)));
    trouble
}

impl Response {
    pub(crate) fn error(&self, kind: ErrorKind) -> OutboundError {
        OutboundError::sent(kind, &self.url)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({} from {})", self.status, shown(&self.url))
    }
}

fn uncallable(method: &Method, url: &Url) -> Option<String> {
    if *method == Method::CONNECT {
        return Some("CONNECT is for proxies, not for URLs".to_owned());
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Some(format!("the scheme is http or https, not `{}`", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("credentials belong in a header, not in the URL".to_owned());
    }
    None
}
