//! `files.*`: uploads in three steps – a URL, the bytes ([`crate::upload`]), and the end with sharing.

use serde_json::{Value, json};

use crate::{
    answer::{Outcome, Refusal},
    blocks,
    call::Args,
    cx::Cx,
    model::{File, Kind, Message},
    world::{FileAnswer, seconds},
};

const ALT_TEXT_CHARS_MAX: usize = 1000;
const SHARED_WITH_MAX: usize = 100;

pub(super) fn get_upload_url(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    cx.needs(&["files:write"])?;
    let name = args.text("filename").ok_or("missing_argument")?;
    let length = args.number("length", "invalid_arguments")?.filter(|length| *length > 0);
    let length = length.ok_or("missing_argument")?;
    let alt_txt = args.text("alt_txt");
    if alt_txt.as_ref().is_some_and(|text| text.chars().count() > ALT_TEXT_CHARS_MAX) {
        return Err("alt_txt_too_large".into());
    }
    let (id, ticket) = (cx.workspace.id("F"), cx.workspace.id("U"));
    let answer = json!({"upload_url": format!("{}/upload/v1/{ticket}", cx.url), "file_id": id});
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    cx.workspace.files.push(File { id, name, length, alt_txt, ticket, ..File::default() });
    Ok(answer)
}

/// The whole call fails before anything is shared.
pub(super) fn complete_upload(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    cx.needs(&["files:write"])?;
    let chosen = chosen(cx, args)?;
    let comment = args.text("initial_comment");
    // A comment is shown instead of blocks.
    let blocks = args.json_value("blocks", "invalid_blocks")?.filter(|_| comment.is_none());
    if let Some(blocks) = &blocks {
        blocks::check(blocks)?;
    }
    let channels = channels(cx, args)?;
    for file in &mut cx.workspace.files {
        if let Some((_, title)) = chosen.iter().find(|(id, _)| *id == file.id) {
            file.title.clone_from(title);
            file.completed = true;
            file.channels.clone_from(&channels);
        }
    }
    let files: Vec<_> = chosen.iter().filter_map(|(id, _)| cx.workspace.file(id)).collect();
    let mut files: Vec<_> = files.into_iter().map(|file| json_of(cx, file)).collect();
    let message = Message {
        kind: "message".to_owned(),
        subtype: Some("file_share".to_owned()),
        user: cx.bot(),
        bot_id: Some(cx.workspace.bot.bot_id.clone()),
        team: cx.workspace.id.clone(),
        text: comment.unwrap_or_default(),
        thread_ts: args.text("thread_ts"),
        blocks,
        files: files.clone(),
        ..Message::default()
    };
    let shares = share(cx, &channels, &message)?;
    match cx.policy.file_answer {
        FileAnswer::Short => {
            let short = |file: &Value| json!({"id": file["id"], "title": file["title"]});
            files = files.iter().map(short).collect();
        }
        FileAnswer::Full => {}
        FileAnswer::Shared => files.iter_mut().for_each(|file| file["shares"] = shares.clone()),
    }
    Ok(json!({"files": files}))
}

/// Id and title of each file that was uploaded and not completed before.
fn chosen(cx: &Cx<'_>, args: &Args) -> Result<Vec<(String, String)>, Refusal> {
    let files = args.json_value("files", "invalid_arguments")?;
    let Some(Value::Array(files)) = files.filter(|files| files[0].is_object()) else {
        return Err(Refusal::arguments("missing required field: files"));
    };
    let choice = files.iter().map(|file| {
        let id = file["id"].as_str().unwrap_or_default();
        let known = cx.workspace.file(id).filter(|file| file.bytes.is_some() && !file.completed);
        let known = known.ok_or("file_not_found")?;
        Ok((known.id.clone(), file["title"].as_str().unwrap_or(&known.name).to_owned()))
    });
    choice.collect()
}

/// Posts the message in each channel; gives the `ts` of each.
fn share(cx: &mut Cx<'_>, channels: &[String], message: &Message) -> Outcome {
    let mut shares = json!({});
    for id in channels {
        let message = Message { ts: cx.workspace.ts(), ..message.clone() };
        let channel = cx.channel(id)?;
        let kind = if channel.kind == Kind::Public { "public" } else { "private" };
        shares[kind][id] = json!([{"ts": message.ts, "channel_name": channel.name}]);
        channel.messages.push(message);
    }
    Ok(shares)
}

pub(super) fn info(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    cx.needs(&["files:read"])?;
    let id = args.required("file")?;
    let file = cx.workspace.file(&id).filter(|file| file.completed).ok_or("file_not_found")?;
    Ok(json!({"file": json_of(cx, file)}))
}

/// Where it is shared: `channel_id`, or `channels` with ids of channels and users.
fn channels(cx: &mut Cx<'_>, args: &Args) -> Result<Vec<String>, Refusal> {
    let mut wanted = args.list("channels");
    wanted.extend(args.text("channel_id"));
    if wanted.len() > SHARED_WITH_MAX {
        return Err("channels_limit_exceeded".into());
    }
    let bot = cx.bot();
    let mut ids = Vec::new();
    for id in wanted {
        if cx.workspace.users.iter().any(|user| user.id == id) {
            ids.push(cx.direct(&[id])?.0);
            continue;
        }
        let channel = cx.channel(&id)?;
        if !channel.has(&bot) {
            return Err("not_in_channel".into());
        }
        if channel.archived {
            return Err("posting_to_channel_denied".into());
        }
        ids.push(id);
    }
    Ok(ids)
}

/// The documented object.
fn json_of(cx: &Cx<'_>, file: &File) -> Value {
    let user = &cx.workspace.bot.user_id;
    let extension = file.name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let (created, place) = (seconds(), format!("{}/{}", file.id, file.name));
    json!({
        "id": file.id,
        "created": created,
        "timestamp": created,
        "name": file.name,
        "title": file.title,
        "mimetype": "",
        "filetype": extension,
        "pretty_type": "",
        "user": user,
        "editable": false,
        "size": file.length,
        "mode": "hosted",
        "is_external": false,
        "is_public": false,
        "url_private": format!("{}/_fake/files/{}", cx.url, file.id),
        "permalink": cx.workspace.link(&format!("files/{user}/{place}")),
        // Sharing happens a moment later.
        "channels": [],
        "groups": [],
        "ims": [],
        "shares": {},
    })
}
