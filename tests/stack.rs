//! What the tests run against: a broker, the connectors, the engine's side; and how they wait.

mod broker;
mod certificates;
mod connector;
mod container;
mod mail;
mod node;
mod postgres;
mod watchdog;

use std::{
    net::TcpListener,
    process,
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};

use tokio::time::{self, Instant};

pub(crate) use self::{
    broker::Broker,
    certificates::Certificates,
    connector::{Connector, PERSON, REST, SECRET, binaries},
    mail::MailServer,
    postgres::Postgres,
    watchdog::Watchdog,
};

/// How long a test waits for something that should happen soon.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Asks `probe` again and again until it has an answer; panics after [`PATIENCE`].
pub(crate) async fn eventually<T>(what: &str, probe: impl AsyncFnMut() -> Option<T>) -> T {
    within(PATIENCE, what, probe).await
}

/// Asks `probe` again and again until it has an answer; panics after `patience`.
pub(crate) async fn within<T>(
    patience: Duration,
    what: &str,
    mut probe: impl AsyncFnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(answer) = probe().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "not within {patience:?}: {what}");
        time::sleep(Duration::from_millis(20)).await;
    }
}

impl Postgres {
    /// One that a test may stop and kill. Where that is impossible the test ends, saying so.
    pub(crate) fn private() -> Option<Self> {
        let postgres = Self::start(free_port());
        if postgres.is_none() {
            assert!(setting("CI").is_none(), "{}", postgres::INSTALL);
            eprintln!("skipped: {}", postgres::INSTALL);
        }
        postgres
    }
}

/// A name that no other test, and no other run on the same broker, uses.
pub(crate) fn unique(name: &str) -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    format!("{name}-{}", &id[..12])
}

/// A port of this machine that nobody listens on, below those that outgoing connections take.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Two test processes at once start at different places.
    let start = u16::try_from(process::id() % 80).unwrap() * 200;
    loop {
        let port = 12_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A setting of the tests themselves; empty means not given.
#[expect(clippy::disallowed_methods, reason = "the tests' own settings, not a connector's")]
pub(crate) fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
