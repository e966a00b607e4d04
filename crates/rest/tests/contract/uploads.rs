//! Requests with files: as the whole body, and as parts of one.

use serde_json::{Value, json};

use crate::{
    folder::Folder,
    invoke,
    peer::{Act, Peer, answer, redirect},
};

/// A call whose body is `payload`.
fn send(method: &str, peer: &Peer, payload: &Value, more: &Value, store: &Folder) -> crate::Told {
    let mut input = json!({"restUrl": peer.url("/in"), "requestPayload": payload});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let url = store.url();
    invoke(method, &input, &[("FILES_URL", &url), ("RETRY_MAX_ATTEMPTS", "3")])
}

fn as_file() -> Value {
    json!({"payloadType": "file"})
}

fn ok() -> Act {
    Act::Say(answer("200 OK", &[], b""))
}

fn body(request: &str) -> &str {
    request.split_once("\r\n\r\n").unwrap().1
}

/// The value of a header, in lower case.
fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let head = request.split("\r\n\r\n").next().unwrap();
    head.lines().find_map(|it| it.strip_prefix(name)?.strip_prefix(": "))
}

#[test]
fn a_file_that_is_not_there_is_told_before_anybody_is_called() {
    let store = Folder::new();
    let peer = Peer::start([ok()]);
    let gone = json!({"name": "a.pdf", "uri": format!("{}/gone.pdf", store.url()), "content": {}});
    let expected =
        format!("business NOT_FOUND: `requestPayload`: `{}/gone.pdf`: not there", store.url());
    for (payload, more) in [
        (gone.clone(), as_file()),
        (json!({"text": "a", "file": gone.clone()}), json!({"payloadType": "multipart"})),
        (
            json!({"files": [store.file("a.txt", "text/plain", b"a"), gone]}),
            json!({"payloadType": "multipart"}),
        ),
    ] {
        assert_eq!(send("PUT", &peer, &payload, &more, &store).failure(), expected);
    }
    assert_eq!(peer.requests(), [""; 0]);
}

#[test]
fn files_of_other_places_are_refused() {
    let store = Folder::new();
    let peer = Peer::start([ok()]);
    let check = |uri: &str, expected: &str| {
        let told = send("POST", &peer, &json!(uri), &as_file(), &store).failure();
        assert!(told.starts_with("business INVALID_INPUT: `requestPayload`: "), "{uri}: {told}");
        assert!(told.contains(expected), "{uri}: {told}");
    };
    check("file:///etc/passwd", "is in no place that FILES_URL or FILES_ALLOW names");
    check("/etc/passwd", "is no URI");
    for path in ["../../etc/passwd", "a/../../b", "%2e%2e/b", "..%2fb", "..\\b", "a%00b"] {
        check(&format!("{}/{path}", store.url()), "its path");
        check(&format!("file:/{path}"), "its path");
    }
    check("s3://bucket/a", "is in no place");
    check("alfresco:/1", "content service");
    check("http://169.254.169.254/latest", "EGRESS_DENY");
    check("data:text/plain;base64,spifffiledatadigest+abc", "get_encoded_file_data(ref)");
    assert_eq!(peer.requests(), [""; 0]);
}

#[test]
fn links_that_lead_out_of_the_store_are_refused() {
    let (store, outside) = (Folder::new(), Folder::new());
    outside.file("secret.txt", "text/plain", b"s3cret");
    let (from, to) = (store.url(), outside.url());
    let path = |url: &str, name: &str| format!("{}/{name}", url.trim_start_matches("file://"));
    std::os::unix::fs::symlink(path(&to, "secret.txt"), path(&from, "link.txt")).unwrap();
    let peer = Peer::start([ok()]);
    let told = send("POST", &peer, &json!(format!("{from}/link.txt")), &as_file(), &store);
    assert!(told.failure().contains("leads out of its folder by a link"));
    assert_eq!(peer.requests(), [""; 0]);
}

#[test]
fn too_large_a_file_is_refused_by_its_limit() {
    let store = Folder::new();
    let peer = Peer::start([ok()]);
    let mut file = store.file("a.bin", "application/octet-stream", &[7; 1001]);
    for told in [1001, 5] {
        file["content"]["sizeInBytes"] = told.into();
        let input =
            json!({"restUrl": peer.url("/"), "requestPayload": file, "payloadType": "file"});
        let url = store.url();
        let told = invoke("POST", &input, &[("FILES_URL", &url), ("FILE_BYTES_MAX", "1000")]);
        assert_eq!(
            told.failure(),
            format!(
                "business INVALID_INPUT: `requestPayload`: `{url}/a.bin`: larger than 1000 bytes, \
                 the limit of FILE_BYTES_MAX"
            )
        );
    }
    assert_eq!(peer.requests(), [""; 0]);
}

#[test]
fn a_file_that_vanishes_while_it_is_sent_is_not_the_peers_fault() {
    let store = Folder::new();
    let halves = Act::SayAndClose(
        [b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n".to_vec(), vec![b'x'; 500]].concat(),
    );
    for (method, n_tries, kind) in [("PUT", 3, "transient"), ("POST", 1, "permanent")] {
        let source = Peer::start([halves.clone()]);
        let peer = Peer::start([ok()]);
        let uri = source.url("/gone.bin?sig=s3cret");
        let told = send(method, &peer, &json!(uri), &as_file(), &store);
        let text = told.failure();
        let expected = format!(
            "{kind} UNKNOWN_ERROR: `requestPayload`: `{}`: the connection was lost",
            source.url("/gone.bin")
        );
        assert!(text.starts_with(&expected), "{text}");
        assert!(!told.log.contains("s3cret"), "{}", told.log);
        assert_eq!(source.requests().len(), n_tries, "{method}");
        assert_eq!(peer.requests(), [""; 0], "the peer must not take it for complete");
    }
}

#[test]
fn a_file_is_the_whole_body() {
    let store = Folder::new();
    let content: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let file = store.file("a b.pdf", "application/pdf", &content);
    let text: String = content.iter().copied().map(char::from).collect();
    for (payload, more, content_type) in [
        (file.clone(), as_file(), "application/pdf"),
        (json!([file]), json!({"payloadType": "binary"}), "application/pdf"),
        (json!(file.to_string()), as_file(), "application/pdf"),
        (file["uri"].clone(), as_file(), "application/pdf"),
        (file.clone(), json!({"contentType": "application/x-other"}), "application/x-other"),
        (
            file.clone(),
            json!({"requestHeaders": {"Content-Type": "application/octet-stream"}}),
            "application/octet-stream",
        ),
    ] {
        let peer = Peer::start([ok()]);
        send("POST", &peer, &payload, &more, &store).success();
        let request = peer.request();
        assert_eq!(header(&request, "content-type"), Some(content_type), "{more}");
        assert_eq!(header(&request, "content-length"), Some("100000"));
        assert!(body(&request) == text, "{more}");
    }
}

#[test]
fn a_file_value_alone_is_sent_as_its_content_with_a_warning() {
    let store = Folder::new();
    let peer = Peer::start([ok()]);
    let file = store.file("a.txt", "text/plain", b"hello");
    let outputs = send("POST", &peer, &file, &json!({}), &store).success();
    assert_eq!(body(&peer.request()), "hello");
    assert!(outputs["warnings"][0].as_str().unwrap().contains("`payloadType: json`"));
}

#[test]
fn a_file_of_unknown_size_is_sent_in_chunks() {
    let store = Folder::new();
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let source = Peer::start([Act::Say(chunked.into())]);
    let peer = Peer::start([ok()]);
    send("POST", &peer, &json!(source.url("/a.txt")), &as_file(), &store).success();
    let request = peer.request();
    assert_eq!(header(&request, "content-length"), None);
    assert_eq!(header(&request, "transfer-encoding"), Some("chunked"));
    assert_eq!(body(&request), "5\r\nhello\r\n0\r\n\r\n");
}

#[test]
fn r8_multipart_bodies_are_exact() {
    let store = Folder::new();
    let file = store.file("a.pdf", "application/pdf", b"%PDF\xff");
    let payload = json!({
        "title": "Report",
        "tags": ["a", "b"],
        "report": file,
        "copy": {"file": file, "fileName": "b.bin", "contentType": "application/x-b"},
        "note": {"value": {"x": 1}, "contentType": "application/json"},
        "none": null,
    });
    let expected = "--B\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nReport\r\n\
        --B\r\nContent-Disposition: form-data; name=\"tags\"\r\n\r\na\r\n\
        --B\r\nContent-Disposition: form-data; name=\"tags\"\r\n\r\nb\r\n\
        --B\r\nContent-Disposition: form-data; name=\"report\"; filename=\"a.pdf\"\r\n\
        Content-Type: application/pdf\r\n\r\n%PDF\u{ff}\r\n\
        --B\r\nContent-Disposition: form-data; name=\"copy\"; filename=\"b.bin\"\r\n\
        Content-Type: application/x-b\r\n\r\n%PDF\u{ff}\r\n\
        --B\r\nContent-Disposition: form-data; name=\"note\"\r\n\
        Content-Type: application/json\r\n\r\n{\"x\":1}\r\n--B--\r\n";
    for more in [
        json!({"contentType": "multipart/form-data; boundary=B"}),
        json!({"payloadType": "multipart", "contentType": "multipart/form-data; boundary=B"}),
        json!({"requestHeaders": {"Content-Type": "multipart/form-data; boundary=B"}}),
        json!({"payloadType": "multipart"}),
    ] {
        let peer = Peer::start([ok()]);
        send("POST", &peer, &payload, &more, &store).success();
        let request = peer.request();
        let content_type = header(&request, "content-type").unwrap();
        let boundary = content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
        assert_eq!(body(&request), expected.replace("--B", &format!("--{boundary}")));
        let length = body(&request).chars().count().to_string();
        assert_eq!(header(&request, "content-length"), Some(length.as_str()));
    }
}

#[test]
fn hylands_editors_are_understood() {
    let store = Folder::new();
    let peer = Peer::start([ok()]);
    let file = store.file("a.csv", "text/csv", b"a;b");
    let form_data = json!([
        {"key": "kind", "type": "text", "value": "order"},
        {"key": "file", "type": "file", "value": file},
    ]);
    let more = json!({"requestHeaders": {"Content-Type": "multipart/form-data"}});
    send("POST", &peer, &form_data, &more, &store).success();
    let binary = json!({"requestHeaders": {"Content-Type": "application/octet-stream"}});
    send("POST", &peer, &file, &binary, &store).success();
    let raw = json!({"requestHeaders": {"Content-Type": "application/json"}});
    send("POST", &peer, &json!({"a": 1}), &raw, &store).success();
    let requests = peer.requests();
    assert!(requests[0].contains("name=\"kind\"\r\n\r\norder\r\n"), "{}", requests[0]);
    let part = "name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\na;b\r\n";
    assert!(requests[0].contains(part), "{}", requests[0]);
    assert_eq!(body(&requests[1]), "a;b");
    assert_eq!(body(&requests[2]), "{\"a\":1}");
}

#[test]
fn a_file_is_sent_again_on_redirects_and_retries() {
    let store = Folder::new();
    let file = store.file("a.txt", "text/plain", b"hello");
    let busy = Act::Say(answer("503 Busy", &["retry-after: 0"], b""));
    let peer = Peer::start([redirect("307 Temporary Redirect", "/to"), busy, ok()]);
    send("POST", &peer, &file, &as_file(), &store).success();
    let requests = peer.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|it| body(it) == "hello"), "{requests:#?}");
}

#[test]
fn a_file_is_signed() {
    let store = Folder::new();
    let peer = Peer::start([ok()]);
    let auth = json!({"type": "sigv4", "accessKeyId": "AKID", "secretAccessKey": "s3cret",
        "region": "eu-1", "service": "s3"});
    let file = store.file("a.txt", "text/plain", b"hello");
    send("PUT", &peer, &file, &json!({"payloadType": "file", "auth": auth}), &store).success();
    let request = peer.request();
    assert_eq!(
        header(&request, "x-amz-content-sha256"),
        Some("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
    );
    assert_eq!(body(&request), "hello");
}

#[test]
fn a_file_is_sent_again_to_answer_a_challenge() {
    let store = Folder::new();
    let file = store.file("a.txt", "text/plain", b"hello");
    let more = json!({"payloadType": "file",
        "auth": {"type": "digest", "username": "jane", "password": "s3cret"}});
    let asks = |qop: &str| {
        let challenge = format!("www-authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"{qop}\"");
        Act::Say(answer("401 Unauthorized", &[&challenge], b""))
    };
    let peer = Peer::start([asks("auth"), ok()]);
    send("PUT", &peer, &file, &more, &store).success();
    let requests = peer.requests();
    assert!(requests.iter().all(|it| body(it) == "hello"), "{requests:#?}");
    assert!(header(&requests[1], "authorization").unwrap().starts_with("Digest "));

    let peer = Peer::start([asks("auth-int")]);
    let told = send("PUT", &peer, &file, &more, &store).failure();
    assert!(
        told.starts_with("business INVALID_INPUT: `auth`: the peer wants digest with `auth-int`")
    );
}

#[test]
fn a_dry_run_names_files_and_reads_none() {
    let peer = Peer::start([ok()]);
    let file =
        json!({"name": "a.pdf", "uri": "file:/nowhere/a.pdf", "content": {"sizeInBytes": 5}});
    let input = json!({"restUrl": peer.url("/"), "requestPayload": {"a": "x", "f": file},
        "contentType": "multipart/form-data; boundary=B"});
    let told = crate::run(&["invoke", "POST", "--dry-run", "--input", "-"], &input, &[]);
    let text = told.outputs.as_str().unwrap().to_owned();
    assert!(text.contains("filename=\"a.pdf\"\r\nContent-Type: application/pdf\r\n\r\n(file a.pdf, 5 bytes)\r\n--B--"), "{text}");
    assert_eq!(peer.requests(), [""; 0]);
}
