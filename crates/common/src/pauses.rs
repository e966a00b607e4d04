//! Pauses between tries that go on for as long as it takes.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// Pauses without an end, growing from one bound to the other, and spread so that replicas do not come back together.
pub(crate) struct Pauses {
    growing: ExponentialBackoff,
    max: Duration,
}

impl Pauses {
    pub(crate) fn between(min: Duration, max: Duration) -> Self {
        let growing = ExponentialBuilder::default()
            .with_min_delay(min)
            .with_max_delay(max)
            .without_max_times()
            .with_jitter()
            .build();
        Self { growing, max }
    }

    pub(crate) fn next(&mut self) -> Duration {
        self.growing.next().unwrap_or(self.max)
    }
}
