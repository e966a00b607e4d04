//! Messages: `SEND_MESSAGE` of the Slack connector to a fake of Slack, against a loop around reqwest that posts the same
//! JSON (`bare.rs`), and against a server of a few lines that does so when asked.
//!
//! Ours includes everything that a request over HTTP costs; the loop is asked by nobody.
//! Where Slack answers at once all of them share the processors with the fake, and whoever has one hop more is behind by
//! that: what a bare server makes there is the most that any connector could.
//! With a fake that takes as long as Slack, what counts is whether calls wait for anything but Slack; so that row has the
//! target against the loop.
//!
//! Each connection has a channel of its own, since messages to one channel go out one after the other.
//! The fake lives in this process; its time is nobody's.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fake_slack::{BOT_TOKEN, Channel, FakeSlack, Fault, Order, Repeated};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    caller::Call,
    figure::{Figure, Target},
    http::Cost,
    process::Process,
    setup::Setup,
};

const CONNECTIONS: usize = 8;
const N_ROUNDS: usize = 5;
const RATIO_MIN: f64 = 0.8;
const IDLE_MB_MAX: f64 = 15.0;
const TEXT: &str = "Order 4711 is invoiced: R-1001, 296.35 EUR, due in 14 days.";

/// How long Slack takes for a message, or so.
const LATENCY_MS: u64 = 20;
/// The connector gives each message an id of its own.
const MESSAGE_ID: &str = "6e1d2f6a-52b0-5d0c-9d0e-3a6cb7b10b5e";

/// Two processes, and the ways in which they are called.
struct Bench {
    fake: FakeSlack,
    slack: Process,
    bare: Process,
    /// Of `chat.postMessage`.
    url: String,
    /// One for each connection, as the next.
    ours: Vec<Call>,
    server: Vec<Call>,
}

/// What one round has measured.
struct Round {
    ours: Cost,
    server: Cost,
    looped: Cost,
}

/// Messages per second and processor time per message.
pub(crate) async fn measure(setup: &Setup) -> Result<Vec<Figure>> {
    let period = Duration::from_millis(setup.scale.pick(500, 1_500));
    let bench = Bench::start(setup).await?;
    let idle = bench.slack.memory()?.total;
    println!("   Slack answers at once:");
    let at_once = bench.rounds(period).await?;
    println!("   Slack answers after {LATENCY_MS} ms:");
    bench.fake.order(Order {
        on: "chat.postMessage".to_owned(),
        fault: Fault::Late(LATENCY_MS),
        skip: 0,
        times: usize::MAX,
    });
    let late = bench.rounds(period).await?;
    let of = |rounds: &[Round], name: &str, unit, of: fn(&Round) -> (f64, f64)| {
        Figure::of_rounds(name, unit, &rounds.iter().map(of).collect::<Vec<_>>())
    };
    let to_loop: fn(&Round) -> _ = |it| (it.ours.per_second, it.looped.per_second);
    let late_name = format!("messages, Slack answers after {LATENCY_MS} ms, to a loop");
    Ok(vec![
        of(&late, &late_name, "/s", to_loop).target(Target::RatioAtLeast(RATIO_MIN)),
        of(&at_once, "messages, to a loop", "/s", to_loop),
        of(&at_once, "messages, to a bare server", "/s", |it| {
            (it.ours.per_second, it.server.per_second)
        })
        .target(Target::RatioAtLeast(RATIO_MIN)),
        of(&at_once, "CPU per message, to a loop", "ms", |it| {
            (it.ours.cpu_ms_per_call, it.looped.cpu_ms_per_call)
        }),
        of(&at_once, "CPU per message, to a bare server", "ms", |it| {
            (it.ours.cpu_ms_per_call, it.server.cpu_ms_per_call)
        }),
        Figure::new("idle memory", idle, "MB").target(Target::AtMost(IDLE_MB_MAX)),
        Figure::new("memory afterwards", bench.slack.memory()?.total, "MB"),
    ])
}

impl Bench {
    async fn start(setup: &Setup) -> Result<Self> {
        let fake = FakeSlack::start().await?;
        fake.with(|world| {
            world.policy.journal = false;
            // The yardsticks post the same JSON again and again, and with it the same id.
            world.policy.repeated = Repeated::PostAgain;
            for workspace in world.workspaces.iter_mut().take(1) {
                workspace.channels = (0..CONNECTIONS).map(channel).collect();
            }
        });
        let api_url = fake.api_url();
        let settings = [("SLACK_API_URL", api_url.as_str()), ("SLACK_BOT_TOKEN", BOT_TOKEN)];
        let slack = Process::connector(setup, "slack-connector", &settings).await?;
        let bare = Process::bare(setup).await?;
        let url = format!("{api_url}chat.postMessage");
        let message = |number| {
            let inputs = json!({ "channelId": channel(number).id, "text": TEXT });
            let path = "/v1/do/slack-connector/SEND_MESSAGE";
            Call::post(slack.address, path, &inputs, "\"error\":null")
        };
        let say = |number| {
            let say = json!({ "url": url, "token": BOT_TOKEN, "body": body(number) });
            Call::post(bare.address, "/say", &say, "\"ok\":true")
        };
        let ours = (0..CONNECTIONS).map(message).collect();
        let server = (0..CONNECTIONS).map(say).collect();
        Ok(Self { fake, slack, bare, url, ours, server })
    }

    async fn rounds(&self, period: Duration) -> Result<Vec<Round>> {
        let mut rounds = Vec::new();
        // The first round makes the connections and fills the caches.
        for number in 0..=N_ROUNDS {
            let round = Round {
                ours: cost(&self.slack, &self.ours, period).await?,
                server: cost(&self.bare, &self.server, period).await?,
                looped: looped(&self.bare, &self.url, period).await?,
            };
            self.fake.with(|world| {
                for workspace in &mut world.workspaces {
                    workspace.channels.iter_mut().for_each(|it| it.messages.clear());
                }
            });
            if number > 0 {
                round.tell();
                rounds.push(round);
            }
        }
        Ok(rounds)
    }
}

fn channel(number: usize) -> Channel {
    let name = format!("bench-{number}");
    Channel { id: format!("C0BENCH{number:03}"), name, ..Channel::default() }
}

fn body(number: usize) -> Value {
    json!({ "channel": channel(number).id, "text": TEXT, "client_msg_id": MESSAGE_ID })
}

/// One connection for each call, all at once.
async fn cost(server: &Process, calls: &[Call], period: Duration) -> Result<Cost> {
    let (begun, cpu) = (Instant::now(), server.cpu()?);
    let mut tasks = JoinSet::new();
    for call in calls {
        let call = call.clone();
        tasks.spawn(async move { call.repeat(1, period).await });
    }
    let mut times = Vec::new();
    for load in tasks.join_all().await {
        times.extend(load?.times);
    }
    Ok(Cost::of(times, begun.elapsed(), server.cpu()? - cpu))
}

/// The loop around reqwest, in a process of its own.
async fn looped(bare: &Process, url: &str, period: Duration) -> Result<Cost> {
    let bodies: Vec<_> = (0..CONNECTIONS).map(body).collect();
    let order = json!({
        "url": url, "tasks": CONNECTIONS, "milliseconds": period.as_millis(), "token": BOT_TOKEN, "bodies": bodies,
    });
    let call = Call::post(bare.address, "/loop", &order, "[");
    let (begun, cpu) = (Instant::now(), bare.cpu()?);
    let times = serde_json::from_str(&call.once().await?).context("the loop's times")?;
    Ok(Cost::of(times, begun.elapsed(), bare.cpu()? - cpu))
}

impl Round {
    fn tell(&self) {
        let show = |it: &Cost| format!("{:.0}/s and {:.3} ms", it.per_second, it.cpu_ms_per_call);
        println!(
            "   {CONNECTIONS} at once: {}; bare server {}; loop {}",
            show(&self.ours),
            show(&self.server),
            show(&self.looped)
        );
    }
}
