//! All workspaces, and what is in force for them.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::{
    journal::Entry,
    limits::{Limits, Meter},
    model::{Channel, File, Message, Token, Workspace},
    orders::Order,
};

/// Everything that a fake knows. [`FakeSlack::with`](crate::FakeSlack::with) lends it out.
#[derive(Debug)]
pub struct World {
    pub workspaces: Vec<Workspace>,
    pub policy: Policy,
    pub limits: Limits,
    pub orders: Vec<Order>,
    pub journal: Vec<Entry>,
    pub(crate) meter: Meter,
    /// `http://127.0.0.1:…`, as the app called it last.
    pub(crate) url: String,
    pub(crate) started: Instant,
}

/// What Slack leaves open, or documents in two ways.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Policy {
    /// Lists give at most so many per page, however many were asked for.
    pub page_items_max: usize,
    pub long_text: LongText,
    pub repeated: Repeated,
    pub file_answer: FileAnswer,
    /// Also the reading methods take arguments from JSON.
    pub json_everywhere: bool,
    /// Off for measurements.
    pub journal: bool,
}

/// What happens to a text of more than 40,000 characters; both are documented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LongText {
    /// `msg_too_long`.
    #[default]
    Refuse,
    /// Posted up to there, with the warning `message_truncated`.
    Truncate,
}

/// What happens to a message whose `client_msg_id` came before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Repeated {
    /// The answer names the first one; nothing is posted.
    #[default]
    GiveFirst,
    /// It is posted once more.
    PostAgain,
}

/// What `files.completeUploadExternal` tells of each file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FileAnswer {
    /// `id` and `title`; all that is documented.
    #[default]
    Short,
    /// The whole object, as `files.info` gives it, not shared yet.
    Full,
    /// The whole object with `shares`: the `ts` per channel.
    Shared,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            page_items_max: 1000,
            long_text: LongText::default(),
            repeated: Repeated::default(),
            file_answer: FileAnswer::default(),
            json_everywhere: false,
            journal: true,
        }
    }
}

impl World {
    pub(crate) fn new(url: String, workspaces: Vec<Workspace>) -> Self {
        Self {
            workspaces,
            policy: Policy::default(),
            limits: Limits::default(),
            orders: Vec::new(),
            journal: Vec::new(),
            meter: Meter::default(),
            url,
            started: Instant::now(),
        }
    }

    /// Adds a workspace, or what is new in it to the one of the same id: things of the same id or name are replaced.
    pub fn merge(&mut self, workspace: Workspace) {
        let Some(known) = self.workspaces.iter_mut().find(|known| known.id == workspace.id) else {
            self.workspaces.push(workspace);
            return;
        };
        merge(&mut known.users, workspace.users, |user| &user.id);
        merge(&mut known.tokens, workspace.tokens, |token| &token.token);
        merge(&mut known.webhooks, workspace.webhooks, |webhook| &webhook.path);
        for mut channel in workspace.channels {
            if let Some(before) = known.channel_mut(&channel.id)
                && channel.messages.is_empty()
            {
                channel.messages = std::mem::take(&mut before.messages);
                channel.ephemerals = std::mem::take(&mut before.ephemerals);
            }
            merge(&mut known.channels, vec![channel], |channel| &channel.id);
        }
    }

    /// The workspace that `token` belongs to.
    pub(crate) fn of_token(&self, token: &str) -> Option<(usize, &Token)> {
        self.workspaces.iter().enumerate().find_map(|(at, workspace)| {
            let token = workspace.tokens.iter().find(|known| known.token == token)?;
            Some((at, token))
        })
    }

    /// Posts the scheduled messages whose time is not after `until`, in seconds since 1970, in their order.
    pub fn release(&mut self, until: u64) {
        for workspace in &mut self.workspaces {
            let (mut due, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut workspace.scheduled)
                .into_iter()
                .partition(|scheduled| scheduled.post_at <= until);
            workspace.scheduled = waiting;
            due.sort_by_key(|scheduled| scheduled.post_at);
            for mut scheduled in due {
                scheduled.message.ts = workspace.ts();
                "message".clone_into(&mut scheduled.message.kind);
                if let Some(channel) = workspace.channel_mut(&scheduled.channel) {
                    channel.messages.push(scheduled.message);
                }
            }
        }
    }
}

fn merge<T>(known: &mut Vec<T>, new: Vec<T>, id: impl Fn(&T) -> &String) {
    for new in new {
        match known.iter_mut().find(|known| id(known) == id(&new)) {
            Some(known) => *known = new,
            None => known.push(new),
        }
    }
}

impl Workspace {
    pub fn channel(&self, id: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.id == id)
    }

    pub fn channel_mut(&mut self, id: &str) -> Option<&mut Channel> {
        self.channels.iter_mut().find(|channel| channel.id == id)
    }

    pub fn file(&self, id: &str) -> Option<&File> {
        self.files.iter().find(|file| file.id == id)
    }

    /// A new id, such as `C0F0000001` for the prefix `C`.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        self.ids += 1;
        format!("{prefix}0F{:07}", self.ids)
    }

    /// A timestamp of now that no other message has.
    pub(crate) fn ts(&mut self) -> String {
        let now = u64::try_from(since_1970().as_micros()).unwrap_or(u64::MAX);
        self.clock = now.max(self.clock + 1);
        format!("{}.{:06}", self.clock / 1_000_000, self.clock % 1_000_000)
    }

    /// What stands in `https://<here>.slack.com/`.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("https://{}.slack.com/{path}", self.domain)
    }
}

impl Channel {
    pub fn message(&self, ts: &str) -> Option<&Message> {
        self.messages.iter().rev().find(|message| message.ts == ts)
    }

    pub(crate) fn message_mut(&mut self, ts: &str) -> Option<&mut Message> {
        self.messages.iter_mut().rev().find(|message| message.ts == ts)
    }

    pub(crate) fn has(&self, user: &str) -> bool {
        self.members.iter().any(|member| member == user)
    }
}

/// Seconds since 1970.
pub(crate) fn seconds() -> u64 {
    since_1970().as_secs()
}

fn since_1970() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
