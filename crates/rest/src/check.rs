//! `check`: tries the configured connections and says what works.

mod trial;

use std::time::Duration;

use common::{
    Context, Failure,
    clap::{Arg, ArgAction, ArgMatches, Command},
};
use http::Method;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use crate::{client::Rest, connections::Connection, flow, input::Input};

/// How long a connection that says nothing else is given.
const CHECK_MAX: Duration = Duration::from_secs(10);

pub(crate) fn command() -> Command {
    Command::new("check")
        .about("Try the configured connections and say what works")
        .arg(Arg::new("name").value_name("NAME").help("Only this connection of REST_CONNECTIONS"))
        .arg(
            Arg::new("resource")
                .value_name("RESOURCE")
                .help("Call this resource of the connection and show request and answer"),
        )
        .arg(
            Arg::new("parameters")
                .long("parameters")
                .value_name("JSON")
                .requires("resource")
                .help("The resource's parameters; default: its `sample`"),
        )
        .arg(
            Arg::new("dry-run")
                .long("dry-run")
                .requires("resource")
                .action(ArgAction::SetTrue)
                .help("Show the request only"),
        )
}

/// One line per connection; fails when one of them does not work.
pub(crate) async fn execute(rest: Context<Rest>, given: ArgMatches) -> Result<String, Failure> {
    let wanted = given.get_one::<String>("name");
    if let (Some(name), Some(resource)) = (wanted, given.get_one::<String>("resource")) {
        return trial::run(&rest, name, resource, &given).await;
    }
    let mut names = rest.connections.names();
    if let Some(wanted) = wanted {
        names.retain(|it| it == wanted);
        if names.is_empty() {
            let known = rest.connections.names().join(", ");
            return Err(failed(format!("no connection `{wanted}`; there are: {known}")));
        }
    }
    if names.is_empty() {
        return Err(failed("there are no connections (REST_CONNECTIONS)".to_owned()));
    }
    let width = names.iter().map(String::len).max().unwrap_or_default();
    let (mut lines, mut n_broken) = (Vec::new(), 0);
    for name in names {
        let Some(connection) = rest.connections.get(&name) else { continue };
        let start = Instant::now();
        let outcome = attempt(&rest, &name, &connection).await;
        let ms = start.elapsed().as_millis();
        n_broken += usize::from(outcome.is_err());
        let (word, text) = match outcome {
            Ok(status) => ("works", format!("answered {status} in {ms} ms")),
            Err(problem) => ("FAILS", problem),
        };
        lines.push(format!("{name:width$}  {word}  {}  {text}", connection.origin()));
    }
    let lines = lines.join("\n");
    if n_broken > 0 { Err(failed(lines)) } else { Ok(lines) }
}

/// The status of an answer that shows that address and credentials are right.
async fn attempt(rest: &Context<Rest>, name: &str, connection: &Connection) -> Result<u16, String> {
    let input = json!({
        "restUrl": connection.check, "connection": name, "errorOn": ["401", "403", "407", "500-599"],
        "responseType": "none", "timeout": CHECK_MAX.as_millis().to_string().parse::<u64>().ok(),
    });
    let input = Box::<Input>::deserialize(input).map_err(|error| error.to_string())?;
    match flow::run(rest, Method::GET, input).await {
        Ok(done) => Ok(done.answer.status.as_u16()),
        Err(failure) => Err(failure.to_string()),
    }
}

fn failed(text: String) -> Failure {
    Failure::business("UNKNOWN_ERROR", text)
}
