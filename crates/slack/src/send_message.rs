//! `SEND_MESSAGE`: a message to channels or people, now or later, to all or to one only, with files.

use common::{Context, Failure};
use files::Files;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    client::Slack,
    error::{invalid, missing},
    message::{Message, Way},
    moment::Moment,
    names::Names,
    sender::Sender,
    sent::Sent,
    share,
    target::Address,
    webhook,
};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    pub(crate) channel_id: Option<Names>,
    pub(crate) channel_name: Option<Names>,
    pub(crate) user_id: Option<Names>,
    pub(crate) user_email: Option<Names>,
    pub(crate) text: Option<String>,
    pub(crate) metadata: Option<Value>,
    pub(crate) request_response: Option<String>,
    pub(crate) blocks: Option<Value>,
    pub(crate) attachments: Option<Value>,
    pub(crate) thread_ts: Option<String>,
    pub(crate) reply_broadcast: Option<bool>,
    pub(crate) files: Option<Files>,
    pub(crate) unfurl_links: Option<bool>,
    pub(crate) username: Option<String>,
    pub(crate) icon: Option<String>,
    pub(crate) mrkdwn: Option<bool>,
    pub(crate) scheduled_at: Option<Moment>,
    pub(crate) ephemeral_to: Option<String>,
    pub(crate) workspace: Option<String>,
}

#[derive(Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    /// The reply that was waited for; none was, since `requestResponse` is `no`.
    message: Option<String>,
    ts: Option<String>,
    channel_id: Option<String>,
    permalink: Option<String>,
    messages: Vec<Sent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduled_message_id: Option<String>,
    /// `id` and `permalink` of each.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Value>,
}

pub(crate) async fn run(slack: Context<Slack>, mut input: Input) -> Result<Output, Failure> {
    let workspace = slack.workspaces.get(input.workspace.as_deref())?;
    let files = input.files.take().unwrap_or_default().0;
    let address = Address {
        channel_id: input.channel_id.take(),
        channel_name: input.channel_name.take(),
        user_id: input.user_id.take(),
        user_email: input.user_email.take(),
    };
    let targets = address.targets(|warning| slack.warn(warning));
    let message = Message::new(&slack, input, &files)?;
    if targets.is_empty() {
        let Some(url) = &workspace.webhook else {
            return Err(missing("`channelId`, `channelName`, `userId` or `userEmail` is needed"));
        };
        if !files.is_empty() || !matches!(message.way, Way::Now) {
            let what = "`files`, `scheduledAt` and `ephemeralTo` need a channel; an incoming webhook has none of them";
            return Err(invalid(what));
        }
        // What few messages need is boxed, or each would carry the room for it.
        Box::pin(webhook::send(&slack, workspace, url, &message)).await?;
        return Ok(Output { messages: vec![Sent::default()], ..Output::default() });
    }
    let sender = Sender { slack: &slack, workspace, message: &message };
    sender.preview(&targets, &files)?;
    if !files.is_empty() {
        let sharing = share::message(&slack, workspace, &message, &targets, &files);
        let shared = Box::pin(sharing).await?;
        return Ok(Output { files: Some(shared.files), ..output(shared.messages) });
    }
    if let [target] = &targets[..] {
        return Ok(output(vec![sender.send(target, 0).await?]));
    }
    Box::pin(sender.send_all(&targets)).await.map(output)
}

/// The outputs of messages, of which one at least is out.
fn output(messages: Vec<Sent>) -> Output {
    let first = messages.iter().find(|it| it.error.is_none()).cloned().unwrap_or_default();
    let Sent { channel_id, ts, permalink, scheduled_message_id, .. } = first;
    Output { message: None, ts, channel_id, permalink, messages, scheduled_message_id, files: None }
}
