//! Inputs as a job for a worker.

use common::{Context, Failure};
use files::File;
use serde_json::Value;
use templates::{Sink, Syntax};
use time::OffsetDateTime;

use super::sources;
use crate::{
    client::Pdf,
    error::{self, invalid},
    input::{FirstPageInput, Input, MarkInput, OutputFormat, WatermarkInput},
    invoice::Profile,
    page::{self, About, FirstPage, Mark, PAGE, PAGES, Page, Strip, Watermark},
    template::Format,
    worker::{Attachment, Blob, Job, Output, Passwords},
};

/// The asset that a watermark's image is.
const WATERMARK: &str = "watermark-image";

/// A template with its values filled in.
pub(super) struct Template {
    pub(super) format: Format,
    pub(super) name: Option<String>,
    pub(super) text: String,
}

/// The job; loads the files that belong to it.
pub(super) async fn new(
    pdf: &Context<Pdf>,
    mut input: Input,
    template: Template,
    data: &Value,
) -> Result<Job, Failure> {
    let day = input.date.take().map_or_else(today, |it| it.0);
    let mut assets = sources::blobs(pdf, "assets", input.assets.take()).await?;
    let fonts = sources::blobs(pdf, "fonts", input.fonts.take()).await?;
    let watermark = match input.watermark.take() {
        Some(watermark) => Some(load(pdf, watermark, &mut assets).await?),
        None => None,
    };
    let mut attachments = attachments(pdf, &mut input).await?;
    let passwords = passwords(&mut input);
    let mut standards = input.pdf_standard.take().unwrap_or_default().0;
    let invoice = match input.invoice_xml.take() {
        Some(file) => Some(invoice(pdf, &file, &mut attachments, &mut standards).await?),
        None => None,
    };
    if passwords.is_some() && standards.iter().any(|it| it.starts_with("a-")) {
        return Err(invalid("`userPassword`, `ownerPassword`: PDF/A has no passwords"));
    }
    let output = match input.output_format.unwrap_or_default() {
        OutputFormat::Png => Output::Png,
        OutputFormat::Pdf | OutputFormat::Html => Output::Pdf { standards, invoice },
    };
    let ranges = input.page_ranges.take();
    let page = page(pdf, input, watermark, data, &day)?;
    let data = serde_json::value::to_raw_value(data).map_err(error::invalid)?;
    let Template { format, name, text } = template;
    Ok(Job {
        format,
        name,
        text,
        data,
        assets,
        fonts,
        attachments,
        page,
        ranges,
        output,
        date: day,
        passwords,
    })
}

fn page(
    pdf: &Context<Pdf>,
    input: Input,
    watermark: Option<Watermark>,
    data: &Value,
    day: &str,
) -> Result<Page, Failure> {
    let strips = Strips { pdf, data: with_words(data, &input, day) };
    let first = match input.first_page {
        Some(FirstPageInput { header, footer }) => Some(FirstPage {
            header: strips.fill("firstPage.header", header)?,
            footer: strips.fill("firstPage.footer", footer)?,
        }),
        None => None,
    };
    Ok(Page {
        size: input.page_size,
        orientation: input.orientation,
        margins: input.margins,
        header: strips.fill("header", input.header)?,
        footer: strips.fill("footer", input.footer)?,
        first,
        watermark,
        columns: input.columns,
        background: input.background,
        contents: input.toc == Some(true),
        about: About {
            title: input.title,
            authors: input.author.into_iter().collect(),
            keywords: input.keywords.unwrap_or_default(),
            language: input.language,
        },
    })
}

/// Fills in headers and footers, where the page's number is a variable too.
struct Strips<'a> {
    pdf: &'a Context<Pdf>,
    data: Value,
}

impl Strips<'_> {
    fn fill(&self, input: &str, text: Option<String>) -> Result<Option<Strip>, Failure> {
        let Some(text) = text else { return Ok(None) };
        // Decided before there are values in it: none of them makes HTML of a text.
        let is_html = page::is_html(&text);
        let sink = if is_html { Sink::Html } else { Sink::Text };
        let filled = self.pdf.texts.render(&text, &self.data, sink, Syntax::FreeMarker);
        let filled = filled.map_err(|it| error::template(input, &it))?;
        Ok(Some(if is_html { Strip::Html(filled) } else { Strip::Text(filled) }))
    }
}

/// The data, and the words that every header and footer knows.
fn with_words(data: &Value, input: &Input, day: &str) -> Value {
    let mut members = data.as_object().cloned().unwrap_or_default();
    members.insert("page".to_owned(), PAGE.to_string().into());
    members.insert("pages".to_owned(), PAGES.to_string().into());
    let title = input.title.clone().unwrap_or_default();
    members.entry("title").or_insert(title.into());
    members.entry("date").or_insert(day.into());
    members.into()
}

async fn load(
    pdf: &Context<Pdf>,
    watermark: WatermarkInput,
    assets: &mut Vec<Blob>,
) -> Result<Watermark, Failure> {
    let WatermarkInput { mark, angle, opacity, color, layer } = watermark;
    let mark = match mark {
        MarkInput::Text(text) => Mark::Text(text),
        MarkInput::Image(file) => {
            let (blob, _) = sources::blob(pdf, "watermark", &file).await?;
            assets.push(Blob::new(WATERMARK, blob.bytes));
            Mark::Image(WATERMARK.to_owned())
        }
    };
    Ok(Watermark { mark, angle, opacity, color, layer })
}

async fn attachments(pdf: &Context<Pdf>, input: &mut Input) -> Result<Vec<Attachment>, Failure> {
    let mut attachments = Vec::new();
    for file in input.attachments.take().into_iter().flatten() {
        let (content, mime_type) = sources::blob(pdf, "attachments", &file).await?;
        let mime_type = mime_type.split(';').next().unwrap_or_default().trim().to_owned();
        let relationship = "supplement".to_owned();
        attachments.push(Attachment { content, mime_type, description: None, relationship });
    }
    Ok(attachments)
}

/// Attaches the invoice under its name; what holds it is PDF/A-3.
async fn invoice(
    pdf: &Context<Pdf>,
    file: &File,
    attachments: &mut Vec<Attachment>,
    standards: &mut Vec<String>,
) -> Result<Profile, Failure> {
    let (blob, _) = sources::blob(pdf, "invoiceXml", file).await?;
    let refused = |why| invalid(format_args!("`invoiceXml`: `{}` {why}", blob.name));
    let profile = Profile::of(&blob.bytes).map_err(refused)?;
    match standards.iter().find(|it| it.starts_with("a-")) {
        None => standards.push("a-3b".to_owned()),
        Some(it) if it.starts_with("a-3") => {}
        Some(it) => {
            return Err(invalid(format_args!(
                "`pdfStandard`: an invoice with XML is PDF/A-3, not PDF/{}",
                it.to_uppercase()
            )));
        }
    }
    attachments.push(Attachment {
        content: Blob::new(profile.file_name(), blob.bytes.clone()),
        mime_type: "text/xml".to_owned(),
        description: Some("Factur-X invoice".to_owned()),
        relationship: profile.relationship().to_owned(),
    });
    Ok(profile)
}

fn passwords(input: &mut Input) -> Option<Passwords> {
    let user = input.user_password.take().map(|it| it.reveal().to_owned());
    let owner = input.owner_password.take().map(|it| it.reveal().to_owned());
    let (user, owner) = match (user, owner) {
        (None, None) => return None,
        (Some(user), owner) => (user.clone(), owner.unwrap_or(user)),
        // Everybody may open it; the owner's password is for changing it.
        (None, Some(owner)) => (String::new(), owner),
    };
    Some(Passwords { user, owner })
}

/// The day in UTC.
fn today() -> String {
    OffsetDateTime::now_utc().date().to_string()
}
