//! `UPDATE_MESSAGE`: changes a message that the app has sent.

use common::{Context, Failure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    client::Slack,
    content::{Content, Source},
    error::missing,
    method,
    target::{self, named},
};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    channel_id: Option<String>,
    channel_name: Option<String>,
    ts: String,
    text: Option<String>,
    metadata: Option<Value>,
    blocks: Option<Value>,
    attachments: Option<Value>,
    workspace: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    ts: String,
    channel_id: String,
    permalink: Option<String>,
}

pub(crate) async fn run(slack: Context<Slack>, input: Input) -> Result<Output, Failure> {
    let workspace = slack.workspaces.get(input.workspace.as_deref())?;
    let Input { ts, text, metadata, blocks, attachments, .. } = input;
    let content = Content::new(&slack.templates, Source { text, blocks, attachments, metadata })?;
    if content.is_empty() {
        return Err(missing("`text` is needed, or `blocks` or `attachments`"));
    }
    let channel = named(input.channel_id.as_deref(), input.channel_name.as_deref());
    let arguments = |channel: Option<&str>| {
        let mut arguments = Map::new();
        arguments.insert("channel".to_owned(), channel.into());
        arguments.insert("ts".to_owned(), ts.as_str().into());
        content.add_to(&mut arguments);
        Value::Object(arguments)
    };
    let shown = channel.as_ref().map(|it| it.shown().to_owned());
    Slack::preview(&slack, &method::UPDATE_MESSAGE, &arguments(shown.as_deref()))?;
    let channel_id = target::channel(&slack, workspace, channel).await?;
    slack.call(workspace, &method::UPDATE_MESSAGE, &arguments(Some(&channel_id))).await?;
    let permalink = slack.permalink(workspace, &channel_id, &ts, None).await;
    Ok(Output { ts, channel_id, permalink })
}
