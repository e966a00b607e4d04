//! Rate limits: who has to wait, per method and workspace (`Retry-After`).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{self, Instant};

/// The longest that a call waits while it occupies one of the connector's slots (`CONCURRENCY`).
pub(crate) const SLOT_WAIT_MAX: Duration = Duration::from_secs(2);
/// How long after a pause its method still counts as limited.
const AFTERMATH: Duration = Duration::from_secs(5);

/// When each limited method may be called again.
#[derive(Default)]
pub(crate) struct Pauses(Mutex<HashMap<Place, Instant>>);

/// A method in a workspace.
pub(crate) type Place = (String, &'static str);

impl Pauses {
    /// Slack asked for this pause.
    pub(crate) fn begin(&self, place: Place, pause: Duration) {
        let until = Instant::now() + pause;
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Those of long ago go, so that the map holds what is limited now.
        places.retain(|_, it| *it + AFTERMATH > Instant::now());
        let known = places.entry(place).or_insert(until);
        *known = until.max(*known);
    }

    /// What is left of a pause.
    pub(crate) fn left(&self, place: &Place) -> Option<Duration> {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = places.get(place)?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// Whether the method is limited, or was a moment ago.
    pub(crate) fn is_limited(&self, place: &Place) -> bool {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.get(place).is_some_and(|it| *it + AFTERMATH > Instant::now())
    }

    /// Waits until the method may be called, within `budget`, which shrinks by the time that was waited.
    ///
    /// # Errors
    /// The pause, when it is longer than the budget.
    pub(crate) async fn pass(&self, place: &Place, budget: &mut Duration) -> Result<(), Duration> {
        while let Some(left) = self.left(place) {
            *budget = budget.checked_sub(left).ok_or(left)?;
            time::sleep(left).await;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(method: &'static str) -> Place {
        ("main".to_owned(), method)
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_longer_than_the_budget_is_told_instead_of_waited_for() {
        let pauses = Pauses::default();
        pauses.begin(place("chat.update"), Duration::from_secs(30));
        let mut budget = SLOT_WAIT_MAX;
        let told = pauses.pass(&place("chat.update"), &mut budget).await;
        assert_eq!(told, Err(Duration::from_secs(30)));
        assert_eq!(budget, SLOT_WAIT_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_pause_is_waited_for_once() {
        let pauses = Pauses::default();
        let start = Instant::now();
        pauses.begin(place("chat.update"), Duration::from_secs(1));
        let mut budget = SLOT_WAIT_MAX;
        assert_eq!(pauses.pass(&place("chat.update"), &mut budget).await, Ok(()));
        assert_eq!(start.elapsed(), Duration::from_secs(1));
        assert_eq!(budget, Duration::from_secs(1));
        assert!(pauses.is_limited(&place("chat.update")));
    }

    #[tokio::test(start_paused = true)]
    async fn other_methods_and_workspaces_go_on() {
        let pauses = Pauses::default();
        pauses.begin(place("chat.update"), Duration::from_secs(1));
        for free in [place("chat.postMessage"), ("sales".to_owned(), "chat.update")] {
            assert_eq!(pauses.left(&free), None, "{free:?}");
            assert!(!pauses.is_limited(&free));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_later_shorter_pause_does_not_end_a_longer_one() {
        let pauses = Pauses::default();
        pauses.begin(place("chat.update"), Duration::from_secs(10));
        pauses.begin(place("chat.update"), Duration::from_secs(1));
        assert_eq!(pauses.left(&place("chat.update")), Some(Duration::from_secs(10)));
    }
}
