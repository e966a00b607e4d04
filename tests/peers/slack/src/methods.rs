//! The methods of the Web API that are played, with what is documented for each.

mod chat;
mod conversations;
mod files;
mod items;
mod members;
mod users;

use crate::{
    answer::Outcome,
    call::{Accepts, Args},
    cx::Cx,
};

pub(crate) struct Method {
    pub(crate) name: &'static str,
    /// Scopes, as the header `x-accepted-oauth-scopes` tells them.
    pub(crate) scopes: &'static str,
    /// Calls per minute of the documented tier; absent where the documentation gives no number.
    pub(crate) per_minute: Option<usize>,
    pub(crate) accepts: Accepts,
    pub(crate) run: fn(&mut Cx<'_>, &Args) -> Outcome,
}

/// Calls per minute, by tier.
const TIERS: [Option<usize>; 5] = [None, Some(1), Some(20), Some(50), Some(100)];

const fn method(
    name: &'static str,
    scopes: &'static str,
    tier: usize,
    run: fn(&mut Cx<'_>, &Args) -> Outcome,
) -> Method {
    Method { name, scopes, per_minute: TIERS[tier], accepts: Accepts::Json, run }
}

/// A method that reads, and takes no JSON.
const fn reading(
    name: &'static str,
    scopes: &'static str,
    tier: usize,
    run: fn(&mut Cx<'_>, &Args) -> Outcome,
) -> Method {
    Method { name, scopes, per_minute: TIERS[tier], accepts: Accepts::FormOnly, run }
}

const READ: &str = "channels:read,groups:read,im:read,mpim:read";
const HISTORY: &str = "channels:history,groups:history,im:history,mpim:history";
const WRITE: &str = "channels:manage,groups:write,im:write,mpim:write";

/// Tier 0 stands for a special one.
pub(crate) static ALL: [Method; 26] = [
    method("auth.test", "", 0, users::auth_test),
    method("chat.postMessage", "chat:write", 0, chat::post_message),
    method("chat.postEphemeral", "chat:write", 4, chat::post_ephemeral),
    method("chat.update", "chat:write", 3, chat::update),
    method("chat.delete", "chat:write", 3, chat::delete),
    method("chat.scheduleMessage", "chat:write", 3, chat::schedule_message),
    reading("chat.getPermalink", "", 0, chat::get_permalink),
    method("conversations.create", WRITE, 2, conversations::create),
    method("conversations.archive", WRITE, 2, conversations::archive),
    method("conversations.setTopic", WRITE, 2, conversations::set_topic),
    method("conversations.setPurpose", WRITE, 2, conversations::set_purpose),
    reading("conversations.list", READ, 2, conversations::list),
    reading("conversations.info", READ, 3, conversations::info),
    reading("conversations.replies", HISTORY, 3, conversations::replies),
    method("conversations.invite", WRITE, 3, members::invite),
    method("conversations.open", "im:write,mpim:write", 3, members::open),
    method("conversations.join", "channels:join", 3, members::join),
    reading("conversations.members", READ, 4, members::members),
    reading("users.list", "users:read", 2, users::list),
    reading("users.info", "users:read", 4, users::info),
    reading("users.lookupByEmail", "users:read.email", 3, users::lookup_by_email),
    method("reactions.add", "reactions:write", 3, items::react),
    method("pins.add", "pins:write", 2, items::pin),
    reading("files.getUploadURLExternal", "files:write", 4, files::get_upload_url),
    method("files.completeUploadExternal", "files:write", 4, files::complete_upload),
    reading("files.info", "files:read", 4, files::info),
];

pub(crate) fn find(name: &str) -> Option<&'static Method> {
    ALL.iter().find(|method| method.name == name)
}
