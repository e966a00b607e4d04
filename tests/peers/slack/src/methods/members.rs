//! Who is in a conversation: inviting, joining, opening direct messages.

use serde_json::{Value, json};

use crate::{
    answer::{Outcome, Refusal},
    call::Args,
    cx::Cx,
    methods::conversations::{json_of, writable},
    model::{Channel, Kind},
    paging::Page,
};

/// The smaller of the two documented numbers (100 and 1,000).
const INVITED_MAX: usize = 100;
const OPENED_MAX: usize = 8;

/// Without `force` nobody is invited when somebody can't be, other than because the account is deactivated.
pub(super) fn invite(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    let id = writable(cx, args)?.id.clone();
    let users = args.list("users");
    if users.is_empty() {
        return Err("no_user".into());
    }
    if users.len() > INVITED_MAX {
        return Err("too_many_users".into());
    }
    cx.own_channel(&id)?;
    let (mut invited, mut errors, mut all_gone) = (Vec::new(), Vec::new(), true);
    for user in users {
        match invitable(cx, &id, &user) {
            Ok(()) => invited.push(user),
            Err(error) => {
                all_gone &= error == GONE;
                errors.push(json!({"user": user, "ok": false, "error": error}));
            }
        }
    }
    let goes_on = errors.is_empty() || args.flag("force") || all_gone;
    let bot = cx.bot();
    let channel = cx.own_channel(&id)?;
    let n_invited = invited.len();
    if goes_on {
        channel.members.extend(invited);
    }
    let answer = json_of(channel, &bot);
    if errors.is_empty() {
        return Ok(json!({"channel": answer}));
    }
    if args.flag("force") && n_invited > 0 {
        return Ok(json!({"channel": answer, "errors": errors}));
    }
    let code = errors[0]["error"].as_str().unwrap_or_default().to_owned();
    Err(Refusal::with(&code, json!({"errors": errors})))
}

/// For an account that was deactivated.
const GONE: &str = "cant_invite";

fn invitable(cx: &mut Cx<'_>, channel: &str, id: &str) -> Result<(), &'static str> {
    let user = cx.workspace.users.iter().find(|user| user.id == id).ok_or("user_not_found")?;
    if user.deleted {
        return Err(GONE);
    }
    if id == cx.workspace.bot.user_id {
        return Err("cant_invite_self");
    }
    let is_in = cx.workspace.channel(channel).is_some_and(|channel| channel.has(id));
    if is_in { Err("already_in_channel") } else { Ok(()) }
}

pub(super) fn open(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    let users = args.list("users");
    let (id, known) = match args.text("channel") {
        Some(channel) if users.is_empty() => {
            if matches!(cx.channel(&channel)?.kind, Kind::Public | Kind::Private) {
                return Err("method_not_supported_for_channel_type".into());
            }
            (channel, true)
        }
        _ if users.is_empty() => return Err("users_list_not_supplied".into()),
        _ if users.len() > OPENED_MAX => return Err("too_many_users".into()),
        _ => {
            let kind = if users.len() == 1 { Kind::Im } else { Kind::Mpim };
            cx.needs_for(kind, "write")?;
            cx.direct(&users)?
        }
    };
    let (bot, whole) = (cx.bot(), args.flag("return_im"));
    let channel = cx.channel(&id)?;
    let json = if whole || channel.kind == Kind::Mpim {
        json_of(channel, &bot)
    } else {
        json!({"id": id})
    };
    if known {
        return Ok(json!({"no_op": true, "already_open": true, "channel": json}));
    }
    Ok(json!({"channel": json}))
}

pub(super) fn join(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    cx.needs(&["channels:join"])?;
    let (id, bot) = (args.required("channel")?, cx.bot());
    let channel = cx.channel(&id)?;
    if channel.kind != Kind::Public {
        return Err("method_not_supported_for_channel_type".into());
    }
    if channel.archived {
        return Err("is_archived".into());
    }
    if channel.has(&bot) {
        let warnings = json!({"warnings": ["already_in_channel"]});
        return Ok(json!({
            "channel": json_of(channel, &bot),
            "warning": "already_in_channel",
            "response_metadata": warnings,
        }));
    }
    channel.members.push(bot.clone());
    Ok(json!({"channel": json_of(channel, &bot)}))
}

pub(super) fn members(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    let id = args.required("channel")?;
    let (kind, policy) = (cx.channel(&id)?.kind, cx.policy);
    cx.needs_for(kind, "read")?;
    let channel: &Channel = cx.channel(&id)?;
    let page = Page::of(args, channel.members.len(), policy)?;
    let members: Value = json!(page.slice(&channel.members));
    Ok(json!({"members": members, "response_metadata": page.metadata()}))
}
