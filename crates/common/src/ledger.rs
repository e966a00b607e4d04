//! What has been done already: request id → outcome, in a database that outlives the process (`decisions.md` "Idempotency").
//!
//! The durable layer below [`crate::answered`]: that one spares the calls that a lost connection would repeat, this one
//! those that a crash would. A request is carried out under a *lease*, which its holder renews while it lives; the outcome
//! is kept before anybody is told. So a second delivery gets the very same outcome, waits for whoever is at it, or takes
//! over from one that died.
//!
//! An action whose effect can't be taken back says when it is about to happen ([`crate::Context::committing`]). If the
//! process ends after that and before its outcome is kept, nobody can know whether it happened: the second delivery then
//! gets the outcome that was presumed, and the action is not called again.
//!
//! While the database is away, requests wait and readiness is off.

mod database;
mod keeper;
mod lease;
mod outcome;
mod sql;
mod store;
#[cfg(test)]
pub(crate) mod tests;

use std::{
    fmt::Write as _,
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use metrics::{counter, gauge};
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{self, Instant},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, info, warn};
use uuid::Uuid;

pub(crate) use self::lease::{Lease, Recorded};
use self::{
    database::Trouble,
    store::{COMMITTED, DONE, Held, Store},
};
use crate::{
    Failure, Object, Secret,
    failure::{Hold, UNKNOWN_ERROR},
    health::Health,
    settings::Settings,
    telemetry,
};

/// Pauses between looks at a request that another process has: growing between these.
const LOOK_MIN: Duration = Duration::from_millis(50);
const LOOK_MAX: Duration = Duration::from_secs(1);
/// Ids longer than this, in bytes, or with anything but plain characters, are kept as their digest.
const ID_BYTES_MAX: usize = 200;

/// A shorter lease could run out between two renewals of a busy process.
const LEASE_MIN: Duration = Duration::from_millis(100);

pub(crate) struct Ledger {
    store: Store,
    /// This process, among those that share the database.
    owner: String,
    /// `<instance>`, or `<instance>/<group>` where they differ: another group gets every request too.
    connector: Arc<str>,
    lease: Duration,
    keep: Duration,
    health: Arc<Health>,
    /// Whether the database answered last time.
    up: watch::Sender<bool>,
    /// Wakes the keeper when it didn't.
    trouble: Notify,
    n_held: AtomicUsize,
    given_back: mpsc::UnboundedSender<Held>,
    stop: CancellationToken,
    closed: CancellationToken,
    /// The keeper.
    tasks: TaskTracker,
}

/// What a request is remembered by.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    connector: Arc<str>,
    action: String,
    request: String,
}

/// What is to be done with a request.
pub(crate) enum Turn {
    /// Carry it out.
    Mine(Lease),
    /// This is what became of it.
    Done(Result<Object, Failure>),
}

impl Ledger {
    /// The ledger that `LEDGER_URL` names, if it names one; `connector` is whose requests it is about.
    ///
    /// `stop` ends the waits of requests that are not begun.
    ///
    /// # Errors
    /// What is wrong with the setting, or with the database if waiting for it is of no use.
    pub(crate) async fn open(
        settings: &Settings,
        connector: &str,
        health: Arc<Health>,
        stop: CancellationToken,
    ) -> anyhow::Result<Option<Arc<Self>>> {
        let Some(url) = &settings.ledger_url else { return Ok(None) };
        let wrong = |what: String| anyhow::anyhow!("LEDGER_URL: {what}");
        let store = Store::new(url.reveal()).map_err(wrong)?;
        let (given_back, returned) = mpsc::unbounded_channel();
        let ledger = Arc::new(Self {
            store,
            owner: Uuid::new_v4().simple().to_string(),
            connector: connector.into(),
            lease: settings.ledger_lease.0,
            keep: settings.ledger_keep.0,
            health,
            up: watch::Sender::new(false),
            trouble: Notify::new(),
            n_held: AtomicUsize::new(0),
            given_back,
            stop,
            closed: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        match ledger.store.prepare().await {
            Ok(()) => ledger.found(),
            Err(trouble) if trouble.is_for_good() => return Err(wrong(trouble.to_string())),
            Err(trouble) => ledger.lost(&trouble),
        }
        let keeper = Arc::clone(&ledger);
        ledger.tasks.spawn(async move { keeper.keep(returned).await });
        Ok(Some(ledger))
    }

    /// Whose turn a request is; waits for the process that has it, and for the database, but not beyond `end`.
    ///
    /// # Errors
    /// That there was no turn before `end`, or before this process was told to stop: nothing was begun.
    pub(crate) async fn turn(
        self: &Arc<Self>,
        action: &str,
        request: &str,
        end: Option<Instant>,
    ) -> Result<Turn, Failure> {
        let key = Key {
            connector: Arc::clone(&self.connector),
            action: action.to_owned(),
            request: short(request),
        };
        let mut pause = LOOK_MIN;
        loop {
            match self.once(&key).await {
                Ok(Some(turn)) => return Ok(turn),
                Ok(None) if pause == LOOK_MIN => {
                    counter!(telemetry::LEDGER_WAITS).increment(1);
                    debug!("another process has this request");
                }
                Ok(None) => {}
                Err(trouble) => self.lost(&trouble),
            }
            let wait = async {
                self.back().await;
                time::sleep(pause).await;
            };
            let late = async {
                match end {
                    Some(end) => time::sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = wait => pause = (pause * 2).min(LOOK_MAX),
                () = late => return Err(self.no_turn()),
                () = self.stop.cancelled() => return Err(Failure::held(Hold::Stopping)),
            }
        }
    }

    /// Until the database is there.
    pub(crate) async fn back(&self) {
        let mut up = self.up.subscribe();
        // The sender lives in `self`, so the wait can't fail.
        while !*up.borrow_and_update() && up.changed().await.is_ok() {}
    }

    /// One look at whose turn it is; none while another process has it.
    async fn once(self: &Arc<Self>, key: &Key) -> Result<Option<Turn>, Trouble> {
        if let Some(fence) = self.store.take(key, &self.owner, self.lease, self.keep).await? {
            if fence > 1 {
                counter!(telemetry::LEDGER_TAKEOVERS).increment(1);
                info!("taken over from a process that has not finished this request");
            }
            let held = Held { key: key.clone(), fence };
            return Ok(Some(Turn::Mine(Lease::new(self, held))));
        }
        let text = match self.store.look(key).await? {
            Some((DONE, _, text)) => text,
            Some((COMMITTED, left, _)) if left < 0 => {
                let Some(text) = self.store.presume(key).await? else { return Ok(None) };
                counter!(telemetry::LEDGER_PRESUMED).increment(1);
                warn!("an earlier run ended at its point of no return; its outcome is presumed");
                Some(text)
            }
            _ => return Ok(None),
        };
        let outcome = outcome::read(&text.unwrap_or_default()).unwrap_or_else(|_error| {
            let text = "it was carried out before, but its outcome in the ledger cannot be read";
            Err(Failure::unknown(anyhow::anyhow!(text)).with_note(text))
        });
        Ok(Some(Turn::Done(outcome)))
    }

    /// Until it is there, or away.
    #[cfg(test)]
    pub(crate) async fn is_up(&self, expected: bool) {
        self.up.subscribe().wait_for(|up| *up == expected).await.unwrap();
    }

    /// As a disk of that many pages does it.
    #[cfg(test)]
    pub(crate) async fn limit_pages(&self, n_pages: u32) {
        self.store.limit_pages(n_pages).await;
    }

    fn no_turn(&self) -> Failure {
        let text = if *self.up.borrow() {
            "the same request is still at work in another process"
        } else {
            "the ledger (LEDGER_URL) is away"
        };
        Failure::transient(UNKNOWN_ERROR, anyhow::anyhow!(text)).with_note(text)
    }

    /// The database answers.
    fn found(&self) {
        if !self.up.send_replace(true) {
            info!("the ledger is there");
        }
        gauge!(telemetry::LEDGER_UP).set(1.0);
        self.health.ledger_up();
    }

    /// It does not, or not as it should.
    fn lost(&self, trouble: &Trouble) {
        counter!(telemetry::LEDGER_ERRORS).increment(1);
        gauge!(telemetry::LEDGER_UP).set(0.0);
        if self.up.send_replace(false) {
            warn!("the ledger is away, requests wait: {trouble}");
        }
        self.health.ledger_away(trouble.to_string());
        self.trouble.notify_one();
    }
}

/// What the types of the settings cannot say: names, what is wrong, what would be right.
pub(crate) fn problems(
    settings: &Settings,
) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    const SCHEMES: [&str; 3] = ["sqlite:", "postgres:", "postgresql:"];
    let Settings { ledger_url: url, ledger_lease: lease, ledger_keep: keep, .. } = settings;
    let known = |url: &Secret| SCHEMES.iter().any(|scheme| url.reveal().starts_with(scheme));
    let address = "e.g. sqlite:///var/lib/connector/ledger.db or postgres://user:password@host/db";
    let problems = [
        (
            url.as_ref().is_some_and(|url| !known(url)),
            ("LEDGER_URL", "is no address of a ledger", address),
        ),
        (lease.0 < LEASE_MIN, ("LEDGER_LEASE", "is too short to be renewed in time", "e.g. 15s")),
        (keep.0 < lease.0, ("LEDGER_KEEP", "is shorter than LEDGER_LEASE", "e.g. 7d")),
    ];
    problems.into_iter().filter_map(|(wrong, problem)| wrong.then_some(problem))
}

/// The id as it is, or its digest where it doesn't fit into a column.
fn short(id: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_graphic();
    if id.len() <= ID_BYTES_MAX && id.bytes().all(is_plain) { id.to_owned() } else { digest(id) }
}

/// SHA-256 in hexadecimal, as `sha256sum` prints it.
pub(crate) fn digest(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().fold(String::new(), |mut text, byte| {
        // A `String` takes all that it is given.
        let _written = write!(text, "{byte:02x}");
        text
    })
}
