//! `multipart/form-data` (RFC 7578) as Gotenberg wants it: fields, and files by flat names.

use std::fmt::Write as _;

use bytes::Bytes;
use uuid::Uuid;

use super::Fields;
use crate::worker::Blob;

/// What is sent.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub(crate) fields: Fields,
    /// Gotenberg tells them apart by their names; those are of ASCII letters, digits, dots and hyphens.
    pub(crate) files: Vec<Blob>,
}

impl Form {
    /// The body and its content type.
    pub(super) fn encoded(&self) -> (Bytes, String) {
        let boundary = Uuid::new_v4().simple().to_string();
        let n_bytes: usize = self.files.iter().map(|it| it.bytes.len() + 256).sum();
        let mut body = Vec::with_capacity(n_bytes + self.fields.len() * 128 + 64);
        let mut head = String::new();
        for (name, value) in &self.fields {
            let _infallible = write!(
                head,
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
        }
        body.extend_from_slice(head.as_bytes());
        for file in &self.files {
            let head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{}\"\r\nContent-Type: application/octet-stream\r\n\r\n",
                file.name
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(&file.bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        (body.into(), format!("multipart/form-data; boundary={boundary}"))
    }
}
