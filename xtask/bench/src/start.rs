//! From nothing to ready, memory, and size.

use std::{
    process::{self, Command},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tokio::{task::block_in_place, time};

use crate::{
    figure::{Figure, Target, median},
    message::{Bundle, Message},
    peer::Peer,
    process::{Memory, Process, program_size},
    queues::Queues,
    raw::Raw,
    setup::{Broker, Setup, environment},
};

const CONNECTOR: &str = "rest-connector";
/// What the process frees and touches right after its start is over by then.
const IDLE: Duration = Duration::from_secs(1);
const IN_FLIGHT: u16 = 10_000;
/// How long requests may take to reach the slow peer, and answers to come back.
const PATIENCE: Duration = Duration::from_secs(45);

/// Start, memory with nothing to do and with much in flight, sizes of program and image.
pub(crate) async fn measure(setup: &Setup, broker: &Broker) -> Result<Vec<Figure>> {
    let url = broker.url.as_str();
    let start = start(setup, url).await?;
    let (idle, bare) = idle(setup, url).await?;
    let program = program_size(&setup.programs.join(CONNECTOR))?;
    let mut figures = vec![
        start,
        Figure::new("idle memory", idle.total, "MB")
            .against(bare.total)
            .target(Target::AtMost(15.0)),
        Figure::new("idle memory, its own", idle.anonymous, "MB").against(bare.anonymous),
    ];
    figures.extend(in_flight(setup, url, idle).await?);
    figures.push(Figure::new("program", program, "MB"));
    if let Some(image) = image_size() {
        figures.push(Figure::new("image", image, "MB").target(Target::AtMost(15.0)));
    }
    Ok(figures)
}

/// From the start of the process until readiness is told over HTTP, connected to the broker and taking requests; beside
/// it the same of a bare server, which is ready as soon as it listens.
async fn start(setup: &Setup, url: &str) -> Result<Figure> {
    let n_rounds = setup.scale.pick(3, 10);
    let mut rounds = Vec::new();
    for _ in 0..n_rounds {
        let begun = Instant::now();
        let connector = connector(setup, url, &[]).await?;
        let ours = begun.elapsed();
        drop(connector);
        let begun = Instant::now();
        let bare = Process::bare(setup).await?;
        let theirs = begun.elapsed();
        drop(bare);
        rounds.push((ours.as_secs_f64() * 1e3, theirs.as_secs_f64() * 1e3));
    }
    println!(
        "   ready after {:.0} ms, a bare server after {:.0} ms",
        median(rounds.iter().map(|it| it.0)),
        median(rounds.iter().map(|it| it.1))
    );
    let figure = Figure::of_rounds("start to ready", "ms", &rounds);
    Ok(figure.target(Target::AtMost(50.0)))
}

/// Memory with all settings as they are by default, connected and without requests, and that of a bare server.
async fn idle(setup: &Setup, url: &str) -> Result<(Memory, Memory)> {
    let connector = connector(setup, url, &[]).await?;
    let bare = Process::bare(setup).await?;
    time::sleep(IDLE).await;
    Ok((connector.memory()?, bare.memory()?))
}

/// Memory with as many requests at once as a slow peer lets pile up, and whether it stays there when that comes again.
async fn in_flight(setup: &Setup, url: &str, idle: Memory) -> Result<Vec<Figure>> {
    let (count, name) = (u64::from(IN_FLIGHT), name());
    let queues = Queues::open(url).await?;
    let bundle = Bundle::new(&name);
    for exchange in [&bundle.results, &bundle.errors] {
        queues.declare(exchange, exchange).await?;
    }
    let peer = Peer::start().await?;
    let many = IN_FLIGHT.to_string();
    let settings = [
        ("PREFETCH", many.as_str()),
        ("CONCURRENCY", &many),
        ("RUN_TIMEOUT", "5m"),
        ("HTTP_CALL_TIMEOUT", "5m"),
        ("CONNECT_TIMEOUT", "1m"),
    ];
    let connector = connector(setup, url, &settings).await?;
    let exchange = format!("{name}.GET");
    let address = json!({ "restUrl": { "type": "string", "value": peer.gate() } });
    let message = Message::new(&bundle, &exchange, &address);
    let mut peaks = Vec::new();
    for round in 1..=setup.scale.pick(2, 4) {
        queues.empty(&bundle.results).await?;
        let raw = Raw::connect(url)?;
        block_in_place(|| {
            let write = |number, out: &mut Vec<u8>| message.write(round, number, out);
            raw.fill(&exchange, &message.headers(), count, write)
        })?;
        let arrived = time::timeout(PATIENCE, peer.wait_for(IN_FLIGHT.into())).await;
        arrived.with_context(|| format!("not {count} requests at the peer in {PATIENCE:?}"))??;
        let memory = connector.memory()?.total;
        println!("   {count} requests in flight: {memory:.0} MB");
        peaks.push(memory);
        peer.open();
        queues.reach(&bundle.results, count, PATIENCE).await?;
        let n_errors = queues.count(&bundle.errors).await?;
        ensure!(n_errors == 0, "{n_errors} answers of the connector are errors");
    }
    queues.empty(&bundle.results).await?;
    let (first, last) = (peaks[0], peaks[peaks.len() - 1]);
    let each = (first - idle.total) * 1e3 / f64::from(IN_FLIGHT);
    Ok(vec![
        Figure::new(format!("memory, {count} in flight"), first, "MB").against(idle.total),
        Figure::new(format!("memory, {count} in flight again"), last, "MB").against(first),
        Figure::new("memory per request in flight", each, "kB"),
    ])
}

async fn connector(setup: &Setup, url: &str, settings: &[(&str, &str)]) -> Result<Process> {
    let name = name();
    let mut all = vec![("AMQP_URL", url), ("CONNECTOR_NAME", &name)];
    all.extend(settings);
    Process::connector(setup, CONNECTOR, &all).await
}

fn name() -> String {
    format!("rest-{}", process::id())
}

/// The size of the image in MB; none without Docker, or before `cargo xtask docker`.
fn image_size() -> Option<f64> {
    let prefix = environment("IMAGE_PREFIX").unwrap_or_default();
    let tag = environment("IMAGE_TAG").unwrap_or_else(|| "latest".to_owned());
    let image = format!("{prefix}{CONNECTOR}:{tag}");
    let inspect = ["image", "inspect", "--format", "{{.Size}}", &image];
    let output = Command::new("docker").args(inspect).output().ok()?;
    let bytes: f64 = String::from_utf8(output.stdout).ok()?.trim().parse().ok()?;
    Some(bytes / 1e6)
}
