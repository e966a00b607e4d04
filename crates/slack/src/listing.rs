//! Listing: what Slack tells page by page, remembered by name.
//!
//! Slack has no call that finds a channel by its name, and few calls of those that list are allowed in a minute.
//! So one request lists for all who wait, only as far as it must, and goes on where a limited one had to stop.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Mutex as Quick, PoisonError},
    time::Duration,
};

use common::Failure;
use tokio::{sync::Mutex, time::Instant};

/// How long a name stands for what it was found to be.
pub(crate) const KNOWN_FOR: Duration = Duration::from_mins(5);
/// How long a name that was not found is not looked for again.
const UNKNOWN_FOR: Duration = Duration::from_secs(15);
/// More pages than any workspace has.
const PAGES_MAX: usize = 1000;

/// The names of one kind of thing.
#[derive(Default)]
pub(crate) struct Listing {
    known: Quick<HashMap<String, Known>>,
    reading: Mutex<Reading>,
}

#[derive(Clone)]
struct Known {
    /// None where several things have the name.
    id: Option<String>,
    at: Instant,
}

/// How far the list has been read.
#[derive(Default)]
struct Reading {
    since: Option<Instant>,
    place: Place,
}

#[derive(Clone, Default, PartialEq)]
enum Place {
    #[default]
    Start,
    At(String),
    End,
}

/// One page of a list.
pub(crate) struct Page {
    /// Names and ids; a name may stand for several things.
    pub(crate) entries: Vec<(String, String)>,
    /// Where the next page begins.
    pub(crate) next: Option<String>,
}

/// What a name stands for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    One(String),
    Several,
    None,
}

/// When a name may be answered from the pages so far.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Names {
    /// There is one thing of a name at most, so the first is the one.
    Unique,
    /// All pages have to be read to know that there is no other.
    Shared,
}

impl Listing {
    /// What `name` stands for; `read` gets the page at a cursor.
    ///
    /// # Errors
    /// Those of `read`; what has been read so far is kept.
    pub(crate) async fn find<F: Future<Output = Result<Page, Failure>>>(
        &self,
        name: &str,
        names: Names,
        read: impl Fn(Option<String>) -> F,
    ) -> Result<Found, Failure> {
        if let Some(found) = self.known(name).filter(|_| names == Names::Unique) {
            return Ok(found);
        }
        let mut reading = self.reading.lock().await;
        let age = reading.since.map(|it| it.elapsed());
        let whole = reading.place == Place::End;
        let known = self.known(name);
        let current = match (age, whole, &known) {
            (Some(age), _, _) if age > KNOWN_FOR => false,
            (Some(_), true, Some(_)) => return Ok(known.unwrap_or(Found::None)),
            (Some(age), true, None) if age <= UNKNOWN_FOR => return Ok(Found::None),
            (Some(_), false, Some(_)) if names == Names::Unique => {
                return Ok(known.unwrap_or(Found::None));
            }
            (Some(_), false, _) => true,
            (Some(_), true, None) | (None, _, _) => false,
        };
        if !current {
            *reading = Reading { since: Some(Instant::now()), place: Place::Start };
            self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        for _ in 0..PAGES_MAX {
            let cursor = match &reading.place {
                Place::Start => None,
                Place::At(cursor) => Some(cursor.clone()),
                Place::End => break,
            };
            let page = read(cursor).await?;
            reading.place = page.next.filter(|it| !it.is_empty()).map_or(Place::End, Place::At);
            self.learn(page.entries);
            if names == Names::Unique
                && let Some(found) = self.known(name)
            {
                return Ok(found);
            }
        }
        Ok(self.known(name).unwrap_or(Found::None))
    }

    /// Remembers what was learned in another way.
    pub(crate) fn learn(&self, entries: Vec<(String, String)>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let at = Instant::now();
        for (name, id) in entries {
            known
                .entry(name)
                .and_modify(|it| {
                    if it.id.as_ref() != Some(&id) {
                        it.id = None;
                    }
                })
                .or_insert(Known { id: Some(id), at });
        }
    }

    /// Has the next question read from the beginning, whatever is known.
    pub(crate) fn refresh(&self) {
        // Who reads at this moment reads what is there now.
        if let Ok(mut reading) = self.reading.try_lock() {
            *reading = Reading::default();
        }
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Forgets a name that turned out to be wrong.
    pub(crate) fn forget(&self, name: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    fn known(&self, name: &str) -> Option<Found> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Known { id, at } = known.get(name)?;
        (at.elapsed() <= KNOWN_FOR).then(|| id.clone().map_or(Found::Several, Found::One))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        cell::RefCell,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use futures_util::future::join_all;
    use tokio::time;

    use super::*;

    /// Three pages of two names; one name is there twice.
    const PAGES: [&[(&str, &str)]; 3] = [
        &[("general", "C1"), ("sales", "C2")],
        &[("orders", "C3"), ("ann", "U1")],
        &[("hr", "C4"), ("ann", "U2")],
    ];

    struct Slack {
        reads: RefCell<Vec<usize>>,
        fails_at: RefCell<Option<usize>>,
    }

    impl Slack {
        fn new() -> Self {
            Self { reads: RefCell::default(), fails_at: RefCell::default() }
        }

        async fn read(&self, cursor: Option<String>) -> Result<Page, Failure> {
            let number: usize = cursor.map_or(0, |it| it.parse().unwrap());
            time::sleep(Duration::from_millis(100)).await;
            self.reads.borrow_mut().push(number);
            if self.fails_at.borrow_mut().take_if(|it| *it == number).is_some() {
                return Err(Failure::transient("UNKNOWN_ERROR", anyhow::anyhow!("limited")));
            }
            let entries = PAGES[number].iter().map(|(name, id)| ((*name).into(), (*id).into()));
            let next = (number + 1 < PAGES.len()).then(|| (number + 1).to_string());
            Ok(Page { entries: entries.collect(), next })
        }

        async fn find(&self, listing: &Listing, name: &str, names: Names) -> Found {
            listing.find(name, names, |it| self.read(it)).await.unwrap()
        }

        fn reads(&self) -> Vec<usize> {
            self.reads.take()
        }
    }

    fn one(id: &str) -> Found {
        Found::One(id.to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn pages_are_read_as_far_as_needed_and_once() {
        let (slack, listing) = (Slack::new(), Listing::default());
        assert_eq!(slack.find(&listing, "orders", Names::Unique).await, one("C3"));
        assert_eq!(slack.reads(), [0, 1]);
        assert_eq!(slack.find(&listing, "general", Names::Unique).await, one("C1"));
        assert_eq!(slack.reads(), [0; 0]);
        assert_eq!(slack.find(&listing, "hr", Names::Unique).await, one("C4"));
        assert_eq!(slack.reads(), [2]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_in_the_middle_does_not_cost_the_pages_before_it() {
        let (slack, listing) = (Slack::new(), Listing::default());
        slack.fails_at.replace(Some(1));
        assert!(listing.find("hr", Names::Unique, |it| slack.read(it)).await.is_err());
        assert_eq!(slack.find(&listing, "hr", Names::Unique).await, one("C4"));
        assert_eq!(slack.reads(), [0, 1, 1, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_name_is_looked_for_again_only_after_a_while() {
        let (slack, listing) = (Slack::new(), Listing::default());
        for _ in 0..3 {
            assert_eq!(slack.find(&listing, "nowhere", Names::Unique).await, Found::None);
        }
        assert_eq!(slack.reads(), [0, 1, 2]);
        time::advance(UNKNOWN_FOR).await;
        assert_eq!(slack.find(&listing, "nowhere", Names::Unique).await, Found::None);
        assert_eq!(slack.reads(), [0, 1, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_known_grows_old() {
        let (slack, listing) = (Slack::new(), Listing::default());
        assert_eq!(slack.find(&listing, "orders", Names::Unique).await, one("C3"));
        time::advance(KNOWN_FOR + Duration::from_secs(1)).await;
        assert_eq!(slack.find(&listing, "general", Names::Unique).await, one("C1"));
        assert_eq!(slack.reads(), [0, 1, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_that_several_have_is_told_as_such() {
        let (slack, listing) = (Slack::new(), Listing::default());
        assert_eq!(slack.find(&listing, "ann", Names::Shared).await, Found::Several);
        assert_eq!(slack.find(&listing, "sales", Names::Shared).await, one("C2"));
        assert_eq!(slack.reads(), [0, 1, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_who_ask_at_once_cost_one_list() {
        let listing = Listing::default();
        let n_reads = Arc::new(AtomicUsize::new(0));
        let read = |_cursor| async {
            n_reads.fetch_add(1, Ordering::Relaxed);
            time::sleep(Duration::from_millis(100)).await;
            Ok(Page { entries: vec![("general".to_owned(), "C1".to_owned())], next: None })
        };
        let asked = (0..100).map(|_| listing.find("general", Names::Unique, read));
        assert!(join_all(asked).await.into_iter().all(|it| it.unwrap() == one("C1")));
        assert_eq!(n_reads.load(Ordering::Relaxed), 1);
    }
}
