//! docker-compose.yml as a project of its own, so that nothing that is up already is touched.

use std::{
    fs, net::IpAddr, os::unix::process::CommandExt, path::PathBuf, process::Command, time::Duration,
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use console::strip_ansi_codes;
use xshell::{Shell, cmd};

use super::{
    steps::settings,
    wait::{self, Interrupt},
};
use crate::{
    base,
    docker::{self, ImageNames},
    progress,
    tree::{self, Connector},
};

const PROJECT: &str = "connectors-demo";

/// From the start of the last container until all of them are well.
const HEALTHY_MAX: Duration = Duration::from_secs(90);

/// The containers, removed when dropped.
pub(super) struct Compose {
    sh: Shell,
    program: &'static [&'static str],
    log: PathBuf,
}

impl Compose {
    /// Starts the broker, and with it the containers' network. The log of everything will be `log`.
    ///
    /// # Errors
    ///
    /// One sentence that says what to do when Docker, Compose, or an image of these is missing.
    pub(super) fn broker(connectors: &[Connector], log: PathBuf) -> Result<Self> {
        let sh = Shell::new()?;
        sh.change_dir(tree::root());
        docker::answers(&sh)?;
        let program = program(&sh)?;
        images(&sh, connectors)?;

        let compose = Self { sh, program, log };
        progress::quietly("starting RabbitMQ", compose.command(&["up", "--detach", "rabbitmq"]))?;
        Ok(compose)
    }

    /// Starts `connectors`, which are told of the stand-ins, and waits until all containers are well.
    ///
    /// # Errors
    ///
    /// When one isn't.
    pub(super) fn up(
        &self,
        connectors: &[Connector],
        stand_ins: &str,
        interrupt: &Interrupt,
    ) -> Result<()> {
        let names = connectors.iter().map(|it| &it.name);
        let mut up = self.command(&["up", "--detach", "rabbitmq"]);
        up.envs(names.clone().flat_map(|it| settings(it, stand_ins))).args(names);
        progress::quietly("starting the connectors", up)?;
        self.healthy(interrupt).map_err(|error| anyhow!("{error:#}\n   its log: {}", self.log()))
    }

    /// Where `port` of `service` is on this machine: `127.0.0.1:8083`.
    pub(super) fn address(&self, service: &str, port: u16) -> Result<String> {
        self.read(&["port", service, &port.to_string()])
    }

    /// This machine's address as the containers see it.
    pub(super) fn gateway(&self) -> Result<IpAddr> {
        let container = self.read(&["ps", "--quiet", "rabbitmq"])?;
        let format = "{{range .NetworkSettings.Networks}}{{println .Gateway}}{{end}}";
        let sh = &self.sh;
        let gateways = cmd!(sh, "docker inspect --format {format} {container}").quiet().read()?;
        let gateway = gateways.lines().next().unwrap_or_default();
        gateway.parse().with_context(|| format!("gateway of the containers' network: `{gateway}`"))
    }

    /// Writes down what the containers have logged so far.
    pub(super) fn save_log(&self) -> Result<()> {
        let output = self.command(&["logs", "--no-color"]).output()?;
        // RabbitMQ colors its lines although nobody asked for it.
        let text = String::from_utf8_lossy(&output.stdout);
        fs::write(&self.log, strip_ansi_codes(&text).as_bytes()).with_context(|| self.log())
    }

    pub(super) fn log(&self) -> String {
        tree::shown(tree::root(), &self.log)
    }

    fn healthy(&self, interrupt: &Interrupt) -> Result<()> {
        let sh = &self.sh;
        let containers = self.read(&["ps", "--quiet"])?;
        let bar = progress::spinner("waiting until they are healthy");
        let format =
            "{{.Name}} {{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{end}}";
        for container in containers.lines() {
            wait::until("all containers are healthy", HEALTHY_MAX, interrupt, || {
                let state = cmd!(sh, "docker inspect --format {format} {container}");
                is_well(&state.quiet().read()?).map(|well| well.then_some(()))
            })?;
        }
        bar.finish_and_clear();
        Ok(())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.program[0]);
        command
            .current_dir(tree::root())
            // The demo's own mail server is the one that tasks name.
            .env("EMAIL_HOST", "")
            .args(&self.program[1..])
            .args(["--project-name", PROJECT])
            .args(arguments);
        command
    }

    fn read(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command(arguments).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "{} {arguments:?}: {}",
            self.program.join(" "),
            said.trim()
        );
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

impl Drop for Compose {
    fn drop(&mut self) {
        // Whatever happened, the log may be wanted when the containers are gone.
        if let Err(error) = self.save_log() {
            println!("   {error:#}");
        }
        let mut down = self.command(&["down", "--volumes", "--timeout", "5"]);
        // Out of reach of an impatient second Ctrl-C.
        down.process_group(0);
        if let Err(error) = progress::quietly("removing the containers", down) {
            println!("   {error:#}");
        }
    }
}

/// Compose v2, else the older program of its own.
fn program(sh: &Shell) -> Result<&'static [&'static str]> {
    if cmd!(sh, "docker compose version").quiet().ignore_stdout().ignore_stderr().run().is_ok() {
        return Ok(&["docker", "compose"]);
    }
    if cmd!(sh, "docker-compose version").quiet().ignore_stdout().ignore_stderr().run().is_ok() {
        return Ok(&["docker-compose"]);
    }
    bail!("docker compose isn't installed; on Debian and Ubuntu: apt-get install docker-compose");
}

fn images(sh: &Shell, connectors: &[Connector]) -> Result<()> {
    let names = ImageNames::from_environment();
    for image in connectors.iter().map(|connector| names.of(connector)) {
        ensure!(docker::is_there(sh, &image), "no image {image}; run `cargo xtask docker`");
    }
    let broker = base::RABBITMQ;
    if docker::is_there(sh, broker) {
        return Ok(());
    }
    let mut pull = Command::new("docker");
    pull.args(["pull", broker]);
    progress::quietly(&format!("pull {broker}"), pull)
        .with_context(|| format!("no image {broker}; `cargo xtask docker --base` makes one"))
}

/// `state`: name, status and, where it is checked, health of a container.
fn is_well(state: &str) -> Result<bool> {
    let mut words = state.split_whitespace();
    let name = words.next().unwrap_or_default().trim_start_matches('/');
    match (words.next(), words.next()) {
        (Some("running"), None | Some("healthy")) => Ok(true),
        (Some("running"), Some("starting")) | (Some("created"), _) => Ok(false),
        (status, health) => {
            let words: Vec<_> = status.into_iter().chain(health).collect();
            bail!("{name} is {}", words.join(", "));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(state: &str, expected: &str) {
        let told = is_well(state).map_or_else(|error| error.to_string(), |well| well.to_string());
        assert_eq!(told, expected, "{state}");
    }

    #[test]
    fn a_container_that_is_not_well_is_named() {
        check("/rest-connector_1 exited starting", "rest-connector_1 is exited, starting");
        check("/rest-connector_1 running unhealthy", "rest-connector_1 is running, unhealthy");
        check("/rest-connector_1 restarting", "rest-connector_1 is restarting");
    }

    #[test]
    fn one_that_starts_is_waited_for() {
        check("/rest-connector_1 created ", "false");
        check("/rest-connector_1 running starting", "false");
    }

    #[test]
    fn one_without_a_health_check_is_well_when_it_runs() {
        check("/rabbitmq_1 running ", "true");
        check("/rabbitmq_1 running healthy", "true");
    }
}
