//! Processes of this program that render documents, so that a template which takes all memory or never ends fails alone.

mod inside;
mod pool;
mod wire;

use std::{fmt, path::PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    invoice::Profile,
    page::{Page, Ranges},
    template::Format,
};

pub(crate) use self::{
    inside::main,
    pool::{Pool, Supplies},
    wire::Blob,
};

/// The first argument of a process that renders.
pub(crate) const ARGUMENT: &str = "render-documents";

/// What every worker is started with; a JSON text as its second argument.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Setup {
    /// `FONTS_DIR`.
    pub(crate) fonts: Option<PathBuf>,
    /// `PDF_MEMORY_MAX`, in bytes.
    pub(crate) memory_max: u64,
    /// `PDF_IMAGE_PIXELS_MAX`.
    pub(crate) image_pixels_max: u64,
    /// Whether there is a folder that templates can include files from.
    pub(crate) has_templates: bool,
}

/// One document to be made. Blobs travel beside it, in the order in which they are mentioned.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) format: Format,
    /// The template's name in error texts; none for a text of its own.
    pub(crate) name: Option<String>,
    /// The template; for HTML and Markdown, with its values filled in.
    pub(crate) text: String,
    /// What `data.json` holds.
    pub(crate) data: Box<RawValue>,
    /// Files by the name that the template knows them by.
    pub(crate) assets: Vec<Blob>,
    /// Faces for this document.
    pub(crate) fonts: Vec<Blob>,
    /// Files to put into the PDF.
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) page: Page,
    /// The pages that are wanted; none is all of them.
    pub(crate) ranges: Option<Ranges>,
    pub(crate) output: Output,
    /// The day of the document, `2026-11-21`.
    pub(crate) date: String,
    pub(crate) passwords: Option<Passwords>,
}

/// A file within the PDF.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Attachment {
    pub(crate) content: Blob,
    pub(crate) mime_type: String,
    pub(crate) description: Option<String>,
    /// As Typst names it (ISO 32000-2, 7.11.3: `AFRelationship`).
    pub(crate) relationship: String,
}

/// What a reader has to know to open the document, or to do everything with it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Passwords {
    pub(crate) user: String,
    pub(crate) owner: String,
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What becomes of the pages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Output {
    /// With the standards that the document has to keep to, as the engine names them: `a-2b`.
    Pdf { standards: Vec<String>, invoice: Option<Profile> },
    /// One image per page.
    Png,
    /// No document yet, but what another engine makes it of: HTML, and the files that belong to it.
    Bundle,
    /// The asset, a PDF of another engine, with attachments and passwords.
    Sealed,
}

/// What a worker says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    /// It has loaded its fonts and waits for jobs.
    Ready,
    /// It needs these files to go on; the answer is a list of [`Supply`] in their order.
    Needs(Vec<Need>),
    /// The document; its files follow.
    Done { pages: usize, warnings: Vec<String>, files: Vec<Blob> },
    /// No document.
    Failed(Trouble),
}

/// A file that a document refers to and that was not sent with the job.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Need {
    /// Below `TEMPLATES_DIR`.
    Template(String),
    /// At an address of `http:` or `https:`.
    Url(String),
}

/// What there was: a file, or why there is none.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Supply {
    Found(Blob),
    Refused(String),
}

/// A finished document.
#[derive(Debug)]
pub(crate) struct Rendered {
    pub(crate) pages: usize,
    pub(crate) warnings: Vec<String>,
    /// One PDF, or an image for each page.
    pub(crate) files: Vec<Blob>,
}

/// Why there is no document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trouble {
    pub(crate) kind: TroubleKind,
    /// A fragment for the author.
    pub(crate) text: String,
}

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TroubleKind {
    /// The template is none.
    Syntax,
    /// The data lacks something.
    Metadata,
    /// A file that is not there, cannot be used or is too large.
    Asset,
    /// The document cannot be what is asked for, e.g. keep to a standard.
    Unfit,
    /// Too much time or memory.
    Limit,
    /// A fault of ours, or of the machine.
    Broken,
}

impl Job {
    /// The text on plain pages, without data and files.
    pub(crate) fn of_text(format: Format, text: impl Into<String>) -> Self {
        Self {
            format,
            name: None,
            text: text.into(),
            data: RawValue::NULL.to_owned(),
            assets: Vec::new(),
            fonts: Vec::new(),
            attachments: Vec::new(),
            page: Page::default(),
            ranges: None,
            output: Output::Pdf { standards: Vec::new(), invoice: None },
            date: "2000-01-01".to_owned(),
            passwords: None,
        }
    }
}

impl Trouble {
    pub(crate) fn new(kind: TroubleKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}
