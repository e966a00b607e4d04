//! Answers that become files.

use serde_json::{Value, json};

use crate::{
    Told,
    folder::Folder,
    invoke,
    peer::{Act, Peer, answer, redirect},
    server::Server,
};

const PDF: [&str; 1] = ["content-type: application/pdf"];

/// `GET` with `responseType: file` and whatever else.
fn fetch(url: &str, more: &Value, settings: &[(&str, &str)]) -> Told {
    let mut input = json!({"restUrl": url, "responseType": "file"});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    invoke("GET", &input, settings)
}

fn fetch_into(store: &Folder, url: &str, more: &Value) -> Told {
    fetch(url, more, &[("FILES_URL", &store.url())])
}

#[test]
fn a_download_that_breaks_off_leaves_nothing() {
    let chunk = format!("{:x}\r\n{}\r\n", 100_000, "x".repeat(100_000));
    for head in ["content-length: 9000000", "transfer-encoding: chunked"] {
        let store = Folder::new();
        let head = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n");
        let peer = Peer::start([Act::SayAndClose((head + &chunk.repeat(60)).into())]);
        let told = fetch_into(&store, &peer.url("/a.bin"), &json!({})).failure();
        assert!(told.starts_with("transient CONNECTION_ERROR: GET http://"), "{told}");
        assert!(told.contains("/a.bin answered 200, but the connection was lost"), "{told}");
        assert_eq!(store.entries(), [""; 0]);
    }
}

#[test]
fn a_download_that_hangs_ends_in_time_and_leaves_nothing() {
    // More than is held before it is written.
    let part = vec![b'x'; 12_000_000];
    let head = [b"HTTP/1.1 200 OK\r\ncontent-length: 20000000\r\n\r\n".to_vec(), part].concat();
    let minute = std::time::Duration::from_mins(1);
    for limit in ["timeout", "_timeout_"] {
        let store = Folder::new();
        let peer = Peer::start([Act::Drip(head.clone(), vec![0; 9], minute)]);
        let told = fetch_into(&store, &peer.url("/"), &json!({limit: 1000})).failure();
        assert!(told.contains("REQUEST_TIMEOUT") || limit == "_timeout_", "{told}");
        assert_eq!(store.entries(), [""; 0], "{limit}");
    }
}

#[test]
fn too_large_a_download_is_refused_before_and_while_it_comes() {
    let store = Folder::new();
    let chunk = format!("{:x}\r\n{}\r\n", 65536, "x".repeat(65536));
    let endless = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let announced = b"HTTP/1.1 200 OK\r\ncontent-length: 5000000000\r\n\r\n".to_vec();
    for act in [Act::Flood(endless, chunk.into()), Act::Say(announced)] {
        let peer = Peer::start([act]);
        let settings = [("FILES_URL", &*store.url()), ("FILE_BYTES_MAX", "20MiB")];
        let told = fetch(&peer.url("/big.bin"), &json!({}), &settings);
        assert_eq!(told.outputs["restStatus"], Value::Null);
        let told = told.failure();
        assert!(told.starts_with("permanent RESPONSE_TOO_LARGE: GET http://"), "{told}");
        let end =
            "answered 200, but `big.bin`: larger than 20971520 bytes, the limit of FILE_BYTES_MAX";
        assert!(told.ends_with(end), "{told}");
        assert_eq!(store.entries(), [""; 0]);
    }
}

#[test]
fn without_a_store_small_files_are_part_of_their_values() {
    let peer = Peer::answering("200 OK", &PDF, b"%PDF");
    let settings = [("FILES_INLINE_MAX", "4")];
    let outputs = fetch(&peer.url("/a.pdf"), &json!({}), &settings).success();
    assert_eq!(
        outputs["file"],
        json!({
            "name": "a.pdf",
            "uri": "data:application/pdf;name=a.pdf;base64,JVBERg==",
            "content": {"mimeType": "application/pdf", "sizeInBytes": 4},
        })
    );
    let told = fetch(&peer.url("/a.pdf"), &json!({}), &[("FILES_INLINE_MAX", "3")]).failure();
    let end = "answered 200, but `a.pdf`: larger than 3 bytes, the limit of FILES_INLINE_MAX for \
               files without a store; FILES_URL names a store for larger ones";
    assert!(
        told.starts_with("permanent RESPONSE_TOO_LARGE: GET ") && told.ends_with(end),
        "{told}"
    );
}

/// `FILES_INLINE_MAX` spares a broker; over HTTP there is none.
#[test]
fn over_http_the_limit_of_a_body_is_that_of_a_file() {
    let settings = [("FILES_INLINE_MAX", "1"), ("HTTP_BODY_BYTES_MAX", "1000")];
    let server = Server::start(&settings);
    let fetch = |size: usize, more: Value| {
        let list = format!("[{}]", "1,".repeat(size / 2 - 1) + "1");
        let peer = Peer::answering("200 OK", &["content-type: application/json"], list.as_bytes());
        let mut input = json!({"restUrl": peer.url("/list.json"), "responseType": "file"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.call("GET", &input)
    };
    // As it comes, looked into before, and put together of pages.
    let rule = json!([{"status": "200", "path": "$.ok", "equals": false, "code": "GONE"}]);
    for more in [json!({}), json!({"errorOn": rule}), json!({"paging": {"next": "$.next"}})] {
        let answer = fetch(1001, more.clone());
        assert_eq!(answer["error"]["error_code"], "RESPONSE_TOO_LARGE", "{more}: {answer}");
        let end = "`list.json`: larger than 1000 bytes, the limit of HTTP_BODY_BYTES_MAX for files \
                   without a store; FILES_URL names a store for larger ones";
        assert!(answer["error"]["message"].as_str().unwrap().ends_with(end), "{more}: {answer}");
        let answer = fetch(499, more.clone());
        let size = &answer["command_response"]["body"]["file"]["content"]["sizeInBytes"];
        assert!(size.as_u64() >= Some(499), "{more}: {answer}");
    }
}

#[test]
fn an_error_is_told_as_text_and_becomes_no_file() {
    let store = Folder::new();
    let peer = Peer::answering("404 Not Found", &["content-type: text/plain"], b"no such report");
    let told = fetch_into(&store, &peer.url("/a.pdf"), &json!({})).failure();
    assert!(told.ends_with("/a.pdf answered 404 no such report"), "{told}");
    assert_eq!(store.entries(), [""; 0]);

    let peer = Peer::answering("200 OK", &["content-type: application/json"], br#"{"ok": false}"#);
    let rule =
        json!({"errorOn": [{"status": "200", "path": "$.ok", "equals": false, "code": "GONE"}]});
    let told = fetch_into(&store, &peer.url("/a.json"), &rule).failure();
    assert!(told.starts_with("business GONE: GET "), "{told}");
    assert_eq!(store.entries(), [""; 0]);

    let peer = Peer::answering("200 OK", &["content-type: application/json"], br#"{"ok": true}"#);
    let outputs = fetch_into(&store, &peer.url("/a.json"), &rule).success();
    assert_eq!(store.content(&outputs["file"]), br#"{"ok": true}"#);
}

#[test]
fn a_store_that_cannot_be_written_is_told_without_its_path() {
    let store = Folder::new();
    let peer = Peer::answering("200 OK", &PDF, b"%PDF");
    let url = store.url();
    let path = url.trim_start_matches("file://");
    let blocked = format!("{path}/blocked");
    std::fs::create_dir(&blocked).unwrap();
    // Nobody, not even root, can make folders in a process' view of itself.
    std::fs::remove_dir(&blocked).unwrap();
    std::os::unix::fs::symlink("/proc/self", &blocked).unwrap();
    let told =
        fetch(&peer.url("/a.pdf"), &json!({}), &[("FILES_URL", &format!("file://{blocked}"))]);
    let told = told.failure();
    assert!(told.starts_with("permanent UNKNOWN_ERROR: GET http://"), "{told}");
    assert!(told.contains("answered 200, but `a.pdf`: ") && !told.contains("/proc"), "{told}");
}

#[test]
fn a_download_is_a_file_in_the_store() {
    let store = Folder::new();
    let content: Vec<u8> = (0..=255).cycle().take(12_000_000).collect();
    let peer = Peer::answering("200 OK", &PDF, &content);
    let outputs = fetch_into(&store, &peer.url("/reports/r%201.pdf?key=x"), &json!({})).success();
    let file = &outputs["file"];
    assert_eq!(file["name"], "r 1.pdf");
    let meta = json!({"mimeType": "application/pdf", "sizeInBytes": 12_000_000});
    assert_eq!(file["content"], meta);
    assert!(store.content(file) == content);
    assert_eq!((&outputs["restResult"], &outputs["restStatus"]), (&Value::Null, &json!(200)));
}

#[test]
fn the_charset_stays_with_the_bytes() {
    let store = Folder::new();
    let header = ["content-type: text/csv; charset=iso-8859-1"];
    let peer = Peer::answering("200 OK", &header, b"caf\xe9");
    let outputs = fetch_into(&store, &peer.url("/a.csv"), &json!({})).success();
    assert_eq!(outputs["file"]["content"]["mimeType"], "text/csv; charset=iso-8859-1");
    assert_eq!(store.content(&outputs["file"]), b"caf\xe9");
}

#[test]
fn the_name_comes_from_the_task_the_peer_or_the_address() {
    let check = |header: &str, file_name: Value, expected: &str| {
        let store = Folder::new();
        let file = Act::Say(answer("200 OK", &[header, PDF[0]], b"x"));
        let peer = Peer::start([redirect("302 Found", "/files/last.pdf"), file]);
        let more = json!({"fileName": file_name});
        let outputs = fetch_into(&store, &peer.url("/first"), &more).success();
        assert_eq!(outputs["file"]["name"], expected, "{header}");
        assert_eq!(store.content(&outputs["file"]), b"x");
        assert_eq!(store.entries().len(), 1, "{header}");
    };
    check("x-none: 1", Value::Null, "last.pdf");
    check("content-disposition: attachment; filename=\"a b.pdf\"", Value::Null, "a b.pdf");
    check("content-disposition: attachment; filename=a.pdf", json!("mine.pdf"), "mine.pdf");
    // Names that would lead elsewhere are made safe.
    check(
        "content-disposition: attachment; filename=\"../../../tmp/evil.sh\"",
        Value::Null,
        "evil.sh",
    );
    check(
        "content-disposition: attachment; filename*=utf-8''..%2F..%2Fevil.sh",
        Value::Null,
        "evil.sh",
    );
    check("content-disposition: attachment; filename=\"..\"", Value::Null, "file");
    check("x-none: 1", json!("../../etc/cron.d/evil"), ".._.._etc_cron.d_evil");
    check("x-none: 1", json!("/etc/passwd"), "_etc_passwd");
}

#[test]
fn a_success_without_a_file_has_none() {
    let store = Folder::new();
    let json = ["content-type: application/json"];
    let peer = Peer::answering("202 Accepted", &json, br#"{"state": "new"}"#);
    let outputs = fetch_into(&store, &peer.url("/a"), &json!({})).success();
    assert_eq!((outputs.get("file"), &outputs["restResult"]["state"]), (None, &json!("new")));
    let peer = Peer::start([Act::Say(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())]);
    assert_eq!(fetch_into(&store, &peer.url("/a"), &json!({})).success().get("file"), None);
    assert_eq!(store.entries(), [""; 0]);
    let peer = Peer::answering("200 OK", &PDF, b"");
    let outputs = fetch_into(&store, &peer.url("/empty.pdf"), &json!({})).success();
    assert_eq!(outputs["file"]["content"]["sizeInBytes"], 0);
}

#[test]
fn what_was_fetched_can_be_sent_on() {
    let store = Folder::new();
    let content: Vec<u8> = (0..=255).rev().cycle().take(3_000_000).collect();
    let source = Peer::answering("200 OK", &PDF, &content);
    let outputs = fetch_into(&store, &source.url("/a.pdf"), &json!({})).success();
    let peer = Peer::answering("200 OK", &[], b"");
    let input =
        json!({"restUrl": peer.url("/"), "requestPayload": outputs["file"], "payloadType": "file"});
    invoke("POST", &input, &[("FILES_URL", &store.url())]).success();
    let text: String = content.iter().copied().map(char::from).collect();
    assert!(peer.request().ends_with(&text));
}
