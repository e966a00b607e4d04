//! Reading a body without trusting its size.

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream};
use tokio::time::timeout_at;

use crate::{ErrorKind, OutboundError, Response, error::classify_body};

/// Reads the body up to `limit` bytes, counted after decompression, within the time that the call has left.
///
/// # Errors
///
/// [`ErrorKind::TooLarge`] as soon as the limit is passed, [`ErrorKind::Timeout`], [`ErrorKind::Reset`] when the connection is lost, [`ErrorKind::BadBody`] when the body cannot be decompressed.
/// The peer has acted in all cases.
pub async fn read_at_most(response: &mut Response, limit: usize) -> Result<Bytes, OutboundError> {
    let limit = limit as u64;
    response.announced_within(limit)?;
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk_within(body.len() as u64, limit).await? {
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

impl Response {
    /// The size of the body in bytes, where the peer announces it and it is not compressed.
    pub fn size(&self) -> Option<u64> {
        self.inner.content_length()
    }

    /// The body as it comes, up to `limit` bytes; nothing is read ahead of whoever takes it.
    ///
    /// # Errors
    ///
    /// Those of [`read_at_most`]; [`ErrorKind::TooLarge`] at once where the announced size is too large.
    pub fn chunks(
        self,
        limit: u64,
    ) -> Result<impl Stream<Item = Result<Bytes, OutboundError>> + Send + 'static, OutboundError>
    {
        self.announced_within(limit)?;
        Ok(stream::try_unfold((self, 0), move |(mut response, seen)| async move {
            let chunk = response.chunk_within(seen, limit).await?;
            Ok(chunk.map(|chunk| {
                let seen = seen + chunk.len() as u64;
                (chunk, (response, seen))
            }))
        }))
    }

    fn announced_within(&self, limit: u64) -> Result<(), OutboundError> {
        match self.size() {
            Some(size) if size > limit => Err(self.error(ErrorKind::TooLarge { limit })),
            Some(_) | None => Ok(()),
        }
    }

    /// What comes after `seen` bytes; `None` at the end.
    async fn chunk_within(
        &mut self,
        seen: u64,
        limit: u64,
    ) -> Result<Option<Bytes>, OutboundError> {
        let Ok(chunk) = timeout_at(self.deadline, self.inner.chunk()).await else {
            return Err(self.error(ErrorKind::Timeout { after: self.timeout }));
        };
        let chunk = chunk.map_err(|error| self.error(classify_body(error)))?;
        if chunk.as_ref().is_some_and(|it| seen + it.len() as u64 > limit) {
            return Err(self.error(ErrorKind::TooLarge { limit }));
        }
        Ok(chunk)
    }
}
