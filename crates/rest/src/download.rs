//! Answers that become files: written to the store as they come.

use std::mem;

use common::Context;
use files::{File, FileError, Limit, NewFile};
use futures_util::TryStreamExt;
use http::{
    HeaderMap, StatusCode,
    header::{CONTENT_DISPOSITION, CONTENT_TYPE},
};
use outbound::{OutboundError, Response};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::{
    client::Rest,
    disposition,
    input::{Input, ResponseType},
    response::Answer,
};

/// Who broke off a file.
enum Unfinished {
    Peer(OutboundError),
    Store(FileError),
}

impl From<FileError> for Unfinished {
    fn from(error: FileError) -> Self {
        Self::Store(error)
    }
}

/// Whether the task wants the body of such a success as a file: 202 says that there is none yet, 204 and 205 that there is none at all.
pub(crate) fn is_wanted(input: &Input, status: StatusCode) -> bool {
    input.response_type == Some(ResponseType::File)
        && status.is_success()
        && !matches!(status.as_u16(), 202 | 204 | 205)
}

/// Writes the body of a response to the store, never more than a part of it in memory.
///
/// # Errors
/// What the peer did; nothing is left of the file then.
pub(crate) async fn stream(
    rest: &Context<Rest>,
    input: &Input,
    headers: &HeaderMap,
    response: Response,
) -> Result<Result<File, FileError>, OutboundError> {
    let new = NewFile { size: response.size(), ..new(rest, input, headers, &response.url) };
    let chunks = response.chunks(u64::MAX)?.map_err(Unfinished::Peer);
    match rest.files.save(new, chunks).await {
        Ok(file) => Ok(Ok(file)),
        Err(Unfinished::Store(error)) => Ok(Err(error)),
        Err(Unfinished::Peer(error)) => Err(error),
    }
}

/// Writes a body that had to be looked into first; `called` is where it was asked for.
pub(crate) async fn save(
    rest: &Context<Rest>,
    input: &Input,
    answer: &mut Answer,
    called: &Url,
) -> Result<File, FileError> {
    let body = mem::take(&mut answer.body);
    let redirected = answer.redirected_to.as_deref().and_then(|it| Url::parse(it).ok());
    let url = redirected.as_ref().unwrap_or(called);
    rest.files.save_bytes(new(rest, input, &answer.headers, url), body).await
}

/// The name and the type: by `fileName`, else as the peer suggests, else by the address.
fn new(rest: &Context<Rest>, input: &Input, headers: &HeaderMap, url: &Url) -> NewFile {
    let suggested = || disposition::file_name(headers.get(CONTENT_DISPOSITION)?.as_bytes());
    let given = input.file_name.clone().filter(|it| !it.trim().is_empty());
    let mime_type = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).map(str::to_owned);
    NewFile {
        name: given.or_else(suggested).or_else(|| last_part(url)).unwrap_or_default(),
        mime_type,
        inline_max: inline_max(rest),
        ..NewFile::default()
    }
}

/// The limit of a file without a store, where it is not that of `FILES_INLINE_MAX`.
pub(crate) fn inline_max(rest: &Context<Rest>) -> Option<Limit> {
    rest.http_body_max().map(Limit::http_body)
}

/// The last part of a URL's path, decoded; `None` where there is none.
pub(crate) fn last_part(url: &Url) -> Option<String> {
    let last = url.path_segments()?.rfind(|it| !it.is_empty())?;
    Some(percent_decode_str(last).decode_utf8_lossy().into_owned())
}
