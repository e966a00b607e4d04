//! Files: uploaded to Slack in three steps, and shared in the third, so that half an upload is nobody's message.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::BytesMut;
use common::{Context, Failure};
use files::{Content, File, Store};
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use http::{HeaderValue, Method as Verb, header};
use outbound::{Body, Opened, Redirects, Request, Source, SourceError};
use serde_json::{Map, Value, json};
use url::Url;

use crate::{
    client::Slack,
    error::invalid,
    lookup::without,
    message::Message,
    method,
    sent::Sent,
    target::Target,
    verdict::{self, Problem},
    workspace::Workspace,
};

/// The time for the bytes of one file; `RUN_TIMEOUT` ends it earlier where it is shorter.
const UPLOAD_TIME_MAX: Duration = Duration::from_mins(5);

/// What came of sharing files.
pub(crate) struct Shared {
    pub(crate) messages: Vec<Sent>,
    /// `id` and `permalink` of each file.
    pub(crate) files: Value,
}

/// Uploads the files and shares them with the message's text, in one message per recipient.
///
/// # Errors
/// Why a file cannot be read or uploaded, or nobody can get it.
pub(crate) async fn message(
    slack: &Context<Slack>,
    workspace: &Workspace,
    message: &Message,
    targets: &[Target],
    files: &[File],
) -> Result<Shared, Failure> {
    let mut channels = Vec::new();
    let mut unreached = Vec::new();
    let mut first_failure = None;
    for target in targets {
        match target.channel(slack, workspace).await {
            Ok(channel) => channels.push(channel),
            Err(failure @ Failure::Transient { .. }) => return Err(failure),
            Err(failure) => {
                let error = Some(failure.to_string());
                let channel_id = Some(target.shown().to_owned());
                unreached.push(Sent { channel_id, error, ..Sent::default() });
                first_failure.get_or_insert(failure);
            }
        }
    }
    if let (true, Some(failure)) = (channels.is_empty(), first_failure) {
        return Err(failure);
    }
    let mut arguments = message.options.clone();
    match (&message.content.blocks, &message.content.text) {
        (Some(blocks), text) => {
            arguments.insert("blocks".to_owned(), blocks.clone());
            if text.is_some() {
                slack.warn("`text` is not shown where there are `blocks` and `files`");
            }
        }
        (None, Some(text)) => {
            drop(arguments.insert("initial_comment".to_owned(), text.as_str().into()));
        }
        (None, None) => {}
    }
    if message.content.attachments.is_some() {
        slack.warn("`attachments` are not sent with `files`");
    }
    for name in ["reply_broadcast", "unfurl_links", "unfurl_media", "mrkdwn"] {
        if arguments.shift_remove(name).is_some() {
            slack.warn(format_args!("a message with `files` has no `{name}`"));
        }
    }
    let shared = upload(slack, workspace, files, channels, arguments).await?;
    let messages = shared.messages.into_iter().chain(unreached).collect();
    Ok(Shared { messages, files: shared.files })
}

/// Uploads files and shares them with `channels`; `arguments` are those of the last step.
///
/// # Errors
/// Why a file cannot be read, uploaded or shared.
pub(crate) async fn upload(
    slack: &Context<Slack>,
    workspace: &Workspace,
    files: &[File],
    channels: Vec<String>,
    mut arguments: Map<String, Value>,
) -> Result<Shared, Failure> {
    let mut uploaded = Vec::new();
    for file in files {
        uploaded.push(upload_one(slack, workspace, file).await?);
    }
    arguments.insert("files".to_owned(), uploaded.into());
    match &channels[..] {
        [] => {}
        [channel] => drop(arguments.insert("channel_id".to_owned(), channel.as_str().into())),
        several => drop(arguments.insert("channels".to_owned(), several.join(",").into())),
    }
    let (method, ticket) = (&method::COMPLETE_UPLOAD, slack.request_id().to_owned());
    let arguments = Value::from(arguments);
    let call = Box::pin(slack.api.call(workspace, method, &arguments));
    let outcome = match channels.first() {
        Some(channel) => Slack::in_turn(slack, workspace, method, channel, ticket, call).await,
        None => call.await,
    };
    let answer = outcome.map_err(Problem::into_failure)?.body;
    let files = answer.get("files").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut messages = Vec::new();
    for channel in channels {
        let ts = files.iter().find_map(|file| shared_ts(file, &channel));
        let permalink = match &ts {
            Some(ts) => slack.permalink(workspace, &channel, ts, None).await,
            None => None,
        };
        messages.push(Sent { channel_id: Some(channel), ts, permalink, ..Sent::default() });
    }
    let shown = |file: &Value| json!({"id": file["id"], "permalink": file["permalink"]});
    Ok(Shared { messages, files: files.iter().map(shown).collect() })
}

/// The `ts` of the message that shares a file, where Slack tells it already.
fn shared_ts(file: &Value, channel: &str) -> Option<String> {
    let shares = file.get("shares")?.as_object()?;
    let ts = shares.values().find_map(|it| it.get(channel)?.get(0)?.get("ts")?.as_str());
    ts.map(str::to_owned)
}

/// The first two steps; gives `{"id", "title"}` for the third.
async fn upload_one(
    slack: &Context<Slack>,
    workspace: &Workspace,
    file: &File,
) -> Result<Value, Failure> {
    let failed = |error| verdict::of_file(&error);
    let (meta, content) = slack.files.open(file).await.map_err(failed)?;
    let (length, body) = if let Some(size) = meta.size {
        (size, Body::Stream(source(&slack.files, file, size, content)))
    } else {
        // Slack wants to know the length first, and this source doesn't.
        let whole = content.try_collect::<BytesMut>().await.map_err(failed)?.freeze();
        (whole.len() as u64, Body::Bytes(whole))
    };
    if length == 0 {
        return Err(invalid(format_args!(
            "`files`: `{}` is empty, which Slack does not take",
            meta.name
        )));
    }
    let arguments = json!({"filename": meta.name, "length": length});
    let answer = slack.call(workspace, &method::UPLOAD_URL, &arguments).await?.body;
    let text = |name: &str| {
        let text = answer.get(name).and_then(Value::as_str);
        text.ok_or_else(|| without(&method::UPLOAD_URL, name))
    };
    let url = Url::parse(text("upload_url")?);
    let url = url.map_err(|_| without(&method::UPLOAD_URL, "upload_url"))?;
    let mut request = Request::new(Verb::POST, url, UPLOAD_TIME_MAX);
    let binary = HeaderValue::from_static("application/octet-stream");
    request.headers.insert(header::CONTENT_TYPE, binary);
    request.body = body;
    request.redirects = Redirects::Off;
    let exchange = slack.api.exchange(workspace, &method::UPLOAD, &request).await;
    let exchange = exchange.map_err(Problem::into_failure)?;
    if exchange.status != 200 {
        return Err(verdict::of_status(&method::UPLOAD, exchange.status));
    }
    Ok(json!({"id": text("file_id")?, "title": meta.name}))
}

/// A body that is the file: as it was opened the first time, opened again after that.
fn source(store: &Store, file: &File, size: u64, content: Content) -> Source {
    let first = Arc::new(Mutex::new(Some(content)));
    let (store, file) = (store.clone(), file.clone());
    Source::new(move || {
        let first = first.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (store, file) = (store.clone(), file.clone());
        let open = async move {
            let content = match first {
                Some(content) => content,
                None => store.open(&file).await.map_err(SourceError::new)?.1,
            };
            Ok(Opened { size: Some(size), content: content.map_err(SourceError::new).boxed() })
        };
        open.boxed()
    })
}
