//! The other direction: events, interactions and slash commands, signed, to a URL of the app.
//!
//! <https://docs.slack.dev/apis/events-api>

use std::time::Duration;

use reqwest::{Client, header, redirect::Policy};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time;
use url::form_urlencoded::Serializer;

use crate::{model::Workspace, signature::sign, world::seconds};

/// Redirects that are followed.
const REDIRECTS_MAX: usize = 2;

/// When an event is sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retries {
    /// Before each retry.
    pub pauses: Vec<Duration>,
    /// For each answer.
    pub timeout: Duration,
}

impl Default for Retries {
    /// As documented: an answer within 3 seconds, else again at once, after a minute and after five.
    fn default() -> Self {
        let pauses = [0, 60, 300].map(Duration::from_secs).to_vec();
        Self { pauses, timeout: Duration::from_secs(3) }
    }
}

impl Retries {
    /// As many, without the pauses.
    pub fn hasty() -> Self {
        Self { pauses: vec![Duration::ZERO; 3], ..Self::default() }
    }
}

/// Sends what Slack would send.
#[derive(Clone, Debug)]
pub struct Sender {
    secret: String,
    retries: Retries,
    client: Client,
}

/// One request and what came back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// `x-slack-retry-num`.
    pub retry: Option<usize>,
    /// `x-slack-retry-reason`: why the request before is taken for failed.
    pub reason: Option<String>,
    /// Absent when there was no answer.
    pub status: Option<u16>,
    pub body: String,
}

impl Sender {
    pub fn new(secret: &str, retries: Retries) -> Self {
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::limited(REDIRECTS_MAX))
            .timeout(retries.timeout)
            .build()
            .unwrap_or_default();
        Self { secret: secret.to_owned(), retries, client }
    }

    /// An event in its envelope ([`Self::envelope`]), until it is answered with 2xx or told not to retry.
    pub async fn event(&self, url: &str, envelope: &Value) -> Vec<Delivery> {
        let body = envelope.to_string();
        let mut deliveries = Vec::new();
        let mut reason = None;
        for retry in 0..=self.retries.pauses.len() {
            if let Some(pause) = retry.checked_sub(1).map(|before| self.retries.pauses[before]) {
                time::sleep(pause).await;
            }
            let retry = (retry > 0).then_some(retry);
            let (delivery, next) =
                self.post(url, "application/json", body.clone(), (retry, reason.clone())).await;
            deliveries.push(delivery);
            reason = next;
            if reason.is_none() {
                break;
            }
        }
        deliveries
    }

    /// What a press on a button sends; not repeated.
    pub async fn interaction(&self, url: &str, payload: &Value) -> Delivery {
        let body =
            Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish();
        self.post(url, "application/x-www-form-urlencoded", body, (None, None)).await.0
    }

    /// A slash command's fields; not repeated.
    pub async fn command(&self, url: &str, fields: &[(&str, &str)]) -> Delivery {
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        self.post(url, "application/x-www-form-urlencoded", body, (None, None)).await.0
    }

    /// Whether the URL gives the challenge back, as it must before Slack sends events there.
    pub async fn challenge(&self, url: &str) -> bool {
        let challenge = format!("challenge{}", seconds());
        let body = json!({"token": "fake", "challenge": challenge, "type": "url_verification"});
        let body = body.to_string();
        let (delivery, _) = self.post(url, "application/json", body, (None, None)).await;
        let in_json = serde_json::from_str::<Value>(&delivery.body);
        let given = in_json.ok().and_then(|json| Some(json.get("challenge")?.as_str()?.to_owned()));
        delivery.status == Some(200) && given.unwrap_or(delivery.body) == challenge
    }

    /// The envelope of an event of that workspace.
    pub fn envelope(workspace: &mut Workspace, event: &Value) -> Value {
        let (id, bot) = (workspace.id("Ev"), &workspace.bot);
        json!({
            "token": "fake",
            "team_id": workspace.id,
            "api_app_id": bot.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": id,
            "event_time": seconds(),
            "authorizations": [{
                "enterprise_id": null,
                "team_id": workspace.id,
                "user_id": bot.user_id,
                "is_bot": true,
                "is_enterprise_install": false,
            }],
            "is_ext_shared_channel": false,
        })
    }

    /// One request; the reason to send it again, if there is one.
    async fn post(
        &self,
        url: &str,
        content_type: &str,
        body: String,
        (retry, reason): (Option<usize>, Option<String>),
    ) -> (Delivery, Option<String>) {
        let now = seconds();
        let signature = sign(&self.secret, now, body.as_bytes());
        let mut request = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, content_type)
            .header("x-slack-request-timestamp", now)
            .header("x-slack-signature", signature)
            .body(body);
        if let Some(retry) = retry {
            request = request
                .header("x-slack-retry-num", retry)
                .header("x-slack-retry-reason", reason.as_deref().unwrap_or("unknown_error"));
        }
        let mut delivery = Delivery { retry, reason, status: None, body: String::new() };
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return (delivery, Some(reason_of(&error).to_owned())),
        };
        let status = response.status();
        let enough = response.headers().get("x-slack-no-retry").is_some_and(|value| value == "1");
        delivery.status = Some(status.as_u16());
        delivery.body = response.text().await.unwrap_or_default();
        let again = !status.is_success() && !enough;
        (delivery, again.then(|| "http_error".to_owned()))
    }
}

fn reason_of(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "http_timeout"
    } else if error.is_redirect() {
        "too_many_redirects"
    } else if error.is_connect() {
        "connection_failed"
    } else {
        "unknown_error"
    }
}
