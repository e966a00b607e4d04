//! One task: its call, with the further pages or polls, and the outputs that are mapped from the answer.

use common::{Context, Failure, Object};
use files::File;
use http::Method;

use crate::{
    client::{self, Rest},
    error::invalid,
    expression::Scope,
    input::{Input, ResponseType},
    onward::Onward,
    paging::{self, Paged, Paging},
    polling, resource,
    response::{Answer, Reading},
};

/// What a task has come to.
pub(crate) struct Done {
    /// The last answer.
    pub(crate) answer: Answer,
    pub(crate) reading: Reading,
    /// How many pages `restResult` is made of; None without paging.
    pub(crate) pages: Option<u32>,
    /// What the answer has become with `responseType: file`.
    pub(crate) file: Option<File>,
    /// The outputs of `responseMapping`.
    pub(crate) mapped: Object,
}

pub(crate) async fn run(
    rest: &Context<Rest>,
    method: Method,
    mut input: Box<Input>,
) -> Result<Done, Failure> {
    if let Some(auth) = &mut input.auth {
        auth.fill(|text| rest.placeholders.replaced("auth", text))?;
    }
    match (input.resource.take(), input.template.take()) {
        (Some(_), Some(_)) => {
            return Err(invalid("`template` is up to the resource"));
        }
        (Some(name), None) => {
            Box::pin(resource::apply(rest, &method, &name, &mut input)).await?;
        }
        (None, Some(name)) => Box::pin(resource::from_file(rest, name, &mut input)).await?,
        (None, None) => {}
    }
    if input.rest_url.is_none() {
        let missing = Failure::business("MISSING_INPUT", "`restUrl` is missing");
        return Err(missing.with_note("restUrl"));
    }
    if input.parameters.is_some() {
        return Err(invalid("`parameters` are those of a `resource`"));
    }
    rest.connections.apply(rest, &mut input)?;
    let (mapping, paging, poll) =
        (input.response_mapping.take(), input.paging.take(), input.poll_until.take());
    // What few tasks have is boxed, or each call would carry the room for it.
    if let Some(errors) = &input.error_on {
        Box::pin(errors.check()).await?;
    }
    if let Some(mapping) = &mapping {
        Box::pin(mapping.check()).await?;
    }
    let (answer, reading, pages, file) = match (paging, poll) {
        (Some(_), Some(_)) => return Err(invalid("`paging` and `pollUntil` exclude each other")),
        (Some(paging), None) => {
            let Paged { answer, reading, n_pages, file } =
                Box::pin(paged(rest, method, input, &paging)).await?;
            (answer, reading, Some(n_pages), file)
        }
        (None, Some(poll)) => {
            Box::pin(poll.check()).await?;
            let onward = Onward::new(rest, method, input)?;
            let (answer, reading) = Box::pin(polling::wait(onward, &poll)).await?;
            let file = answer.file();
            (answer, reading, None, file)
        }
        (None, None) => {
            let (answer, reading) = client::call(rest, method, input).await?;
            let file = answer.file();
            (answer, reading, None, file)
        }
    };
    let mapped = match mapping {
        None => Object::new(),
        Some(mapping) => {
            let headers = answer.header_object();
            let status = answer.status.as_u16();
            let scope = Scope { body: &reading.result, status, headers: &headers };
            let known = || answer.outputs(reading.result.clone());
            Box::pin(mapping.outputs(&scope))
                .await
                .map_err(|failure| failure.with_outputs(known()))?
        }
    };
    Ok(Done { answer, reading, pages, file, mapped })
}

async fn paged(
    rest: &Context<Rest>,
    method: Method,
    mut input: Box<Input>,
    paging: &Paging,
) -> Result<Paged, Failure> {
    paging.check().await?;
    // Not each page is the file, but all of them.
    let response_type = input.response_type.take_if(|it| *it == ResponseType::File);
    let file_name = input.file_name.take();
    let onward = Onward::new(rest, method, input)?;
    match response_type {
        Some(_) => paging::save(onward, paging, file_name.as_deref()).await,
        None => paging::collect(onward, paging).await,
    }
}
