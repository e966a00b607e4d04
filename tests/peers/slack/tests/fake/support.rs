//! A client that knows nothing: name of a method, arguments, JSON back.

use fake_slack::{BOT_TOKEN, FakeSlack};
use reqwest::{Client, Response};
use serde_json::Value;

pub(crate) struct Caller {
    pub(crate) slack: FakeSlack,
    pub(crate) http: Client,
}

impl Caller {
    pub(crate) async fn new() -> Self {
        Self::of(FakeSlack::start().await.unwrap())
    }

    pub(crate) fn of(slack: FakeSlack) -> Self {
        let http = Client::builder().no_proxy().build().unwrap();
        Self { slack, http }
    }

    pub(crate) fn url(&self, method: &str) -> String {
        format!("{}{method}", self.slack.api_url())
    }

    /// As JSON, with the demo's token.
    pub(crate) async fn send(&self, method: &str, args: &Value) -> Response {
        self.http
            .post(self.url(method))
            .bearer_auth(BOT_TOKEN)
            .header("content-type", "application/json; charset=utf-8")
            .body(args.to_string())
            .send()
            .await
            .unwrap()
    }

    pub(crate) async fn json(&self, method: &str, args: Value) -> Value {
        body(self.send(method, &args).await).await
    }

    /// As a form, with the demo's token.
    pub(crate) async fn form(&self, method: &str, args: &[(&str, &str)]) -> Value {
        let body_text =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(args).finish();
        let request = self
            .http
            .post(self.url(method))
            .bearer_auth(BOT_TOKEN)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body_text);
        body(request.send().await.unwrap()).await
    }

    /// The text's message in `orders`; gives its `ts`.
    pub(crate) async fn post(&self, text: &str) -> String {
        let args = serde_json::json!({"channel": "C0ORDERS01", "text": text});
        self.json("chat.postMessage", args).await["ts"].as_str().unwrap().to_owned()
    }
}

pub(crate) async fn body(response: Response) -> Value {
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

/// `ok`, or the error.
pub(crate) fn verdict(answer: &Value) -> &str {
    if answer["ok"] == true { "ok" } else { answer["error"].as_str().unwrap() }
}
