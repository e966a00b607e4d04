//! `SET_TOPIC`: says in a channel's head what it is about.

use common::{Context, Failure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    client::Slack,
    method,
    target::{self, named},
};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    channel_id: Option<String>,
    channel_name: Option<String>,
    topic: String,
    workspace: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    channel_id: String,
    topic: String,
}

pub(crate) async fn run(slack: Context<Slack>, input: Input) -> Result<Output, Failure> {
    let workspace = slack.workspaces.get(input.workspace.as_deref())?;
    let channel = named(input.channel_id.as_deref(), input.channel_name.as_deref());
    let topic = input.topic;
    let shown = channel.as_ref().map(|it| it.shown().to_owned());
    Slack::preview(&slack, &method::SET_TOPIC, &json!({"channel": shown, "topic": topic}))?;
    let channel_id = target::channel(&slack, workspace, channel).await?;
    let arguments = json!({"channel": channel_id, "topic": topic});
    let answer = slack.call(workspace, &method::SET_TOPIC, &arguments).await?.body;
    // Newer answers have the whole channel, older ones the topic alone.
    let told = answer.get("topic").or_else(|| answer.get("channel")?.get("topic")?.get("value"));
    let topic = told.and_then(Value::as_str).map_or(topic, str::to_owned);
    Ok(Output { channel_id, topic })
}
