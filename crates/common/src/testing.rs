//! A connector whose one action does what its input says, for tests of everything around actions.

use std::{sync::Mutex, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time;

use crate::{
    Connector, Context, Failure, Object, Retry,
    config::Environment,
    runner::{Request, Runner},
    settings::Settings,
};

/// What happened to the actions that ran.
#[derive(Default)]
pub(crate) struct Probe {
    /// Request id, attempt and traceparent of every run.
    runs: Mutex<Vec<(String, u32, Option<String>)>>,
}

#[derive(Deserialize, JsonSchema)]
struct Config {}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Input {
    /// `ok`, `business`, `permanent`, `panic`, `hang`, `limited MS`, `fail N` (transient until attempt N), `advised N` (transient, to be tried N times), `warn`, `count` (earlier runs);
    /// after `commit ` past its point of no return, with `value` as what is presumed.
    #[serde(alias = "doing")]
    act: String,
    number: Option<u32>,
    value: Option<Value>,
}

#[derive(Serialize, JsonSchema)]
struct Output {
    value: Option<Value>,
    attempt: u32,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum ErrorCode {
    NotFound,
    UnknownError,
}

async fn run(probe: Context<Probe>, input: Input) -> Result<Output, Failure> {
    let traceparent = probe.traceparent().map(String::from);
    let run = (probe.request_id().to_owned(), probe.attempt(), traceparent);
    probe.runs.lock().unwrap().push(run);
    probe.preview(|| format!("would {}", input.act))?;
    let act = match input.act.strip_prefix("commit ") {
        Some(act) => {
            let presumed = anyhow::anyhow!("it may have happened: {:?}", input.value);
            probe.committing(Failure::permanent(ErrorCode::UnknownError, presumed)).await?;
            act
        }
        None => &input.act,
    };
    let (word, argument) = act.split_once(' ').unwrap_or((act, "0"));
    let argument: u32 = argument.parse().unwrap();
    let oops = || anyhow::anyhow!("peer says 503").context("GET https://example.org");
    match word {
        "business" => {
            let outputs: Object = [("value".to_owned(), json!(404))].into_iter().collect();
            let failure = Failure::business(ErrorCode::NotFound, "no such order");
            return Err(failure.with_status(404).with_outputs(outputs));
        }
        "permanent" => return Err(Failure::permanent(ErrorCode::UnknownError, oops())),
        "panic" => panic!("S3CR3T of a panic"),
        "hang" => time::sleep(Duration::from_hours(1)).await,
        "limited" if probe.attempt() == 1 && probe.runs.lock().unwrap().len() == 1 => {
            let pause = Duration::from_millis(argument.into());
            return Err(Failure::rate_limited(ErrorCode::UnknownError, oops(), Some(pause)));
        }
        "advised" => probe.retry(Retry {
            attempts: Some(argument),
            interval: Some(Duration::from_millis(10)),
            multiplier: Some(1.0),
            interval_max: None,
        }),
        "fail" if probe.attempt() < argument => {
            return Err(Failure::transient(ErrorCode::UnknownError, oops()));
        }
        "warn" => probe.warn("done differently"),
        "count" => {
            let n_earlier = probe.runs.lock().unwrap().len() - 1;
            return Ok(Output { value: Some(n_earlier.into()), attempt: probe.attempt() });
        }
        _ => {}
    }
    if word == "advised" {
        return Err(Failure::transient(ErrorCode::UnknownError, oops()));
    }
    let value = input.value.or(input.number.map(Value::from));
    Ok(Output { value, attempt: probe.attempt() })
}

/// Inputs and outputs without descriptions.
fn params(list: &[(&str, &str, bool)]) -> Value {
    let param = |(name, r#type, required): &(&str, &str, bool)| json!({ "id": name, "name": name, "type": r#type, "required": required });
    list.iter().map(param).collect()
}

pub(crate) fn definition() -> Value {
    let inputs = [("act", "string", true), ("number", "integer", false), ("value", "json", false)];
    let outputs = [
        ("value", "json", false),
        ("attempt", "integer", false),
        ("warnings", "array", false),
        ("testError", "string", false),
    ];
    let codes = ["NOT_FOUND", "UNKNOWN_ERROR", "MISSING_INPUT", "INVALID_INPUT"];
    json!({
        "id": "connector-test",
        "name": "test-connector",
        "description": "does as it is told",
        "actions": { "1": { "id": "1", "name": "RUN", "inputs": params(&inputs), "outputs": params(&outputs) } },
        "errors": codes.map(|it| json!({ "name": it, "code": it })),
    })
}

pub(crate) fn connector() -> Connector<Probe> {
    async fn connect(_config: Config) -> Result<Probe, Failure> {
        Ok(Probe::default())
    }
    Connector::new(&definition().to_string(), connect)
        .action("RUN", run)
        .error_output("testError")
        .errors::<ErrorCode>()
}

pub(crate) async fn runner(settings: &Settings) -> Runner {
    let connected = connector().connect(&Environment::default()).await.unwrap().unwrap();
    Runner::new(connected, settings)
}

/// A request whose inputs are the members of `inputs`.
pub(crate) fn request(inputs: Value) -> Request {
    let Value::Object(inputs) = inputs else { panic!("inputs are an object") };
    Request { action: "RUN".to_owned(), id: "r-1".to_owned(), inputs, ..Request::default() }
}
