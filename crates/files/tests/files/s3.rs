//! A real S3 server: `s3s-fs` on loopback, which checks signatures and keeps its objects in a folder.

use std::net::SocketAddr;

use bytes::Bytes;
use files::{ErrorKind, FileError, NewFile, Settings, Store};
use futures_util::{TryStreamExt, stream};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::{net::TcpListener, task::JoinSet};

use crate::support::{
    MIB, TempDir, content, failure, file, kind, named, settings, store, variables,
};

const ACCESS_KEY: &str = "AKIDEXAMPLE";
const SECRET_KEY: &str = "s3cret/Key+";

#[tokio::test]
async fn wrong_credentials_are_told_without_them() {
    let s3 = S3::start().await;
    for (variable, value) in [("AWS_SECRET_ACCESS_KEY", "wr0ng"), ("AWS_ACCESS_KEY_ID", "wr0ng")] {
        let mut settings = s3.settings("s3://bucket/files");
        settings.variables.insert(variable.to_owned(), value.to_owned());
        let store = store(&settings);
        let error = store.save_bytes(named("a"), Bytes::from_static(b"x")).await.unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("`a`: the store answers 403 "), "{text}");
        assert!(!text.contains("wr0ng") && !error.is_transient(), "{text}");
        let error = failure(&store, &file("s3://bucket/files/a")).await;
        let text = error.to_string();
        assert!(text.starts_with("`s3://bucket/files/a`: the store answers 403 "), "{text}");
        assert!(!text.contains("wr0ng"), "{text}");
    }
}

#[tokio::test]
async fn other_buckets_and_prefixes_are_refused() {
    let s3 = S3::start().await;
    s3.folder.write("bucket/secret.txt", "s3cret");
    s3.folder.write("bucket/files2/secret.txt", "s3cret");
    s3.folder.write("other/secret.txt", "s3cret");
    let store = s3.store("s3://bucket/files");
    for uri in [
        "s3://other/secret.txt",
        "s3://bucket/secret.txt",
        "s3://bucket/files2/secret.txt",
        "s3://bucket/files",
        "s3://bucket/files/../secret.txt",
        "s3://bucket/files/%2e%2e/secret.txt",
        "s3://bucket/files/..%2fsecret.txt",
        "s3://key:s3cret@bucket/files/a.txt",
        "s3:files/a.txt",
        "gs://bucket/files/a.txt",
    ] {
        let kind = kind(&store, uri).await;
        assert!(matches!(kind, ErrorKind::Refused(_)), "{uri}: {kind}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_told() {
    let s3 = S3::start().await;
    assert_eq!(kind(&s3.store("s3://bucket/x"), "s3://bucket/x/a").await, ErrorKind::NotFound);
}

#[tokio::test]
async fn too_large_an_object_is_not_loaded() {
    let s3 = S3::start().await;
    let large = s3.store("s3://bucket");
    let saved = large.save_bytes(named("a.bin"), vec![7; 1001].into()).await.unwrap();
    let mut settings = s3.settings("s3://bucket");
    settings.bytes_max = 1000;
    let error = failure(&store(&settings), &file(saved.uri())).await;
    assert_eq!(error.kind, ErrorKind::TooLarge { limit: 1000, setting: "FILE_BYTES_MAX" });
}

#[tokio::test]
async fn an_object_that_shrinks_while_it_is_read_is_an_error() {
    let s3 = S3::start().await;
    // More than fits into the buffers of a connection.
    let path = s3.folder.write("bucket/a.bin", vec![7; 32 * 1024 * 1024]);
    let store = s3.store("s3://bucket");
    let (meta, mut content) = store.open(&file("s3://bucket/a.bin")).await.unwrap();
    assert_eq!(meta.size, Some(32 * MIB));
    let first = content.try_next().await.unwrap().unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().set_len(100).unwrap();
    std::fs::remove_file(&path).unwrap();
    let rest: Result<Vec<_>, FileError> = content.try_collect().await;
    let error = rest.unwrap_err();
    assert!(!first.is_empty() && error.file == "s3://bucket/a.bin", "{error}");
}

#[tokio::test]
async fn nothing_is_left_of_an_upload_that_breaks_off() {
    let s3 = S3::start().await;
    let store = s3.store("s3://bucket/files");
    let broken =
        || FileError { kind: ErrorKind::Unavailable("gone".to_owned()), file: "x".to_owned() };
    let chunks = (0..12).map(|_| Ok(Bytes::from(vec![7; 1024 * 1024])));
    let content = stream::iter(chunks.chain([Err(broken())]));
    assert_eq!(store.save(named("a.bin"), content).await.unwrap_err(), broken());
    // The server keeps a mark of each upload in hidden files; there is none left, and no object.
    let left = s3.folder.entries();
    assert!(left.iter().all(|it| !it.contains("upload") && !it.contains("a.bin")), "{left:?}");
}

#[tokio::test]
async fn small_and_large_objects_are_saved_and_read_again() {
    let s3 = S3::start().await;
    let store = s3.store("s3://bucket/files/");
    for n_mebibytes in [0, 1, 12] {
        let chunks =
            (0..n_mebibytes).map(|n| Ok::<_, FileError>(Bytes::from(vec![n; 1024 * 1024])));
        let new = NewFile { folder: Some("ü/2026".to_owned()), ..named("Straße #1.pdf") };
        let saved = store.save(new, stream::iter(chunks)).await.unwrap();
        assert!(saved.uri().starts_with("s3://bucket/files/%C3%BC/2026/"), "{}", saved.uri());
        assert!(saved.uri().ends_with("/Stra%C3%9Fe%20%231.pdf"), "{}", saved.uri());
        assert_eq!(saved.size, Some(u64::from(n_mebibytes) * MIB));
        let (meta, bytes) = content(&store, &saved).await;
        assert_eq!(meta.size, saved.size);
        let expected: Vec<_> = (0..n_mebibytes).flat_map(|n| vec![n; 1024 * 1024]).collect();
        assert!(bytes == expected, "{n_mebibytes} MiB");
    }
    // The type travels with the object.
    let new = NewFile { mime_type: Some("text/x-own".to_owned()), ..named("a.pdf") };
    let saved = store.save_bytes(new, Bytes::from_static(b"x")).await.unwrap();
    assert_eq!(content(&store, &file(saved.uri())).await.0.mime_type, "text/x-own");
}

#[tokio::test]
async fn more_buckets_can_be_read_when_they_are_allowed() {
    let s3 = S3::start().await;
    s3.folder.write("other/a b.txt", "hello");
    let mut settings = s3.settings("s3://bucket");
    settings.allow.push("s3a://other".to_owned());
    for uri in ["s3://other/a b.txt", "s3a://other/a%20b.txt"] {
        assert_eq!(content(&store(&settings), &file(uri)).await.1, "hello");
    }
}

/// The server, with buckets `bucket` and `other`.
struct S3 {
    // Goes before its folder does.
    _task: JoinSet<()>,
    folder: TempDir,
    address: SocketAddr,
}

impl S3 {
    async fn start() -> Self {
        let folder = TempDir::new();
        for bucket in ["bucket", "other"] {
            std::fs::create_dir(folder.join(bucket)).unwrap();
        }
        let service = {
            let mut builder = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
            builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
            builder.build()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let service = service.clone();
                connections.spawn(async move {
                    let connection = http1::Builder::new();
                    // A client that has seen enough hangs up.
                    drop(connection.serve_connection(TokioIo::new(stream), service).await);
                });
            }
        });
        Self { _task: task, folder, address }
    }

    fn settings(&self, url: &str) -> Settings {
        let endpoint = format!("http://{}", self.address);
        Settings {
            variables: variables([
                ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
                ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
                ("AWS_ENDPOINT_URL", &endpoint),
                ("AWS_REGION", "eu-central-1"),
                // Meant for somebody else.
                ("BUCKET", "other"),
                ("TIMEOUT", "0s"),
            ]),
            ..settings(Some(url))
        }
    }

    fn store(&self, url: &str) -> Store {
        store(&self.settings(url))
    }
}
