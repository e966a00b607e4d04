//! Parts of a mail and how they are nested (RFC 2046 §5.1, RFC 2387).

use crate::message::{
    body::Body,
    header::Headers,
    octets::Octets,
    text::{self, Charset},
};

/// A part with its headers.
pub(crate) struct Part {
    pub(crate) headers: Headers,
    content: Content,
}

enum Content {
    Single(Body),
    Multiple { boundary: String, parts: Vec<Part> },
}

/// A file that travels in a mail.
#[derive(Clone, Debug)]
pub(crate) struct Enclosure {
    pub(crate) name: String,
    pub(crate) mime_type: String,
    pub(crate) octets: Octets,
}

/// Names boundaries, which no content can hold: neither encoding has a line with `--=_`, and text that has is encoded.
pub(crate) struct Boundaries {
    seed: String,
    n: usize,
}

impl Part {
    /// A text part, and whether its charset had to be another one.
    pub(crate) fn text(mime_type: &str, content: &str, charset: Charset) -> (Self, bool) {
        let encoded = text::encode(content, charset);
        let mut headers = Headers::default();
        headers.tokens("Content-Type", &format!("{mime_type}; charset={}", encoded.charset));
        headers.tokens("Content-Transfer-Encoding", encoded.transfer);
        (Self { headers, content: Content::Single(encoded.body) }, encoded.is_fallback)
    }

    pub(crate) fn attachment(enclosure: &Enclosure) -> Self {
        Self::file(enclosure, "attachment")
    }

    /// A file that the HTML part shows by `cid:`.
    pub(crate) fn inline(enclosure: &Enclosure, content_id: &str) -> Self {
        let mut part = Self::file(enclosure, "inline");
        part.headers.tokens("Content-ID", &format!("<{content_id}>"));
        part
    }

    fn file(enclosure: &Enclosure, disposition: &str) -> Self {
        let Enclosure { name, mime_type, octets } = enclosure;
        let mut headers = Headers::default();
        // RFC 2046 §5.2.1 allows no base64 around a message, so that a mail as attachment goes as a file.
        let is_message = mime_type.to_ascii_lowercase().starts_with("message/");
        let is_multipart = mime_type.to_ascii_lowercase().starts_with("multipart/");
        let mime_type =
            if is_message || is_multipart { "application/octet-stream" } else { mime_type };
        headers.with_parameters("Content-Type", mime_type, &[("name", name)]);
        headers.tokens("Content-Transfer-Encoding", "base64");
        headers.with_parameters("Content-Disposition", disposition, &[("filename", name)]);
        Self { headers, content: Content::Single(Body::base64(octets.clone())) }
    }

    /// `multipart/<subtype>`; `parameters` begin with `; `.
    pub(crate) fn multiple(
        subtype: &str,
        parameters: &str,
        parts: Vec<Self>,
        boundaries: &mut Boundaries,
    ) -> Self {
        let boundary = boundaries.next();
        let mut headers = Headers::default();
        let value = format!("multipart/{subtype}; boundary=\"{boundary}\"{parameters}");
        headers.tokens("Content-Type", &value);
        Self { headers, content: Content::Multiple { boundary, parts } }
    }

    /// The part after its headers.
    pub(crate) fn into_bodies(self) -> (Headers, Vec<Body>) {
        let mut bodies = Vec::new();
        let mut lines = String::new();
        let headers = self.headers;
        flatten(self.content, &mut lines, &mut bodies);
        if !lines.is_empty() {
            bodies.push(Body::lines(lines.into_bytes()));
        }
        (headers, bodies)
    }
}

impl Boundaries {
    pub(crate) fn new(seed: String) -> Self {
        Self { seed, n: 0 }
    }

    fn next(&mut self) -> String {
        self.n += 1;
        format!("=_{}_{}", self.n, self.seed)
    }
}

/// Collects what is short in `lines`, so that a mail is few pieces.
fn flatten(content: Content, lines: &mut String, bodies: &mut Vec<Body>) {
    match content {
        Content::Single(body) => {
            if !lines.is_empty() {
                bodies.push(Body::lines(std::mem::take(lines).into_bytes()));
            }
            bodies.push(body);
        }
        Content::Multiple { boundary, parts } => {
            for part in parts {
                lines.extend(["--", &boundary, "\r\n", &part.headers.into_text(), "\r\n"]);
                flatten(part.content, lines, bodies);
            }
            lines.extend(["--", &boundary, "--\r\n"]);
        }
    }
}
