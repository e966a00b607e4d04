//! `INVITE`: invites people to a channel.

use common::{Context, Failure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    client::Slack,
    error::missing,
    members::{self, Invited},
    method,
    names::Names,
    target::{self, named},
};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    channel_id: Option<String>,
    channel_name: Option<String>,
    members: Names,
    workspace: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    channel_id: String,
}

pub(crate) async fn run(slack: Context<Slack>, input: Input) -> Result<Output, Failure> {
    let workspace = slack.workspaces.get(input.workspace.as_deref())?;
    if input.members.is_empty() {
        return Err(missing("`members` names nobody"));
    }
    let channel = named(input.channel_id.as_deref(), input.channel_name.as_deref());
    let shown = channel.as_ref().map(|it| it.shown().to_owned());
    let arguments = json!({"channel": shown, "users": input.members.0.join(",")});
    Slack::preview(&slack, &method::INVITE, &arguments)?;
    let channel_id = target::channel(&slack, workspace, channel).await?;
    let Invited { refused } =
        members::invite(&slack, workspace, &channel_id, &input.members).await?;
    let n_refused = refused.len();
    for (index, (who, why)) in refused.into_iter().enumerate() {
        if n_refused == input.members.0.len() && index == 0 {
            return Err(why);
        }
        slack.warn(format_args!("{who} is not invited: {why}"));
    }
    Ok(Output { channel_id })
}
