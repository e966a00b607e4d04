//! Progress: what is done of a request that comes back after a pause, so that it is not done twice.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Longer than any request lives.
const KEPT_FOR: Duration = Duration::from_mins(30);
/// More requests at once than slots.
const REQUESTS_MAX: usize = 10_000;

/// What is done, by request.
pub(crate) struct Progress<T>(Mutex<HashMap<String, Entry<T>>>);

struct Entry<T> {
    since: Instant,
    done: T,
}

impl<T> Default for Progress<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone + Default> Progress<T> {
    /// What is done already.
    pub(crate) fn of(&self, request: &str) -> T {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(request).map(|it| it.done.clone()).unwrap_or_default()
    }

    /// The request may come back: this much is done.
    pub(crate) fn keep(&self, request: &str, done: T) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= REQUESTS_MAX {
            entries.retain(|_, it| it.since.elapsed() < KEPT_FOR);
        }
        match entries.get_mut(request) {
            Some(entry) => entry.done = done,
            None => drop(entries.insert(request.to_owned(), Entry { since: Instant::now(), done })),
        }
    }

    /// The request has its answer.
    pub(crate) fn forget(&self, request: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(request);
    }
}
