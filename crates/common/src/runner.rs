//! Request → outcome, whichever engine asks: retries, deadline, panic isolation.

mod remembered;

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use metrics::counter;
use tokio::{
    sync::Semaphore,
    time::{self, Instant},
};
use tracing::{Instrument, debug, info, info_span, warn};

use crate::{
    Failure, Object,
    connected::Connected,
    context::Call,
    failure::Hold,
    ledger::{Lease, Ledger},
    meters::Meters,
    policy::{Policy, TRYING_MAX},
    settings::{ErrorMode, Settings},
    telemetry,
};

/// What an engine wants done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) action: String,
    /// The same on every delivery.
    pub(crate) id: String,
    pub(crate) business_key: Option<String>,
    pub(crate) process_instance: Option<String>,
    pub(crate) inputs: Object,
    pub(crate) traceparent: Option<String>,
    /// When whoever asked stops waiting, and the setting that says so.
    pub(crate) deadline: Option<Deadline>,
    pub(crate) dry_run: bool,
    pub(crate) again: Again,
    /// The most bytes of a body at whoever asked, where that is over HTTP.
    pub(crate) http_body_max: Option<u64>,
}

/// What a second request with the same id gets, where a ledger remembers the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Again {
    /// It is carried out: nobody asks twice with this id.
    #[default]
    Anew,
    /// The same success; what failed, or has other inputs, is carried out (`answers.md` 5).
    Success,
    /// The same outcome, whatever it was (`activiti-cloud.md` §11 A5).
    Outcome,
}

/// A moment, and the name of what set it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    pub(crate) set_by: &'static str,
}

/// Runs the actions of one connector.
pub(crate) struct Runner {
    pub(crate) connected: Connected,
    defaults: Policy,
    rate_wait_max: Duration,
    error_mode: ErrorMode,
    slots: Arc<Semaphore>,
    ledger: Option<Arc<Ledger>>,
    meters: Meters,
}

impl Runner {
    pub(crate) fn new(connected: Connected, settings: &Settings) -> Self {
        Self {
            meters: Meters::new(connected.names()),
            connected,
            defaults: Policy::new(settings),
            rate_wait_max: settings.rate_wait_max.0,
            error_mode: settings.error_mode,
            slots: Arc::new(Semaphore::new(settings.concurrency as usize)),
            ledger: None,
        }
    }

    /// With a memory that outlives the process.
    pub(crate) fn with_ledger(self, ledger: Option<Arc<Ledger>>) -> Self {
        Self { ledger, ..self }
    }

    /// The outcome of a request; failures are logged here and nowhere else.
    pub(crate) async fn run(&self, mut request: Request) -> Result<Object, Failure> {
        let span = info_span!(
            "request",
            action = request.action,
            id = request.id,
            process_instance = request.process_instance,
            business_key = request.business_key,
        );
        request.traceparent = telemetry::join_trace(&span, request.traceparent.take());
        let action = self.connected.known(&request.action);
        // The codes of SpiffArena's own commands are part of their contract.
        let keeps_codes = action.is_some_and(|it| self.connected.arena_command(it).is_some());
        let outcome = match (&self.ledger, action) {
            (Some(ledger), Some(action)) if request.again != Again::Anew => {
                // Boxed, as whatever takes a ledger: the others go without the room for it.
                Box::pin(self.remembered(ledger, action, request).instrument(span)).await
            }
            _ => self.observed(action.unwrap_or("unknown"), request, None).instrument(span).await,
        };
        match (outcome, self.error_mode) {
            (Err(failure), ErrorMode::Output) if !failure.is_silent() && !keeps_codes => {
                Ok(self.as_outputs(failure))
            }
            (outcome, _) => outcome,
        }
    }

    async fn observed(
        &self,
        action: &'static str,
        request: Request,
        lease: Option<Arc<Lease>>,
    ) -> Result<Object, Failure> {
        let meter = self.meters.of(action);
        let start = Instant::now();
        let in_flight = self.meters.in_flight();
        let outcome = self.attempts(action, request, lease.as_ref()).await;
        drop(in_flight);
        if outcome.as_ref().is_err_and(|failure| failure.hold().is_some()) {
            return outcome;
        }
        let elapsed = start.elapsed();
        let word = meter.count(&outcome, elapsed);
        let ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        match &outcome {
            Ok(_) => debug!(ms, "done"),
            Err(failure) if failure.preview().is_some() => {}
            Err(failure) => {
                let report = failure.report();
                let note = report.note.as_deref();
                warn!(kind = word, code = report.code, status = report.status, note, ms, "failed");
            }
        }
        outcome
    }

    /// The older style: the task succeeds, and an output carries the text.
    fn as_outputs(&self, mut failure: Failure) -> Object {
        let text = failure.to_string();
        let mut outputs = failure.take_outputs();
        outputs.insert(self.connected.error_output.to_owned(), text.into());
        outputs
    }

    /// Tries a transient failure again, as often as the engine's own connectors do.
    async fn attempts(
        &self,
        action: &'static str,
        mut request: Request,
        lease: Option<&Arc<Lease>>,
    ) -> Result<Object, Failure> {
        let start = Instant::now();
        let (policy, deadline) = self.defaults.of(&mut request)?;
        let mut pauses = None;
        let mut rate_wait = Duration::ZERO;
        let mut attempt = 1;
        loop {
            let left = self.rate_wait_max.saturating_sub(rate_wait);
            let call = call(&request, attempt, left, deadline, lease);
            let failure = match self.attempt(&request, &call, &policy, deadline, lease).await {
                Err(failure) => failure,
                outputs => return outputs,
            };
            if let (Some(Hold::LedgerAway), Some(lease)) = (failure.hold(), lease) {
                // Nothing has happened yet, so this is no attempt.
                lease.free_slot();
                if time::timeout_at(far(deadline), lease.ledger_back()).await.is_err() {
                    return Err(out_of_time(start, deadline.map_or("", |it| it.set_by)));
                }
                continue;
            }
            let policy = policy.advised(call.retry.get());
            let pauses = pauses.get_or_insert_with(|| policy.pauses());
            let Failure::Transient { report, retry_after, rate_limited } = &failure else {
                return Err(failure);
            };
            if failure.hold().is_some() {
                return Err(failure);
            }
            if let Some(lease) = lease {
                Box::pin(lease.take_back()).await;
                lease.free_slot();
            }
            let pause = if *rate_limited {
                let pause = retry_after.unwrap_or(policy.interval);
                rate_wait += pause;
                (rate_wait <= self.rate_wait_max).then_some(pause)
            } else {
                attempt += 1;
                let longest = policy.interval_max;
                pauses.next().map(|it| retry_after.map_or(it, |asked| asked.max(it)).min(longest))
            };
            let Some(pause) = pause else { return Err(failure) };
            let last = deadline.map_or(start + TRYING_MAX, |it| it.at.min(start + TRYING_MAX));
            if Instant::now().checked_add(pause).is_none_or(|it| it >= last) {
                return Err(failure);
            }
            let ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            let note = report.note.as_deref();
            info!(attempt, code = report.code, note, pause_ms = ms, "trying again");
            counter!(telemetry::RETRIES, "action" => action).increment(1);
            time::sleep(pause).await;
        }
    }

    /// One run, which neither panics nor takes forever.
    async fn attempt(
        &self,
        request: &Request,
        call: &Arc<Call>,
        policy: &Policy,
        deadline: Option<Deadline>,
        lease: Option<&Arc<Lease>>,
    ) -> Result<Object, Failure> {
        let start = Instant::now();
        let slot = Arc::clone(&self.slots).acquire_owned();
        let Ok(slot) = time::timeout_at(far(deadline), slot).await else {
            return Err(out_of_time(start, deadline.map_or("", |it| it.set_by)));
        };
        let slot = slot.map_err(Failure::unknown)?;
        let _slot = match lease {
            // Until the outcome is kept: so no more effects are unrecorded than may be at work.
            Some(lease) => lease.keep_slot(slot),
            None => Some(slot),
        };
        let own = Deadline { at: Instant::now() + policy.run_timeout, set_by: "RUN_TIMEOUT" };
        let end = deadline.filter(|it| it.at < own.at).unwrap_or(own);
        // `timeout_at` would let it begin, and what has begun may have acted.
        if end.at <= Instant::now() {
            return Err(out_of_time(start, end.set_by));
        }
        let run = self.connected.invoke(&request.action, Arc::clone(call), &request.inputs);
        match time::timeout_at(end.at, AssertUnwindSafe(run).catch_unwind()).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_panic)) => Err(Failure::technical("the action panicked").with_note("panic")),
            Err(_elapsed) => Err(out_of_time(start, end.set_by)),
        }
    }
}

/// What an attempt is told, which may wait for `rate_wait` in all.
fn call(
    request: &Request,
    attempt: u32,
    rate_wait: Duration,
    deadline: Option<Deadline>,
    lease: Option<&Arc<Lease>>,
) -> Arc<Call> {
    let until_deadline = deadline.map(|it| it.at.saturating_duration_since(Instant::now()));
    Arc::new(Call {
        request_id: request.id.clone(),
        business_key: request.business_key.clone(),
        attempt,
        traceparent: request.traceparent.clone(),
        dry_run: request.dry_run,
        http_body_max: request.http_body_max,
        lease: lease.cloned(),
        rate_wait: until_deadline.map_or(rate_wait, |it| it.min(rate_wait)),
        ..Call::default()
    })
}

/// The deadline, or a moment that no request lives to see.
fn far(deadline: Option<Deadline>) -> Instant {
    deadline.map_or_else(|| Instant::now() + Duration::from_hours(24), |it| it.at)
}

fn out_of_time(start: Instant, set_by: &str) -> Failure {
    let text = format!("no outcome within {:.1} s ({set_by})", start.elapsed().as_secs_f32());
    Failure::unknown(anyhow::anyhow!(text.clone())).with_status(504).with_note(text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing;

    /// The outcome as text, and the milliseconds it took on the paused clock.
    async fn outcome(settings: &Settings, inputs: Value) -> (String, u64) {
        let runner = testing::runner(settings).await;
        let start = Instant::now();
        let outcome = runner.run(testing::request(inputs)).await;
        let text = match outcome {
            Ok(outputs) => Value::Object(outputs).to_string(),
            Err(failure) => format!("{} {failure}", failure.kind()),
        };
        (text, u64::try_from(start.elapsed().as_millis()).unwrap())
    }

    async fn check(inputs: Value, expected: &str) -> u64 {
        let (got, ms) = outcome(&Settings::default(), inputs.clone()).await;
        assert_eq!(got, expected, "{inputs}");
        ms
    }

    #[tokio::test(start_paused = true)]
    async fn wrong_inputs_are_told_by_name() {
        check(json!({}), "business MISSING_INPUT: `act` is missing").await;
        check(json!({"act": null}), "business MISSING_INPUT: `act` is missing").await;
        let wrong = "business INVALID_INPUT: `number`: invalid type: string \"x\", expected u32";
        check(json!({"act": "ok", "number": "x"}), wrong).await;
        let wrong =
            "business INVALID_INPUT: `_timeout_`: invalid type: string \"0xFF\", expected u64";
        check(json!({"act": "ok", "_timeout_": "0xFF"}), wrong).await;
    }

    #[tokio::test(start_paused = true)]
    async fn more_attempts_and_longer_pauses_than_a_broker_waits_for_are_refused() {
        let refused = async |inputs: Value, expected: &str| {
            let expected = format!("business INVALID_INPUT: {expected}");
            assert_eq!(check(inputs, &expected).await, 0);
        };
        let pauses = |name: &str, attempts: u32, ms: u64| {
            format!(
                "`{name}`: the pauses between {attempts} attempts, from {ms} ms on, are longer than \
                 20 minutes in all; a timer in the process can wait longer"
            )
        };
        let text = "`_retry_attempts_`: 101 is more than 100";
        refused(json!({"act": "ok", "_retry_attempts_": 101}), text).await;
        for ms in [600_001, u64::MAX] {
            let text = pauses("_retry_interval_", 3, ms);
            refused(json!({"act": "ok", "_retry_interval_": ms}), &text).await;
        }
        let both = json!({"act": "ok", "_retry_attempts_": 100, "_retry_interval_": 12_500});
        refused(both, &pauses("_retry_interval_", 100, 12_500)).await;
        // As much as there may be, and what is never waited for.
        let done = r#"{"value":null,"attempt":1}"#;
        for inputs in [
            json!({"act": "ok", "_retry_interval_": 600_000}),
            json!({"act": "ok", "_retry_attempts_": 100}),
            json!({"act": "ok", "_retry_attempts_": 1, "_retry_interval_": u64::MAX}),
        ] {
            check(inputs, done).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_end_before_a_broker_takes_the_request_back() {
        let patient = |minutes| Settings {
            retry_max_attempts: 50,
            retry_initial_interval: crate::Period(Duration::from_mins(minutes)),
            retry_max_interval: crate::Period(Duration::MAX),
            retry_multiplier: 1.0,
            ..Settings::default()
        };
        for (minutes, at_least) in [(5, 10), (25, 0), (u64::MAX / 60, 0)] {
            let (text, ms) = outcome(&patient(minutes), json!({"act": "fail 50"})).await;
            assert!(text.starts_with("transient UNKNOWN_ERROR"), "{text}");
            assert!((at_least * 60_000..20 * 60_000).contains(&ms), "{minutes} min: {ms} ms");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn texts_become_what_the_action_wants() {
        let expected = r#"{"value":25,"attempt":1}"#;
        check(json!({"act": "ok", "number": " 25 ", "other": 1}), expected).await;
        check(json!({"doing": "ok", "number": 25}), expected).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_transient_failure_is_tried_three_times_with_growing_pauses() {
        let ms = check(json!({"act": "fail 3"}), r#"{"value":null,"attempt":3}"#).await;
        assert!((3_000..6_000).contains(&ms), "1 s and 2 s, and jitter: {ms}");
        let text = "transient UNKNOWN_ERROR: GET https://example.org: peer says 503";
        check(json!({"act": "fail 4"}), text).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_sets_its_own_attempts_and_pauses() {
        let once = json!({"act": "fail 2", "_retry_attempts_": "1"});
        let ms =
            check(once, "transient UNKNOWN_ERROR: GET https://example.org: peer says 503").await;
        assert_eq!(ms, 0);
        let five = json!({"act": "fail 5", "_retry_attempts_": 5, "_retry_interval_": 10});
        let ms = check(five, r#"{"value":null,"attempt":5}"#).await;
        assert!(ms < 400, "{ms}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_knows_the_peer_sets_what_the_task_does_not() {
        let text = "transient UNKNOWN_ERROR: GET https://example.org: peer says 503";
        let ms = check(json!({"act": "advised 1"}), text).await;
        assert_eq!(ms, 0);
        // Jitter adds up to the pause itself.
        let ms = check(json!({"act": "advised 5"}), text).await;
        assert!((40..80).contains(&ms), "four pauses of 10 ms: {ms}");
        let ms = check(json!({"act": "advised 5", "_retry_attempts_": 2}), text).await;
        assert!((10..20).contains(&ms), "one pause: {ms}");
        let own = json!({"act": "advised 2", "_retry_interval_": 1000});
        let ms = check(own, text).await;
        assert!((1000..2000).contains(&ms), "one pause of the task's: {ms}");
    }

    #[tokio::test(start_paused = true)]
    async fn permanent_and_business_failures_are_not_repeated() {
        let ms = check(json!({"act": "business"}), "business NOT_FOUND: no such order").await;
        assert_eq!(ms, 0);
        let text = "permanent UNKNOWN_ERROR: GET https://example.org: peer says 503";
        assert_eq!(check(json!({"act": "permanent"}), text).await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_a_rate_limit_is_no_attempt_and_is_bounded() {
        let ms = check(json!({"act": "limited 20000"}), r#"{"value":null,"attempt":1}"#).await;
        assert_eq!(ms, 20_000);
        let text = "transient UNKNOWN_ERROR: GET https://example.org: peer says 503";
        assert_eq!(check(json!({"act": "limited 31000"}), text).await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_fails_its_request_only() {
        let text = "permanent UNKNOWN_ERROR: the action panicked";
        check(json!({"act": "panic"}), text).await;
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_takes_forever_and_what_ran_out_is_named() {
        let text = "permanent UNKNOWN_ERROR: no outcome within 60.0 s (RUN_TIMEOUT)";
        assert_eq!(check(json!({"act": "hang"}), text).await, 60_000);
        let text = "permanent UNKNOWN_ERROR: no outcome within 2.0 s (_timeout_)";
        assert_eq!(check(json!({"act": "hang", "_timeout_": "2000"}), text).await, 2_000);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_a_free_slot_is_bounded_too() {
        let settings = Settings { concurrency: 1, ..Settings::default() };
        let runner = testing::runner(&settings).await;
        let busy = runner.run(testing::request(json!({"act": "hang"})));
        let waiting = runner.run(testing::request(json!({"act": "ok", "_timeout_": 100})));
        let (_, waited) = tokio::join!(busy, waiting);
        let text = waited.unwrap_err().to_string();
        assert_eq!(text, "UNKNOWN_ERROR: no outcome within 0.1 s (_timeout_)");
    }

    #[tokio::test(start_paused = true)]
    async fn no_attempt_begins_after_the_deadline() {
        let text = "transient UNKNOWN_ERROR: GET https://example.org: peer says 503";
        assert_eq!(check(json!({"act": "fail 2", "_timeout_": 500}), text).await, 0);
        let text = "permanent UNKNOWN_ERROR: no outcome within 0.0 s (_timeout_)";
        check(json!({"act": "ok", "_timeout_": 0}), text).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_older_style_puts_the_text_into_an_output() {
        let settings = Settings { error_mode: ErrorMode::Output, ..Settings::default() };
        for (inputs, expected) in [
            (json!({"act": "business"}), r#"{"value":404,"testError":"NOT_FOUND: no such order"}"#),
            (json!({}), r#"{"testError":"MISSING_INPUT: `act` is missing"}"#),
        ] {
            assert_eq!(outcome(&settings, inputs).await.0, expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn warnings_are_an_output() {
        let expected = r#"{"value":null,"attempt":1,"warnings":["done differently"]}"#;
        check(json!({"act": "warn"}), expected).await;
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_action_names_those_there_are() {
        let runner = testing::runner(&Settings::default()).await;
        let request = Request { action: "SING".to_owned(), ..Request::default() };
        let failure = runner.run(request).await.unwrap_err();
        assert_eq!(failure.to_string(), "UNKNOWN_ERROR: no action `SING`; there are RUN");
    }

    #[tokio::test(start_paused = true)]
    async fn a_dry_run_shows_and_does_nothing() {
        let runner = testing::runner(&Settings::default()).await;
        let request = Request { dry_run: true, ..testing::request(json!({"act": "panic"})) };
        assert_eq!(runner.run(request).await.unwrap_err().preview(), Some("would panic"));
    }
}
