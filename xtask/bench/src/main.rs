//! `cargo xtask bench`: speed and memory of the connectors, as ratios to yardsticks that run in turn with them.
//!
//! Absolute figures belong to the machine and to what else it does; the ratios do much less.
#![expect(clippy::print_stdout, reason = "the results")]

mod amqp;
mod caller;
mod email;
mod figure;
mod files;
mod http;
mod mail_texts;
mod message;
mod node;
mod oauth;
mod pdf;
mod peer;
mod process;
mod queues;
mod raw;
mod rest_overhead;
mod setup;
mod slack;
mod start;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::{Context, Result, bail};
use clap::{Parser, ValueEnum};
use tokio::{
    signal::unix::{SignalKind, signal},
    time,
};

use crate::{
    figure::Figure,
    setup::{SCENARIO_MAX, Scale, Setup},
};

/// Measures connectors.
#[derive(Parser)]
struct Cli {
    /// What to measure; everything when nothing is named
    names: Vec<Scenario>,

    /// A first impression within a minute, instead of three
    #[arg(long)]
    quick: bool,

    /// Folder of the connectors that are measured
    #[arg(long)]
    programs: PathBuf,

    /// Folder for the results, `<name>.json`
    #[arg(long, default_value = "target/bench")]
    results: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// Requests over RabbitMQ, against a raw loop
    Amqp,
    /// A file of 100 MB through body, peer and store, against its size
    Files,
    /// Calls that need a token of an OAuth2 server
    Oauth,
    /// Calls of `GET` over HTTP, against a bare proxy
    Http,
    /// Invoices, against `WeasyPrint`
    Pdf,
    /// The REST action alone, against plain reqwest
    RestOverhead,
    /// Start, memory, size
    Start,
    /// Mails to Postfix's sink, against a loop around lettre
    Email,
    /// Messages to a fake of Slack, against a loop around reqwest
    Slack,
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = tokio::select! {
        outcome = run(Cli::parse()) => outcome,
        outcome = told_to_stop() => outcome,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nbench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<()> {
    let begun = Instant::now();
    let scenarios = if cli.names.is_empty() { Scenario::value_variants() } else { &cli.names[..] };
    let mut setup = Setup {
        scale: if cli.quick { Scale::Quick } else { Scale::Full },
        programs: cli.programs,
        yardsticks: yardsticks()?,
        logs: cli.results.join("logs"),
        broker: None,
    };
    fs::create_dir_all(&setup.logs).with_context(|| setup.logs.display().to_string())?;
    println!("load average {}", load_average()?);
    let mut report = Vec::new();
    for scenario in scenarios {
        println!("\n== {}", scenario.name());
        let figures = time::timeout(SCENARIO_MAX, scenario.measure(&mut setup)).await;
        let figures = figures
            .unwrap_or_else(|_elapsed| Err(anyhow::anyhow!("no end within {SCENARIO_MAX:?}")))
            .with_context(|| format!("{}, logs in {}", scenario.name(), setup.logs.display()))?;
        figure::write(&cli.results, &scenario.name(), &figures)?;
        report.push(format!("{}\n{}", scenario.name(), figure::table(&figures)));
    }
    println!("\n{}", report.join("\n"));
    println!("load average {}, {:.0} s", load_average()?, begun.elapsed().as_secs_f64());
    Ok(())
}

/// Fails at Ctrl-C or SIGTERM, so that everything is dropped, and with it what was started.
async fn told_to_stop() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    bail!("told to stop")
}

impl Scenario {
    fn name(self) -> String {
        self.to_possible_value().map(|it| it.get_name().to_owned()).unwrap_or_default()
    }

    async fn measure(self, setup: &mut Setup) -> Result<Vec<Figure>> {
        match self {
            Self::Amqp => {
                let broker = setup.broker().await?;
                amqp::measure(setup, &broker).await
            }
            Self::Files => files::measure(setup).await,
            Self::Oauth => oauth::measure(setup).await,
            Self::Http => http::measure(setup).await,
            Self::Pdf => pdf::measure(setup).await,
            Self::RestOverhead => rest_overhead::measure(setup).await,
            Self::Email => email::measure(setup).await,
            Self::Slack => slack::measure(setup).await,
            Self::Start => {
                let broker = setup.broker().await?;
                start::measure(setup, &broker).await
            }
        }
    }
}

/// The folder that cargo has put this program and what it measures against into.
fn yardsticks() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    Ok(own.parent().map(Path::to_owned).unwrap_or_default())
}

/// Over 1, 5 and 15 minutes, with the number of processors to compare it with.
fn load_average() -> Result<String> {
    let load = fs::read_to_string("/proc/loadavg").context("/proc/loadavg")?;
    let averages: Vec<_> = load.split(' ').take(3).collect();
    let processors = std::thread::available_parallelism()?;
    Ok(format!("{} on {processors} processors", averages.join(" ")))
}
