//! The right to carry a request out, and what its holder says of it.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::OwnedSemaphorePermit;
use tracing::warn;

use super::{Ledger, database::Trouble, outcome, store::Held};
use crate::{Failure, Object, failure::Hold};

/// The right to carry a request out, renewed for as long as it lives; dropped without an outcome it is given back.
pub(crate) struct Lease {
    ledger: Arc<Ledger>,
    pub(super) held: Held,
    /// The outcome is kept, or somebody else's.
    settled: AtomicBool,
    committed: AtomicBool,
    /// Among those at work in this process.
    slot: Mutex<Option<OwnedSemaphorePermit>>,
}

/// What became of an outcome.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Recorded {
    Kept,
    /// Another process has taken the request over, and what it says counts.
    TakenOver,
}

impl Lease {
    /// The lease that `ledger` has just taken.
    pub(super) fn new(ledger: &Arc<Ledger>, held: Held) -> Self {
        ledger.n_held.fetch_add(1, Ordering::Relaxed);
        Self {
            ledger: Arc::clone(ledger),
            held,
            settled: AtomicBool::new(false),
            committed: AtomicBool::new(false),
            slot: Mutex::default(),
        }
    }

    /// Keeps the slot for as long as the lease lives; gives the one that it had.
    pub(crate) fn keep_slot(&self, slot: OwnedSemaphorePermit) -> Option<OwnedSemaphorePermit> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner).replace(slot)
    }

    /// For somebody else, during a pause.
    pub(crate) fn free_slot(&self) {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Keeps what is to be told if this process ends before it has an outcome; from here on the action is not repeated.
    ///
    /// # Errors
    /// [`Hold`]s: the effect must not happen now.
    pub(crate) async fn commit(&self, presumed: &Failure) -> Result<(), Failure> {
        let Self { ledger, held, .. } = self;
        let presumed = outcome::write(Err(presumed));
        let mark = ledger.store.mark(held, &ledger.owner, &presumed, ledger.lease);
        match mark.await {
            Ok(true) => {
                self.committed.store(true, Ordering::Relaxed);
                Ok(())
            }
            Ok(false) => Err(Failure::held(Hold::TakenOver)),
            Err(trouble) => {
                ledger.lost(&trouble);
                Err(Failure::held(Hold::LedgerAway))
            }
        }
    }

    pub(crate) fn is_committed(&self) -> bool {
        self.committed.load(Ordering::Relaxed)
    }

    /// Until the database is there.
    pub(crate) async fn ledger_back(&self) {
        self.ledger.back().await;
    }

    /// The effect is known not to have happened: the request may be carried out again.
    pub(crate) async fn take_back(&self) {
        let Self { ledger, held, committed, .. } = self;
        // A crash before this is done is told as presumed, which is true of it too.
        if committed.swap(false, Ordering::Relaxed)
            && let Err(trouble) = ledger.store.unmark(held, &ledger.owner).await
        {
            committed.store(true, Ordering::Relaxed);
            ledger.lost(&trouble);
        }
    }

    /// Keeps the outcome, once the database takes it.
    pub(crate) async fn record(&self, outcome: Result<&Object, &Failure>) -> Recorded {
        let Self { ledger, held, .. } = self;
        let text = outcome::write(outcome);
        loop {
            let written = ledger.store.finish(held, &ledger.owner, &text, ledger.keep).await;
            if let Some(recorded) = self.settled(written).await {
                return recorded;
            }
        }
    }

    /// Forgets the request, so that the next delivery carries it out.
    pub(crate) async fn forget(&self) -> Recorded {
        let Self { ledger, held, .. } = self;
        loop {
            let written = ledger.store.forget(held, &ledger.owner).await;
            if let Some(recorded) = self.settled(written).await {
                return recorded;
            }
        }
    }

    /// None when it is to be written again, now that the database is back.
    async fn settled(&self, written: Result<bool, Trouble>) -> Option<Recorded> {
        match written {
            Ok(ours) => {
                self.settled.store(true, Ordering::Relaxed);
                if ours {
                    return Some(Recorded::Kept);
                }
                warn!("another process has taken this request over; its outcome counts");
                Some(Recorded::TakenOver)
            }
            Err(trouble) => {
                self.ledger.lost(&trouble);
                self.ledger.back().await;
                None
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.ledger.n_held.fetch_sub(1, Ordering::Relaxed);
        if !self.settled.load(Ordering::Relaxed) {
            // Refused once the keeper is gone, and then all is given back at once.
            let _sent = self.ledger.given_back.send(self.held.clone());
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("held", &self.held).finish_non_exhaustive()
    }
}
