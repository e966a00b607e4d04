//! Documents that the outside engine makes: what it makes them of, and what is done to its PDFs here.

use std::mem;

use common::{Context, Failure};
use serde_json::{Value, json, value::RawValue};

use super::{job, sources::Office};
use crate::{
    client::Pdf,
    error::{self, invalid},
    gotenberg::{self, Fields, Form, Gotenberg, Route},
    input::{Input, OutputFormat},
    markdown,
    template::Format,
    worker::{Attachment, Blob, Job, Output, Passwords, Rendered},
};

/// A page that a browser prints.
pub(super) async fn html(
    pdf: &Context<Pdf>,
    input: Input,
    template: job::Template,
    data: &Value,
) -> Result<Rendered, Failure> {
    let service = service(pdf, &input)?;
    let is_strict = input.strict == Some(true);
    let template = match template.format {
        Format::Html => template,
        Format::Markdown => {
            let text = markdown::html(&template.text);
            job::Template { format: Format::Html, text, ..template }
        }
        Format::Typst => {
            return Err(invalid(
                "`engine`: `gotenberg` makes PDFs of HTML, Markdown and office documents, not of Typst",
            ));
        }
    };
    let (mut job, standards) = prepared(pdf, input, template, data).await?;
    let (mut fields, mut warnings) = gotenberg::html(&job.page, job.ranges.as_ref(), &standards)?;
    if is_strict {
        fields.extend(gotenberg::strict());
    }
    let after = After::of(&mut job);
    job.output = Output::Bundle;
    job.data = RawValue::NULL.to_owned();
    let bundle = pdf.pool.render(job, pdf.references()).await;
    let bundle = bundle.map_err(|trouble| error::rendering(&trouble))?;
    warnings.extend(bundle.warnings);
    let form = Form { fields, files: bundle.files };
    made(pdf, service, Route::Chromium, &form, after, warnings).await
}

/// A document of an office suite, as it is.
pub(super) async fn office(
    pdf: &Context<Pdf>,
    input: Input,
    document: Office,
    has_data: bool,
) -> Result<Rendered, Failure> {
    let service = service(pdf, &input)?;
    if input.output_format == Some(OutputFormat::Html) {
        return Err(invalid(
            "`outputFormat`: HTML is made of HTML and Markdown templates, not of office documents",
        ));
    }
    let given = [
        ("metadata", has_data),
        ("assets", input.assets.is_some()),
        ("fonts", input.fonts.is_some()),
    ];
    let given = given.into_iter().filter(|it| it.1).map(|it| it.0);
    let ignored: Vec<_> =
        given.map(|it| format!("`{it}` has no effect on office documents")).collect();
    let template = job::Template { format: Format::Html, name: None, text: String::new() };
    let (mut job, standards) = prepared(pdf, input, template, &json!({})).await?;
    let (fields, mut warnings): (Fields, _) =
        gotenberg::office(&job.page, job.ranges.as_ref(), &standards)?;
    warnings.extend(ignored);
    let after = After::of(&mut job);
    let name = format!("document.{}", document.extension);
    let form = Form { fields, files: vec![Blob::new(name, document.bytes)] };
    made(pdf, service, Route::LibreOffice, &form, after, warnings).await
}

/// What is done here, since it does not depend on who has made the PDF.
struct After {
    attachments: Vec<Attachment>,
    passwords: Option<Passwords>,
}

impl After {
    fn of(job: &mut Job) -> Self {
        Self { attachments: mem::take(&mut job.attachments), passwords: job.passwords.take() }
    }
}

fn service<'a>(pdf: &'a Context<Pdf>, input: &Input) -> Result<&'a Gotenberg, Failure> {
    let Some(service) = &pdf.gotenberg else {
        return Err(invalid(
            "`engine`: for `gotenberg`, the setting GOTENBERG_URL has to name one",
        ));
    };
    let refused = [
        ("outputFormat", input.output_format == Some(OutputFormat::Png), "makes no PNG"),
        ("invoiceXml", input.invoice_xml.is_some(), "makes no invoices with XML"),
    ];
    match refused.into_iter().find(|it| it.1) {
        Some((name, _, why)) => Err(invalid(format_args!("`{name}`: `engine` `gotenberg` {why}"))),
        None => Ok(service),
    }
}

/// The job, and the standards that its document has to keep to.
async fn prepared(
    pdf: &Context<Pdf>,
    input: Input,
    template: job::Template,
    data: &Value,
) -> Result<(Job, Vec<String>), Failure> {
    let job = job::new(pdf, input, template, data).await?;
    let standards = match &job.output {
        Output::Pdf { standards, .. } => standards.clone(),
        Output::Png | Output::Bundle | Output::Sealed => Vec::new(),
    };
    let has_none = ["a-1b", "a-2b"].iter().find(|it| standards.iter().any(|has| has == *it));
    match has_none {
        Some(standard) if !job.attachments.is_empty() => {
            Err(invalid(format_args!("`attachments`: PDF/{} has none", standard.to_uppercase())))
        }
        _ => Ok((job, standards)),
    }
}

async fn made(
    pdf: &Context<Pdf>,
    service: &Gotenberg,
    route: Route,
    form: &Form,
    after: After,
    warnings: Vec<String>,
) -> Result<Rendered, Failure> {
    let made = service.convert(route, form, pdf.request_id()).await?;
    let job = Job {
        assets: vec![Blob::new("pdf", made.to_vec())],
        attachments: after.attachments,
        passwords: after.passwords,
        output: Output::Sealed,
        ..Job::of_text(Format::Html, String::new())
    };
    let sealed = pdf.pool.render(job, pdf.references()).await;
    let sealed = sealed.map_err(|trouble| error::rendering(&trouble))?;
    Ok(Rendered { warnings, ..sealed })
}
