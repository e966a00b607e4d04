//! A document for another engine: its HTML, and the files that it refers to under names without folders.
//!
//! What a page refers to is got here, by the rules that hold for every template, and goes along;
//! a content security policy keeps the page itself from getting anything else.

mod css;
mod html;
mod strips;

use std::collections::HashMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::{
    engine::images,
    page::Page,
    resources::{Resources, kind, shown},
    worker::{Blob, Job, Trouble, TroubleKind},
};

/// The document itself; the others are for Gotenberg to know.
const INDEX: &str = "index.html";
const HEADER: &str = "header.html";
const FOOTER: &str = "footer.html";
/// Where what cannot be had would be.
const NOWHERE: &str = "data:,";
/// Sheets that import sheets.
const SHEETS_DEEP_MAX: usize = 8;
/// Files that came with the form, what stands in the page, and nothing at any other address.
const POLICY: &str = "default-src file: data: blob: 'unsafe-inline' 'unsafe-eval'; base-uri 'none'; form-action 'none'";

/// What a reference is to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Image,
    Sheet,
    Other,
}

/// How the document gets at its files.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Beside it.
    Names,
    /// Within it: what stands in margins loads nothing.
    DataUrls,
}

/// What has been found so far.
struct Bundle<'a, 'b> {
    resources: &'a mut Resources<'b>,
    assets: &'a [Blob],
    reach: Reach,
    /// New addresses by those in the document.
    known: HashMap<String, String>,
    files: Vec<Blob>,
    warnings: Vec<String>,
    n_deep: usize,
}

/// The files of the form, and what could not be had.
///
/// `families` has the family, weight and style of each of the task's fonts, as CSS.
///
/// # Errors
/// An asset that is a bomb.
pub(crate) fn bundled(
    job: &Job,
    families: &[String],
    resources: &mut Resources<'_>,
    image_pixels_max: u64,
) -> Result<(Vec<Blob>, Vec<String>), Trouble> {
    let mut bundle = Bundle {
        resources,
        assets: &job.assets,
        reach: Reach::Names,
        known: HashMap::new(),
        files: Vec::new(),
        warnings: Vec::new(),
        n_deep: 0,
    };
    for asset in &job.assets {
        images::check(&asset.name, &asset.bytes, image_pixels_max)
            .map_err(|text| Trouble::new(TroubleKind::Asset, text))?;
        if is_plain(&asset.name) {
            bundle.files.push(asset.clone());
        }
    }
    let mut faces = String::new();
    for (index, (font, family)) in job.fonts.iter().zip(families).enumerate() {
        let name = format!("font-{index}.ttf");
        faces = format!("{faces}@font-face{{{family}src:url({name})}}");
        bundle.files.push(Blob::new(name, font.bytes.clone()));
    }
    let page = html::rewritten(&job.text, &mut bundle);
    bundle.files.push(Blob::new(INDEX, around(&page, &job.page, &faces).into_bytes()));
    bundle.reach = Reach::DataUrls;
    bundle.known.clear();
    for (name, strip) in [(HEADER, &job.page.header), (FOOTER, &job.page.footer)] {
        if let Some(strip) = strip {
            let strip = strips::document(strip, &job.page);
            let strip = html::rewritten(&strip, &mut bundle);
            bundle.files.push(Blob::new(name, strip.into_bytes()));
        }
    }
    Ok((bundle.files, bundle.warnings))
}

impl Bundle<'_, '_> {
    /// The address that the document has in place of `address`; none where it keeps its own.
    fn moved(&mut self, address: &str, role: Role) -> Option<String> {
        let address = address.trim();
        let (file, fragment) = match address.split_once('#') {
            Some((file, fragment)) => (file, format!("#{fragment}")),
            None => (address, String::new()),
        };
        let scheme = address.split_once(':').map(|it| it.0.to_ascii_lowercase());
        let is_kept = matches!(scheme.as_deref(), Some("data" | "blob" | "about" | "javascript"));
        if file.is_empty() || is_kept {
            return None;
        }
        if let Some(known) = self.known.get(file) {
            return Some(format!("{known}{fragment}"));
        }
        // Whoever refers to itself finds itself.
        self.known.insert(file.to_owned(), NOWHERE.to_owned());
        let moved = self.got(file, role).unwrap_or_else(|why| {
            let what = match role {
                Role::Image => "image ",
                Role::Sheet => "style sheet ",
                Role::Other => "",
            };
            self.warnings.push(format!("{what}`{}` {why}", shown(file)));
            NOWHERE.to_owned()
        });
        self.known.insert(file.to_owned(), moved.clone());
        Some(format!("{moved}{fragment}"))
    }

    fn got(&mut self, address: &str, role: Role) -> Result<String, String> {
        let name = address.trim_start_matches("./");
        let is_sent = role != Role::Sheet && is_plain(name) && self.reach == Reach::Names;
        if is_sent && self.assets.iter().any(|it| it.name == name) {
            return Ok(name.to_owned());
        }
        let mut bytes = self.resources.bytes(address)?;
        self.resources.fits(address, &bytes)?;
        if role == Role::Sheet {
            if self.n_deep >= SHEETS_DEEP_MAX {
                return Err("is imported too deeply".to_owned());
            }
            let sheet = String::from_utf8(bytes).map_err(|_invalid| "is no UTF-8 text")?;
            self.n_deep += 1;
            bytes = css::rewritten(&sheet, self).into_bytes();
            self.n_deep -= 1;
        }
        let extension = match (role, kind(&bytes)) {
            (Role::Sheet, _) => "css",
            (_, Some(kind)) => kind,
            (_, None) => extension(name),
        };
        if self.reach == Reach::DataUrls {
            let mime_type = mime_type(extension);
            return Ok(format!("data:{mime_type};base64,{}", BASE64_STANDARD.encode(bytes)));
        }
        let name = format!("file-{}.{extension}", self.files.len());
        self.files.push(Blob::new(name.as_str(), bytes));
        Ok(name)
    }
}

/// The page with what the task says about it, stronger than what it says itself.
fn around(html: &str, page: &Page, faces: &str) -> String {
    let (doctype, rest) = html.split_at(html::doctype_end(html));
    let language = page.about.language.clone().map(String::from);
    let language =
        language.map(|it| format!("<html lang=\"{}\">", escaped(&it))).unwrap_or_default();
    let title = page.about.title.as_ref();
    let title = title.map(|it| format!("<title>{}</title>", escaped(it))).unwrap_or_default();
    let faces = if faces.is_empty() { String::new() } else { format!("<style>{faces}</style>") };
    let mut last = String::new();
    if page.size.is_some() || page.orientation.is_some() {
        let size = page.size.unwrap_or(crate::page::PageSize::A4).oriented(page.orientation);
        last = format!("size:{} {};", size.width, size.height);
    }
    if let Some(it) = page.margins {
        last = format!("{last}margin:{} {} {} {}", it.top, it.right, it.bottom, it.left);
    }
    let last = if last.is_empty() { last } else { format!("<style>@page{{{last}}}</style>") };
    format!(
        "{doctype}{language}<meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">{title}{faces}{rest}{last}"
    )
}

/// The text in HTML, attributes included.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Whether a file may be sent under this name: no folder, nothing to escape, not the name of a part of the document.
fn is_plain(name: &str) -> bool {
    let is_char = |it: u8| it.is_ascii_alphanumeric() || b"._-".contains(&it);
    !name.is_empty()
        && name.bytes().all(is_char)
        && !name.starts_with('.')
        && !["file-", "font-"].iter().any(|it| name.starts_with(it))
        && ![INDEX, HEADER, FOOTER].iter().any(|it| name.eq_ignore_ascii_case(it))
}

fn extension(name: &str) -> &str {
    let path = name.split('?').next().unwrap_or_default();
    let extension = path.rsplit_once('.').map(|it| it.1).unwrap_or_default();
    let is_word = !extension.is_empty() && extension.bytes().all(|it| it.is_ascii_alphanumeric());
    if is_word { extension } else { "bin" }
}

fn mime_type(extension: &str) -> &'static str {
    match extension {
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "css" => "text/css",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests;
