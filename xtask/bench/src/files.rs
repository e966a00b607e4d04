//! A large file through the REST connector: from the store into a body, to a peer that sends it back, and from the
//! answer into the store, in one call.
//!
//! What counts is the memory: the most that the process has had, and what it has kept, both above what a small file
//! takes. The yardstick is the size of the file, which is what holding it in memory would take at least.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{
    caller::Call,
    figure::{Figure, Target},
    peer::Peer,
    process::Process,
    setup::Setup,
};

const FILE_MB: u32 = 100;
const N_ROUNDS: usize = 3;
/// Several parts of an upload (5 MB each), the buffers of two connections, and what allocators keep.
const PEAK_MAX_MB: f64 = 32.0;

/// A folder with a file, removed when dropped.
struct Folder(PathBuf);

/// Memory and speed of a call with 100 MB there and back.
pub(crate) async fn measure(setup: &Setup) -> Result<Vec<Figure>> {
    let folder = Folder::new(&setup.logs)?;
    let (small, large) = (folder.file("small.bin", 1)?, folder.file("large.bin", FILE_MB)?);
    let peer = Peer::start().await?;
    let url = folder.url();
    let settings = [
        ("FILES_URL", url.as_str()),
        ("FILE_BYTES_MAX", "200MB"),
        ("HTTP_CALL_TIMEOUT", "2m"),
        ("RUN_TIMEOUT", "2m"),
    ];
    let rest = Process::connector(setup, "rest-connector", &settings).await?;
    let call = |file: &Value| {
        let inputs = json!({
            "restUrl": peer.echo(), "requestPayload": file, "payloadType": "file", "responseType": "file",
        });
        Call::post(rest.address, "/v1/do/rest-connector/PUT", &inputs, "\"sizeInBytes\":")
    };
    // The first call makes the connections and fills the caches.
    folder.take(&call(&small).once().await?, 1)?;
    let before = rest.memory()?;

    let mut seconds = Vec::new();
    for _ in 0..N_ROUNDS {
        let begun = Instant::now();
        let answer = call(&large).once().await?;
        seconds.push(begun.elapsed().as_secs_f64());
        folder.take(&answer, FILE_MB)?;
        println!(
            "   {FILE_MB} MB there and back in {:.2} s, peak {:.1} MB",
            begun.elapsed().as_secs_f64(),
            rest.memory()?.peak
        );
    }
    let after = rest.memory()?;
    let file = f64::from(FILE_MB);
    let rate = |seconds: f64| file / seconds;
    Ok(vec![
        Figure::new("peak above a small file's", after.peak - before.peak, "MB")
            .against(file)
            .target(Target::AtMost(PEAK_MAX_MB)),
        Figure::new("kept after all", after.total - before.total, "MB").against(file),
        Figure::new("peak", after.peak, "MB"),
        Figure::new("there and back", crate::figure::median(seconds.into_iter().map(rate)), "MB/s"),
    ])
}

impl Folder {
    fn new(beside: &Path) -> Result<Self> {
        let path = beside.join(format!("files-{}", std::process::id()));
        fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        Ok(Self(path.canonicalize()?))
    }

    fn url(&self) -> String {
        format!("file://{}", self.0.display())
    }

    /// A file of so many MB (1,000,000 bytes), as the value that stands for it.
    fn file(&self, name: &str, megabytes: u32) -> Result<Value> {
        let pattern: Vec<u8> = (0..=250).cycle().take(1_000_000).collect();
        let n_bytes = u64::from(megabytes) * 1_000_000;
        fs::write(self.0.join(name), pattern.repeat(usize::try_from(megabytes)?))?;
        let content = json!({ "mimeType": "application/octet-stream", "sizeInBytes": n_bytes });
        Ok(json!({ "name": name, "uri": format!("{}/{name}", self.url()), "content": content }))
    }

    /// Removes the file that an answer names, which must be as large as the one that was sent.
    fn take(&self, answer: &str, megabytes: u32) -> Result<()> {
        let answer: Value = serde_json::from_str(answer)?;
        let uri = answer["command_response"]["body"]["file"]["uri"].as_str();
        let uri = uri.with_context(|| format!("no file in {answer}"))?;
        let path = uri.strip_prefix(&format!("{}/", self.url())).context("another folder")?;
        let path = self.0.join(path);
        let n_bytes = fs::metadata(&path).with_context(|| path.display().to_string())?.len();
        ensure!(n_bytes == u64::from(megabytes) * 1_000_000, "{n_bytes} bytes came back");
        fs::remove_file(path)?;
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // It may be gone already, which is fine.
        fs::remove_dir_all(&self.0).ok();
    }
}
