//! The connectors as programs on this machine, without a broker: requests come in over HTTP.

use std::{
    env,
    fs::{self, File},
    net::Ipv4Addr,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::{
    http::Client,
    stand_ins,
    steps::{Answer, Error, Step, settings},
    story::Way,
    wait::{self, Interrupt},
};
use crate::{
    progress,
    tree::{self, Connector},
};

/// Ports as in docker-compose.yml.
const PORTS: [(&str, u16); 4] = [
    ("email-connector", 8081),
    ("slack-connector", 8082),
    ("rest-connector", 8083),
    ("pdf-connector", 8084),
];

/// For connectors without a port of their own.
const OTHER_PORT: u16 = 8085;

/// From the start of a connector to its first answer.
const READY_MAX: Duration = Duration::from_secs(20);

/// How long a connector may take to finish what it is doing. A little more than the `SHUTDOWN_GRACE` it gets.
const STOP_MAX: Duration = Duration::from_secs(3);

/// The running connectors, stopped when dropped.
pub(super) struct Programs {
    running: Vec<Program>,
    client: Client,
}

/// One running connector.
pub(super) struct Program {
    pub(super) name: String,
    /// Address without a slash at the end.
    pub(super) url: String,
    pub(super) log: PathBuf,
    child: Child,
}

impl Programs {
    /// Starts `connectors` with the settings for the stand-ins; their logs go into `folder`.
    ///
    /// # Errors
    ///
    /// When one isn't there or doesn't become ready.
    pub(super) fn start(
        connectors: &[Connector],
        folder: &Path,
        stand_ins: &str,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let mut programs = Self { running: Vec::new(), client: Client::new("") };
        for Connector { name, .. } in connectors {
            interrupt.check()?;
            // One after the other: the port of one must be taken before the next looks for its own.
            programs.running.push(Program::launch(name, folder, stand_ins)?);
            programs.ready(interrupt)?;
        }
        Ok(programs)
    }

    pub(super) fn running(&self) -> &[Program] {
        &self.running
    }

    /// Names the first that has ended although nobody stopped it.
    ///
    /// # Errors
    ///
    /// When there is one.
    pub(super) fn check(&mut self) -> Result<()> {
        for program in &mut self.running {
            program.check()?;
        }
        Ok(())
    }

    /// Waits for the latest.
    fn ready(&mut self, interrupt: &Interrupt) -> Result<()> {
        let Self { running, client } = self;
        let Some(program) = running.last_mut() else { return Ok(()) };
        let url = format!("{}/actuator/health/readiness", program.url);
        let what = format!("{} is ready ({})", program.name, shown(&program.log));
        wait::until(&what, READY_MAX, interrupt, || {
            program.check()?;
            let answer = client.call("GET", &url, None);
            Ok(answer.is_ok_and(|(status, _)| status == 200).then_some(()))
        })
    }
}

impl Way for Programs {
    fn ask(&self, step: &Step, inputs: &Value) -> Result<Answer> {
        let Some(program) = self.running.iter().find(|it| it.name == step.connector) else {
            bail!("{} doesn't run", step.connector);
        };
        let url = format!("{}/v1/do/{}/{}", program.url, step.connector, step.action);
        let (status, body) = self.client.call("POST", &url, Some(inputs))?;
        ensure!(status == 200, "{url} answered {status} {body}");
        Ok(answer(&body))
    }

    fn log(&self, connector: &str) -> String {
        let program = self.running.iter().find(|it| it.name == connector);
        program.map_or_else(String::new, |it| shown(&it.log))
    }
}

impl Program {
    fn launch(name: &str, folder: &Path, outside: &str) -> Result<Self> {
        let usual = PORTS.iter().find(|(known, _)| *known == name).map(|(_, port)| *port);
        let port = stand_ins::free_port(usual.unwrap_or(OTHER_PORT))?;
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log).with_context(|| log.display().to_string())?;
        let files = folder.canonicalize()?.join("files");
        fs::create_dir_all(&files).with_context(|| files.display().to_string())?;
        // Built into the same folder as this program, wherever that is.
        let program = env::current_exe()?.with_file_name(name);
        let child = Command::new(&program)
            // No setting of the machine's changes the demo, an `AMQP_URL` least of all.
            .env_clear()
            .env("ADMIN_ADDR", format!("{}:{port}", Ipv4Addr::LOCALHOST))
            .env("FILES_URL", format!("file://{}", files.display()))
            .env("LOG_FORMAT", "text")
            .env("SHUTDOWN_GRACE", "2s")
            .envs(settings(name, outside))
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            // Out of reach of Ctrl-C, so that its owner stops it.
            .process_group(0)
            .spawn()
            .with_context(|| program.display().to_string())?;
        let url = format!("http://localhost:{port}");
        Ok(Self { name: name.to_owned(), url, log, child })
    }

    fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => {
                bail!("{} ended with {status}\n   its log: {}", self.name, shown(&self.log))
            }
        }
    }

    /// Lets it finish what it is doing, for at most `longest`.
    fn stop(&mut self, longest: Duration) -> Result<()> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-s", "TERM", &pid]).status()?;
        let end = Instant::now() + longest;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > end {
                self.child.kill()?;
                self.child.wait()?;
                bail!("did not stop when told to, so it was killed");
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Gone already: nothing to stop.
        if let Ok(None) = self.child.try_wait()
            && let Err(error) = self.stop(STOP_MAX)
        {
            println!("   {}: {error}", self.name);
        }
    }
}

/// Builds `connectors`.
///
/// # Errors
///
/// What the compiler says.
pub(super) fn build(connectors: &[Connector]) -> Result<()> {
    let mut build = Command::new("cargo");
    build.current_dir(tree::root()).arg("build");
    for Connector { name, .. } in connectors {
        build.args(["--package", name]);
    }
    progress::quietly("building the connectors (long the first time only)", build)
}

/// The answer in the envelope of version 2.
fn answer(envelope: &Value) -> Answer {
    let outputs = envelope["command_response"]["body"].as_object().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let error = envelope["error"]
        .as_object()
        .map(|error| Error { code: text(&error["error_code"]), message: text(&error["message"]) });
    Answer { outputs, error }
}

fn shown(path: &Path) -> String {
    tree::shown(tree::root(), path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use serde_json::json;

    use super::*;

    fn program(command: &str) -> Program {
        let child = Command::new("sh").args(["-c", command]).spawn().unwrap();
        let log = tree::root().join("target/demo/it.log");
        Program { name: "it".to_owned(), url: String::new(), log, child }
    }

    #[test]
    fn a_connector_that_ends_by_itself_is_told_with_its_log() {
        let mut program = program("exit 2");
        program.child.wait().unwrap();
        let error = program.check().unwrap_err().to_string();
        assert_eq!(error, "it ended with exit status: 2\n   its log: target/demo/it.log");
    }

    #[test]
    fn one_that_does_not_stop_is_killed() {
        let mut program = program("trap '' TERM; while :; do sleep 1; done");
        let error = program.stop(Duration::ZERO).unwrap_err().to_string();
        assert_eq!(error, "did not stop when told to, so it was killed");
        assert!(program.child.try_wait().unwrap().unwrap().signal().is_some());
    }

    #[test]
    fn one_that_stops_is_waited_for() {
        let mut program = program("exec sleep 600");
        program.stop(Duration::from_mins(1)).unwrap();
        assert_eq!(program.child.try_wait().unwrap().unwrap().signal(), Some(15));
    }

    #[test]
    fn a_failure_is_told_by_code_and_message() {
        let answer = answer(&json!({
            "command_response": {"body": {"restStatus": 404}, "http_status": 404},
            "error": {"error_code": "NOT_FOUND", "message": "no such order"},
        }));
        let error = answer.error.unwrap();
        assert_eq!((error.code.as_str(), error.message.as_str()), ("NOT_FOUND", "no such order"));
        assert_eq!(answer.outputs["restStatus"], 404);
    }

    #[test]
    fn a_success_has_outputs_only() {
        let envelope = json!({"command_response": {"body": {"restStatus": 200}}, "error": null});
        let answer = answer(&envelope);
        assert!(answer.error.is_none());
        assert_eq!(answer.outputs["restStatus"], 200);
    }
}
