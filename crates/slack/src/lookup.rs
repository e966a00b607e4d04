//! Look-ups: names of channels, names and addresses of users, conversations with users; each remembered for a while.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex as Quick, PoisonError},
};

use common::{Failure, Object};
use serde_json::{Value, json};
use tokio::{sync::Mutex, time::Instant};

use crate::{
    api::{Answer, Api},
    error::{ErrorCode, invalid},
    listing::{Found, KNOWN_FOR, Listing, Names, Page},
    method::{self, Method},
    names::{Channel, User},
    verdict::Problem,
    workspace::Workspace,
};

/// The most that Slack gives in one page of channels ("under 1000").
const CHANNELS_PER_PAGE: u16 = 999;
/// What Slack recommends for users.
const USERS_PER_PAGE: u16 = 200;
/// More single answers than this are not kept.
const REMEMBERED_MAX: usize = 10_000;

/// What is known of a workspace's channels and people.
#[derive(Default)]
pub(crate) struct Lookups {
    channels: Listing,
    users: Listing,
    emails: Remembered,
    conversations: Remembered,
}

/// Answers to questions that are asked one by one; who asks the same meanwhile waits for the answer.
#[derive(Default)]
struct Remembered(Quick<HashMap<String, Slot>>);

/// An answer and when it was given, once there is one.
type Slot = Arc<Mutex<Option<(String, Instant)>>>;

/// The id of a channel.
///
/// # Errors
/// `CHANNEL_NOT_FOUND`, or why the list cannot be read.
pub(crate) async fn channel(
    api: &Api,
    workspace: &Workspace,
    channel: &Channel,
) -> Result<String, Failure> {
    let name = match channel {
        Channel::Id(id) => return Ok(id.clone()),
        Channel::Name(name) => name,
    };
    let read = |cursor| channels_page(api, workspace, cursor);
    // Boxed, as every look-up: who has the id goes without the room for it.
    match Box::pin(workspace.lookups.channels.find(name, Names::Unique, read)).await? {
        Found::One(id) => Ok(id),
        Found::Several | Found::None => {
            let text = format!(
                "no channel #{name} among those that the app sees: public ones, and private ones that it is a member of, without the archived"
            );
            Err(Failure::business(ErrorCode::ChannelNotFound, text)
                .with_note("no channel of that name"))
        }
    }
}

/// Forgets what a channel's name stands for, since Slack does not know the id any more.
pub(crate) fn forget(workspace: &Workspace, channel: &Channel) {
    if let Channel::Name(name) = channel {
        workspace.lookups.channels.forget(name);
    }
}

/// Has the next look-up of a channel read the list from its beginning.
pub(crate) fn refresh(workspace: &Workspace) {
    workspace.lookups.channels.refresh();
}

/// Remembers a channel that was just made.
pub(crate) fn learn(workspace: &Workspace, name: &str, id: &str) {
    workspace.lookups.channels.learn(vec![(name.to_owned(), id.to_owned())]);
}

/// The id of a user.
///
/// # Errors
/// `USER_NOT_FOUND`, `INVALID_INPUT` for a name that several have, or why Slack cannot be asked.
pub(crate) async fn user(api: &Api, workspace: &Workspace, user: &User) -> Result<String, Failure> {
    match user {
        User::Id(id) => Ok(id.clone()),
        User::Email(email) => Box::pin(by_email(api, workspace, email)).await,
        User::Name(name) => Box::pin(by_name(api, workspace, name)).await,
    }
}

/// The direct conversation with a user, which Slack opens if there is none.
///
/// # Errors
/// `USER_NOT_FOUND`, or why Slack cannot be asked.
pub(crate) async fn conversation(
    api: &Api,
    workspace: &Workspace,
    user: &str,
) -> Result<String, Failure> {
    let ask = async || {
        let answer = call(api, workspace, &method::OPEN, &json!({"users": user})).await?;
        text(&answer, &method::OPEN, &["channel", "id"])
    };
    Box::pin(workspace.lookups.conversations.get(user, ask)).await
}

async fn by_email(api: &Api, workspace: &Workspace, email: &str) -> Result<String, Failure> {
    let ask = async || {
        let answer = call(api, workspace, &method::USER_BY_EMAIL, &json!({"email": email})).await?;
        text(&answer, &method::USER_BY_EMAIL, &["user", "id"])
    };
    let found = workspace.lookups.emails.get(&email.to_lowercase(), ask).await;
    found.map_err(|failure| match failure {
        Failure::Business(report) if report.code == "USER_NOT_FOUND" => Failure::business(
            ErrorCode::UserNotFound,
            format_args!("nobody in the workspace has the address {email}"),
        )
        .with_note("users.lookupByEmail: users_not_found"),
        other => other,
    })
}

async fn by_name(api: &Api, workspace: &Workspace, name: &str) -> Result<String, Failure> {
    let users = &workspace.lookups.users;
    let read = |cursor| users_page(api, workspace, cursor);
    let name = name.trim().to_lowercase();
    // The handle is the one name that nobody else can have; it is looked at first.
    for (kind, names) in
        [("@", Names::Unique), ("display ", Names::Shared), ("real ", Names::Shared)]
    {
        match users.find(&format!("{kind}{name}"), names, read).await? {
            Found::One(id) => return Ok(id),
            Found::Several => {
                let text =
                    format!("several people are called {name}; use an id or an e-mail address");
                return Err(invalid(text));
            }
            Found::None => {}
        }
    }
    let text = format!("nobody in the workspace is called {name}");
    Err(Failure::business(ErrorCode::UserNotFound, text).with_note("no user of that name"))
}

async fn channels_page(
    api: &Api,
    workspace: &Workspace,
    cursor: Option<String>,
) -> Result<Page, Failure> {
    let mut arguments = json!({
        "types": "public_channel,private_channel", "exclude_archived": true,
        "limit": CHANNELS_PER_PAGE, "cursor": cursor,
    });
    let answer = match api.call(workspace, &method::LIST_CHANNELS, &arguments).await {
        // An app that is not to see private channels still finds the public ones.
        Err(problem) if problem.word() == Some("missing_scope") => {
            arguments["types"] = "public_channel".into();
            call(api, workspace, &method::LIST_CHANNELS, &arguments).await?
        }
        answer => answer.map_err(Problem::into_failure)?,
    };
    Ok(page(&answer.body, "channels", |channel| {
        let names = [channel.get("name"), channel.get("name_normalized")];
        let mut names: Vec<_> =
            names.into_iter().flatten().filter_map(Value::as_str).map(str::to_lowercase).collect();
        names.dedup();
        names
    }))
}

async fn users_page(
    api: &Api,
    workspace: &Workspace,
    cursor: Option<String>,
) -> Result<Page, Failure> {
    let arguments = json!({"limit": USERS_PER_PAGE, "cursor": cursor});
    let answer = call(api, workspace, &method::LIST_USERS, &arguments).await?;
    Ok(page(&answer.body, "members", |user| {
        if user.get("deleted").and_then(Value::as_bool) == Some(true) {
            return Vec::new();
        }
        let profile = user.get("profile");
        let of_profile = |name: &str| profile.and_then(|it| it.get(name)).and_then(Value::as_str);
        let names = [
            ("@", user.get("name").and_then(Value::as_str)),
            ("display ", of_profile("display_name")),
            ("real ", of_profile("real_name").or(user.get("real_name").and_then(Value::as_str))),
        ];
        let names = names.into_iter().filter_map(|(kind, name)| Some((kind, name?)));
        names.map(|(kind, name)| format!("{kind}{}", name.to_lowercase())).collect()
    }))
}

/// The entries of a list under all of their names, and where it goes on.
fn page(answer: &Object, list: &str, names: impl Fn(&Value) -> Vec<String>) -> Page {
    let mut entries = Vec::new();
    for entry in answer.get(list).and_then(Value::as_array).into_iter().flatten() {
        let Some(id) = entry.get("id").and_then(Value::as_str) else { continue };
        entries.extend(names(entry).into_iter().map(|name| (name, id.to_owned())));
    }
    let metadata = answer.get("response_metadata");
    let next = metadata.and_then(|it| it.get("next_cursor")).and_then(Value::as_str);
    Page { entries, next: next.map(str::to_owned) }
}

async fn call(
    api: &Api,
    workspace: &Workspace,
    method: &Method,
    arguments: &Value,
) -> Result<Answer, Failure> {
    api.call(workspace, method, arguments).await.map_err(Problem::into_failure)
}

/// A text within an answer, which has to be there.
fn text(answer: &Answer, method: &Method, path: &[&str]) -> Result<String, Failure> {
    let start = path.first().and_then(|it| answer.body.get(*it));
    let found = path.iter().skip(1).fold(start, |value, name| value?.get(name));
    let found = found.and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| without(method, &path.join(".")))
}

/// An answer that lacks what the documentation promises.
pub(crate) fn without(method: &Method, what: &str) -> Failure {
    let text = format!("the answer to {} has no `{what}`", method.name);
    Failure::permanent(ErrorCode::InvalidResultFormat, anyhow::anyhow!(text.clone()))
        .with_note(text)
}

impl Remembered {
    async fn get<F: Future<Output = Result<String, Failure>>>(
        &self,
        question: &str,
        ask: impl FnOnce() -> F,
    ) -> Result<String, Failure> {
        let slot = {
            let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if slots.len() >= REMEMBERED_MAX {
                slots.clear();
            }
            Arc::clone(slots.entry(question.to_owned()).or_default())
        };
        let mut slot = slot.lock().await;
        if let Some((answer, at)) = slot.as_ref()
            && at.elapsed() <= KNOWN_FOR
        {
            return Ok(answer.clone());
        }
        let answer = ask().await?;
        *slot = Some((answer.clone(), Instant::now()));
        Ok(answer)
    }
}
