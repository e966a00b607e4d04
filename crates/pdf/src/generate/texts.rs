//! Texts with the values of the data.

use common::{Context, Failure};
use serde_json::Value;
use templates::{Sink, Syntax};
use tokio::task;

use crate::{
    client::Pdf,
    error::{self, ErrorCode},
};

/// The text with the values of `data`; long ones take a thread of their own.
pub(super) async fn filled(
    pdf: &Context<Pdf>,
    input: &'static str,
    text: String,
    data: &Value,
    sink: Sink,
) -> Result<String, Failure> {
    let (pdf, data) = (pdf.clone(), data.clone());
    let rendered =
        task::spawn_blocking(move || pdf.texts.render(&text, &data, sink, Syntax::FreeMarker));
    let rendered = rendered.await.map_err(|panic| {
        Failure::permanent(ErrorCode::UnknownError, anyhow::anyhow!("`{input}`: {panic}"))
    })?;
    rendered.map_err(|it| error::template(input, &it))
}
