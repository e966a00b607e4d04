//! `DELETE_MESSAGE`, `ADD_REACTION` and `PIN`: what is done to a message that is there.

use common::{Context, Failure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    client::Slack,
    error::invalid,
    method::{self, Method},
    names::Channel,
    target::{self, named},
    verdict::Problem,
};

/// The inputs that say which message.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    channel_id: Option<String>,
    channel_name: Option<String>,
    ts: String,
    workspace: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReactionInput {
    channel_id: Option<String>,
    channel_name: Option<String>,
    ts: String,
    emoji: String,
    workspace: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    ts: String,
    channel_id: String,
}

pub(crate) async fn delete(slack: Context<Slack>, input: Input) -> Result<Output, Failure> {
    let done = (slack.attempt() > 1).then_some("message_not_found");
    call(&slack, input, &method::DELETE_MESSAGE, json!({}), "ts", done).await
}

pub(crate) async fn add_reaction(
    slack: Context<Slack>,
    input: ReactionInput,
) -> Result<Output, Failure> {
    let ReactionInput { channel_id, channel_name, ts, emoji, workspace } = input;
    let emoji = emoji.trim().trim_matches(':');
    if emoji.is_empty() {
        return Err(invalid("`emoji` is empty"));
    }
    let input = Input { channel_id, channel_name, ts, workspace };
    let (more, done) = (json!({"name": emoji}), Some("already_reacted"));
    call(&slack, input, &method::ADD_REACTION, more, "timestamp", done).await
}

pub(crate) async fn pin(slack: Context<Slack>, input: Input) -> Result<Output, Failure> {
    call(&slack, input, &method::ADD_PIN, json!({}), "timestamp", Some("already_pinned")).await
}

/// Calls a method for one message, which it takes under the name `ts_name`; its refusal `done` says that there is nothing left to do.
async fn call(
    slack: &Context<Slack>,
    input: Input,
    method: &Method,
    mut arguments: Value,
    ts_name: &str,
    done: Option<&str>,
) -> Result<Output, Failure> {
    let workspace = slack.workspaces.get(input.workspace.as_deref())?;
    let channel = named(input.channel_id.as_deref(), input.channel_name.as_deref());
    let ts = input.ts.trim().to_owned();
    arguments[ts_name] = ts.as_str().into();
    arguments["channel"] = channel.as_ref().map(Channel::shown).into();
    Slack::preview(slack, method, &arguments)?;
    let channel_id = target::channel(slack, workspace, channel).await?;
    arguments["channel"] = channel_id.as_str().into();
    match slack.api.call(workspace, method, &arguments).await {
        Err(problem) if problem.word().is_some() && problem.word() == done => {
            slack.warn(format_args!("nothing was left to do: {}", done.unwrap_or_default()));
        }
        outcome => drop(outcome.map_err(Problem::into_failure)?),
    }
    Ok(Output { ts, channel_id })
}
