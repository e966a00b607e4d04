//! `paging`: all pages as one list, and an end to those that have none.

use serde_json::{Value, json};

use crate::{
    Told,
    folder::Folder,
    invoke,
    peer::{Act, Peer, answer, redirect},
};

const JSON: &str = "content-type: application/json";

fn page(body: &Value) -> Act {
    Act::Say(answer("200 OK", &[JSON], body.to_string().as_bytes()))
}

/// A page with a header `Link`.
fn linked(body: &Value, link: &str) -> Act {
    Act::Say(answer("200 OK", &[JSON, &format!("link: {link}")], body.to_string().as_bytes()))
}

fn get(peer: &Peer, path: &str, paging: &Value) -> Told {
    invoke("GET", &json!({"restUrl": peer.url(path), "paging": paging}), &[])
}

/// The request lines, without the protocol.
fn asked(peer: &Peer) -> Vec<String> {
    let line = |it: &String| it.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
    peer.requests().iter().map(line).collect()
}

fn fails(peer: &Peer, paging: &Value, expected: &str) {
    let told = get(peer, "/list", paging).failure().replace(&peer.url(""), "PEER");
    assert!(told.starts_with("business PAGING_ERROR: GET PEER/"), "{told}");
    assert!(told.ends_with(expected), "{told}");
}

#[test]
fn endless_pages_end_with_an_error() {
    let items = |n: u32| page(&json!({"items": [n], "next": format!("/list?page={n}")}));
    let peer = Peer::start((0..200).map(items).collect::<Vec<_>>());
    let paging = json!({"next": "$.next", "items": "$.items"});
    fails(&peer, &paging, "there are more than 100 pages; `maxPages` allows more");
    assert_eq!(peer.requests().len(), 100);

    let many: Vec<_> = (0..4000).collect();
    let items = |n: u32| page(&json!({"items": many, "next": format!("/list?page={n}")}));
    let peer = Peer::start((0..9).map(items).collect::<Vec<_>>());
    fails(&peer, &paging, "there are more than 10000 items; `maxItems` allows more");
    assert_eq!(peer.requests().len(), 3);
}

#[test]
fn cyclic_pages_end_with_an_error() {
    // The same page whatever is asked.
    let peer = Peer::start([page(&json!([1, 2]))]);
    fails(&peer, &json!({"page": "page"}), "page 2 is one that came before");
    fails(&peer, &json!({"offset": "offset"}), "page 2 is one that came before");
    // A link to itself, whose page changes all the time.
    let items = |n: u32| page(&json!({"items": [n], "next": "/list"}));
    let peer = Peer::start((0..9).map(items).collect::<Vec<_>>());
    let paging = json!({"next": "$.next", "items": "$.items"});
    fails(&peer, &paging, "page 2 leads back to one that came before");
    // A cursor that comes again, on empty pages.
    let peer = Peer::start([page(&json!({"items": [], "cursor": "a"}))]);
    let paging = json!({"cursor": "$.cursor", "parameter": "cursor", "items": "$.items"});
    fails(&peer, &paging, "page 2 leads back to one that came before");
}

#[test]
fn foreign_pages_are_not_called() {
    let foreign = Peer::start([page(&json!({"items": [9], "next": null}))]);
    for link in [foreign.url("/2"), format!("//127.0.0.1:{}/2", foreign.port())] {
        let peer = Peer::start([page(&json!({"items": [1], "next": link}))]);
        let text = format!(
            "what comes next is at another place, {}; `sameHost: false` goes there, without credentials",
            foreign.url("")
        );
        fails(&peer, &json!({"next": "$.next", "items": "$.items"}), &text);
    }
    for link in ["file:///etc/passwd", "javascript:1", "http://jane:pw@x/", "http://["] {
        let peer = Peer::start([page(&json!({"items": [1], "next": link}))]);
        let told = get(&peer, "/", &json!({"next": "$.next", "items": "$.items"})).failure();
        assert!(told.starts_with("business PAGING_ERROR"), "{link}: {told}");
        assert_eq!(peer.requests().len(), 1);
    }
    assert_eq!(foreign.requests(), [""; 0]);
}

#[test]
fn foreign_pages_get_no_credentials() {
    let foreign = Peer::start([page(&json!({"items": [2], "next": null}))]);
    for auth in [
        json!({"type": "bearer", "token": "s3cret"}),
        json!({"type": "apiKey", "in": "query", "name": "key", "value": "s3cret"}),
    ] {
        let peer = Peer::start([page(&json!({"items": [1], "next": foreign.url("/2")}))]);
        let input = json!({
            "restUrl": peer.url("/").replace("http://", "http://jane:s3cret-too@"),
            "auth": auth,
            "requestHeaders": {"X-Api-Key": "s3cret-three", "X-Plain": "stays"},
            "paging": {"next": "$.next", "items": "$.items", "sameHost": false},
        });
        assert_eq!(invoke("GET", &input, &[]).success()["restResult"], json!([1, 2]));
        assert!(peer.requests().concat().contains("s3cret"));
        let told = foreign.requests().concat();
        assert!(told.contains("x-plain: stays") && !told.contains("s3cret"), "{told}");
    }
}

#[test]
fn foreign_pages_get_nothing_of_a_connection() {
    let foreign = Peer::start([page(&json!({"items": [2], "next": null}))]);
    let peer = Peer::start([
        page(&json!({"items": [0], "next": "/1"})),
        page(&json!({"items": [1], "next": foreign.url("/2")})),
    ]);
    let connections = json!({"shop": {
        "url": peer.url(""),
        "auth": {"type": "bearer", "token": "s3cret"},
        "headers": {"X-Company": "s3cret-too"},
    }});
    let input = json!({
        "connection": "shop",
        "restUrl": "/0",
        "paging": {"next": "$.next", "items": "$.items", "sameHost": false},
    });
    let settings = [("REST_CONNECTIONS", connections.to_string())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(invoke("GET", &input, &settings).success()["restResult"], json!([0, 1, 2]));
    for request in peer.requests() {
        assert!(request.contains("\r\nauthorization: Bearer s3cret\r\n"), "{request}");
        assert!(request.contains("\r\nx-company: s3cret-too\r\n"), "{request}");
    }
    let told = foreign.requests().concat();
    assert!(!told.contains("s3cret"), "{told}");
}

#[test]
fn a_link_of_the_peer_cannot_ask_for_our_settings() {
    let next = "/2?a=${rest-auth-token}&b=%24%7Brest-auth-token%7D";
    let pages = [
        page(&json!({"items": [1], "next": next, "cursor": "${rest-auth-token}"})),
        page(&json!({"items": [2]})),
    ];
    let settings = [("REST_AUTH_TOKEN", "s3cret")];
    for paging in [
        json!({"next": "$.next", "items": "$.items"}),
        json!({"cursor": "$.cursor", "parameter": "c", "items": "$.items"}),
        json!({"cursor": "$.cursor", "parameter": "c", "items": "$.items", "in": "body"}),
    ] {
        let peer = Peer::start(pages.clone());
        let input = json!({"restUrl": peer.url("/"), "requestPayload": {}, "paging": paging});
        let told = invoke("GET", &input, &settings);
        assert!(told.success, "{}", told.outputs);
        assert!(!peer.requests().concat().contains("s3cret"), "{:?}", peer.requests());
    }
}

#[test]
fn all_pages_together_stay_within_the_limit() {
    let items = |n: u32| page(&json!({"items": ["x".repeat(700), n], "next": format!("/{n}")}));
    let peer = Peer::start((0..9).map(items).collect::<Vec<_>>());
    let input = json!({"restUrl": peer.url("/"), "paging": {"next": "$.next", "items": "$.items"}});
    let told = invoke("GET", &input, &[("RESPONSE_BYTES_MAX", "2000")]).failure();
    assert!(told.starts_with("permanent RESPONSE_TOO_LARGE: GET"), "{told}");
    assert!(
        told.ends_with("3 pages have more than 2000 bytes (setting RESPONSE_BYTES_MAX)"),
        "{told}"
    );
}

#[test]
fn what_is_no_list_is_told() {
    let check = |body: &Value, paging: Value, expected: &str| {
        let peer = Peer::start([page(body)]);
        let told = get(&peer, "/", &paging).failure();
        assert_eq!(told, format!("business INVALID_INPUT: `paging`: {expected}"));
    };
    let named = json!({"page": "p", "items": "$.items"});
    check(&json!({"items": {"a": 1}}), named, "`items`: `$.items` is no list");
    let unnamed = "`items` has to name the list of a page";
    check(&json!({"data": []}), json!({"page": "p"}), unnamed);
    let unfit = "`next`: `jq: .a.b` does not fit the answer";
    check(&json!({"a": 1}), json!({"next": "jq: .a.b"}), unfit);
    let peer = Peer::start([page(&json!([]))]);
    let told = get(&peer, "/", &json!({"next": "jq: ("})).failure();
    assert!(told.starts_with("business INVALID_INPUT: `paging`: `next`: `jq: (`: no jq"), "{told}");
    let input =
        json!({"restUrl": peer.url("/"), "paging": {"page": "p"}, "pollUntil": {"status": 200}});
    let told = invoke("GET", &input, &[]).failure();
    assert_eq!(told, "business INVALID_INPUT: `paging` and `pollUntil` exclude each other");
    assert_eq!(peer.requests(), [""; 0]);
}

#[test]
fn a_failing_page_is_never_swallowed() {
    let first = page(&json!({"items": [1], "next": "/2"}));
    let peer = Peer::start([first.clone(), Act::Say(answer("404 Gone", &[], b""))]);
    let paging = json!({"next": "$.next", "items": "$.items"});
    let told = get(&peer, "/", &paging).failure();
    assert_eq!(told, format!("business NOT_FOUND: GET {} answered 404", peer.url("/2")));

    // A GET starts over; a POST does not, since its first page has been carried out.
    let busy = Act::Say(answer("503 Busy", &["retry-after: 0"], b""));
    let last = page(&json!({"items": [2]}));
    let settings = [("RETRY_MAX_ATTEMPTS", "2")];
    let peer = Peer::start([first.clone(), busy.clone(), first.clone(), last]);
    let input = json!({"restUrl": peer.url("/"), "paging": paging});
    assert_eq!(invoke("GET", &input, &settings).success()["restResult"], json!([1, 2]));
    let peer = Peer::start([first, busy]);
    let input = json!({"restUrl": peer.url("/"), "paging": paging});
    let told = invoke("POST", &input, &settings).failure();
    assert!(told.starts_with("permanent SERVICE_UNAVAILABLE"), "{told}");
    assert_eq!(peer.requests().len(), 2);
}

#[test]
fn limits_of_the_task_end_the_list_with_a_warning() {
    let items = |n: u32| page(&json!({"items": [n, n + 1], "next": format!("/{n}")}));
    let pages: Vec<_> = (0..9).map(|n| items(2 * n)).collect();
    let check = |limit: &str, n: u32, result: Value, warning: &str| {
        let peer = Peer::start(pages.clone());
        let outputs =
            get(&peer, "/", &json!({"next": "$.next", "items": "$.items", limit: n})).success();
        assert_eq!(outputs["restResult"], result);
        assert_eq!(outputs["warnings"], json!([warning]));
        assert_eq!(outputs["pages"], 2);
    };
    check("maxPages", 2, json!([0, 1, 2, 3]), "stopped after 2 pages (`maxPages`)");
    check("maxItems", 3, json!([0, 1, 2]), "stopped after 3 items (`maxItems`)");
}

#[test]
fn links_in_the_body_are_followed() {
    let peer = Peer::start([
        page(&json!({"items": [1], "links": {"next": "?page=2&a=%2C&b={x|y z}"}})),
        page(&json!({"items": [], "links": {"next": "/other/list?page=3#x"}})),
        page(&json!({"items": [3], "links": {"next": ""}})),
    ]);
    let outputs =
        get(&peer, "/list?q=1", &json!({"next": "$.links.next", "items": "$.items"})).success();
    assert_eq!(outputs["restResult"], json!([1, 3]));
    assert_eq!(outputs["pages"], 3);
    assert_eq!(
        asked(&peer),
        ["GET /list?q=1", "GET /list?page=2&a=%2C&b=%7Bx%7Cy%20z%7D", "GET /other/list?page=3"]
    );
    // Without `items`, a page that is no list is an item itself.
    let peer = Peer::start([page(&json!({"a": 1, "next": "/2"})), page(&json!({"a": 2}))]);
    let outputs = get(&peer, "/", &json!({"next": "jq: .next"})).success();
    assert_eq!(outputs["restResult"], json!([{"a": 1, "next": "/2"}, {"a": 2}]));
}

#[test]
fn the_link_header_is_followed_from_where_the_answer_came() {
    let peer = Peer::start([
        redirect("302 Found", "/v2/list"),
        linked(&json!([1]), "<?page=2>; rel=\"next\", </v2/list>; rel=prev"),
        linked(&json!([2]), "</v2/list>; rel=prev"),
    ]);
    let outputs = get(&peer, "/list", &json!({"next": "link"})).success();
    assert_eq!(outputs["restResult"], json!([1, 2]));
    assert_eq!(asked(&peer), ["GET /list", "GET /v2/list", "GET /v2/list?page=2"]);
}

#[test]
fn cursors_go_into_the_query_or_the_body() {
    let pages = [
        page(&json!({"items": [1], "cursor": "a b&"})),
        page(&json!({"items": [2], "cursor": 7})),
        page(&json!({"items": [3], "cursor": null})),
    ];
    let peer = Peer::start(pages.clone());
    let paging = json!({"cursor": "$.cursor", "parameter": "after", "items": "$.items"});
    assert_eq!(get(&peer, "/?q=1", &paging).success()["restResult"], json!([1, 2, 3]));
    assert_eq!(asked(&peer), ["GET /?q=1", "GET /?q=1&after=a%20b%26", "GET /?q=1&after=7"]);

    let peer = Peer::start(pages);
    let mut paging = paging;
    paging["in"] = "body".into();
    let input = json!({
        "restUrl": peer.url("/"),
        "requestPayload": {"q": 1},
        "idempotencyKey": "search",
        "paging": paging,
    });
    invoke("POST", &input, &[]).success();
    let requests = peer.requests();
    let bodies: Vec<_> = requests.iter().map(|it| it.split("\r\n\r\n").nth(1).unwrap()).collect();
    assert_eq!(bodies, [r#"{"q":1}"#, r#"{"q":1,"after":"a b&"}"#, r#"{"q":1,"after":"7"}"#]);
    // Each call has a key of its own; under one, the peer would give the first page again.
    for (request, key) in requests.iter().zip(["search", "search-2", "search-3"]) {
        assert!(request.contains(&format!("\r\nidempotency-key: {key}\r\n")), "{request}");
    }
}

#[test]
fn pages_and_offsets_are_counted() {
    // Byte for byte where the task wants that.
    let peer = Peer::start([page(&json!([1])), page(&json!([]))]);
    let url = peer.url("/a%2fb?q=%2c+x[]");
    let input = json!({"restUrl": url, "restUrlEncoded": true, "paging": {"page": "p"}});
    invoke("GET", &input, &[]).success();
    assert_eq!(asked(&peer), ["GET /a%2fb?q=%2c+x[]&p=1", "GET /a%2fb?q=%2c+x[]&p=2"]);

    let pages = [page(&json!([1, 2])), page(&json!([3])), page(&json!([]))];
    let check = |paging: Value, expected: &[&str]| {
        let peer = Peer::start(pages.clone());
        let outputs = get(&peer, "/?page=9", &paging).success();
        assert_eq!(outputs["restResult"], json!([1, 2, 3]), "{paging}");
        assert_eq!(asked(&peer), expected, "{paging}");
    };
    check(json!({"page": "page"}), &["GET /?page=1", "GET /?page=2", "GET /?page=3"]);
    check(json!({"page": "page", "start": 0, "size": 2}), &["GET /?page=0", "GET /?page=1"]);
    check(json!({"offset": "o"}), &["GET /?page=9&o=0", "GET /?page=9&o=2", "GET /?page=9&o=3"]);
    check(json!({"offset": "o", "limit": 2}), &["GET /?page=9&o=0", "GET /?page=9&o=2"]);
}

#[test]
fn every_page_has_the_credentials_once() {
    let pages = [
        page(&json!({"items": [1], "next": "/2?key=echoed&a=1"})),
        page(&json!({"items": [2], "next": "/3"})),
        page(&json!({"items": [3]})),
    ];
    let paging = json!({"next": "$.next", "items": "$.items"});
    let key = json!({"type": "apiKey", "in": "query", "name": "key", "value": "k3y"});
    let peer = Peer::start(pages.clone());
    let input = json!({"restUrl": peer.url("/1"), "auth": key, "paging": paging});
    invoke("GET", &input, &[]).success();
    assert_eq!(asked(&peer), ["GET /1?key=k3y", "GET /2?a=1&key=k3y", "GET /3?key=k3y"]);

    let peer = Peer::start(pages);
    let url = peer.url("/1").replace("http://", "http://user:pass@");
    invoke("GET", &json!({"restUrl": url, "paging": paging}), &[]).success();
    for request in peer.requests() {
        assert!(request.contains("\r\nauthorization: Basic dXNlcjpwYXNz\r\n"), "{request}");
    }
}

#[test]
fn the_mapping_sees_the_items_of_all_pages() {
    let pages = [page(&json!([{"id": 1}])), page(&json!([{"id": 2}])), page(&json!([]))];
    let peer = Peer::start(pages);
    let input = json!({
        "restUrl": peer.url("/"),
        "paging": {"page": "page"},
        "responseMapping": {"ids": "$[*].id"},
    });
    assert_eq!(invoke("GET", &input, &[]).success()["ids"], json!([1, 2]));
}

#[test]
fn pages_become_a_file_that_no_memory_has_to_hold() {
    let store = Folder::new();
    let url = store.url();
    let text = "x".repeat(1000);
    let many: Vec<_> = (0..9).map(|n| json!({"n": n, "text": text})).collect();
    let items = |n: u32| page(&json!({"n": n, "items": many, "next": format!("/orders?page={n}")}));
    let last = page(&json!({"items": [{"n": "last"}], "next": null}));
    let acts: Vec<_> = (0..20).map(items).chain([last]).collect();
    let fetch = |file_name: Value| {
        let peer = Peer::start(acts.clone());
        let paging = json!({"next": "$.next", "items": "$.items"});
        let input = json!({"restUrl": peer.url("/orders"), "paging": paging,
            "responseType": "file", "fileName": file_name});
        // Each page fits, all together do not.
        let settings = [("FILES_URL", &*url), ("RESPONSE_BYTES_MAX", "20000")];
        invoke("GET", &input, &settings).success()
    };
    let outputs = fetch(Value::Null);
    assert_eq!((&outputs["restResult"], &outputs["pages"]), (&Value::Null, &json!(21)));
    assert_eq!(outputs["file"]["name"], "orders.json");
    assert_eq!(outputs["file"]["content"]["mimeType"], "application/json");
    let items: Vec<Value> = serde_json::from_slice(&store.content(&outputs["file"])).unwrap();
    assert_eq!((items.len(), &items[180]["n"]), (181, &json!("last")));

    let outputs = fetch(json!("orders.jsonl"));
    let lines = String::from_utf8(store.content(&outputs["file"])).unwrap();
    let lines: Vec<Value> = lines.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(lines, items);
}

#[test]
fn pages_that_fail_leave_no_file() {
    let first = page(&json!({"items": [1], "next": "/list?page=2"}));
    let oops = Act::Say(answer("500 Oops", &[], b"oops"));
    let same = page(&json!({"items": [2], "next": "/list?page=2"}));
    for (acts, settings, expected) in [
        (vec![first.clone(), oops], None, "answered 500 oops"),
        (vec![first.clone(), same], None, "page 2 leads back to one that came before"),
        (
            vec![first.clone(), page(&json!({"items": [2]}))],
            Some("4"),
            "answered 200, but `list.json`: larger than 4 bytes, the limit of FILE_BYTES_MAX",
        ),
    ] {
        let store = Folder::new();
        let peer = Peer::start(acts);
        let input = json!({"restUrl": peer.url("/list"), "responseType": "file",
            "paging": {"next": "$.next", "items": "$.items"}});
        let url = store.url();
        let settings: Vec<_> = settings.map(|it| ("FILE_BYTES_MAX", it)).into_iter().collect();
        let settings = [&[("FILES_URL", &*url)], &settings[..]].concat();
        let told = invoke("GET", &input, &settings).failure();
        assert!(told.ends_with(expected), "{told}");
        assert_eq!(store.entries(), [""; 0]);
    }
}
