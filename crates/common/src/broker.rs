//! RabbitMQ: queues in, exchanges out. This file and those below it are the only ones that know the AMQP library.

mod session;
mod transport;

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use futures_util::{Stream, TryStreamExt};
use lapin::{
    BasicProperties, ConnectionProperties,
    options::{BasicConsumeOptions, BasicQosOptions, ConfirmSelectOptions, QueueBindOptions},
    types::{AMQPValue, FieldTable},
    uri::AMQPUri,
};
use metrics::counter;
use serde_json::Value;
use tokio::time;
use tokio_util::task::TaskTracker;
use tracing::info;

pub(crate) use self::session::{Published, Session};
use self::transport::Transport;
use crate::{
    Object,
    acks::Acks,
    engine::destinations::Inbox,
    health::Health,
    settings::{QueueType, Settings},
    telemetry,
};

/// How long one broker may take to answer the first hello.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// A broker that is silent for twice as long is gone.
const HEARTBEAT_SECONDS: u16 = 15;
/// The library keeps buffers of 32 frames each way; larger messages go in several frames.
const FRAME_BYTES_MAX: u32 = 32 * 1024;
const PERSISTENT: u8 = 2;

/// What is needed to reach a broker.
pub(crate) struct Broker {
    urls: Vec<String>,
    transport: Transport,
    name: String,
    queue_arguments: FieldTable,
    prefetch: u16,
}

/// A message on its way out.
#[derive(Debug)]
pub(crate) struct Outgoing<'a> {
    pub(crate) exchange: &'a str,
    pub(crate) routing_key: &'a str,
    pub(crate) properties: BasicProperties,
    pub(crate) body: &'a [u8],
}

/// A message that waits for its acknowledgement.
pub(crate) struct Delivery {
    message: lapin::message::Delivery,
    acks: Arc<Acks>,
}

impl Broker {
    /// None where no broker is configured.
    ///
    /// Fails with a setting's name and what is wrong with it.
    pub(crate) fn new(
        settings: &Settings,
        instance: &str,
    ) -> Result<Option<Self>, (&'static str, String)> {
        let urls = settings.broker_urls();
        if urls.is_empty() {
            return Ok(None);
        }
        let transport = Transport::new(settings, &urls)?;
        let mut queue_arguments = arguments(settings.queue_arguments.as_ref())
            .map_err(|what| ("QUEUE_ARGUMENTS", what))?;
        if let Some(queue_type) = settings.queue_type {
            let name = match queue_type {
                QueueType::Classic => "classic",
                QueueType::Quorum => "quorum",
            };
            queue_arguments.insert("x-queue-type".into(), AMQPValue::LongString(name.into()));
        }
        Ok(Some(Self {
            urls,
            transport,
            name: format!("{instance} {}", env!("CARGO_PKG_VERSION")),
            queue_arguments,
            prefetch: settings.prefetch,
        }))
    }

    /// Opens a session on the first broker that answers.
    pub(crate) async fn connect(
        &self,
        health: &Arc<Health>,
        tracker: &TaskTracker,
    ) -> anyhow::Result<Arc<Session>> {
        let mut last = None;
        for url in &self.urls {
            match time::timeout(CONNECT_MAX, self.open(url, health, tracker)).await {
                Ok(Ok(session)) => return Ok(session),
                Ok(Err(error)) => last = Some(error),
                Err(_elapsed) => last = Some(anyhow::anyhow!("no answer within {CONNECT_MAX:?}")),
            }
        }
        Err(last.unwrap_or_else(|| anyhow::anyhow!("no broker is configured")))
    }

    async fn open(
        &self,
        url: &str,
        health: &Arc<Health>,
        tracker: &TaskTracker,
    ) -> anyhow::Result<Arc<Session>> {
        let mut uri: AMQPUri = url.parse().map_err(|_text| anyhow::anyhow!("AMQP_URL"))?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        uri.query.frame_max.get_or_insert(FRAME_BYTES_MAX);
        let place = format!("{}:{}", uri.authority.host, uri.authority.port);
        let properties =
            ConnectionProperties::default().with_connection_name(self.name.as_str().into());
        let connection =
            self.transport.connect(uri, properties).await.with_context(|| place.clone())?;
        let channel = connection.create_channel().await?;
        channel.basic_qos(self.prefetch, BasicQosOptions::default()).await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let session = Arc::new(Session {
            acks: Arc::default(),
            declaring: tokio::sync::Mutex::default(),
            declared: std::sync::Mutex::default(),
            ended: tokio_util::sync::CancellationToken::new(),
            connection,
            channel,
        });
        tracker.spawn(Arc::clone(&session).acknowledge());
        tracker.spawn(Arc::clone(&session).watch(Arc::clone(health)));
        counter!(telemetry::BROKER_CONNECTS).increment(1);
        info!(broker = place, "connected");
        Ok(session)
    }

    /// Declares an inbox as Spring does (`activiti-cloud.md` §1.1, §1.3) and takes its requests.
    pub(crate) async fn consume(
        &self,
        session: &Session,
        inbox: &Inbox,
    ) -> anyhow::Result<impl Stream<Item = lapin::Result<Delivery>> + Unpin + use<>> {
        for exchange in &inbox.exchanges {
            session.declare_exchange(exchange).await?;
        }
        session.declare_queue(&inbox.queue, &self.queue_arguments).await?;
        let begin = async {
            let queue = inbox.queue.as_str();
            for exchange in &inbox.exchanges {
                let (options, arguments) = (QueueBindOptions::default(), FieldTable::default());
                let exchange = exchange.as_str().into();
                session
                    .channel
                    .queue_bind(queue.into(), exchange, "#".into(), options, arguments)
                    .await?;
            }
            let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
            session.channel.basic_consume(queue.into(), "".into(), options, arguments).await
        };
        let consumer = session.lasting(begin).await.context("the connection ended")??;
        let acks = Arc::clone(&session.acks);
        Ok(consumer.map_ok(move |message| Delivery { message, acks: Arc::clone(&acks) }))
    }
}

impl Delivery {
    pub(crate) fn body(&self) -> &[u8] {
        &self.message.data
    }

    pub(crate) fn exchange(&self) -> &str {
        self.message.exchange.as_str()
    }

    pub(crate) fn redelivered(&self) -> bool {
        self.message.redelivered
    }

    pub(crate) fn content_encoding(&self) -> Option<&str> {
        self.message.properties.content_encoding().as_ref().map(lapin::types::ShortString::as_str)
    }

    /// A header that is a text or a number.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let headers = self.message.properties.headers().as_ref()?;
        match headers.inner().get(name)? {
            AMQPValue::LongString(text) => Some(text.to_string()),
            AMQPValue::ShortString(text) => Some(text.to_string()),
            AMQPValue::LongInt(number) => Some(number.to_string()),
            AMQPValue::LongLongInt(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Marks the message as done; the broker hears of it within milliseconds.
    pub(crate) fn ack(&self) {
        self.acks.done(self.message.delivery_tag);
    }
}

/// The properties of an answer (`activiti-cloud.md` §2.1, §2.3).
pub(crate) fn answer_properties(headers: &[(&'static str, String)]) -> BasicProperties {
    let mut table = FieldTable::default();
    for (name, value) in headers {
        table.insert((*name).into(), AMQPValue::LongString(value.as_str().into()));
    }
    BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(PERSISTENT)
        .with_headers(table)
}

/// Queue arguments as operators write them.
fn arguments(given: Option<&Object>) -> Result<FieldTable, String> {
    let mut table = FieldTable::default();
    for (name, value) in given.into_iter().flatten() {
        let value = match value {
            Value::Bool(value) => AMQPValue::Boolean(*value),
            Value::String(text) => AMQPValue::LongString(text.as_str().into()),
            Value::Number(number) => match number.as_i64() {
                Some(number) => AMQPValue::LongLongInt(number),
                None => return Err(format!("`{name}` is no whole number")),
            },
            _ => return Err(format!("`{name}` is no text, number or boolean")),
        };
        table.insert(name.as_str().into(), value);
    }
    Ok(table)
}
