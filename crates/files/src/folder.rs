//! Files of a folder: never anything outside of it, whatever the names and links say.

use std::{
    io,
    path::{Path, PathBuf},
};

use futures_util::{StreamExt, TryStreamExt};
use tokio::{fs, io::AsyncReadExt};
use tokio_util::io::ReaderStream;

use crate::{ErrorKind, store::Opened};

const CHUNK_BYTES: usize = 256 * 1024;

/// Opens the file at `parts` below `root`, which has to be canonical.
///
/// # Errors
///
/// [`ErrorKind::NotFound`], [`ErrorKind::Refused`] for what is no file or is reached by a link that leads out, [`ErrorKind::Unreadable`].
pub(crate) async fn open(root: &Path, parts: &[String]) -> Result<Opened, ErrorKind> {
    let path = inside(root, joined(root, parts)).await?;
    // Opening a pipe would wait for its other end, so this is asked before.
    let metadata = fs::symlink_metadata(&path).await.map_err(|error| unreadable(&error))?;
    if !metadata.is_file() {
        return Err(ErrorKind::Refused("is a folder or device, no file".to_owned()));
    }
    let file = fs::File::open(&path).await.map_err(|error| unreadable(&error))?;
    let size = file.metadata().await.map_err(|error| unreadable(&error))?.len();
    // What is appended from now on belongs to the next reader.
    let content = ReaderStream::with_capacity(file.take(size), CHUNK_BYTES)
        .map_err(|error| unreadable(&error));
    Ok(Opened { size: Some(size), mime_type: None, content: content.boxed() })
}

/// Checks that a file written at `parts` will be below `root`; its folders may still be missing.
///
/// # Errors
///
/// [`ErrorKind::Refused`] where a link leads out.
pub(crate) async fn check(root: &Path, parts: &[String]) -> Result<(), ErrorKind> {
    let mut path = joined(root, parts);
    loop {
        match inside(root, path.clone()).await {
            Err(ErrorKind::NotFound) if path == root => {
                return Err(ErrorKind::Unwritable("the store's folder is gone".to_owned()));
            }
            Err(ErrorKind::NotFound) if path.pop() => (),
            checked => return checked.map(drop),
        }
    }
}

/// Removes the folder that a file had to itself, with what was written of the file.
pub(crate) fn clear(root: &Path, parts: &[String]) {
    let mut folder = joined(root, parts);
    folder.pop();
    // A folder that cannot be removed does no harm.
    drop(std::fs::remove_dir_all(folder));
}

/// What the names of an operating system's error may tell: no paths.
fn unreadable(error: &io::Error) -> ErrorKind {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename => {
            ErrorKind::NotFound
        }
        kind => ErrorKind::Unreadable(format!("cannot be read: {kind}")),
    }
}

fn joined(root: &Path, parts: &[String]) -> PathBuf {
    let mut path = root.to_owned();
    path.extend(parts);
    path
}

async fn inside(root: &Path, path: PathBuf) -> Result<PathBuf, ErrorKind> {
    let path = fs::canonicalize(path).await.map_err(|error| unreadable(&error))?;
    if path.starts_with(root) {
        Ok(path)
    } else {
        Err(ErrorKind::Refused("leads out of its folder by a link".to_owned()))
    }
}
