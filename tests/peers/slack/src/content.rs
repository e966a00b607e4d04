//! What a message consists of: text, blocks, attachments and their limits.

use serde_json::{Value, json};

use crate::{
    answer::Refusal,
    blocks,
    call::Args,
    cx::Cx,
    model::Message,
    world::{LongText, Policy},
};

/// <https://docs.slack.dev/changelog/2018-truncating-really-long-messages>
const TEXT_CHARS_MAX: usize = 40_000;
const MARKDOWN_CHARS_MAX: usize = 12_000;
const ATTACHMENTS_MAX: usize = 100;

/// What was sent, checked.
pub(crate) struct Content {
    pub(crate) text: Option<String>,
    pub(crate) blocks: Option<Value>,
    pub(crate) attachments: Option<Value>,
    pub(crate) metadata: Option<Value>,
    /// The text was cut.
    truncated: bool,
}

impl Content {
    pub(crate) fn read(args: &Args, policy: &Policy) -> Result<Self, Refusal> {
        let blocks = args.json_value("blocks", "invalid_blocks_format")?;
        let attachments = args.json_value("attachments", "invalid_attachments")?;
        let markdown = args.text("markdown_text");
        let mut text = args.text("text");
        if markdown.is_some() && (text.is_some() || blocks.is_some()) {
            return Err("markdown_text_conflict".into());
        }
        if markdown.as_ref().is_some_and(|text| text.chars().count() > MARKDOWN_CHARS_MAX) {
            return Err("msg_too_long".into());
        }
        if let Some(blocks) = &blocks {
            blocks::check(blocks)?;
        }
        let n_attachments = match &attachments {
            None => 0,
            Some(Value::Array(attachments)) => attachments.len(),
            Some(_) => return Err("invalid_attachments".into()),
        };
        if n_attachments > ATTACHMENTS_MAX {
            return Err("too_many_attachments".into());
        }
        let mut truncated = false;
        if let Some(text) = &mut text
            && let Some((end, _)) = text.char_indices().nth(TEXT_CHARS_MAX)
        {
            match policy.long_text {
                LongText::Refuse => return Err("msg_too_long".into()),
                LongText::Truncate => text.truncate(end),
            }
            truncated = true;
        }
        let metadata = args.json_value("metadata", "invalid_metadata_format")?;
        Ok(Self { text: text.or(markdown), blocks, attachments, metadata, truncated })
    }

    /// `no_text` when there is nothing to show.
    pub(crate) fn shown(self) -> Result<Self, Refusal> {
        let items =
            |value: &Option<Value>| value.as_ref().and_then(Value::as_array).map_or(0, Vec::len);
        if self.text.is_none() && items(&self.blocks) == 0 && items(&self.attachments) == 0 {
            return Err("no_text".into());
        }
        Ok(self)
    }

    /// What the answer says of it beside the result.
    pub(crate) fn remarks(&self, mut answer: Value) -> Value {
        if self.truncated {
            answer["warning"] = json!("message_truncated");
            let message = format!("[WARN] cut after {TEXT_CHARS_MAX} characters");
            let warnings = json!(["message_truncated"]);
            answer["response_metadata"] = json!({"warnings": warnings, "messages": [message]});
        }
        answer
    }

    /// The message of the app's bot.
    pub(crate) fn message(&self, cx: &Cx<'_>, args: &Args) -> Message {
        let bot = &cx.workspace.bot;
        let username = args.text("username");
        let emoji = args.text("icon_emoji").map(|emoji| json!({"emoji": emoji}));
        let image = || args.text("icon_url").map(|url| json!({"image_48": url}));
        Message {
            kind: "message".to_owned(),
            subtype: username.as_ref().map(|_| "bot_message".to_owned()),
            user: bot.user_id.clone(),
            bot_id: Some(bot.bot_id.clone()),
            app_id: Some(bot.app_id.clone()),
            team: cx.workspace.id.clone(),
            text: self.text.clone().unwrap_or_default(),
            username,
            icons: emoji.or_else(image),
            blocks: self.blocks.clone(),
            attachments: self.attachments.clone().map(numbered),
            metadata: self.metadata.clone(),
            ..Message::default()
        }
    }
}

/// Attachments get ids, counted from 1.
pub(crate) fn numbered(mut attachments: Value) -> Value {
    let items = attachments.as_array_mut().into_iter().flatten();
    for (at, attachment) in items.enumerate() {
        if let Value::Object(fields) = attachment {
            fields.insert("id".to_owned(), json!(at + 1));
        }
    }
    attachments
}
