//! The README's examples that are no samples, and that all others are.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    folder::Folder,
    invoke,
    mtls::{self, Authority},
    peer::{Act, Peer, answer},
    run,
};

const README: &str = include_str!("../../README.md");

/// The README from that heading on.
fn section(heading: &str) -> &'static str {
    let (_, text) = README.split_once(&format!("\n{heading}\n")).unwrap();
    text
}

/// The text of the first block of that language.
fn block(text: &'static str, language: &str) -> &'static str {
    let (_, text) = text.split_once(&format!("```{language}\n")).unwrap();
    text.split_once("```").unwrap().0
}

#[test]
fn its_tasks_are_the_samples_and_the_samples_are_in_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let files = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let files = files.filter(|it| it.extension().is_some_and(|it| it == "json"));
    let samples: Vec<Value> =
        files.map(|it| serde_json::from_slice(&fs::read(it).unwrap()).unwrap()).collect();
    let blocks = README.split("```json\n").skip(1).map(|it| it.split_once("```").unwrap().0);
    let tasks: Vec<Value> = blocks
        .filter_map(|it| serde_json::from_str(it).ok())
        .filter(|it: &Value| it.get("restUrl").is_some())
        .collect();
    for task in &tasks {
        assert!(samples.iter().any(|it| it["inputs"] == *task), "no sample: {task:#}");
    }
    for sample in &samples {
        assert!(tasks.contains(&sample["inputs"]), "not in the README: {sample:#}");
    }
    assert!(tasks.len() > 10, "{} tasks", tasks.len());
}

#[test]
fn its_connections_with_credentials_open_their_peers() {
    let say = |status, headers: &[&str], body: &[u8]| Act::Say(answer(status, headers, body));
    let challenge = "www-authenticate: Digest realm=\"r\", nonce=\"n\"";
    let token = br#"{"access_token": "t0ken", "expires_in": 3600}"#;
    let authority = Authority::until(2999);
    let (certificate, certificate_key) = authority.issue("client.test");
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let login = Peer::start([say("200 OK", &["content-type: application/json"], token)]);
    let bank = format!("https://localhost:{}", mtls::peer(&authority));
    for (name, acts, expected) in [
        (
            "archive",
            vec![say("401 Unauthorized", &[challenge], b""), say("200 OK", &[], b"ok")],
            "authorization: Digest username=\"process\", ",
        ),
        (
            "prices",
            vec![say("200 OK", &[], b"ok")],
            "authorization: AWS4-HMAC-SHA256 Credential=AKIAPRICES/",
        ),
        ("crm", vec![say("200 OK", &[], b"ok")], "authorization: Bearer t0ken\r\n"),
        ("calendar", vec![say("200 OK", &[], b"ok")], "authorization: Bearer t0ken\r\n"),
        ("bank", vec![say("200 OK", &[], b"nobody calls here")], ""),
    ] {
        let peer = Peer::start(acts);
        let own = format!("https://{name}.example.org");
        let at = if name == "bank" { bank.clone() } else { peer.url("") };
        let connections =
            block(section("### Credentials").split_once("of each kind").unwrap().1, "json")
                .replace(&own, &at)
                .replace("https://login.example.org", &login.url(""));
        let settings = [
            ("REST_CONNECTIONS", connections.as_str()),
            ("ARCHIVE_PASSWORD", "archive-s3cret"),
            ("PRICES_KEY", "prices-s3cret"),
            ("CRM_KEY", &key),
            ("CALENDAR_TOKEN", "calendar-s3cret"),
            ("BANK_CERTIFICATE", &certificate),
            ("BANK_KEY", &certificate_key),
            ("BANK_CA", &authority.pem),
        ];
        let outputs = invoke("GET", &json!({"connection": name, "restUrl": "x"}), &settings);
        assert_eq!(outputs.success()["restResult"], "ok", "{name}");
        let last = peer.requests().pop().unwrap_or_default();
        assert!(last.contains(expected), "{name}: {last}");
    }
    let forms: Vec<_> =
        login.requests().iter().map(|it| it.split_once("\r\n\r\n").unwrap().1.to_owned()).collect();
    assert!(forms[0].contains("jwt-bearer&assertion="), "{forms:?}");
    let refresh = "grant_type=refresh_token&refresh_token=calendar-s3cret&client_id=order-process";
    assert_eq!(forms[1..], [refresh]);
}

#[test]
fn its_curl_command_line_becomes_its_task() {
    let text = section("### A task from a curl command line");
    let command = block(text, "sh").trim_end();
    let line = command.strip_prefix("rest-connector import curl \"").unwrap();
    let line = line.strip_suffix('"').unwrap().replace("\\\"", "\"");
    let told = run(&["import", "curl", &line], &Value::Null, &[]).success();
    let expected: Value = serde_json::from_str(block(text, "json")).unwrap();
    assert_eq!(told, expected);
}

#[test]
fn its_template_makes_a_payload_that_is_json() {
    let text = section("### Payloads from templates");
    let (_, inputs) = text.split_once("the inputs `").unwrap();
    let mut inputs: Value = serde_json::from_str(inputs.split_once('`').unwrap().0).unwrap();
    let folder = Folder::new();
    folder.file("order.json", "", block(text, "text").as_bytes());
    let peer = Peer::answering("200 OK", &[], b"");
    inputs["restUrl"] = peer.url("/").into();
    let url = folder.url();
    let settings = [("TEMPLATES_DIR", url.strip_prefix("file://").unwrap())];
    invoke("POST", &inputs, &settings).success();
    let request = peer.request();
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body, json!({"customer": "Jane \"D\" Doe", "note": "for Jane \"D\" Doe"}));
}
