//! SpiffArena's own http commands: ids, parameters, envelopes and codes of its contract's §8.

use std::{
    io::Write,
    net::{SocketAddr, TcpListener},
    thread,
};

use serde_json::{Value, json};

use super::{read, schema, start};
use crate::{
    peers::{Peer, Reply},
    stack::{Connector, SECRET},
};

/// Runs `http/<command>`; the envelope is valid whatever the outcome.
async fn run(connector: &Connector, command: &str, inputs: &Value) -> Value {
    let (status, answer) = connector.post(&format!("/v1/do/http/{command}"), inputs).await;
    assert_eq!(status, 200, "{answer}");
    let errors: Vec<String> =
        schema::dispatched().iter_errors(&answer).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?} in {answer}");
    answer
}

fn code(answer: &Value) -> &str {
    answer["error"]["error_code"].as_str().unwrap_or_default()
}

/// The address of a server that answers without waiting for a TLS handshake.
fn speaks_plainly() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let _gone = stream.unwrap().write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    address
}

const V2: [&str; 6] = [
    "GetRequestV2",
    "HeadRequestV2",
    "PostRequestV2",
    "PutRequestV2",
    "PatchRequestV2",
    "DeleteRequestV2",
];
const V1: [&str; 6] =
    ["GetRequest", "HeadRequest", "PostRequest", "PutRequest", "PatchRequest", "DeleteRequest"];

#[tokio::test]
async fn parameters_that_do_not_fit_are_type_errors() {
    let connector = start(&[]).await;
    for command in V2.iter().chain(&V1) {
        for (inputs, text) in [
            (json!({}), "`url` is missing"),
            (json!({"url": "http://x/", "nope": 1}), "`nope` is no parameter; there are url, "),
        ] {
            let answer = run(&connector, command, &inputs).await;
            assert_eq!(code(&answer), "TypeError", "{command}");
            assert_eq!(answer["command_response"]["http_status"], 500);
            assert_eq!(answer["command_response"]["body"], json!({}));
            let message = answer["error"]["message"].as_str().unwrap();
            assert!(message.starts_with(text), "{command}: {message}");
        }
    }
}

#[tokio::test]
async fn calls_that_cannot_be_made_have_the_names_of_pythons_exceptions() {
    let connector = start(&[("HTTP_CALL_TIMEOUT", "500ms"), ("EGRESS_DENY", "192.0.2.0/24")]).await;
    let peer = Peer::start(|call| match call.target.as_str() {
        "/round" => Reply::With(302, vec![("location", "/round".to_owned())], vec![]),
        "/late" => Reply::Gate,
        "/broken" => Reply::With(
            200,
            vec![("content-encoding", "gzip".to_owned())],
            b"this is no gzip".to_vec(),
        ),
        _ => Reply::HangUp,
    })
    .await;
    for (inputs, expected) in [
        (json!({"url": null}), "MissingSchema"),
        (json!({"url": "orders/1"}), "MissingSchema"),
        (json!({"url": "ftp://x/"}), "InvalidSchema"),
        (json!({"url": "http://"}), "InvalidURL"),
        (json!({"url": "http://192.0.2.1/"}), "InvalidURL"),
        (json!({"url": peer.url("/"), "headers": {"X": 1}}), "InvalidHeader"),
        (json!({"url": peer.url("/"), "headers": {"X": "a\nb"}}), "InvalidHeader"),
        (json!({"url": peer.url("/")}), "ConnectionError"),
        (json!({"url": "http://127.0.0.1:9/"}), "ConnectionError"),
        (json!({"url": "http://nowhere.invalid/"}), "ConnectionError"),
        (json!({"url": format!("https://{}/", speaks_plainly())}), "SSLError"),
        (json!({"url": peer.url("/round")}), "TooManyRedirects"),
        (json!({"url": peer.url("/late")}), "ReadTimeout"),
        (json!({"url": peer.url("/broken")}), "ContentDecodingError"),
    ] {
        for command in ["GetRequestV2", "GetRequest", "PostRequestV2", "DeleteRequest"] {
            let answer = run(&connector, command, &inputs).await;
            assert_eq!(code(&answer), expected, "{command} {inputs}: {answer}");
            assert_eq!(answer["command_response"]["http_status"], 500, "{command} {inputs}");
            assert_eq!(answer["command_response"]["body"], json!({}), "{command} {inputs}");
        }
    }
    peer.open();
}

#[tokio::test]
async fn a_status_that_is_an_error_has_its_number_in_the_code_and_its_body() {
    let connector = start(&[]).await;
    let peer = Peer::start(|call| {
        let status = call.target[1..].parse().unwrap();
        Reply::json(status, &json!({"why": status}))
    })
    .await;
    for (command, status, expected) in [
        ("GetRequestV2", 404, "HttpError404"),
        ("PostRequestV2", 500, "HttpError500"),
        ("DeleteRequestV2", 429, "HttpError429"),
        ("PutRequest", 409, "HttpError409"),
        ("GetRequest", 304, "HttpError304"),
        ("GetRequestV2", 304, ""),
    ] {
        let answer =
            run(&connector, command, &json!({"url": peer.url(&format!("/{status}"))})).await;
        assert_eq!(code(&answer), expected, "{command} {status}");
        assert_eq!(answer["command_response"]["http_status"], status, "{command}");
        if status >= 400 {
            assert_eq!(answer["command_response"]["body"], json!({"why": status}), "{command}");
        }
    }
}

#[tokio::test]
async fn bodies_follow_the_content_type() {
    let connector = start(&[("RESPONSE_BYTES_MAX", "100")]).await;
    let answers: [(&str, &[u8], &str, Value); 13] = [
        ("application/json", br#"{"a": [1]}"#, "", json!({"a": [1]})),
        ("application/json; charset=utf-8", b"[1, 2]", "", json!([1, 2])),
        ("application/json", b"", "", json!({})),
        ("application/json", b"{broken", "JSONDecodeError", json!({"raw_response": "{broken"})),
        (
            "text/xml",
            br#"<a x="1"><b>1</b><b>2</b><c/></a>"#,
            "",
            json!({"a": {"@x": "1", "b": ["1", "2"], "c": null}}),
        ),
        ("application/xml", b"<a>", "ExpatError", json!({"raw_response": "<a>"})),
        ("application/xml", b"", "", json!({})),
        ("application/vnd.api+json", b"{}", "", json!({"raw_response": "{}"})),
        ("text/plain", b"caf\xe9", "", json!({"raw_response": "caf\u{e9}"})),
        ("text/plain; charset=utf-8", b"caf\xc3\xa9", "", json!({"raw_response": "caf\u{e9}"})),
        ("text/html", b"", "", json!({"raw_response": ""})),
        ("", b"x", "", json!({"raw_response": "x"})),
        ("text/plain", &[b'x'; 101], "RESPONSE_TOO_LARGE", json!({})),
    ];
    let known = answers.clone();
    let peer = Peer::start(move |call| {
        let (kind, body, ..) = &known[call.target[1..].parse::<usize>().unwrap()];
        Reply::Answer(200, kind, body.to_vec())
    })
    .await;
    for (index, (kind, _, expected, body)) in answers.iter().enumerate() {
        let inputs = json!({"url": peer.url(&format!("/{index}"))});
        for command in ["GetRequestV2", "PostRequest"] {
            let answer = run(&connector, command, &inputs).await;
            assert_eq!(code(&answer), *expected, "{kind}: {answer}");
            assert_eq!(answer["command_response"]["body"], *body, "{kind}");
            assert_eq!(answer["command_response"]["mimetype"], "application/json");
        }
    }
}

#[tokio::test]
async fn an_answer_without_a_body_is_a_success() {
    let connector = start(&[]).await;
    let kind = ("content-type", "application/json".to_owned());
    let peer = Peer::start(move |call| match call.method.as_str() {
        "DELETE" => Reply::With(204, vec![kind.clone()], vec![]),
        _ => Reply::With(200, vec![kind.clone()], vec![]),
    })
    .await;
    for (command, status) in
        [("HeadRequestV2", 200), ("DeleteRequestV2", 204), ("HeadRequest", 200)]
    {
        let answer = run(&connector, command, &json!({"url": peer.url("/")})).await;
        assert_eq!(answer["error"], Value::Null, "{command}: {answer}");
        assert_eq!(answer["command_response"]["http_status"], status);
        assert_eq!(answer["command_response"]["body"], json!({}));
    }
}

#[tokio::test]
async fn what_is_sent_is_what_the_originals_send() {
    let connector = start(&[("REST_AUTH_TOKEN", "t0ken")]).await;
    for (command, inputs, target, body, kind) in [
        ("GetRequestV2", json!({}), "GET /p?q=1", "", ""),
        (
            "GetRequestV2",
            json!({"params": {"a": [1, null], "b": true, "c": "x y", "d": null}}),
            "GET /p?q=1&a=1&b=True&c=x+y",
            "",
            "",
        ),
        ("HeadRequestV2", json!({"params": "a=b"}), "HEAD /p?q=1&a=b", "", ""),
        ("PostRequestV2", json!({}), "POST /p?q=1", "{}", "application/json"),
        ("PutRequestV2", json!({"data": null}), "PUT /p?q=1", "{}", "application/json"),
        (
            "PatchRequestV2",
            json!({"data": "${rest-auth-token}"}),
            "PATCH /p?q=1",
            "\"${rest-auth-token}\"",
            "application/json",
        ),
        (
            "PostRequestV2",
            json!({"data": "{\"a\": 1}"}),
            "POST /p?q=1",
            r#""{\"a\": 1}""#,
            "application/json",
        ),
        (
            "PostRequestV2",
            json!({"data": [1, null], "headers": {"content-TYPE": "application/x+json"}}),
            "POST /p?q=1",
            "[1,null]",
            "application/x+json",
        ),
        ("DeleteRequestV2", json!({"params": {"a": 1}}), "DELETE /p?q=1&a=1", "", ""),
        (
            "DeleteRequestV2",
            json!({"data": {"a": 1}}),
            "DELETE /p?q=1",
            r#"{"a":1}"#,
            "application/json",
        ),
        (
            "PostRequest",
            json!({"data": {"a": "b c"}, "body_format": "form"}),
            "POST /p?q=1",
            "a=b+c",
            "application/x-www-form-urlencoded",
        ),
        (
            "PutRequest",
            json!({"data": "<a/>", "body_format": "raw", "headers": {"Content-Type": "text/xml"}}),
            "PUT /p?q=1",
            "<a/>",
            "text/xml",
        ),
        ("PatchRequest", json!({"data": {"a": 1}, "body_format": "none"}), "PATCH /p?q=1", "", ""),
        ("DeleteRequest", json!({}), "DELETE /p?q=1", "", ""),
    ] {
        let peer = Peer::start(|_| Reply::json(200, &json!({}))).await;
        let mut inputs = inputs;
        inputs["url"] = peer.url("/p?q=1").into();
        let answer = run(&connector, command, &inputs).await;
        assert_eq!(answer["error"], Value::Null, "{command}: {answer}");
        let call = peer.calls().remove(0);
        assert_eq!(format!("{} {}", call.method, call.target), target, "{command}");
        assert_eq!(call.body, body, "{command}");
        let sent = call.headers.get("content-type").map_or("", String::as_str);
        assert_eq!(sent, kind, "{command} {inputs}");
    }
    let wrong = json!({"url": "http://x/", "body_format": "yaml"});
    let answer = run(&connector, "PostRequest", &wrong).await;
    assert_eq!(code(&answer), "ValueError", "{answer}");
}

#[tokio::test]
async fn basic_authentication_needs_both_and_wins_over_the_header() {
    let connector = start(&[]).await;
    let peer = Peer::start(|_| Reply::json(200, &json!({}))).await;
    let headers = json!({"Authorization": "Bearer x"});
    for (name, password, expected) in [
        (json!("user"), json!("pa:ss"), "Basic dXNlcjpwYTpzcw=="),
        (json!(""), json!(""), "Basic Og=="),
        (json!("user"), Value::Null, "Bearer x"),
        (Value::Null, json!("pass"), "Bearer x"),
    ] {
        let inputs = json!({"url": peer.url("/"), "headers": headers,
            "basic_auth_username": name, "basic_auth_password": password});
        run(&connector, "GetRequestV2", &inputs).await;
        assert_eq!(peer.calls().last().unwrap().headers["authorization"], expected);
    }
}

#[tokio::test]
async fn redirects_are_followed_but_not_by_head() {
    let connector = start(&[]).await;
    let peer = Peer::start(|call| match call.target.as_str() {
        "/old" => Reply::With(302, vec![("location", "/new".to_owned())], vec![]),
        _ => Reply::json(200, &json!({"method": call.method})),
    })
    .await;
    let inputs = json!({"url": peer.url("/old")});
    let answer = run(&connector, "PostRequestV2", &inputs).await;
    assert_eq!(answer["command_response"]["body"], json!({"method": "GET"}));
    let answer = run(&connector, "HeadRequestV2", &inputs).await;
    assert_eq!(answer["command_response"]["http_status"], 302, "{answer}");
}

#[tokio::test]
async fn attempts_repeat_what_fails_and_a_later_success_is_one() {
    let connector = start(&[]).await;
    for (attempts, n_calls, expected) in
        [(json!(2), 2, ""), (json!("2"), 1, "HttpError500"), (json!(11), 1, "HttpError500")]
    {
        let peer = Peer::start(|call| match call.number {
            1 => Reply::json(500, &json!({})),
            _ => Reply::json(200, &json!({"ok": true})),
        })
        .await;
        let inputs = json!({"url": peer.url("/"), "attempts": attempts});
        let answer = run(&connector, "GetRequestV2", &inputs).await;
        assert_eq!(code(&answer), expected, "{attempts}: {answer}");
        assert_eq!(peer.calls().len(), n_calls, "{attempts}");
    }
}

#[tokio::test]
async fn the_older_commands_give_headers_on_demand() {
    let connector = start(&[]).await;
    let peer = Peer::start(|_| Reply::With(200, vec![("x-a", "b".to_owned())], vec![])).await;
    for (given, expected) in [(json!(true), json!("b")), (json!(false), Value::Null)] {
        let inputs = json!({"url": peer.url("/"), "include_response_headers": given});
        let answer = run(&connector, "PostRequest", &inputs).await;
        assert_eq!(answer["command_response"]["headers"]["x-a"], expected, "{answer}");
    }
}

#[tokio::test]
async fn no_secret_is_in_messages_or_logs() {
    let connector = start(&[]).await;
    let peer = Peer::start(|call| {
        let told = json!({"you sent": call.headers.get("authorization"), "key": call.target});
        Reply::json(403, &told)
    })
    .await;
    let inputs = json!({
        "url": peer.url(&format!("/?api_key={SECRET}-key")),
        "headers": {"Authorization": format!("Bearer {SECRET}-token")},
    });
    let answer = run(&connector, "GetRequestV2", &inputs).await;
    assert_eq!(code(&answer), "HttpError403");
    assert!(!answer.to_string().contains(SECRET), "{answer}");
    assert!(!connector.log().contains(SECRET), "{}", connector.log());
}

#[tokio::test]
async fn the_catalog_has_the_parameters_of_the_originals_in_their_order() {
    let connector = start(&[]).await;
    let catalog = read(connector.get("/v1/commands").send().await.unwrap()).await;
    assert!(schema::catalog().is_valid(&catalog), "{catalog}");
    let user = " basic_auth_username:str basic_auth_password:str";
    let get = format!("url:str! headers:any params:any{user}");
    let post = format!("url:str! headers:any data:any{user}");
    let v1 = format!(
        "url:str! headers:any data:any body_format:str include_response_headers:bool{user}"
    );
    let v2 = format!("{get} attempts:int");
    let delete = format!("url:str! headers:any params:any data:any{user}");
    for (id, expected) in V2
        .iter()
        .zip([&v2, &v2, &post, &post, &post, &delete])
        .chain(V1.iter().zip([&get, &get, &v1, &v1, &v1, &v1]))
    {
        let commands = catalog.as_array().unwrap();
        let command = commands.iter().find(|it| it["id"] == format!("http/{id}")).unwrap();
        let parameter = |it: &Value| {
            let required = if it["required"] == true { "!" } else { "" };
            format!("{}:{}{required}", it["id"].as_str().unwrap(), it["type"].as_str().unwrap())
        };
        let parameters: Vec<_> =
            command["parameters"].as_array().unwrap().iter().map(parameter).collect();
        assert_eq!(parameters.join(" "), *expected, "{id}");
    }
}

#[tokio::test]
async fn the_readmes_example_does_what_it_says() {
    let readme = include_str!("../../crates/rest/README.md");
    let example = readme.split("/v1/do/http/GetRequestV2").nth(1).unwrap();
    let inputs = example.split("-d '").nth(1).unwrap().split('\'').next().unwrap();
    let connector = start(&[]).await;
    let peer = Peer::start(|_| Reply::json(200, &json!({"orders": []}))).await;
    let inputs = inputs.replace("https://api.example.org", &peer.url(""));
    let answer = run(&connector, "GetRequestV2", &serde_json::from_str(&inputs).unwrap()).await;
    assert_eq!(answer["command_response"]["body"], json!({"orders": []}));
    assert_eq!(peer.calls()[0].target, "/orders?customer=Jane&open=True");
}
