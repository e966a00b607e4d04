//! Connections that wait for the next mail, for a while.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    task::JoinSet,
    time::{self, Instant},
};

use crate::smtp::session::Session;

/// The connections to one server: at most so many, and none idle for longer than the server likes.
pub(crate) struct Pool {
    slots: Semaphore,
    idle_max: Duration,
    idle: Arc<Mutex<Vec<Idle>>>,
    /// Says goodbye to those that waited too long; ends when none is left.
    reaper: Mutex<JoinSet<()>>,
}

struct Idle {
    session: Session,
    since: Instant,
}

impl Pool {
    pub(crate) fn new(connections_max: usize, idle_max: Duration) -> Self {
        let slots = Semaphore::new(connections_max.min(Semaphore::MAX_PERMITS));
        Self { slots, idle_max, idle: Arc::default(), reaper: Mutex::default() }
    }

    /// The right to use a connection; waits for it in order.
    pub(crate) async fn slot(&self) -> SemaphorePermit<'_> {
        let slot = self.slots.acquire().await;
        slot.unwrap_or_else(|_closed| unreachable!("the semaphore is never closed"))
    }

    /// The connection that was used last, if it is still good.
    pub(crate) fn take(&self) -> Option<Session> {
        loop {
            let Idle { mut session, since } = locked(&self.idle).pop()?;
            if since.elapsed() < self.idle_max && session.is_quiet() {
                return Some(session);
            }
        }
    }

    /// Keeps a connection for the next mail.
    pub(crate) fn put(&self, session: Session) {
        if !session.is_usable || self.idle_max.is_zero() {
            return;
        }
        let mut reaper = locked(&self.reaper);
        let mut idle = locked(&self.idle);
        idle.push(Idle { session, since: Instant::now() });
        // Under the lock of `idle`, so that a reaper that is about to end has seen this one.
        if idle.len() == 1 {
            *reaper = JoinSet::new();
            reaper.spawn(reap(Arc::clone(&self.idle), self.idle_max));
        }
    }
}

async fn reap(idle: Arc<Mutex<Vec<Idle>>>, idle_max: Duration) {
    loop {
        let Some(oldest) = locked(&idle).first().map(|it| it.since) else { return };
        time::sleep_until(oldest + idle_max).await;
        let late: Vec<_> =
            locked(&idle).extract_if(.., |it| it.since.elapsed() >= idle_max).collect();
        for Idle { session, .. } in late {
            session.quit().await;
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
