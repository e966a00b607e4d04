//! Files that travel in the mail; all of them are here before the server is called.

use bytes::Bytes;
use common::{Context, Failure};
use files::{Content, ErrorKind, File, FileError, Limit, Meta};

use crate::{
    client::Email,
    error::{invalid, of_disk, of_file},
    message::{
        octets::{Octets, Uncollected},
        part::Enclosure,
    },
};

/// Octets of a mail's files that are held in memory; those beyond wait on the disk until they are sent.
const HELD_MAX: usize = 1024 * 1024;

/// What all files of a mail may still have.
pub(crate) struct Budget {
    max: u64,
    left: u64,
    held_left: usize,
}

impl Budget {
    /// `EMAIL_BYTES_MAX`, in bytes.
    pub(crate) fn new(max: u64) -> Self {
        Self { max, left: max, held_left: HELD_MAX }
    }

    /// Fetches a file that the input `input` names.
    ///
    /// # Errors
    /// `INVALID_INPUT` where it is too large, alone or with the others; `NOT_FOUND` and kin.
    pub(crate) async fn fetch(
        &mut self,
        email: &Context<Email>,
        input: &str,
        file: &File,
    ) -> Result<Enclosure, Failure> {
        let (meta, content) = self.open(email, input, file).await?;
        let collected = Octets::collect(content, self.held_left).await;
        let octets = collected.map_err(|it| match it {
            Uncollected::Source(error) => self.failed(input, error),
            Uncollected::Disk(error) => of_disk(input, &meta.name, error),
        })?;
        self.left = self.left.saturating_sub(octets.len() as u64);
        if !octets.is_on_disk() {
            self.held_left = self.held_left.saturating_sub(octets.len());
        }
        Ok(Enclosure { name: meta.name, mime_type: meta.mime_type, octets })
    }

    /// The octets of a file that becomes a part of the text; the same errors.
    pub(crate) async fn read(
        &mut self,
        email: &Context<Email>,
        input: &str,
        file: &File,
    ) -> Result<Bytes, Failure> {
        let limit = self.limit(input, file)?;
        let read = email.files.read(file, limit).await;
        let (_meta, octets) = read.map_err(|error| self.failed(input, error))?;
        self.left = self.left.saturating_sub(octets.len() as u64);
        Ok(octets)
    }

    async fn open(
        &self,
        email: &Context<Email>,
        input: &str,
        file: &File,
    ) -> Result<(Meta, Content), Failure> {
        let limit = self.limit(input, file)?;
        email.files.open_at_most(file, limit).await.map_err(|error| self.failed(input, error))
    }

    /// What may be read of a file that does not say itself that it is too large.
    fn limit(&self, input: &str, file: &File) -> Result<Limit, Failure> {
        if file.size.is_some_and(|it| it > self.left) {
            return Err(self.exceeded(input));
        }
        Ok(Limit { bytes: self.left, setting: "EMAIL_BYTES_MAX" })
    }

    fn failed(&self, input: &str, error: FileError) -> Failure {
        match error.kind {
            ErrorKind::TooLarge { setting: "EMAIL_BYTES_MAX", .. } => self.exceeded(input),
            _ => of_file(input, error),
        }
    }

    fn exceeded(&self, input: &str) -> Failure {
        let max = self.max;
        invalid(format_args!(
            "`{input}`: the files of the mail are larger than {max} bytes, the limit of EMAIL_BYTES_MAX"
        ))
        .with_note(input)
    }
}

/// A content id as it stands in `cid:` and `Content-ID`.
///
/// # Errors
/// `INVALID_INPUT`: it has characters that cannot stand there.
pub(crate) fn content_id(text: &str) -> Result<String, Failure> {
    let id = text.trim_start_matches("cid:").trim_matches(['<', '>']);
    let is_allowed = |it: char| it.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.@".contains(it);
    if id.is_empty() || !id.chars().all(is_allowed) {
        let text = text.escape_debug();
        return Err(invalid(format_args!("`inline`: `{text}` is no content id, e.g. logo")));
    }
    Ok(id.to_owned())
}
