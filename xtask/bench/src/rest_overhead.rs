//! The REST action alone, against plain reqwest.
//!
//! An action runs inside its connector only, so its cost is a difference: `GET` of the REST connector, minus an action
//! of the noop connector that takes the same input and gives the same outputs without calling anybody.
//! What reading the request, running an action and writing the answer cost cancels out, and what `crates/rest` and
//! `crates/outbound` do is left: building the request, the egress guard, the call itself, reading the body, the outputs.
//!
//! The yardstick is the same difference of a bare server (`bare.rs`), with and without `client.get(url).send()` and
//! `.json()`, with the same pool, the same caller and the same page.
//!
//! Both are measured for a bare address and for a named connection, whose address, relative to which the input is, and
//! whose bearer token come from `REST_CONNECTIONS`; the yardstick is given the whole address and the token.
//!
//! For comparison there is a loop around these two calls in as many tasks, with no server around it: nothing has to be
//! handed from task to task there, which no connector could do without, so it has no target.
//! With everything included, `GET` is compared with a bare proxy in `http.rs`.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};

use crate::{
    caller::Call,
    figure::{Figure, Target},
    http::Cost,
    peer::{Peer, TOKEN},
    process::Process,
    setup::Setup,
};

/// The time of a call is told where nothing waits for anything else, the processor time where there is some load.
const CONNECTIONS: [usize; 2] = [1, 8];
const N_ROUNDS: usize = 5;
/// A call takes half as long again where the system has put the threads apart, which it keeps up for a while: with many
/// short turns, each with connections of its own, that happens to all of them alike.
const N_SLICES: u32 = 20;
const RATIO_MAX: f64 = 1.3;

/// Three processes, and the ways in which they are called.
struct Bench {
    _peer: Peer,
    rest: Process,
    noop: Process,
    bare: Process,
    ways: [Way; 2],
}

/// The same call of everybody.
struct Way {
    /// What the names of its figures begin with.
    name: &'static str,
    rest: Call,
    noop: Call,
    bare_call: Call,
    bare_no_call: Call,
    /// What the loop is to call.
    address: Value,
}

/// What one of them has taken so far.
#[derive(Default)]
struct Sum {
    /// Of each call, in microseconds.
    times: Vec<f64>,
    elapsed: Duration,
    /// In seconds.
    cpu: f64,
}

/// The costs of one round.
struct Round {
    rest: Cost,
    noop: Cost,
    bare_call: Cost,
    bare_no_call: Cost,
    looped: Cost,
}

/// Time and processor time of a call.
pub(crate) async fn measure(setup: &Setup) -> Result<Vec<Figure>> {
    let period = Duration::from_millis(setup.scale.pick(300, 800));
    let bench = Bench::start(setup).await?;
    let mut figures = Vec::new();
    for way in &bench.ways {
        for connections in CONNECTIONS {
            // The first calls make the connections and fill the caches.
            bench.round(way, connections, period / 5).await?;
            let mut rounds = Vec::new();
            for _ in 0..N_ROUNDS {
                let round = bench.round(way, connections, period).await?;
                round.tell(way, connections);
                rounds.push(round);
            }
            figures.extend(if connections == 1 {
                compare(&rounds, &format!("{}time per call", way.name), "µs", |it| it.p50_us)
            } else {
                let name = format!("{}CPU per call", way.name);
                compare(&rounds, &name, "ms", |it| it.cpu_ms_per_call)
            });
        }
    }
    Ok(figures)
}

fn compare(rounds: &[Round], name: &str, unit: &'static str, of: fn(&Cost) -> f64) -> [Figure; 2] {
    let ours = |it: &Round| of(&it.rest) - of(&it.noop);
    let in_server = |it: &Round| (ours(it), of(&it.bare_call) - of(&it.bare_no_call));
    let in_loop = |it: &Round| (ours(it), of(&it.looped));
    let in_server: Vec<_> = rounds.iter().map(in_server).collect();
    let in_loop: Vec<_> = rounds.iter().map(in_loop).collect();
    [
        Figure::of_rounds(name, unit, &in_server).target(Target::RatioAtMost(RATIO_MAX)),
        Figure::of_rounds(format!("{name}, to a loop"), unit, &in_loop),
    ]
}

impl Bench {
    async fn start(setup: &Setup) -> Result<Self> {
        let peer = Peer::start().await?;
        let connections = json!({"peer": {
            "url": format!("http://{}/guarded", peer.address),
            "auth": {"type": "bearer", "token": "${PEER_TOKEN}"},
        }});
        let settings = [("REST_CONNECTIONS", &*connections.to_string()), ("PEER_TOKEN", TOKEN)];
        let rest = Process::connector(setup, "rest-connector", &settings).await?;
        let noop = Process::connector(setup, "noop-connector", &[]).await?;
        let bare = Process::bare(setup).await?;
        let way = |name, inputs: &Value, url: &str, token: &str| {
            let (right, page) = ("\"error\":null", "\"id\":\"4711\"");
            let bare_inputs = json!({ "restUrl": url, "token": token });
            Way {
                name,
                rest: Call::post(rest.address, "/v1/do/rest-connector/GET", inputs, right),
                noop: Call::post(noop.address, "/v1/do/noop-connector/REPLY", inputs, right),
                bare_call: Call::post(bare.address, "/call", &bare_inputs, page),
                bare_no_call: Call::post(bare.address, "/no-call", &bare_inputs, page),
                address: json!({ "url": url, "token": token }),
            }
        };
        let (page, guarded) = (peer.page(), peer.guarded_page());
        let ways = [
            way("", &json!({ "restUrl": page }), &page, ""),
            way(
                "named connection, ",
                &json!({ "connection": "peer", "restUrl": "page" }),
                &guarded,
                TOKEN,
            ),
        ];
        Ok(Self { _peer: peer, rest, noop, bare, ways })
    }

    /// All five in turn, for so long each: slice by slice where the time of a call is told.
    ///
    /// Where the processor time is, new connections would be part of it.
    async fn round(&self, way: &Way, connections: usize, period: Duration) -> Result<Round> {
        let Self { rest, noop, bare, .. } = self;
        let n_slices = if connections == 1 { N_SLICES } else { 1 };
        let slice = period / n_slices;
        let mut sums: [Sum; 5] = Default::default();
        for _ in 0..n_slices {
            let [get, call, reply, answer, repeat] = &mut sums;
            get.add(rest, &way.rest, connections, slice).await?;
            call.add(bare, &way.bare_call, connections, slice).await?;
            reply.add(noop, &way.noop, connections, slice).await?;
            answer.add(bare, &way.bare_no_call, connections, slice).await?;
            repeat.add_loop(bare, &way.address, connections, slice).await?;
        }
        let [rest, bare_call, noop, bare_no_call, looped] = sums.map(Sum::cost);
        Ok(Round { rest, noop, bare_call, bare_no_call, looped })
    }
}

impl Sum {
    async fn add(
        &mut self,
        server: &Process,
        call: &Call,
        connections: usize,
        period: Duration,
    ) -> Result<()> {
        let cpu = server.cpu()?;
        let load = call.repeat(connections, period).await?;
        self.times.extend(load.times);
        self.elapsed += load.elapsed;
        self.cpu += server.cpu()? - cpu;
        Ok(())
    }

    /// The loop around plain reqwest, in a process of its own.
    async fn add_loop(
        &mut self,
        bare: &Process,
        address: &Value,
        tasks: usize,
        period: Duration,
    ) -> Result<()> {
        let mut order = address.clone();
        order["tasks"] = tasks.into();
        order["milliseconds"] = u64::try_from(period.as_millis())?.into();
        let call = Call::post(bare.address, "/loop", &order, "[");
        let (begun, cpu) = (Instant::now(), bare.cpu()?);
        let times: Vec<f64> = serde_json::from_str(&call.once().await?)?;
        self.times.extend(times);
        self.elapsed += begun.elapsed();
        self.cpu += bare.cpu()? - cpu;
        Ok(())
    }

    fn cost(self) -> Cost {
        Cost::of(self.times, self.elapsed, self.cpu)
    }
}

impl Round {
    fn tell(&self, way: &Way, connections: usize) {
        let show = |it: &Cost| format!("{:.0} µs, {:.3} ms", it.p50_us, it.cpu_ms_per_call);
        println!(
            "   {}{connections} at once: GET {}; noop {}; bare with a call {}, without {}; loop {}",
            way.name,
            show(&self.rest),
            show(&self.noop),
            show(&self.bare_call),
            show(&self.bare_no_call),
            show(&self.looped)
        );
    }
}
