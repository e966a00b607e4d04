//! A request that a ledger remembers: carried out once, or answered as it was.

use std::sync::Arc;

use metrics::counter;
use tokio::time;
use tracing::debug;

use super::{Again, Request, Runner, far};
use crate::{
    Failure, Object,
    ledger::{self, Ledger, Recorded, Turn},
    telemetry,
};

impl Runner {
    /// The outcome that the ledger has; else this run's own, which it has before anybody is told.
    pub(super) async fn remembered(
        &self,
        ledger: &Arc<Ledger>,
        action: &'static str,
        request: Request,
    ) -> Result<Object, Failure> {
        let id = request.remembered_id();
        let end = request.deadline.map(|it| it.at);
        loop {
            let lease = match ledger.turn(action, &id, end).await? {
                Turn::Mine(lease) => Arc::new(lease),
                Turn::Done(outcome) => {
                    counter!(telemetry::REPEATED).increment(1);
                    debug!("answered before");
                    return outcome;
                }
            };
            let outcome = self.observed(action, request.clone(), Some(Arc::clone(&lease))).await;
            let record = async {
                match (&outcome, request.again) {
                    (Err(_), Again::Success) if !lease.is_committed() => lease.forget().await,
                    _ => lease.record(outcome.as_ref()).await,
                }
            };
            // Whoever waits for the answer over HTTP gets it in time, and then has no reason to ask again.
            match time::timeout_at(far(request.deadline), record).await {
                Ok(Recorded::TakenOver) => {}
                Ok(Recorded::Kept) | Err(_) => return outcome,
            }
        }
    }
}

impl Request {
    /// What the ledger knows it by.
    ///
    /// Over HTTP the same key may come with other inputs: from another caller, or from a task that was reset.
    fn remembered_id(&self) -> String {
        match self.again {
            Again::Anew | Again::Outcome => self.id.clone(),
            Again::Success => {
                let inputs = serde_json::to_string(&self.inputs).unwrap_or_default();
                format!("{}#{}", self.id, ledger::digest(&inputs))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};
    use tokio::time::Instant;

    use super::*;
    use crate::{
        ledger::tests::{File, open},
        settings::{ErrorMode, Settings},
        testing,
    };

    const LONG: Duration = Duration::from_hours(1);

    /// A process of its own, with the ledger in `file`.
    async fn process(file: &File) -> Runner {
        let settings = Settings {
            retry_initial_interval: crate::Period(Duration::from_millis(1)),
            ..Settings::default()
        };
        process_with(file, &settings).await
    }

    async fn process_with(file: &File, settings: &Settings) -> Runner {
        let ledger = open(&file.url(), "it", LONG).await;
        testing::runner(settings).await.with_ledger(Some(ledger))
    }

    async fn ask(runner: &Runner, again: Again, inputs: Value) -> String {
        let request = Request { again, ..testing::request(inputs) };
        match runner.run(request).await {
            Ok(outputs) => Value::Object(outputs).to_string(),
            Err(failure) => failure.to_string(),
        }
    }

    /// How many runs the process has begun.
    async fn runs(runner: &Runner) -> u64 {
        let request = testing::request(json!({"act": "count"}));
        runner.run(request).await.unwrap()["value"].as_u64().unwrap()
    }

    /// What two requests with the same id get, in processes of their own.
    async fn check(again: Again, first: Value, second: Value, expected: [&str; 2]) {
        let file = File::new();
        for (inputs, expected) in [first, second].into_iter().zip(expected) {
            assert_eq!(
                ask(&process(&file).await, again, inputs.clone()).await,
                expected,
                "{inputs}"
            );
        }
    }

    #[tokio::test]
    async fn an_engine_gets_the_same_outcome_whatever_it_was() {
        let gone = "NOT_FOUND: no such order";
        check(Again::Outcome, json!({"act": "business"}), json!({"act": "ok"}), [gone, gone]).await;
        let done = r#"{"value":1,"attempt":1}"#;
        let first = json!({"act": "ok", "value": 1});
        check(Again::Outcome, first, json!({"act": "ok", "value": 2}), [done, done]).await;
        let panic = "UNKNOWN_ERROR: the action panicked";
        check(Again::Outcome, json!({"act": "panic"}), json!({"act": "ok"}), [panic, panic]).await;
    }

    #[tokio::test]
    async fn a_caller_over_http_gets_the_same_success_and_another_try_at_what_failed() {
        let file = File::new();
        let mut counts = Vec::new();
        for inputs in [
            json!({"act": "business"}),
            json!({"act": "business"}),
            json!({"act": "ok", "value": 1}),
            json!({"act": "ok", "value": 1}),
            json!({"act": "ok", "value": 2}),
        ] {
            let process = process(&file).await;
            ask(&process, Again::Success, inputs).await;
            counts.push(runs(&process).await);
        }
        assert_eq!(counts, [1, 1, 1, 0, 1]);
    }

    #[tokio::test]
    async fn a_random_id_leaves_no_trace() {
        let (one, two) = (r#"{"value":1,"attempt":1}"#, r#"{"value":2,"attempt":1}"#);
        let inputs = |n: u32| json!({"act": "ok", "value": n});
        check(Again::Anew, inputs(1), inputs(2), [one, two]).await;
    }

    #[tokio::test]
    async fn a_request_that_was_cut_off_is_carried_out_again() {
        let file = File::new();
        let process = process(&file).await;
        let hang = ask(&process, Again::Outcome, json!({"act": "hang"}));
        assert!(time::timeout(Duration::from_millis(300), hang).await.is_err());
        let done = r#"{"value":null,"attempt":1}"#;
        assert_eq!(ask(&process, Again::Outcome, json!({"act": "ok"})).await, done);
    }

    #[tokio::test]
    async fn a_request_that_was_cut_off_past_its_point_of_no_return_is_not() {
        let file = File::new();
        let process = process(&file).await;
        let hang = json!({"act": "commit hang", "value": 7});
        let hang = ask(&process, Again::Outcome, hang);
        assert!(time::timeout(Duration::from_millis(300), hang).await.is_err());
        let presumed = "UNKNOWN_ERROR: it may have happened: Some(Number(7))";
        assert_eq!(ask(&process, Again::Outcome, json!({"act": "ok"})).await, presumed);
        assert_eq!(ask(&process, Again::Outcome, json!({"act": "ok"})).await, presumed);
    }

    /// A transient failure says that nothing has happened.
    #[tokio::test]
    async fn what_fails_for_the_moment_past_that_point_is_tried_again() {
        let done = r#"{"value":null,"attempt":3}"#;
        let inputs = json!({"act": "commit fail 3"});
        check(Again::Outcome, inputs.clone(), json!({"act": "ok"}), [done, done]).await;
        let gone = "UNKNOWN_ERROR: GET https://example.org: peer says 503";
        let inputs = json!({"act": "commit fail 9"});
        let done = r#"{"value":null,"attempt":1}"#;
        check(Again::Outcome, inputs.clone(), json!({"act": "ok"}), [gone, gone]).await;
        let file = File::new();
        let process = process(&file).await;
        assert_eq!(ask(&process, Again::Success, inputs.clone()).await, gone);
        assert_eq!(ask(&process, Again::Success, inputs).await, gone);
        assert_eq!(runs(&process).await, 6, "a caller over HTTP may try again");
        assert_eq!(ask(&process, Again::Success, json!({"act": "ok"})).await, done);
    }

    /// Its caller can't know either, so it gets no second try.
    #[tokio::test]
    async fn a_run_that_takes_too_long_past_that_point_is_remembered_over_http_too() {
        let file = File::new();
        let settings = Settings {
            run_timeout: crate::Period(Duration::from_millis(200)),
            ..Settings::default()
        };
        let process = process_with(&file, &settings).await;
        let inputs = json!({"act": "commit hang"});
        let late = ask(&process, Again::Success, inputs.clone()).await;
        assert!(late.contains("RUN_TIMEOUT"), "{late}");
        assert_eq!(ask(&process, Again::Success, inputs).await, late);
        assert_eq!(runs(&process).await, 1);
    }

    #[tokio::test]
    async fn no_effect_happens_while_the_ledger_is_away_and_that_is_no_attempt() {
        let file = File::new();
        let ledger = open(&file.url(), "it", LONG).await;
        let runner =
            testing::runner(&Settings::default()).await.with_ledger(Some(Arc::clone(&ledger)));
        let inputs =
            json!({"act": "commit ok", "value": "x".repeat(500_000), "_retry_attempts_": 1});
        ledger.limit_pages(20).await;
        let (told, ()) = tokio::join!(ask(&runner, Again::Outcome, inputs), async {
            ledger.is_up(false).await;
            ledger.limit_pages(1_000_000).await;
        });
        assert!(told.ends_with(r#""attempt":1}"#), "{}", &told[told.len() - 40..]);
        assert!(runs(&runner).await >= 2, "begun again");
    }

    #[tokio::test]
    async fn over_http_nobody_waits_for_the_ledger_for_ever() {
        let file = File::new();
        let ledger = open(&file.url(), "it", LONG).await;
        let runner =
            testing::runner(&Settings::default()).await.with_ledger(Some(Arc::clone(&ledger)));
        ledger.close().await;
        let at = Instant::now() + Duration::from_millis(300);
        let deadline = Some(super::super::Deadline { at, set_by: "HTTP_TIMEOUT" });
        let inputs = json!({"act": "ok"});
        let request = Request { again: Again::Success, deadline, ..testing::request(inputs) };
        let failure = runner.run(request).await.unwrap_err();
        assert_eq!(failure.kind(), "transient");
        assert!(failure.to_string().contains("the ledger (LEDGER_URL) is away"), "{failure}");
        assert_eq!(runs(&runner).await, 0);
    }

    #[tokio::test]
    async fn the_older_style_is_no_reason_to_keep_a_failure_as_a_success() {
        let file = File::new();
        let settings = Settings { error_mode: ErrorMode::Output, ..Settings::default() };
        let process = process_with(&file, &settings).await;
        for _ in 0..2 {
            let told = ask(&process, Again::Success, json!({"act": "business"})).await;
            assert_eq!(told, r#"{"value":404,"testError":"NOT_FOUND: no such order"}"#);
        }
        assert_eq!(runs(&process).await, 2);
    }
}
