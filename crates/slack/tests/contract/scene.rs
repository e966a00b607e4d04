//! A fake Slack and runs of the connector against it.

use std::time::{Duration, Instant};

use fake_slack::{BOT_TOKEN, FakeSlack};
use serde_json::Value;
use support::{Program, Service, Told};
use tokio::time;

const CONNECTOR: Program =
    Program { path: env!("CARGO_BIN_EXE_slack-connector"), run_max: Duration::from_secs(25) };

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

    /// Runs the binary; nothing that it says has a secret.
    pub(crate) async fn run(&self, arguments: &[&str], inputs: &Value) -> Told {
        let settings = self.settings.clone();
        let arguments: Vec<_> = arguments.iter().map(|it| (*it).to_owned()).collect();
        let inputs = inputs.clone();
        let run = move || {
            let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
            CONNECTOR.run(&arguments, &inputs, &pairs(&settings))
        };
        let told = tokio::task::spawn_blocking(run).await.unwrap();
        for secret in [BOT_TOKEN, "fakefakefake"] {
            assert!(!told.log.contains(secret), "a secret in the log: {}", told.log);
            let outputs = told.outputs.to_string();
            assert!(!outputs.contains(secret), "a secret in the outputs: {outputs}");
        }
        told
    }

    /// A connector that serves.
    pub(crate) async fn serve(&self) -> Served {
        let service = CONNECTOR.serve(&pairs(&self.settings));
        let base = format!("http://{}", service.address());
        Served { _service: service, base, client: reqwest::Client::new() }
    }
}

fn pairs(settings: &[(String, String)]) -> Vec<(&str, &str)> {
    settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// A running connector.
pub(crate) struct Served {
    _service: Service,
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

/// What `look` gives, once it gives something.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + CONNECTOR.run_max;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "in vain: {what}");
        time::sleep(Duration::from_millis(5)).await;
    }
}
