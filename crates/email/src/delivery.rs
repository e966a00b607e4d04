//! One mail to many: who got it, who did not, and who is worth another try.

use std::time::Duration;

use common::Failure;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use tokio::time::{self, Instant};

use crate::{
    address::Address,
    error::ErrorCode,
    message::Message,
    server::Server,
    smtp::{
        reply::Reply,
        session::{BeforeEnd, Envelope, Partial},
        trouble::{self, InDoubt, Trouble},
    },
};

/// Pauses before those who were put off are tried again, alone and with the same mail.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];
/// Nobody is tried again after so long, so that the outcome is told while somebody waits for it.
const AGAIN_MAX: Duration = Duration::from_secs(12);
/// What is told as the code of those whose server went away.
const CODE_LOST: u16 = 421;

/// Who got the mail, and who did not.
#[derive(Debug, Default)]
pub(crate) struct Delivery {
    pub(crate) accepted: Vec<String>,
    pub(crate) rejected: Vec<Rejected>,
    pub(crate) reply: String,
}

/// A recipient whom the server refused.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Rejected {
    pub(crate) address: String,
    pub(crate) code: u16,
    pub(crate) text: String,
}

/// Why nobody got it.
#[derive(Debug)]
pub(crate) enum Problem {
    /// Before the server was asked.
    Failure(Failure),
    /// In conversation with the server of that name.
    Smtp(Trouble, String),
    /// It takes the mail for nobody, or not for all (`EMAIL_PARTIAL=fail`).
    Recipients(Vec<Rejected>, String),
}

/// What is sent, by whom to whom.
pub(crate) struct Parcel<'a> {
    pub(crate) from: &'a Address,
    pub(crate) to: &'a [Address],
    pub(crate) partial: Partial,
    pub(crate) message: &'a Message,
    pub(crate) in_doubt: InDoubt,
    pub(crate) before_end: &'a BeforeEnd,
}

impl Parcel<'_> {
    /// Sends it; those who were put off are tried again for a moment.
    pub(crate) async fn deliver(&self, server: &Server) -> Result<Delivery, Problem> {
        let start = Instant::now();
        let mut delivery = Delivery::default();
        let mut pauses = PAUSES.into_iter();
        let mut waiting: Vec<&Address> = self.to.iter().collect();
        // Those who were put off, with the last thing said about them.
        let mut later: Vec<(&Address, Reply)> = Vec::new();
        while !waiting.is_empty() {
            let envelope = Envelope {
                from: self.from,
                to: &waiting,
                partial: self.partial,
                needs_utf8: self.needs_utf8(),
                in_doubt: self.in_doubt,
                before_end: self.before_end,
            };
            let taken = match server.send(&envelope, self.message).await {
                Ok(taken) => taken,
                Err(problem) if delivery.accepted.is_empty() => return Err(problem),
                Err(problem) => {
                    delivery.give_up(&waiting, &problem);
                    break;
                }
            };
            let is_sent = taken.reply.is_some();
            let n_refused = taken.refused.len();
            let told = taken.refused.into_iter().map(|(at, reply)| (waiting[at], reply));
            if !is_sent && delivery.accepted.is_empty() {
                let rejected = told.map(|(it, reply)| Rejected::new(it, &reply)).collect();
                return Err(Problem::Recipients(rejected, server.label()));
            }
            if let Some(reply) = taken.reply {
                delivery.reply = reply.to_string();
                delivery.accepted.extend(taken.accepted.iter().map(|at| waiting[*at].to_string()));
            }
            let mut next = Vec::with_capacity(n_refused);
            for (address, reply) in told {
                if reply.is_too_many() && is_sent {
                    next.push(address);
                } else if reply.is_transient() {
                    later.push((address, reply));
                } else {
                    delivery.rejected.push(Rejected::new(address, &reply));
                }
            }
            if next.is_empty() && !later.is_empty() {
                let Some(pause) = pauses.next().filter(|it| start.elapsed() + *it < AGAIN_MAX)
                else {
                    break;
                };
                time::sleep(pause).await;
                next = later.drain(..).map(|(address, _)| address).collect();
            }
            waiting = next;
        }
        delivery.rejected.extend(later.iter().map(|(it, reply)| Rejected::new(it, reply)));
        Ok(delivery)
    }

    fn needs_utf8(&self) -> bool {
        self.from.needs_utf8()
            || self.to.iter().any(Address::needs_utf8)
            || !self.message.headers.is_ascii()
    }
}

impl Delivery {
    fn give_up(&mut self, waiting: &[&Address], problem: &Problem) {
        let text = problem.to_string();
        let code = match problem {
            Problem::Smtp(trouble, _) => trouble.reply().map_or(CODE_LOST, |it| it.code),
            Problem::Failure(_) | Problem::Recipients(..) => CODE_LOST,
        };
        self.rejected.extend(waiting.iter().map(|it| Rejected {
            address: it.to_string(),
            code,
            text: text.clone(),
        }));
    }
}

impl Rejected {
    fn new(address: &Address, reply: &Reply) -> Self {
        Self { address: address.to_string(), code: reply.code, text: reply.text() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failure(failure) => write!(f, "{failure}"),
            Self::Smtp(trouble, server) => write!(f, "{server}: {trouble}"),
            Self::Recipients(rejected, server) => {
                let first = rejected.first();
                let first = first.map(|it| format!("{}: {} {}", it.address, it.code, it.text));
                write!(f, "{server}: RCPT {}", first.unwrap_or_default())?;
                match rejected.len() {
                    0 | 1 => Ok(()),
                    n => write!(f, " (and {} more recipients)", n - 1),
                }
            }
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let text = problem.to_string();
        match problem {
            Problem::Failure(failure) => failure,
            Problem::Smtp(trouble, server) => trouble::classify(trouble, &server),
            Problem::Recipients(rejected, _) => {
                let code = ErrorCode::EmailSendError;
                // One who was put off may be welcome later, and then the mail goes to that one.
                let is_transient = rejected.iter().any(|it| (400..500).contains(&it.code));
                let codes: std::collections::BTreeSet<_> =
                    rejected.iter().map(|it| it.code).collect();
                let codes: Vec<_> = codes.iter().map(u16::to_string).collect();
                let outputs = [("rejected".to_owned(), json!(rejected))].into_iter().collect();
                let failure = if is_transient {
                    Self::transient(code, anyhow::anyhow!(text)).with_status(503)
                } else {
                    Self::business(code, text).with_status(400)
                };
                failure.with_outputs(outputs).with_note(format!("RCPT: {}", codes.join(", ")))
            }
        }
    }
}
