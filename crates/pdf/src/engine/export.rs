//! Finished pages as files: a PDF, or an image for each page.

use typst::{diag::SourceDiagnostic, ecow::EcoVec, foundations::Smart, layout::PageRanges};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};
use typst_render::RenderOptions;

use super::{day, encrypt};
use crate::{
    page::About,
    worker::{Blob, Job, Output, Trouble, TroubleKind},
};

/// Why there is no file.
pub(super) enum Problem {
    Told(Trouble),
    Engine(EcoVec<SourceDiagnostic>),
}

/// Puts what the task says about the document into it; gives a warning where the template says otherwise.
pub(super) fn tell_about(document: &mut PagedDocument, about: &About) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut differs = |what: &str, theirs: String, ours: String| {
        if !theirs.is_empty() && theirs != ours {
            warnings.push(format!("the task's `{what}` replaces the template's `{theirs}`"));
        }
    };
    let info = document.info_mut();
    if let Some(title) = &about.title {
        differs("title", info.title.take().unwrap_or_default().into(), title.clone());
        info.title = Some(title.into());
    }
    if !about.authors.is_empty() {
        differs("author", info.author.join(", "), about.authors.join(", "));
        info.author = about.authors.iter().map(Into::into).collect();
    }
    if !about.keywords.is_empty() {
        differs("keywords", info.keywords.join(", "), about.keywords.join(", "));
        info.keywords = about.keywords.iter().map(Into::into).collect();
    }
    warnings
}

/// The document's files, and how many of its pages are in them.
pub(super) fn files(
    document: &PagedDocument,
    job: &Job,
    ident: String,
) -> Result<(Vec<Blob>, usize), Problem> {
    let unfit = |text: String| Problem::Told(Trouble::new(TroubleKind::Unfit, text));
    let ranges = job.ranges.as_ref().map(|it| PageRanges::new(it.all().to_vec()));
    let n_pages = document.pages().len();
    let is_wanted = |index: &usize| ranges.as_ref().is_none_or(|it| it.includes_page_index(*index));
    let wanted: Vec<_> = (0..n_pages).filter(is_wanted).collect();
    if wanted.is_empty() {
        return Err(unfit(format!(
            "`pageRanges`: the document has {n_pages} pages, none of these"
        )));
    }
    match &job.output {
        Output::Pdf { standards, invoice } => {
            let options = PdfOptions {
                ident: Smart::Custom(ident),
                creator: Smart::Custom(Some(env!("CARGO_PKG_NAME").to_owned())),
                // A part of the pages cannot be tagged: the structure is that of all of them.
                tagged: ranges.is_none(),
                page_ranges: ranges,
                timestamp: day(&job.date).ok().map(Timestamp::new_utc),
                standards: conforming(standards).map_err(unfit)?,
                ..PdfOptions::default()
            };
            let mut bytes = typst_pdf::pdf(document, &options).map_err(Problem::Engine)?;
            if let Some(profile) = invoice {
                bytes = profile.told_in(&bytes).map_err(unfit)?;
            }
            if let Some(passwords) = &job.passwords {
                bytes = encrypt::encrypted(&bytes, passwords).map_err(unfit)?;
            }
            Ok((vec![Blob::new("pdf", bytes)], wanted.len()))
        }
        Output::Png => {
            let image = |index: &usize| {
                let page = &document.pages()[*index];
                let pixels = typst_render::render(page, &RenderOptions::default());
                let bytes = pixels.encode_png().map_err(|error| unfit(error.to_string()))?;
                Ok(Blob::new("png", bytes))
            };
            let images: Result<Vec<_>, Problem> = wanted.iter().map(image).collect();
            Ok((images?, wanted.len()))
        }
        Output::Bundle | Output::Sealed => Err(unfit("is not made of pages".to_owned())),
    }
}

fn conforming(names: &[String]) -> Result<PdfStandards, String> {
    let mut standards: Vec<PdfStandard> = Vec::new();
    for name in names {
        let known = serde_json::from_value(name.as_str().into());
        standards.push(known.map_err(|_unknown| format!("`{name}` is no PDF standard"))?);
    }
    PdfStandards::new(&standards).map_err(|error| {
        let hints = error.hints().join("; ");
        format!("`pdfStandard`: {} {hints}", error.message()).trim_end().to_owned()
    })
}
