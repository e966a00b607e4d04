//! Access tokens: fetched once for all calls that need the same one, kept while they hold.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use reqwest::Method;
use tokio::{sync::watch, task::JoinSet, time::Instant};
use tracing::{Instrument as _, Span};

use crate::{
    Body, ErrorKind, Outbound, OutboundError, Redirects, Request, TokenError, TokenErrorKind,
    TokenRequest, read_at_most, shown,
    token_answer::{self, Granted},
    token_slots::{Landing, Slot, Slots, make_room},
};

/// The largest answer of a token endpoint that is read.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// How long a token that was fetched because of a 401 is not replaced because of another one: what refuses a new token does not do so for its age.
pub(crate) const RENEWAL_PAUSE: Duration = Duration::from_secs(10);

/// The access tokens of a connector; cheap to clone, all clones share them.
///
/// * Calls that need the same token at the same time cause one request for it, whose outcome they share.
/// * A token is renewed after four fifths of its life, at least 10 s before its end; if that fails because the server does not answer, the old one is used until its end.
/// * Failures are not kept.
/// * A request for a token goes on when the call that caused it is given up, so that a rotated refresh token is not lost.
#[derive(Clone)]
pub struct Tokens(Arc<Shared>);

/// An access token; `Debug` does not show it.
#[derive(Clone)]
pub struct Token {
    value: Arc<str>,
    /// Which request for a token brought it.
    pub(crate) number: u64,
    /// When it was fetched because a peer refused the one before.
    renewal: Option<Instant>,
}

struct Shared {
    /// The time for one request for a token.
    timeout: Duration,
    slots: Arc<Mutex<Slots>>,
    flights: Mutex<JoinSet<()>>,
    n_flights: AtomicU64,
}

/// Why a token is asked for.
#[derive(Clone, Copy)]
enum Purpose {
    Use,
    /// The token of this number was refused.
    Replace(u64),
}

impl Tokens {
    /// No tokens yet; `timeout` is the time for one request to a token endpoint.
    pub fn new(timeout: Duration) -> Self {
        Self(Arc::new(Shared {
            timeout,
            slots: Arc::default(),
            flights: Mutex::default(),
            n_flights: AtomicU64::new(0),
        }))
    }

    /// The token for a request, from the cache where it is still good, else fetched through `via`.
    ///
    /// It may be given up at any time, e.g. when the call's time is over.
    ///
    /// # Errors
    /// See [`TokenErrorKind`]; the API has not been called.
    pub async fn token(&self, via: &Outbound, request: &TokenRequest) -> Result<Token, TokenError> {
        self.get(via, request, Purpose::Use).await
    }

    /// A token instead of one that the API has refused (401), fetched once for all calls whose token was refused.
    ///
    /// `None` when the refused one had just been fetched for the same reason: it is not its age that makes it unwelcome.
    ///
    /// # Errors
    /// See [`TokenErrorKind`].
    pub async fn replace(
        &self,
        via: &Outbound,
        request: &TokenRequest,
        refused: &Token,
    ) -> Result<Option<Token>, TokenError> {
        if refused.renewal.is_some_and(|it| it.elapsed() < RENEWAL_PAUSE) {
            return Ok(None);
        }
        self.get(via, request, Purpose::Replace(refused.number)).await.map(Some)
    }

    async fn get(
        &self,
        via: &Outbound,
        request: &TokenRequest,
        purpose: Purpose,
    ) -> Result<Token, TokenError> {
        let mut landing = match self.board(via, request, purpose) {
            Ok(token) => return Ok(token),
            Err(flight) => flight,
        };
        let landed = landing.wait_for(Option::is_some).await.ok().and_then(|it| it.clone());
        landed.unwrap_or_else(|| {
            let kind = ErrorKind::Reset("the request was given up".to_owned());
            Err(failed(request, TokenErrorKind::NoAnswer(kind)))
        })
    }

    /// The token that is kept, or else the flight that brings one.
    fn board(
        &self,
        via: &Outbound,
        request: &TokenRequest,
        purpose: Purpose,
    ) -> Result<Token, watch::Receiver<Landing>> {
        let key = request.fingerprint(via.identity());
        let mut slots = lock(&self.0.slots);
        make_room(&mut slots, &key);
        let now = Instant::now();
        let slot = slots.entry(key).or_insert_with(|| Slot::new(now));
        slot.used = now;
        if let Purpose::Replace(number) = purpose
            && slot.kept.as_ref().is_some_and(|it| it.token.number <= number)
        {
            slot.kept = None;
        }
        if let Some(kept) = slot.kept.as_ref().filter(|it| now < it.renew_at) {
            return Ok(kept.token.clone());
        }
        // A flight whose sender is gone without a word has crashed.
        if let Some(flight) = slot.flight.as_ref().filter(|it| it.has_changed().is_ok()) {
            return Err(flight.clone());
        }
        let (land, landing) = watch::channel(None);
        slot.flight = Some(landing.clone());
        let flight = {
            let blank = Token {
                value: "".into(),
                number: self.0.n_flights.fetch_add(1, Ordering::Relaxed),
                renewal: matches!(purpose, Purpose::Replace(_)).then_some(now),
            };
            let (via, request, timeout) = (via.clone(), request.clone(), self.0.timeout);
            let (slots, rotated) = (Arc::clone(&self.0.slots), slot.rotated.clone());
            async move {
                let granted = fetch(&via, &request, rotated.as_deref(), timeout).await;
                let mut slots = lock(&slots);
                let slot = slots.entry(key).or_insert_with(|| Slot::new(now));
                land.send_replace(Some(slot.land(&request, &blank, granted)));
            }
        };
        let mut flights = self.0.flights.lock().unwrap_or_else(PoisonError::into_inner);
        while flights.try_join_next().is_some() {}
        flights.spawn(flight.instrument(Span::current()));
        Err(landing)
    }
}

impl Token {
    /// The token itself.
    pub fn reveal(&self) -> &str {
        &self.value
    }

    pub(crate) fn filled(&self, value: String) -> Self {
        Self { value: value.into(), ..self.clone() }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token(***, {})", self.number)
    }
}

async fn fetch(
    via: &Outbound,
    request: &TokenRequest,
    rotated: Option<&str>,
    timeout: Duration,
) -> Result<Granted, TokenErrorKind> {
    let form = request.form(rotated).ok_or(TokenErrorKind::NotSigned)?;
    let call = Request {
        headers: request.headers(),
        body: Body::Bytes(Bytes::from(form)),
        // Credentials in a form go to the endpoint that was named and nowhere else.
        redirects: Redirects::Off,
        ..Request::new(Method::POST, request.token_url.clone(), timeout)
    };
    let no_answer = |error: OutboundError| TokenErrorKind::NoAnswer(error.kind);
    let mut response = via.follow(call).await.map_err(no_answer)?;
    let body = read_at_most(&mut response, ANSWER_BYTES_MAX).await.map_err(no_answer)?;
    token_answer::read(request, rotated, response.status, &response.headers, &body)
}

pub(crate) fn failed(request: &TokenRequest, kind: TokenErrorKind) -> TokenError {
    TokenError { kind, url: shown(&request.token_url) }
}

fn lock(slots: &Mutex<Slots>) -> MutexGuard<'_, Slots> {
    slots.lock().unwrap_or_else(PoisonError::into_inner)
}
