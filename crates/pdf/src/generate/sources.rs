//! The template, wherever it is, and the files beside it.

use common::{Context, Failure};
use files::{File, Files, Limit};

use crate::{
    client::{Pdf, TEMPLATE_BYTES_MAX},
    error::{self, ErrorCode},
    template::{Format, Template, office},
    worker::Blob,
};

/// What the original's templates are, where their names do not say it.
const WORD: [(&str, &str); 2] = [
    ("application/msword", "doc"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
];

/// What a template is.
pub(super) enum Opened {
    /// Something to fill in.
    Text(Source),
    /// A document of an office suite.
    Office(Office),
}

/// A document of an office suite, which only another engine understands.
pub(super) struct Office {
    pub(super) name: String,
    /// What kind of document it is.
    pub(super) extension: &'static str,
    pub(super) bytes: Vec<u8>,
}

/// A template that has been read.
pub(super) struct Source {
    pub(super) format: Format,
    /// Below `TEMPLATES_DIR`; none for files and texts of their own.
    pub(super) name: Option<String>,
    /// What the document is named after.
    pub(super) file_name: Option<String>,
    pub(super) text: String,
}

/// Reads the template; `format` says what it is, else its type, its name or its text.
pub(super) async fn open(
    pdf: &Context<Pdf>,
    template: &Template,
    format: Option<Format>,
    locale: Option<&str>,
) -> Result<Opened, Failure> {
    match template {
        Template::Text(text) => {
            let format = format.unwrap_or_else(|| Format::of_text(text));
            Ok(Opened::Text(Source { format, name: None, file_name: None, text: text.clone() }))
        }
        Template::Named(name) => {
            let Some(templates) = &pdf.templates else {
                let text =
                    format_args!("`template`: `{name}` is a name, but TEMPLATES_DIR is not set");
                return Err(Failure::business(ErrorCode::TemplateReadError, text));
            };
            if let Some(extension) = office(name) {
                let read = templates.read_bytes(name, TEMPLATE_BYTES_MAX);
                let bytes = read.map_err(|it| error::template("template", &it))?;
                return Ok(Opened::Office(Office { name: name.clone(), extension, bytes }));
            }
            let read = templates.read(name, locale, TEMPLATE_BYTES_MAX);
            let (name, text) = read.map_err(|it| error::template("template", &it))?;
            let format = format.or_else(|| Format::of_name(&name));
            let format = format.unwrap_or_else(|| Format::of_text(&text));
            let file_name = Some(name.clone());
            Ok(Opened::Text(Source { format, file_name, name: Some(name), text }))
        }
        Template::File(file) => read_file(pdf, file, format).await,
    }
}

async fn read_file(
    pdf: &Context<Pdf>,
    file: &File,
    format: Option<Format>,
) -> Result<Opened, Failure> {
    let limit = Limit { bytes: TEMPLATE_BYTES_MAX as u64, setting: "templates" };
    let read = pdf.store.read(file, limit).await;
    let (meta, bytes) = read.map_err(|it| error::file("template", it))?;
    let typed = WORD.iter().find(|it| meta.mime_type.starts_with(it.0)).map(|it| it.1);
    if let Some(extension) = office(&meta.name).or(typed) {
        let bytes = bytes.to_vec();
        return Ok(Opened::Office(Office { name: meta.name, extension, bytes }));
    }
    let text = String::from_utf8(bytes.to_vec()).map_err(|_invalid| {
        let text = format_args!("`template`: `{}` is no UTF-8 text", meta.name);
        Failure::business(ErrorCode::TemplateReadError, text)
    })?;
    let text = text.trim_start_matches('\u{feff}').to_owned();
    let format = format
        .or_else(|| Format::of_type(&meta.mime_type))
        .or_else(|| Format::of_name(&meta.name))
        .unwrap_or_else(|| Format::of_text(&text));
    // A value without a name has that of every such value, which says nothing.
    let file_name = Some(meta.name).filter(|it| it != "file");
    Ok(Opened::Text(Source { format, name: None, file_name, text }))
}

/// Files with their bytes, under their names.
pub(super) async fn blobs(
    pdf: &Context<Pdf>,
    input: &str,
    files: Option<Files>,
) -> Result<Vec<Blob>, Failure> {
    let mut blobs = Vec::new();
    for file in files.into_iter().flatten() {
        blobs.push(blob(pdf, input, &file).await?.0);
    }
    Ok(blobs)
}

/// A file with its bytes, and its MIME type.
pub(super) async fn blob(
    pdf: &Context<Pdf>,
    input: &str,
    file: &File,
) -> Result<(Blob, String), Failure> {
    let limit = Limit { bytes: pdf.file_bytes_max, setting: "FILE_BYTES_MAX" };
    let read = pdf.store.read(file, limit).await;
    let (meta, bytes) = read.map_err(|it| error::file(input, it))?;
    Ok((Blob::new(meta.name, bytes.to_vec()), meta.mime_type))
}
