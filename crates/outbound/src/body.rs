//! Bodies of requests: in memory, or read from somewhere while they are sent.

use std::{
    error::Error,
    fmt,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use futures_util::{
    StreamExt, TryStreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};

/// The body of a request.
#[derive(Clone, Debug, Default)]
pub enum Body {
    /// None, not even a `Content-Type` of ours.
    #[default]
    Empty,
    /// Bytes in memory, which can be sent again.
    Bytes(Bytes),
    /// Bytes from a source, in constant memory.
    Stream(Source),
}

/// Opens a body: once for each time that it is sent, redirects included.
#[derive(Clone)]
pub struct Source(Arc<Open>);

type Open = dyn Fn() -> BoxFuture<'static, Result<Opened, SourceError>> + Send + Sync;

/// A body that is ready to be sent.
pub struct Opened {
    /// In bytes, where it is known: announced as `Content-Length`, and kept to.
    pub size: Option<u64>,
    /// The bytes; an error ends the request before its end, so that the peer cannot take it for complete.
    pub content: BoxStream<'static, Result<Bytes, SourceError>>,
}

/// Why a body cannot be read: no fault of the peer's.
#[derive(Clone)]
pub struct SourceError(Arc<dyn Error + Send + Sync>);

/// The error that broke off a body, for whoever is told only that the connection is lost.
#[derive(Clone, Default)]
pub(crate) struct Trouble(Arc<OnceLock<SourceError>>);

impl Source {
    /// A body that `open` opens.
    pub fn new(
        open: impl Fn() -> BoxFuture<'static, Result<Opened, SourceError>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(open))
    }

    /// Opens it, for whoever wants to read it too.
    ///
    /// # Errors
    /// Those of the source.
    pub async fn open(&self) -> Result<Opened, SourceError> {
        let Opened { size, content } = (self.0)().await?;
        Ok(Opened { size, content: exact(content, size) })
    }
}

impl SourceError {
    /// An error of a source, which [`Self::get`] gives back.
    pub fn new(error: impl Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(error))
    }

    /// The source's own error.
    pub fn get<E: Error + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }
}

impl Trouble {
    /// The same bytes; remembers their error.
    pub(crate) fn watch(
        &self,
        content: BoxStream<'static, Result<Bytes, SourceError>>,
    ) -> BoxStream<'static, Result<Bytes, SourceError>> {
        let Self(first) = self.clone();
        content.inspect_err(move |error| drop(first.set(error.clone()))).boxed()
    }

    pub(crate) fn get(&self) -> Option<SourceError> {
        self.0.get().cloned()
    }
}

/// More or fewer bytes than were announced.
#[derive(Debug, thiserror::Error)]
#[error("the body was announced with {size} bytes and has {}", if *.is_more { "more" } else { "fewer" })]
struct WrongSize {
    size: u64,
    is_more: bool,
}

/// The content as long as it keeps to its size.
fn exact(
    content: BoxStream<'static, Result<Bytes, SourceError>>,
    size: Option<u64>,
) -> BoxStream<'static, Result<Bytes, SourceError>> {
    let Some(size) = size else { return content };
    let wrong = move |is_more| Err(SourceError::new(WrongSize { size, is_more }));
    let checked = stream::try_unfold((content, 0), move |(mut content, seen)| async move {
        match content.try_next().await? {
            Some(chunk) if seen + chunk.len() as u64 > size => wrong(true),
            Some(chunk) => {
                let seen = seen + chunk.len() as u64;
                Ok(Some((chunk, (content, seen))))
            }
            None if seen < size => wrong(false),
            None => Ok(None),
        }
    });
    checked.boxed()
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}

impl fmt::Debug for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for SourceError {}

/// By what they tell.
impl PartialEq for SourceError {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}
