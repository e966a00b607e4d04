//! Exchanges and queues of the measurements: declared, counted, emptied, removed.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use lapin::{
    Channel, Connection, ConnectionProperties, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions, QueuePurgeOptions},
    types::FieldTable,
};
use tokio::time::{self, Instant};

/// How often a queue is counted while it fills: counting is work for the broker, so the more there is to come, the less
/// often.
const COUNT_INTERVAL_MIN: Duration = Duration::from_millis(1);
const COUNT_INTERVAL_MAX: Duration = Duration::from_millis(10);

/// What is declared on somebody else's broker stays there, empty.
pub(crate) struct Queues {
    _connection: Connection,
    channel: Channel,
}

pub(crate) async fn connect(url: &str) -> Result<Connection> {
    Ok(Connection::connect(url, ConnectionProperties::default()).await?)
}

impl Queues {
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let connection = connect(url).await?;
        let channel = connection.create_channel().await?;
        Ok(Self { _connection: connection, channel })
    }

    /// A durable topic exchange and a durable queue that takes all of it, as Spring declares them.
    pub(crate) async fn declare(&self, exchange: &str, queue: &str) -> Result<()> {
        let none = FieldTable::default();
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let kind = ExchangeKind::Topic;
        self.channel.exchange_declare(exchange.into(), kind, options, none.clone()).await?;
        let options = QueueDeclareOptions { durable: true, ..Default::default() };
        self.channel.queue_declare(queue.into(), options, none.clone()).await?;
        let options = QueueBindOptions::default();
        self.channel.queue_bind(queue.into(), exchange.into(), "#".into(), options, none).await?;
        Ok(())
    }

    /// Messages that no consumer holds.
    pub(crate) async fn count(&self, queue: &str) -> Result<u64> {
        let options = QueueDeclareOptions { passive: true, ..Default::default() };
        let state = self.channel.queue_declare(queue.into(), options, FieldTable::default()).await;
        Ok(state.with_context(|| format!("queue {queue}"))?.message_count().into())
    }

    /// Waits until so many messages are in the queue.
    ///
    /// # Errors
    /// Tells how many there are after `patience`.
    pub(crate) async fn reach(&self, queue: &str, count: u64, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        let interval = Duration::from_micros(count).clamp(COUNT_INTERVAL_MIN, COUNT_INTERVAL_MAX);
        loop {
            let got = self.count(queue).await?;
            if got >= count {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("{got} of {count} answers in {queue} after {patience:?}");
            }
            time::sleep(interval).await;
        }
    }

    pub(crate) async fn empty(&self, queue: &str) -> Result<()> {
        self.channel.queue_purge(queue.into(), QueuePurgeOptions::default()).await?;
        Ok(())
    }
}
