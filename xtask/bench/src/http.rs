//! Calls over HTTP, as SpiffArena makes them: `GET` of a page of 1 kB through the REST connector, against a proxy of a
//! few lines (`bare.rs`) that parses the same request, makes the same call and passes the body on as it came.
//!
//! The caller, the connector or the proxy, and the page share this machine's processors; so the rates are far below
//! what the connector could do alone, and the processor time per call is the steadier figure.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use crate::{
    caller::Call,
    figure::{Figure, Target, percentile},
    peer::Peer,
    process::Process,
    setup::Setup,
};

const CONNECTIONS: [usize; 3] = [1, 8, 64];
const N_ROUNDS: usize = 3;

/// What calls at one number of connections cost.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) cpu_ms_per_call: f64,
}

/// Calls per second, their times and the processor time of each.
pub(crate) async fn measure(setup: &Setup) -> Result<Vec<Figure>> {
    let period = Duration::from_millis(setup.scale.pick(500, 1_500));
    let peer = Peer::start().await?;
    let rest = Process::connector(setup, "rest-connector", &[]).await?;
    let bare = Process::bare(setup).await?;
    let inputs = json!({ "restUrl": peer.page() });
    let ours = Call::post(rest.address, "/v1/do/rest-connector/GET", &inputs, "\"error\":null");
    let theirs = Call::post(bare.address, "/proxy", &inputs, "\"id\":\"4711\"");

    let mut figures = Vec::new();
    for connections in CONNECTIONS {
        // The first calls make the connections and fill the caches.
        for call in [&ours, &theirs] {
            call.repeat(connections, period / 5).await?;
        }
        let mut rounds = Vec::new();
        for _ in 0..N_ROUNDS {
            let ours = cost(&rest, &ours, connections, period).await?;
            let theirs = cost(&bare, &theirs, connections, period).await?;
            println!(
                "   {connections} at once: {:.0}/s and {:.3} ms, bare proxy {:.0}/s and {:.3} ms",
                ours.per_second, ours.cpu_ms_per_call, theirs.per_second, theirs.cpu_ms_per_call
            );
            rounds.push((ours, theirs));
        }
        let of_rounds = |name: &str, unit, of: fn(&Cost) -> f64| {
            let rounds: Vec<_> = rounds.iter().map(|(ours, bare)| (of(ours), of(bare))).collect();
            Figure::of_rounds(format!("{name}, {connections} at once"), unit, &rounds)
        };
        figures.extend([
            of_rounds("calls", "/s", |it| it.per_second),
            of_rounds("p50", "µs", |it| it.p50_us),
            of_rounds("p99", "µs", |it| it.p99_us),
            of_rounds("CPU per call", "ms", |it| it.cpu_ms_per_call).target(Target::AtMost(0.1)),
        ]);
    }
    Ok(figures)
}

/// Calls `server` from so many connections for a while.
pub(crate) async fn cost(
    server: &Process,
    call: &Call,
    connections: usize,
    period: Duration,
) -> Result<Cost> {
    let cpu = server.cpu()?;
    let load = call.repeat(connections, period).await?;
    let cpu = server.cpu()? - cpu;
    Ok(Cost::of(load.times, load.elapsed, cpu))
}

impl Cost {
    /// `times` in microseconds, `cpu` in seconds.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 calls")]
    pub(crate) fn of(times: Vec<f64>, elapsed: Duration, cpu: f64) -> Self {
        let count = times.len() as f64;
        Self {
            per_second: count / elapsed.as_secs_f64(),
            p50_us: percentile(times.iter().copied(), 50),
            p99_us: percentile(times, 99),
            cpu_ms_per_call: cpu * 1e3 / count,
        }
    }
}
