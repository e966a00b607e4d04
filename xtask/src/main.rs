//! `cargo xtask`: the work around the code, as one small program.
#![expect(clippy::print_stdout, reason = "the output of the tasks")]

mod base;
mod bench;
mod budgets;
mod count;
mod definition;
mod demo;
mod deny;
mod docker;
mod e2e;
mod mirror;
mod progress;
mod readme;
mod shipped;
mod test;
mod tidy;
mod tree;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The work around the code: tests, images, tables of the READMEs.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    Demo(demo::Args),
    Test(test::Args),
    E2e(e2e::Args),
    Docker(docker::Args),
    Bench(bench::Args),
    Readme(readme::Args),
    Tidy(tidy::Args),
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\ncargo xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    match task {
        Task::Demo(args) => demo::run(&args),
        Task::Test(args) => test::run(&args),
        Task::E2e(args) => e2e::run(&args),
        Task::Docker(args) => docker::run(&args),
        Task::Bench(args) => bench::run(&args),
        Task::Readme(args) => readme::run(&args),
        Task::Tidy(args) => tidy::run(&args),
    }
}
