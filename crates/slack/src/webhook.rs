//! Incoming webhooks: a second way to send, to the one channel that a webhook is for.

use common::{Context, Failure};
use http::{HeaderValue, Method as Verb, header};
use outbound::{Body, Redirects, Request};
use serde_json::Map;

use crate::{
    client::Slack,
    message::Message,
    method,
    verdict::{self, Problem, Refusal},
    workspace::{Webhook, Workspace},
};

/// Options that a webhook has; its name, icon and channel were chosen when it was made.
const KNOWN: [&str; 4] = ["thread_ts", "unfurl_links", "unfurl_media", "mrkdwn"];

/// Sends to the webhook's channel.
///
/// # Errors
/// Slack's refusal, or why there is no answer.
pub(crate) async fn send(
    slack: &Context<Slack>,
    workspace: &Workspace,
    Webhook(url): &Webhook,
    message: &Message,
) -> Result<(), Failure> {
    let mut payload = Map::new();
    message.content.add_to(&mut payload);
    for (name, value) in &message.options {
        if KNOWN.contains(&name.as_str()) {
            payload.insert(name.clone(), value.clone());
        } else {
            slack.warn(format_args!("an incoming webhook has no `{name}`"));
        }
    }
    slack.preview(|| {
        let body = serde_json::to_string_pretty(&payload).unwrap_or_default();
        format!("POST {}/***\n\n{body}", url.origin().ascii_serialization())
    })?;
    let mut request = Request::new(Verb::POST, url.clone(), slack.api.timeout);
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    request.headers.insert(header::CONTENT_TYPE, json);
    request.body = Body::Bytes(serde_json::to_vec(&payload).unwrap_or_default().into());
    request.redirects = Redirects::Off;
    let call = Box::pin(slack.api.exchange(workspace, &method::WEBHOOK, &request));
    let (lane, ticket) = (method::WEBHOOK.name, slack.request_id().to_owned());
    let outcome = Slack::in_turn(slack, workspace, &method::WEBHOOK, lane, ticket, call).await;
    // Its URL is its secret, so that no text may hold it.
    let exchange =
        outcome.map_err(Problem::into_failure).map_err(|failure| masked(&failure, url))?;
    let text = String::from_utf8_lossy(&exchange.body);
    let text = text.trim();
    let is_word = !text.is_empty() && text.chars().all(|it| it.is_ascii_lowercase() || it == '_');
    match exchange.status {
        200..=299 if text == "ok" => Ok(()),
        200..=299 => Err(verdict::of_rubbish(&method::WEBHOOK, &exchange.body)),
        400..=499 if is_word => {
            let error = text.to_owned();
            Err(Refusal { method: method::WEBHOOK.name, error, body: Map::new() }.failure())
        }
        status => Err(verdict::of_status(&method::WEBHOOK, status)),
    }
}

/// The failure without the path of the URL.
fn masked(failure: &Failure, url: &url::Url) -> Failure {
    let mask = |text: &str| text.replace(url.path(), "/***");
    let report = failure.report();
    let masked = verdict::like(failure, &report.code, &mask(&format!("{:#}", report.source)));
    masked.with_note(mask(report.note.as_deref().unwrap_or_default()))
}
