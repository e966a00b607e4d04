//! A connector under test: the built binary as a process, or its image as a container.

use std::{
    env, fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

use super::{eventually, free_port, setting, unique, watchdog::Watchdog};

/// Part of every credential that the tests hand to connectors: it must not be in any log.
pub(crate) const SECRET: &str = "S3CR3T";

/// Part of every piece of personal data in the tests' requests and answers: it must not be in any log.
pub(crate) const PERSON: &str = "jane.doe-PII@example.org";

/// Lets a process end with the test that has started it, even when that is killed.
const SETPRIV: &str = "/usr/bin/setpriv";

/// The connector of the tests that are about what all connectors have in common.
pub(crate) const REST: &str = "rest-connector";

pub(crate) struct Connector {
    /// Its package, binary and image.
    program: String,
    base: String,
    client: reqwest::Client,
    process: Child,
    log: PathBuf,
    container: Option<Container>,
}

/// A running image, which goes with the value, or with the test process.
struct Container {
    name: String,
    _watchdog: Watchdog,
}

impl Connector {
    /// [`Self::start`] of the connector that the tests of common ground run.
    pub(crate) fn launch(settings: &[(&str, &str)]) -> Self {
        Self::start(REST, settings)
    }

    /// Starts `program` with these settings and nothing else in its environment; it may not be ready yet.
    pub(crate) fn start(program: &str, settings: &[(&str, &str)]) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let mut all = vec![
            ("ADMIN_ADDR", address.as_str()),
            ("LOG", "debug"),
            ("LOG_FORMAT", "json"),
            ("RETRY_INITIAL_INTERVAL", "50ms"),
        ];
        all.extend_from_slice(settings);
        let log = log_file();
        let (mut command, container) = command(program, &all);
        let process = command
            .stdin(Stdio::null())
            .stdout(fs::File::create(&log).expect("a log"))
            .stderr(fs::File::options().append(true).open(&log).expect("the log again"))
            .spawn();
        let process = process.unwrap_or_else(|error| {
            panic!("{program} starts; it is built by `cargo build -p {program}`: {error}")
        });
        Self {
            program: program.to_owned(),
            base: format!("http://{address}"),
            client: reqwest::Client::builder().no_proxy().build().expect("a client"),
            process,
            log,
            container,
        }
    }

    /// Waits until the orchestrator would send requests.
    pub(crate) async fn ready(&mut self) {
        eventually("the connector is ready", async || {
            if let Some(status) = self.process.try_wait().expect("its state") {
                panic!("the connector ended at its start with {status}:\n{}", self.log());
            }
            let readiness = self.get("/actuator/health/readiness").send().await.ok()?;
            (readiness.status() == StatusCode::OK).then_some(())
        })
        .await;
    }

    /// Waits until readiness is off, and gives the reason it tells.
    pub(crate) async fn not_ready(&self) -> String {
        eventually("the connector is not ready", async || {
            let readiness = self.get("/actuator/health/readiness").send().await.ok()?;
            let unavailable = readiness.status() == StatusCode::SERVICE_UNAVAILABLE;
            let reason = readiness.text().await.ok()?;
            unavailable.then_some(reason)
        })
        .await
    }

    /// Host and port of its HTTP side.
    pub(crate) fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// `POST` of `body`; status and JSON of the answer.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.request(Method::POST, path).header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}")))
    }

    /// The sum of a metric over all series that have each of `labels` (`action="GET"`).
    pub(crate) async fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let answer = self.get("/metrics").send().await.expect("metrics");
        let text = answer.text().await.expect("text");
        text.lines()
            .filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])))
            .filter(|line| labels.iter().all(|label| line.contains(label)))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    /// What its own `health` command says, as an orchestrator's probe runs it.
    pub(crate) fn healthy(&self) -> bool {
        let (mut command, _) = command(&self.program, &[("ADMIN_ADDR", self.address())]);
        let output = command.arg("health").output().expect("the command runs");
        output.status.success()
    }

    /// How often it has connected to the broker.
    pub(crate) async fn connects(&self) -> f64 {
        self.metric("connector_broker_connects_total", &[]).await
    }

    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// As the kernel does it when memory is short.
    pub(crate) async fn kill(&mut self) {
        self.signal("KILL");
        self.exit().await;
    }

    /// As an orchestrator does it; gives the exit code.
    pub(crate) async fn terminate(&mut self) -> i32 {
        self.signal("TERM");
        self.exit().await
    }

    /// Sends the signal and doesn't wait.
    pub(crate) fn signal(&self, name: &str) {
        let sent = match &self.container {
            Some(Container { name: container, .. }) => {
                Command::new("docker").args(["kill", "--signal", name, container]).output()
            }
            None => Command::new("kill")
                .arg(format!("-{name}"))
                .arg(self.process.id().to_string())
                .output(),
        };
        assert!(sent.expect("a signal").status.success(), "{name} reaches the connector");
    }

    /// Waits for the end; gives the exit code, or 128 and the signal.
    pub(crate) async fn exit(&mut self) -> i32 {
        eventually("the connector ends", async || {
            self.process.try_wait().expect("its state").map(code)
        })
        .await
    }

    /// Lines with secrets or personal data in any of the forms that libraries print.
    fn leaks(&self) -> Vec<String> {
        let log = self.log();
        let forms: Vec<String> = [SECRET, PERSON].into_iter().flat_map(forms).collect();
        let leaks = log.lines().filter(|line| forms.iter().any(|form| line.contains(form)));
        leaks.map(|line| line.chars().take(500).collect()).collect()
    }
}

impl Drop for Connector {
    fn drop(&mut self) {
        drop(self.container.take());
        // It may be gone already, which is fine.
        self.process.kill().ok();
        self.process.wait().ok();
        if thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(20).collect();
            eprintln!("end of {}:", self.log.display());
            tail.iter().rev().for_each(|line| eprintln!("{line}"));
        } else {
            let leaks = self.leaks();
            assert!(leaks.is_empty(), "secrets or personal data in the log: {leaks:#?}");
        }
    }
}

/// The text itself, as a list of bytes, and as it looks within Base64, where it may start at three places.
fn forms(text: &str) -> Vec<String> {
    let bytes: Vec<String> = text.bytes().map(|byte| byte.to_string()).collect();
    let mut forms = vec![text.to_owned(), bytes.join(", ")];
    for before in 0..3 {
        let encoded = STANDARD_NO_PAD.encode(format!("{}{text}", &"   "[..before]));
        let end = (before + text.len()) / 3 * 4;
        forms.push(encoded[(before * 8).div_ceil(6)..end].to_owned());
    }
    forms
}

fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

fn command(program: &str, settings: &[(&str, &str)]) -> (Command, Option<Container>) {
    if setting("E2E_IMAGES").is_none() {
        let binary = binaries().join(program);
        let mut command = if Path::new(SETPRIV).exists() {
            let mut command = Command::new(SETPRIV);
            command.args(["--pdeathsig", "KILL"]).arg(binary);
            command
        } else {
            Command::new(binary)
        };
        command.env_clear().envs(settings.iter().copied());
        return (command, None);
    }
    let name = unique(program);
    let mut command = Command::new("docker");
    command.args(["run", "--rm", "--network", "host", "--name", &name]);
    // Some settings are paths of files that a test has written.
    let folder = env::temp_dir().to_string_lossy().into_owned();
    command.arg("--volume").arg(format!("{folder}:{folder}"));
    for (name, value) in settings {
        command.arg("--env").arg(format!("{name}={value}"));
    }
    let prefix = setting("IMAGE_PREFIX").unwrap_or_default();
    let tag = setting("IMAGE_TAG").unwrap_or_else(|| "latest".to_owned());
    command.arg(format!("{prefix}{program}:{tag}"));
    let watchdog = Watchdog::new("docker rm --force \"$1\"", &[&name]);
    (command, Some(Container { name, _watchdog: watchdog }))
}

/// `E2E_BIN_DIR`, else where cargo puts binaries beside this test's own.
pub(crate) fn binaries() -> PathBuf {
    let beside = || {
        let test = env::current_exe().expect("a path");
        test.parent().and_then(Path::parent).expect("target/debug/deps").to_owned()
    };
    setting("E2E_BIN_DIR").map_or_else(beside, PathBuf::from)
}

/// `e2e-logs/<test>-<n>.log` in the target folder.
fn log_file() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(1);
    let test = thread::current().name().unwrap_or("test").replace("::", "-");
    let folder = binaries().parent().expect("target").join("e2e-logs");
    fs::create_dir_all(&folder).expect("a folder for logs");
    folder.join(format!("{test}-{}.log", COUNT.fetch_add(1, Ordering::Relaxed)))
}

#[test]
fn a_secret_is_found_in_every_form() {
    let [plain, bytes, encoded @ ..] = &forms(SECRET)[..] else { panic!("too few") };
    assert!("token=S3CR3T-x".contains(plain));
    assert!(format!("{:?}", b"token=S3CR3T-x").contains(bytes));
    for before in ["", "a", "aa", "user:"] {
        let text = STANDARD_NO_PAD.encode(format!("{before}{SECRET}-x"));
        assert!(encoded.iter().any(|form| text.contains(form)), "{text}");
    }
}
