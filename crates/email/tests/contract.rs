//! The built binary against a scripted server: what goes over the wire, and what becomes of the answers.

#![expect(clippy::unwrap_used, reason = "a test whose helpers cannot go on has failed")]

#[path = "contract/bodies.rs"]
mod bodies;
#[path = "contract/large.rs"]
mod large;
#[path = "contract/reload.rs"]
mod reload;
#[path = "contract/running.rs"]
mod running;
#[path = "contract/samples.rs"]
mod samples;
#[path = "contract/servers.rs"]
mod servers;
#[path = "contract/smtp.rs"]
mod smtp;
#[path = "contract/weather.rs"]
mod weather;

use std::{
    io::Write,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use mail_parser::{Message, MessageParser};
use serde_json::{Value, json};

use crate::smtp::{Smtp, Taken};

/// How a run of the connector ended.
struct Told {
    /// Standard output as JSON, or as text where it is none.
    outputs: Value,
    success: bool,
    log: String,
}

/// No run takes as long, unless something waits that should not.
const RUN_MAX: Duration = Duration::from_secs(40);

impl Told {
    /// `kind CODE: message` of a failure, with `PORT` for the server's port.
    fn failure(&self, server: &Smtp) -> String {
        let error = &self.outputs["error"];
        assert!(!self.success && error.is_object(), "no failure: {} {}", self.outputs, self.log);
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        let told = format!("{} {}: {}", text("kind"), text("code"), text("message"));
        told.replace(&server.port(), "PORT")
    }

    /// The outputs of a success.
    fn success(self) -> Value {
        assert!(self.success, "{} {}", self.outputs, self.log);
        self.outputs
    }
}

/// Runs `SEND` against the server, in clear and once unless `settings` say otherwise.
fn send(server: &Smtp, input: &Value, settings: &[(&str, &str)]) -> Told {
    let port = server.port();
    let mut all = vec![("EMAIL_HOST", "127.0.0.1"), ("EMAIL_PORT", &port), ("EMAIL_TLS", "none")];
    all.extend_from_slice(settings);
    run(&["invoke", "SEND", "--input", "-"], input, &all)
}

fn run(arguments: &[&str], input: &Value, settings: &[(&str, &str)]) -> Told {
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_email-connector"))
        .args(arguments)
        .env_clear()
        .envs([("RETRY_MAX_ATTEMPTS", "1"), ("RETRY_INITIAL_INTERVAL", "1"), ("LOG", "debug")])
        .envs(settings.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Whoever can't start does not read.
    drop(child.stdin.take().unwrap().write_all(input.to_string().as_bytes()));
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    assert!(started.elapsed() < RUN_MAX, "{arguments:?} took {:?}", started.elapsed());
    let text = String::from_utf8(stdout).unwrap();
    let outputs = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Told { outputs, success: status.success(), log: String::from_utf8(stderr).unwrap() }
}

/// A mail with `more` inputs.
fn mail(more: Value) -> Value {
    let mut input = json!({ "from": "shop@example.org", "to": "ada@example.org", "subject": "Order", "text": "Thanks." });
    let Value::Object(more) = more else { panic!("inputs are an object") };
    input.as_object_mut().unwrap().extend(more);
    input
}

fn parsed(taken: &Taken) -> Message<'_> {
    MessageParser::default().parse(&taken.octets).unwrap()
}
