//! `GENERATE`: a template and data become a document.

mod data;
mod job;
mod names;
mod outside;
mod sources;
mod texts;

use bytes::Bytes;
use common::{Context, Failure};
use files::{File, Files, Limit, NewFile};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use templates::Sink;

use self::sources::{Office, Opened};
use crate::{
    client::Pdf,
    error::{self, ErrorCode, invalid},
    input::{Input, Maker, OutputFormat},
    template::Format,
    worker::{Blob, Rendered},
};

/// What `GENERATE` gives (`activiti-ootb-connectors.md` §10.3).
#[derive(Serialize, JsonSchema)]
pub(crate) struct Output {
    /// One file; for images a list of them, one per page.
    #[schemars(with = "File")]
    file: Value,
    /// The same under the name of 2019.
    #[serde(rename = "docgen.result")]
    #[schemars(with = "File")]
    result: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pages: Option<usize>,
}

pub(crate) async fn run(pdf: Context<Pdf>, mut input: Input) -> Result<Output, Failure> {
    refuse_targets(&pdf, &input);
    let locale = input.language.clone().map(String::from);
    let format = input.template_format;
    let opened = sources::open(&pdf, &input.template, format, locale.as_deref()).await?;
    let has_data = input.metadata.is_some();
    let data = data::take(&mut input);
    let maker = input.engine.unwrap_or_default();
    let output = input.output_format.unwrap_or_default();
    let source = match (opened, maker) {
        (Opened::Text(source), _) => source,
        (Opened::Office(document), Maker::Embedded) => return Err(office_refused(&document)),
        (Opened::Office(document), Maker::Gotenberg) => {
            let target = target(&pdf, &mut input, Some(&document.name), &data).await?;
            pdf.preview(|| format!("{}, as it is", document.name))?;
            let rendered = outside::office(&pdf, input, document, has_data).await?;
            return finish(&pdf, target, rendered).await;
        }
    };
    let text = match source.format {
        Format::Typst => source.text,
        Format::Html => texts::filled(&pdf, "template", source.text, &data, Sink::Html).await?,
        Format::Markdown => {
            texts::filled(&pdf, "template", source.text, &data, Sink::Markdown).await?
        }
    };
    let target = target(&pdf, &mut input, source.file_name.as_deref(), &data).await?;
    pdf.preview(|| text.clone())?;
    if output == OutputFormat::Html {
        let Target { name, folder, .. } = target;
        let html = preview(source.format, &text)?;
        let file = save(&pdf, Blob::new(name, html.into_bytes()), "text/html", folder).await?;
        return Ok(Output::of(json!(file), None));
    }
    let template = job::Template { format: source.format, name: source.name, text };
    let rendered = match maker {
        Maker::Embedded => {
            let job = job::new(&pdf, input, template, &data).await?;
            let rendered = pdf.pool.render(job, pdf.references()).await;
            rendered.map_err(|trouble| error::rendering(&trouble))?
        }
        Maker::Gotenberg => outside::html(&pdf, input, template, &data).await?,
    };
    finish(&pdf, target, rendered).await
}

/// Where the document goes, and what else is left to do when it is there.
struct Target {
    name: String,
    folder: Option<String>,
    format: OutputFormat,
    is_strict: bool,
}

async fn target(
    pdf: &Context<Pdf>,
    input: &mut Input,
    template: Option<&str>,
    data: &Value,
) -> Result<Target, Failure> {
    let format = input.output_format.unwrap_or_default();
    let name = match input.output_file_name.take() {
        Some(name) => texts::filled(pdf, "outputFileName", name, data, Sink::Header).await?,
        None => template.map_or("document", names::stem).to_owned(),
    };
    Ok(Target {
        name: names::with_extension(&name, format.extension()),
        folder: input.target_folder_path.take(),
        format,
        is_strict: input.strict == Some(true),
    })
}

/// Saves the files, unless the warnings are too many for the task.
async fn finish(pdf: &Context<Pdf>, target: Target, rendered: Rendered) -> Result<Output, Failure> {
    if target.is_strict && !rendered.warnings.is_empty() {
        let text = format!("`strict`: {}", rendered.warnings.join("; "));
        return Err(Failure::business(ErrorCode::TemplateSyntaxError, text));
    }
    rendered.warnings.iter().for_each(|it| pdf.warn(it));
    let mime_type = target.format.mime_type();
    let mut files = Vec::new();
    for (index, blob) in rendered.files.into_iter().enumerate() {
        let name = match target.format {
            OutputFormat::Png => names::numbered(&target.name, index + 1),
            OutputFormat::Pdf | OutputFormat::Html => target.name.clone(),
        };
        let blob = Blob::new(name, blob.bytes);
        files.push(save(pdf, blob, mime_type, target.folder.clone()).await?);
    }
    let file = match (target.format, files.pop()) {
        (OutputFormat::Pdf | OutputFormat::Html, Some(file)) => json!(file),
        (_, last) => json!(Files(files.into_iter().chain(last).collect())),
    };
    Ok(Output::of(file, Some(rendered.pages)))
}

fn office_refused(document: &Office) -> Failure {
    let kind = if document.extension.starts_with("doc") { "a Word" } else { "an office" };
    invalid(format_args!(
        "`template`: `{}` is {kind} document; templates are Typst, HTML or Markdown; with GOTENBERG_URL set, `engine` `gotenberg` converts it as it is",
        document.name
    ))
}

/// Says which inputs of the original are of no use without its content service.
fn refuse_targets(pdf: &Context<Pdf>, input: &Input) {
    let given = [
        ("targetFile", input.target_file.is_some()),
        ("parentFolder", input.parent_folder.is_some()),
        ("targetFolder", input.target_folder.is_some()),
        ("targetFolderId", input.target_folder_id.is_some()),
        ("targetFileType", input.target_file_type.is_some()),
        ("targetFileMetadata", input.target_file_metadata.is_some()),
        ("underscoreMetadata", input.underscore_metadata.is_some()),
    ];
    for (name, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
        pdf.warn(format_args!(
            "`{name}` is for a content service and has no effect; `targetFolderPath` names the folder in the store"
        ));
    }
}

/// The page that a browser shows.
fn preview(format: Format, text: &str) -> Result<String, Failure> {
    match format {
        Format::Html => Ok(text.to_owned()),
        Format::Markdown => Ok(crate::markdown::html(text)),
        Format::Typst => Err(invalid(
            "`outputFormat`: HTML is made of HTML and Markdown templates, not of Typst",
        )),
    }
}

async fn save(
    pdf: &Context<Pdf>,
    blob: Blob,
    mime_type: &str,
    folder: Option<String>,
) -> Result<File, Failure> {
    let new = NewFile {
        name: blob.name,
        mime_type: Some(mime_type.to_owned()),
        folder,
        inline_max: pdf.http_body_max().map(Limit::http_body),
        ..NewFile::default()
    };
    let saved = pdf.store.save_bytes(new, Bytes::from(blob.bytes)).await;
    saved.map_err(|it| error::file("file", it))
}

impl Output {
    fn of(file: Value, pages: Option<usize>) -> Self {
        Self { result: file.clone(), file, pages }
    }

    /// Where the document is.
    pub(crate) fn uri(&self) -> Value {
        self.file["uri"].clone()
    }
}
