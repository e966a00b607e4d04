//! The methods of Slack's Web API that are called, and what is known about each beforehand.

/// One method.
#[derive(Debug)]
pub(crate) struct Method {
    /// As it stands in the URL.
    pub(crate) name: &'static str,
    pub(crate) encoding: Encoding,
    pub(crate) repeat: Repeat,
}

/// How the arguments travel: methods that only read take no JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Json,
    Form,
}

/// Whether a call may be made again when nobody knows what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It reads, leaves things as they are the second time, or carries an id that Slack knows again.
    Harmless,
    /// It would be done twice.
    Harmful,
}

const fn reads(name: &'static str) -> Method {
    Method { name, encoding: Encoding::Form, repeat: Repeat::Harmless }
}

const fn writes(name: &'static str) -> Method {
    Method { name, encoding: Encoding::Json, repeat: Repeat::Harmless }
}

const fn writes_once(name: &'static str) -> Method {
    Method { name, encoding: Encoding::Json, repeat: Repeat::Harmful }
}

pub(crate) const AUTH_TEST: Method = reads("auth.test");
/// Repeatable for its `client_msg_id`.
pub(crate) const POST_MESSAGE: Method = writes("chat.postMessage");
pub(crate) const POST_EPHEMERAL: Method = writes_once("chat.postEphemeral");
pub(crate) const SCHEDULE_MESSAGE: Method = writes_once("chat.scheduleMessage");
pub(crate) const UPDATE_MESSAGE: Method = writes("chat.update");
pub(crate) const DELETE_MESSAGE: Method = writes("chat.delete");
/// Repeatable, since a channel that the first call has made is recognized.
pub(crate) const CREATE_CHANNEL: Method = writes("conversations.create");
pub(crate) const INVITE: Method = writes("conversations.invite");
pub(crate) const ARCHIVE: Method = writes("conversations.archive");
pub(crate) const SET_TOPIC: Method = writes("conversations.setTopic");
pub(crate) const OPEN: Method = writes("conversations.open");
pub(crate) const LIST_CHANNELS: Method = reads("conversations.list");
pub(crate) const CHANNEL_INFO: Method = reads("conversations.info");
pub(crate) const REPLIES: Method = reads("conversations.replies");
pub(crate) const ADD_REACTION: Method = writes("reactions.add");
pub(crate) const ADD_PIN: Method = writes("pins.add");
pub(crate) const LIST_USERS: Method = reads("users.list");
pub(crate) const USER_INFO: Method = reads("users.info");
pub(crate) const USER_BY_EMAIL: Method = reads("users.lookupByEmail");
pub(crate) const UPLOAD_URL: Method = reads("files.getUploadURLExternal");
pub(crate) const COMPLETE_UPLOAD: Method = writes_once("files.completeUploadExternal");
/// The second step of an upload, to an address that the first one tells.
pub(crate) const UPLOAD: Method = writes("the upload");
/// The call of an incoming webhook, which is no method but is limited and fails like one.
pub(crate) const WEBHOOK: Method = writes_once("the incoming webhook");
