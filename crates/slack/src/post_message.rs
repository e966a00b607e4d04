//! SpiffArena's `slack/PostMessage`, for diagrams that call the Python connector (`spiffarena-connector-proxy.md` §8).

use common::{Context, Failure, Reply, Secret};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    client::Slack, method::POST_MESSAGE, sender::message_id, verdict, workspace::Workspace,
};

/// The code of every refusal of Slack's; it is the original's.
const FAILED: &str = "SlackMessageFailed";
/// Workspaces of tokens that come with a call have names in this space (RFC 9562 §5.5).
const TOKENS: Uuid = Uuid::from_u128(0x0d0d_7a1c_8f0e_5b8e_a7c3_51d1_91f6_7c55);

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    token: Secret,
    channel: String,
    message: String,
}

pub(crate) async fn run(slack: Context<Slack>, input: Input) -> Result<Reply, Failure> {
    let Input { token, channel, message } = input;
    // Not the token itself, since the name may be told.
    let name = Uuid::new_v5(&TOKENS, token.reveal().as_bytes()).to_string();
    let workspace = Workspace::new(&name, Some(&token), None);
    let id = message_id(slack.request_id(), 0);
    let arguments = json!({"channel": channel, "text": message, "client_msg_id": id});
    let request = slack.api.request(&workspace, &POST_MESSAGE, &arguments)?;
    let exchange = match slack.api.exchange(&workspace, &POST_MESSAGE, &request).await {
        Ok(exchange) => exchange,
        Err(problem) => return Err(unreached(&problem.into_failure())),
    };
    let status = if exchange.status == 200 { 400 } else { exchange.status };
    let Ok(answer) = serde_json::from_slice::<Value>(&exchange.body) else {
        let text = "Unreadable (non JSON) response from Slack";
        return Err(failed(text, exchange.status));
    };
    if answer["ok"] == true {
        return Ok(Reply { body: answer.to_string().into(), http_status: 200, headers: None });
    }
    let messages = answer["response_metadata"]["messages"].as_array();
    let messages = messages.into_iter().flatten().filter_map(Value::as_str);
    let text = match messages.collect::<Vec<_>>().join(". ") {
        none if none.is_empty() => answer["error"].as_str().unwrap_or("unknown error").to_owned(),
        messages => messages,
    };
    Err(failed(&text, status))
}

/// Slack's own refusal, with the body that the original has then.
fn failed(text: &str, status: u16) -> Failure {
    let source = anyhow::anyhow!("{text}");
    let failure = match status {
        500..=599 => Failure::transient(FAILED, source),
        _ => Failure::permanent(FAILED, source),
    };
    let reply = Reply { body: "{}".into(), http_status: status, headers: None };
    failure.with_outputs(reply.into()).with_status(status).with_note("chat.postMessage was refused")
}

/// No answer of Slack's, under the name of Python's exception.
fn unreached(failure: &Failure) -> Failure {
    let report = failure.report();
    let text = format!("{:#}", report.source);
    let (code, status) = match failure {
        Failure::Transient { rate_limited: true, .. } => (FAILED, 429),
        _ if report.code == "REQUEST_TIMEOUT" => ("ReadTimeout", 500),
        _ => ("ConnectionError", 500),
    };
    let reply = Reply { body: "{}".into(), http_status: status, headers: None };
    verdict::like(failure, code, &text).with_outputs(reply.into()).with_status(status)
}
