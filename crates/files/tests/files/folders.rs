//! Files in a folder, and that nothing leads out of it.

use std::{fs, os::unix::fs::symlink};

use bytes::Bytes;
use files::{ErrorKind, FileError, NewFile};
use futures_util::stream;

use crate::support::{
    MIB, TempDir, content, failure, file, kind, named, problems, settings, store,
};

#[test]
fn unusable_places_are_told_with_their_setting() {
    let folder = TempDir::new();
    folder.write("a.pdf", "x");
    let check = |url: &str, expected: &str| {
        for setting in ["FILES_URL", "FILES_ALLOW"] {
            let mut settings = settings((setting == "FILES_URL").then_some(url));
            if setting == "FILES_ALLOW" {
                settings.allow.push(url.to_owned());
            }
            let problems = problems(&settings);
            let [(found, text)] = &problems[..] else { panic!("{problems:?}") };
            assert_eq!(*found, setting);
            assert!(text.contains(expected) && !text.contains("s3cret"), "{url}: {text}");
        }
    };
    check("/srv/files", "is no URI");
    check("ftp://a.test/", "`ftp:`");
    check("https://a.test/?sig=s3cret", "is no store");
    check("data:,s3cret", "is no store");
    check("file:/srv", "has no `//`");
    check("file:///", "the whole file system");
    check("file://", "the whole file system");
    check("file://host/srv", "has a host in it");
    check("file:///srv/../etc", "`..`");
    check("file:///srv/%2e%2e/etc", "`..`");
    check(&format!("{}/none", folder.url()), "none`: entity not found");
    check(&format!("{}/a.pdf", folder.url()), "a.pdf`: is no folder");
    check("s3://", "names no bucket");
    check("s3:///prefix", "names no bucket");
    check("s3://key:s3cret@bucket", "has credentials in it");
    check("gs://bucket/../other", "`..`");
    check("s3://bucket?sig=s3cret", "has a query");
    check("memory://host", "has a host in it");
}

#[test]
fn a_ca_file_that_is_none_is_told() {
    let folder = TempDir::new();
    let mut settings = settings(None);
    settings.extra_ca = Some(folder.join("none.pem"));
    let [(setting, text)] = &problems(&settings)[..] else { panic!() };
    assert_eq!(*setting, "CA_FILE");
    assert!(text.ends_with("none.pem`: entity not found"), "{text}");
}

#[tokio::test]
async fn nothing_outside_is_read() {
    let outer = TempDir::new();
    outer.write("secret.txt", "s3cret");
    outer.write("root2/secret.txt", "s3cret");
    outer.write("root/a.txt", "hello");
    let root = outer.join("root");
    symlink(outer.join("secret.txt"), root.join("link.txt")).unwrap();
    symlink(outer.path(), root.join("up")).unwrap();
    symlink("../secret.txt", root.join("relative.txt")).unwrap();
    symlink("link.txt", root.join("twice.txt")).unwrap();
    symlink("a.txt", root.join("inner.txt")).unwrap();
    let store = store(&settings(Some(&format!("{}/root", outer.url()))));
    let base = outer.url();
    let check = async |uri: &str, expected: &str| {
        let error = failure(&store, &file(uri)).await;
        let text = error.to_string();
        assert!(matches!(error.kind, ErrorKind::Refused(_)), "{uri}: {text}");
        assert!(text.contains(expected), "{uri}: {text}");
        // Whoever asks learns nothing about the machine.
        assert!(!text.replace(&base, "").contains(&outer.path().display().to_string()), "{text}");
    };
    for dots in ["..", "%2e%2e", "%2E%2E", ".%2e", "%2e."] {
        check(&format!("{base}/root/{dots}/secret.txt"), "`..`").await;
        check(&format!("file:{dots}/secret.txt"), "`..`").await;
        check(&format!("file:/{dots}/secret.txt"), "`..`").await;
    }
    check(&format!("{base}/root/..%2fsecret.txt"), "separator").await;
    check(&format!("{base}/root/..\\secret.txt"), "separator").await;
    check(&format!("{base}/root/..%5csecret.txt"), "separator").await;
    check(&format!("{base}/secret.txt"), "FILES_URL").await;
    check(&format!("{base}/root2/secret.txt"), "FILES_URL").await;
    check(&format!("{base}/root"), "FILES_URL").await;
    check("file:///etc/passwd", "FILES_URL").await;
    check("file://localhost/etc/passwd", "FILES_URL").await;
    check("file://elsewhere/etc/passwd", "FILES_URL").await;
    check(&format!("{base}/root/link.txt"), "by a link").await;
    check(&format!("{base}/root/up/secret.txt"), "by a link").await;
    check(&format!("{base}/root/up/root/../secret.txt"), "`..`").await;
    check(&format!("{base}/root/relative.txt"), "by a link").await;
    check(&format!("{base}/root/twice.txt"), "by a link").await;
    check(&format!("{base}/root/up"), "by a link").await;
    let inner = file(&format!("{base}/root/inner.txt"));
    assert_eq!(content(&store, &inner).await.1, "hello");
}

#[tokio::test]
async fn what_is_no_file_is_refused() {
    let folder = TempDir::new();
    fs::create_dir(folder.join("folder")).unwrap();
    folder.write("a.txt", "hello");
    let _socket = std::os::unix::net::UnixListener::bind(folder.join("socket")).unwrap();
    let store = store(&settings(Some(&folder.url())));
    let base = folder.url();
    for name in ["folder", "socket"] {
        let kind = kind(&store, &format!("{base}/{name}")).await;
        assert!(matches!(&kind, ErrorKind::Refused(text) if text.contains("no file")), "{kind}");
    }
    for name in ["none", "none/a", "a.txt/b", &"x".repeat(300)] {
        assert_eq!(kind(&store, &format!("{base}/{name}")).await, ErrorKind::NotFound);
    }
    // Without `//` it is a name within the folder, wherever that is.
    assert_eq!(kind(&store, "file:/etc/passwd").await, ErrorKind::NotFound);
}

#[tokio::test]
async fn without_a_place_no_path_is_read() {
    let folder = TempDir::new();
    let path = folder.write("a.txt", "hello").display().to_string();
    for uri in [&format!("file://{path}"), "s3://bucket/a", "az://b/a", "gs://b/a", "memory:///a"] {
        let error = failure(&store(&settings(None)), &file(uri)).await;
        let text = "is in no place that FILES_URL or FILES_ALLOW names";
        assert_eq!(error.to_string(), format!("`{uri}`: {text}"));
        assert!(!error.is_transient());
    }
}

#[tokio::test]
async fn the_folder_for_new_files_stays_inside() {
    let outer = TempDir::new();
    fs::create_dir(outer.join("root")).unwrap();
    fs::create_dir(outer.join("outside")).unwrap();
    symlink(outer.join("outside"), outer.join("root/link")).unwrap();
    let store = store(&settings(Some(&format!("{}/root", outer.url()))));
    let before = outer.entries();
    for folder in ["..", "../outside", "a/../../outside", "..\\outside", "link", "link/deeper"] {
        let new = NewFile { folder: Some(folder.to_owned()), ..named("a.txt") };
        let error = store.save_bytes(new, Bytes::from_static(b"x")).await.unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Refused(_)), "{folder}: {error}");
        assert_eq!(outer.entries(), before, "{folder}");
    }
}

#[tokio::test]
async fn names_of_new_files_stay_inside() {
    let folder = TempDir::new();
    let store = store(&settings(Some(&folder.url())));
    let long = format!("{}.pdf", "ä".repeat(200));
    for name in ["../../a.txt", "/etc/passwd", "..", "a\\b", "a#1", "100%.txt", "a?b#c.txt", &long]
    {
        let new = NewFile { folder: Some("%2e%2e/ü b".to_owned()), ..named(name) };
        let saved = store.save_bytes(new, Bytes::from_static(b"hello")).await.unwrap();
        assert_eq!(saved.name, files::safe_name(name));
        let start = format!("{}/%252e%252e/%C3%BC%20b/", folder.url());
        assert!(saved.uri().starts_with(&start), "{}", saved.uri());
        assert_eq!(content(&store, &saved).await.1, "hello", "{name}");
    }
    let entries = folder.entries();
    assert!(entries.iter().all(|it| it.starts_with("%2e%2e")), "{entries:?}");
}

#[tokio::test]
async fn a_folder_that_vanishes_is_told() {
    let outer = TempDir::new();
    fs::create_dir(outer.join("root")).unwrap();
    let store = store(&settings(Some(&format!("{}/root", outer.url()))));
    fs::remove_dir(outer.join("root")).unwrap();
    let error = store.save_bytes(named("a"), Bytes::from_static(b"x")).await.unwrap_err();
    assert_eq!(error.to_string(), "`a`: the store's folder is gone");
    let uri = format!("{}/root/a", outer.url());
    assert_eq!(kind(&store, &uri).await, ErrorKind::NotFound);
}

#[tokio::test]
async fn a_file_that_shrinks_while_it_is_read_is_an_error() {
    use futures_util::TryStreamExt;

    let folder = TempDir::new();
    let path = folder.write("a.bin", vec![7; 8 * 1024 * 1024]);
    let store = store(&settings(Some(&folder.url())));
    let file = file(&format!("{}/a.bin", folder.url()));
    let (meta, mut content) = store.open(&file).await.unwrap();
    assert_eq!(meta.size, Some(8 * MIB));
    let first = content.try_next().await.unwrap().unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_len(first.len() as u64).unwrap();
    let rest: Result<Vec<_>, FileError> = content.try_collect().await;
    let text = rest.unwrap_err().to_string();
    assert!(text.contains("ends after") && text.ends_with("of 8388608 bytes"), "{text}");
}

#[tokio::test]
async fn a_file_that_vanishes_or_grows_while_it_is_read_is_read_as_it_was() {
    use futures_util::TryStreamExt;
    use std::io::Write;

    let folder = TempDir::new();
    let path = folder.write("a.bin", vec![7; 1024 * 1024]);
    let store = store(&settings(Some(&folder.url())));
    let (_, content) = store.open(&file(&format!("{}/a.bin", folder.url()))).await.unwrap();
    let mut handle = fs::File::options().append(true).open(&path).unwrap();
    handle.write_all(b"more").unwrap();
    fs::remove_file(&path).unwrap();
    let chunks: Vec<_> = content.try_collect().await.unwrap();
    assert_eq!(chunks.concat(), vec![7; 1024 * 1024]);
}

#[tokio::test]
async fn nothing_is_left_of_a_file_that_breaks_off() {
    let folder = TempDir::new();
    let store = store(&settings(Some(&folder.url())));
    let broken =
        || FileError { kind: ErrorKind::Unavailable("gone".to_owned()), file: "x".to_owned() };
    // Before and after the first part is on its way.
    for n_chunks in [1, 20] {
        let chunks = (0..n_chunks).map(|_| Ok(Bytes::from(vec![7; 1024 * 1024])));
        let content = stream::iter(chunks.chain([Err(broken())]));
        assert_eq!(store.save(named("a.bin"), content).await.unwrap_err(), broken());
        assert_eq!(folder.entries(), [""; 0], "{n_chunks}");
    }
}

#[tokio::test]
async fn what_is_saved_is_read_again_and_never_replaced() {
    let folder = TempDir::new();
    fs::create_dir(folder.join("the store")).unwrap();
    let url = format!("{}/the%20store/", folder.url());
    let store = store(&settings(Some(&url)));
    let mut uris = Vec::new();
    for text in ["one", "two", ""] {
        let new = NewFile { folder: Some("invoices/2026".to_owned()), ..named("Straße 1.pdf") };
        let saved = store.save_bytes(new, text.into()).await.unwrap();
        assert!(saved.uri().starts_with(&format!("{url}invoices/2026/")), "{}", saved.uri());
        assert!(saved.uri().ends_with("/Stra%C3%9Fe%201.pdf"), "{}", saved.uri());
        assert_eq!(saved.mime_type.as_deref(), Some("application/pdf"));
        assert_eq!(saved.size, Some(text.len() as u64));
        uris.push((saved, text));
    }
    for (saved, text) in uris {
        let travelled = serde_json::from_str(&serde_json::to_string(&saved).unwrap()).unwrap();
        let (meta, bytes) = content(&store, &travelled).await;
        assert_eq!((&*meta.name, bytes), ("Straße 1.pdf", text.into()));
        assert_eq!(meta.mime_type, "application/pdf");
    }
}

#[tokio::test]
async fn more_folders_can_be_read() {
    let (target, allowed) = (TempDir::new(), TempDir::new());
    allowed.write("a/b.txt", "hello");
    let mut settings = settings(Some(&target.url()));
    settings.allow.push(allowed.url());
    let store = store(&settings);
    let allowed = file(&format!("{}/a/b.txt", allowed.url()));
    assert_eq!(content(&store, &allowed).await.1, "hello");
    let saved = store.save_bytes(named("a"), Bytes::from_static(b"x")).await.unwrap();
    assert!(saved.uri().starts_with(&target.url()), "{}", saved.uri());
}

#[tokio::test]
async fn files_of_the_project_are_named_without_the_folder() {
    let folder = TempDir::new();
    folder.write("policy.bin", "hello");
    let store = store(&settings(Some(&folder.url())));
    for uri in ["file:/policy.bin", "file:policy.bin"] {
        assert_eq!(content(&store, &file(uri)).await.1, "hello", "{uri}");
    }
}
