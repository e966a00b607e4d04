//! Files that are part of their value, limits, and what files are.

use bytes::Bytes;
use files::{ErrorKind, File, FileError, Limit, NewFile};
use futures_util::stream;
use serde_json::json;

use crate::support::{
    MIB, NO_LIMIT, TempDir, content, failure, file, kind, named, settings, store,
};

#[tokio::test]
async fn broken_content_is_told_without_it() {
    let store = store(&settings(None));
    let error = failure(&store, &file("data:a/b;name=s.txt;base64,s3cret!")).await;
    let text = error.to_string();
    assert!(text.starts_with("`s.txt`: is no base64: "), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
    assert!(matches!(error.kind, ErrorKind::Unreadable(_)) && !error.is_transient());
}

#[tokio::test]
async fn a_file_that_says_that_it_is_too_large_is_not_looked_at() {
    let store = store(&settings(None));
    // None of these is there, so that the limit has to come first.
    for uri in ["http://127.0.0.1:1/a", "file:///none", "s3://none/a", "data:;base64,*"] {
        let value = json!({"uri": uri, "content": {"sizeInBytes": 50 * MIB + 1}});
        let file: File = serde_json::from_value(value).unwrap();
        let error = failure(&store, &file).await;
        let limit = ErrorKind::TooLarge { limit: 50 * MIB, setting: "FILE_BYTES_MAX" };
        assert_eq!(error.kind, limit, "{uri}");
        let text = "larger than 52428800 bytes, the limit of FILE_BYTES_MAX";
        assert!(error.to_string().ends_with(text), "{error}");
    }
}

#[tokio::test]
async fn the_real_size_counts_whatever_the_value_says() {
    let folder = TempDir::new();
    folder.write("a.bin", vec![7; 1001]);
    let mut settings = settings(Some(&folder.url()));
    settings.bytes_max = 1000;
    let store = store(&settings);
    let inline = format!("data:;base64,{}", "AAAA".repeat(334));
    for uri in [format!("{}/a.bin", folder.url()), inline] {
        let value = json!({"uri": uri, "content": {"sizeInBytes": 1}});
        let file: File = serde_json::from_value(value).unwrap();
        let limit = ErrorKind::TooLarge { limit: 1000, setting: "FILE_BYTES_MAX" };
        assert_eq!(failure(&store, &file).await.kind, limit);
    }
}

#[tokio::test]
async fn the_stricter_limit_of_two_counts() {
    let store = store(&settings(None));
    let file = file("data:,hello");
    let max = Limit { bytes: 4, setting: "ATTACHMENT_BYTES_MAX" };
    let error = store.read(&file, max).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge { limit: 4, setting: "ATTACHMENT_BYTES_MAX" });
    assert_eq!(store.read(&file, Limit { bytes: 5, ..max }).await.unwrap().1, "hello");
    assert_eq!(store.read(&file, NO_LIMIT).await.unwrap().1, "hello");
}

#[tokio::test]
async fn what_is_too_large_for_a_value_names_both_settings() {
    let store = store(&settings(None));
    let large = || Bytes::from(vec![7; 4 * 1024 * 1024 + 1]);
    let told = store.save_bytes(named("a.bin"), large()).await.unwrap_err();
    let untold = stream::iter([Ok::<_, FileError>(large())]);
    let found = store.save(named("a.bin"), untold).await.unwrap_err();
    assert_eq!(told, found);
    let text = "`a.bin`: larger than 4194304 bytes, the limit of FILES_INLINE_MAX for files without a store; FILES_URL names a store for larger ones";
    assert_eq!(found.to_string(), text);
    // The way in over HTTP has its own limit.
    let limit = Limit::http_body(64 * MIB);
    let new = || NewFile { inline_max: Some(limit), ..named("a.bin") };
    assert_eq!(store.save_bytes(new(), large()).await.unwrap().size, Some(4 * MIB + 1));
    let new = NewFile { size: Some(50 * MIB + 1), ..new() };
    let error = store.save(new, stream::empty::<Result<_, FileError>>()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge { limit: 50 * MIB, setting: "FILE_BYTES_MAX" });
}

#[tokio::test]
async fn a_stream_without_an_end_is_cut_at_the_limit() {
    let folder = TempDir::new();
    for url in [None, Some(folder.url())] {
        let mut settings = settings(url.as_deref());
        settings.bytes_max = 8 * MIB;
        let endless = stream::repeat_with(|| Ok(Bytes::from(vec![7; 64 * 1024])));
        let error: FileError = store(&settings).save(named("a"), endless).await.unwrap_err();
        let expected = match url {
            None => ErrorKind::NoStore { limit: 4 * MIB, setting: "FILES_INLINE_MAX" },
            Some(_) => ErrorKind::TooLarge { limit: 8 * MIB, setting: "FILE_BYTES_MAX" },
        };
        assert_eq!(error.kind, expected);
    }
    assert_eq!(folder.entries(), [""; 0]);
}

#[tokio::test]
async fn inline_files_are_what_spiffarena_takes_for_files() {
    let store = store(&settings(None));
    let new = NewFile { folder: Some("ignored".to_owned()), ..named("Straße 1.pdf") };
    let saved = store.save_bytes(new, Bytes::from_static(b"hello")).await.unwrap();
    assert!(saved.is_inline());
    let value = json!({
        "name": "Straße 1.pdf",
        "uri": "data:application/pdf;name=Stra%C3%9Fe%201.pdf;base64,aGVsbG8=",
        "content": {"mimeType": "application/pdf", "sizeInBytes": 5},
    });
    assert_eq!(serde_json::to_value(&saved).unwrap(), value);
    for form in [value.clone(), value["uri"].clone(), json!([value])] {
        let (meta, bytes) = content(&store, &serde_json::from_value(form).unwrap()).await;
        assert_eq!((&*meta.name, bytes), ("Straße 1.pdf", "hello".into()));
        assert_eq!((&*meta.mime_type, meta.size), ("application/pdf", Some(5)));
    }
}

#[tokio::test]
async fn names_are_safe_for_whoever_gets_them() {
    let store = store(&settings(None));
    let value = json!({"name": "../a\r\nBcc: x.pdf", "uri": "data:,hello"});
    let (meta, _) = content(&store, &serde_json::from_value(value).unwrap()).await;
    assert_eq!(meta.name, ".._a__Bcc_ x.pdf");
}

#[tokio::test]
async fn types_are_declared_or_guessed() {
    let folder = TempDir::new();
    for (name, content) in
        [("a.csv", "x"), ("pdf", "%PDF-1.7 x"), ("b.csv", "%PDF-1.7"), ("x", "x")]
    {
        folder.write(name, content);
    }
    let store = store(&settings(Some(&folder.url())));
    let check = async |name: &str, declared: Option<&str>, expected: &str| {
        let uri = format!("{}/{name}", folder.url());
        let value = json!({"uri": uri, "content": {"mimeType": declared}});
        let (meta, bytes) = content(&store, &serde_json::from_value(value).unwrap()).await;
        assert_eq!(meta.mime_type, expected, "{name} {declared:?}");
        let mut new = named(name);
        new.mime_type = declared.map(str::to_owned);
        let saved = store.save_bytes(new, bytes).await.unwrap();
        assert_eq!(saved.mime_type.as_deref(), Some(expected), "{name} {declared:?}");
    };
    check("a.csv", Some("text/plain; charset=x"), "text/plain; charset=x").await;
    check("a.csv", Some("application/octet-stream"), "text/csv").await;
    check("a.csv", None, "text/csv").await;
    check("b.csv", None, "text/csv").await;
    check("pdf", None, "application/pdf").await;
    check("x", None, "application/octet-stream").await;
    check("x", Some("no type"), "application/octet-stream").await;
    assert_eq!(kind(&store, "file:/none").await, ErrorKind::NotFound);
}
