//! The second step of an upload: the bytes, raw or as a form.

use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;

use crate::{multipart, world::World};

/// Anything but 200 means failure, as documented; which status is ours.
pub(crate) fn put(
    world: &mut World,
    ticket: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> (StatusCode, String) {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default();
    let bytes = if content_type.starts_with("multipart/form-data") {
        let parts = multipart::parts(content_type, body);
        match parts.and_then(|parts| parts.into_iter().next()) {
            Some(part) => part.content,
            None => return (StatusCode::BAD_REQUEST, "no file in the form".to_owned()),
        }
    } else {
        body.clone()
    };
    let mut files = world.workspaces.iter_mut().flat_map(|workspace| &mut workspace.files);
    let Some(file) = files.find(|file| file.ticket == ticket) else {
        return (StatusCode::NOT_FOUND, "no such upload".to_owned());
    };
    if file.completed {
        return (StatusCode::CONFLICT, "completed before".to_owned());
    }
    if bytes.len() != file.length {
        let text = format!("{} bytes instead of {}", bytes.len(), file.length);
        return (StatusCode::BAD_REQUEST, text);
    }
    let answer = format!("OK - {}", bytes.len());
    file.bytes = Some(bytes);
    (StatusCode::OK, answer)
}
