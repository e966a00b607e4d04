//! HTML with CSS as a document in Typst's language.
//!
//! The profile – what is supported and how it is mapped – stands in `crates/pdf/PROFILE.md`.
//! Texts of a document are written as string literals only, so that no document calls a function of Typst.

mod boxes;
mod css;
mod dom;
mod emit;
mod metrics;
mod style;
mod typst;
mod warnings;

use std::{collections::HashSet, fmt, sync::Arc};

/// More than this is no document that anybody reads; bytes.
pub const HTML_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Gets the files that a document refers to.
pub trait Assets {
    /// The image at `address`, whatever kind of address it is.
    ///
    /// # Errors
    /// Why there is none, as the end of a sentence that starts with the address.
    fn image(&mut self, address: &str) -> Result<Image, String>;

    /// The bytes of the font at `address`.
    ///
    /// # Errors
    /// As for images.
    fn font(&mut self, address: &str) -> Result<Vec<u8>, String>;

    /// The text of the style sheet at `address`.
    ///
    /// # Errors
    /// As for images.
    fn sheet(&mut self, address: &str) -> Result<String, String>;

    /// Keeps an SVG image that stands in the document itself; gives its name in Typst.
    fn keep(&mut self, svg: String) -> String;
}

/// An image that Typst knows.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// Its name in Typst.
    pub name: String,
    /// Width and height in CSS pixels, as far as they are known.
    pub size: Option<(f64, f64)>,
}

/// What is known about the document beside its text.
#[expect(clippy::struct_excessive_bools, reason = "each part of a page may be taken")]
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Width and height that the pages have whatever the document says; points.
    pub page_size: Option<(f64, f64)>,
    /// The margins that pages have whatever the document says: top, right, bottom, left; points.
    pub margins: Option<[f64; 4]>,
    /// Whether somebody else fills in the header; then `@top-…` boxes are left out.
    pub has_header: bool,
    /// Whether somebody else fills in the footer; then `@bottom-…` boxes are left out.
    pub has_footer: bool,
    /// Whether somebody else fills in what is behind the content of pages.
    pub has_background: bool,
    /// Whether somebody else fills in what is before it.
    pub has_foreground: bool,
    /// Whether somebody else colors the pages.
    pub has_color: bool,
    /// Whether the result stands within pages that somebody else sets up, e.g. in their margin; then it sets up none.
    pub is_part: bool,
    /// Columns of text on every page; 0 is the same as 1.
    pub columns: u8,
    /// Families that there are, lower case; of a list, those that aren't are passed over. None is all.
    pub families: Option<Arc<HashSet<String>>>,
    /// A character that stands for the number of the page.
    pub page_mark: Option<char>,
    /// A character that stands for the number of pages.
    pub pages_mark: Option<char>,
}

/// A document in Typst's language.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// Typst markup, its page settings included.
    pub body: String,
    /// Width and height of the pages as the document wants them; points.
    pub page_size: Option<(f64, f64)>,
    /// Whether `@page` wants the longer side of whatever size there is to be at the bottom.
    pub landscape: Option<bool>,
    /// Top, right, bottom, left; points.
    pub margins: Option<[f64; 4]>,
    /// What the body adds to the margins at its sides: right, left; points.
    pub body_sides: [f64; 2],
    /// `<title>`.
    pub title: Option<String>,
    /// `<meta name="author">`.
    pub authors: Vec<String>,
    /// `<meta name="keywords">`.
    pub keywords: Vec<String>,
    /// `<html lang>`.
    pub language: Option<String>,
    /// The faces of `@font-face`.
    pub fonts: Vec<Vec<u8>>,
    /// What is ignored or only approximated, one text for each.
    pub warnings: Vec<String>,
}

/// Why a document is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(pub(crate) String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// The document in Typst's language.
///
/// # Errors
/// What makes the document too large or too deep.
pub fn convert(html: &str, options: &Options, assets: &mut dyn Assets) -> Result<Document, Error> {
    if html.len() > HTML_BYTES_MAX {
        return Err(Error(format!("the document has more than {HTML_BYTES_MAX} bytes")));
    }
    let dom = dom::parse(html)?;
    let sheets = css::Sheets::collect(&dom, assets);
    let styled = style::Styled::new(sheets, options);
    let tree = boxes::build(&dom, styled, assets)?;
    emit::document(&dom, &tree, options)
}

/// Width and height of an SVG image, CSS pixels.
pub fn drawing_size(svg: &str) -> Option<(f64, f64)> {
    let dom = dom::parse(svg).ok()?;
    let root = dom.all().find_map(|it| dom.element(it).filter(|it| &*it.name == "svg"))?;
    Some(boxes::drawing_size(root))
}
