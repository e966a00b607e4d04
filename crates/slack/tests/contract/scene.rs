//! A fake Slack and runs of the connector against it.

use std::{
    io::Write,
    net::TcpListener,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use fake_slack::{BOT_TOKEN, FakeSlack};
use serde_json::Value;
use tokio::time;

/// No run takes as long, unless something waits that should not.
const RUN_MAX: Duration = Duration::from_secs(25);

/// How a run of the connector ended.
pub(crate) struct Told {
    /// Standard output as JSON, or as text where it is none.
    pub(crate) outputs: Value,
    pub(crate) success: bool,
    pub(crate) log: String,
}

impl Told {
    /// `kind CODE: message` of a failure.
    pub(crate) fn failure(&self) -> String {
        let error = &self.outputs["error"];
        assert!(!self.success && error.is_object(), "no failure: {} {}", self.outputs, self.log);
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        format!("{} {}: {}", text("kind"), text("code"), text("message"))
    }

    /// The outputs of a success.
    pub(crate) fn success(self) -> Value {
        assert!(self.success, "{} {}", self.outputs, self.log);
        self.outputs
    }

    /// The output `warnings` as one text.
    pub(crate) fn warnings(&self) -> String {
        let warnings = self.outputs["warnings"].as_array().map(Vec::as_slice).unwrap_or_default();
        warnings.iter().map(|it| it.as_str().unwrap()).collect::<Vec<_>>().join("; ")
    }
}

/// A fake Slack with its demo workspace.
pub(crate) struct Scene {
    pub(crate) slack: FakeSlack,
    settings: Vec<(String, String)>,
}

impl Scene {
    /// With the demo workspace's token.
    pub(crate) async fn start() -> Self {
        let slack = FakeSlack::start().await.unwrap();
        let scene = Self { slack, settings: Vec::new() };
        let api_url = scene.slack.api_url();
        scene.with("SLACK_API_URL", &api_url).with("SLACK_BOT_TOKEN", BOT_TOKEN)
    }

    /// The same with a setting more; an empty one is as good as none.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// One run of one action, tried once unless the settings say otherwise.
    pub(crate) async fn invoke(&self, action: &str, inputs: &Value) -> Told {
        self.run(&["invoke", action, "--input", "-"], inputs).await
    }

    /// The same, which has to succeed.
    pub(crate) async fn outputs(&self, action: &str, inputs: &Value) -> Value {
        self.invoke(action, inputs).await.success()
    }

    /// The same, which has to fail; gives `kind CODE: message`.
    pub(crate) async fn failure(&self, action: &str, inputs: &Value) -> String {
        self.invoke(action, inputs).await.failure()
    }

    /// Runs the binary.
    pub(crate) async fn run(&self, arguments: &[&str], inputs: &Value) -> Told {
        let mut command = self.command();
        command.args(arguments);
        let inputs = inputs.to_string();
        tokio::task::spawn_blocking(move || finish(command, &inputs)).await.unwrap()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_slack-connector"));
        command
            .env_clear()
            .envs([("RETRY_MAX_ATTEMPTS", "1"), ("RETRY_INITIAL_INTERVAL", "1"), ("LOG", "debug")])
            .envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// A connector that serves.
    pub(crate) async fn serve(&self) -> Served {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = self.command();
        let address = format!("127.0.0.1:{port}");
        command.args(["run"]).env("ADMIN_ADDR", &address).env("LOG", "warn");
        let process = command.stdin(Stdio::null()).spawn().unwrap();
        let served =
            Served { process, base: format!("http://{address}"), client: reqwest::Client::new() };
        eventually("the connector is ready", async || {
            let url = format!("{}/actuator/health/readiness", served.base);
            let answer = served.client.get(url).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        served
    }
}

/// A running connector.
pub(crate) struct Served {
    process: Child,
    pub(crate) base: String,
    pub(crate) client: reqwest::Client,
}

impl Served {
    /// Runs a command; gives the whole envelope.
    pub(crate) async fn call(&self, id: &str, inputs: &Value) -> Value {
        let url = format!("{}/v1/do/{id}", self.base);
        let request = self.client.post(url).header("content-type", "application/json");
        let answer = request.body(inputs.to_string()).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    /// The sum of a metric.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let answer = self.client.get(format!("{}/metrics", self.base)).send().await.unwrap();
        let text = answer.text().await.unwrap();
        let lines = text.lines().filter(|it| it.starts_with(name));
        lines.filter_map(|it| it.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn finish(mut command: Command, inputs: &str) -> Told {
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A run that needs no inputs may end before it has read them.
    child.stdin.take().unwrap().write_all(inputs.as_bytes()).ok();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    assert!(started.elapsed() < RUN_MAX, "a run took {:?}", started.elapsed());
    let text = String::from_utf8(stdout).unwrap();
    let outputs = serde_json::from_str(&text).unwrap_or(Value::String(text));
    let log = String::from_utf8(stderr).unwrap();
    for secret in [BOT_TOKEN, "fakefakefake"] {
        assert!(!log.contains(secret), "a secret in the log: {log}");
        assert!(!outputs.to_string().contains(secret), "a secret in the outputs: {outputs}");
    }
    Told { outputs, success: status.success(), log }
}

/// What `look` gives, once it gives something.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + RUN_MAX;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "in vain: {what}");
        time::sleep(Duration::from_millis(5)).await;
    }
}
