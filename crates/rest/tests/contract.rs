//! The built binary against scripted peers: what goes over the wire, and what becomes of the answers.
//!
//! The numbers R… are those of the acceptance cases in `camunda-connectors.md` §11.

#![expect(clippy::unwrap_used, reason = "a test whose helpers cannot go on has failed")]

#[path = "contract/answers.rs"]
mod answers;
#[path = "contract/auth.rs"]
mod auth;
#[path = "contract/connections.rs"]
mod connections;
#[path = "contract/downloads.rs"]
mod downloads;
#[path = "contract/folder.rs"]
mod folder;
#[path = "contract/import.rs"]
mod import;
#[path = "contract/limits.rs"]
mod limits;
#[path = "contract/mapping.rs"]
mod mapping;
#[path = "contract/mtls.rs"]
mod mtls;
#[path = "contract/paging.rs"]
mod paging;
#[path = "contract/peer.rs"]
mod peer;
#[path = "contract/polling.rs"]
mod polling;
#[path = "contract/readme.rs"]
mod readme;
#[path = "contract/resources.rs"]
mod resources;
#[path = "contract/samples.rs"]
mod samples;
#[path = "contract/secrets.rs"]
mod secrets;
#[path = "contract/server.rs"]
mod server;
#[path = "contract/uploads.rs"]
mod uploads;
#[path = "contract/weather.rs"]
mod weather;
#[path = "contract/wire.rs"]
mod wire;

use std::{
    io::Write,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

/// How a run of the connector ended.
struct Told {
    /// Standard output as JSON, or as text where it is none.
    outputs: Value,
    success: bool,
    log: String,
}

/// No run takes as long, unless something waits that should not.
const RUN_MAX: Duration = Duration::from_secs(25);

impl Told {
    /// `kind CODE: message` of a failure.
    fn failure(&self) -> String {
        let error = &self.outputs["error"];
        assert!(!self.success && error.is_object(), "no failure: {} {}", self.outputs, self.log);
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        format!("{} {}: {}", text("kind"), text("code"), text("message"))
    }

    /// How long the last call took, by the connector's own clock.
    fn milliseconds(&self) -> u64 {
        let mut lines = self.log.lines().filter_map(|it| serde_json::from_str::<Value>(it).ok());
        let call = lines.rfind(|it| it["message"] == "called");
        call.unwrap()["milliseconds"].as_u64().unwrap()
    }

    /// The outputs of a success.
    fn success(self) -> Value {
        assert!(self.success, "{} {}", self.outputs, self.log);
        self.outputs
    }
}

/// Runs one action, once unless `settings` say otherwise.
fn invoke(action: &str, input: &Value, settings: &[(&str, &str)]) -> Told {
    run(&["invoke", action, "--input", "-"], input, settings)
}

fn run(arguments: &[&str], input: &Value, settings: &[(&str, &str)]) -> Told {
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_rest-connector"))
        .args(arguments)
        .env_clear()
        .envs([("RETRY_MAX_ATTEMPTS", "1"), ("RETRY_INITIAL_INTERVAL", "1"), ("LOG", "debug")])
        .envs(settings.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    assert!(started.elapsed() < RUN_MAX, "{arguments:?} took {:?}", started.elapsed());
    let text = String::from_utf8(stdout).unwrap();
    let outputs = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Told { outputs, success: status.success(), log: String::from_utf8(stderr).unwrap() }
}
