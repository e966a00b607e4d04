//! The REST action alone, against plain reqwest.
//!
//! An action runs inside its connector only, so its cost is a difference: `GET` of the REST connector, minus an action
//! of the noop connector that takes the same input and gives the same outputs without calling anybody.
//! Both are called over HTTP; what reading the request, running an action and writing the answer cost cancels out, and
//! what `crates/rest` and `crates/outbound` do is left: building the request, the egress guard, the call itself,
//! reading the body, the outputs.
//!
//! The yardstick is a loop around `client.get(url).send()` and `.json()` in a process of its own (`bare.rs`), with the
//! same pool, as many tasks, and the same page.
//!
//! With everything included, `GET` is compared with a bare proxy in `http`.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};

use crate::{
    caller::Call,
    figure::{Figure, Target},
    http::{Cost, cost},
    peer::Peer,
    process::Process,
    setup::Setup,
};

/// The time of a call is told where nothing waits for anything else, the processor time where there is some load.
const CONNECTIONS: [usize; 2] = [1, 8];
const N_ROUNDS: usize = 5;

/// The costs of one round.
struct Round {
    rest: Cost,
    noop: Cost,
    plain: Cost,
}

/// Time and processor time of a call.
pub(crate) async fn measure(setup: &Setup) -> Result<Vec<Figure>> {
    let period = Duration::from_millis(setup.scale.pick(300, 1_000));
    let peer = Peer::start().await?;
    let rest = Process::connector(setup, "rest-connector", &[]).await?;
    let noop = Process::connector(setup, "noop-connector", &[]).await?;
    let bare = Process::bare(setup).await?;
    let inputs = json!({ "restUrl": peer.page() });
    let right = "\"error\":null";
    let get = Call::post(rest.address, "/v1/do/rest-connector/GET", &inputs, right);
    let reply = Call::post(noop.address, "/v1/do/noop-connector/REPLY", &inputs, right);

    let mut figures = Vec::new();
    for connections in CONNECTIONS {
        for call in [&get, &reply] {
            call.repeat(connections, period / 5).await?;
        }
        plain(&bare, &peer, connections, period / 5).await?;
        let mut rounds = Vec::new();
        for _ in 0..N_ROUNDS {
            let round = Round {
                rest: cost(&rest, &get, connections, period).await?,
                noop: cost(&noop, &reply, connections, period).await?,
                plain: plain(&bare, &peer, connections, period).await?,
            };
            round.tell(connections);
            rounds.push(round);
        }
        let of_rounds = |name: &str, unit, of: fn(&Cost) -> f64| {
            let pairs = rounds.iter().map(|it| (of(&it.rest) - of(&it.noop), of(&it.plain)));
            let pairs: Vec<_> = pairs.collect();
            let name = format!("{name}, {connections} at once");
            Figure::of_rounds(name, unit, &pairs).target(Target::RatioAtMost(1.3))
        };
        figures.push(if connections == 1 {
            of_rounds("time per call", "µs", |it| it.p50_us)
        } else {
            of_rounds("CPU per call", "ms", |it| it.cpu_ms_per_call)
        });
    }
    Ok(figures)
}

/// The loop around plain reqwest.
async fn plain(bare: &Process, peer: &Peer, tasks: usize, period: Duration) -> Result<Cost> {
    let order = json!({ "url": peer.page(), "tasks": tasks, "milliseconds": period.as_millis() });
    let call = Call::post(bare.address, "/loop", &order, "[");
    let (begun, cpu) = (Instant::now(), bare.cpu()?);
    let times: Vec<f64> = serde_json::from_value::<Vec<Value>>(call.once().await?.parse()?)?
        .iter()
        .filter_map(Value::as_f64)
        .collect();
    Ok(Cost::of(times, begun.elapsed(), bare.cpu()? - cpu))
}

impl Round {
    fn tell(&self, connections: usize) {
        let [rest, noop, plain] =
            [&self.rest, &self.noop, &self.plain].map(|it| (it.p50_us, it.cpu_ms_per_call));
        println!(
            "   {connections} at once: GET {:.0} µs and {:.3} ms, noop {:.0} µs and {:.3} ms, \
             reqwest {:.0} µs and {:.3} ms",
            rest.0, rest.1, noop.0, noop.1, plain.0, plain.1
        );
    }
}
