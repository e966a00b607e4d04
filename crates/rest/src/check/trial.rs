//! `check NAME RESOURCE`: one call of a resource, with the request as it goes out and the answer as it comes in.

use std::sync::Arc;

use common::{Context, Failure, clap::ArgMatches};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::failed;
use crate::{
    client,
    client::Rest,
    flow,
    input::{Input, text},
    resource,
};

/// Request, status, headers and body as text; secrets are masked.
///
/// # Errors
/// The same as far as it came, and what went wrong.
pub(super) async fn run(
    rest: &Context<Rest>,
    name: &str,
    resource: &str,
    given: &ArgMatches,
) -> Result<String, Failure> {
    let Some(connection) = rest.connections.get(name) else {
        let known = rest.connections.names().join(", ");
        return Err(failed(format!("no connection `{name}`; there are: {known}")));
    };
    let Some(found) = connection.resources.get(resource).map(Arc::clone) else {
        let known = connection.resources.keys().cloned().collect::<Vec<_>>().join(", ");
        return Err(failed(format!("`{name}` has no resource `{resource}`; there are: {known}")));
    };
    let parameters = match given.get_one::<String>("parameters") {
        None => found.sample.clone().into(),
        Some(text) => serde_json::from_str(text)
            .map_err(|error| failed(format!("--parameters: no JSON: {error}")))?,
    };
    let mut prepared = input(name, resource, &parameters)?;
    resource::apply(rest, &found.method, resource, &mut prepared).await?;
    rest.connections.apply(rest, &mut prepared)?;
    let payload = prepared.request_payload.take();
    let method = found.method.clone();
    let request = client::build(rest, method.clone(), payload, &prepared, rest.request_id())?;
    let shown = request.preview();
    if given.get_flag("dry-run") {
        return Ok(shown);
    }
    let start = Instant::now();
    prepared = input(name, resource, &parameters)?;
    prepared.resource = Some(resource.to_owned());
    let done = flow::run(rest, method, prepared).await;
    let ms = start.elapsed().as_millis();
    let shown = shown.trim_end();
    match done {
        Err(failure) => Err(failed(format!("{shown}\n\n{failure}"))),
        Ok(done) => {
            let status = done.answer.status;
            let headers = request.mask.object(done.answer.header_object());
            let headers = headers.into_iter().map(|(name, it)| format!("{name}: {}", text(it)));
            let headers = headers.collect::<Vec<_>>().join("\n");
            let body = request.mask.value(done.reading.result);
            let mapped = match request.mask.object(done.mapped) {
                none if none.is_empty() => String::new(),
                mapped => format!("\n\nresponseMapping\n{:#}", Value::Object(mapped)),
            };
            Ok(format!("{shown}\n\n{status} in {ms} ms\n{headers}\n\n{body:#}{mapped}"))
        }
    }
}

fn input(connection: &str, resource: &str, parameters: &Value) -> Result<Box<Input>, Failure> {
    let input = json!({"connection": connection, "parameters": parameters});
    Input::deserialize(input)
        .map(Box::new)
        .map_err(|error| failed(format!("`{resource}`: `parameters`: {error}")))
}
