//! What a method works with: one workspace, as far as the caller's token reaches.

use serde_json::json;

use crate::{
    answer::Refusal,
    model::{Channel, Kind, Workspace},
    world::Policy,
};

pub(crate) struct Cx<'a> {
    pub(crate) workspace: &'a mut Workspace,
    pub(crate) scopes: Vec<String>,
    pub(crate) policy: &'a Policy,
    /// Where this fake is reached.
    pub(crate) url: &'a str,
}

impl Cx<'_> {
    pub(crate) fn bot(&self) -> String {
        self.workspace.bot.user_id.clone()
    }

    /// Whether the token has one of these scopes.
    pub(crate) fn has(&self, scopes: &[&str]) -> bool {
        scopes.iter().any(|scope| self.scopes.iter().any(|granted| granted == scope))
    }

    /// One of these scopes is needed.
    pub(crate) fn needs(&self, scopes: &[&str]) -> Result<(), Refusal> {
        if self.has(scopes) {
            return Ok(());
        }
        let provided = self.scopes.join(",");
        let more = json!({"needed": scopes.join(","), "provided": provided});
        Err(Refusal::with("missing_scope", more))
    }

    /// The scope of this family for conversations of that kind: `read` is `channels:read`, `groups:read`, ….
    pub(crate) fn needs_for(&self, kind: Kind, family: &str) -> Result<(), Refusal> {
        let scope = match (kind, family) {
            (Kind::Public, "write") => "channels:manage".to_owned(),
            (Kind::Public, family) => format!("channels:{family}"),
            (Kind::Private, family) => format!("groups:{family}"),
            (Kind::Im, family) => format!("im:{family}"),
            (Kind::Mpim, family) => format!("mpim:{family}"),
        };
        self.needs(&[&scope])
    }

    /// A conversation by id; private ones exist for their members only.
    pub(crate) fn channel(&mut self, id: &str) -> Result<&mut Channel, Refusal> {
        let bot = self.bot();
        let channel = self.workspace.channel_mut(id).ok_or("channel_not_found")?;
        if channel.kind != Kind::Public && !channel.has(&bot) {
            return Err("channel_not_found".into());
        }
        Ok(channel)
    }

    /// The same, for what only members may do in one that isn't archived.
    pub(crate) fn own_channel(&mut self, id: &str) -> Result<&mut Channel, Refusal> {
        let bot = self.bot();
        let channel = self.channel(id)?;
        if !channel.has(&bot) {
            return Err("not_in_channel".into());
        }
        if channel.archived {
            return Err("is_archived".into());
        }
        Ok(channel)
    }

    /// The conversation that a message goes to, by id or name, or a user's direct message; gives its id.
    pub(crate) fn target(&mut self, channel: &str) -> Result<String, Refusal> {
        if self.workspace.users.iter().any(|user| user.id == channel) {
            return self.direct(&[channel.to_owned()]).map(|(id, _)| id);
        }
        let name = channel.strip_prefix('#').unwrap_or(channel);
        let by_name = |known: &&Channel| known.id == channel || known.name == name;
        let id = self.workspace.channels.iter().find(by_name).map(|known| known.id.clone());
        let (bot, everywhere) = (self.bot(), self.has(&["chat:write.public"]));
        let channel = self.channel(&id.ok_or("channel_not_found")?)?;
        if channel.archived {
            return Err("is_archived".into());
        }
        if !channel.has(&bot) && !everywhere {
            return Err("not_in_channel".into());
        }
        Ok(channel.id.clone())
    }

    /// The id of the direct message with these users, and whether it was there before.
    pub(crate) fn direct(&mut self, users: &[String]) -> Result<(String, bool), Refusal> {
        for id in users {
            let user = self.workspace.users.iter().find(|user| user.id == *id);
            if user.ok_or("user_not_found")?.deleted {
                return Err("user_disabled".into());
            }
        }
        let mut members = vec![self.bot()];
        members.extend(users.iter().cloned());
        let kind = if users.len() == 1 { Kind::Im } else { Kind::Mpim };
        let known = self.workspace.channels.iter().find(|channel| {
            channel.kind == kind
                && channel.members.len() == members.len()
                && members.iter().all(|member| channel.has(member))
        });
        if let Some(known) = known {
            return Ok((known.id.clone(), true));
        }
        let id = self.workspace.id(if kind == Kind::Im { "D" } else { "G" });
        let name =
            if kind == Kind::Im { String::new() } else { format!("mpdm-{}-1", users.join("--")) };
        let created = crate::world::seconds();
        let creator = self.bot();
        let channel =
            Channel { id: id.clone(), name, kind, created, creator, members, ..Channel::default() };
        self.workspace.channels.push(channel);
        Ok((id, false))
    }
}
