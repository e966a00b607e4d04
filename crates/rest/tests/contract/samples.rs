//! The samples that the README shows: each runs as it stands.

use serde_json::{Value, json};

use crate::{invoke, peer::Peer};

/// A sample, with its URL turned to the peer.
fn run(text: &str, peer: &Peer) -> Value {
    let mut sample: Value = serde_json::from_str(text).unwrap();
    let url = sample["inputs"]["restUrl"]
        .as_str()
        .unwrap()
        .replace("https://api.example.org", &peer.url(""));
    sample["inputs"]["restUrl"] = url.into();
    invoke(sample["action"].as_str().unwrap(), &sample["inputs"], &[]).success()
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
fn sends_a_form() {
    let peer = Peer::answering("200 OK", &[], b"");
    assert_eq!(run(include_str!("../../samples/send-form.json"), &peer)["restStatus"], json!(200));
    assert!(peer.request().ends_with("\r\n\r\nname=Jane+Doe&tag=new&tag=vip"));
}
