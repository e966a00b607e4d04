//! What can go wrong in a conversation, and what that means for the process (`answers.md` 10).

use std::{fmt, io, time::Duration};

use common::Failure;

use crate::{error::ErrorCode, smtp::reply::Reply};

/// What was being done with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(crate) enum Step {
    Lookup,
    Connect,
    Handshake,
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// While the mail was on its way.
    Body,
    /// After the mail's end was sent: from here on it may have been delivered.
    End,
}

/// What happens when nobody can know whether the server has taken the mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InDoubt {
    /// It is told, and never sent twice.
    Fail,
    /// It is sent again, with the same Message-ID.
    Resend,
}

/// Why a conversation ended.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) step: Step,
    pub(crate) kind: Kind,
    pub(crate) in_doubt: InDoubt,
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// Nothing came for as long as the setting allows.
    Silent(Duration),
    /// The connection was lost.
    Lost(io::Error),
    /// The server said no.
    Refused(Reply),
    /// What came is not SMTP.
    Garbled(String),
    /// Trust or encryption; trying again does not help.
    Untrusted(String),
    /// The server cannot do what is needed, or the settings forbid what would be needed.
    Lacking(String),
    /// It must not be sent now, for reasons of our own, which are handed on as they are.
    Held(Failure),
}

impl Trouble {
    pub(crate) fn new(step: Step, kind: Kind) -> Self {
        Self { step, kind, in_doubt: InDoubt::Fail }
    }

    /// What the server said, where that is the trouble.
    pub(crate) fn reply(&self) -> Option<&Reply> {
        match &self.kind {
            Kind::Refused(reply) => Some(reply),
            Kind::Silent(_)
            | Kind::Lost(_)
            | Kind::Garbled(_)
            | Kind::Untrusted(_)
            | Kind::Lacking(_)
            | Kind::Held(_) => None,
        }
    }

    /// Whether the mail may have been delivered in spite of it.
    pub(crate) fn may_have_happened(&self) -> bool {
        match self.kind {
            Kind::Silent(_) | Kind::Lost(_) | Kind::Garbled(_) => self.step == Step::End,
            Kind::Refused(_) | Kind::Untrusted(_) | Kind::Lacking(_) | Kind::Held(_) => false,
        }
    }

    /// Whether a connection that was open before may have been closed by the server in the meantime.
    pub(crate) fn is_loss_before_any_effect(&self) -> bool {
        let is_loss = match &self.kind {
            Kind::Lost(_) => true,
            Kind::Refused(reply) => reply.is_farewell(),
            Kind::Silent(_)
            | Kind::Garbled(_)
            | Kind::Untrusted(_)
            | Kind::Lacking(_)
            | Kind::Held(_) => false,
        };
        is_loss && self.step == Step::Mail
    }

    fn code(&self) -> ErrorCode {
        match (self.step, &self.kind) {
            (Step::Auth, Kind::Refused(_) | Kind::Lacking(_)) => {
                ErrorCode::EmailAuthenticationError
            }
            (step, _) if step < Step::Mail => ErrorCode::EmailConnectionError,
            _ => ErrorCode::EmailSendError,
        }
    }

    fn is_transient(&self) -> bool {
        if self.may_have_happened() {
            return self.in_doubt == InDoubt::Resend;
        }
        match &self.kind {
            Kind::Silent(_) | Kind::Lost(_) => true,
            Kind::Refused(reply) => reply.is_transient(),
            Kind::Garbled(_) | Kind::Untrusted(_) | Kind::Lacking(_) | Kind::Held(_) => false,
        }
    }
}

/// That the server goes along.
pub(crate) fn expect(step: Step, reply: Reply) -> Result<(), Trouble> {
    match reply.code {
        200..=299 => Ok(()),
        _ => Err(unexpected(step, reply)),
    }
}

/// What a reply is that should have been another.
pub(crate) fn unexpected(step: Step, reply: Reply) -> Trouble {
    if reply.is_positive() {
        return Trouble::new(step, Kind::Garbled(format!("`{reply}`")));
    }
    Trouble::new(step, Kind::Refused(reply))
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, kind, .. } = self;
        match kind {
            Kind::Silent(limit) => write!(f, "{step}: no answer within {limit:?} (EMAIL_TIMEOUT)"),
            Kind::Lost(error) => match error.kind() {
                io::ErrorKind::UnexpectedEof => {
                    write!(f, "{step}: the server closed the connection")
                }
                _ => write!(f, "{step}: {error}"),
            },
            Kind::Refused(reply) => write!(f, "{step}: {reply}"),
            Kind::Garbled(text) => write!(f, "{step}: this is no SMTP server: {text}"),
            Kind::Untrusted(text) | Kind::Lacking(text) => write!(f, "{step}: {text}"),
            Kind::Held(failure) => write!(f, "{step}: {failure}"),
        }?;
        if self.may_have_happened() {
            write!(
                f,
                "; the mail may have been sent: a second one would have the same Message-ID"
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lookup => "looking the name up",
            Self::Connect => "connecting",
            Self::Handshake => "TLS",
            Self::Greeting => "greeting",
            Self::Ehlo => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Body => "sending",
            Self::End => "end of mail",
        })
    }
}

/// HTTP statuses for callers over HTTP: what is no 5xx is not tried again by them (`spiffarena-connector-proxy.md` §6).
const STATUS_REFUSED: u16 = 400;
const STATUS_UNAUTHORIZED: u16 = 401;
const STATUS_AMBIGUOUS: u16 = 409;
const STATUS_TRY_AGAIN: u16 = 503;

/// What it means for the process; `server` names the server in the text.
pub(crate) fn classify(trouble: Trouble, server: &str) -> Failure {
    let text = format!("{server}: {trouble}");
    let code = trouble.code();
    let note = match &trouble.kind {
        Kind::Silent(_) => format!("{}: silent", trouble.step),
        Kind::Lost(error) => format!("{}: {:?}", trouble.step, error.kind()),
        Kind::Refused(reply) => format!("{}: {}", trouble.step, reply.code),
        Kind::Garbled(_) => format!("{}: no SMTP", trouble.step),
        Kind::Untrusted(text) | Kind::Lacking(text) => format!("{}: {text}", trouble.step),
        Kind::Held(_) => String::new(),
    };
    if let Kind::Held(failure) = trouble.kind {
        return failure;
    }
    let failure = if trouble.is_transient() {
        Failure::transient(code, anyhow::anyhow!(text)).with_status(STATUS_TRY_AGAIN)
    } else if trouble.may_have_happened() {
        Failure::permanent(code, anyhow::anyhow!(text)).with_status(STATUS_AMBIGUOUS)
    } else if trouble.step >= Step::Mail {
        Failure::business(code, text).with_status(STATUS_REFUSED)
    } else {
        let is_login = code == ErrorCode::EmailAuthenticationError;
        let status = if is_login { STATUS_UNAUTHORIZED } else { STATUS_REFUSED };
        Failure::permanent(code, anyhow::anyhow!(text)).with_status(status)
    };
    failure.with_note(note)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16) -> Kind {
        Kind::Refused(Reply { code, lines: vec!["x".to_owned()] })
    }

    fn lost() -> Kind {
        Kind::Lost(io::ErrorKind::UnexpectedEof.into())
    }

    fn check(step: Step, kind: Kind, expected: (&str, &str, u16)) {
        let text = format!("{step} {kind:?}");
        let failure = classify(Trouble::new(step, kind), "smtp.example.org:587");
        let status = failure.report().status.unwrap();
        assert_eq!((failure.kind(), failure.code(), status), expected, "{text}");
    }

    #[test]
    fn every_trouble_has_its_code_and_whether_it_is_tried_again() {
        let (connection, login, send) =
            ("EMAIL_CONNECTION_ERROR", "EMAIL_AUTHENTICATION_ERROR", "EMAIL_SEND_ERROR");
        let silent = || Kind::Silent(Duration::from_secs(20));
        for step in [Step::Connect, Step::Greeting, Step::Ehlo, Step::StartTls, Step::Auth] {
            check(step, silent(), ("transient", connection, 503));
            check(step, lost(), ("transient", connection, 503));
        }
        for step in [Step::Mail, Step::Rcpt, Step::Data, Step::Body] {
            check(step, silent(), ("transient", send, 503));
            check(step, lost(), ("transient", send, 503));
            check(step, reply(451), ("transient", send, 503));
            check(step, reply(550), ("business", send, 400));
        }
        check(Step::Greeting, reply(421), ("transient", connection, 503));
        check(Step::Greeting, reply(554), ("permanent", connection, 400));
        check(Step::Greeting, Kind::Garbled("`x`".to_owned()), ("permanent", connection, 400));
        check(Step::StartTls, Kind::Lacking("x".to_owned()), ("permanent", connection, 400));
        check(Step::Handshake, Kind::Untrusted("x".to_owned()), ("permanent", connection, 400));
        check(Step::Auth, reply(535), ("permanent", login, 401));
        check(Step::Auth, reply(454), ("transient", login, 503));
        check(Step::Auth, Kind::Lacking("x".to_owned()), ("permanent", login, 401));
        check(Step::End, reply(452), ("transient", send, 503));
        check(Step::End, reply(554), ("business", send, 400));
        check(Step::End, lost(), ("permanent", send, 409));
        check(Step::End, silent(), ("permanent", send, 409));
        check(Step::End, Kind::Garbled("`x`".to_owned()), ("permanent", send, 409));
    }

    #[test]
    fn what_is_in_doubt_is_tried_again_where_that_is_wanted() {
        for (step, kind, expected) in [
            (Step::End, lost(), ("transient", 503)),
            (Step::End, Kind::Silent(Duration::from_secs(20)), ("transient", 503)),
            (Step::End, Kind::Garbled("`x`".to_owned()), ("transient", 503)),
            (Step::End, reply(554), ("business", 400)),
            (Step::Greeting, Kind::Garbled("`x`".to_owned()), ("permanent", 400)),
        ] {
            let shown = format!("{step}: {kind:?}");
            let trouble = Trouble { in_doubt: InDoubt::Resend, ..Trouble::new(step, kind) };
            let failure = classify(trouble, "h:1");
            let told = (failure.kind(), failure.report().status.unwrap());
            assert_eq!(told, expected, "{shown}");
        }
    }

    #[test]
    fn a_text_names_server_step_and_reply() {
        let trouble = Trouble::new(Step::Auth, reply(535));
        assert_eq!(
            classify(trouble, "smtp.example.org:587").to_string(),
            "EMAIL_AUTHENTICATION_ERROR: smtp.example.org:587: AUTH: 535 x"
        );
    }
}
