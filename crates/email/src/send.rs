//! `SEND`: one mail to any number of people.

use std::{future::ready, io, sync::Arc};

use common::{Context, Failure};
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::task;

use crate::{
    client::{self, Email},
    compose,
    delivery::{Parcel, Problem, Rejected},
    error::{ErrorCode, of_unread},
    input::Input,
    message::Message,
    server::Server,
    smtp::trouble::InDoubt,
};

/// What a task gets (`names.md` "email").
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    message_id: String,
    accepted: Vec<String>,
    rejected: Vec<Rejected>,
    server_reply: String,
}

/// Sends the mail.
pub(crate) async fn run(email: Context<Email>, input: Input) -> Result<Output, Failure> {
    send(&email, input).await.map_err(Failure::from)
}

/// Sends the mail; why it did not go out is told in full.
pub(crate) async fn send(email: &Context<Email>, mut input: Input) -> Result<Output, Problem> {
    let server = email.server(input.server.as_deref(), &input.guest);
    let server = server.map_err(Problem::Failure)?;
    let from = compose::sender(email, &input, server.as_deref()).map_err(Problem::Failure)?;
    let recipients = compose::recipients(&mut input).map_err(Problem::Failure)?;
    let mail = compose::written(email, input, from).await.map_err(Problem::Failure)?;
    let mut message = mail.build();
    if message.is_charset_changed {
        email.warn("the texts do not fit `charset` and are sent as UTF-8");
    }
    if let Some(server) = server.as_ref().filter(|it| it.signer.is_some()) {
        let at = mail.date.unix_timestamp();
        message = signed(server, message, at).await.map_err(Problem::Failure)?;
    }
    preview(email, &message).map_err(Problem::Failure)?;
    let server = server.ok_or_else(|| Problem::Failure(client::no_server()))?;
    wait_for_turn(email, &server).map_err(Problem::Failure)?;
    let presumed = presumed(&mail.message_id, &server.label());
    let ledger = email.clone();
    let before_end = move || -> BoxFuture<'static, Result<(), Failure>> {
        match ledger.in_doubt {
            InDoubt::Fail => {
                let (ledger, presumed) = (ledger.clone(), presumed());
                Box::pin(async move { ledger.committing(presumed).await })
            }
            InDoubt::Resend => Box::pin(ready(Ok(()))),
        }
    };
    let parcel = Parcel {
        from: &mail.from.address,
        to: &recipients,
        partial: email.partial,
        message: &message,
        in_doubt: email.in_doubt,
        before_end: &before_end,
    };
    let delivery = parcel.deliver(&server).await?;
    if !delivery.rejected.is_empty() {
        let n = delivery.rejected.len();
        email.warn(format_args!(
            "{n} of {} recipients were refused, see `rejected`",
            recipients.len()
        ));
    }
    let id = mail.message_id;
    Ok(Output {
        message_id: id,
        accepted: delivery.accepted,
        rejected: delivery.rejected,
        server_reply: delivery.reply,
    })
}

/// The mail with a signature; hashing a large one keeps nobody else waiting.
async fn signed(server: &Arc<Server>, mut message: Message, at: i64) -> Result<Message, Failure> {
    let is_on_disk = message.is_on_disk();
    let server = Arc::clone(server);
    let sign = move || {
        if let Some(signer) = &server.signer {
            signer.sign(&mut message, at)?;
        }
        Ok(message)
    };
    let signed = if is_on_disk {
        task::spawn_blocking(sign).await.unwrap_or_else(|panic| Err(io::Error::other(panic)))
    } else {
        sign()
    };
    signed.map_err(of_unread)
}

/// Ends a dry run with the mail.
fn preview(email: &Context<Email>, message: &Message) -> Result<(), Failure> {
    let mut unread = None;
    let previewed = email.preview(|| {
        message.eml().unwrap_or_else(|error| {
            unread = Some(error);
            String::new()
        })
    });
    unread.map_or(previewed, |error| Err(of_unread(error)))
}

/// What is told when this process ends while the end of the mail is on its way (`LEDGER_URL`).
fn presumed(id: &str, server: &str) -> impl Fn() -> Failure + Send + Sync + use<> {
    let text = format!(
        "{server}: the connector was stopped while it sent the mail {id}, which may have been sent; the server's log knows"
    );
    move || {
        let source = anyhow::anyhow!(text.clone());
        Failure::permanent(ErrorCode::EmailSendError, source).with_status(409)
    }
}

/// Waiting for a turn is no attempt; the runner does it (`answers.md` 8).
fn wait_for_turn(email: &Context<Email>, server: &Server) -> Result<(), Failure> {
    let Some(limiter) = &server.limiter else { return Ok(()) };
    limiter.admit(email.request_id(), email.rate_wait()).map_err(|pause| {
        let text = format!("{}: its rate limit is reached (EMAIL_RATE)", server.label());
        let failure =
            Failure::rate_limited(ErrorCode::EmailSendError, anyhow::anyhow!(text), Some(pause));
        failure.with_status(503).with_note("EMAIL_RATE")
    })
}
