//! What is kept about tokens, and for how long.

use std::{collections::HashMap, time::Duration};

use tokio::{sync::watch, time::Instant};
use tracing::{debug, warn};

use crate::{
    Grant, Token, TokenError, TokenErrorKind, TokenRequest,
    fingerprint::Fingerprint,
    token_answer::Granted,
    tokens::{RENEWAL_PAUSE, failed},
};

/// How many different tokens are kept.
const SLOTS_MAX: usize = 1000;
/// How long a token is kept when the server does not tell how long it holds; a 401 ends it earlier.
const LIFETIME_DEFAULT: Duration = Duration::from_mins(1);
/// A token is renewed when less than this is left, or less than a fifth of its life; one that does not live longer is not kept.
const MARGIN_MIN: Duration = Duration::from_secs(10);
pub(crate) type Slots = HashMap<Fingerprint, Slot>;
pub(crate) type Landing = Option<Result<Token, TokenError>>;

/// What is known about one token.
pub(crate) struct Slot {
    pub(crate) kept: Option<Kept>,
    /// The request that is on its way.
    pub(crate) flight: Option<watch::Receiver<Landing>>,
    /// What the server gave instead of the refresh token that the request brings.
    pub(crate) rotated: Option<String>,
    pub(crate) used: Instant,
}

pub(crate) struct Kept {
    pub(crate) token: Token,
    pub(crate) renew_at: Instant,
    pub(crate) expires_at: Instant,
}

impl Slot {
    pub(crate) fn new(now: Instant) -> Self {
        Self { kept: None, flight: None, rotated: None, used: now }
    }

    /// Takes down what a flight brought, `blank` being its token without the value.
    pub(crate) fn land(
        &mut self,
        request: &TokenRequest,
        blank: &Token,
        granted: Result<Granted, TokenErrorKind>,
    ) -> Result<Token, TokenError> {
        self.flight = None;
        let now = Instant::now();
        let kind = match granted {
            Ok(granted) => {
                if let (Grant::RefreshToken { .. }, Some(next)) =
                    (&request.grant, granted.refresh_token)
                {
                    self.rotated = Some(next);
                }
                let token = blank.filled(granted.access_token);
                let life = granted.expires_in.unwrap_or(LIFETIME_DEFAULT);
                debug!(host = host(request), seconds = life.as_secs(), "fetched a token");
                let fresh = life.saturating_sub(MARGIN_MIN.max(life / 5));
                self.kept = (!fresh.is_zero()).then(|| Kept {
                    token: token.clone(),
                    renew_at: now + fresh,
                    expires_at: now + life,
                });
                return Ok(token);
            }
            Err(kind) => kind,
        };
        let error = failed(request, kind);
        match &error.kind {
            TokenErrorKind::NoAnswer(_) | TokenErrorKind::Unavailable { .. } => {
                if let Some(kept) = self.kept.as_mut().filter(|it| now < it.expires_at) {
                    warn!(
                        host = host(request),
                        "no new token to be had, the old one is used as long as it holds"
                    );
                    kept.renew_at = kept.expires_at.min(now + RENEWAL_PAUSE);
                    return Ok(kept.token.clone());
                }
            }
            TokenErrorKind::RefreshTokenExpired { .. } => self.rotated = None,
            TokenErrorKind::InteractionRequired { .. }
            | TokenErrorKind::Refused { .. }
            | TokenErrorKind::NoAccessToken { .. }
            | TokenErrorKind::NotSigned => {}
        }
        Err(error)
    }
}

/// Forgets the token that was not used for the longest time where there are too many, those with a rotated refresh token last: it is nowhere else.
pub(crate) fn make_room(slots: &mut Slots, key: &Fingerprint) {
    if slots.len() < SLOTS_MAX || slots.contains_key(key) {
        return;
    }
    let idle = slots.iter().filter(|(_, slot)| slot.flight.is_none());
    let oldest = idle.min_by_key(|(_, slot)| (slot.rotated.is_some(), slot.used));
    if let Some(oldest) = oldest.map(|(key, _)| *key) {
        slots.remove(&oldest);
    }
}

/// All that logs tell of a token endpoint.
fn host(request: &TokenRequest) -> String {
    request.token_url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_oldest_slot_that_can_be_had_again_gives_way() {
        let key = |n: usize| {
            let mut key = Fingerprint::default();
            key[..8].copy_from_slice(&(n as u64).to_be_bytes());
            key
        };
        let mut slots = Slots::new();
        for n in 0..SLOTS_MAX {
            make_room(&mut slots, &key(n));
            slots.insert(key(n), Slot::new(Instant::now()));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(slots.len(), SLOTS_MAX);
        make_room(&mut slots, &key(0));
        assert_eq!(slots.len(), SLOTS_MAX, "room is made for what is new only");

        slots.get_mut(&key(0)).unwrap().rotated = Some(String::new());
        slots.get_mut(&key(1)).unwrap().flight = Some(watch::channel(None).1);
        make_room(&mut slots, &key(SLOTS_MAX));
        assert_eq!(slots.len(), SLOTS_MAX - 1);
        assert!(!slots.contains_key(&key(2)));
    }
}
