//! The input `pollUntil`: repeats the call until the answer is as the task wants it.

use std::time::Duration;

use common::{Failure, Object};
use http::{StatusCode, header::LOCATION};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout_at};

use crate::{
    condition::{self, Condition, Rule, Verdict},
    error::ErrorCode,
    expression::Scope,
    input::{Milliseconds, object_or},
    onward::{Hosts, Onward},
    outcome,
    response::{Answer, Reading},
};

/// The pause between two calls where neither the task nor the peer asks for another one.
const INTERVAL: Duration = Duration::from_secs(2);
/// How long it goes on where the task says nothing: less than `RUN_TIMEOUT`, whose end says less.
const DEADLINE: Duration = Duration::from_secs(50);

/// When to stop asking.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(with = "Value")]
pub(crate) struct PollUntil {
    until: [Rule; 1],
    fail_on: Vec<Rule>,
    interval: Duration,
    deadline: Duration,
    location: Location,
}

/// What the `Location` of a 202 means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Location {
    Ignored,
    /// Where to ask from then on.
    Followed,
}

/// As it is written, without the members of the condition.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Written {
    fail_on: Option<Value>,
    interval: Option<Milliseconds>,
    deadline: Option<Milliseconds>,
    follow_location: bool,
}

/// The answer for which the condition holds.
///
/// # Errors
/// Those of the first call; `REQUEST_TIMEOUT` when the deadline passes; what `failOn` says.
pub(crate) async fn wait(
    mut onward: Onward<'_>,
    poll: &PollUntil,
) -> Result<(Answer, Reading), Failure> {
    let end = Instant::now() + poll.deadline;
    let mut last = Last::default();
    loop {
        let Ok(outcome) = timeout_at(end, onward.call()).await else {
            return Err(poll.too_late(&onward, &last));
        };
        let asked = match outcome {
            Ok((answer, reading)) => {
                match poll.judge(&answer, &reading).await? {
                    Judgement::Holds => {
                        if let Some(warning) = &reading.warning {
                            onward.rest.warn(warning);
                        }
                        return Ok((answer, reading));
                    }
                    Judgement::Failed(Verdict { code }) => {
                        let code = code.unwrap_or_else(|| "UNKNOWN_ERROR".to_owned());
                        return Err(outcome::of_answer(&onward.request, &answer, Some(&code)));
                    }
                    Judgement::NotYet => (),
                }
                if poll.location == Location::Followed && answer.status == StatusCode::ACCEPTED {
                    follow(&mut onward, &answer)?;
                }
                let asked = outcome::retry_after(&answer);
                last = Last {
                    told: format!("the last answer was {}", answer.status.as_u16()),
                    status: None,
                    outputs: answer.outputs(reading.result),
                };
                asked
            }
            // Bad weather between two polls is no end: the call that matters has been made.
            Err(Failure::Transient { report, retry_after, .. }) if onward.n_calls > 1 => {
                last = Last {
                    status: report.status,
                    outputs: report.outputs.clone(),
                    told: format!("at last {}", Failure::Permanent(report)),
                };
                retry_after
            }
            Err(failure) => return Err(failure),
        };
        let pause = asked.unwrap_or(poll.interval);
        if Instant::now() + pause >= end {
            return Err(poll.too_late(&onward, &last));
        }
        sleep(pause).await;
    }
}

/// How the last call ended, for when there is no time for another one.
struct Last {
    told: String,
    /// Of an error.
    status: Option<u16>,
    outputs: Object,
}

impl Default for Last {
    fn default() -> Self {
        Self { told: "there was no answer".to_owned(), status: None, outputs: Object::new() }
    }
}

enum Judgement {
    Holds,
    Failed(Verdict),
    NotYet,
}

fn follow(onward: &mut Onward, answer: &Answer) -> Result<(), Failure> {
    let Some(location) = answer.headers.get(LOCATION).and_then(|it| it.to_str().ok()) else {
        return Ok(());
    };
    onward.ask_only();
    onward.follow(location, answer, Hosts::Same)
}

impl PollUntil {
    /// Refuses wrong expressions before anything is called.
    pub(crate) async fn check(&self) -> Result<(), Failure> {
        condition::check(&self.until, "pollUntil").await?;
        condition::check(&self.fail_on, "pollUntil").await
    }

    async fn judge(&self, answer: &Answer, reading: &Reading) -> Result<Judgement, Failure> {
        let headers = answer.header_object();
        let status = answer.status.as_u16();
        let scope = Scope { body: &reading.result, status, headers: &headers };
        if let Some(verdict) = condition::first(&self.fail_on, "pollUntil", &scope).await? {
            return Ok(Judgement::Failed(verdict));
        }
        let holds = condition::first(&self.until, "pollUntil", &scope).await?.is_some();
        Ok(if holds { Judgement::Holds } else { Judgement::NotYet })
    }

    fn too_late(&self, onward: &Onward, last: &Last) -> Failure {
        let request = &onward.request;
        let text = format!(
            "{}: `pollUntil` did not hold within {} ms and {} calls, {}",
            outcome::target(request),
            self.deadline.as_millis(),
            onward.n_calls,
            last.told
        );
        let source = anyhow::anyhow!(request.mask.text(&text));
        let failure = Failure::permanent(ErrorCode::RequestTimeout, source)
            .with_outputs(request.mask.object(last.outputs.clone()))
            .with_note(format_args!("{} was not ready in time", outcome::host(request)));
        match last.status {
            Some(status) => failure.with_status(status),
            None => failure,
        }
    }
}

impl<'de> Deserialize<'de> for PollUntil {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Value::Object(mut members) = object_or(Value::deserialize(deserializer)?) else {
            let text = "an object is wanted, e.g. `{\"path\": \"$.state\", \"equals\": \"done\"}`";
            return Err(D::Error::custom(text));
        };
        let names = ["failOn", "interval", "deadline", "followLocation"];
        let own = names.iter().filter_map(|it| members.shift_remove_entry(*it)).collect();
        let own: Written = serde_json::from_value(Value::Object(own)).map_err(D::Error::custom)?;
        let until: Condition = serde_json::from_value(json!(members)).map_err(D::Error::custom)?;
        let rules = match own.fail_on {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(rules)) => rules,
            Some(rule) => vec![rule],
        };
        let rules = rules.into_iter().map(serde_json::from_value).collect::<Result<_, _>>();
        Ok(Self {
            until: [until.into()],
            fail_on: rules.map_err(|error| D::Error::custom(format_args!("`failOn`: {error}")))?,
            interval: own.interval.map_or(INTERVAL, Milliseconds::duration),
            deadline: own.deadline.map_or(DEADLINE, Milliseconds::duration),
            location: if own.follow_location { Location::Followed } else { Location::Ignored },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(poll: &Value, expected: &str) {
        let told = PollUntil::deserialize(poll).unwrap_err().to_string();
        assert!(told.starts_with(expected), "{poll}: {told}");
    }

    #[test]
    fn what_is_no_end_is_refused() {
        refused(&json!("done"), "an object is wanted");
        refused(&json!({}), "one of `status`, `path` and `jq` is needed");
        refused(&json!({"interval": 5}), "one of `status`, `path` and `jq` is needed");
        refused(&json!({"equals": 1, "status": 200}), "`equals` and `in` need `path`");
        refused(&json!({"path": "$.a", "equals": 1, "in": [1]}), "`equals` and `in` exclude");
        refused(&json!({"path": "a"}), "`a` is neither a JSONPath");
        refused(&json!({"status": "2x"}), "`2x` is neither a status nor a range");
        refused(&json!({"status": 200, "code": "X"}), "`code` belongs to errors");
        refused(&json!({"status": 200, "untill": 1}), "unknown field `untill`");
        refused(&json!({"status": 200, "interval": 0}), "milliseconds between 1 and a day");
        refused(&json!({"status": 200, "failOn": {"code": "X"}}), "`failOn`: one of `status`");
        let text = "`failOn`: `code`: `lower` is neither capital letters, digits and `_` nor";
        refused(&json!({"status": 200, "failOn": {"status": 500, "code": "lower"}}), text);
    }
}
