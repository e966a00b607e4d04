//! `conversations.*`: channels and what is in them.

use serde_json::{Value, json};

use crate::{
    answer::{Outcome, Refusal},
    call::Args,
    cx::Cx,
    model::{Channel, Kind, Message, Note},
    paging::Page,
    world::seconds,
};

const NAME_CHARS_MAX: usize = 80;
const NOTE_CHARS_MAX: usize = 250;
/// Nothing was read yet.
const NEVER: &str = "0000000000.000000";

pub(super) fn create(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    let kind = if args.flag("is_private") { Kind::Private } else { Kind::Public };
    cx.needs_for(kind, "write")?;
    let name = args.text("name").ok_or("invalid_name_required")?;
    check_name(&name)?;
    if cx.workspace.channels.iter().any(|channel| channel.name == name) {
        return Err("name_taken".into());
    }
    let (id, creator, created) = (cx.workspace.id("C"), cx.bot(), seconds());
    let members = vec![creator.clone()];
    let channel = Channel { id, name, kind, created, creator, members, ..Channel::default() };
    let answer = json!({"channel": json_of(&channel, &cx.bot())});
    cx.workspace.channels.push(channel);
    Ok(answer)
}

pub(super) fn archive(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    let bot = cx.bot();
    let channel = writable(cx, args)?;
    if channel.general {
        return Err("cant_archive_general".into());
    }
    if channel.archived {
        return Err("already_archived".into());
    }
    if !channel.has(&bot) {
        return Err("not_in_channel".into());
    }
    channel.archived = true;
    Ok(json!({}))
}

pub(super) fn set_topic(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    set_note(cx, args, "topic", |channel| &mut channel.topic)
}

pub(super) fn set_purpose(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    set_note(cx, args, "purpose", |channel| &mut channel.purpose)
}

fn set_note(
    cx: &mut Cx<'_>,
    args: &Args,
    name: &str,
    note: fn(&mut Channel) -> &mut Note,
) -> Outcome {
    let id = writable(cx, args)?.id.clone();
    // An empty one takes the old one away.
    let value = args.text(name).unwrap_or_default();
    if value.chars().count() > NOTE_CHARS_MAX {
        return Err("too_long".into());
    }
    let creator = cx.bot();
    let channel = cx.own_channel(&id)?;
    *note(channel) = Note { value: value.clone(), creator: creator.clone(), last_set: seconds() };
    Ok(json!({name: value, "channel": json_of(channel, &creator)}))
}

pub(super) fn list(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    let mut kinds =
        args.list("types").iter().map(|name| kind(name)).collect::<Result<Vec<_>, _>>()?;
    if kinds.is_empty() {
        kinds.push(Kind::Public);
    }
    for kind in &kinds {
        cx.needs_for(*kind, "read")?;
    }
    let (bot, without_archived) = (cx.bot(), args.flag("exclude_archived"));
    let all = &cx.workspace.channels;
    let page = Page::of(args, all.len(), cx.policy)?;
    let visible = |channel: &&Channel| {
        kinds.contains(&channel.kind)
            && (channel.kind == Kind::Public || channel.has(&bot))
            && !(without_archived && channel.archived)
    };
    let channels: Vec<_> =
        page.slice(all).iter().filter(visible).map(|channel| listed(channel, &bot)).collect();
    Ok(json!({"channels": channels, "response_metadata": page.metadata()}))
}

pub(super) fn info(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    let id = args.required("channel")?;
    let (bot, kind) = (cx.bot(), cx.channel(&id)?.kind);
    cx.needs_for(kind, "read")?;
    let channel = cx.channel(&id)?;
    let mut json = json_of(channel, &bot);
    if args.flag("include_num_members") {
        json["num_members"] = json!(channel.members.len());
    }
    Ok(json!({"channel": json}))
}

pub(super) fn replies(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    let (id, ts) = (args.required("channel")?, args.required("ts")?);
    let (bot, kind) = (cx.bot(), cx.channel(&id)?.kind);
    cx.needs_for(kind, "history")?;
    let policy = cx.policy;
    let channel = cx.channel(&id)?;
    if !channel.has(&bot) {
        return Err("not_in_channel".into());
    }
    let asked = channel.message(&ts).ok_or("thread_not_found")?;
    let root = asked.thread_ts.clone().unwrap_or(ts);
    let in_thread = |message: &&Message| message.thread_ts.as_ref() == Some(&root);
    let answers: Vec<&Message> =
        channel.messages.iter().filter(in_thread).filter(|message| message.ts != root).collect();
    let mut thread = Vec::new();
    if let Some(parent) = channel.message(&root) {
        let mut parent = json!(parent);
        if let Some(last) = answers.last() {
            parent["thread_ts"] = json!(root);
            parent["reply_count"] = json!(answers.len());
            parent["latest_reply"] = json!(last.ts);
        }
        thread.push((root.clone(), parent));
    }
    thread.extend(answers.iter().map(|message| (message.ts.clone(), json!(message))));
    let (oldest, latest) = (args.text("oldest"), args.text("latest"));
    // Timestamps have the same number of digits, so their texts sort as they do.
    thread.retain(|(ts, _)| {
        *ts == root
            || (oldest.as_ref().is_none_or(|oldest| ts > oldest)
                && latest.as_ref().is_none_or(|latest| ts < latest))
    });
    let page = Page::of(args, thread.len(), policy)?;
    let messages: Vec<&Value> = page.slice(&thread).iter().map(|(_, json)| json).collect();
    let has_more = page.has_more();
    Ok(json!({"messages": messages, "has_more": has_more, "response_metadata": page.metadata()}))
}

/// A public or private channel that the token may change.
pub(super) fn writable<'a>(cx: &'a mut Cx<'_>, args: &Args) -> Result<&'a mut Channel, Refusal> {
    let id = args.required("channel")?;
    let kind = cx.channel(&id)?.kind;
    if matches!(kind, Kind::Im | Kind::Mpim) {
        return Err("method_not_supported_for_channel_type".into());
    }
    cx.needs_for(kind, "write")?;
    cx.channel(&id)
}

fn check_name(name: &str) -> Result<(), Refusal> {
    if name.chars().count() > NAME_CHARS_MAX {
        return Err("invalid_name_maxlength".into());
    }
    let fits = |letter: char| {
        (letter.is_alphanumeric() && !letter.is_uppercase()) || "-_".contains(letter)
    };
    if !name.chars().all(fits) {
        return Err("invalid_name_specials".into());
    }
    if name.chars().all(|letter| "-_".contains(letter)) {
        return Err("invalid_name_punctuation".into());
    }
    Ok(())
}

fn kind(name: &str) -> Result<Kind, Refusal> {
    match name {
        "public_channel" => Ok(Kind::Public),
        "private_channel" => Ok(Kind::Private),
        "im" => Ok(Kind::Im),
        "mpim" => Ok(Kind::Mpim),
        _ => Err("invalid_types".into()),
    }
}

/// With what only a list tells.
fn listed(channel: &Channel, bot: &str) -> Value {
    let mut json = json_of(channel, bot);
    if channel.kind != Kind::Im {
        json["num_members"] = json!(channel.members.len());
        json["updated"] = json!(channel.created * 1000);
    }
    json
}

/// The documented object; that of a direct message is shorter.
pub(super) fn json_of(channel: &Channel, bot: &str) -> Value {
    if channel.kind == Kind::Im {
        let user = channel.members.iter().find(|member| *member != bot);
        return json!({
            "id": channel.id,
            "created": channel.created,
            "is_archived": channel.archived,
            "is_im": true,
            "is_org_shared": false,
            "user": user,
            "last_read": NEVER,
            "latest": null,
            "unread_count": 0,
            "unread_count_display": 0,
            "is_open": true,
            "priority": 0,
        });
    }
    json!({
        "id": channel.id,
        "name": channel.name,
        "is_channel": channel.kind == Kind::Public,
        "is_group": channel.kind == Kind::Private,
        "is_im": false,
        "is_mpim": channel.kind == Kind::Mpim,
        "is_private": channel.kind != Kind::Public,
        "created": channel.created,
        "creator": channel.creator,
        "is_archived": channel.archived,
        "is_general": channel.general,
        "unlinked": 0,
        "name_normalized": channel.name,
        "is_shared": false,
        "is_ext_shared": false,
        "is_org_shared": false,
        "is_pending_ext_shared": false,
        "pending_shared": [],
        "is_member": channel.has(bot),
        "last_read": NEVER,
        "latest": null,
        "unread_count": 0,
        "unread_count_display": 0,
        "topic": channel.topic,
        "purpose": channel.purpose,
        "previous_names": [],
        "priority": 0,
    })
}
