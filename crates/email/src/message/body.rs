//! Content of parts, encoded while it is sent: an attachment is there once, as it came.

use std::io;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;

use crate::message::octets::Octets;

/// Octets that become one line of base64 (RFC 2045 §6.8: 76 characters).
const LINE_OCTETS: usize = 57;
/// Octets that are encoded at once.
const CHUNK_OCTETS: usize = LINE_OCTETS * 512;
/// Characters of a full line with its end.
const LINE_CHARACTERS: usize = LINE_OCTETS / 3 * 4 + 2;

/// Octets of a mail; each one ends a line.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// Lines that go as they are.
    Lines(Bytes),
    /// Octets that go as lines of base64.
    Base64(Octets),
}

impl Body {
    pub(crate) fn lines(lines: Vec<u8>) -> Self {
        Self::Lines(lines.into())
    }

    pub(crate) fn base64(octets: Octets) -> Self {
        Self::Base64(octets)
    }

    pub(crate) fn is_on_disk(&self) -> bool {
        match self {
            Self::Lines(_) => false,
            Self::Base64(octets) => octets.is_on_disk(),
        }
    }

    /// Octets as sent.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Lines(lines) => lines.len(),
            Self::Base64(octets) => {
                let rest = octets.len() % LINE_OCTETS;
                let last = if rest == 0 { 0 } else { rest.div_ceil(3) * 4 + 2 };
                octets.len() / LINE_OCTETS * LINE_CHARACTERS + last
            }
        }
    }

    /// The octets as sent, in pieces of some ten kilobytes that begin at a line's beginning.
    pub(crate) fn into_chunks(self) -> impl Iterator<Item = io::Result<Bytes>> + Send + 'static {
        let (lines, octets) = match self {
            Self::Lines(lines) => (Some(Ok(lines)), Octets::Held(Bytes::new())),
            Self::Base64(octets) => (None, octets),
        };
        let n_chunks = octets.len().div_ceil(CHUNK_OCTETS);
        let encoded = (0..n_chunks).map(move |n| {
            let end = octets.len().min((n + 1) * CHUNK_OCTETS);
            Ok(base64_lines(&octets.read(n * CHUNK_OCTETS..end)?).into())
        });
        lines.into_iter().chain(encoded)
    }
}

fn base64_lines(octets: &[u8]) -> Vec<u8> {
    let mut out = vec![0; octets.len().div_ceil(LINE_OCTETS) * LINE_CHARACTERS];
    let mut at = 0;
    for line in octets.chunks(LINE_OCTETS) {
        at += BASE64_STANDARD
            .encode_slice(line, &mut out[at..])
            .unwrap_or_else(|error| unreachable!("there is room for the line: {error}"));
        out[at..at + 2].copy_from_slice(b"\r\n");
        at += 2;
    }
    out.truncate(at);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_short_lines_and_the_length_that_was_said() {
        for n in [0, 1, 2, 56, 57, 58, 113, 114, 115, CHUNK_OCTETS, CHUNK_OCTETS + 1, 100_000] {
            let octets: Vec<_> = (0..n).map(|it| u8::try_from(it % 251).unwrap()).collect();
            let body = Body::base64(Octets::Held(octets.clone().into()));
            let length = body.len();
            let sent: Vec<_> = body.into_chunks().flat_map(Result::unwrap).collect();
            assert_eq!(sent.len(), length, "{n}");
            let text = String::from_utf8(sent).unwrap();
            assert!(text.is_empty() || text.ends_with("\r\n"), "{n}");
            assert!(text.split("\r\n").all(|it| it.len() <= 76), "{n}");
            assert_eq!(BASE64_STANDARD.decode(text.replace("\r\n", "")).unwrap(), octets, "{n}");
        }
    }
}
