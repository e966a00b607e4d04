//! `Slack`: what all actions share.

use std::{collections::BTreeMap, pin::Pin};

use common::{Context, Failure, Object};
use files::Store;
use serde_json::Value;
use templates::{Engine, Limits};
use tracing::warn;
use url::Url;

use crate::{
    api::{Answer, Api},
    config::Config,
    lanes::Lanes,
    method::{self, Method, Repeat},
    pauses::Pauses,
    progress::Progress,
    sent::Sent,
    tries::comes_back,
    verdict::{self, Problem},
    workspace::{MAIN, Workspace, Workspaces},
};

/// What rendering a message may cost: Slack takes 40,000 characters and 50 blocks.
const LIMITS: Limits = Limits {
    fuel: 500_000,
    time: std::time::Duration::from_secs(2),
    depth: 50,
    output_bytes: 1024 * 1024,
    source_bytes: 1024 * 1024,
};

/// What all actions share.
pub(crate) struct Slack {
    pub(crate) api: Api,
    pub(crate) workspaces: Workspaces,
    pub(crate) lanes: Lanes,
    /// What became of each recipient of a message to several.
    pub(crate) progress: Progress<BTreeMap<usize, Sent>>,
    /// Slack's answer to the making of a channel.
    pub(crate) created: Progress<Object>,
    pub(crate) templates: Engine,
    pub(crate) files: Store,
}

impl Slack {
    /// Makes the client; nothing is called yet.
    ///
    /// # Errors
    /// What is wrong with the settings for the network and for files.
    pub(crate) async fn connect(config: Config) -> Result<Self, Failure> {
        let user_agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
        let outbound = config.network.connect(user_agent)?;
        let files = config.files.connect(outbound.clone(), &config.network)?;
        let token = config.token();
        let main = (token.is_some() || config.slack_webhook_url.is_some())
            .then(|| Workspace::new(MAIN, token, config.slack_webhook_url.clone()));
        let workspaces = Workspaces::new(main, config.slack_workspaces);
        if workspaces.all().next().is_none() {
            warn!(
                "SLACK_BOT_TOKEN is not set: only `slack/PostMessage`, which brings a token, can work"
            );
        }
        Ok(Self {
            api: Api {
                outbound,
                base: config.slack_api_url,
                timeout: config.slack_timeout.0,
                pauses: Pauses::default(),
            },
            workspaces,
            lanes: Lanes::default(),
            progress: Progress::default(),
            created: Progress::default(),
            templates: Engine::new(LIMITS, None),
            files,
        })
    }

    /// Calls a method for a task.
    ///
    /// # Errors
    /// Every refusal of Slack's too.
    pub(crate) async fn call(
        &self,
        workspace: &Workspace,
        method: &Method,
        arguments: &Value,
    ) -> Result<Answer, Failure> {
        self.api.call(workspace, method, arguments).await.map_err(Problem::into_failure)
    }

    /// Makes a call when it is its turn in a channel; one that Slack limits keeps its place for when it comes back.
    ///
    /// The call is boxed, since it is held while it waits, and there would be room for it twice otherwise.
    ///
    /// # Errors
    /// Those of `call`, and `Failure::rate_limited` where the turn is too far away.
    pub(crate) async fn in_turn<T>(
        slack: &Context<Self>,
        workspace: &Workspace,
        method: &Method,
        channel: &str,
        ticket: String,
        call: Pin<Box<impl Future<Output = Result<T, Problem>>>>,
    ) -> Result<T, Problem> {
        let lane = (workspace.name.clone(), channel.to_owned());
        let place = (workspace.name.clone(), method.name);
        let turn = slack.lanes.turn(lane, ticket, || slack.api.pauses.is_limited(&place)).await;
        let limited = |pause| Problem::Failed(verdict::of_limit(method.name, pause));
        let mut turn = turn.map_err(limited)?;
        if method.repeat == Repeat::Harmful {
            slack.committing(verdict::of_crash(method)).await.map_err(Problem::Failed)?;
        }
        let outcome = call.await;
        if let Err(Problem::Failed(failure)) = &outcome
            && comes_back(failure, slack.rate_wait())
            && let Failure::Transient { retry_after, .. } = failure
        {
            turn.put_off(retry_after.unwrap_or_default());
        }
        outcome
    }

    /// The address of a message in Slack's clients; none where the workspace's own address cannot be had.
    ///
    /// Built instead of asked for, which would be another call per message.
    pub(crate) async fn permalink(
        &self,
        workspace: &Workspace,
        channel: &str,
        ts: &str,
        thread_ts: Option<&str>,
    ) -> Option<String> {
        let ask = async || {
            let answer =
                self.call(workspace, &method::AUTH_TEST, &Value::Null).await.map_err(drop)?;
            let url = answer.body.get("url").and_then(Value::as_str).ok_or(())?;
            Url::parse(url).map_err(drop)
        };
        let base = match workspace.url.get() {
            Some(base) => base,
            None => Box::pin(workspace.url.get_or_try_init(ask)).await.ok()?,
        };
        let mut url = base.clone();
        let digits = ts.replace('.', "");
        url.path_segments_mut().ok()?.pop_if_empty().extend([
            "archives",
            channel,
            &format!("p{digits}"),
        ]);
        if let Some(thread_ts) = thread_ts.filter(|it| *it != ts) {
            url.query_pairs_mut().append_pair("thread_ts", thread_ts).append_pair("cid", channel);
        }
        Some(url.into())
    }

    /// In a dry run, ends the action with the call that would be made.
    ///
    /// # Errors
    /// The end of a dry run.
    pub(crate) fn preview(
        slack: &Context<Self>,
        method: &Method,
        arguments: &Value,
    ) -> Result<(), Failure> {
        slack.preview(|| {
            let body = serde_json::to_string_pretty(arguments).unwrap_or_default();
            let url = slack.api.base.join(method.name).map(String::from).unwrap_or_default();
            format!("POST {url}\nAuthorization: Bearer ***\n\n{body}")
        })
    }
}
