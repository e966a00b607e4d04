//! `users.*`, and who the caller is.

use serde_json::{Value, json};

use crate::{
    answer::Outcome,
    call::Args,
    cx::Cx,
    model::{User, Workspace},
    paging::Page,
    world::seconds,
};

/// Users that a list without `limit` gives; Slack says "large" and no number.
const WITHOUT_LIMIT_MAX: usize = 1000;

pub(super) fn auth_test(cx: &mut Cx<'_>, _: &Args) -> Outcome {
    let workspace = &cx.workspace;
    let user = workspace.users.iter().find(|user| user.id == workspace.bot.user_id);
    let user = user.ok_or("account_inactive")?;
    Ok(json!({
        "url": workspace.link(""),
        "team": workspace.name,
        "user": user.name,
        "team_id": workspace.id,
        "user_id": workspace.bot.user_id,
        "bot_id": workspace.bot.bot_id,
        "is_enterprise_install": false,
    }))
}

/// Without `limit` and `cursor` all of them, unless there are many.
pub(super) fn list(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    cx.needs(&["users:read"])?;
    let with_email = cx.has(&["users:read.email"]);
    let workspace = &cx.workspace;
    let json = |user: &User| json_of(workspace, user, with_email);
    if args.text("limit").is_none() && args.text("cursor").is_none() {
        if workspace.users.len() > WITHOUT_LIMIT_MAX {
            return Err("limit_required".into());
        }
        let members: Vec<_> = workspace.users.iter().map(json).collect();
        let metadata = json!({"next_cursor": ""});
        return Ok(
            json!({"members": members, "cache_ts": seconds(), "response_metadata": metadata}),
        );
    }
    let page = Page::of(args, workspace.users.len(), cx.policy)?;
    let members: Vec<_> = page.slice(&workspace.users).iter().map(json).collect();
    Ok(json!({"members": members, "cache_ts": seconds(), "response_metadata": page.metadata()}))
}

pub(super) fn info(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    cx.needs(&["users:read"])?;
    let id = args.required("user")?;
    let user = cx.workspace.users.iter().find(|user| user.id == id).ok_or("user_not_found")?;
    Ok(json!({"user": json_of(cx.workspace, user, cx.has(&["users:read.email"]))}))
}

/// Deactivated accounts aren't found.
pub(super) fn lookup_by_email(cx: &mut Cx<'_>, args: &Args) -> Outcome {
    cx.needs(&["users:read.email"])?;
    let email = args.required("email")?;
    let is_it = |user: &&User| {
        !user.deleted && user.email.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(&email))
    };
    let user = cx.workspace.users.iter().find(is_it).ok_or("users_not_found")?;
    Ok(json!({"user": json_of(cx.workspace, user, true)}))
}

fn json_of(workspace: &Workspace, user: &User, with_email: bool) -> Value {
    let mut profile = json!({
        "avatar_hash": "fake",
        "status_text": "",
        "status_emoji": "",
        "real_name": user.real_name,
        "real_name_normalized": user.real_name,
        "display_name": user.name,
        "display_name_normalized": user.name,
        "team": workspace.id,
    });
    for size in [24, 32, 48, 72, 192, 512] {
        let picture = format!("https://avatars.example.org/{}/{size}.png", user.id);
        profile[format!("image_{size}")] = json!(picture);
    }
    if let Some(email) = user.email.as_ref().filter(|_| with_email) {
        profile["email"] = json!(email);
    }
    let mut json = json!({
        "id": user.id,
        "team_id": workspace.id,
        "name": user.name,
        "deleted": user.deleted,
        "profile": profile,
        "is_bot": user.is_bot,
        "is_app_user": false,
        "updated": 1_700_000_000,
    });
    // Of a deactivated account less is told.
    if !user.deleted {
        json["real_name"] = json!(user.real_name);
        json["color"] = json!("9f69e7");
        json["tz"] = json!("Europe/Berlin");
        json["tz_label"] = json!("Central European Time");
        json["tz_offset"] = json!(3600);
        for flag in [
            "is_admin",
            "is_owner",
            "is_primary_owner",
            "is_restricted",
            "is_ultra_restricted",
            "has_2fa",
        ] {
            json[flag] = json!(false);
        }
    }
    json
}
