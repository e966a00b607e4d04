//! `cargo xtask test`: everything that CI runs, in order.

use std::time::Instant;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::{
    count::Count,
    demo, deny,
    e2e::{self, Connectors},
    progress, readme, tidy, tree,
};

/// Run everything that CI runs; sets up what it needs
///
/// Formatting, lints, tests, tables of the READMEs, state of the tree, policy on dependencies, then the end-to-end tests
/// against a real broker, and the demo.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only the tests whose name contains this, and none of the other checks
    filter: Option<String>,
}

/// Runs the steps up to the first that doesn't pass.
///
/// # Errors
///
/// Names the step that did not pass.
pub(crate) fn run(args: &Args) -> Result<()> {
    let sh = Shell::new()?;
    sh.change_dir(tree::root());
    let mut steps = Steps { begun: Instant::now(), times: Vec::new() };
    let mut count = Count::default();
    let outcome = all(&sh, args, &mut steps, &mut count);
    steps.report();
    println!("tests: {count}");
    outcome?;
    count.not_nothing(args.filter.as_deref())?;
    println!("all is well");
    Ok(())
}

fn all(sh: &Shell, args: &Args, steps: &mut Steps, count: &mut Count) -> Result<()> {
    let filter = args.filter.as_deref();
    if filter.is_none() {
        steps.run("formatting", || Ok(cmd!(sh, "cargo fmt --all --check").quiet().run()?))?;
        steps.run("lints", || {
            Ok(cmd!(sh, "cargo clippy --workspace --all-targets -- --deny warnings")
                .quiet()
                .run()?)
        })?;
    }
    steps.run("tests", || {
        let mut arguments = vec!["--workspace", "--exclude", "e2e"];
        arguments.extend(filter);
        count.cargo_test(&arguments, &[])
    })?;
    if filter.is_none() {
        steps.run("tables of the READMEs", || readme::run(&readme::Args { check: true }))?;
        steps.run("state of the tree", || tidy::run(&tidy::Args {}))?;
        steps.run("dependencies", || deny::run(sh))?;
    }
    steps.run("end-to-end tests", || e2e::test(sh, Connectors::Built, filter, count))?;
    if filter.is_none() {
        steps.run("demo", || demo::run(&demo::Args::unattended()))?;
    }
    Ok(())
}

/// The steps so far, and how long each took.
struct Steps {
    begun: Instant,
    times: Vec<Vec<String>>,
}

impl Steps {
    fn run(&mut self, title: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
        progress::heading(title);
        let begun = Instant::now();
        let outcome = work();
        let verdict = if outcome.is_ok() { "passed" } else { "did not pass" };
        self.times.push(
            [title, verdict, &progress::seconds(begun.elapsed())].map(str::to_owned).to_vec(),
        );
        outcome.with_context(|| format!("{title} did not pass"))
    }

    fn report(&mut self) {
        self.times.push(
            ["in all", "", &progress::seconds(self.begun.elapsed())].map(str::to_owned).to_vec(),
        );
        println!("\n{}", progress::table(&self.times));
    }
}
