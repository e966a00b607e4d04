//! `smtp/SendEmail`: SpiffArena's own mail command, with its parameters and its error codes (`spiffarena-connector-proxy.md` §8).

use std::io;

use common::{Context, Failure, Reply, Secret};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    address::{Mailbox, Mailboxes},
    client::Email,
    delivery::Problem,
    input::{Guest, Input},
    send,
    smtp::trouble::{Kind, Step, Trouble},
};

/// The parameters, in the modeler's order.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Parameters {
    smtp_host: String,
    smtp_port: u16,
    email_subject: String,
    email_body: String,
    #[schemars(with = "String")]
    email_to: Value,
    email_from: String,
    smtp_user: Option<String>,
    smtp_password: Option<Secret>,
    smtp_starttls: Option<bool>,
}

/// Sends plain text, as the original does; what it lacks – time limits, a Message-ID, refusals that are told – is there.
///
/// `smtp_host` is obeyed where no server is configured (`answers.md` 16).
pub(crate) async fn send_email(
    email: Context<Email>,
    parameters: Parameters,
) -> Result<Reply, Failure> {
    let input = parameters.input()?;
    match send::send(&email, input).await {
        // The original's answer, letter by letter.
        Ok(_) => Ok(Reply { body: Value::from("{}"), http_status: 200, headers: None }),
        Err(problem) => Err(in_python(problem)),
    }
}

impl Parameters {
    fn input(self) -> Result<Input, Failure> {
        let wrong = |name: &str, why: &str| {
            Failure::business("ValueError", format_args!("`{name}`: {why}")).with_status(400)
        };
        let to: Mailboxes = serde_json::from_value(self.email_to)
            .map_err(|it| wrong("email_to", &it.to_string()))?;
        let from = Mailbox::parse(&self.email_from).map_err(|it| wrong("email_from", &it))?;
        if self.email_subject.chars().any(char::is_control) {
            return Err(wrong("email_subject", "has a line break or another control character"));
        }
        let guest = Guest {
            smtp_host: Some(self.smtp_host),
            smtp_port: Some(self.smtp_port).filter(|it| *it != 0),
            smtp_user: self.smtp_user.filter(|it| !it.is_empty()),
            smtp_password: self.smtp_password.filter(|it| !it.reveal().is_empty()),
            smtp_starttls: self.smtp_starttls.unwrap_or_default(),
        };
        Ok(Input {
            to,
            from: Some(from),
            subject: Some(self.email_subject),
            text: Some(self.email_body),
            guest,
            ..Input::default()
        })
    }
}

/// The failure under the name of the exception that the original's library raises; its HTTP status says whether it is tried again.
fn in_python(problem: Problem) -> Failure {
    let exception = match &problem {
        Problem::Failure(_) | Problem::Smtp(Trouble { kind: Kind::Held(_), .. }, _) => None,
        Problem::Recipients(..) => Some("SMTPRecipientsRefused"),
        Problem::Smtp(trouble, _) => Some(exception(trouble)),
    };
    let failure = Failure::from(problem);
    let Some(exception) = exception else { return failure };
    let text = failure.to_string();
    let text = text.split_once(": ").map_or(text.as_str(), |(_, text)| text).to_owned();
    let report = failure.report();
    let (note, status) = (report.note.clone().unwrap_or_default(), report.status.unwrap_or(400));
    let source = anyhow::anyhow!(text);
    let failure = match failure {
        Failure::Transient { .. } => Failure::transient(exception, source),
        Failure::Business(_) | Failure::Permanent(_) => Failure::permanent(exception, source),
    };
    failure.with_status(status).with_note(note)
}

fn exception(trouble: &Trouble) -> &'static str {
    match (&trouble.kind, trouble.step) {
        (Kind::Silent(_), _) => "TimeoutError",
        (Kind::Lost(_), Step::Lookup) => "gaierror",
        (Kind::Lost(error), Step::Connect) => match error.kind() {
            io::ErrorKind::ConnectionRefused => "ConnectionRefusedError",
            _ => "OSError",
        },
        (Kind::Lost(_), _) => "SMTPServerDisconnected",
        (Kind::Untrusted(_), _) => "SSLCertVerificationError",
        (Kind::Lacking(_) | Kind::Held(_), _) => "SMTPNotSupportedError",
        (Kind::Refused(_) | Kind::Garbled(_), step) => match step {
            Step::Lookup | Step::Connect | Step::Handshake | Step::Greeting => "SMTPConnectError",
            Step::Ehlo => "SMTPHeloError",
            Step::StartTls => "SMTPNotSupportedError",
            Step::Auth => "SMTPAuthenticationError",
            Step::Mail => "SMTPSenderRefused",
            Step::Rcpt => "SMTPRecipientsRefused",
            Step::Data | Step::Body | Step::End => "SMTPDataError",
        },
    }
}
