//! One conversation: mails, one after the other.

use std::pin::pin;

use common::Failure;
use futures_util::{TryStreamExt, future::BoxFuture};

use crate::{
    address::Address,
    error,
    message::Message,
    smtp::{
        features::Features,
        reply::Reply,
        stuffing::append_stuffed,
        trouble::{InDoubt, Kind, Step, Trouble, expect, unexpected},
        wire::Wire,
    },
};

/// Commands that are sent ahead of their replies (RFC 2920); more could block both sides.
const PIPELINE_MAX: usize = 100;
/// Octets that are put together before they are sent.
const SEND_BYTES: usize = 64 * 1024;

/// From whom to whom, apart from what the headers say.
pub(crate) struct Envelope<'a> {
    pub(crate) from: &'a Address,
    pub(crate) to: &'a [&'a Address],
    /// Whether the mail goes to some when others are refused.
    pub(crate) partial: Partial,
    /// Whether an address or a header is not ASCII (RFC 6531).
    pub(crate) needs_utf8: bool,
    pub(crate) in_doubt: InDoubt,
    /// Called when the end of the mail is about to be sent; its failure keeps that from happening.
    pub(crate) before_end: &'a BeforeEnd,
}

/// Keeps in mind that the mail may have been delivered from now on.
pub(crate) type BeforeEnd = dyn Fn() -> BoxFuture<'static, Result<(), Failure>> + Send + Sync;

/// What happens when some recipients are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Partial {
    Send,
    Fail,
}

/// What became of a mail.
#[derive(Debug)]
pub(crate) struct Taken {
    /// By their place in the envelope.
    pub(crate) accepted: Vec<usize>,
    pub(crate) refused: Vec<(usize, Reply)>,
    /// The server's last word; none where nothing was sent for lack of recipients.
    pub(crate) reply: Option<Reply>,
}

/// A server that has let us in.
pub(crate) struct Session {
    wire: Wire,
    features: Features,
    /// Whether the next mail can go over this connection.
    pub(crate) is_usable: bool,
    pub(crate) is_encrypted: bool,
}

impl Session {
    /// One that has been opened.
    pub(crate) fn new(wire: Wire, features: Features, is_encrypted: bool) -> Self {
        Self { wire, features, is_usable: true, is_encrypted }
    }

    pub(crate) fn features(&self) -> &Features {
        &self.features
    }

    /// Whether the server has neither hung up nor said anything by itself.
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.is_usable && self.wire.is_quiet()
    }

    /// Sends one mail.
    pub(crate) async fn send(
        &mut self,
        envelope: &Envelope<'_>,
        message: &Message,
    ) -> Result<Taken, Trouble> {
        self.check(envelope, message)?;
        // Whatever ends this early leaves the conversation in the middle.
        self.is_usable = false;
        let sent = self.transaction(envelope, message).await;
        let sent = sent.map_err(|it| Trouble { in_doubt: envelope.in_doubt, ..it });
        self.is_usable = match &sent {
            Ok(_) => true,
            Err(Trouble {
                kind: Kind::Refused(reply),
                step: Step::Mail | Step::Data | Step::End,
                ..
            }) => !reply.is_farewell(),
            Err(_) => false,
        };
        let is_over = matches!(
            &sent,
            Ok(Taken { reply: Some(_), .. }) | Err(Trouble { step: Step::End, .. })
        );
        if self.is_usable && !is_over {
            self.is_usable = self.reset().await.is_ok();
        }
        sent
    }

    /// Says goodbye; what the server answers does not matter.
    pub(crate) async fn quit(mut self) {
        drop(self.wire.exchange(Step::End, b"QUIT\r\n").await);
    }

    fn check(&self, envelope: &Envelope<'_>, message: &Message) -> Result<(), Trouble> {
        let lacking = |text| Err(Trouble::new(Step::Mail, Kind::Lacking(text)));
        if envelope.needs_utf8 && !self.features.has("SMTPUTF8") {
            return lacking(
                "the server takes no addresses with letters beyond ASCII (SMTPUTF8)".to_owned(),
            );
        }
        let length = message.len();
        match self.features.size_max {
            Some(max) if length > max => lacking(format!(
                "the mail has {length} bytes, and the server takes {max} at most (SIZE)"
            )),
            Some(_) | None => Ok(()),
        }
    }

    async fn transaction(
        &mut self,
        envelope: &Envelope<'_>,
        message: &Message,
    ) -> Result<Taken, Trouble> {
        let (accepted, refused) = self.envelope(envelope, message).await?;
        let is_all = refused.is_empty() || envelope.partial == Partial::Send;
        if accepted.is_empty() || !is_all {
            return Ok(Taken { accepted, refused, reply: None });
        }
        let go = self.wire.exchange(Step::Data, b"DATA\r\n").await?;
        if go.code != 354 {
            return Err(unexpected(Step::Data, go));
        }
        let reply = self.content(message, envelope.before_end).await?;
        Ok(Taken { accepted, refused, reply: Some(reply) })
    }

    /// Tells sender and recipients, and who of them is welcome.
    async fn envelope(
        &mut self,
        envelope: &Envelope<'_>,
        message: &Message,
    ) -> Result<(Vec<usize>, Vec<(usize, Reply)>), Trouble> {
        let mut commands = format!("MAIL FROM:<{}>", envelope.from);
        if self.features.size_max.is_some() {
            commands.extend([" SIZE=", &message.len().to_string()]);
        }
        if envelope.needs_utf8 {
            commands += " BODY=8BITMIME SMTPUTF8";
        }
        commands += "\r\n";
        let window = if self.features.has("PIPELINING") { PIPELINE_MAX } else { 1 };
        if window == 1 {
            expect(Step::Mail, self.wire.exchange(Step::Mail, commands.as_bytes()).await?)?;
            commands.clear();
        }
        let (mut accepted, mut refused) = (Vec::new(), Vec::new());
        let mut is_first = window > 1;
        for (n, recipients) in envelope.to.chunks(window).enumerate() {
            for recipient in recipients {
                commands.extend(["RCPT TO:<", &recipient.to_string(), ">\r\n"]);
            }
            let step = if is_first { Step::Mail } else { Step::Rcpt };
            self.wire.send(step, commands.as_bytes()).await?;
            commands.clear();
            if is_first {
                let welcome = self.wire.reply(Step::Mail).await?;
                if !welcome.is_positive() && !welcome.is_farewell() {
                    // The recipients are refused for lack of a sender; their replies must not be taken for others.
                    for _ in recipients {
                        self.wire.reply(Step::Mail).await?;
                    }
                }
                expect(Step::Mail, welcome)?;
                is_first = false;
            }
            for at in (n * window)..(n * window + recipients.len()) {
                let reply = self.wire.reply(Step::Rcpt).await?;
                match reply.code {
                    200..=299 => accepted.push(at),
                    421 => return Err(Trouble::new(Step::Rcpt, Kind::Refused(reply))),
                    400..=599 => refused.push((at, reply)),
                    _ => return Err(unexpected(Step::Rcpt, reply)),
                }
            }
            let full = refused.iter().find(|(_, reply)| reply.is_too_many());
            if let Some((_, reply)) = full.filter(|_| !accepted.is_empty()) {
                // Those who were not asked for yet are for the next mail.
                let (first, reply) = (n * window + recipients.len(), reply.clone());
                refused.extend((first..envelope.to.len()).map(|at| (at, reply.clone())));
                break;
            }
        }
        Ok((accepted, refused))
    }

    /// Sends the mail itself, with a second dot before each one that begins a line (RFC 5321 §4.5.2).
    async fn content(
        &mut self,
        message: &Message,
        before_end: &BeforeEnd,
    ) -> Result<Reply, Trouble> {
        let mut waiting = Vec::with_capacity(SEND_BYTES.min(message.len() + 16));
        let mut chunks = pin!(message.stream());
        let unread = |it| Trouble::new(Step::Body, Kind::Held(error::of_unread(it)));
        while let Some(chunk) = chunks.try_next().await.map_err(unread)? {
            if waiting.len() + chunk.len() > SEND_BYTES && !waiting.is_empty() {
                self.wire.send(Step::Body, &waiting).await?;
                waiting.clear();
            }
            append_stuffed(&mut waiting, &chunk);
        }
        waiting.extend_from_slice(b".\r\n");
        before_end().await.map_err(|it| Trouble::new(Step::Body, Kind::Held(it)))?;
        let reply = self.wire.exchange(Step::End, &waiting).await?;
        match reply.code {
            200..=299 => Ok(reply),
            _ => Err(unexpected(Step::End, reply)),
        }
    }

    async fn reset(&mut self) -> Result<(), Trouble> {
        expect(Step::Mail, self.wire.exchange(Step::Mail, b"RSET\r\n").await?)
    }
}
