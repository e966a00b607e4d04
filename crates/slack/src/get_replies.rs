//! `GET_REPLIES`: what was answered in a thread.

use common::{Context, Failure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    client::Slack,
    method,
    target::{self, named},
};

/// The most replies that are read.
const REPLIES_MAX: usize = 1000;
/// The most that Slack gives at once, where it gives many.
const REPLIES_PER_PAGE: usize = 200;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    channel_id: Option<String>,
    channel_name: Option<String>,
    thread_ts: String,
    workspace: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    messages: Vec<Value>,
    channel_id: String,
}

pub(crate) async fn run(slack: Context<Slack>, input: Input) -> Result<Output, Failure> {
    let workspace = slack.workspaces.get(input.workspace.as_deref())?;
    let channel = named(input.channel_id.as_deref(), input.channel_name.as_deref());
    let thread_ts = input.thread_ts.trim();
    let shown = channel.as_ref().map(|it| it.shown().to_owned());
    Slack::preview(&slack, &method::REPLIES, &json!({"channel": shown, "ts": thread_ts}))?;
    let channel_id = target::channel(&slack, workspace, channel).await?;
    let mut messages = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let arguments = json!({
            "channel": channel_id, "ts": thread_ts, "limit": REPLIES_PER_PAGE, "cursor": cursor,
        });
        let mut answer = slack.call(workspace, &method::REPLIES, &arguments).await?.body;
        if let Some(Value::Array(page)) = answer.get_mut("messages").map(Value::take) {
            // The message that the thread begins with is part of every page.
            messages.extend(page.into_iter().filter(|it| it["ts"] != thread_ts));
        }
        let next = answer.get("response_metadata").and_then(|it| it["next_cursor"].as_str());
        let next = next.filter(|it| !it.is_empty()).map(str::to_owned);
        if messages.len() >= REPLIES_MAX {
            if next.is_some() || messages.len() > REPLIES_MAX {
                slack.warn(format_args!("the thread has more than {REPLIES_MAX} replies"));
            }
            messages.truncate(REPLIES_MAX);
            break;
        }
        if next.is_none() || next == cursor {
            break;
        }
        cursor = next;
    }
    Ok(Output { messages, channel_id })
}
