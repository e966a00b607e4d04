//! One connection to the broker, for as long as it lasts.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, bail};
use futures_util::StreamExt;
use lapin::{
    Channel, Confirmation, Connection, ErrorKind, Event, ExchangeKind,
    options::{BasicAckOptions, BasicPublishOptions, ExchangeDeclareOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable},
};
use tokio::{sync::OnceCell, time};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Delivery, Outgoing, PERSISTENT};
use crate::{acks::Acks, health::Health};

/// AMQP's reply code for a resource that is there with other arguments.
const PRECONDITION_FAILED: u16 = 406;
/// How long a farewell may take: on a connection that is half gone the library may wait for one for ever.
const CLOSE_MAX: Duration = Duration::from_secs(5);

/// A connection with one channel, and what was declared on it.
pub(crate) struct Session {
    pub(super) connection: Connection,
    pub(super) channel: Channel,
    pub(super) acks: Arc<Acks>,
    pub(super) declaring: tokio::sync::Mutex<Option<Channel>>,
    pub(super) declared: Mutex<HashMap<String, Arc<OnceCell<()>>>>,
    /// Cancelled when the connection or the channel is of no more use.
    pub(crate) ended: CancellationToken,
}

/// What the broker made of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Published {
    /// On disk in at least one queue.
    Routed,
    /// No queue took it.
    Returned(String),
}

impl Session {
    /// Resolves once the broker has taken responsibility for the message, or has refused it.
    pub(crate) async fn publish(&self, message: Outgoing<'_>) -> anyhow::Result<Published> {
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        let publish = async {
            let confirm = self
                .channel
                .basic_publish(
                    message.exchange.into(),
                    message.routing_key.into(),
                    options,
                    message.body,
                    message.properties,
                )
                .await?;
            confirm.await
        };
        let Some(confirmation) = self.lasting(publish).await else {
            bail!("the connection ended before the confirm");
        };
        let confirmation = confirmation.inspect_err(|_error| self.ended.cancel())?;
        match confirmation {
            Confirmation::Ack(None) => Ok(Published::Routed),
            Confirmation::Ack(Some(returned)) | Confirmation::Nack(Some(returned)) => {
                Ok(Published::Returned(returned.reply_text.to_string()))
            }
            Confirmation::Nack(None) => bail!("the broker refused the message"),
            Confirmation::NotRequested => bail!("the channel lost its confirm mode"),
        }
    }

    /// What `work` gives; none when the session ends before, with which the library doesn't fail everything.
    pub(super) async fn lasting<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = self.ended.cancelled() => None,
        }
    }

    /// Makes sure that the exchange of an answer is there, as Spring does before it publishes.
    pub(crate) async fn declare_exchange(&self, name: &str) -> anyhow::Result<()> {
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let declare = || {
            self.declare("exchange", name, async |channel| {
                let kind = ExchangeKind::Topic;
                channel.exchange_declare(name.into(), kind, options, FieldTable::default()).await
            })
        };
        self.once(name).get_or_try_init(declare).await.copied()
    }

    pub(super) async fn declare_queue(
        &self,
        name: &str,
        arguments: &FieldTable,
    ) -> anyhow::Result<()> {
        let options = QueueDeclareOptions { durable: true, ..Default::default() };
        self.declare("queue", name, async |channel| {
            channel.queue_declare(name.into(), options, arguments.clone()).await.map(drop)
        })
        .await
    }

    /// Declares on a channel of its own, which the broker closes when it refuses.
    ///
    /// What is there with other arguments is taken as it is: somebody else's, or an operator's.
    async fn declare(
        &self,
        what: &str,
        name: &str,
        declare: impl AsyncFnOnce(&Channel) -> lapin::Result<()>,
    ) -> anyhow::Result<()> {
        let mut kept = self.declaring.lock().await;
        let declared = self.lasting(async {
            let channel = match kept.take() {
                Some(channel) => channel,
                None => self.connection.create_channel().await?,
            };
            declare(&channel).await.map(|()| channel)
        });
        let Some(declared) = declared.await else {
            bail!("the connection ended before the {what} {name} was declared");
        };
        match declared {
            Ok(channel) => *kept = Some(channel),
            Err(error) if is_precondition(&error) => {
                warn!(name, "the {what} is there with other arguments and is taken as it is");
            }
            Err(error) => return Err(error).with_context(|| format!("{what} {name}")),
        }
        Ok(())
    }

    /// Whether a name is declared; all who need it wait for the first who does.
    fn once(&self, name: &str) -> Arc<OnceCell<()>> {
        let mut declared = self.declared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = declared.get(name) {
            return Arc::clone(cell);
        }
        Arc::clone(declared.entry(name.to_owned()).or_default())
    }

    /// Puts a message aside: into `<queue>.parked`, with the reason in a header.
    pub(crate) async fn park(
        &self,
        delivery: &Delivery,
        queue: &str,
        reason: &str,
    ) -> anyhow::Result<()> {
        let parking = format!("{queue}.parked");
        let declare = async || self.declare_queue(&parking, &FieldTable::default()).await;
        self.once(&parking).get_or_try_init(declare).await?;
        let properties = delivery.message.properties.clone();
        let mut headers = properties.headers().clone().unwrap_or_default();
        headers.insert("x-parked-reason".into(), AMQPValue::LongString(reason.into()));
        headers.insert("x-parked-from".into(), AMQPValue::LongString(queue.into()));
        let message = Outgoing {
            exchange: "",
            routing_key: &parking,
            properties: properties.with_headers(headers).with_delivery_mode(PERSISTENT),
            body: &delivery.message.data,
        };
        match self.publish(message).await? {
            Published::Routed => Ok(()),
            Published::Returned(why) => bail!("{parking}: {why}"),
        }
    }

    /// Writes the acknowledgements, as few as will do.
    pub(super) async fn acknowledge(self: Arc<Self>) {
        loop {
            let batch = tokio::select! {
                batch = self.acks.next() => batch,
                () = self.ended.cancelled() => return,
            };
            for (tag, multiple) in batch {
                let ack = self.channel.basic_ack(tag, BasicAckOptions { multiple });
                if !matches!(self.lasting(ack).await, Some(Ok(()))) {
                    return self.ended.cancel();
                }
            }
        }
    }

    /// Says how the connection is, until it is no more.
    pub(super) async fn watch(self: Arc<Self>, health: Arc<Health>) {
        let mut events = std::pin::pin!(self.connection.events_listener());
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                () = self.ended.cancelled() => return,
            };
            match event {
                Some(Event::ConnectionBlocked(reason)) => {
                    warn!(reason, "the broker takes no messages for now");
                    health.blocked(reason);
                }
                Some(Event::ConnectionUnblocked) => {
                    info!("the broker takes messages again");
                    health.connected();
                }
                // A declare on a channel of its own may fail without harm.
                Some(Event::Error(error)) if error.is_amqp_soft_error() => {}
                Some(Event::Error(_)) | None => return self.ended.cancel(),
                Some(_) => {}
            }
        }
    }

    /// Says what is done, and gives back what is not.
    pub(crate) async fn close(&self) {
        let farewell = async {
            for (tag, multiple) in self.acks.rest() {
                let _sent = self.channel.basic_ack(tag, BasicAckOptions { multiple }).await;
            }
            self.ended.cancel();
            let _closed = self.connection.close(200, "OK".into()).await;
        };
        if time::timeout(CLOSE_MAX, farewell).await.is_err() {
            self.ended.cancel();
            warn!("the broker has not said goodbye within {CLOSE_MAX:?}");
        }
    }
}

fn is_precondition(error: &lapin::Error) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(error) if error.get_id() == PRECONDITION_FAILED)
}
