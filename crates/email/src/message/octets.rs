//! Octets of a file that travels in a mail: few are held in memory, many lie on the disk until they are sent.

use std::{
    env,
    fs::{self, File},
    io,
    ops::Range,
    os::unix::fs::{FileExt, OpenOptionsExt},
    sync::Arc,
};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, TryStreamExt};
use tokio::io::{AsyncWriteExt, BufWriter};
use tracing::warn;
use uuid::Uuid;

/// Octets that are written at once.
const WRITE_BYTES: usize = 256 * 1024;

/// Octets that can be read as often as the mail is sent; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) enum Octets {
    Held(Bytes),
    OnDisk(OnDisk),
}

/// A file without a name: nobody else can open it, and it is gone with this process, however that ends.
#[derive(Clone, Debug)]
pub(crate) struct OnDisk {
    file: Arc<File>,
    length: usize,
}

/// Why octets could not be collected.
#[derive(Debug)]
pub(crate) enum Uncollected<E> {
    /// Where they come from.
    Source(E),
    /// The folder for temporary files.
    Disk(io::Error),
}

impl Octets {
    /// Everything that comes; more than `held_max` octets go to the disk as they come.
    ///
    /// Where there is no place for temporary files they are held all the same.
    ///
    /// # Errors
    /// The source's own, and a disk that is full.
    pub(crate) async fn collect<E>(
        mut content: impl Stream<Item = Result<Bytes, E>> + Unpin,
        held_max: usize,
    ) -> Result<Self, Uncollected<E>> {
        let first = content.try_next().await.map_err(Uncollected::Source)?;
        let mut held = BytesMut::from(first.unwrap_or_default());
        let mut held_max = held_max;
        loop {
            if held.len() > held_max {
                match unnamed() {
                    Ok(file) => return spilled(file, held.freeze(), content).await,
                    Err(error) => {
                        warn!("no temporary file, an attachment is held in memory: {error}");
                        held_max = usize::MAX;
                    }
                }
            }
            let Some(chunk) = content.try_next().await.map_err(Uncollected::Source)? else {
                return Ok(Self::Held(held.freeze()));
            };
            held.extend_from_slice(&chunk);
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Held(octets) => octets.len(),
            Self::OnDisk(OnDisk { length, .. }) => *length,
        }
    }

    pub(crate) fn is_on_disk(&self) -> bool {
        matches!(self, Self::OnDisk(_))
    }

    /// Those in `range`; waits for the disk where they are there.
    pub(crate) fn read(&self, range: Range<usize>) -> io::Result<Bytes> {
        match self {
            Self::Held(octets) => Ok(octets.slice(range)),
            Self::OnDisk(OnDisk { file, .. }) => {
                let mut octets = vec![0; range.len()];
                file.read_exact_at(&mut octets, range.start as u64)?;
                Ok(octets.into())
            }
        }
    }
}

/// A new file in the folder for temporary ones, of which nothing is left when it is closed.
fn unnamed() -> io::Result<File> {
    let path = env::temp_dir().join(format!("email-{}", Uuid::new_v4().simple()));
    let file = File::options().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    fs::remove_file(path)?;
    Ok(file)
}

async fn spilled<E>(
    file: File,
    first: Bytes,
    mut content: impl Stream<Item = Result<Bytes, E>> + Unpin,
) -> Result<Octets, Uncollected<E>> {
    let mut file = BufWriter::with_capacity(WRITE_BYTES, tokio::fs::File::from_std(file));
    let (mut next, mut length) = (Some(first), 0);
    while let Some(chunk) = next {
        file.write_all(&chunk).await.map_err(Uncollected::Disk)?;
        length += chunk.len();
        next = content.try_next().await.map_err(Uncollected::Source)?;
    }
    file.flush().await.map_err(Uncollected::Disk)?;
    let file = Arc::new(file.into_inner().into_std().await);
    Ok(Octets::OnDisk(OnDisk { file, length }))
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    async fn collected(lengths: &[usize], held_max: usize) -> (Octets, Vec<u8>) {
        let all: Vec<u8> = (0..=250).cycle().take(lengths.iter().sum()).collect();
        let mut rest = Bytes::from(all.clone());
        let chunks = lengths.iter().map(|it| Ok::<_, io::Error>(rest.split_to(*it)));
        let chunks = stream::iter(chunks.collect::<Vec<_>>());
        (Octets::collect(chunks, held_max).await.unwrap(), all)
    }

    #[tokio::test]
    async fn many_lie_on_the_disk_and_are_read_as_often_as_they_are_needed() {
        for (lengths, held_max, is_on_disk) in [
            (&[][..], 10, false),
            (&[0, 0], 0, false),
            (&[10], 10, false),
            (&[5, 0, 5], 10, false),
            (&[11], 10, true),
            (&[5, 6], 10, true),
            (&[1], 0, true),
            (&[600_000, 7, 900_000], 1000, true),
        ] {
            let (octets, expected) = collected(lengths, held_max).await;
            assert_eq!((octets.is_on_disk(), octets.len()), (is_on_disk, expected.len()));
            for _ in 0..2 {
                assert_eq!(octets.read(0..expected.len()).unwrap(), expected, "{lengths:?}");
            }
            let half = expected.len() / 2;
            assert_eq!(octets.clone().read(half..expected.len()).unwrap(), expected[half..]);
        }
    }

    #[tokio::test]
    async fn a_source_that_breaks_off_is_told_wherever_the_octets_are() {
        for held_max in [0, 100] {
            let chunks = [Ok(Bytes::from_static(b"abc")), Err("broken")];
            let outcome = Octets::collect(stream::iter(chunks), held_max).await;
            assert!(matches!(outcome, Err(Uncollected::Source("broken"))), "{held_max}");
        }
    }
}
