//! The metrics of requests, looked up once: a look-up by name and labels for each request costs more than the counting.

use std::{collections::HashMap, sync::OnceLock, time::Duration};

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use crate::{Failure, Object, telemetry};

/// The label of requests for actions that there are not.
const UNKNOWN: &str = "unknown";

/// By action; each metric is there from the first request that it counts.
pub(crate) struct Meters {
    in_flight: OnceLock<Gauge>,
    actions: HashMap<&'static str, Meter>,
    unknown: Meter,
}

pub(crate) struct Meter {
    action: &'static str,
    duration: OnceLock<Histogram>,
    /// `ok`, `business`, `transient`, `permanent`.
    outcomes: [OnceLock<Counter>; 4],
}

/// A request at work, for as long as this lives.
pub(crate) struct InFlight<'a>(&'a Gauge);

impl Meters {
    pub(crate) fn new(actions: impl Iterator<Item = &'static str>) -> Self {
        Self {
            in_flight: OnceLock::new(),
            actions: actions.map(|action| (action, Meter::new(action))).collect(),
            unknown: Meter::new(UNKNOWN),
        }
    }

    pub(crate) fn of(&self, action: &str) -> &Meter {
        self.actions.get(action).unwrap_or(&self.unknown)
    }

    pub(crate) fn in_flight(&self) -> InFlight<'_> {
        let gauge = self.in_flight.get_or_init(|| gauge!(telemetry::IN_FLIGHT));
        gauge.increment(1);
        InFlight(gauge)
    }
}

impl Meter {
    fn new(action: &'static str) -> Self {
        Self { action, duration: OnceLock::new(), outcomes: Default::default() }
    }

    /// Counts an outcome; says its word.
    pub(crate) fn count(
        &self,
        outcome: &Result<Object, Failure>,
        elapsed: Duration,
    ) -> &'static str {
        let action = self.action;
        let duration = || histogram!(telemetry::REQUEST_DURATION, "action" => action);
        self.duration.get_or_init(duration).record(elapsed.as_secs_f64());
        let place = match outcome {
            Ok(_) => 0,
            Err(Failure::Business(_)) => 1,
            Err(Failure::Transient { .. }) => 2,
            Err(Failure::Permanent(_)) => 3,
        };
        let word = outcome.as_ref().map_or_else(Failure::kind, |_| "ok");
        let requests = || counter!(telemetry::REQUESTS, "action" => action, "outcome" => word);
        self.outcomes[place].get_or_init(requests).increment(1);
        word
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}
