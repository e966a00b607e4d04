//! How pages look, as the inputs of a task say it, and a template's own `@page`.

mod length;
mod margins;
mod merge;
mod ranges;
mod size;
mod strip;
mod watermark;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::{
    length::Length,
    margins::Margins,
    ranges::Ranges,
    size::{Orientation, PageSize},
    strip::{FirstPage, PAGE, PAGES, Strip, is_html, parts},
    watermark::{Color, Layer, Mark, Watermark},
};

/// Everything about pages and about the document as a whole that is not its content.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Page {
    pub(crate) size: Option<PageSize>,
    pub(crate) orientation: Option<Orientation>,
    pub(crate) margins: Option<Margins>,
    pub(crate) header: Option<Strip>,
    pub(crate) footer: Option<Strip>,
    pub(crate) first: Option<FirstPage>,
    pub(crate) watermark: Option<Watermark>,
    pub(crate) columns: Option<Columns>,
    pub(crate) background: Option<Color>,
    pub(crate) contents: bool,
    pub(crate) about: About,
}

impl Page {
    /// All headers and footers.
    pub(crate) fn strips(&self) -> impl Iterator<Item = &Strip> {
        let first = self.first.iter().flat_map(|it| [&it.header, &it.footer]);
        [&self.header, &self.footer].into_iter().chain(first).flatten()
    }
}

/// What a PDF says about itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) title: Option<String>,
    pub(crate) authors: Vec<String>,
    pub(crate) keywords: Vec<String>,
    pub(crate) language: Option<Language>,
}

/// A number of columns that a page has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u8")]
pub(crate) struct Columns(pub(crate) u8);

impl TryFrom<u8> for Columns {
    type Error = &'static str;

    fn try_from(n: u8) -> Result<Self, Self::Error> {
        if (1..=10).contains(&n) { Ok(Self(n)) } else { Err("between 1 and 10 columns are wanted") }
    }
}

/// A language and perhaps a region, of BCP 47: `de`, `de-AT`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub(crate) struct Language {
    pub(crate) language: String,
    pub(crate) region: Option<String>,
}

impl TryFrom<String> for Language {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let refused = || format!("`{text}` is no language, e.g. `de` or `de-AT`");
        let mut parts = text.trim().split(['-', '_']);
        let language = parts.next().unwrap_or_default().to_ascii_lowercase();
        let is_word = |it: &str| it.bytes().all(|it| it.is_ascii_alphabetic());
        if !matches!(language.len(), 2 | 3) || !is_word(&language) {
            return Err(refused());
        }
        // A script between the two, as in `zh-Hant-TW`, follows from the fonts.
        let region = parts.find(|it| it.len() == 2 && is_word(it)).map(str::to_ascii_uppercase);
        Ok(Self { language, region })
    }
}

impl From<Language> for String {
    fn from(it: Language) -> Self {
        match it.region {
            Some(region) => format!("{}-{region}", it.language),
            None => it.language,
        }
    }
}
