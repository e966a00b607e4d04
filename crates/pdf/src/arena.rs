//! `pdf/CreatePDF`: what stored `SpiffArena` diagrams call (`spiffarena-connector-proxy.md` §8 pdf).

use common::{Context, Failure, Object, Reply};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{client::Pdf, generate, input::Input};

/// The original's parameter, and ours.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct CreatePdf {
    /// The text of a template, or its name: Markdown, unless it says that it is something else.
    template: String,
    /// What the original took from the task without being told.
    data: Option<Value>,
    file_name: Option<String>,
}

/// The document as a data URL, or where it is in the store: what Arena takes for a file.
pub(crate) async fn create(pdf: Context<Pdf>, given: CreatePdf) -> Result<Reply, Failure> {
    let mut inputs = Object::new();
    inputs.insert("template".to_owned(), given.template.into());
    inputs.insert("metadata".to_owned(), given.data.unwrap_or_else(|| json!({})));
    if let Some(name) = given.file_name {
        inputs.insert("outputFileName".to_owned(), name.into());
    }
    let input: Input = serde_json::from_value(inputs.into())
        .map_err(|error| crate::error::invalid(format_args!("`template`: {error}")))?;
    let output = generate::run(pdf, input).await?;
    Ok(Reply { body: output.uri(), http_status: 200, headers: None })
}
