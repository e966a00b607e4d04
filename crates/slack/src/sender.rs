//! Sends a message to its recipients, each in the order of its channel.

use std::collections::BTreeMap;

use common::{Context, Failure};
use files::File;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    client::Slack,
    lookup,
    message::{Message, Way},
    method::{self, Method},
    moment::Moment,
    sent::Sent,
    target::Target,
    tries::{comes_back, stubbornly},
    verdict::Problem,
    workspace::Workspace,
};

/// The ids of our messages are made in this space (RFC 9562 §5.5).
const MESSAGE_IDS: Uuid = Uuid::from_u128(0x6e1d_2f6a_52b0_5d0c_9d0e_3a6c_b7b1_0b5e);

/// Sends one message to one or more recipients.
pub(crate) struct Sender<'a> {
    pub(crate) slack: &'a Context<Slack>,
    pub(crate) workspace: &'a Workspace,
    pub(crate) message: &'a Message,
}

impl Sender<'_> {
    /// One result each; a failure only if all fail.
    ///
    /// # Errors
    /// The first failure if all fail; a limit of Slack's after which the request comes back.
    pub(crate) async fn send_all(&self, targets: &[Target]) -> Result<Vec<Sent>, Failure> {
        let request = self.slack.request_id();
        let mut done: BTreeMap<usize, Sent> = self.slack.progress.of(request);
        let mut first_failure = None;
        for (index, target) in targets.iter().enumerate() {
            if done.get(&index).is_some_and(|it| it.error.is_none()) {
                continue;
            }
            let failure = match stubbornly(|| self.send(target, index)).await {
                Ok(sent) => {
                    done.insert(index, sent);
                    continue;
                }
                Err(failure) => failure,
            };
            if comes_back(&failure, self.slack.rate_wait()) {
                self.slack.progress.keep(request, done);
                return Err(failure);
            }
            let error = Some(failure.to_string());
            let channel_id = Some(target.shown().to_owned());
            done.insert(index, Sent { channel_id, error, ..Sent::default() });
            first_failure.get_or_insert(failure);
        }
        self.slack.progress.forget(request);
        let all_failed = done.values().all(|it| it.error.is_some());
        match first_failure {
            Some(failure) if all_failed => Err(failure),
            Some(_) | None => Ok(done.into_values().collect()),
        }
    }

    /// Sends to one recipient, when it is the turn of this message in its channel.
    ///
    /// # Errors
    /// Who cannot be found, or what Slack says.
    pub(crate) async fn send(&self, target: &Target, index: usize) -> Result<Sent, Failure> {
        let Self { slack, workspace, message } = self;
        let channel = target.channel(slack, workspace).await?;
        let (method, arguments) = self.arguments(&channel, index).await?;
        let ticket = format!("{}/{index}", slack.request_id());
        let call = Box::pin(slack.api.call(workspace, method, &arguments));
        let outcome = Slack::in_turn(slack, workspace, method, &channel, ticket, call).await;
        if let (Err(problem), Target::Channel(channel)) = (&outcome, target)
            && problem.word() == Some("channel_not_found")
        {
            lookup::forget(workspace, channel);
        }
        let answer = outcome.map_err(Problem::into_failure)?.body;
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let channel = text("channel").unwrap_or(channel);
        let ts = text("ts").or_else(|| text("message_ts"));
        let permalink = match (&ts, &message.way) {
            (Some(ts), Way::Now) => {
                slack.permalink(workspace, &channel, ts, message.thread_ts.as_deref()).await
            }
            (_, Way::Now | Way::Ephemeral(_) | Way::At(_)) => None,
        };
        let scheduled_message_id = text("scheduled_message_id");
        Ok(Sent { channel_id: Some(channel), ts, permalink, scheduled_message_id, error: None })
    }

    async fn arguments(
        &self,
        channel: &str,
        index: usize,
    ) -> Result<(&'static Method, Value), Failure> {
        let mut arguments = self.message.arguments(channel);
        Ok(match &self.message.way {
            Way::Now => {
                arguments["client_msg_id"] = message_id(self.slack.request_id(), index).into();
                (&method::POST_MESSAGE, arguments)
            }
            Way::Ephemeral(user) => {
                let user = lookup::user(&self.slack.api, self.workspace, user).await?;
                arguments["user"] = user.into();
                (&method::POST_EPHEMERAL, arguments)
            }
            Way::At(Moment(seconds)) => {
                arguments["post_at"] = json!(seconds);
                (&method::SCHEDULE_MESSAGE, arguments)
            }
        })
    }

    /// A dry run asks Slack nothing, so that names stay names.
    ///
    /// # Errors
    /// The end of a dry run.
    pub(crate) fn preview(&self, targets: &[Target], files: &[File]) -> Result<(), Failure> {
        let names: Vec<_> = targets.iter().map(Target::shown).collect();
        let mut arguments = self.message.arguments(&names.join(","));
        let method = match &self.message.way {
            _ if !files.is_empty() => {
                let names: Vec<_> = files.iter().map(|it| it.name.as_str()).collect();
                arguments["files"] = json!(names);
                &method::COMPLETE_UPLOAD
            }
            Way::Now => &method::POST_MESSAGE,
            Way::Ephemeral(_) => &method::POST_EPHEMERAL,
            Way::At(Moment(seconds)) => {
                arguments["post_at"] = json!(seconds);
                &method::SCHEDULE_MESSAGE
            }
        };
        Slack::preview(self.slack, method, &arguments)
    }
}

/// By which Slack knows a message again: the same on every delivery of a request.
pub(crate) fn message_id(request: &str, index: usize) -> String {
    Uuid::new_v5(&MESSAGE_IDS, format!("{request}/{index}").as_bytes()).to_string()
}
