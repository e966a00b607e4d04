//! `import`: a connector from an `OpenAPI` document, a task from a curl command line.

mod access;
mod action;
mod content;
mod curl;
mod document;
mod naming;
mod openapi;
mod parameters;
mod schema;

use std::{fmt, io::Read, path::Path};

use common::{
    Context, Failure,
    clap::{Arg, ArgAction, ArgMatches, Command},
};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use self::openapi::{Imported, Wanted};
use crate::{
    client::{self, Rest},
    input::Input,
};

/// The largest document that is read from a file, in bytes.
const DOCUMENT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The command as the command line knows it.
pub(crate) fn command() -> Command {
    let file = Arg::new("document").value_name("FILE|URL").required(true);
    let name = Arg::new("name").long("name").help("The connector's name [the document's title]");
    let server = Arg::new("server").long("server").value_name("URL").help("The service's address");
    let out = Arg::new("out").long("out").value_name("DIR").default_value(".");
    let only = Arg::new("only").long("only").value_name("TAG|OPERATION").num_args(1..);
    let secrets = Arg::new("with-secrets").long("with-secrets").action(ArgAction::SetTrue);
    Command::new("import")
        .about("Make a connector from an OpenAPI document, or a task from a curl command line")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("openapi")
                .about("Write a definition with an action per operation, and its connection")
                .arg(file.help("OpenAPI 3.0 or 3.1, JSON or YAML"))
                .arg(name)
                .arg(server)
                .arg(out.help("Where the two files go"))
                .arg(only.help("Only operations with this tag, id or name")),
        )
        .subcommand(
            Command::new("curl")
                .about("Print the task that makes the call of a curl command line")
                .arg(
                    Arg::new("line")
                        .value_name("COMMAND")
                        .help("In quotes, as a browser copies it; - or absent: standard input"),
                )
                .arg(secrets.help("Print credentials too, instead of what to do about them")),
        )
}

/// Carries the command out; the text is what it prints.
///
/// # Errors
/// What is wrong with the document, the command line or the folder.
pub(crate) async fn execute(rest: Context<Rest>, given: ArgMatches) -> Result<String, Failure> {
    match given.subcommand() {
        Some(("openapi", given)) => openapi(&rest, given).await,
        Some(("curl", given)) => curl_line(given),
        _ => Err(unusable("import", "what?")),
    }
}

async fn openapi(rest: &Context<Rest>, given: &ArgMatches) -> Result<String, Failure> {
    let text = |name: &str| given.get_one::<String>(name).cloned();
    let from = text("document").unwrap_or_default();
    let source = Url::parse(&from).ok().filter(|it| matches!(it.scheme(), "http" | "https"));
    let document = match &source {
        Some(_) => fetch(rest, &from).await?,
        None => read_file(&from).map_err(|problem| unusable(&from, problem))?,
    };
    let wanted = Wanted {
        name: text("name"),
        server: text("server"),
        only: given.get_many("only").into_iter().flatten().cloned().collect(),
        source,
    };
    let imported = openapi::read(&document, &wanted).map_err(|problem| unusable(&from, problem))?;
    let folder = text("out").unwrap_or_default();
    write(Path::new(&folder), &imported).map_err(|problem| unusable(&folder, problem))
}

async fn fetch(rest: &Context<Rest>, url: &str) -> Result<String, Failure> {
    let accept = "application/json, application/yaml, */*;q=0.5";
    let input =
        json!({"restUrl": url, "responseType": "text", "requestHeaders": {"accept": accept}});
    let input = Input::deserialize(input).map_err(|error| unusable(url, error))?;
    let (_, reading) = client::call(rest, Method::GET, Box::new(input)).await?;
    Ok(reading.result.as_str().unwrap_or_default().to_owned())
}

fn read_file(path: &str) -> Result<String, String> {
    let told = |error: std::io::Error| error.kind().to_string();
    let file = std::fs::File::open(path).map_err(told)?;
    let mut text = String::new();
    file.take(DOCUMENT_BYTES_MAX + 1).read_to_string(&mut text).map_err(told)?;
    if text.len() as u64 > DOCUMENT_BYTES_MAX {
        return Err(format!("is larger than {DOCUMENT_BYTES_MAX} bytes"));
    }
    Ok(text)
}

/// Writes both files and tells what comes next; a connection that is there stays, since somebody may have filled it in.
fn write(folder: &Path, imported: &Imported) -> Result<String, String> {
    let Imported { name, definition, connections, n_actions, left_out, access } = imported;
    let told = |error: std::io::Error| error.kind().to_string();
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default() + "\n";
    let definition_file = folder.join(format!("{name}.json"));
    let connection_file = folder.join(format!("{name}.connection.json"));
    std::fs::create_dir_all(folder).map_err(told)?;
    std::fs::write(&definition_file, pretty(definition)).map_err(told)?;
    let kept = connection_file.exists();
    if !kept {
        std::fs::write(&connection_file, pretty(connections)).map_err(told)?;
    }

    let (definition, connection) = (definition_file.display(), connection_file.display());
    let state = if kept { "is there already and stays as it is" } else { "the connection" };
    let mut lines = vec![format!("{definition}: {n_actions} actions\n{connection}: {state}")];
    if !left_out.is_empty() {
        lines.push(format!("\n{} left out\n{}", left_out.len(), openapi::told(left_out)));
    }
    if !access.notes.is_empty() {
        lines.push(format!("\nTo know\n{}", openapi::told(&access.notes)));
    }
    lines.push("\nNext".to_owned());
    let settings = access.settings.iter();
    lines.extend(settings.map(|(setting, meaning)| format!("  set {setting}: {meaning}")));
    let settings =
        format!("CONNECTOR_NAME={name} DEFINITION={definition} REST_CONNECTIONS={connection}");
    lines.push(format!("  {settings} rest-connector"));
    Ok(lines.join("\n"))
}

fn curl_line(given: &ArgMatches) -> Result<String, Failure> {
    let line = match given.get_one::<String>("line").map(String::as_str) {
        None | Some("-") => std::io::read_to_string(std::io::stdin())
            .map_err(|error| unusable("standard input", error.kind()))?,
        Some(line) => line.to_owned(),
    };
    let secrets = if given.get_flag("with-secrets") {
        curl::Secrets::Printed
    } else {
        curl::Secrets::LeftOut
    };
    let task = curl::read(&line, secrets).map_err(|problem| unusable("curl", problem))?;
    serde_json::to_string_pretty(&task).map_err(|error| unusable("curl", error))
}

/// Somebody at the command line has to change something.
fn unusable(culprit: &str, problem: impl fmt::Display) -> Failure {
    Failure::permanent("UNKNOWN_ERROR", anyhow::anyhow!("{culprit}: {problem}"))
}
