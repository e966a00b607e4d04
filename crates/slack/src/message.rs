//! A message without its recipient: what it says, and how it is delivered.

use common::{Context, Failure};
use files::File;
use serde_json::{Map, Value};

use crate::{
    client::Slack,
    content::{Content, Source},
    error::{invalid, missing},
    moment::Moment,
    names::User,
    send_message::Input,
};

/// A message without its recipient.
pub(crate) struct Message {
    /// Text, blocks and attachments.
    pub(crate) content: Content,
    /// The arguments that are the same for all recipients.
    pub(crate) options: Map<String, Value>,
    pub(crate) thread_ts: Option<String>,
    pub(crate) way: Way,
}

/// How a message is delivered.
pub(crate) enum Way {
    Now,
    /// To one member of the channel, for whom it is gone after a reload.
    Ephemeral(User),
    At(Moment),
}

impl Message {
    /// What the inputs ask for, apart from recipients and files.
    ///
    /// # Errors
    /// `INVALID_INPUT`, `MISSING_INPUT` and `MSG_TOO_LONG`, before anything is called.
    pub(crate) fn new(
        slack: &Context<Slack>,
        mut input: Input,
        files: &[File],
    ) -> Result<Self, Failure> {
        if let Some(asked) = given(input.request_response.take()).filter(|it| it != "no") {
            let text = format!(
                "`requestResponse`: `{asked}` is not supported, only `no`: nothing waits for replies yet"
            );
            return Err(invalid(text));
        }
        let source = Source {
            text: input.text.take(),
            blocks: input.blocks.take(),
            attachments: input.attachments.take(),
            metadata: input.metadata.take(),
        };
        let content = Content::new(&slack.templates, source)?;
        if content.is_empty() && files.is_empty() {
            return Err(missing("`text` is needed, or `blocks`, `attachments` or `files`"));
        }
        let way = match (given(input.ephemeral_to.take()), input.scheduled_at) {
            (Some(_), Some(_)) => {
                return Err(invalid("`ephemeralTo` and `scheduledAt` exclude each other"));
            }
            (Some(user), None) => Way::Ephemeral(User::parse(&user)),
            (None, Some(at)) => Way::At(at),
            (None, None) => Way::Now,
        };
        if !files.is_empty() && !matches!(way, Way::Now) {
            return Err(invalid("`files` can be neither scheduled nor ephemeral"));
        }
        let thread_ts = given(input.thread_ts.take());
        let options = options(slack, input, thread_ts.as_deref(), &way);
        Ok(Self { content, options, thread_ts, way })
    }

    /// The arguments for one channel.
    pub(crate) fn arguments(&self, channel: &str) -> Value {
        let mut arguments = Map::new();
        arguments.insert("channel".to_owned(), channel.into());
        self.content.add_to(&mut arguments);
        arguments.extend(self.options.clone());
        Value::Object(arguments)
    }
}

/// The arguments beside the content; what does not go with the way is left out, with a warning.
fn options(
    slack: &Context<Slack>,
    input: Input,
    thread_ts: Option<&str>,
    way: &Way,
) -> Map<String, Value> {
    let mut options = Map::new();
    let mut set = |name: &str, value: Value| drop(options.insert(name.to_owned(), value));
    if let Some(thread_ts) = thread_ts {
        set("thread_ts", thread_ts.into());
    }
    match (input.reply_broadcast, thread_ts, way) {
        (Some(true), None, _) => {
            slack.warn("`replyBroadcast` is for replies, and `threadTs` is not given");
        }
        (Some(true), Some(_), Way::Ephemeral(_)) => {
            slack.warn("`replyBroadcast` is not for ephemeral messages");
        }
        (Some(true), Some(_), Way::Now | Way::At(_)) => set("reply_broadcast", true.into()),
        (Some(false) | None, _, _) => {}
    }
    match (input.unfurl_links, way) {
        (Some(unfurl), Way::Now | Way::At(_)) => {
            set("unfurl_links", unfurl.into());
            set("unfurl_media", unfurl.into());
        }
        (Some(_), Way::Ephemeral(_)) | (None, _) => {}
    }
    if let Some(mrkdwn) = input.mrkdwn {
        set("mrkdwn", mrkdwn.into());
    }
    let (username, icon) = (given(input.username), given(input.icon));
    if matches!(way, Way::At(_)) && (username.is_some() || icon.is_some()) {
        slack.warn("`username` and `icon` are not for scheduled messages");
        return options;
    }
    if let Some(username) = username {
        set("username", username.into());
    }
    match icon {
        Some(url) if url.starts_with("http://") || url.starts_with("https://") => {
            set("icon_url", url.into());
        }
        Some(emoji) => set("icon_emoji", format!(":{}:", emoji.trim_matches(':')).into()),
        None => {}
    }
    options
}

/// A text that says something.
fn given(text: Option<String>) -> Option<String> {
    text.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty())
}
