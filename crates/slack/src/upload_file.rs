//! `UPLOAD_FILE`: brings files to Slack, into channels or for later use.

use common::{Context, Failure};
use files::Files;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    client::Slack,
    content::{Content, Source},
    error::missing,
    method,
    names::Names,
    sent::Sent,
    share,
    target::{Address, Target},
};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    channel_id: Option<Names>,
    channel_name: Option<Names>,
    files: Files,
    text: Option<String>,
    metadata: Option<Value>,
    thread_ts: Option<String>,
    workspace: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    /// `id` and `permalink` of each.
    files: Value,
    messages: Vec<Sent>,
    channel_id: Option<String>,
    ts: Option<String>,
}

pub(crate) async fn run(slack: Context<Slack>, input: Input) -> Result<Output, Failure> {
    let workspace = slack.workspaces.get(input.workspace.as_deref())?;
    let Input { channel_id, channel_name, files, text, metadata, thread_ts, .. } = input;
    let files = files.0;
    if files.is_empty() {
        return Err(missing("`files` holds no file"));
    }
    let content = Content::new(&slack.templates, Source { text, metadata, ..Source::default() })?;
    let address = Address { channel_id, channel_name, user_id: None, user_email: None };
    let targets = address.targets(|warning| slack.warn(warning));
    let mut arguments = Map::new();
    if let Some(text) = &content.text {
        arguments.insert("initial_comment".to_owned(), text.as_str().into());
    }
    if let Some(thread_ts) = thread_ts.filter(|it| !it.trim().is_empty()) {
        arguments.insert("thread_ts".to_owned(), thread_ts.trim().into());
    }
    let preview = {
        let mut preview = Value::Object(arguments.clone());
        preview["channels"] = json!(targets.iter().map(Target::shown).collect::<Vec<_>>());
        preview["files"] = json!(files.iter().map(|it| it.name.as_str()).collect::<Vec<_>>());
        preview
    };
    Slack::preview(&slack, &method::COMPLETE_UPLOAD, &preview)?;
    let mut channels = Vec::new();
    for target in &targets {
        channels.push(target.channel(&slack, workspace).await?);
    }
    let shared = share::upload(&slack, workspace, &files, channels, arguments).await?;
    let first = shared.messages.first().cloned().unwrap_or_default();
    let (channel_id, ts) = (first.channel_id, first.ts);
    Ok(Output { files: shared.files, messages: shared.messages, channel_id, ts })
}
