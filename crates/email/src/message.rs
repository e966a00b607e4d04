//! A mail as the servers see it: headers and a body, encoded while it is sent.

pub(crate) mod body;
pub(crate) mod header;
pub(crate) mod octets;
pub(crate) mod part;
pub(crate) mod text;

use std::io;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use futures_util::{Stream, stream};
use schemars::JsonSchema;
use serde::Deserialize;
use time::{OffsetDateTime, format_description::well_known::Rfc2822};
use tokio::task;

use self::{
    body::Body,
    header::Headers,
    part::{Boundaries, Enclosure, Part},
    text::Charset,
};
use crate::address::Mailbox;

/// Everything that a mail is made of; all texts are checked.
pub(crate) struct Mail {
    pub(crate) from: Mailbox,
    pub(crate) to: Vec<Mailbox>,
    pub(crate) cc: Vec<Mailbox>,
    pub(crate) reply_to: Vec<Mailbox>,
    pub(crate) subject: String,
    /// With angle brackets.
    pub(crate) message_id: String,
    pub(crate) in_reply_to: Option<String>,
    pub(crate) references: Vec<String>,
    pub(crate) priority: Option<Priority>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: Option<String>,
    pub(crate) html: Option<String>,
    pub(crate) charset: Charset,
    /// By content id.
    pub(crate) inline: Vec<(String, Enclosure)>,
    pub(crate) attachments: Vec<Enclosure>,
    pub(crate) invitation: Option<Invitation>,
    pub(crate) date: OffsetDateTime,
}

/// How urgent a mail says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Priority {
    High,
    Normal,
    Low,
}

/// A calendar part (RFC 6047 §2.4).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Invitation {
    /// `REQUEST`, `CANCEL` and the like, in capital letters.
    pub(crate) method: String,
    pub(crate) text: String,
}

/// A finished mail.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Header fields, each ended by CRLF.
    pub(crate) headers: String,
    bodies: Vec<Body>,
    /// A text did not fit the charset that was asked for.
    pub(crate) is_charset_changed: bool,
}

impl Mail {
    /// Puts it together; the same mail gives the same octets.
    pub(crate) fn build(&self) -> Message {
        let mut boundaries = Boundaries::new(fingerprint(&self.message_id));
        let mut is_charset_changed = false;
        let content = self.content(&mut boundaries, &mut is_charset_changed);
        let (part, bodies) = content.into_bodies();
        let mut headers = self.headers();
        headers.tokens("MIME-Version", "1.0");
        Message { headers: headers.into_text() + &part.into_text(), bodies, is_charset_changed }
    }

    fn headers(&self) -> Headers {
        let mut headers = Headers::default();
        headers.mailboxes("From", std::slice::from_ref(&self.from));
        headers.mailboxes("To", &self.to);
        headers.mailboxes("Cc", &self.cc);
        headers.mailboxes("Reply-To", &self.reply_to);
        headers.text("Subject", &self.subject);
        let date = self.date.format(&Rfc2822);
        headers
            .tokens("Date", &date.unwrap_or_else(|error| unreachable!("a date of today: {error}")));
        headers.tokens("Message-ID", &self.message_id);
        if let Some(id) = &self.in_reply_to {
            headers.tokens("In-Reply-To", id);
        }
        if !self.references.is_empty() {
            headers.tokens("References", &self.references.join(" "));
        }
        match self.priority {
            Some(Priority::High) => {
                headers.tokens("X-Priority", "1 (Highest)");
                headers.tokens("Importance", "high");
            }
            Some(Priority::Low) => {
                headers.tokens("X-Priority", "5 (Lowest)");
                headers.tokens("Importance", "low");
            }
            Some(Priority::Normal) => headers.tokens("Importance", "normal"),
            None => {}
        }
        for (name, value) in &self.headers {
            headers.text(name, value);
        }
        headers
    }

    /// Alternative texts, with inline files around the HTML, with attachments around all of it.
    fn content(&self, boundaries: &mut Boundaries, is_charset_changed: &mut bool) -> Part {
        let mut text = |mime_type: &str, content: &str| {
            let (part, is_changed) = Part::text(mime_type, content, self.charset);
            *is_charset_changed |= is_changed;
            part
        };
        let mut alternatives = Vec::new();
        if let Some(content) = &self.text {
            alternatives.push(text("text/plain", content));
        }
        if let Some(content) = &self.html {
            let html = text("text/html", content);
            alternatives.push(if self.inline.is_empty() {
                html
            } else {
                let inline = self.inline.iter().map(|(id, it)| Part::inline(it, id));
                let parts = std::iter::once(html).chain(inline).collect();
                Part::multiple("related", "; type=\"text/html\"", parts, boundaries)
            });
        }
        if let Some(Invitation { method, text }) = &self.invitation {
            // RFC 6047 §2.4: always UTF-8, whatever the other texts are in.
            let mime_type = format!("text/calendar; method={method}");
            alternatives.push(Part::text(&mime_type, text, Charset::default()).0);
        }
        if alternatives.is_empty() {
            alternatives.push(text("text/plain", ""));
        }
        let body = match <[Part; 1]>::try_from(alternatives) {
            Ok([only]) => only,
            Err(several) => Part::multiple("alternative", "", several, boundaries),
        };
        if self.attachments.is_empty() {
            return body;
        }
        let parts = self.attachments.iter().map(Part::attachment);
        let parts = std::iter::once(body).chain(parts).collect();
        Part::multiple("mixed", "", parts, boundaries)
    }
}

impl Message {
    /// Octets as sent.
    pub(crate) fn len(&self) -> usize {
        self.headers.len() + 2 + self.bodies.iter().map(Body::len).sum::<usize>()
    }

    /// Whether parts of it are read from the disk, which may keep whoever does that waiting.
    pub(crate) fn is_on_disk(&self) -> bool {
        self.bodies.iter().any(Body::is_on_disk)
    }

    /// The body after the blank line, in pieces that begin at a line's beginning; the same ones every time.
    pub(crate) fn body_chunks(
        &self,
    ) -> impl Iterator<Item = io::Result<Bytes>> + Send + 'static + use<> {
        self.bodies.clone().into_iter().flat_map(Body::into_chunks)
    }

    /// All of it.
    pub(crate) fn chunks(
        &self,
    ) -> impl Iterator<Item = io::Result<Bytes>> + Send + 'static + use<> {
        let headers = Bytes::from(format!("{}\r\n", self.headers));
        std::iter::once(Ok(headers)).chain(self.body_chunks())
    }

    /// All of it; what has to be read from the disk is read, and encoded, where that keeps nobody else waiting.
    pub(crate) fn stream(&self) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        let is_on_disk = self.is_on_disk();
        stream::try_unfold(self.chunks(), move |mut chunks| async move {
            let next = move || Ok(chunks.next().transpose()?.map(|it| (it, chunks)));
            if is_on_disk {
                return task::spawn_blocking(next).await.map_err(io::Error::other)?;
            }
            next()
        })
    }

    /// As a file.
    pub(crate) fn eml(&self) -> io::Result<String> {
        let mut octets = Vec::with_capacity(self.len());
        for chunk in self.chunks() {
            octets.extend_from_slice(&chunk?);
        }
        Ok(String::from_utf8_lossy(&octets).into_owned())
    }
}

/// The same for the same text, and made of letters and digits only.
pub(crate) fn fingerprint(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let hash = digest(&SHA256, text.as_bytes());
    hash.as_ref()[..12]
        .iter()
        .flat_map(|it| [it >> 4, it & 15])
        .map(|it| char::from(HEX[usize::from(it)]))
        .collect()
}

#[cfg(test)]
mod tests;
