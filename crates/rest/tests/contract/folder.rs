//! A folder as the store of files.

use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};

/// A folder of its own, removed in the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let n = COUNT.fetch_add(1, Ordering::SeqCst);
        let path = std::env::temp_dir().join(format!("rest-files-{}-{n}", std::process::id()));
        fs::create_dir(&path).unwrap();
        // Where the folder of the system is a link, the tests do not mean that link.
        Self(path.canonicalize().unwrap())
    }

    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.0.display())
    }

    /// Writes a file and gives its value, as the engine would send it.
    pub(crate) fn file(&self, name: &str, mime_type: &str, content: &[u8]) -> Value {
        fs::write(self.0.join(name), content).unwrap();
        json!({
            "name": name,
            "uri": format!("{}/{name}", self.url()),
            "content": {"mimeType": mime_type, "sizeInBytes": content.len()},
        })
    }

    /// The bytes of a file value that the connector has given.
    pub(crate) fn content(&self, file: &Value) -> Vec<u8> {
        let uri = file["uri"].as_str().unwrap();
        let path = uri.strip_prefix(&format!("{}/", self.url())).unwrap();
        fs::read(self.0.join(path.replace("%20", " "))).unwrap()
    }

    /// The names of all that is in it.
    pub(crate) fn entries(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}
