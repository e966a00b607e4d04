//! Files that travel in the mail; all of them are here before the server is called.

use common::{Context, Failure};
use files::{ErrorKind, File, Limit};

use crate::{
    client::Email,
    error::{invalid, of_file},
    message::part::Enclosure,
};

/// What all files of a mail may still have.
pub(crate) struct Budget {
    max: u64,
    left: u64,
}

impl Budget {
    /// `EMAIL_BYTES_MAX`, in bytes.
    pub(crate) fn new(max: u64) -> Self {
        Self { max, left: max }
    }

    /// Reads a file that the input `input` names.
    ///
    /// # Errors
    /// `INVALID_INPUT` where it is too large, alone or with the others; `NOT_FOUND` and kin.
    pub(crate) async fn read(
        &mut self,
        email: &Context<Email>,
        input: &str,
        file: &File,
    ) -> Result<Enclosure, Failure> {
        if file.size.is_some_and(|it| it > self.left) {
            return Err(self.exceeded(input));
        }
        let limit = Limit { bytes: self.left, setting: "EMAIL_BYTES_MAX" };
        let (meta, octets) =
            email.files.read(file, limit).await.map_err(|error| match error.kind {
                ErrorKind::TooLarge { setting: "EMAIL_BYTES_MAX", .. } => self.exceeded(input),
                _ => of_file(input, error),
            })?;
        self.left = self.left.saturating_sub(octets.len() as u64);
        Ok(Enclosure { name: meta.name, mime_type: meta.mime_type, octets })
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
