//! What a peer may be asked: calls per period, calls at the same time, and the pauses that it asks for itself.
//!
//! Who has to wait for long gives its place up and keeps its turn: the request comes back when the turn is there.

use std::{
    collections::{HashMap, VecDeque},
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::Deserialize;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{self, Instant},
};

use crate::input::Milliseconds;

/// Who has to wait no longer than this waits where it is.
pub(crate) const IN_PLACE_MAX: Duration = Duration::from_secs(1);
/// A turn that nobody has taken for so long is given up.
const STALE: Duration = Duration::from_secs(1);
/// A peer that asks for a longer pause is asked again after this one.
const PAUSE_MAX: Duration = Duration::from_hours(1);

/// The limits of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Rate {
    /// At most so many calls begin within each `per`.
    requests: Option<NonZeroU32>,
    /// Default: a second.
    per: Option<Milliseconds>,
    /// At most so many calls at the same time.
    concurrent: Option<NonZeroU32>,
}

/// The calls of one connection.
#[derive(Debug)]
pub(crate) struct Limiter {
    pub(crate) rate: Rate,
    slots: Option<Arc<Semaphore>>,
    turns: Mutex<Turns>,
}

#[derive(Debug, Default)]
struct Turns {
    /// The last ones given, as many as one period has, the oldest first; some may be to come.
    given: VecDeque<Instant>,
    /// Those that wait for their request, by its id.
    kept: HashMap<String, Instant>,
    paused_until: Option<Instant>,
}

/// What a turn is asked for with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish<'a> {
    /// The same when the request comes back.
    pub(crate) request_id: &'a str,
    /// The longest wait.
    pub(crate) wait_max: Duration,
    /// The longest wait without coming back.
    pub(crate) in_place_max: Duration,
}

/// No turn now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// The turn is after this time, and is kept where that is soon enough.
    Later(Duration),
    /// As many calls as there may be are at work, and none has ended in time.
    Busy(Duration),
}

impl Limiter {
    pub(crate) fn new(rate: Rate) -> Self {
        let slots = rate.concurrent.map(|it| Arc::new(Semaphore::new(it.get() as usize)));
        Self { rate, slots, turns: Mutex::default() }
    }

    /// Waits for a place among those at work; it is held for as long as what is returned.
    pub(crate) async fn place(
        &self,
        wait_max: Duration,
    ) -> Result<Option<OwnedSemaphorePermit>, Denied> {
        let Some(slots) = &self.slots else { return Ok(None) };
        match time::timeout(wait_max, Arc::clone(slots).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Some(permit)),
            Ok(Err(_closed)) => Ok(None),
            Err(_elapsed) => Err(Denied::Busy(wait_max)),
        }
    }

    /// Waits for the turn.
    pub(crate) async fn turn(&self, wish: Wish<'_>) -> Result<(), Denied> {
        loop {
            let now = Instant::now();
            let at = self.turns().ask(self.rate, wish, now)?;
            if at <= now {
                return Ok(());
            }
            time::sleep_until(at).await;
            // Meanwhile the peer may have asked for a pause.
            if self.turns().paused_until.is_none_or(|it| it <= Instant::now()) {
                return Ok(());
            }
        }
    }

    /// The peer has asked for a pause: nobody calls it before.
    pub(crate) fn pause(&self, pause: Duration) {
        let now = Instant::now();
        let until = now + pause.min(PAUSE_MAX);
        let mut turns = self.turns();
        turns.paused_until = Some(turns.paused_until.map_or(until, |it| it.max(until)));
        // Turns that were to come are given anew, or all of them would come at the pause's end.
        turns.given.retain(|it| *it <= now);
        turns.kept.clear();
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turns {
    /// When the turn is.
    fn ask(&mut self, rate: Rate, wish: Wish<'_>, now: Instant) -> Result<Instant, Denied> {
        self.kept.retain(|_, at| *at + STALE > now);
        let kept = self.kept.remove(wish.request_id);
        let at = kept.unwrap_or_else(|| self.next(rate, now));
        let wait = at.saturating_duration_since(now);
        if wait > wish.wait_max {
            return Err(Denied::Later(wait));
        }
        if kept.is_none()
            && let Some(n_requests) = rate.requests
        {
            self.given.push_back(at);
            while self.given.len() > n_requests.get() as usize {
                self.given.pop_front();
            }
        }
        if wait <= wish.in_place_max {
            return Ok(at);
        }
        self.kept.insert(wish.request_id.to_owned(), at);
        Err(Denied::Later(wait))
    }

    /// The first moment that is free: a period after the turn that is a whole period's calls back.
    fn next(&self, rate: Rate, now: Instant) -> Instant {
        let paused_until = self.paused_until.unwrap_or(now);
        let last = self.given.back().copied().unwrap_or(now);
        let after_period = match (rate.requests, self.given.front()) {
            (Some(n_requests), Some(first)) if self.given.len() >= n_requests.get() as usize => {
                *first + rate.per.map_or(Duration::from_secs(1), Milliseconds::duration)
            }
            _ => now,
        };
        now.max(paused_until).max(last).max(after_period)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn limiter(rate: serde_json::Value) -> Limiter {
        Limiter::new(serde_json::from_value(rate).unwrap())
    }

    fn wish(request_id: &str) -> Wish<'_> {
        let second = Duration::from_secs(1);
        Wish { request_id, wait_max: second * 30, in_place_max: second }
    }

    /// What is told of a turn, and when, in milliseconds since `start`.
    async fn turn(limiter: &Limiter, start: Instant, wish: Wish<'_>) -> (String, u128) {
        let told = match limiter.turn(wish).await {
            Ok(()) => "go".to_owned(),
            Err(Denied::Later(wait)) => format!("in {}", wait.as_millis()),
            Err(Denied::Busy(_)) => "busy".to_owned(),
        };
        (told, start.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn no_period_has_more_calls_than_it_may() {
        let limiter = limiter(json!({"requests": 2, "per": 400}));
        let start = Instant::now();
        for expected in [0, 0, 400, 400, 800] {
            let got = turn(&limiter, start, wish("a")).await;
            assert_eq!(got, ("go".to_owned(), expected));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_long_comes_back_for_its_own_turn() {
        let limiter = limiter(json!({"requests": 1, "per": 10_000}));
        let start = Instant::now();
        assert_eq!(turn(&limiter, start, wish("a")).await, ("go".to_owned(), 0));
        assert_eq!(turn(&limiter, start, wish("b")).await, ("in 10000".to_owned(), 0));
        assert_eq!(turn(&limiter, start, wish("c")).await, ("in 20000".to_owned(), 0));
        time::advance(Duration::from_secs(10)).await;
        assert_eq!(turn(&limiter, start, wish("d")).await, ("in 20000".to_owned(), 10_000));
        assert_eq!(turn(&limiter, start, wish("b")).await, ("go".to_owned(), 10_000));
    }

    #[tokio::test(start_paused = true)]
    async fn who_would_wait_too_long_takes_no_turn() {
        let limiter = limiter(json!({"requests": 1, "per": 10_000}));
        let start = Instant::now();
        turn(&limiter, start, wish("a")).await;
        let hurried = Wish { wait_max: Duration::from_secs(5), ..wish("b") };
        for _ in 0..100 {
            assert_eq!(turn(&limiter, start, hurried).await, ("in 10000".to_owned(), 0));
        }
        time::advance(Duration::from_secs(10)).await;
        assert_eq!(turn(&limiter, start, wish("c")).await, ("go".to_owned(), 10_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_of_the_peers_holds_for_everybody_and_keeps_the_rate_after_it() {
        let limiter = limiter(json!({"requests": 1, "per": 500}));
        let start = Instant::now();
        turn(&limiter, start, wish("a")).await;
        limiter.pause(Duration::from_secs(4));
        let patient =
            |request_id| Wish { in_place_max: Duration::from_secs(30), ..wish(request_id) };
        assert_eq!(turn(&limiter, start, wish("b")).await, ("in 4000".to_owned(), 0));
        assert_eq!(turn(&limiter, start, patient("b")).await, ("go".to_owned(), 4_000));
        assert_eq!(turn(&limiter, start, patient("c")).await, ("go".to_owned(), 4_500));
        // Without a rate it is the pause alone.
        let limiter = self::limiter(json!({}));
        limiter.pause(Duration::from_secs(1));
        assert_eq!(turn(&limiter, start, wish("a")).await, ("go".to_owned(), 5_500));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_for_who_waits_already() {
        let limiter = limiter(json!({"requests": 1, "per": 500}));
        let start = Instant::now();
        turn(&limiter, start, wish("a")).await;
        let waits = turn(&limiter, start, wish("b"));
        let pauses = async {
            time::sleep(Duration::from_millis(100)).await;
            limiter.pause(Duration::from_millis(900));
        };
        let (waited, ()) = tokio::join!(waits, pauses);
        assert_eq!(waited, ("go".to_owned(), 1_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_has_an_end() {
        let limiter = limiter(json!({}));
        limiter.pause(Duration::MAX);
        assert_eq!(turn(&limiter, Instant::now(), wish("a")).await, ("in 3600000".to_owned(), 0));
    }

    #[tokio::test(start_paused = true)]
    async fn places_are_given_back() {
        let limiter = limiter(json!({"concurrent": 1}));
        let wait = Duration::from_secs(2);
        let first = limiter.place(wait).await.unwrap();
        assert_eq!(limiter.place(wait).await.err(), Some(Denied::Busy(wait)));
        drop(first);
        assert!(limiter.place(wait).await.is_ok_and(|it| it.is_some()));
        assert!(self::limiter(json!({})).place(wait).await.is_ok_and(|it| it.is_none()));
    }

    #[test]
    fn limits_of_nothing_are_refused() {
        for wrong in [json!({"requests": 0}), json!({"concurrent": 0}), json!({"per": 0})] {
            assert!(serde_json::from_value::<Rate>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
