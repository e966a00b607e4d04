//! The faces that documents are set in: those in the binary, those of `FONTS_DIR`, those that a task brings.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use typst::{
    foundations::Bytes,
    text::{Coverage, Font, FontBook, FontStyle},
    utils::LazyHash,
};

use crate::html::Families;

/// How deep below `FONTS_DIR` fonts are looked for.
const FOLDERS_DEEP_MAX: usize = 8;
/// Of one file, collections of Chinese, Japanese and Korean faces included.
const FONT_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// Names that documents ask for in vain on most machines, and the family in the binary that stands in.
const STAND_INS: [(&str, &[&str]); 3] = [
    (
        "Noto Sans",
        &[
            "sans-serif",
            "system-ui",
            "Arial",
            "Helvetica",
            "Helvetica Neue",
            "Liberation Sans",
            "Calibri",
            "Segoe UI",
            "Tahoma",
            "Verdana",
        ],
    ),
    (
        "Libertinus Serif",
        &["serif", "Times", "Times New Roman", "Liberation Serif", "Georgia", "Cambria"],
    ),
    (
        "DejaVu Sans Mono",
        &["monospace", "Courier", "Courier New", "Liberation Mono", "Consolas", "Menlo", "Monaco"],
    ),
];

/// Faces, and the book in which they are looked up by name and script.
#[derive(Clone)]
pub(super) struct Faces {
    pub(super) book: LazyHash<FontBook>,
    pub(super) fonts: Vec<Font>,
    families: Families,
}

impl Faces {
    /// The faces in the binary, and those below `folder`, in the order of their paths.
    pub(super) fn load(folder: Option<&Path>) -> Self {
        let mut fonts: Vec<Font> = Vec::new();
        let sans = [
            notosans::REGULAR_TTF,
            notosans::BOLD_TTF,
            notosans::ITALIC_TTF,
            notosans::BOLD_ITALIC_TTF,
        ];
        for bytes in sans.into_iter().chain(typst_assets::fonts()) {
            fonts.extend(Font::iter(Bytes::new(bytes)));
        }
        if let Some(folder) = folder {
            let mut files = Vec::new();
            collect(folder, FOLDERS_DEEP_MAX, &mut files);
            files.sort();
            for file in files {
                let fits = fs::metadata(&file).is_ok_and(|it| it.len() <= FONT_BYTES_MAX);
                if let Some(bytes) = fits.then(|| fs::read(&file).ok()).flatten() {
                    fonts.extend(Font::iter(Bytes::new(bytes)));
                }
            }
        }
        Self::of(fonts)
    }

    /// These faces and those in `files`.
    ///
    /// # Errors
    /// The index of a file that is no font.
    pub(super) fn with(&self, files: &[Bytes]) -> Result<Self, usize> {
        let mut fonts = Vec::new();
        for (index, file) in files.iter().enumerate() {
            let n_before = fonts.len();
            fonts.extend(Font::iter(file.clone()));
            if fonts.len() == n_before {
                return Err(index);
            }
        }
        // A task's own faces win over others of the same name.
        fonts.extend(self.fonts.iter().cloned());
        Ok(Self::of(fonts))
    }

    /// The families that there are with those in `files`, lower case.
    pub(super) fn families<'a>(&self, files: impl Iterator<Item = &'a Bytes>) -> Families {
        let mut files = files.peekable();
        if files.peek().is_none() {
            return Arc::clone(&self.families);
        }
        let own = files.flat_map(|it| Font::iter(it.clone()));
        let own = own.map(|it| it.info().family.to_lowercase());
        Arc::new(self.families.iter().cloned().chain(own).collect())
    }

    /// With entries in the book for the names in [`STAND_INS`] that nobody brought.
    fn of(mut fonts: Vec<Font>) -> Self {
        let mut book = FontBook::from_fonts(&fonts);
        for (family, names) in STAND_INS {
            let ids: Vec<_> = book.select_family(&family.to_lowercase()).collect();
            for name in names {
                if book.contains_family(&name.to_lowercase()) {
                    continue;
                }
                for &id in &ids {
                    let font = fonts[id].clone();
                    let mut info = font.info().clone();
                    (*name).clone_into(&mut info.family);
                    // Found by its name only, never as the best face for a script.
                    info.coverage = Coverage::from_vec(Vec::new());
                    book.push(info);
                    fonts.push(font);
                }
            }
        }
        let families = book.families().map(|it| it.0.to_lowercase()).collect();
        Self { book: LazyHash::new(book), fonts, families: Arc::new(families) }
    }
}

/// What CSS calls the first face of a font file; none where it is no font.
pub(super) fn css(bytes: &[u8]) -> Option<String> {
    let font = Font::iter(Bytes::new(bytes.to_vec())).next()?;
    let info = font.info();
    let family: String = info.family.chars().filter(|it| !"\\\"<\n".contains(*it)).collect();
    let style = match info.variant.style {
        FontStyle::Normal => "normal",
        FontStyle::Italic => "italic",
        FontStyle::Oblique => "oblique",
    };
    let weight = info.variant.weight.to_number();
    Some(format!("font-family:\"{family}\";font-weight:{weight};font-style:{style};"))
}

fn collect(folder: &Path, deep_max: usize, files: &mut Vec<PathBuf>) {
    let Some(deep_max) = deep_max.checked_sub(1) else { return };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, deep_max, files);
        } else if path.extension().is_some_and(|it| {
            ["ttf", "otf", "ttc", "otc"].iter().any(|known| it.eq_ignore_ascii_case(known))
        }) {
            files.push(path);
        }
    }
}
