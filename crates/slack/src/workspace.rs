//! Workspaces: whose token a call carries, and what is remembered of each.

use std::{collections::BTreeMap, fs, sync::Arc};

use common::{Failure, Secret, referenced};
use http::HeaderValue;
use serde::{Deserialize, Deserializer, de::Error as _};
use tokio::sync::OnceCell;
use url::Url;

use crate::{
    error::{ErrorCode, invalid, missing},
    lookup::Lookups,
};

/// The name of the workspace that the settings without a name are for, in logs and in `check`.
pub(crate) const MAIN: &str = "main";
/// How names of workspaces, which tasks write, stand in the list of those there are.
const NONE: &str = "there are none (SLACK_WORKSPACES)";

/// One workspace, as its token sees it.
pub(crate) struct Workspace {
    pub(crate) name: String,
    /// `Bearer xoxb-…`, marked as sensitive.
    authorization: Option<HeaderValue>,
    /// An incoming webhook, whose URL is its secret.
    pub(crate) webhook: Option<Webhook>,
    /// `https://acme.slack.com/`, once it is known.
    pub(crate) url: OnceCell<Url>,
    pub(crate) lookups: Lookups,
}

/// The URL of an incoming webhook.
#[derive(Clone)]
pub(crate) struct Webhook(pub(crate) Url);

/// All that are configured.
pub(crate) struct Workspaces {
    main: Option<Arc<Workspace>>,
    named: BTreeMap<String, Arc<Workspace>>,
}

/// An entry of `SLACK_WORKSPACES`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    token: Option<Secret>,
    webhook: Option<Secret>,
}

/// What `SLACK_WORKSPACES` says, by name.
#[derive(Clone, Default)]
pub(crate) struct Entries(BTreeMap<String, Found>);

/// An entry whose secrets have been found.
#[derive(Clone)]
struct Found {
    token: Option<Secret>,
    webhook: Option<Webhook>,
}

impl Workspace {
    /// A workspace that calls with `token`.
    pub(crate) fn new(name: &str, token: Option<&Secret>, webhook: Option<Webhook>) -> Self {
        let authorization = token.and_then(|token| {
            let mut value =
                HeaderValue::try_from(format!("Bearer {}", token.reveal().trim())).ok()?;
            value.set_sensitive(true);
            Some(value)
        });
        Self {
            name: name.to_owned(),
            authorization,
            webhook,
            url: OnceCell::new(),
            lookups: Lookups::default(),
        }
    }

    pub(crate) fn has_token(&self) -> bool {
        self.authorization.is_some()
    }

    /// The header that every call of the Web API carries.
    ///
    /// # Errors
    /// `UNAUTHORIZED`: there is no token.
    pub(crate) fn authorization(&self) -> Result<HeaderValue, Failure> {
        self.authorization.clone().ok_or_else(|| {
            let text = if self.name == MAIN {
                "SLACK_BOT_TOKEN is not set; an incoming webhook alone posts to its own channel only".to_owned()
            } else {
                format!("the workspace `{}` has no `token` in SLACK_WORKSPACES", self.name)
            };
            Failure::business(ErrorCode::Unauthorized, text)
        })
    }
}

impl Workspaces {
    /// Those of the settings; `main` is the one without a name.
    pub(crate) fn new(main: Option<Workspace>, entries: Entries) -> Self {
        let named = entries.0.into_iter().map(|(name, it)| {
            let workspace = Workspace::new(&name, it.token.as_ref(), it.webhook);
            (name, Arc::new(workspace))
        });
        Self { main: main.map(Arc::new), named: named.collect() }
    }

    /// The main one first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Workspace>> {
        self.main.iter().chain(self.named.values())
    }

    /// The one that a task means; without a name the main one, or the only one.
    ///
    /// # Errors
    /// `INVALID_INPUT` for an unknown name, `MISSING_INPUT` where several would do, `UNAUTHORIZED` where there is none.
    pub(crate) fn get(&self, name: Option<&str>) -> Result<&Arc<Workspace>, Failure> {
        let name = name.map(str::trim).filter(|it| !it.is_empty());
        let known = || {
            let names: Vec<_> = self.named.keys().map(String::as_str).collect();
            if names.is_empty() {
                NONE.to_owned()
            } else {
                format!("there are {}", names.join(", "))
            }
        };
        let Some(name) = name else {
            return match (&self.main, self.named.len()) {
                (Some(main), _) => Ok(main),
                (None, 0) => {
                    Err(Failure::business(ErrorCode::Unauthorized, "SLACK_BOT_TOKEN is not set"))
                }
                (None, 1) => self.named.values().next().ok_or_else(|| invalid(NONE)),
                (None, _) => Err(missing(format_args!("`workspace` is needed; {}", known()))),
            };
        };
        match (self.named.get(name), &self.main) {
            (Some(named), _) => Ok(named),
            (None, Some(main)) if name == MAIN => Ok(main),
            (None, _) => {
                Err(invalid(format_args!("`workspace`: no workspace `{name}`; {}", known())))
            }
        }
    }
}

impl Entries {
    /// What the setting holds, or the file that it names.
    ///
    /// # Errors
    /// What is wrong with it; no value is quoted.
    fn read(setting: &str) -> Result<Self, String> {
        let text = if setting.trim_start().starts_with('{') {
            setting.to_owned()
        } else {
            fs::read_to_string(setting)
                .map_err(|error| format!("file {setting}: {}", error.kind()))?
        };
        Self::parse(&text, &referenced)
    }

    fn parse(text: &str, secret: &dyn Fn(&str) -> Result<Secret, String>) -> Result<Self, String> {
        // The library's texts quote values.
        let entries: BTreeMap<String, Entry> = serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!(
                "is not a JSON object of {{\"name\": {{\"token\": …, \"webhook\": …}}}}, see line {line}, column {column}"
            )
        })?;
        let entries = entries.into_iter().map(|(name, Entry { token, webhook })| {
            let wrong = |member: &str, what: String| format!("`{name}`: `{member}`: {what}");
            let found = |member: &str, it: Option<Secret>| {
                it.map(|it| filled(it, secret)).transpose().map_err(|what| wrong(member, what))
            };
            let token = found("token", token)?;
            let webhook = match found("webhook", webhook)? {
                Some(url) => Some(Webhook::parse(url.reveal()).map_err(|it| wrong("webhook", it))?),
                None => None,
            };
            if token.is_none() && webhook.is_none() {
                return Err(format!("`{name}` has neither `token` nor `webhook`"));
            }
            Ok((name, Found { token, webhook }))
        });
        entries.collect::<Result<_, _>>().map(Self)
    }
}

/// A secret that is written out, or `${NAME}` for the variable of that name.
fn filled(text: Secret, secret: &dyn Fn(&str) -> Result<Secret, String>) -> Result<Secret, String> {
    let name = text.reveal().trim().strip_prefix("${").and_then(|it| it.strip_suffix('}'));
    match name {
        Some(name) => secret(name),
        None => Ok(text),
    }
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(setting: D) -> Result<Self, D::Error> {
        Self::read(&String::deserialize(setting)?).map_err(D::Error::custom)
    }
}

impl Webhook {
    fn parse(text: &str) -> Result<Self, String> {
        match Url::parse(text.trim()) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Self(url)),
            _ => Err("is no URL, e.g. https://hooks.slack.com/services/…".to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for Webhook {
    fn deserialize<D: Deserializer<'de>>(setting: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(setting)?).map_err(D::Error::custom)
    }
}
