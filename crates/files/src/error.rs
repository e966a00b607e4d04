//! What can go wrong with a file, in words for the author of a process.

/// A file that could not be read or written.
///
/// The text names the file without what may be secret in its URI: no user info, no query, no data.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("`{file}`: {kind}")]
pub struct FileError {
    /// What went wrong.
    pub kind: ErrorKind,
    /// Which file, as it may be shown to anyone: its URI without secrets, or its name.
    pub file: String,
}

/// What went wrong; the texts are fragments in lower case.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ErrorKind {
    /// There is no such file.
    #[error("not there")]
    NotFound,
    /// The file has more bytes than a setting allows.
    #[error("larger than {limit} bytes, the limit of {setting}")]
    TooLarge {
        /// The most bytes.
        limit: u64,
        /// The setting that says so.
        setting: &'static str,
    },
    /// The file is too large to be part of the value, and there is no store for it.
    #[error(
        "larger than {limit} bytes, the limit of {setting} for files without a store; FILES_URL names a store for larger ones"
    )]
    NoStore {
        /// The most bytes.
        limit: u64,
        /// The setting that says so.
        setting: &'static str,
    },
    /// The value is no file value, or the settings do not allow it; nothing was called.
    #[error("{0}")]
    Refused(String),
    /// What is there cannot be read; trying again does not help.
    #[error("{0}")]
    Unreadable(String),
    /// The store does not take the file; trying again does not help.
    #[error("{0}")]
    Unwritable(String),
    /// The store or the server does not answer, or not now; trying again may help.
    #[error("{0}")]
    Unavailable(String),
}

/// The most bytes that a file may have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// The number.
    pub bytes: u64,
    /// The setting that it comes from, for the error text.
    pub setting: &'static str,
}

impl FileError {
    /// Whether the same may succeed a little later.
    pub fn is_transient(&self) -> bool {
        match self.kind {
            ErrorKind::Unavailable(_) => true,
            ErrorKind::NotFound
            | ErrorKind::TooLarge { .. }
            | ErrorKind::NoStore { .. }
            | ErrorKind::Refused(_)
            | ErrorKind::Unreadable(_)
            | ErrorKind::Unwritable(_) => false,
        }
    }
}

impl Limit {
    pub(crate) fn exceeded(self) -> ErrorKind {
        ErrorKind::TooLarge { limit: self.bytes, setting: self.setting }
    }

    /// The stricter one of two.
    pub(crate) fn min(self, other: Self) -> Self {
        if other.bytes < self.bytes { other } else { self }
    }
}
