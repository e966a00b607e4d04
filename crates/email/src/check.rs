//! `check`: connects to the configured servers, logs in, says goodbye and tells what was seen.

use common::{
    Context, Failure,
    clap::{Arg, ArgMatches, Command},
};
use tokio::time::Instant;

use crate::{
    client::Email,
    error::ErrorCode,
    server::Server,
    smtp::{features::Features, opening::Encryption},
};

pub(crate) fn command() -> Command {
    Command::new("check")
        .about("Connect to the configured mail servers, log in, and say what was seen")
        .arg(Arg::new("name").value_name("NAME").help("Only this server of EMAIL_SERVERS"))
}

/// One line per server; fails when one of them does not work.
pub(crate) async fn execute(email: Context<Email>, given: ArgMatches) -> Result<String, Failure> {
    let wanted = given.get_one::<String>("name");
    let chosen: Vec<_> = email
        .servers
        .all()
        .into_iter()
        .filter(|(name, _)| wanted.is_none_or(|it| it == name))
        .collect();
    if chosen.is_empty() {
        let text = match wanted {
            Some(name) => format!("no server `{name}`"),
            None => "there is no mail server (EMAIL_HOST, EMAIL_SERVERS)".to_owned(),
        };
        return Err(Failure::business(ErrorCode::UnknownError, text));
    }
    let width = chosen.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let (mut lines, mut n_broken) = (Vec::new(), 0);
    for (name, server) in chosen {
        let start = Instant::now();
        let outcome = attempt(&server).await;
        let ms = start.elapsed().as_millis();
        n_broken += usize::from(outcome.is_err());
        let (word, text) = match outcome {
            Ok(seen) => ("works", format!("{seen}, {ms} ms")),
            Err(failure) => ("FAILS", failure.to_string()),
        };
        lines.push(format!("{name:width$}  {word}  {}  {text}", server.label()));
    }
    let lines = lines.join("\n");
    if n_broken > 0 { Err(Failure::business(ErrorCode::UnknownError, lines)) } else { Ok(lines) }
}

async fn attempt(server: &Server) -> Result<String, Failure> {
    let session = server.open().await?;
    let encrypted = match (session.is_encrypted, server.encryption) {
        (true, Encryption::Implicit) => "TLS",
        (true, _) => "STARTTLS",
        (false, _) => "in clear",
    };
    let login = if server.has_login() { "logged in" } else { "without login" };
    let offered = offered(session.features());
    session.quit().await;
    Ok(format!("{encrypted}, {login}, {offered}"))
}

fn offered(features: &Features) -> String {
    let interesting = ["PIPELINING", "8BITMIME", "SMTPUTF8"];
    let mut offered: Vec<_> =
        interesting.iter().filter(|it| features.has(it)).map(|it| (*it).to_owned()).collect();
    if let Some(max) = features.size_max {
        let max = if max == usize::MAX { "without limit".to_owned() } else { max.to_string() };
        offered.insert(0, format!("SIZE {max}"));
    }
    if offered.is_empty() { "no extensions".to_owned() } else { offered.join(" ") }
}
