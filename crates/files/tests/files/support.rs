//! Stores, folders and scripted servers.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use files::{ErrorKind, File, FileError, Limit, Meta, NewFile, Settings, Store};
use futures_util::TryStreamExt;
use outbound::{Egress, EgressSettings, Outbound, Proxies};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinSet,
    time::timeout,
};
use uuid::Uuid;

/// Longer than anything here may take; what hangs fails its test by it.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) const MIB: u64 = 1024 * 1024;

/// More than any test reads.
pub(crate) const NO_LIMIT: Limit = Limit { bytes: u64::MAX, setting: "NO_LIMIT" };

/// A folder of its own, removed in the end.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("files-{}", Uuid::new_v4()));
        std::fs::create_dir(&path).unwrap();
        // Where the folder of the system is a link, the tests do not mean that link.
        Self(path.canonicalize().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    /// Writes a file and the folders above it.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.0.display())
    }

    /// All that is in it, below it too.
    pub(crate) fn entries(&self) -> Vec<String> {
        let mut entries = Vec::new();
        let mut folders = vec![self.0.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                entries.push(path.strip_prefix(&self.0).unwrap().display().to_string());
                if path.is_dir() {
                    folders.push(path);
                }
            }
        }
        entries
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// The defaults of the settings, with a place for files or without one.
pub(crate) fn settings(url: Option<&str>) -> Settings {
    Settings {
        url: url.map(str::to_owned),
        allow: Vec::new(),
        variables: BTreeMap::new(),
        extra_ca: None,
        inline_max: 4 * MIB,
        bytes_max: 50 * MIB,
        fetch_timeout: PATIENCE,
    }
}

pub(crate) fn variables<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

pub(crate) fn store(settings: &Settings) -> Store {
    Store::new(settings, outbound("allow")).unwrap()
}

pub(crate) fn outbound(private: &str) -> Outbound {
    let private = Some(private.to_owned());
    Outbound::new(outbound::Settings {
        user_agent: "test-connector/1.0".to_owned(),
        egress: Egress::new(&EgressSettings { private, deny: None, allow: None }).unwrap(),
        proxies: Proxies::default(),
        connect_timeout: PATIENCE,
        extra_ca: None,
        resolver: None,
    })
    .unwrap()
}

/// The problems of settings that no store is made of.
pub(crate) fn problems(settings: &Settings) -> Vec<(&'static str, String)> {
    Store::new(settings, outbound("allow")).err().expect("the settings are refused")
}

pub(crate) fn file(uri: &str) -> File {
    File::at(uri).unwrap()
}

pub(crate) fn named(name: &str) -> NewFile {
    NewFile { name: name.to_owned(), ..NewFile::default() }
}

/// The whole file.
pub(crate) async fn content(store: &Store, file: &File) -> (Meta, Bytes) {
    timeout(PATIENCE, store.read(file, NO_LIMIT)).await.expect("reading hangs").unwrap()
}

/// The error of a file that cannot be read to its end.
pub(crate) async fn failure(store: &Store, file: &File) -> FileError {
    let read = async {
        let (_, content) = store.open(file).await?;
        content.try_for_each(async |_| Ok(())).await
    };
    timeout(PATIENCE, read).await.expect("reading hangs").expect_err("reading succeeds")
}

pub(crate) async fn kind(store: &Store, uri: &str) -> ErrorKind {
    failure(store, &file(uri)).await.kind
}

/// A server on loopback that lives as long as this value and remembers what it was sent.
pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    _task: JoinSet<()>,
}

impl Server {
    /// Answers each connection's one request with the bytes that `answer` makes of it.
    pub(crate) async fn start(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&requests), Arc::new(answer));
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                connections.spawn(async move {
                    let Some(request) = receive(&mut stream).await else { return };
                    let answer = answer(&request);
                    seen.lock().unwrap().push(request);
                    // A client that has seen enough hangs up.
                    drop(stream.write_all(&answer).await);
                });
            }
        });
        Self { address, requests, _task: task }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What came in, oldest first.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// The head of a request.
async fn receive(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// A response with its length.
pub(crate) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    announced(status, headers, body.as_ref().len(), body)
}

/// A response with another length than it has.
pub(crate) fn announced(
    status: &str,
    headers: &str,
    length: usize,
    body: impl AsRef<[u8]>,
) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    [head.as_bytes(), body.as_ref()].concat()
}

/// A port that refuses connections and is not given to another test.
pub(crate) struct ClosedPort(TcpSocket);

impl ClosedPort {
    pub(crate) fn reserve() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self(socket)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }
}
