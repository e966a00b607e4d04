//! `cargo xtask e2e`: the end-to-end tests, with what they need: a broker, and the connectors as programs or images.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
};

use anyhow::{Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::{
    base,
    count::Count,
    docker::{self, ImageNames},
    progress, tree,
};

/// Where the tests look for the broker that they start privately, with a port and a data folder of its own.
const RABBITMQ_SCRIPTS: [&str; 3] =
    ["/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin", "/usr/local/sbin"];

/// Debian's switch that keeps packages from starting their services.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Run the end-to-end tests: the connectors against a real broker
///
/// The broker is the one at `AMQP_URL`, else a container, else this machine's rabbitmq-server on a port of its own, which is
/// installed where that is possible.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only the tests whose name contains this
    filter: Option<String>,

    /// Against the connectors' images instead of the programs in target/debug
    #[arg(long)]
    images: bool,
}

/// Sets up what the tests need and runs them.
///
/// # Errors
///
/// When there is no broker and none can be had, an image is missing, or a test doesn't pass.
pub(crate) fn run(args: &Args) -> Result<()> {
    let sh = Shell::new()?;
    sh.change_dir(tree::root());
    let mut count = Count::default();
    let connectors = if args.images { Connectors::Images } else { Connectors::Programs };
    let outcome = test(&sh, connectors, args.filter.as_deref(), &mut count);
    println!("\ntests: {count}");
    outcome?;
    count.not_nothing(args.filter.as_deref())
}

/// What the tests talk to.
#[derive(Clone, Copy)]
pub(crate) enum Connectors {
    Programs,
    /// The programs that the other tests have been run with; built for themselves, they would be built a second time, since
    /// the tests' own dependencies ask for more features of what both are made of.
    Built,
    Images,
}

/// Runs the tests whose name contains `filter`, and counts them.
///
/// # Errors
///
/// As for [`run`].
pub(crate) fn test(
    sh: &Shell,
    connectors: Connectors,
    filter: Option<&str>,
    count: &mut Count,
) -> Result<()> {
    let environment: &[_] = match connectors {
        Connectors::Programs => {
            programs(sh)?;
            &[]
        }
        Connectors::Built => &[],
        Connectors::Images => {
            images(sh)?;
            &[("E2E_IMAGES", "1")]
        }
    };
    broker(sh)?;
    let mut arguments = vec!["--package", "e2e"];
    arguments.extend(filter);
    count.cargo_test(&arguments, environment)
}

/// Makes sure that the tests find a broker. They look in this same order.
fn broker(sh: &Shell) -> Result<()> {
    let image = base::RABBITMQ;
    let docker = docker::answers(sh).is_ok();
    if tree::environment("AMQP_URL").is_some() {
        println!("   broker: the one at AMQP_URL");
    } else if docker && docker::is_there(sh, image) {
        println!("   broker: a container of {image}");
    } else if is_installed() {
        println!("   broker: this machine's rabbitmq-server, on a port of its own");
    } else if docker && pull(image).is_ok() {
        println!("   broker: a container of {image}");
    } else {
        install(sh)?;
    }
    Ok(())
}

fn is_installed() -> bool {
    RABBITMQ_SCRIPTS.iter().any(|folder| Path::new(folder).join("rabbitmq-server").exists())
}

fn pull(image: &str) -> Result<()> {
    let mut pull = Command::new("docker");
    pull.args(["pull", image]);
    progress::quietly(&format!("pull {image}"), pull)
}

fn install(sh: &Shell) -> Result<()> {
    const COMMAND: &str = "apt-get install -y rabbitmq-server";
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!("no broker: install RabbitMQ or Docker, or name a running broker in AMQP_URL");
    }
    if cmd!(sh, "id -u").quiet().read()? != "0" {
        bail!("no broker: run `sudo {COMMAND}`, or name a running broker in AMQP_URL");
    }
    println!("   no broker is here, so Debian's is installed: {COMMAND}");
    let _no_services = NoServices::begin()?;
    let apt = |arguments: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive")
            .args(["-o", "Acquire::Retries=3"])
            .args(arguments);
        progress::quietly(&format!("apt-get {}", arguments[0]), apt)
    };
    apt(&["update"])?;
    apt(&["install", "-y", "--no-install-recommends", "rabbitmq-server"])?;
    ensure!(
        is_installed(),
        "rabbitmq-server is installed, but in none of {}",
        RABBITMQ_SCRIPTS.join(", ")
    );
    Ok(())
}

/// Keeps packages from starting their services while it lives: the tests want a broker of their own.
struct NoServices {
    ours: bool,
}

impl NoServices {
    fn begin() -> Result<Self> {
        let ours = !Path::new(POLICY).exists();
        if ours {
            fs::write(POLICY, "#!/bin/sh\nexit 101\n")?;
            fs::set_permissions(POLICY, Permissions::from_mode(0o755))?;
        }
        Ok(Self { ours })
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.ours
            && let Err(error) = fs::remove_file(POLICY)
        {
            println!("   {POLICY} stays: {error}");
        }
    }
}

fn programs(sh: &Shell) -> Result<()> {
    let connectors = tree::connectors(tree::root())?;
    if connectors.is_empty() {
        return Ok(());
    }
    let packages = connectors.iter().flat_map(|it| ["--package", &it.name]);
    cmd!(sh, "cargo build {packages...}").quiet().run()?;
    Ok(())
}

fn images(sh: &Shell) -> Result<()> {
    docker::answers(sh)?;
    let names = ImageNames::from_environment();
    for connector in tree::connectors(tree::root())? {
        let image = names.of(&connector);
        ensure!(docker::is_there(sh, &image), "no image {image}; run `cargo xtask docker`");
    }
    Ok(())
}
