//! The samples that the README shows: each runs as it stands.

use serde_json::{Value, json};

use crate::{
    folder::Folder,
    invoke,
    peer::{Act, Peer, answer},
};

/// A sample, with its URL turned to the peer.
fn run(text: &str, peer: &Peer) -> Value {
    run_with(text, peer, &[])
}

fn run_with(text: &str, peer: &Peer, settings: &[(&str, &str)]) -> Value {
    let mut sample: Value = serde_json::from_str(text).unwrap();
    let url = sample["inputs"]["restUrl"]
        .as_str()
        .unwrap()
        .replace("https://api.example.org", &peer.url(""));
    sample["inputs"]["restUrl"] = url.into();
    invoke(sample["action"].as_str().unwrap(), &sample["inputs"], settings).success()
}

#[test]
fn fetches_an_order() {
    let order = br#"{"id": 4711, "total": 19.90}"#;
    let peer = Peer::answering("200 OK", &["content-type: application/json"], order);
    let outputs = run(include_str!("../../samples/fetch-order.json"), &peer);
    assert_eq!(outputs["restResult"]["id"], 4711);
    assert!(
        peer.request().starts_with("GET /orders/4711?expand=items&expand=customer HTTP/1.1\r\n")
    );
}

#[test]
fn creates_an_order() {
    let peer = Peer::answering("201 Created", &["location: /orders/4712"], b"");
    let outputs = run(include_str!("../../samples/create-order.json"), &peer);
    assert_eq!(outputs["responseHeaders"]["location"], "/orders/4712");
    let request = peer.request();
    assert!(request.contains("\r\nidempotency-key: order-4711\r\n"), "{request}");
    assert!(
        request.ends_with(r#"{"customer":"Jane","items":[{"article":"A-1","quantity":2}]}"#),
        "{request}"
    );
}

#[test]
fn calls_by_settings() {
    let peer = Peer::answering("200 OK", &[], b"");
    let port = peer.port().to_string();
    let settings =
        [("REST_HOST", "127.0.0.1"), ("REST_HTTP_PORT", &*port), ("REST_AUTH_TOKEN", "t0ken")];
    run_with(include_str!("../../samples/call-by-settings.json"), &peer, &settings);
    let request = peer.request();
    assert!(request.starts_with("POST /orders?key=t0ken HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\r\nx-api-token: t0ken\r\n"), "{request}");
    assert!(request.ends_with(r#"{"note":"${rest-auth-token} is text here"}"#), "{request}");
}

#[test]
fn sends_a_form() {
    let peer = Peer::answering("200 OK", &[], b"");
    assert_eq!(run(include_str!("../../samples/send-form.json"), &peer)["restStatus"], json!(200));
    assert!(peer.request().ends_with("\r\n\r\nname=Jane+Doe&tag=new&tag=vip"));
}

#[test]
fn asks_a_soap_service() {
    let headers = ["content-type: text/xml; charset=iso-8859-1"];
    let peer = Peer::answering("200 OK", &headers, b"<Envelope><price>4 \xa3</price></Envelope>");
    let outputs = run(include_str!("../../samples/ask-soap.json"), &peer);
    assert_eq!(outputs["restResult"], "<Envelope><price>4 £</price></Envelope>");
    let request = peer.request();
    assert!(request.contains("\r\ncontent-type: text/xml; charset=utf-8\r\n"), "{request}");
    assert!(request.contains("\r\nsoapaction: \"urn:prices#GetPrice\"\r\n"), "{request}");
    assert!(request.ends_with("<article>A-1</article></GetPrice></Body></Envelope>"), "{request}");
}

#[test]
fn takes_outputs_from_an_order() {
    let order = br#"{"total": 19.90, "items": [
        {"article": "A-1", "shipped": true}, {"article": "A-2", "shipped": false}]}"#;
    let headers = ["content-type: application/json", "etag: \"v3\""];
    let peer = Peer::answering("200 OK", &headers, order);
    let outputs = run(include_str!("../../samples/map-order.json"), &peer);
    assert_eq!(outputs["total"].to_string(), "19.90");
    assert_eq!(outputs["articles"], json!(["A-1", "A-2"]));
    assert_eq!(outputs["open"], 1);
    assert_eq!(outputs["version"], "\"v3\"");
}

#[test]
fn tells_why_stock_was_not_reserved() {
    let sample: Value =
        serde_json::from_str(include_str!("../../samples/reserve-stock.json")).unwrap();
    for (status, body, code) in [
        ("409 Conflict", r#"{"reason": "sold-out"}"#, "SOLD_OUT"),
        ("409 Conflict", r#"{"reason": "other"}"#, "CONFLICT"),
        ("200 OK", r#"{"ok": false, "error": "unknown-article"}"#, "UNKNOWN_ARTICLE"),
    ] {
        let peer = Peer::answering(status, &["content-type: application/json"], body.as_bytes());
        let mut inputs = sample["inputs"].clone();
        inputs["restUrl"] = peer.url("/reservations").into();
        let told = invoke("POST", &inputs, &[]).failure();
        assert!(told.starts_with(&format!("business {code}: POST")), "{told}");
    }
}

#[test]
fn lists_all_orders() {
    let json = ["content-type: application/json"];
    let first = br#"{"orders": [{"id": 1}, {"id": 2}], "links": {"next": "/orders?page=2"}}"#;
    let last = br#"{"orders": [{"id": 3}], "links": {}}"#;
    let peer =
        Peer::start([first.as_slice(), last].map(|it| Act::Say(answer("200 OK", &json, it))));
    let outputs = run(include_str!("../../samples/list-orders.json"), &peer);
    assert_eq!(outputs["restResult"], json!([{"id": 1}, {"id": 2}, {"id": 3}]));
    assert_eq!(outputs["pages"], 2);
}

#[test]
fn awaits_a_report() {
    let job = ["content-type: application/json", "location: /reports/7", "retry-after: 0"];
    let peer = Peer::start([
        Act::Say(answer("202 Accepted", &job, br#"{"state": "new"}"#)),
        Act::Say(answer("200 OK", &job[..1], br#"{"state": "done", "url": "/files/7"}"#)),
    ]);
    let outputs = run(include_str!("../../samples/await-report.json"), &peer);
    assert_eq!(outputs["restResult"]["url"], "/files/7");
    assert!(peer.requests()[1].starts_with("GET /reports/7 HTTP/1.1\r\n"));
}

#[test]
fn sends_a_contract() {
    let store = Folder::new();
    store.file("contract.pdf", "application/pdf", b"%PDF-1.7");
    let peer = Peer::answering("204 No Content", &[], b"");
    let settings = [("FILES_URL", &*store.url())];
    run_with(include_str!("../../samples/send-contract.json"), &peer, &settings);
    let request = peer.request();
    assert!(request.starts_with("PUT /contracts/4711/document HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\r\ncontent-type: application/pdf\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\n%PDF-1.7"), "{request}");
}

#[test]
fn uploads_documents() {
    let store = Folder::new();
    for name in ["front.jpg", "back.jpg", "contract.pdf"] {
        store.file(name, "", name.as_bytes());
    }
    let peer = Peer::answering("201 Created", &[], b"");
    let settings = [("FILES_URL", &*store.url())];
    run_with(include_str!("../../samples/upload-documents.json"), &peer, &settings);
    let request = peer.request();
    for part in [
        "name=\"title\"\r\n\r\nClaim of Jane Doe\r\n",
        "name=\"tags\"\r\n\r\nclaim\r\n",
        "name=\"tags\"\r\n\r\n2026\r\n",
        "name=\"claim\"\r\nContent-Type: application/json\r\n\r\n{\"id\":4711}\r\n",
        "name=\"photos\"; filename=\"front.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nfront.jpg\r\n",
        "name=\"photos\"; filename=\"back.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nback.jpg\r\n",
        "name=\"letter\"; filename=\"letter.pdf\"\r\nContent-Type: application/pdf\r\n\r\ncontract.pdf\r\n",
    ] {
        assert!(request.contains(part), "{part} in {request}");
    }
}

#[test]
fn fetches_a_report() {
    let store = Folder::new();
    let peer = Peer::answering("200 OK", &["content-type: application/pdf"], b"%PDF-1.7");
    let settings = [("FILES_URL", &*store.url())];
    let outputs = run_with(include_str!("../../samples/fetch-report.json"), &peer, &settings);
    let file = &outputs["file"];
    assert_eq!(file["name"], "report-2026-10.pdf");
    assert_eq!(file["content"], json!({"mimeType": "application/pdf", "sizeInBytes": 8}));
    assert_eq!(store.content(file), b"%PDF-1.7");
}

#[test]
fn exports_orders() {
    let store = Folder::new();
    let json = ["content-type: application/json"];
    let first = br#"{"orders": [{"id": 1}, {"id": 2}], "links": {"next": "/orders?page=2"}}"#;
    let last = br#"{"orders": [{"id": 3}], "links": {}}"#;
    let peer =
        Peer::start([first.as_slice(), last].map(|it| Act::Say(answer("200 OK", &json, it))));
    let settings = [("FILES_URL", &*store.url())];
    let outputs = run_with(include_str!("../../samples/export-orders.json"), &peer, &settings);
    assert_eq!(outputs["pages"], 2);
    assert_eq!(store.content(&outputs["file"]), b"{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n");
}
