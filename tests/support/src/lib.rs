//! A connector's built binary under test: runs of one command, and a process that serves.
//!
//! What cannot go on panics, which fails the test that asked for it.

#![expect(clippy::unwrap_used, reason = "a test whose helpers cannot go on has failed")]
#![expect(clippy::missing_panics_doc, reason = "all of it panics, see above")]

mod service;
mod told;

use std::{
    io::Write,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

pub use self::{service::Service, told::Told};

/// How long something is waited for that comes soon.
const SOON: Duration = Duration::from_secs(20);

/// A connector's binary.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// `env!("CARGO_BIN_EXE_…")`, which cargo sets for the tests of the connector's own crate.
    pub path: &'static str,
    /// No run takes as long, unless something waits that should not.
    pub run_max: Duration,
}

impl Program {
    /// Runs a command with `input` as its standard input; `invoke` tries once unless `settings` say otherwise.
    pub fn run(self, arguments: &[&str], input: &Value, settings: &[(&str, &str)]) -> Told {
        let started = Instant::now();
        let mut child = self
            .command(arguments, &[("LOG", "debug")], settings)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Whoever needs no input, or can't start, may end before it has read it.
        child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).ok();
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        assert!(started.elapsed() < self.run_max, "{arguments:?} took {:?}", started.elapsed());
        let text = String::from_utf8(stdout).unwrap();
        let outputs = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Told { outputs, success: status.success(), log: String::from_utf8(stderr).unwrap() }
    }

    /// Starts a process that serves over HTTP.
    pub fn serve(self, settings: &[(&str, &str)]) -> Service {
        let own = [("ADMIN_ADDR", "127.0.0.1:0"), ("LOG_FORMAT", "json")];
        Service::start(self.command(&["run"], &own, settings))
    }

    /// With these settings and nothing else in its environment; the later ones win.
    fn command(
        self,
        arguments: &[&str],
        own: &[(&str, &str)],
        settings: &[(&str, &str)],
    ) -> Command {
        let mut command = Command::new(self.path);
        command
            .args(arguments)
            .env_clear()
            .envs([("RETRY_MAX_ATTEMPTS", "1"), ("RETRY_INITIAL_INTERVAL", "1")])
            .envs(own.iter().copied())
            .envs(settings.iter().copied());
        command
    }
}

/// Waits for what comes soon.
pub fn until(what: &str, done: impl Fn() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < SOON, "not in time: {what}");
        thread::yield_now();
    }
}
