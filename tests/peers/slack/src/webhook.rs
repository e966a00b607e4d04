//! Incoming webhooks: one message, one word as the answer.
//!
//! <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks> and
//! <https://docs.slack.dev/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks>

use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::{
    answer::Refusal, call::Args, content::Content, cx::Cx, model::WebhookState, world::World,
};

/// What came, as arguments; `None` when it can't be read.
pub(crate) fn payload(headers: &HeaderMap, body: &Bytes) -> Option<Map<String, Value>> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_form =
        content_type.is_some_and(|it| it.starts_with("application/x-www-form-urlencoded"));
    let field = form_urlencoded::parse(body).find(|(name, _)| name == "payload");
    match field {
        Some((_, json)) if is_form => serde_json::from_str(&json).ok(),
        // The documentation's own examples with curl send JSON as a form.
        _ => serde_json::from_slice(body).ok(),
    }
}

pub(crate) fn post(
    world: &mut World,
    path: &str,
    payload: Option<Map<String, Value>>,
) -> (StatusCode, String) {
    match run(world, path, payload) {
        Ok(()) => (StatusCode::OK, "ok".to_owned()),
        Err(refusal) => (status(&refusal.code), refusal.code),
    }
}

fn run(world: &mut World, path: &str, payload: Option<Map<String, Value>>) -> Result<(), Refusal> {
    let of_path =
        |it: &crate::model::Workspace| it.webhooks.iter().any(|webhook| webhook.path == path);
    let workspace = world.workspaces.iter_mut().find(|it| of_path(it)).ok_or("no_service")?;
    let webhook = workspace.webhooks.iter().find(|webhook| webhook.path == path);
    let webhook = webhook.ok_or("no_service")?.clone();
    match webhook.state {
        WebhookState::Active => {}
        WebhookState::Removed => return Err("no_service".into()),
        WebhookState::Prohibited => return Err("action_prohibited".into()),
        WebhookState::NoTeam => return Err("no_team".into()),
    }
    let args = Args(payload.ok_or("invalid_payload")?);
    let content = Content::read(&args, &world.policy)?.shown()?;
    let ts = workspace.ts();
    let cx = Cx { workspace, scopes: Vec::new(), policy: &world.policy, url: &world.url };
    let mut message = content.message(&cx, &args);
    message.ts = ts;
    message.thread_ts = args.text("thread_ts");
    message.subtype = Some("bot_message".to_owned());
    let channel = cx.workspace.channel_mut(&webhook.channel).ok_or("channel_not_found")?;
    if channel.archived {
        return Err("channel_is_archived".into());
    }
    channel.messages.push(message);
    Ok(())
}

fn status(code: &str) -> StatusCode {
    match code {
        "action_prohibited" => StatusCode::FORBIDDEN,
        "channel_not_found" | "no_service" | "no_team" => StatusCode::NOT_FOUND,
        "channel_is_archived" => StatusCode::GONE,
        _ => StatusCode::BAD_REQUEST,
    }
}
