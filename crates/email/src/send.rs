//! `SEND`: one mail to any number of people.

use common::{Context, Failure};
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    address::{Address, Mailbox},
    calendar::{self, Around},
    client::{self, Email},
    delivery::{Parcel, Problem, Rejected},
    enclosures::{self, Budget},
    error::{ErrorCode, invalid, missing},
    headers,
    input::{self, Calendar, Input},
    message::{Invitation, Mail, text::Charset},
    render::{self, Said},
    server::Server,
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
    let from = sender(email, &input, server.as_deref()).map_err(Problem::Failure)?;
    let recipients = recipients(&mut input).map_err(Problem::Failure)?;
    let mail = written(email, input, from).await.map_err(Problem::Failure)?;
    let mut message = mail.build();
    if message.is_charset_changed {
        email.warn("the texts do not fit `charset` and are sent as UTF-8");
    }
    if let Some(signer) = server.as_ref().and_then(|it| it.signer.as_ref()) {
        signer.sign(&mut message, mail.date.unix_timestamp());
    }
    email.preview(|| message.eml()).map_err(Problem::Failure)?;
    let server = server.ok_or_else(|| Problem::Failure(client::no_server()))?;
    wait_for_turn(email, &server).map_err(Problem::Failure)?;
    let presumed = presumed(&mail.message_id, &server.label());
    let ledger = email.clone();
    let before_end = move || -> BoxFuture<'static, Result<(), Failure>> {
        let (ledger, presumed) = (ledger.clone(), presumed());
        Box::pin(async move { ledger.committing(presumed).await })
    };
    let parcel = Parcel {
        from: &mail.from.address,
        to: &recipients,
        partial: email.partial,
        message: &message,
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

/// `answers.md` 12.
fn sender(
    email: &Context<Email>,
    input: &Input,
    server: Option<&Server>,
) -> Result<Mailbox, Failure> {
    let login = || server?.login_address.clone().map(|address| Mailbox { name: None, address });
    let of_server = server.and_then(|it| it.from.clone());
    let from = input.from.clone().or(of_server).or_else(|| email.from.clone()).or_else(login);
    from.ok_or_else(|| missing("`from` is missing, and EMAIL_FROM names nobody"))
}

/// Everybody once, whoever is named where.
fn recipients(input: &mut Input) -> Result<Vec<Address>, Failure> {
    let Input { to, cc, bcc, .. } = input;
    let all = to.0.iter().chain(&cc.0).chain(&bcc.0).map(|it| it.address.clone());
    let mut known = std::collections::HashSet::new();
    let recipients: Vec<_> = all.filter(|it| known.insert(it.to_string())).collect();
    if recipients.is_empty() {
        return Err(missing("`to` is missing: there is no address in it"));
    }
    Ok(recipients)
}

/// The mail with everything that it needs.
async fn written(email: &Context<Email>, mut input: Input, from: Mailbox) -> Result<Mail, Failure> {
    let charset = match input.charset.as_deref().map(str::trim).filter(|it| !it.is_empty()) {
        Some(label) => {
            Charset::parse(label).map_err(|it| invalid(format_args!("`charset`: {it}")))?
        }
        None => Charset::default(),
    };
    let headers = headers::checked(std::mem::take(&mut input.headers))?;
    let message_id = message_id(email, &input, &from)?;
    let in_reply_to = input.in_reply_to.as_deref().filter(|it| !it.trim().is_empty());
    let in_reply_to = in_reply_to.map(input::message_id).transpose();
    let in_reply_to = in_reply_to.map_err(|it| invalid(format_args!("`inReplyTo`: {it}")))?;
    let mut references = input.references.take().map(|it| it.0).unwrap_or_default();
    // RFC 5322 §3.6.4: mail programs sort by the last of them.
    references.extend(
        in_reply_to.iter().filter(|it| !references.contains(it)).cloned().collect::<Vec<_>>(),
    );
    let Said { subject, text, html, warnings } = render::said(email, &mut input).await?;
    for warning in warnings {
        email.warn(warning);
    }
    let mut mail = Mail {
        from,
        to: std::mem::take(&mut input.to.0),
        cc: std::mem::take(&mut input.cc.0),
        reply_to: std::mem::take(&mut input.reply_to.0),
        subject,
        message_id,
        in_reply_to,
        references,
        priority: input.priority,
        headers,
        text,
        html,
        charset,
        inline: Vec::new(),
        attachments: Vec::new(),
        invitation: None,
        date: OffsetDateTime::now_utc(),
    };
    enclose(email, input, &mut mail).await?;
    Ok(mail)
}

/// Reads the files; none of them is too large, and all of them together are not.
async fn enclose(email: &Context<Email>, input: Input, mail: &mut Mail) -> Result<(), Failure> {
    if input.node_id.is_some() {
        return Err(invalid(
            "`nodeId` refers to a content service that connectors cannot read; give `attachments` with a `uri`",
        ));
    }
    let mut budget = Budget::new(email.bytes_max);
    let named = [("attachments", input.attachments), ("files", input.files), ("uri", input.uri)];
    for (name, files) in named {
        for file in files {
            mail.attachments.push(budget.read(email, name, &file).await?);
        }
    }
    for (id, file) in input.inline {
        let id = enclosures::content_id(&id)?;
        mail.inline.push((id, budget.read(email, "inline", &file).await?));
    }
    if mail.html.is_none() && !mail.inline.is_empty() {
        email.warn("the mail has no HTML that could show `inline` files; they are attached");
        mail.attachments.extend(mail.inline.drain(..).map(|(_, it)| it));
    }
    mail.invitation = match input.calendar {
        Some(calendar) => Some(invitation(email, calendar, mail, &mut budget).await?),
        None => None,
    };
    Ok(())
}

async fn invitation(
    email: &Context<Email>,
    calendar: Calendar,
    mail: &Mail,
    budget: &mut Budget,
) -> Result<Invitation, Failure> {
    let invitation = match calendar {
        Calendar::File(file) => {
            calendar::of_file(&budget.read(email, "calendar", &file).await?.octets)
        }
        Calendar::Event(event) => event.invitation(&Around {
            from: &mail.from,
            to: &mail.to,
            subject: &mail.subject,
            id: mail.message_id.trim_matches(['<', '>']),
            now: mail.date,
        }),
    };
    invitation.map_err(|it| invalid(format_args!("`calendar`: {it}")))
}

/// The same on every delivery of the request, so that mailboxes can drop the duplicate.
fn message_id(email: &Context<Email>, input: &Input, from: &Mailbox) -> Result<String, Failure> {
    if let Some(id) = input.message_id.as_deref().filter(|it| !it.trim().is_empty()) {
        return input::message_id(id).map_err(|it| invalid(format_args!("`messageId`: {it}")));
    }
    let request = email.request_id();
    let is_plain = !request.is_empty()
        && request.len() <= 200
        && request.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_');
    let left = if is_plain { request.to_owned() } else { crate::message::fingerprint(request) };
    let domain = from.address.domain().trim_matches(['[', ']']).replace(':', "-");
    Ok(format!("<{left}@{domain}>"))
}

/// Waiting for a turn is no attempt; the runner does it (`answers.md` 8).
fn wait_for_turn(email: &Context<Email>, server: &Server) -> Result<(), Failure> {
    let Some(limiter) = &server.limiter else { return Ok(()) };
    limiter.admit(email.request_id()).map_err(|pause| {
        let text = format!("{}: its rate limit is reached (EMAIL_RATE)", server.label());
        let failure =
            Failure::rate_limited(ErrorCode::EmailSendError, anyhow::anyhow!(text), Some(pause));
        failure.with_status(503).with_note("EMAIL_RATE")
    })
}
