//! `cargo xtask bench`: builds what is measured, as it ships, and what measures it, and runs that.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{progress, shipped, tree};

/// What can be measured: the names that `xtask/bench` knows.
const NAMES: [&str; 9] =
    ["amqp", "email", "files", "http", "oauth", "pdf", "rest-overhead", "slack", "start"];

/// The connectors that are measured, and by which of them alone.
const CONNECTORS: [(&str, Option<&str>); 4] = [
    ("rest-connector", None),
    ("email-connector", Some("email")),
    ("pdf-connector", Some("pdf")),
    ("slack-connector", Some("slack")),
];

/// Starts the measurements with as many files as this machine allows: each of 10,000 requests in flight is one.
const LAUNCH: &str = r#"ulimit -n "$(ulimit -H -n)" && exec "$0" "$@""#;

/// Measure speed and memory, as ratios to yardsticks in the same run
///
/// Needs a broker: the one at `AMQP_URL`, else this machine's rabbitmq-server on a port of its own.
/// The results are a table, and `target/bench/NAME.json` for comparisons.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to measure; everything when nothing is named
    #[arg(value_parser = NAMES)]
    names: Vec<String>,

    /// A first impression within a minute, instead of three
    #[arg(long)]
    quick: bool,
}

/// Builds and measures.
///
/// # Errors
///
/// When something doesn't build, there is no broker, or a connector gives wrong answers; not when a target is missed.
pub(crate) fn run(args: &Args) -> Result<()> {
    let is_asked_for = |name: &str| args.names.is_empty() || args.names.iter().any(|it| it == name);
    let connectors = CONNECTORS.iter().filter(|(_, only)| only.is_none_or(is_asked_for));
    let connectors = connectors.map(|(name, _)| (*name, *name));
    let programs = shipped::build(connectors.chain([("bench", "noop-connector")]))?;
    progress::heading("release build of what measures them");
    let mut build = Command::new("cargo");
    build.args(["build", "--release", "--package", "bench"]).current_dir(tree::root());
    progress::quietly("bench", build)?;
    let mut bench = Command::new("sh");
    bench
        .args(["-c", LAUNCH])
        .arg(tree::root().join("target/release/bench"))
        .arg("--programs")
        .arg(programs)
        .args(&args.names)
        .args(args.quick.then_some("--quick"))
        .current_dir(tree::root());
    let status = bench.status().context("sh")?;
    ensure!(status.success(), "the measurements ended with {status}");
    Ok(())
}
