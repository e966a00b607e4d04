//! `ARCHIVE_CHANNEL`: closes a channel; its messages stay.

use common::{Context, Failure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    client::Slack,
    method,
    target::{self, named},
    verdict::Problem,
};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    channel_id: Option<String>,
    channel_name: Option<String>,
    workspace: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    channel_id: String,
}

pub(crate) async fn run(slack: Context<Slack>, input: Input) -> Result<Output, Failure> {
    let workspace = slack.workspaces.get(input.workspace.as_deref())?;
    let channel = named(input.channel_id.as_deref(), input.channel_name.as_deref());
    let shown = channel.as_ref().map(|it| it.shown().to_owned());
    Slack::preview(&slack, &method::ARCHIVE, &json!({"channel": shown}))?;
    let channel_id = target::channel(&slack, workspace, channel).await?;
    match slack.api.call(workspace, &method::ARCHIVE, &json!({"channel": channel_id})).await {
        Err(problem) if problem.word() == Some("already_archived") => {
            slack.warn("the channel was archived already");
        }
        outcome => drop(outcome.map_err(Problem::into_failure)?),
    }
    Ok(Output { channel_id })
}
