//! `chat.*`: messages.

use serde_json::json;

use crate::{
    answer::{Outcome, Refusal},
    call::Args,
    content::{Content, numbered},
    cx::Cx,
    model::{Message, Scheduled},
    world::{Repeated, seconds},
};

/// 120 days, in seconds.
const SCHEDULE_AHEAD_MAX: u64 = 120 * 24 * 60 * 60;
/// Messages that may be scheduled for one channel within a window of so many seconds.
const SCHEDULED_PER_WINDOW_MAX: usize = 30;
const SCHEDULE_WINDOW: u64 = 5 * 60;

pub(super) fn post_message(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    let (channel, content) = prepare(cx, args)?;
    let client_msg_id = args.text("client_msg_id");
    if let Some(id) = &client_msg_id
        && cx.policy.repeated == Repeated::GiveFirst
        && let Some((channel, ts)) = cx.workspace.sent.get(id)
    {
        let known = cx.workspace.channel(channel).ok_or("duplicate_channel_not_found")?;
        let message = known.message(ts).ok_or("duplicate_message_not_found")?;
        return Ok(json!({"channel": channel, "ts": ts, "message": message}));
    }
    let mut message = content.message(cx, args);
    message.client_msg_id.clone_from(&client_msg_id);
    threaded(&mut message, cx, &channel, args);
    let ts = cx.workspace.ts();
    message.ts.clone_from(&ts);
    let answer = json!({"channel": channel, "ts": ts, "message": message});
    if let Some(id) = client_msg_id {
        cx.workspace.sent.insert(id, (channel.clone(), ts));
    }
    cx.channel(&channel)?.messages.push(message);
    Ok(content.remarks(answer))
}

pub(super) fn post_ephemeral(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    let user = args.required("user")?;
    let (channel, content) = prepare(cx, args)?;
    if !cx.channel(&channel)?.has(&user) {
        return Err("user_not_in_channel".into());
    }
    let mut message = content.message(cx, args);
    threaded(&mut message, cx, &channel, args);
    message.ts = cx.workspace.ts();
    message.shown_to = Some(user);
    let answer = json!({"message_ts": message.ts});
    cx.channel(&channel)?.ephemerals.push(message);
    Ok(content.remarks(answer))
}

pub(super) fn schedule_message(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    args.required("post_at")?;
    let post_at = args.number("post_at", "invalid_time")?.ok_or("invalid_time")?;
    let (channel, content) = prepare(cx, args)?;
    let now = seconds();
    if post_at <= now {
        return Err("time_in_past".into());
    }
    if post_at > now + SCHEDULE_AHEAD_MAX {
        return Err("time_too_far".into());
    }
    let near = |other: &&Scheduled| {
        other.channel == channel && other.post_at.abs_diff(post_at) < SCHEDULE_WINDOW
    };
    if cx.workspace.scheduled.iter().filter(near).count() >= SCHEDULED_PER_WINDOW_MAX {
        return Err("restricted_too_many".into());
    }
    let mut message = content.message(cx, args);
    threaded(&mut message, cx, &channel, args);
    "delayed_message".clone_into(&mut message.kind);
    let id = cx.workspace.id("Q");
    let answer = json!({
        "channel": channel,
        "scheduled_message_id": id,
        "post_at": post_at,
        "message": without_ts(&message),
    });
    cx.workspace.scheduled.push(Scheduled { id, channel, post_at, message });
    Ok(content.remarks(answer))
}

pub(super) fn update(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    cx.needs(&["chat:write"])?;
    let (channel, ts) = (args.required("channel")?, args.required("ts")?);
    let content = Content::read(args, cx.policy)?;
    if content.blocks.is_none() && content.attachments.is_none() && content.text.is_none() {
        return Err("no_text".into());
    }
    let (bot, editor) = (cx.bot(), cx.bot());
    let known = cx.channel(&channel)?;
    if known.archived {
        return Err("is_inactive".into());
    }
    let message = known.message_mut(&ts).ok_or("message_not_found")?;
    if message.user != bot {
        return Err("cant_update_message".into());
    }
    // What isn't given stays; an empty list takes away.
    if let Some(text) = &content.text {
        message.text.clone_from(text);
    }
    if let Some(blocks) = &content.blocks {
        message.blocks = Some(blocks.clone());
    }
    if let Some(attachments) = &content.attachments {
        message.attachments = Some(numbered(attachments.clone()));
    }
    message.edited = Some(json!({"user": editor, "ts": format!("{}.000000", seconds())}));
    let answer = json!({"channel": channel, "ts": ts, "text": message.text, "message": message});
    Ok(content.remarks(answer))
}

pub(super) fn delete(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    cx.needs(&["chat:write"])?;
    let (channel, ts) = (args.required("channel")?, args.required("ts")?);
    let bot = cx.bot();
    let known = cx.channel(&channel)?;
    let message = known.message(&ts).ok_or("message_not_found")?;
    if message.user != bot {
        return Err("cant_delete_message".into());
    }
    known.messages.retain(|message| message.ts != ts);
    Ok(json!({"channel": channel, "ts": ts}))
}

pub(super) fn get_permalink(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    let (channel, ts) = (args.required("channel")?, args.required("message_ts")?);
    let message = cx.channel(&channel)?.message(&ts).ok_or("message_not_found")?;
    let thread = message.thread_ts.clone().filter(|thread| *thread != ts);
    let query = thread.map(|thread| format!("?thread_ts={thread}&cid={channel}"));
    let path = format!("archives/{channel}/p{}{}", ts.replace('.', ""), query.unwrap_or_default());
    Ok(json!({"channel": channel, "permalink": cx.workspace.link(&path)}))
}

/// Where the message goes, and what it says.
fn prepare(cx: &mut Cx<'_>, args: &Args) -> Result<(String, Content), Refusal> {
    cx.needs(&["chat:write"])?;
    if ["username", "icon_emoji", "icon_url"].iter().any(|name| args.text(name).is_some()) {
        cx.needs(&["chat:write.customize"])?;
    }
    let channel = cx.target(&args.required("channel")?)?;
    let content = Content::read(args, cx.policy)?.shown()?;
    Ok((channel, content))
}

fn threaded(message: &mut Message, cx: &Cx<'_>, channel: &str, args: &Args) {
    let Some(thread_ts) = args.text("thread_ts") else {
        return;
    };
    let parent = cx.workspace.channel(channel).and_then(|channel| channel.message(&thread_ts));
    message.parent_user_id = parent.map(|parent| parent.user.clone());
    message.thread_ts = Some(thread_ts);
    if args.flag("reply_broadcast") {
        message.subtype = Some("thread_broadcast".to_owned());
    }
}

/// What is scheduled has no timestamp yet.
fn without_ts(message: &Message) -> serde_json::Value {
    let mut json = json!(message);
    if let Some(fields) = json.as_object_mut() {
        fields.remove("ts");
    }
    json
}
