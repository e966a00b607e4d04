//! What happens when somebody presses a button, and the URL through which the app may answer.
//!
//! <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload> and
//! <https://docs.slack.dev/interactivity/handling-user-interaction>

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::{
    answer::Refusal,
    call::Args,
    content::Content,
    cx::Cx,
    model::{Message, ResponseUrl, User, Workspace},
    world::{World, seconds},
};

/// How often and for how many seconds a response URL may be used.
const USES_MAX: usize = 5;
const SECONDS_MAX: u64 = 30 * 60;

impl World {
    /// The payload of `user` pressing the button `action_id` of a message, or nothing when it isn't there.
    /// All of it is in the first workspace.
    pub fn press(&mut self, channel: &str, ts: &str, user: &str, action_id: &str) -> Option<Value> {
        let url = self.url.clone();
        let workspace = self.workspaces.first_mut()?;
        let here = workspace.channel(channel)?.clone();
        let message = here.message(ts)?.clone();
        let mut action = button(&message, action_id)?;
        action["action_ts"] = json!(workspace.ts());
        let user = workspace.users.iter().find(|known| known.id == user)?.clone();
        let ticket = workspace.id("R");
        let path = format!("/actions/{}/{ticket}", workspace.id);
        workspace.response_urls.push(ResponseUrl {
            path: path.clone(),
            channel: here.id.clone(),
            ts: ts.to_owned(),
            user: user.id.clone(),
            uses: 0,
            created: seconds(),
        });
        let of_user = |user: &User| json!({"id": user.id, "username": user.name, "name": user.name, "team_id": workspace.id});
        Some(json!({
            "type": "block_actions",
            "user": of_user(&user),
            "api_app_id": workspace.bot.app_id,
            "token": "fake",
            "container": {
                "type": "message",
                "message_ts": ts,
                "channel_id": here.id,
                "is_ephemeral": false,
            },
            "trigger_id": format!("{}.{}", seconds(), workspace.id),
            "team": {"id": workspace.id, "domain": workspace.domain},
            "enterprise": null,
            "is_enterprise_install": false,
            "channel": {"id": here.id, "name": here.name},
            "message": message,
            "state": {"values": {}},
            "response_url": format!("{url}{path}"),
            "actions": [action],
        }))
    }
}

/// The element of that id, with its block's id.
fn button(message: &Message, action_id: &str) -> Option<Value> {
    message.blocks.as_ref()?.as_array()?.iter().find_map(|block| {
        let elements = block["elements"].as_array().into_iter().flatten();
        let mut all = elements.chain(block.get("accessory"));
        let mut found = all.find(|element| element["action_id"] == action_id)?.clone();
        found["block_id"] = block["block_id"].clone();
        Some(found)
    })
}

/// An answer through a response URL.
pub(crate) fn respond(
    world: &mut World,
    path: &str,
    payload: Option<Map<String, Value>>,
) -> (StatusCode, Value) {
    match run(world, path, payload) {
        Ok(()) => (StatusCode::OK, json!({"ok": true})),
        Err(refusal) => (StatusCode::NOT_FOUND, json!({"ok": false, "error": refusal.code})),
    }
}

fn run(world: &mut World, path: &str, payload: Option<Map<String, Value>>) -> Result<(), Refusal> {
    let known = |it: &&mut Workspace| it.response_urls.iter().any(|known| known.path == path);
    let workspace = world.workspaces.iter_mut().find(known).ok_or("invalid_url")?;
    let mut urls = workspace.response_urls.iter_mut();
    let url = urls.find(|known| known.path == path).ok_or("invalid_url")?;
    if url.uses >= USES_MAX {
        return Err("used_url".into());
    }
    if seconds() > url.created + SECONDS_MAX {
        return Err("expired_url".into());
    }
    let args = Args(payload.ok_or("invalid_payload")?);
    url.uses += 1;
    let url = url.clone();
    if args.flag("delete_original") {
        let channel = workspace.channel_mut(&url.channel).ok_or("channel_not_found")?;
        channel.messages.retain(|message| message.ts != url.ts);
        return Ok(());
    }
    let content = Content::read(&args, &world.policy)?.shown()?;
    let ts = workspace.ts();
    let cx = Cx { workspace, scopes: Vec::new(), policy: &world.policy, url: "" };
    let mut message = content.message(&cx, &args);
    message.thread_ts = args.text("thread_ts");
    let channel = cx.workspace.channel_mut(&url.channel).ok_or("channel_not_found")?;
    if args.flag("replace_original") {
        let original = channel.message_mut(&url.ts).ok_or("message_not_found")?;
        message.ts = url.ts;
        *original = message;
        return Ok(());
    }
    message.ts = ts;
    if args.text("response_type").as_deref() == Some("in_channel") {
        channel.messages.push(message);
    } else {
        message.shown_to = Some(url.user);
        channel.ephemerals.push(message);
    }
    Ok(())
}
