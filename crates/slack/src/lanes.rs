//! Lanes: messages to one channel go out one after the other, in the order in which they came.
//!
//! Slack takes about one message a second and channel, so whoever is limited has others behind it.
//! Nobody waits long in one of the connector's slots: a ticket keeps the place of a request that comes back later.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{self, Instant},
};

use crate::pauses::SLOT_WAIT_MAX;

/// How long the place of a request is kept beyond the moment at which it should have come back.
const GRACE: Duration = Duration::from_secs(3);
/// So many of those that are ahead in a limited lane may still be gone in a moment.
const NEXT: u64 = 2;
/// The longest that the next few wait in a slot: were they away, the lane would be idle.
const NEXT_WAIT_MAX: Duration = Duration::from_secs(5);
/// The shortest and the longest pause of a request that is not the next.
const AWAY_MIN: Duration = Duration::from_secs(1);
const AWAY_MAX: Duration = Duration::from_secs(5);

/// All lanes; those that nobody waits in do not exist.
#[derive(Default)]
pub(crate) struct Lanes(Mutex<HashMap<Key, Lane>>);

/// Workspace and channel.
pub(crate) type Key = (String, String);

#[derive(Default)]
struct Lane {
    tickets: VecDeque<Ticket>,
    changed: Arc<Notify>,
}

struct Ticket {
    id: String,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Here,
    /// Comes back about then.
    Away(Instant),
}

/// The right to send the next message of a lane, until it is dropped or put off.
pub(crate) struct Turn<'a> {
    lanes: &'a Lanes,
    key: Key,
    id: String,
    kept: bool,
}

/// What a waiting request does next.
enum Step {
    Go,
    /// Until the lane changes, or until then.
    Wait(Option<Instant>),
}

impl Lanes {
    /// Waits for the turn of the request `id`, which keeps its place when it comes back.
    ///
    /// While the lane is `limited` nobody but the next few waits here.
    ///
    /// # Errors
    /// After how long to come back.
    pub(crate) async fn turn(
        &self,
        key: Key,
        id: String,
        limited: impl Fn() -> bool,
    ) -> Result<Turn<'_>, Duration> {
        let changed = self.enter(&key, &id);
        let mut turn = Turn { lanes: self, key, id, kept: false };
        let since = Instant::now();
        loop {
            let notified = changed.notified();
            let mut notified = std::pin::pin!(notified);
            notified.as_mut().enable();
            let step = self.step(&turn.key, &turn.id);
            let n_ahead = self.n_ahead(&turn.key, &turn.id);
            let leave_at = since + if n_ahead <= NEXT { NEXT_WAIT_MAX } else { SLOT_WAIT_MAX };
            let until = match step {
                Step::Go => return Ok(turn),
                Step::Wait(until) => until.unwrap_or(leave_at).min(leave_at),
            };
            if limited() && n_ahead > NEXT || Instant::now() >= leave_at {
                let pause = Duration::from_secs(n_ahead).clamp(AWAY_MIN, AWAY_MAX);
                turn.put_off(pause);
                return Err(pause);
            }
            // Whether it changed or not, the next step says.
            time::timeout_at(until, notified).await.ok();
        }
    }

    fn enter(&self, key: &Key, id: &str) -> Arc<Notify> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.entry(key.clone()).or_default();
        match lane.tickets.iter_mut().find(|it| it.id == id) {
            Some(ticket) => ticket.state = State::Here,
            None => lane.tickets.push_back(Ticket { id: id.to_owned(), state: State::Here }),
        }
        Arc::clone(&lane.changed)
    }

    fn step(&self, key: &Key, id: &str) -> Step {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(lane) = lanes.get_mut(key) else { return Step::Go };
        while let Some(first) = lane.tickets.front() {
            match first.state {
                _ if first.id == id => return Step::Go,
                State::Here => return Step::Wait(None),
                State::Away(back) if back + GRACE > Instant::now() => {
                    return Step::Wait(Some(back + GRACE));
                }
                State::Away(_) => lane.tickets.pop_front(),
            };
        }
        Step::Go
    }

    /// How many are ahead; each takes about a second where there is a limit.
    fn n_ahead(&self, key: &Key, id: &str) -> u64 {
        let lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let n_ahead = lanes.get(key).and_then(|it| it.tickets.iter().position(|it| it.id == id));
        n_ahead.unwrap_or_default() as u64
    }

    /// What becomes of a ticket: it keeps its place, or it goes.
    fn set(&self, key: &Key, id: &str, state: Option<State>) {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(lane) = lanes.get_mut(key) else { return };
        match state {
            Some(state) => {
                lane.tickets.iter_mut().filter(|it| it.id == id).for_each(|it| it.state = state);
            }
            None => lane.tickets.retain(|it| it.id != id),
        }
        lane.changed.notify_waiters();
        if lane.tickets.is_empty() {
            lanes.remove(key);
        }
    }
}

impl Turn<'_> {
    /// The request comes back after `pause`; nobody overtakes it until then.
    pub(crate) fn put_off(&mut self, pause: Duration) {
        self.kept = true;
        self.lanes.set(&self.key, &self.id, Some(State::Away(Instant::now() + pause)));
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.kept {
            self.lanes.set(&self.key, &self.id, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use tokio::task::JoinSet;

    use super::*;

    fn key(channel: &str) -> Key {
        ("main".to_owned(), channel.to_owned())
    }

    async fn turn<'a>(lanes: &'a Lanes, id: &str, limited: bool) -> Result<Turn<'a>, Duration> {
        lanes.turn(key("C1"), id.to_owned(), || limited).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_comes_back_is_not_overtaken() {
        let lanes = Lanes::default();
        let mut first = turn(&lanes, "1", false).await.ok().unwrap();
        first.put_off(Duration::from_secs(4));
        drop(first);
        let start = Instant::now();
        let (second, third) = tokio::join!(turn(&lanes, "2", true), turn(&lanes, "3", true));
        assert_eq!((second.err(), third.err()), (Some(AWAY_MIN), Some(Duration::from_secs(2))));
        assert_eq!(start.elapsed(), NEXT_WAIT_MAX);
        assert_eq!(turn(&lanes, "4", true).await.err(), Some(Duration::from_secs(3)));
        assert_eq!(start.elapsed(), NEXT_WAIT_MAX);
        for id in ["1", "2", "3", "4"] {
            drop(turn(&lanes, id, true).await.ok().unwrap());
        }
        assert!(lanes.0.lock().unwrap().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_does_not_come_back_holds_nobody_up_for_long() {
        let lanes = Lanes::default();
        turn(&lanes, "1", false).await.ok().unwrap().put_off(Duration::from_secs(1));
        let start = Instant::now();
        assert!(turn(&lanes, "2", true).await.is_ok());
        assert_eq!(start.elapsed(), Duration::from_secs(1) + GRACE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_dropped_while_it_waits_leaves_its_place() {
        let lanes = Lanes::default();
        let first = turn(&lanes, "1", false).await.ok().unwrap();
        let waiting = time::timeout(Duration::from_millis(10), turn(&lanes, "2", false)).await;
        assert!(waiting.is_err());
        drop(first);
        assert!(lanes.0.lock().unwrap().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_long_in_a_slot() {
        let lanes = Lanes::default();
        let _first = turn(&lanes, "1", false).await.ok().unwrap();
        let start = Instant::now();
        let waiting = ["2", "3", "4", "5"].map(|id| turn(&lanes, id, false));
        let left: Vec<_> = join_all(waiting).await.into_iter().map(Result::err).collect();
        assert_eq!(left, [1, 2, 3, 4].map(|it| Some(Duration::from_secs(it))));
        assert_eq!(start.elapsed(), NEXT_WAIT_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn channels_do_not_wait_for_each_other() {
        let lanes = Lanes::default();
        let _first = turn(&lanes, "1", false).await.ok().unwrap();
        assert!(lanes.turn(key("C2"), "2".to_owned(), || false).await.is_ok());
    }

    #[tokio::test]
    async fn those_who_wait_go_in_the_order_in_which_they_came() {
        let lanes = Arc::new(Lanes::default());
        let order = Arc::new(Mutex::new(Vec::new()));
        let first = lanes.turn(key("C1"), "first".to_owned(), || false).await.ok().unwrap();
        let mut waiting = JoinSet::new();
        for number in 0..50 {
            let (own, order) = (Arc::clone(&lanes), Arc::clone(&order));
            waiting.spawn(async move {
                let turn = own.turn(key("C1"), number.to_string(), || false).await.ok().unwrap();
                order.lock().unwrap().push(number);
                drop(turn);
            });
            while lanes.0.lock().unwrap()[&key("C1")].tickets.len() < number + 2 {
                tokio::task::yield_now().await;
            }
        }
        drop(first);
        waiting.join_all().await;
        assert_eq!(*order.lock().unwrap(), (0..50).collect::<Vec<_>>());
    }
}
