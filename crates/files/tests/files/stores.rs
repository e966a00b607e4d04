//! Azure, Google and S3 at scripted servers, most of them bad ones, and the store in memory.

use bytes::Bytes;
use files::{ErrorKind, Settings};

use crate::support::{
    ClosedPort, Server, announced, answer, content, failure, file, named, settings, store,
    variables,
};

const FOUND: &str =
    "Last-Modified: Sat, 21 Nov 2026 10:00:00 GMT\r\nETag: \"1\"\r\nContent-Type: text/csv\r\n";
const SIGNATURE: &str = "sv=2024-01-01&sig=s3cret";

#[tokio::test]
async fn signatures_of_a_store_are_never_told() {
    let port = ClosedPort::reserve();
    let error = failure(&store(&azure(&port.url())), &file("az://container/a.csv")).await;
    let text = error.to_string();
    assert!(text.starts_with("`az://container/a.csv`: no connection to the store: "), "{text}");
    assert!(!text.contains("sig=") && error.is_transient(), "{text}");
    for (status, is_transient) in [("403 Forbidden", false), ("503 Service Unavailable", true)] {
        let body = format!("<Error><Code>ServerBusy</Code>{SIGNATURE}</Error>");
        let server = Server::start(move |_| answer(status, "", &body)).await;
        let store = store(&azure(&server.url("")));
        let read = failure(&store, &file("az://container/a.csv")).await;
        let written = store.save_bytes(named("a"), Bytes::from_static(b"x")).await.unwrap_err();
        for error in [read, written] {
            let expected = format!("the store answers {} ServerBusy", &status[..3]);
            assert!(error.to_string().ends_with(&expected), "{error}");
            assert_eq!(error.is_transient(), is_transient, "{error}");
        }
        assert!(server.requests().iter().all(|it| it.contains("sig=s3cret")), "it was used");
    }
}

#[tokio::test]
async fn a_container_that_is_not_there_is_no_missing_file() {
    let body = "<Error><Code>ContainerNotFound</Code></Error>";
    let server = Server::start(move |_| answer("404 Not Found", "", body)).await;
    let store = store(&azure(&server.url("")));
    let text = "the store answers 404 ContainerNotFound".to_owned();
    let read = failure(&store, &file("az://container/a.csv")).await;
    assert_eq!(read.kind, ErrorKind::Unreadable(text.clone()));
    let written = store.save_bytes(named("a"), Bytes::from_static(b"x")).await.unwrap_err();
    assert_eq!(written.kind, ErrorKind::Unwritable(text));
}

#[tokio::test]
async fn a_hiccup_of_the_store_is_waited_out() {
    let n_asked = std::sync::atomic::AtomicUsize::new(0);
    let server =
        Server::start(move |_| match n_asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => answer("503 Service Unavailable", "", "<Code>SlowDown</Code>"),
            _ => answer("200 OK", FOUND, "a,b"),
        })
        .await;
    let bytes = content(&store(&azure(&server.url(""))), &file("az://container/a")).await.1;
    assert_eq!((bytes, server.requests().len()), ("a,b".into(), 2));
}

#[tokio::test]
async fn containers_of_azure_are_read_and_kept_apart() {
    let server = Server::start(|_| answer("200 OK", FOUND, "a,b")).await;
    let store = store(&azure(&server.url("")));
    let (meta, bytes) = content(&store, &file("abfss://container/b/c%20d")).await;
    assert_eq!((&*meta.mime_type, bytes), ("text/csv", "a,b".into()));
    let [request] = &server.requests()[..] else { panic!("one request") };
    assert!(request.contains("/container/b/c%20d?"), "{request}");
    for uri in ["az://other/a", "abfss://container@other.dfs.core.windows.net/a"] {
        let error = failure(&store, &file(uri)).await;
        assert!(matches!(error.kind, ErrorKind::Refused(_)), "{uri}: {error}");
    }
}

#[tokio::test]
async fn buckets_of_google_are_read() {
    let server = Server::start(|_| answer("200 OK", FOUND, "a,b")).await;
    let settings = Settings {
        variables: variables([
            ("GOOGLE_BASE_URL", &server.url("")),
            ("GOOGLE_SKIP_SIGNATURE", "true"),
            ("GOOGLE_ALLOW_HTTP", "true"),
        ]),
        ..settings(Some("gs://bucket/files"))
    };
    let (_, bytes) = content(&store(&settings), &file("gs://bucket/files/a.csv")).await;
    assert_eq!(bytes, "a,b");
    let [request] = &server.requests()[..] else { panic!("one request") };
    assert!(request.starts_with("GET /bucket/files%2Fa%2Ecsv "), "{request}");
}

#[tokio::test]
async fn a_store_without_credentials_is_told_as_such() {
    let nobody = ClosedPort::reserve();
    let settings = Settings {
        variables: variables([
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &format!("{}/s3cret", nobody.url())),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/nowhere/s3cret"),
        ]),
        ..settings(Some("s3://bucket"))
    };
    let error = failure(&store(&settings), &file("s3://bucket/a")).await;
    assert!(matches!(error.kind, ErrorKind::Unreadable(_)), "{error}");
    assert!(!error.to_string().contains("s3cret"), "{error}");
}

#[tokio::test]
async fn too_large_an_object_is_refused_before_its_first_byte() {
    // None of them ever comes.
    let server = Server::start(|_| announced("200 OK", FOUND, 1001, "")).await;
    let store = store(&Settings { bytes_max: 1000, ..azure(&server.url("")) });
    let error = failure(&store, &file("az://container/a")).await;
    assert_eq!(error.kind, ErrorKind::TooLarge { limit: 1000, setting: "FILE_BYTES_MAX" });
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn the_store_in_memory_lives_as_long_as_it() {
    let one = store(&settings(Some("memory://")));
    let saved = one.save_bytes(named("a.csv"), Bytes::from_static(b"a,b")).await.unwrap();
    assert!(saved.uri().starts_with("memory:///"), "{}", saved.uri());
    assert_eq!(content(&one.clone(), &file(saved.uri())).await.1, "a,b");
    // It is used from many tasks at once.
    let mut tasks = tokio::task::JoinSet::new();
    for text in ["x", "y"] {
        let (one, chunk) = (one.clone(), Ok::<_, files::FileError>(Bytes::from(text)));
        tasks.spawn(async move { one.save(named("a"), futures_util::stream::iter([chunk])).await });
    }
    let saved_apart = tasks.join_all().await;
    let uris: std::collections::HashSet<_> =
        saved_apart.iter().map(|it| it.as_ref().unwrap().uri()).collect();
    assert_eq!(uris.len(), 2);
    let other = store(&settings(Some("memory://")));
    assert_eq!(failure(&other, &file(saved.uri())).await.kind, ErrorKind::NotFound);
}

fn azure(endpoint: &str) -> Settings {
    Settings {
        variables: variables([
            ("AZURE_STORAGE_ACCOUNT_NAME", "account"),
            ("AZURE_STORAGE_SAS_KEY", SIGNATURE),
            ("AZURE_STORAGE_ENDPOINT", endpoint),
        ]),
        ..settings(Some("az://container"))
    }
}
