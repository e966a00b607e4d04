//! The definition's config.

use common::{Period, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};
use url::Url;

use crate::workspace::{Entries, Webhook};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) struct Config {
    pub(crate) slack_bot_token: Option<Secret>,
    /// Checks Slack's calls to us, of which there are none before the event `MESSAGE_RECEIVED`.
    #[expect(dead_code, reason = "charts of the original set it, so it is a setting")]
    pub(crate) slack_signing_secret: Option<Secret>,
    /// The names until December 2020 (`activiti-ootb-connectors.md` §8.4).
    pub(crate) slack_xoxb: Option<Secret>,
    pub(crate) slack_xoxp: Option<Secret>,
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(crate) slack_workspaces: Entries,
    #[schemars(with = "Option<String>")]
    pub(crate) slack_webhook_url: Option<Webhook>,
    #[serde(deserialize_with = "base")]
    #[schemars(with = "String")]
    pub(crate) slack_api_url: Url,
    pub(crate) slack_timeout: Period,
    #[serde(flatten)]
    pub(crate) network: outbound::Config,
    #[serde(flatten)]
    pub(crate) files: files::Config,
}

impl Config {
    /// The token of calls without a workspace's name; the newest name wins.
    pub(crate) fn token(&self) -> Option<&Secret> {
        let tokens = [&self.slack_bot_token, &self.slack_xoxb, &self.slack_xoxp];
        tokens.into_iter().flatten().find(|it| !it.reveal().trim().is_empty())
    }
}

/// An address below which methods are called, with or without its last slash (`answers.md` 22).
fn base<'de, D: Deserializer<'de>>(setting: D) -> Result<Url, D::Error> {
    let text = String::deserialize(setting)?;
    let text = text.trim().trim_end_matches('/');
    match Url::parse(&format!("{text}/")) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.query().is_none() => Ok(url),
        _ => Err(D::Error::custom(format!("\"{text}\" is no URL, e.g. https://slack.com/api/"))),
    }
}
