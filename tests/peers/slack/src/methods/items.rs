//! Reactions and pins.

use serde_json::json;

use crate::{
    answer::{Outcome, Refusal},
    call::Args,
    cx::Cx,
    model::{Message, Reaction},
};

/// Different emoji on one message.
const REACTIONS_MAX: usize = 23;

pub(super) fn react(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    cx.needs(&["reactions:write"])?;
    let name = args.required("name")?;
    // Slack takes the name between colons too.
    let name = name.trim_matches(':').to_owned();
    let known = |letter: char| letter.is_alphanumeric() || "-_+':".contains(letter);
    if name.is_empty() || !name.chars().all(known) {
        return Err("invalid_name".into());
    }
    let bot = cx.bot();
    let message = message(cx, args)?;
    let n_reactions = message.reactions.len();
    match message.reactions.iter_mut().find(|reaction| reaction.name == name) {
        Some(reaction) if reaction.users.contains(&bot) => return Err("already_reacted".into()),
        Some(reaction) => {
            reaction.count += 1;
            reaction.users.push(bot);
        }
        None if n_reactions >= REACTIONS_MAX => return Err("too_many_emoji".into()),
        None => message.reactions.push(Reaction { name, count: 1, users: vec![bot] }),
    }
    Ok(json!({}))
}

pub(super) fn pin(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    cx.needs(&["pins:write"])?;
    let channel = args.required("channel")?;
    let message = message(cx, args)?;
    if message.pinned_to.contains(&channel) {
        return Err("already_pinned".into());
    }
    message.pinned_to.push(channel);
    Ok(json!({}))
}

fn message<'a>(cx: &'a mut Cx<'_>, args: &Args) -> Result<&'a mut Message, Refusal> {
    let channel = args.required("channel")?;
    let ts = args.text("timestamp").ok_or("no_item_specified")?;
    let is_ts = ts.split_once('.').is_some_and(|(seconds, rest)| {
        [seconds, rest].iter().all(|part| part.chars().all(|digit| digit.is_ascii_digit()))
    });
    if !is_ts {
        return Err("bad_timestamp".into());
    }
    cx.own_channel(&channel)?.message_mut(&ts).ok_or_else(|| "message_not_found".into())
}
