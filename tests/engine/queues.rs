//! Exchanges and queues from the outside: declared as Spring does it, looked at, emptied.

use lapin::{
    Channel, ExchangeKind,
    message::{BasicGetMessage, Delivery},
    options::{BasicGetOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable},
};

use super::{Engine, Kind, answers_to};

/// Messages and consumers of a queue.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Queue {
    /// Without those that a consumer holds.
    pub(crate) messages: u32,
    pub(crate) consumers: u32,
}

impl Engine {
    /// The exchange and queue of results or errors.
    pub(crate) async fn declare(&self, kind: Kind) {
        self.declare_as_java(&answers_to(kind, &self.name), &self.name).await;
    }

    /// Lets this bundle's queue of results or errors take from another exchange too.
    pub(crate) async fn bind(&self, exchange: &str, kind: Kind) {
        let queue = format!("{}.{}", answers_to(kind, &self.name), self.name);
        self.declare_queue(exchange, &queue, FieldTable::default()).await.unwrap();
    }

    /// What Spring's binder declares for a consumer: topic exchange, queue without arguments, `#`.
    pub(crate) async fn declare_as_java(&self, destination: &str, group: &str) {
        let queue = format!("{destination}.{group}");
        self.declare_queue(destination, &queue, FieldTable::default()).await.unwrap();
    }

    /// Refused by the broker when they exist with other properties.
    pub(crate) async fn declare_queue(
        &self,
        exchange: &str,
        queue: &str,
        arguments: FieldTable,
    ) -> lapin::Result<()> {
        let channel = self.fresh().await?;
        let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let none = FieldTable::default();
        channel
            .exchange_declare(exchange.into(), ExchangeKind::Topic, durable, none.clone())
            .await?;
        let durable = QueueDeclareOptions { durable: true, ..Default::default() };
        channel.queue_declare(queue.into(), durable, arguments).await?;
        let options = QueueBindOptions::default();
        channel.queue_bind(queue.into(), exchange.into(), "#".into(), options, none).await?;
        Ok(())
    }

    /// State of a queue; `None` when there is no such queue.
    pub(crate) async fn queue(&self, name: &str) -> Option<Queue> {
        let passive = QueueDeclareOptions { passive: true, ..Default::default() };
        let channel = self.fresh().await.ok()?;
        let queue =
            channel.queue_declare(name.into(), passive, FieldTable::default()).await.ok()?;
        Some(Queue { messages: queue.message_count(), consumers: queue.consumer_count() })
    }

    /// Takes the first message out of a queue.
    pub(crate) async fn take(&self, queue: &str) -> Option<Delivery> {
        let options = BasicGetOptions { no_ack: true };
        let channel = self.fresh().await.ok()?;
        let message = channel.basic_get(queue.into(), options).await.ok().flatten();
        message.map(|BasicGetMessage { delivery, .. }| delivery)
    }

    /// A channel that a refusal may close.
    pub(crate) async fn fresh(&self) -> lapin::Result<Channel> {
        self.channel().await?;
        let shared = self.channel.lock().await;
        let (connection, _) = shared.as_ref().expect("just connected");
        connection.create_channel().await
    }
}

/// A string argument of a queue.
pub(crate) fn argument(name: &str, value: &str) -> FieldTable {
    let mut table = FieldTable::default();
    table.insert(name.into(), AMQPValue::LongString(value.into()));
    table
}
