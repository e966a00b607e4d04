//! Plays a runtime bundle: sends integration requests, collects results and errors.

mod answer;
mod queues;
mod request;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::StreamExt;
use lapin::{
    Channel, Confirmation, Connection, ConnectionProperties,
    options::{BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions},
    types::FieldTable,
};
use serde_json::{Value, json};
use tokio::{
    sync::{self, watch},
    task::JoinSet,
    time,
};
use uuid::Uuid;

pub(crate) use self::{
    answer::{Answer, Kind, texts},
    queues::{Queue, argument},
    request::{Request, captured_requests, sample},
};
use crate::stack::{PATIENCE, PERSON, SECRET, unique};

/// A runtime bundle with its own name, and thus its own queues.
pub(crate) struct Engine {
    /// Its `spring.application.name`.
    pub(crate) name: String,
    url: String,
    channel: sync::Mutex<Option<(Connection, Channel)>>,
    answers: Arc<Answers>,
    /// Collects until the engine is dropped.
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Answers {
    by_id: Mutex<HashMap<String, Vec<Answer>>>,
    /// How many there are in all.
    count: watch::Sender<usize>,
}

impl Engine {
    /// Declares what a bundle declares at its start, and collects answers from then on.
    pub(crate) async fn start(url: &str) -> Self {
        let engine = Self::without_queues(url);
        engine.declare(Kind::Result).await;
        engine.declare(Kind::Error).await;
        engine
    }

    /// A bundle that sends requests before its queues are there.
    pub(crate) fn without_queues(url: &str) -> Self {
        let name = unique("rb");
        let answers = Arc::<Answers>::default();
        let mut tasks = JoinSet::new();
        for kind in [Kind::Result, Kind::Error] {
            tasks.spawn(collect(
                url.to_owned(),
                format!("{}.{name}", answers_to(kind, &name)),
                kind,
                Arc::clone(&answers),
            ));
        }
        Self { name, url: url.to_owned(), channel: sync::Mutex::default(), answers, _tasks: tasks }
    }

    /// A request for the action behind `destination`, with ids of its own and something to keep secret.
    pub(crate) fn request(&self, destination: &str, inputs: &Value) -> Request {
        let mut inputs = inputs.clone();
        inputs["unusedToken"] = json!(format!("{SECRET}-variable"));
        inputs["unusedPerson"] = json!(PERSON);
        self.own(Request::captured("request-bench").inputs(&inputs), destination)
    }

    /// The captured request as if this bundle had sent it, under a fresh id.
    pub(crate) fn own(&self, request: Request, destination: &str) -> Request {
        let id = Uuid::new_v4().to_string();
        request
            .header("connectorType", destination)
            .header("integrationContextId", &id)
            .header("serviceName", &self.name)
            .header("serviceFullName", &self.name)
            .context("id", json!(id))
            .context("connectorType", json!(destination))
            .member("serviceName", json!(self.name))
            .member("serviceFullName", json!(self.name))
            .member("resultDestination", json!(answers_to(Kind::Result, &self.name)))
            .member("errorDestination", json!(answers_to(Kind::Error, &self.name)))
    }

    /// Asks for an action; gives the id of the request.
    pub(crate) async fn ask(&self, destination: &str, inputs: &Value) -> String {
        let request = self.request(destination, inputs);
        self.send(destination, &request).await;
        request.id().to_owned()
    }

    /// Publishes to the exchange `destination`, as the bundle does it, until the broker has it.
    pub(crate) async fn send(&self, destination: &str, request: &Request) {
        let properties = request.properties.clone().with_headers(request.headers.clone());
        let payload = request.payload();
        let deadline = time::Instant::now() + PATIENCE;
        loop {
            match self.publish(destination, &payload, properties.clone()).await {
                Ok(Confirmation::Ack(None)) => return,
                outcome => assert!(time::Instant::now() < deadline, "{destination}: {outcome:?}"),
            }
            *self.channel.lock().await = None;
            time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The first answer to the request, which must be a result.
    pub(crate) async fn expect_result(&self, id: &str) -> Answer {
        let answer = self.answer(id).await;
        assert_eq!(answer.kind, Kind::Result, "{} {}", answer.error_code(), answer.error_message());
        answer
    }

    /// The first answer to the request, which must be an error with this code; empty: a technical error.
    pub(crate) async fn expect_error(&self, id: &str, code: &str) -> Answer {
        let answer = self.answer(id).await;
        assert_eq!(answer.kind, Kind::Error, "{}", answer.body);
        assert_eq!(answer.error_code(), code, "{}", answer.error_message());
        answer
    }

    /// The first answer to the request, whatever it is.
    pub(crate) async fn answer(&self, id: &str) -> Answer {
        let mut count = self.answers.count.subscribe();
        let found = async {
            loop {
                if let Some(answer) = self.answers(id).into_iter().next() {
                    return answer;
                }
                count.changed().await.expect("the engine is alive");
            }
        };
        let answer = time::timeout(PATIENCE, found).await;
        answer.unwrap_or_else(|_| panic!("no answer to {id} within {PATIENCE:?}"))
    }

    /// All answers to the request so far.
    pub(crate) fn answers(&self, id: &str) -> Vec<Answer> {
        let by_id = self.answers.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        by_id.get(id).cloned().unwrap_or_default()
    }

    /// How many of these requests have at least one answer.
    pub(crate) fn answered(&self, ids: &[String]) -> usize {
        let by_id = self.answers.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        ids.iter().filter(|id| by_id.contains_key(*id)).count()
    }

    async fn publish(
        &self,
        exchange: &str,
        payload: &[u8],
        properties: lapin::BasicProperties,
    ) -> lapin::Result<Confirmation> {
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        let channel = self.channel().await?;
        let confirm =
            channel.basic_publish(exchange.into(), exchange.into(), options, payload, properties);
        confirm.await?.await
    }

    /// The channel that all requests are published on.
    async fn channel(&self) -> lapin::Result<Channel> {
        let mut shared = self.channel.lock().await;
        if let Some((connection, channel)) = shared.as_ref()
            && connection.status().connected()
        {
            return Ok(channel.clone());
        }
        let connection = Connection::connect(&self.url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        *shared = Some((connection, channel.clone()));
        Ok(channel)
    }
}

impl Answers {
    fn add(&self, answer: Answer) {
        let id = answer.id().to_owned();
        let mut by_id = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        by_id.entry(id).or_default().push(answer);
        drop(by_id);
        self.count.send_modify(|count| *count += 1);
    }
}

/// `integrationResult_<name>` or `integrationError_<name>`.
pub(crate) fn answers_to(kind: Kind, name: &str) -> String {
    format!("integration{kind:?}_{name}")
}

/// Takes answers from the queue for ever, over as many connections as it needs.
async fn collect(url: String, queue: String, kind: Kind, answers: Arc<Answers>) {
    loop {
        // The broker or the queue may be gone for a while: that is what some tests are about.
        collect_once(&url, &queue, kind, &answers).await.ok();
        time::sleep(Duration::from_millis(100)).await;
    }
}

async fn collect_once(url: &str, queue: &str, kind: Kind, answers: &Answers) -> lapin::Result<()> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let options = BasicConsumeOptions::default();
    let mut deliveries =
        channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await?;
    while let Some(delivery) = deliveries.next().await {
        let delivery = delivery?;
        answers.add(Answer::new(kind, &delivery));
        delivery.ack(BasicAckOptions::default()).await?;
    }
    Ok(())
}
