//! That large files pass through in small memory, counted byte by byte.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use files::FileError;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};

use crate::support::{MIB, TempDir, named, settings, store};

const FILE_BYTES: usize = 100 * 1024 * 1024;
const CHUNK_BYTES: usize = 64 * 1024;
/// Two parts of an upload and some change.
const HELD_BYTES_MAX: usize = 12 * 1024 * 1024;

#[tokio::test]
async fn a_hundred_megabytes_are_saved_in_a_few() {
    let folder = TempDir::new();
    let mut settings = settings(Some(&folder.url()));
    settings.bytes_max = 200 * MIB;
    let store = store(&settings);
    let held = Held::default();
    let saved = store.save(named("a.bin"), held.synthetic()).await.unwrap();
    assert_eq!(saved.size, Some(FILE_BYTES as u64));
    let most = held.most.load(Ordering::SeqCst);
    assert!(most > CHUNK_BYTES, "the counter counts: {most}");
    assert!(most <= HELD_BYTES_MAX, "{most} bytes were held at once");
    assert_eq!(held.now.load(Ordering::SeqCst), 0);

    // And out again: no chunk of it is larger than a reader would ask for.
    let (meta, content) = store.open(&saved).await.unwrap();
    assert_eq!(meta.size, Some(FILE_BYTES as u64));
    let (n_bytes, largest) = content
        .try_fold((0, 0), async |(n_bytes, largest), chunk| {
            assert!(chunk.iter().all(|&it| it == 7));
            Ok((n_bytes + chunk.len(), largest.max(chunk.len())))
        })
        .await
        .unwrap();
    assert_eq!(n_bytes, FILE_BYTES);
    assert!(largest <= 1024 * 1024, "{largest}");
}

#[tokio::test]
async fn a_file_goes_from_store_to_store() {
    let (from, to) = (TempDir::new(), TempDir::new());
    from.write("a.bin", vec![7; 20 * 1024 * 1024]);
    let mut settings = settings(Some(&to.url()));
    settings.allow.push(from.url());
    let store = store(&settings);
    let file = files::File::at(&format!("{}/a.bin", from.url())).unwrap();
    let (meta, content) = store.open(&file).await.unwrap();
    let held = Held::default();
    let saved = store.save(named(&meta.name), held.watch(content)).await.unwrap();
    assert_eq!(saved.size, Some(20 * MIB));
    let most = held.most.load(Ordering::SeqCst);
    assert!(most <= HELD_BYTES_MAX, "{most} bytes were held at once");
}

/// How many bytes of a stream are alive.
#[derive(Default)]
struct Held {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Held {
    /// A large file that is nowhere.
    fn synthetic(&self) -> impl Stream<Item = Result<Bytes, FileError>> + Send + use<> {
        let chunks = (0..FILE_BYTES / CHUNK_BYTES).map(|_| Ok(Bytes::from(vec![7; CHUNK_BYTES])));
        self.watch(stream::iter(chunks))
    }

    fn watch<S>(&self, content: S) -> impl Stream<Item = Result<Bytes, FileError>> + Send + use<S>
    where
        S: Stream<Item = Result<Bytes, FileError>> + Send,
    {
        let (now, most) = (Arc::clone(&self.now), Arc::clone(&self.most));
        content.map(move |chunk| {
            let chunk = chunk?;
            let alive = now.fetch_add(chunk.len(), Ordering::SeqCst) + chunk.len();
            most.fetch_max(alive, Ordering::SeqCst);
            Ok(Bytes::from_owner(Chunk { bytes: chunk, now: Arc::clone(&now) }))
        })
    }
}

/// Counts itself off when nobody holds a slice of it any more.
struct Chunk {
    bytes: Bytes,
    now: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        self.now.fetch_sub(self.bytes.len(), Ordering::SeqCst);
    }
}
