//! Reading a body without trusting its size.

use bytes::{Bytes, BytesMut};
use tokio::time::timeout_at;

use crate::{ErrorKind, OutboundError, Response, error::classify_body};

/// Reads the body up to `limit` bytes, counted after decompression, within the time that the call has left.
///
/// # Errors
///
/// [`ErrorKind::TooLarge`] as soon as the limit is passed, [`ErrorKind::Timeout`], [`ErrorKind::Reset`] when the connection is lost, [`ErrorKind::BadBody`] when the body cannot be decompressed.
/// The peer has acted in all cases.
pub async fn read_at_most(response: &mut Response, limit: usize) -> Result<Bytes, OutboundError> {
    // The length is known here only when the body is not compressed.
    if response.inner.content_length().is_some_and(|length| length > limit as u64) {
        return Err(response.error(ErrorKind::TooLarge { limit }));
    }
    let mut body = BytesMut::new();
    loop {
        let Ok(chunk) = timeout_at(response.deadline, response.inner.chunk()).await else {
            return Err(response.error(ErrorKind::Timeout { after: response.timeout }));
        };
        let Some(chunk) = chunk.map_err(|error| response.error(classify_body(error)))? else {
            return Ok(body.freeze());
        };
        if body.len() + chunk.len() > limit {
            return Err(response.error(ErrorKind::TooLarge { limit }));
        }
        body.extend_from_slice(&chunk);
    }
}
