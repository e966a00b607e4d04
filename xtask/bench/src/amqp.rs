//! Requests over RabbitMQ: the whole connector process with an action that does nothing, against a raw loop.
//!
//! The queue is filled while the connector's process stands still, so that nobody publishes while it is measured.
//! Then the time counts from when it goes on until its last answer is in the bundle's queue.
//! The raw loop (`raw.rs`) takes as many of the same messages from a queue like it and publishes each as it is, with
//! confirms: the most that one connection gets out of the broker with the guarantees that the connector gives.

use std::{
    process,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use tokio::task::block_in_place;

use crate::{
    figure::{Figure, Target},
    message::{self, Bundle, Message},
    process::{Process, thread_cpu},
    queues::Queues,
    raw::Raw,
    setup::{Broker, Setup},
};

const PREFETCH: u16 = 256;
/// Shorter batches are over before their rate can be told.
const RATE_DEPTH_MIN: u64 = 10_000;
/// So many messages per second are the least that is waited for.
const RATE_MIN: u64 = 500;
const WARM_UP: u64 = 1_000;

/// What a batch took.
#[derive(Clone, Copy)]
struct Cost {
    per_second: f64,
    /// Processor time of the client, not the broker's.
    cpu_ms_per_message: f64,
}

struct Lane<'a> {
    broker: &'a Broker,
    queues: Queues,
    bundle: Bundle,
    connector: Process,
    /// Where requests for the connector are published.
    exchange: String,
    /// Where the raw loop takes its messages from; an exchange of the same name leads to it.
    raw_queue: String,
    message: Message,
    /// Requests of different rounds have different ids.
    round: AtomicU64,
}

/// Messages per second and processor time, at one depth of the queue in turn with the raw loop, then at several.
pub(crate) async fn measure(setup: &Setup, broker: &Broker) -> Result<Vec<Figure>> {
    let lane = Lane::open(setup, broker).await?;
    let figures = lane.figures(setup).await?;
    lane.queues.empty(&lane.bundle.results).await?;
    Ok(figures)
}

impl<'a> Lane<'a> {
    async fn open(setup: &Setup, broker: &'a Broker) -> Result<Self> {
        let queues = Queues::open(&broker.url).await?;
        let bundle = Bundle::new(&format!("bench-{}", process::id()));
        for exchange in [&bundle.results, &bundle.errors] {
            queues.declare(exchange, exchange).await?;
        }
        let name = format!("noop-{}", process::id());
        let exchange = format!("{name}.RUN");
        let raw_queue = format!("{name}.raw");
        queues.declare(&raw_queue, &raw_queue).await?;
        // Filling a queue may take longer than the broker waits for a heartbeat of a process that stands still.
        let separator = if broker.url.contains('?') { '&' } else { '?' };
        let url = format!("{}{separator}heartbeat=120", broker.url);
        let prefetch = PREFETCH.to_string();
        let settings = [
            ("AMQP_URL", url.as_str()),
            ("CONNECTOR_NAME", &name),
            ("PREFETCH", &prefetch),
            ("CONCURRENCY", &prefetch),
        ];
        let connector = Process::connector(setup, "noop-connector", &settings).await?;
        let message = Message::new(&bundle, &exchange, &message::order());
        let round = AtomicU64::new(1);
        Ok(Self { broker, queues, bundle, connector, exchange, raw_queue, message, round })
    }

    async fn figures(&self, setup: &Setup) -> Result<Vec<Figure>> {
        let count = setup.scale.pick(5_000, 20_000);
        println!("   {count} messages of {} bytes in each round", self.message.size());
        self.ours(WARM_UP).await?;
        let mut rounds = Vec::new();
        for round in 1..=3 {
            let ours = self.ours(count).await?;
            let raw = self.raw(count).await?;
            println!(
                "   round {round}: {:.0}/s and {:.3} ms, raw loop {:.0}/s and {:.3} ms",
                ours.per_second, ours.cpu_ms_per_message, raw.per_second, raw.cpu_ms_per_message
            );
            rounds.push((ours, raw));
        }
        let pairs = |of: fn(&Cost) -> f64| -> Vec<_> {
            rounds.iter().map(|(ours, raw)| (of(ours), of(raw))).collect()
        };
        let mut figures = vec![
            Figure::of_rounds("messages", "/s", &pairs(|it| it.per_second))
                .target(Target::RatioAtLeast(0.7)),
            Figure::of_rounds("CPU per message", "ms", &pairs(|it| it.cpu_ms_per_message))
                .target(Target::AtMost(0.1)),
        ];
        figures.extend(self.depths(setup).await?);
        Ok(figures)
    }

    /// The same cost whether few messages are queued or many: the processor time at each depth is compared with that at
    /// the first.
    ///
    /// The rate is told where a batch is long enough for it, and compared with the raw loop at the same depth, since the
    /// broker itself is slower with a long queue.
    async fn depths(&self, setup: &Setup) -> Result<Vec<Figure>> {
        let depths = setup.scale.pick(&[100, 1_000, 10_000][..], &[100, 1_000, 10_000, 100_000]);
        let enough = setup.scale.pick(3_000, 10_000);
        let mut figures = Vec::new();
        let mut first = None;
        for depth in depths {
            let n_batches = (enough / depth).max(1);
            let mut costs = Vec::new();
            for _ in 0..n_batches {
                costs.push(self.ours(*depth).await?);
            }
            // The mean, because the processor time of a short batch is less than what can be told.
            #[expect(clippy::cast_precision_loss, reason = "a hundred at most")]
            let cpu = costs.iter().map(|it| it.cpu_ms_per_message).sum::<f64>() / n_batches as f64;
            println!("   {depth} queued: {cpu:.3} ms");
            let first = *first.get_or_insert(cpu);
            let figure = Figure::new(format!("CPU per message, {depth} queued"), cpu, "ms");
            figures.push(figure.against(first));
            if *depth >= RATE_DEPTH_MIN {
                let (ours, raw) = (costs[0].per_second, self.raw(*depth).await?.per_second);
                println!("   {depth} queued: {ours:.0}/s, raw loop {raw:.0}/s");
                let figure = Figure::new(format!("messages, {depth} queued"), ours, "/s");
                figures.push(figure.against(raw));
            }
        }
        Ok(figures)
    }

    /// Lets the connector work off `count` messages.
    async fn ours(&self, count: u64) -> Result<Cost> {
        self.queues.empty(&self.bundle.results).await?;
        self.connector.pause()?;
        self.fill(&self.exchange, count)?;
        let cpu = self.connector.cpu()?;
        let begun = Instant::now();
        self.connector.resume()?;
        self.queues.reach(&self.bundle.results, count, patience(count)).await?;
        let elapsed = begun.elapsed();
        let cpu = self.connector.cpu()? - cpu;
        let n_errors = self.queues.count(&self.bundle.errors).await?;
        ensure!(n_errors == 0, "{n_errors} answers of the connector are errors");
        Ok(Cost::of(count, elapsed, cpu))
    }

    /// Lets the raw loop forward `count` messages.
    async fn raw(&self, count: u64) -> Result<Cost> {
        let (results, raw_queue) = (&self.bundle.results, &self.raw_queue);
        self.queues.empty(results).await?;
        self.fill(raw_queue, count)?;
        let raw = Raw::connect(&self.broker.url)?;
        let cpu = thread_cpu()?;
        let elapsed = block_in_place(|| raw.forward(raw_queue, results, PREFETCH, count))?;
        Ok(Cost::of(count, elapsed, thread_cpu()? - cpu))
    }

    fn fill(&self, exchange: &str, count: u64) -> Result<()> {
        let (round, message) = (self.round.fetch_add(1, Ordering::Relaxed), &self.message);
        let raw = Raw::connect(&self.broker.url)?;
        block_in_place(|| {
            let write = |number, out: &mut Vec<u8>| message.write(round, number, out);
            raw.fill(exchange, &message.headers(), count, write)
        })
    }
}

impl Cost {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 messages")]
    fn of(count: u64, elapsed: Duration, cpu: f64) -> Self {
        Self {
            per_second: count as f64 / elapsed.as_secs_f64(),
            cpu_ms_per_message: cpu * 1e3 / count as f64,
        }
    }
}

fn patience(count: u64) -> Duration {
    Duration::from_secs(10 + count / RATE_MIN)
}
