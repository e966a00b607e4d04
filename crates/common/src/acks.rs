//! Which deliveries of a channel are done, and how to tell the broker with few words.
//!
//! The longest finished prefix is acknowledged at once. What is finished behind a slow request
//! is acknowledged alone a moment later, or the slow one would use up the prefetch of the others.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time};

/// How long acknowledgements may gather.
const GATHER: Duration = Duration::from_millis(2);
/// So many need not gather any longer.
const ENOUGH: usize = 64;

#[derive(Default)]
pub(crate) struct Acks {
    state: Mutex<State>,
    some: Notify,
    enough: Notify,
}

/// Delivery tags of one channel, which count from 1 without gaps.
#[derive(Default)]
struct State {
    /// All up to this one are acknowledged.
    acknowledged: u64,
    /// Finished and not acknowledged.
    done: BTreeSet<u64>,
    /// Acknowledged alone, ahead of the prefix.
    ahead: BTreeSet<u64>,
    /// Done already when the last batch was taken.
    waiting: BTreeSet<u64>,
}

/// A tag, and whether all before it are meant too.
pub(crate) type Batch = Vec<(u64, bool)>;

impl Acks {
    /// Marks a delivery as done.
    pub(crate) fn done(&self, tag: u64) {
        let mut state = self.state();
        state.done.insert(tag);
        let n_done = state.done.len();
        drop(state);
        self.some.notify_one();
        if n_done >= ENOUGH {
            self.enough.notify_one();
        }
    }

    /// The next acknowledgements to write.
    pub(crate) async fn next(&self) -> Batch {
        loop {
            if self.state().done.is_empty() {
                self.some.notified().await;
            }
            tokio::select! {
                () = time::sleep(GATHER) => {}
                () = self.enough.notified() => {}
            }
            let batch = self.state().take();
            if !batch.is_empty() {
                return batch;
            }
        }
    }

    /// All that is done, for the end of a session.
    pub(crate) fn rest(&self) -> Batch {
        let mut state = self.state();
        let mut batch = state.take();
        batch.extend(state.take());
        batch
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self) -> Batch {
        let mut batch = Batch::new();
        let mut last_done = None;
        let mut next = self.acknowledged + 1;
        loop {
            if self.done.remove(&next) {
                // The broker refuses a tag that it has already forgotten, so the prefix ends at one it has not.
                last_done = Some(next);
            } else if !self.ahead.remove(&next) {
                break;
            }
            self.acknowledged = next;
            next += 1;
        }
        batch.extend(last_done.map(|tag| (tag, true)));
        for tag in std::mem::take(&mut self.waiting) {
            if self.done.remove(&tag) {
                self.ahead.insert(tag);
                batch.push((tag, false));
            }
        }
        self.waiting.clone_from(&self.done);
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Step = (&'static [u64], &'static [(u64, bool)]);

    /// Marks `tags`, one list per step, and compares the batch after each.
    fn check(steps: &[Step]) {
        let mut state = State::default();
        for (tags, expected) in steps {
            state.done.extend(*tags);
            assert_eq!(state.take(), *expected, "after {tags:?}");
        }
    }

    #[test]
    fn a_finished_prefix_is_one_acknowledgement() {
        check(&[(&[3, 1, 2], &[(3, true)]), (&[5, 4], &[(5, true)]), (&[], &[])]);
    }

    #[test]
    fn what_is_behind_a_slow_one_goes_alone_a_moment_later() {
        check(&[(&[2, 3], &[]), (&[4], &[(2, false), (3, false)]), (&[], &[(4, false)])]);
    }

    #[test]
    fn the_prefix_never_ends_at_a_tag_that_was_acknowledged_alone() {
        check(&[(&[2, 3], &[]), (&[], &[(2, false), (3, false)]), (&[1], &[(1, true)])]);
        check(&[(&[2], &[]), (&[], &[(2, false)]), (&[1, 3], &[(3, true)])]);
    }

    #[test]
    fn the_end_of_a_session_leaves_nothing_done_unsaid() {
        let acks = Acks::default();
        for tag in [1, 3, 5] {
            acks.done(tag);
        }
        assert_eq!(acks.rest(), [(1, true), (3, false), (5, false)]);
    }

    #[tokio::test(start_paused = true)]
    async fn acknowledgements_gather_for_a_moment_only() {
        let acks = Acks::default();
        acks.done(1);
        assert_eq!(acks.next().await, [(1, true)]);
        for tag in 2..70 {
            acks.done(tag);
        }
        let before = time::Instant::now();
        assert_eq!(acks.next().await, [(69, true)]);
        assert_eq!(time::Instant::now(), before, "enough of them wait for nothing");
    }
}
