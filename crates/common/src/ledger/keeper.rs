//! The ledger's housekeeping: renews leases, forgets what is past its time, looks for a database that went away.

use std::{sync::atomic::Ordering, time::Duration};

use tokio::{
    sync::mpsc,
    time::{self, Instant},
};

use super::{Ledger, database::Trouble, store::Held};

/// Pauses between looks for the database: growing between these.
const PROBE_MIN: Duration = Duration::from_millis(200);
const PROBE_MAX: Duration = Duration::from_secs(5);
/// Between two rounds of forgetting.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// Most statements of one round, so that requests get their turn.
const SWEEPS_MAX: usize = 20;
/// A lease is renewed three times before it runs out.
const RENEWALS: u32 = 3;

impl Ledger {
    /// Runs until [`Self::close`].
    pub(super) async fn keep(&self, returned: mpsc::UnboundedReceiver<Held>) {
        tokio::select! {
            () = self.closed.cancelled() => {}
            () = self.rounds(returned) => {}
        }
    }

    /// Gives back what this process holds and has not committed; nothing is asked of the ledger after this.
    pub(crate) async fn close(&self) {
        self.closed.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        if *self.up.borrow() {
            // Without it the leases run out, which only takes longer.
            let _given_back = self.store.give_back_all(&self.owner).await;
        }
        self.store.close().await;
    }

    async fn rounds(&self, mut returned: mpsc::UnboundedReceiver<Held>) {
        let mut probe = PROBE_MIN;
        let mut up_since = Instant::now();
        let (mut renew_at, mut sweep_at) = (up_since, up_since);
        loop {
            if !*self.up.borrow() {
                // One that comes and goes is not asked ever faster.
                if up_since.elapsed() > PROBE_MAX {
                    probe = PROBE_MIN;
                }
                self.search(&mut probe).await;
                up_since = Instant::now();
                renew_at = up_since;
            }
            let work = tokio::select! {
                Some(held) = returned.recv() => self.give_back(&held).await,
                () = self.trouble.notified() => Ok(()),
                () = time::sleep_until(renew_at) => {
                    renew_at = Instant::now() + self.lease / RENEWALS;
                    self.renew().await
                }
                () = time::sleep_until(sweep_at) => {
                    sweep_at = Instant::now() + SWEEP_EVERY;
                    self.sweep().await
                }
            };
            if let Err(trouble) = work {
                self.lost(&trouble);
            }
        }
    }

    /// Until the database takes what it is given.
    async fn search(&self, probe: &mut Duration) {
        loop {
            time::sleep(*probe).await;
            *probe = (*probe * 2).min(PROBE_MAX);
            match self.store.prepare().await {
                Ok(()) => return self.found(),
                Err(trouble) => self.lost(&trouble),
            }
        }
    }

    async fn renew(&self) -> Result<(), Trouble> {
        if self.n_held.load(Ordering::Relaxed) == 0 {
            return Ok(());
        }
        self.store.renew(&self.owner, self.lease).await
    }

    async fn sweep(&self) -> Result<(), Trouble> {
        for _ in 0..SWEEPS_MAX {
            if !self.store.sweep().await? {
                break;
            }
        }
        Ok(())
    }

    /// Again and again: a lease that nobody wants would be renewed with the others for as long as this process lives.
    async fn give_back(&self, held: &Held) -> Result<(), Trouble> {
        while let Err(trouble) = self.store.give_back(held, &self.owner).await {
            self.lost(&trouble);
            let mut probe = PROBE_MIN;
            self.search(&mut probe).await;
        }
        Ok(())
    }
}
