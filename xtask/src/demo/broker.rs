//! Requests and answers over RabbitMQ, by the HTTP API of its management plugin: enough for a demo, and no AMQP library.

use std::{
    cell::Cell,
    process,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::{
    http::Client,
    messages,
    steps::{Answer, Step},
    wait::{self, Interrupt},
};

/// guest, guest: as in docker-compose.yml.
const AUTHORIZATION: &str = "Basic Z3Vlc3Q6Z3Vlc3Q=";

/// From a request to its answer, all attempts included.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// Takes the answers of both kinds.
const QUEUE: &str = "demo-answers";

/// A runtime bundle's side of the broker.
pub(super) struct Broker {
    /// Address of the API for the default virtual host, without a slash at the end.
    api: String,
    client: Client,
    asked: Cell<usize>,
}

impl Broker {
    /// Declares what a runtime bundle declares at its start, at the broker whose management plugin is at `address`.
    ///
    /// # Errors
    ///
    /// When the plugin doesn't answer or refuses.
    pub(super) fn connect(address: &str, interrupt: &Interrupt) -> Result<Self> {
        let broker = Self {
            api: format!("http://{address}/api"),
            client: Client::new(AUTHORIZATION),
            asked: Cell::new(0),
        };
        // The plugin is up some time after the broker itself.
        wait::until("RabbitMQ's management plugin answers", ANSWER_MAX, interrupt, || {
            Ok(broker.client.call("GET", &format!("{}/overview", broker.api), None).ok())
        })?;
        broker.call("PUT", &format!("queues/%2F/{QUEUE}"), &json!({"durable": true}))?;
        for exchange in messages::ANSWERS_TO {
            let topic = json!({"type": "topic", "durable": true});
            broker.call("PUT", &format!("exchanges/%2F/{exchange}"), &topic)?;
            let all = json!({"routing_key": "#"});
            broker.call("POST", &format!("bindings/%2F/e/{exchange}/q/{QUEUE}"), &all)?;
        }
        Ok(broker)
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    ///
    /// When no connector takes the request, or no answer comes.
    pub(super) fn ask(&self, step: &Step, inputs: &Value, interrupt: &Interrupt) -> Result<Answer> {
        let destination = format!("{}.{}", step.connector, step.action);
        let id = self.next_id();
        let message = json!({
            "properties": {
                "content_type": "application/json",
                "delivery_mode": 2,
                "headers": messages::headers(&id, &destination),
            },
            "routing_key": destination,
            "payload": messages::request(&id, &destination, inputs).to_string(),
            "payload_encoding": "string",
        });
        let published =
            self.call("POST", &format!("exchanges/%2F/{destination}/publish"), &message)?;
        ensure!(published["routed"] == true, "no queue takes requests to {destination}");

        let what = format!("an answer from {destination}");
        wait::until(&what, ANSWER_MAX, interrupt, || {
            let answer = self.take()?.filter(|answer| messages::id(answer) == id);
            Ok(answer.as_ref().map(messages::answer))
        })
    }

    /// The next answer in the queue.
    fn take(&self) -> Result<Option<Value>> {
        let one = json!({"count": 1, "ackmode": "ack_requeue_false", "encoding": "auto"});
        let messages = self.call("POST", &format!("queues/%2F/{QUEUE}/get"), &one)?;
        let Some(payload) = messages[0]["payload"].as_str() else {
            return Ok(None);
        };
        serde_json::from_str(payload).context("an answer is no JSON").map(Some)
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let url = format!("{}/{path}", self.api);
        let (status, answer) = self.client.call(method, &url, Some(body))?;
        if !(200..300).contains(&status) {
            bail!("{url} answered {status} {answer}");
        }
        Ok(answer)
    }

    /// One that no earlier demo used, since connectors remember what they have answered.
    fn next_id(&self) -> String {
        self.asked.set(self.asked.get() + 1);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        format!("demo-{}-{}-{}", now.as_millis(), process::id(), self.asked.get())
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread, thread::JoinHandle};

    use tiny_http::{Response, Server};

    use super::*;
    use crate::demo::steps::STEPS;

    /// Plays the plugin: the body of each answer by the last word of the path, 404 where there is none.
    struct Plugin {
        server: Arc<Server>,
        thread: Option<JoinHandle<()>>,
    }

    impl Plugin {
        fn start(
            mut answers: impl FnMut(&str, &str) -> Option<Value> + Send + 'static,
        ) -> (Self, Broker) {
            let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
            let address = server.server_addr().to_ip().unwrap().to_string();
            let serving = Arc::clone(&server);
            let thread = thread::spawn(move || {
                let mut asked = String::new();
                for mut request in serving.incoming_requests() {
                    let path = request.url().to_owned();
                    let word = path.rsplit('/').next().unwrap();
                    if word == "publish" {
                        asked.clear();
                        request.as_reader().read_to_string(&mut asked).unwrap();
                    }
                    let answer = answers(word, &asked);
                    let status = if answer.is_some() { 200 } else { 404 };
                    let body = answer.unwrap_or_default().to_string();
                    request.respond(Response::from_string(body).with_status_code(status)).unwrap();
                }
            });
            let (api, client) = (format!("http://{address}/api"), Client::new(AUTHORIZATION));
            (Self { server, thread: Some(thread) }, Broker { api, client, asked: Cell::default() })
        }
    }

    impl Drop for Plugin {
        fn drop(&mut self) {
            self.server.unblock();
            self.thread.take().unwrap().join().unwrap();
        }
    }

    fn check(answers: impl FnMut(&str, &str) -> Option<Value> + Send + 'static, expected: &str) {
        let (plugin, broker) = Plugin::start(answers);
        let outcome = broker.ask(&STEPS[0], &json!({}), &Interrupt::never());
        drop(plugin);
        let told = match outcome {
            Ok(Answer { error: Some(error), .. }) => format!("{} {}", error.code, error.message),
            Ok(Answer { outputs, .. }) => Value::Object(outputs).to_string(),
            Err(error) => error.to_string().replace(&broker.api, ""),
        };
        assert_eq!(told, expected);
    }

    /// What the connector publishes in answer to what was `asked`, with `members` beside the context.
    fn published(asked: &str, members: &str) -> Value {
        let asked: Value = serde_json::from_str(asked).unwrap();
        let request: Value = serde_json::from_str(asked["payload"].as_str().unwrap()).unwrap();
        let id = messages::id(&request);
        let payload = format!(r#"{{"integrationContext": {{"id": "{id}"}}{members}}}"#);
        json!([{"payload": payload}])
    }

    #[test]
    fn a_request_that_nobody_takes_is_told() {
        check(
            |_, _| Some(json!({"routed": false})),
            "no queue takes requests to rest-connector.GET",
        );
    }

    #[test]
    fn a_refusal_is_told_with_address_and_status() {
        check(|_, _| None, "/exchanges/%2F/rest-connector.GET/publish answered 404 null");
    }

    #[test]
    fn an_answer_that_is_no_json_is_told() {
        let answers = |word: &str, _: &str| match word {
            "publish" => Some(json!({"routed": true})),
            _ => Some(json!([{"payload": "<"}])),
        };
        check(answers, "an answer is no JSON");
    }

    #[test]
    fn an_error_is_an_answer() {
        let answers = |word: &str, asked: &str| match word {
            "publish" => Some(json!({"routed": true})),
            _ => Some(published(asked, r#", "errorClassName": "X", "errorMessage": "no""#)),
        };
        check(answers, "X no");
    }

    #[test]
    fn answers_to_others_are_passed_over_and_late_ones_waited_for() {
        let other = json!([{"payload": r#"{"integrationContext": {"id": "other"}}"#}]);
        let mut before = vec![json!([]), other, json!([])];
        let answers = move |word: &str, asked: &str| match word {
            "publish" => Some(json!({"routed": true})),
            _ => before.pop().or_else(|| Some(published(asked, ""))),
        };
        check(answers, "{}");
    }
}
