//! From inputs to a mail: who writes to whom, what it says, what it carries.

use common::{Context, Failure};
use time::OffsetDateTime;

use crate::{
    address::{Address, Mailbox},
    calendar::{self, Around},
    client::Email,
    enclosures::{self, Budget},
    error::{invalid, missing},
    headers,
    input::{self, Calendar, Input},
    message::{self, Invitation, Mail, text::Charset},
    render::{self, Said},
    server::Server,
};

/// `answers.md` 12.
pub(crate) fn sender(
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
pub(crate) fn recipients(input: &mut Input) -> Result<Vec<Address>, Failure> {
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
pub(crate) async fn written(
    email: &Context<Email>,
    mut input: Input,
    from: Mailbox,
) -> Result<Mail, Failure> {
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
            mail.attachments.push(budget.fetch(email, name, &file).await?);
        }
    }
    for (id, file) in input.inline {
        let id = enclosures::content_id(&id)?;
        mail.inline.push((id, budget.fetch(email, "inline", &file).await?));
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
        Calendar::File(file) => calendar::of_file(&budget.read(email, "calendar", &file).await?),
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
    let left = if is_plain { request.to_owned() } else { message::fingerprint(request) };
    let domain = from.address.domain().trim_matches(['[', ']']).replace(':', "-");
    Ok(format!("<{left}@{domain}>"))
}
