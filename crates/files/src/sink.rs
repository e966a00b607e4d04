//! Where the content of a new file goes, chunk by chunk.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use object_store::buffered::BufWriter;
use tokio::io::AsyncWriteExt;

use crate::{ErrorKind, bucket::Bucket, classify, data_url};

pub(crate) enum Sink {
    /// The value itself.
    Inline(BytesMut),
    /// The store.
    Stored { writer: Box<BufWriter>, place: Place },
}

/// Where a file is written: cleared when it goes out of scope before the file is complete, also where whoever writes is just dropped.
pub(crate) struct Place {
    bucket: Arc<Bucket>,
    key: Vec<String>,
    is_complete: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.is_complete {
            self.bucket.clear(&self.key);
        }
    }
}

impl Sink {
    pub(crate) fn inline() -> Self {
        Self::Inline(BytesMut::new())
    }

    pub(crate) async fn stored(
        bucket: &Arc<Bucket>,
        key: Vec<String>,
        mime_type: &str,
    ) -> Result<Self, ErrorKind> {
        let writer = Box::new(bucket.writer(&key, mime_type).await?);
        let place = Place { bucket: Arc::clone(bucket), key, is_complete: false };
        Ok(Self::Stored { writer, place })
    }

    pub(crate) async fn put(&mut self, chunk: Bytes) -> Result<(), ErrorKind> {
        match self {
            Self::Inline(bytes) => {
                bytes.extend_from_slice(&chunk);
                Ok(())
            }
            Self::Stored { writer, .. } => {
                writer.put(chunk).await.map_err(|error| classify::writing(&error))
            }
        }
    }

    /// Ends the file, which is there from now on, and tells its URI.
    pub(crate) async fn finish(self, name: &str, mime_type: &str) -> Result<String, ErrorKind> {
        match self {
            Self::Inline(bytes) => Ok(data_url::written(name, mime_type, &bytes)),
            Self::Stored { mut writer, mut place } => match writer.shutdown().await {
                Ok(()) => {
                    place.is_complete = true;
                    Ok(place.bucket.uri(&place.key))
                }
                // The writer has removed its parts by itself.
                Err(error) => Err(classify::finishing(&error)),
            },
        }
    }

    /// Removes what was written so far.
    pub(crate) async fn abandon(self) {
        if let Self::Stored { mut writer, .. } = self {
            // The caller has an error already; parts that stay behind are for the store's own clean-up.
            drop(writer.abort().await);
        }
    }
}
