//! `check`: asks Slack who the tokens are, and compares their scopes with what the actions need.

use common::{
    Context, Failure,
    clap::{Arg, ArgMatches, Command},
};
use serde_json::Value;

use crate::{
    client::Slack,
    error::{ErrorCode, invalid},
    method,
    scopes::{self, Verdict},
    verdict::Problem,
    workspace::Workspace,
};

/// The header in which Slack tells the scopes of a token.
const SCOPES: &str = "x-oauth-scopes";

pub(crate) fn command() -> Command {
    Command::new("check")
        .about("Ask Slack who the tokens are and which actions their scopes allow")
        .arg(Arg::new("name").value_name("NAME").help("Only this workspace of SLACK_WORKSPACES"))
}

/// A table per workspace; fails when a token is not accepted.
pub(crate) async fn execute(slack: Context<Slack>, given: ArgMatches) -> Result<String, Failure> {
    let wanted = given.get_one::<String>("name");
    let workspaces: Vec<_> = slack
        .workspaces
        .all()
        .filter(|it| wanted.is_none_or(|wanted| *wanted == it.name))
        .collect();
    if workspaces.is_empty() {
        return Err(match wanted {
            Some(name) => invalid(format_args!("there is no workspace `{name}`")),
            None => Failure::business(ErrorCode::Unauthorized, "SLACK_BOT_TOKEN is not set"),
        });
    }
    let (mut texts, mut n_broken) = (Vec::new(), 0);
    for workspace in workspaces {
        match report(&slack, workspace).await {
            Ok(text) => texts.push(text),
            Err(failure) => {
                n_broken += 1;
                texts.push(format!("{}: {failure}", workspace.name));
            }
        }
    }
    let text = texts.join("\n\n");
    if n_broken > 0 { Err(Failure::business(ErrorCode::UnknownError, text)) } else { Ok(text) }
}

/// What is known of one workspace.
async fn report(slack: &Slack, workspace: &Workspace) -> Result<String, Failure> {
    let mut lines = Vec::new();
    if workspace.has_token() {
        let answer = slack.api.call(workspace, &method::AUTH_TEST, &Value::Null).await;
        let answer = answer.map_err(Problem::into_failure)?;
        let text = |name: &str| answer.body.get(name).and_then(Value::as_str).unwrap_or("?");
        lines.push(format!(
            "{}: {}, {}, as {}",
            workspace.name,
            text("team"),
            text("url"),
            text("user")
        ));
        let scopes = answer.headers.get(SCOPES).and_then(|it| it.to_str().ok()).unwrap_or_default();
        let granted: Vec<_> = scopes.split(',').map(str::trim).collect();
        let width = scopes::ACTIONS.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        for (name, needs) in scopes::ACTIONS {
            let (word, what) = match scopes::judge(needs, &granted) {
                Verdict::Works => ("works", String::new()),
                Verdict::InPart(what) => ("in part", what),
                Verdict::No(what) => ("NO", what),
            };
            lines.push(format!("  {name:width$}  {word:7}  {what}").trim_end().to_owned());
        }
    } else {
        lines.push(format!("{}: no token", workspace.name));
    }
    if workspace.webhook.is_some() {
        lines.push("  an incoming webhook, not tried: that would be a message".to_owned());
    }
    Ok(lines.join("\n"))
}
