//! `cargo xtask demo`: an order travels through the connectors, with stand-ins for the world around them.

mod broker;
mod calls;
mod compose;
mod http;
mod mailbox;
mod messages;
mod orders;
mod programs;
mod stand_ins;
mod steps;
mod story;
mod wait;

use std::{
    fs,
    io::{self, IsTerminal},
    net::Ipv4Addr,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};
use xshell::{Shell, cmd};

use self::{
    broker::Broker,
    compose::Compose,
    mailbox::Mailbox,
    programs::{Program, Programs},
    stand_ins::StandIns,
    steps::{Answer, STEPS, Scene, Step},
    story::Way,
    wait::Interrupt,
};
use crate::tree::{self, Connector};

/// How often is looked whether it is time to end.
const PAUSE: Duration = Duration::from_millis(100);

/// Port of RabbitMQ's management plugin.
const MANAGEMENT_PORT: u16 = 15672;

/// Port of a connector in its container.
const CONNECTOR_PORT: u16 = 8080;

/// The connector that the command to try by hand is for.
const BY_HAND: &str = "rest-connector";

/// Send an order through the connectors and show each step
///
/// Builds the connectors, starts them without a broker and with stand-ins for the world around them, all on this machine.
/// On a terminal they keep running to be tried by hand, until Ctrl-C.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Over RabbitMQ by docker compose, with the images that `cargo xtask docker` made
    #[arg(long)]
    docker: bool,

    /// End when the order is through, on a terminal too
    #[arg(long)]
    exit: bool,

    /// The programs are there already
    #[arg(skip)]
    is_built: bool,
}

impl Args {
    /// As CI runs it: nobody is there to try anything by hand, and the tests have built the connectors.
    pub(crate) fn unattended() -> Self {
        Self { docker: false, exit: true, is_built: true }
    }
}

/// Plays the demo.
///
/// # Errors
///
/// When something doesn't start, or a step doesn't end as it should: which, why, and where the log lies.
pub(crate) fn run(args: &Args) -> Result<()> {
    let folder = tree::root().join("target/demo");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let plays = |it: &Connector| STEPS.iter().any(|step| step.connector == it.name);
    let stage = Stage {
        // Others may need settings that nobody has here.
        connectors: tree::connectors(tree::root())?.into_iter().filter(plays).collect(),
        folder,
        interrupt: Interrupt::listen()?,
        // Whoever reads a log or a pipe can't press Ctrl-C.
        stays: !args.exit && io::stdout().is_terminal(),
    };
    ensure!(
        !stage.connectors.is_empty(),
        "definitions/ holds none of the connectors that the demo is about"
    );
    if !args.docker && !args.is_built {
        programs::build(&stage.connectors)?;
    }
    let outcome = if args.docker { over_rabbitmq(&stage) } else { over_http(&stage) };
    if outcome.is_err() {
        // Ctrl-C ends docker and cargo too, and what they say then is beside the point.
        stage.interrupt.check()?;
    }
    outcome
}

/// What both ways have in common.
struct Stage {
    connectors: Vec<Connector>,
    /// For everything that the demo leaves behind.
    folder: PathBuf,
    interrupt: Interrupt,
    /// Whether connectors keep running to be tried by hand.
    stays: bool,
}

impl Stage {
    /// The order's way, as far as there are connectors for it; gives what came of it.
    fn tell(
        &self,
        stand_ins: &StandIns,
        mailbox: &Mailbox,
        way: &dyn Way,
        how: &str,
    ) -> Result<Scene> {
        let there = |step: &&Step| self.connectors.iter().any(|it| it.name == step.connector);
        let steps: Vec<_> = STEPS.iter().filter(there).collect();
        println!("{}\n", story::title(&introduction(&steps, how)));
        let mut scene = Scene {
            stand_ins: stand_ins.url.clone(),
            mailbox: (mailbox.host.clone(), mailbox.port),
            outputs: Map::new(),
        };
        story::tell(&steps, &mut scene, way, &stand_ins.calls, &self.interrupt)?;
        Ok(scene)
    }

    /// What is left to look at; `more` of it besides the calls.
    fn see_for_yourself(&self, more: &[(&str, String)]) {
        println!("{}", story::title("See for yourself"));
        let calls = tree::shown(tree::root(), &self.calls());
        println!("    {:<8}{calls}  (what each connector sent)", "calls");
        for (what, place) in more {
            println!("    {what:<8}{place}");
        }
    }

    /// Shows what can be tried with the connector at `rest`, and waits for Ctrl-C or what `check` finds.
    fn stay(
        &self,
        title: &str,
        rest: Option<&str>,
        stand_ins: &StandIns,
        mut check: impl FnMut() -> Result<()>,
    ) -> Result<()> {
        println!("{}", story::title(title));
        if let Some(rest) = rest {
            println!("{}", curl(rest, &stand_ins.url));
        }
        while !self.interrupt.came() {
            check()?;
            thread::sleep(PAUSE);
        }
        println!();
        Ok(())
    }

    fn calls(&self) -> PathBuf {
        self.folder.join("calls.http")
    }
}

fn over_http(stage: &Stage) -> Result<()> {
    let stand_ins = StandIns::start(Ipv4Addr::LOCALHOST.into(), &stage.calls())?;
    let mailbox = Mailbox::start(Ipv4Addr::LOCALHOST.into(), &stage.folder)?;
    let mut programs =
        Programs::start(&stage.connectors, &stage.folder, &stand_ins.url, &stage.interrupt)?;
    for program in programs.running() {
        println!("   {} is at {}", program.name, program.url);
    }
    println!("   stand-ins for the outside world are at {}", stand_ins.url);
    let scene = stage.tell(&stand_ins, &mailbox, &programs, "")?;

    let log = |program: &Program| ("log", tree::shown(tree::root(), &program.log));
    let logs = programs.running().iter().map(log);
    let invoice = scene.document().map(|it| ("invoice", tree::shown(tree::root(), Path::new(it))));
    let more: Vec<_> = invoice.into_iter().chain(mail(&mailbox)).chain(logs).collect();
    stage.see_for_yourself(&more);
    if !stage.stays {
        return Ok(());
    }
    let title = "Try one by hand (connectors keep running; Ctrl-C stops them)";
    let rest = programs.running().iter().find(|it| it.name == BY_HAND).map(|it| it.url.clone());
    stage.stay(title, rest.as_deref(), &stand_ins, || programs.check())
}

fn over_rabbitmq(stage: &Stage) -> Result<()> {
    let log = stage.folder.join("compose.log");
    let compose = Compose::broker(&stage.connectors, log)?;
    // Containers reach this machine there; nobody outside of it does.
    let gateway = compose.gateway()?;
    let stand_ins = StandIns::start(gateway, &stage.calls())?;
    let mailbox = Mailbox::start(gateway, &stage.folder)?;
    compose.up(&stage.connectors, &stand_ins.url, &stage.interrupt)?;
    let management = compose.address("rabbitmq", MANAGEMENT_PORT)?;
    let broker = Broker::connect(&management, &stage.interrupt)?;
    println!("   stand-ins for the outside world are at {}", stand_ins.url);
    let containers = Containers { compose: &compose, broker, interrupt: &stage.interrupt };
    let scene = stage.tell(&stand_ins, &mailbox, &containers, ", over RabbitMQ")?;

    compose.save_log()?;
    let invoice =
        scene.document().map(|it| ("invoice", format!("{it}  (in the containers' volume)")));
    let mut more: Vec<_> = invoice.into_iter().chain(mail(&mailbox)).collect();
    more.push(("log", compose.log()));
    if !stage.stays {
        stage.see_for_yourself(&more);
        return Ok(());
    }
    more.push(("broker", format!("http://{management}  (guest, guest)")));
    stage.see_for_yourself(&more);
    let title = "Try one by hand (containers keep running; Ctrl-C removes them)";
    let rest = match stage.connectors.iter().find(|it| it.name == BY_HAND) {
        Some(Connector { name, .. }) => Some(compose.address(name, CONNECTOR_PORT)?),
        None => None,
    };
    stage.stay(title, rest.as_deref(), &stand_ins, || Ok(()))
}

/// Where the mail lies that was sent.
fn mail(mailbox: &Mailbox) -> Option<(&'static str, String)> {
    mailbox.latest().map(|file| ("mail", tree::shown(tree::root(), &file)))
}

/// Connectors in containers, with RabbitMQ between them and us.
struct Containers<'a> {
    compose: &'a Compose,
    broker: Broker,
    interrupt: &'a Interrupt,
}

impl Way for Containers<'_> {
    fn ask(&self, step: &Step, inputs: &Value) -> Result<Answer> {
        self.broker.ask(step, inputs, self.interrupt)
    }

    fn log(&self, _connector: &str) -> String {
        self.compose.log()
    }
}

fn introduction(steps: &[&Step], how: &str) -> String {
    let mut connectors: Vec<_> = steps.iter().map(|step| step.connector).collect();
    connectors.sort_unstable();
    connectors.dedup();
    let count = match connectors.len() {
        1 => "one connector".to_owned(),
        2 => "two connectors".to_owned(),
        3 => "three connectors".to_owned(),
        4 => "four connectors".to_owned(),
        n => format!("{n} connectors"),
    };
    format!("An order of three items travels through {count}{how}.")
}

/// A command that does the first step again.
fn curl(connector: &str, stand_ins: &str) -> String {
    let connector = connector.trim_start_matches("http://");
    let pretty = Shell::new().is_ok_and(|sh| {
        let version = cmd!(sh, "jq --version").quiet().ignore_stdout().ignore_stderr();
        version.run().is_ok()
    });
    let pretty = if pretty { " | jq" } else { "" };
    format!(
        "    curl -s {connector}/v1/do/rest-connector/GET -H 'content-type: application/json' \\\n         \
         -d '{{\"restUrl\": \"{stand_ins}/orders/4711\"}}'{pretty}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connectors_are_counted_once() {
        let steps: Vec<_> = STEPS.iter().collect();
        let told = introduction(&steps, "");
        assert_eq!(told, "An order of three items travels through four connectors.");
        let told = introduction(&[], ", over RabbitMQ");
        assert_eq!(told, "An order of three items travels through 0 connectors, over RabbitMQ.");
    }

    #[test]
    fn the_command_by_hand_is_one_that_a_shell_takes() {
        let command = curl("http://localhost:8083", "http://localhost:8099");
        assert!(
            command.starts_with("    curl -s localhost:8083/v1/do/rest-connector/GET -H "),
            "{command}"
        );
        assert!(
            command
                .contains("\\\n         -d '{\"restUrl\": \"http://localhost:8099/orders/4711\"}'"),
            "{command}"
        );
    }
}
