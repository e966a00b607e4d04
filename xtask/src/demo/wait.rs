//! Waiting for something, and noticing meanwhile that somebody wants us to stop.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
};

const PAUSE: Duration = Duration::from_millis(20);

/// Whether somebody pressed Ctrl-C, closed the terminal or told the process to stop.
///
/// It is only remembered: what was started is stopped where it is owned, when its owner is dropped.
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on.
    ///
    /// # Errors
    ///
    /// When the system doesn't allow it.
    pub(super) fn listen() -> Result<Self> {
        let came = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            flag::register(signal, Arc::clone(&came))
                .with_context(|| format!("signal {signal}"))?;
        }
        Ok(Self(came))
    }

    /// Listens to nobody.
    #[cfg(test)]
    pub(super) fn never() -> Self {
        Self(Arc::default())
    }

    pub(super) fn came(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// # Errors
    ///
    /// When it came.
    pub(super) fn check(&self) -> Result<()> {
        ensure!(!self.came(), "interrupted");
        Ok(())
    }
}

/// Asks `probe` again and again until it finds something.
///
/// # Errors
///
/// When `probe` has one, when nothing is found within `longest`, and when interrupted.
pub(super) fn until<T>(
    what: &str,
    longest: Duration,
    interrupt: &Interrupt,
    mut probe: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let end = Instant::now() + longest;
    loop {
        if let Some(found) = probe()? {
            return Ok(found);
        }
        interrupt.check()?;
        if Instant::now() > end {
            bail!("{what}: not within {} s", longest.as_secs());
        }
        thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interrupt(came: bool) -> Interrupt {
        Interrupt(Arc::new(AtomicBool::new(came)))
    }

    fn check(came: bool, mut probe: impl FnMut() -> Result<Option<u8>>, expected: &str) {
        let outcome = until("the moon", Duration::ZERO, &interrupt(came), &mut probe);
        let told = outcome.map_or_else(|error| error.to_string(), |found| format!("found {found}"));
        assert_eq!(told, expected);
    }

    #[test]
    fn what_never_comes_is_named() {
        check(false, || Ok(None), "the moon: not within 0 s");
    }

    #[test]
    fn an_error_ends_the_waiting() {
        check(false, || bail!("no sky"), "no sky");
    }

    #[test]
    fn an_interrupt_ends_the_waiting() {
        check(true, || Ok(None), "interrupted");
    }

    #[test]
    fn what_comes_late_is_found() {
        let mut asked = 0;
        let probe = || {
            asked += 1;
            Ok((asked > 2).then_some(asked))
        };
        let found = until("", Duration::from_mins(1), &interrupt(false), probe);
        assert_eq!(found.unwrap(), 3);
    }
}
