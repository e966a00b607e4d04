//! Messages between this process and its workers: a JSON header with its length before it, then the bytes it speaks of.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A header; data and templates are in it.
const HEADER_BYTES_MAX: u32 = 256 * 1024 * 1024;
/// All bytes behind one header.
const BLOBS_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Bytes with a name; on the wire, the bytes follow the header.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Blob {
    pub(crate) name: String,
    n_bytes: u64,
    #[serde(skip)]
    pub(crate) bytes: Vec<u8>,
}

/// A message that has blobs.
pub(super) trait Message: Serialize + DeserializeOwned {
    /// All of them, always in the same order.
    fn blobs(&mut self) -> Vec<&mut Blob>;
}

impl Blob {
    pub(crate) fn new(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { name: name.into(), n_bytes: bytes.len() as u64, bytes }
    }
}

/// Writes a message to where a worker or its master reads it.
pub(super) fn write(out: &mut impl Write, mut message: impl Message) -> io::Result<()> {
    out.write_all(&header(&message)?)?;
    for blob in message.blobs() {
        out.write_all(&blob.bytes)?;
    }
    out.flush()
}

/// Reads a message; none when the other side is gone.
pub(super) fn read<M: Message>(input: &mut impl Read) -> io::Result<Option<M>> {
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut header = vec![0; header_length(length)?];
    input.read_exact(&mut header)?;
    let mut message: M = serde_json::from_slice(&header)?;
    for blob in sized(&mut message)? {
        input.read_exact(&mut blob.bytes)?;
    }
    Ok(Some(message))
}

/// [`write`] without blocking the thread.
pub(super) async fn send(
    out: &mut (impl AsyncWrite + Unpin),
    message: &mut impl Message,
) -> io::Result<()> {
    out.write_all(&header(message)?).await?;
    for blob in message.blobs() {
        out.write_all(&blob.bytes).await?;
    }
    out.flush().await
}

/// [`read`] without blocking the thread; an error when the other side is gone.
pub(super) async fn receive<M: Message>(input: &mut (impl AsyncRead + Unpin)) -> io::Result<M> {
    let mut length = [0; 4];
    input.read_exact(&mut length).await?;
    let mut header = vec![0; header_length(length)?];
    input.read_exact(&mut header).await?;
    let mut message: M = serde_json::from_slice(&header)?;
    for blob in sized(&mut message)? {
        input.read_exact(&mut blob.bytes).await?;
    }
    Ok(message)
}

fn header(message: &impl Message) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, message)?;
    let length = u32::try_from(bytes.len() - 4).ok().filter(|it| *it <= HEADER_BYTES_MAX);
    let length = length.ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    Ok(bytes)
}

fn header_length(length: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_be_bytes(length);
    if length > HEADER_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(length as usize)
}

/// The blobs with room for their bytes.
fn sized(message: &mut impl Message) -> io::Result<Vec<&mut Blob>> {
    let mut blobs = message.blobs();
    let total = blobs.iter().try_fold(0_u64, |sum, it| sum.checked_add(it.n_bytes));
    if total.is_none_or(|it| it > BLOBS_BYTES_MAX) {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    for blob in &mut blobs {
        let n_bytes = usize::try_from(blob.n_bytes).map_err(io::Error::other)?;
        blob.bytes = vec![0; n_bytes];
    }
    Ok(blobs)
}

impl Message for super::Job {
    fn blobs(&mut self) -> Vec<&mut Blob> {
        let attachments = self.attachments.iter_mut().map(|it| &mut it.content);
        self.assets.iter_mut().chain(&mut self.fonts).chain(attachments).collect()
    }
}

impl Message for super::Reply {
    fn blobs(&mut self) -> Vec<&mut Blob> {
        match self {
            Self::Done { files, .. } => files.iter_mut().collect(),
            Self::Ready | Self::Needs(_) | Self::Failed(_) => Vec::new(),
        }
    }
}

impl Message for Vec<super::Supply> {
    fn blobs(&mut self) -> Vec<&mut Blob> {
        let found = self.iter_mut().filter_map(|it| match it {
            super::Supply::Found(blob) => Some(blob),
            super::Supply::Refused(_) => None,
        });
        found.collect()
    }
}
