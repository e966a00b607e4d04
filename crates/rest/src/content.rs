//! What is sent: bytes in memory, or pieces of which the files are read while they are sent.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use files::{File, FileError, Store};
use futures_util::{
    FutureExt, StreamExt, TryStreamExt,
    future::ready,
    stream::{self, BoxStream},
};
use outbound::{Opened, Source, SourceError};

use crate::auth_sigv4::hex;

/// The body of a request.
#[derive(Clone, Debug, Default)]
pub(crate) enum Content {
    #[default]
    Empty,
    Bytes(Bytes),
    Pieces(Arc<[Piece]>),
}

/// A part of a body.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Bytes(Bytes),
    File(Box<File>),
}

impl Content {
    /// A body of pieces; in memory where none is a file.
    pub(crate) fn of(pieces: Vec<Piece>) -> Self {
        let mut merged: Vec<Piece> = Vec::new();
        for piece in pieces {
            match (merged.pop(), piece) {
                (Some(Piece::Bytes(before)), Piece::Bytes(bytes)) => {
                    merged.push(Piece::Bytes([before, bytes].concat().into()));
                }
                (before, piece) => merged.extend(before.into_iter().chain([piece])),
            }
        }
        match &merged[..] {
            [] => Self::Empty,
            [Piece::Bytes(bytes)] => Self::Bytes(bytes.clone()),
            _ => Self::Pieces(merged.into()),
        }
    }

    /// The bytes; `None` where they are not in memory.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Empty => Some(&[]),
            Self::Bytes(bytes) => Some(bytes),
            Self::Pieces(_) => None,
        }
    }

    /// In bytes, as far as it is known without opening anything.
    pub(crate) fn size(&self) -> Option<u64> {
        let size = |piece: &Piece| match piece {
            Piece::Bytes(bytes) => Some(bytes.len() as u64),
            Piece::File(file) => file.size,
        };
        match self {
            Self::Empty => Some(0),
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::Pieces(pieces) => pieces.iter().map(size).sum(),
        }
    }

    /// The body as it can be shown, files by their names.
    pub(crate) fn shown(&self) -> String {
        let pieces = match self {
            Self::Empty => return String::new(),
            Self::Bytes(bytes) => return String::from_utf8_lossy(bytes).into_owned(),
            Self::Pieces(pieces) => pieces,
        };
        let shown = pieces.iter().map(|piece| match piece {
            Piece::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Piece::File(file) => match file.size {
                Some(size) => format!("(file {}, {size} bytes)", file.name),
                None => format!("(file {})", file.name),
            },
        });
        shown.collect()
    }

    /// The SHA-256 of the body in hexadecimal digits; reads all files to their ends.
    ///
    /// # Errors
    /// A file cannot be read.
    pub(crate) async fn sha256(&self, store: &Store) -> Result<String, SourceError> {
        let mut hash = Context::new(&SHA256);
        match self {
            Self::Empty => (),
            Self::Bytes(bytes) => hash.update(bytes),
            Self::Pieces(pieces) => {
                let mut content = source(pieces, store).open().await?.content;
                while let Some(chunk) = content.try_next().await? {
                    hash.update(&chunk);
                }
            }
        }
        Ok(hex(hash.finish().as_ref()))
    }

    /// The body for the client.
    pub(crate) fn wire(&self, store: &Store) -> outbound::Body {
        match self {
            Self::Empty => outbound::Body::Empty,
            Self::Bytes(bytes) => outbound::Body::Bytes(bytes.clone()),
            Self::Pieces(pieces) => outbound::Body::Stream(source(pieces, store)),
        }
    }
}

/// Opens all files before anything is sent, so that one that is not there is told while nothing has happened.
fn source(pieces: &Arc<[Piece]>, store: &Store) -> Source {
    let (pieces, store) = (Arc::clone(pieces), store.clone());
    Source::new(move || {
        let (pieces, store) = (Arc::clone(&pieces), store.clone());
        async move { opened(&pieces, &store).await.map_err(SourceError::new) }.boxed()
    })
}

async fn opened(pieces: &[Piece], store: &Store) -> Result<Opened, FileError> {
    type Bits = BoxStream<'static, Result<Bytes, SourceError>>;
    let mut size = Some(0);
    let mut contents: Vec<Bits> = Vec::new();
    for piece in pieces {
        let (more, content) = match piece {
            Piece::Bytes(bytes) => {
                (Some(bytes.len() as u64), stream::once(ready(Ok(bytes.clone()))).boxed())
            }
            Piece::File(file) => {
                let (meta, content) = store.open(file).await?;
                (meta.size, content.map_err(SourceError::new).boxed())
            }
        };
        size = size.zip(more).map(|(before, more)| before + more);
        contents.push(content);
    }
    Ok(Opened { size, content: stream::iter(contents).flatten().boxed() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_memory_is_one_piece() {
        let text = |text: &'static str| Piece::Bytes(Bytes::from_static(text.as_bytes()));
        let file = || Piece::File(Box::new(File::at("data:,abc").unwrap()));
        assert_eq!(Content::of(vec![]).bytes(), Some(&b""[..]));
        assert_eq!(Content::of(vec![text("a"), text("b")]).bytes(), Some(&b"ab"[..]));
        let mixed = Content::of(vec![text("a"), text("b"), file(), text("c"), text("d")]);
        assert_eq!(mixed.bytes(), None);
        assert_eq!(mixed.shown(), "ab(file file)cd");
        let Content::Pieces(pieces) = mixed else { panic!("no pieces") };
        assert_eq!(pieces.len(), 3);
    }

    #[test]
    fn the_size_is_known_where_all_files_tell_theirs() {
        let value = serde_json::json!({"uri": "file:/a", "content": {"sizeInBytes": 7}});
        let file: File = serde_json::from_value(value).unwrap();
        let bytes = Piece::Bytes(Bytes::from_static(b"abc"));
        let known = Content::of(vec![bytes.clone(), Piece::File(Box::new(file))]);
        assert_eq!((known.size(), known.shown()), (Some(10), "abc(file a, 7 bytes)".to_owned()));
        let unknown = Content::of(vec![bytes, Piece::File(Box::new(File::at("file:/a").unwrap()))]);
        assert_eq!(unknown.size(), None);
    }
}
