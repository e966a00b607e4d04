//! `CREATE_CHANNEL`: creates a public or private channel and invites its members.

use common::{Context, Failure, Object};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    client::Slack,
    error::invalid,
    lookup, members, method,
    names::{Channel, Names},
    workspace::Workspace,
};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    channel_name: String,
    channel_type: Visibility,
    members: Names,
    workspace: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Visibility {
    #[serde(alias = "PUBLIC", alias = "Public")]
    Public,
    #[serde(alias = "PRIVATE", alias = "Private")]
    Private,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    slack_result: Object,
    channel_id: Option<String>,
    /// Who could not be invited: the channel is there all the same (`activiti-ootb-connectors.md` §8.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    slack_error: Option<String>,
}

pub(crate) async fn run(slack: Context<Slack>, input: Input) -> Result<Output, Failure> {
    let workspace = slack.workspaces.get(input.workspace.as_deref())?;
    let name = input.channel_name.trim().trim_start_matches('#');
    if name.is_empty() {
        return Err(invalid("`channelName` is empty"));
    }
    let arguments = json!({"name": name, "is_private": input.channel_type == Visibility::Private});
    Slack::preview(&slack, &method::CREATE_CHANNEL, &arguments)?;
    let known = slack.created.of(slack.request_id());
    let answer = if known.is_empty() {
        let answer = create(&slack, workspace, name, &arguments).await?;
        slack.created.keep(slack.request_id(), answer.clone());
        answer
    } else {
        known
    };
    let id = answer.get("channel").and_then(|it| it.get("id")).and_then(Value::as_str);
    let Some(id) = id.map(str::to_owned) else {
        return Err(lookup::without(&method::CREATE_CHANNEL, "channel.id"));
    };
    lookup::learn(workspace, name, &id);
    let invited = members::invite(&slack, workspace, &id, &input.members).await?;
    slack.created.forget(slack.request_id());
    let refused: Vec<_> =
        invited.refused.iter().map(|(who, why)| format!("{who} is not invited: {why}")).collect();
    for text in &refused {
        slack.warn(text);
    }
    let slack_error = (!refused.is_empty()).then(|| refused.join("; "));
    Ok(Output { slack_result: answer, channel_id: Some(id), slack_error })
}

/// Slack's answer to the making of the channel.
async fn create(
    slack: &Context<Slack>,
    workspace: &Workspace,
    name: &str,
    arguments: &Value,
) -> Result<Object, Failure> {
    match slack.api.call(workspace, &method::CREATE_CHANNEL, arguments).await {
        Ok(answer) => Ok(answer.body),
        Err(problem) if slack.attempt() > 1 && problem.word() == Some("name_taken") => {
            match own(slack, workspace, name).await {
                Some(answer) => Ok(answer),
                None => Err(problem.into_failure()),
            }
        }
        Err(problem) => Err(problem.into_failure()),
    }
}

/// The channel that an earlier attempt has made, whose answer was lost.
async fn own(slack: &Context<Slack>, workspace: &Workspace, name: &str) -> Option<Object> {
    lookup::refresh(workspace);
    let channel = Channel::Name(name.to_owned());
    let id = lookup::channel(&slack.api, workspace, &channel).await.ok()?;
    let info = json!({"channel": id});
    let answer = slack.call(workspace, &method::CHANNEL_INFO, &info).await.ok()?.body;
    let own = slack.call(workspace, &method::AUTH_TEST, &Value::Null).await.ok()?.body;
    let creator = answer.get("channel")?.get("creator")?;
    (creator == own.get("user_id")?).then_some(answer)
}
