//! The command line that every connector has (`experience.md` "Help").

use std::{
    io::{self, IsTerminal, Read, Write},
    net::{SocketAddr, TcpStream},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, bail};
use clap::ArgMatches;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{
    Connector, Failure, Object,
    config::{self, Environment, Problem},
    help, run,
    runner::{Request, Runner},
    served,
    settings::{self, Settings},
    sources,
    telemetry::Telemetry,
};

/// Somebody has made a mistake in a setting or on the command line.
const USAGE: u8 = 2;
/// How long `health` waits for an answer.
const HEALTH_MAX: Duration = Duration::from_secs(3);

/// What stands between a command and its end.
enum Stop {
    Settings(Vec<Problem>),
    Failure(anyhow::Error),
    /// Told already.
    Told,
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Failure(error)
    }
}

/// The whole of a connector's `main`.
pub(crate) fn execute<C: Send + Sync + 'static>(mut connector: Connector<C>) -> ExitCode {
    let drift = connector.drift();
    let wrong = connector.take_definition(&Environment::of_process()).err();
    let (definition, text) = connector.definition();
    let name = definition.name.clone();
    if !drift.is_empty() {
        complain(&format!("{name}: definition and code disagree\n{}", drift.join("\n")));
        return ExitCode::FAILURE;
    }
    if let Some(what) = wrong {
        let problem = Problem { name: served::SETTING.to_owned(), what, hint: String::new() };
        complain(config::explain(&name, &[problem]).trim_end());
        return ExitCode::from(USAGE);
    }
    let mut command = help::command(definition, &connector.declared());
    for own in connector.commands() {
        command = command.subcommand(own.clone());
    }
    let matches = command.get_matches();
    let done = match matches.subcommand() {
        Some(("definition", _)) => {
            say(text.trim_end());
            Ok(())
        }
        Some(("health", _)) => health(),
        Some(("invoke", matches)) => invoke(connector, matches),
        Some(("listen", matches)) => listen(connector, matches),
        Some(("run", _)) | None => serve(connector),
        Some((own, matches)) => execute_own(connector, own, matches.clone()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Told) => ExitCode::FAILURE,
        Err(Stop::Failure(error)) => {
            complain(&format!("{name}: {error:#}"));
            ExitCode::FAILURE
        }
        Err(Stop::Settings(problems)) => {
            complain(config::explain(&name, &problems).trim_end());
            ExitCode::from(USAGE)
        }
    }
}

fn environment() -> Result<(Environment, config::Read<Settings>), Stop> {
    let environment = Environment::of_process();
    let (settings, mut problems) =
        config::read_in_part::<Settings>(&settings::declared(), &environment);
    if let Some(settings) = &settings {
        problems.extend(settings.value.problems(&environment));
    }
    match settings {
        Some(settings) if problems.is_empty() => Ok((environment, settings)),
        _ => Err(Stop::Settings(problems)),
    }
}

/// Settings first, all of them, before anything is begun.
fn prepare<C: Send + Sync + 'static>(
    connector: &Connector<C>,
) -> Result<(Environment, config::Read<Settings>), Stop> {
    match (environment(), connector.problems(&Environment::of_process())) {
        (Ok(ready), own) if own.is_empty() => Ok(ready),
        (Ok(_), own) => Err(Stop::Settings(own)),
        (Err(Stop::Settings(common)), mut own) => {
            own.extend(common);
            Err(Stop::Settings(own))
        }
        (Err(stop), _) => Err(stop),
    }
}

fn serve<C: Send + Sync + 'static>(connector: Connector<C>) -> Result<(), Stop> {
    let (environment, settings) = prepare(&connector)?;
    let name = connector.definition().0.name.clone();
    let telemetry = Telemetry::start(&settings.value, &name)?;
    let runtime = runtime()?;
    let metrics = telemetry.metrics.clone();
    let end = runtime.block_on(run::serve(connector, &environment, &settings, metrics));
    runtime.shutdown_background();
    telemetry.stop();
    end.map_err(Stop::from)
}

fn invoke<C: Send + Sync + 'static>(
    connector: Connector<C>,
    matches: &ArgMatches,
) -> Result<(), Stop> {
    let Some((action, matches)) = matches.subcommand() else {
        return Err(Stop::Failure(anyhow::anyhow!("which action?")));
    };
    let (environment, settings) = prepare(&connector)?;
    let inputs = inputs(matches.get_one::<String>("input"))?;
    let telemetry = Telemetry::start(&settings.value, &connector.definition().0.name)?;
    let request = Request {
        action: action.to_owned(),
        id: uuid::Uuid::new_v4().to_string(),
        inputs,
        dry_run: matches.get_flag("dry-run"),
        ..Request::default()
    };
    let outcome: Result<_, Stop> = runtime()?.block_on(async {
        let connected = connector.connect(&environment).await.map_err(Stop::Settings)?;
        match connected {
            Ok(connected) => Ok(Runner::new(connected, &settings.value).run(request).await),
            Err(failure) => Ok(Err(failure)),
        }
    });
    telemetry.stop();
    match outcome? {
        Ok(outputs) => say(&pretty(&Value::Object(outputs))),
        Err(failure) => {
            let Some(text) = failure.preview() else {
                say(&pretty(&error(&failure)));
                return Err(Stop::Told);
            };
            say(text.trim_end());
        }
    }
    Ok(())
}

/// One of the connector's own commands.
fn execute_own<C: Send + Sync + 'static>(
    connector: Connector<C>,
    command: &str,
    given: ArgMatches,
) -> Result<(), Stop> {
    let (environment, settings) = prepare(&connector)?;
    let telemetry = Telemetry::start(&settings.value, &connector.definition().0.name)?;
    let end = runtime()?.block_on(connector.execute(command, given, &environment));
    telemetry.stop();
    match end.map_err(Stop::Settings)? {
        Ok(text) => {
            say(text.trim_end());
            Ok(())
        }
        Err(failure) => {
            complain(failure.message().trim_end());
            Err(Stop::Told)
        }
    }
}

/// The shape of a failure in `invoke`'s output (`names.md` "Every action").
fn error(failure: &Failure) -> Value {
    let (kind, code, message) = (failure.kind(), failure.code(), failure.message());
    json!({ "error": { "kind": kind, "code": code, "message": message } })
}

fn listen<C: Send + Sync + 'static>(
    connector: Connector<C>,
    matches: &ArgMatches,
) -> Result<(), Stop> {
    let (environment, settings) = prepare(&connector)?;
    let inputs = inputs(matches.get_one::<String>("input"))?;
    let name = matches.get_one::<String>("event").cloned().unwrap_or_default();
    let telemetry = Telemetry::start(&settings.value, &connector.definition().0.name)?;
    let end: Result<(), Stop> = runtime()?.block_on(async {
        let connected = connector.connect(&environment).await.map_err(Stop::Settings)?;
        let connected = connected.map_err(|failure| anyhow::anyhow!("{failure}"))?;
        let print = |outputs| async {
            say(&Value::Object(outputs).to_string());
            Ok(())
        };
        let event = connected.event(&name).context("no such event")?;
        tokio::select! {
            end = sources::subscribe(&connected, event, inputs, print) => {
                Ok(end.map_err(|failure| anyhow::anyhow!("{failure}"))?)
            }
            () = run::told_to_stop() => Ok(()),
        }
    });
    telemetry.stop();
    end
}

fn runtime() -> anyhow::Result<Runtime> {
    // Two TLS providers in one binary make the library panic unless one is chosen.
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let _chosen_before = provider.install_default();
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")
}

fn inputs(path: Option<&String>) -> anyhow::Result<Object> {
    let text = match path.map(String::as_str) {
        None if io::stdin().is_terminal() => "{}".to_owned(),
        None | Some("-") => io::read_to_string(io::stdin())?,
        Some(path) => std::fs::read_to_string(path).with_context(|| path.to_owned())?,
    };
    let text = if text.trim().is_empty() { "{}" } else { &text };
    serde_json::from_str(text).context("the input is no JSON object")
}

/// Asks over HTTP like an orchestrator does.
fn health() -> Result<(), Stop> {
    let (_, settings) = environment()?;
    let settings = settings.value;
    let port = settings.admin_addr().port();
    let addr = SocketAddr::from(([127, 0, 0, 1], port));
    let path = format!("{}/actuator/health/readiness", settings.context_path());
    let answer = ask(addr, &path).with_context(|| format!("nothing answers at {addr}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    say(body.trim_end());
    if head.starts_with("HTTP/1.1 200") { Ok(()) } else { Err(Stop::Told) }
}

fn ask(addr: SocketAddr, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect_timeout(&addr, HEALTH_MAX)?;
    stream.set_read_timeout(Some(HEALTH_MAX))?;
    stream.set_write_timeout(Some(HEALTH_MAX))?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer)?;
    if answer.is_empty() {
        bail!("an empty answer");
    }
    Ok(answer)
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

#[expect(clippy::print_stdout, reason = "the command's output")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "the command's complaint")]
fn complain(text: &str) {
    eprintln!("{text}");
}
