//! How often and how long a request is tried: settings, the task's own word, and who knows the peer.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use crate::{
    Failure,
    context::Retry,
    failure::INVALID_INPUT,
    runner::{Deadline, Request},
    schema,
    settings::Settings,
};

/// The inputs that every action has (`names.md` "Every action").
#[derive(Deserialize, JsonSchema)]
struct Reserved {
    #[serde(rename = "_retry_attempts_")]
    attempts: Option<u32>,
    #[serde(rename = "_retry_interval_")]
    interval_ms: Option<u64>,
    #[serde(rename = "_timeout_")]
    timeout_ms: Option<u64>,
}

const RESERVED: [&str; 3] = ["_retry_attempts_", "_retry_interval_", "_timeout_"];
/// More attempts than this are a mistake in the process.
const ATTEMPTS_MAX: u32 = 100;
/// No attempt begins later after the first one.
///
/// RabbitMQ closes the channel of who has kept a request for half an hour (`consumer_timeout`), and gives all requests that were taken from it to others.
pub(crate) const TRYING_MAX: Duration = Duration::from_mins(20);

/// How often and how long a request is tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    attempts: u32,
    pub(crate) interval: Duration,
    multiplier: f32,
    pub(crate) interval_max: Duration,
    pub(crate) run_timeout: Duration,
    set_by_task: SetByTask,
}

/// What of a policy nobody else may change.
#[derive(Clone, Copy, Debug, Default)]
struct SetByTask {
    attempts: bool,
    interval: bool,
}

impl Policy {
    /// What holds where nobody says otherwise.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            attempts: settings.retry_max_attempts,
            interval: settings.retry_initial_interval.0,
            multiplier: settings.retry_multiplier,
            interval_max: settings.retry_max_interval.0,
            run_timeout: settings.run_timeout.0,
            set_by_task: SetByTask::default(),
        }
    }

    /// Takes the reserved inputs out of the request.
    pub(crate) fn of(mut self, request: &mut Request) -> Result<(Self, Option<Deadline>), Failure> {
        let taken = RESERVED.iter().filter_map(|name| request.inputs.shift_remove_entry(*name));
        let reserved: Reserved = schema::inputs(&taken.collect())?;
        if let Some(attempts) = reserved.attempts {
            if attempts > ATTEMPTS_MAX {
                let text = format!("`_retry_attempts_`: {attempts} is more than {ATTEMPTS_MAX}");
                return Err(Failure::business(INVALID_INPUT, text));
            }
            self.attempts = attempts.max(1);
            self.set_by_task.attempts = true;
        }
        if let Some(interval) = reserved.interval_ms {
            self.set_by_task.interval = true;
            self.interval = Duration::from_millis(interval);
            self.interval_max = self.interval_max.max(self.interval);
        }
        self.refuse_long_pauses()?;
        let own = reserved.timeout_ms.map(|it| Deadline {
            at: Instant::now() + Duration::from_millis(it),
            set_by: "_timeout_",
        });
        let both = [own, request.deadline].into_iter().flatten();
        Ok((self, both.min_by_key(|it| it.at)))
    }

    /// Fails where the task asks for pauses that [`TRYING_MAX`] would cut short, deadline or not.
    fn refuse_long_pauses(&self) -> Result<(), Failure> {
        let name = match self.set_by_task {
            SetByTask { interval: true, .. } => "_retry_interval_",
            SetByTask { attempts: true, .. } => "_retry_attempts_",
            SetByTask { .. } => return Ok(()),
        };
        let pauses = self.backoff().build();
        if pauses.fold(Duration::ZERO, Duration::saturating_add) <= TRYING_MAX {
            return Ok(());
        }
        let text = format!(
            "`{name}`: the pauses between {} attempts, from {} ms on, are longer than {} minutes in all; a timer in the process can wait longer",
            self.attempts,
            self.interval.as_millis(),
            TRYING_MAX.as_secs() / 60
        );
        Err(Failure::business(INVALID_INPUT, text))
    }

    /// With what whoever knows the peer says, where the task has not said it.
    pub(crate) fn advised(mut self, retry: Option<&Retry>) -> Self {
        let Some(retry) = retry else { return self };
        let SetByTask { attempts, interval } = self.set_by_task;
        if let (Some(advised), false) = (retry.attempts, attempts) {
            self.attempts = advised.clamp(1, ATTEMPTS_MAX);
        }
        self.multiplier = retry.multiplier.unwrap_or(self.multiplier).max(1.0);
        self.interval_max = retry.interval_max.unwrap_or(self.interval_max);
        if let (Some(advised), false) = (retry.interval, interval) {
            self.interval = advised;
        }
        self.interval_max = self.interval_max.max(self.interval);
        self
    }

    /// The pauses between the attempts: growing, and spread so that replicas do not come back together.
    ///
    /// Whole milliseconds, as the timer counts, which would round each up and beyond its bound otherwise.
    pub(crate) fn pauses(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        self.backoff().with_jitter().build().map(|it| {
            Duration::from_secs(it.as_secs()) + Duration::from_millis(it.subsec_millis().into())
        })
    }

    fn backoff(&self) -> ExponentialBuilder {
        ExponentialBuilder::default()
            .with_min_delay(self.interval)
            .with_factor(self.multiplier)
            .with_max_delay(self.interval_max)
            .with_max_times(self.attempts as usize - 1)
    }
}
