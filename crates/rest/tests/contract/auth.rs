//! Credentials that are made for the call: tokens, digest, signatures; the token endpoint and the peer count what they are asked.
//!
//! Every secret in here has `s3cret` in it, so that [`call`] can look for it in whatever the connector says.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::{
    Told, invoke,
    peer::{Act, Peer, answer, redirect},
    run,
};

/// Runs GET, or POST where there is a payload, and looks for secrets in what comes out.
fn call(input: &Value, settings: &[(&str, &str)]) -> Told {
    let action = if input.get("requestPayload").is_some() { "POST" } else { "GET" };
    clean(invoke(action, input, settings))
}

fn clean(told: Told) -> Told {
    for secret in ["s3cret", "czNjcmV0"] {
        assert!(!told.outputs.to_string().contains(secret), "{}", told.outputs);
        assert!(!told.log.contains(secret), "{}", told.log);
    }
    told
}

fn say(status: &str, headers: &[&str], body: &str) -> Act {
    Act::Say(answer(status, headers, body.as_bytes()))
}

fn ok() -> Act {
    say("200 OK", &["content-type: application/json"], r#"{"id": 1}"#)
}

fn token(value: &str) -> Act {
    let body = format!(r#"{{"access_token": "{value}-s3cret", "expires_in": 3600}}"#);
    say("200 OK", &["content-type: application/json"], &body)
}

fn unauthorized() -> Act {
    say("401 Unauthorized", &["www-authenticate: Bearer error=\"invalid_token\""], "")
}

fn oauth(tokens: &Peer, members: &Value) -> Value {
    let mut auth = json!({"type": "oauth2", "tokenUrl": tokens.url("/token"), "clientId": "id",
        "clientSecret": "id-s3cret", "clientAuth": "body"});
    auth.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    auth
}

fn input(api: &Peer, auth: &Value) -> Value {
    json!({"restUrl": api.url("/orders"), "auth": auth})
}

/// The values of a header, one per request.
fn sent(peer: &Peer, name: &str) -> Vec<String> {
    let header = |request: &String| {
        let start = format!("{name}: ");
        let found = request.lines().find_map(|it| it.strip_prefix(&start));
        found.unwrap_or("-").to_owned()
    };
    peer.requests().iter().map(header).collect()
}

fn bodies(peer: &Peer) -> Vec<String> {
    let requests = peer.requests();
    requests.iter().map(|it| it.split_once("\r\n\r\n").unwrap().1.to_owned()).collect()
}

/// A call that fails for want of a token, and never reaches the API.
fn no_token(tokens: &Peer, members: &Value, expected: &str) {
    let api = Peer::start([ok()]);
    let told = call(&input(&api, &oauth(tokens, members)), &[]);
    let failure = told.failure().replace(&tokens.url(""), "http://AS");
    assert_eq!(failure, expected);
    assert_eq!(api.requests(), [""; 0]);
}

#[test]
fn r17_credentials_that_are_none_are_refused_before_anything_is_sent() {
    let tokens = Peer::start([token("t1")]);
    for (members, expected) in [
        (json!({"clientId": ""}), "oauth2 needs `clientId`"),
        (json!({"clientSecret": ["s3cret"]}), "`clientSecret` is no text"),
        (json!({"tokenUrl": "as.test/s3cret"}), "`tokenUrl`: relative URL without a base"),
        (
            json!({"grantType": "jwt_bearer", "privateKey": "s3cret"}),
            "`privateKey` has no PEM private key in it (PKCS#8, PKCS#1 or SEC 1)",
        ),
        (json!({"type": "digest", "username": ""}), "digest needs `username`"),
        (json!({"type": "digest", "username": "u"}), "digest needs `password`, which may be empty"),
        (json!({"type": "sigv4", "accessKeyId": "a"}), "sigv4 needs `secretAccessKey`"),
        (
            json!({"type": "sigv4", "accessKeyId": "a\n", "secretAccessKey": "s3cret",
                "region": "r", "service": "s"}),
            "`accessKeyId` has characters that no header can carry",
        ),
    ] {
        no_token(&tokens, &members, &format!("business INVALID_INPUT: `auth`: {expected}"));
    }
    assert_eq!(tokens.requests(), [""; 0]);
}

#[test]
fn r3_r4_what_a_token_endpoint_says_instead_of_a_token_is_told_apart() {
    let refresh = json!({"grantType": "refresh_token", "refreshToken": "r0-s3cret",
        "clientSecret": " "});
    let said = |error: &str| format!(r#"{{"error": "{error}", "error_description": "r0-s3cret"}}"#);
    let at = "token endpoint http://AS/token";
    for (status, body, expected) in [
        (
            "200 OK",
            said("invalid_grant"),
            format!(
                "business OAUTH_REFRESH_TOKEN_EXPIRED: {at}: the refresh token is no longer valid: answered 200 invalid_grant: ***"
            ),
        ),
        (
            "200 OK",
            said("interaction_required"),
            format!(
                "business OAUTH_INTERACTION_REQUIRED: {at}: a person has to log in or agree: answered 200 interaction_required: ***"
            ),
        ),
        (
            "200 OK",
            said("unsupported_grant_type"),
            format!("business OAUTH_TOKEN_ERROR: {at}: answered 200 unsupported_grant_type: ***"),
        ),
        (
            "200 OK",
            r#"{"token": "t-s3cret"}"#.to_owned(),
            format!(
                "permanent OAUTH_NO_ACCESS_TOKEN: {at}: answered 200, but without `access_token`"
            ),
        ),
        (
            "401 Unauthorized",
            said("invalid_client"),
            format!("business OAUTH_TOKEN_ERROR: {at}: answered 401 invalid_client: ***"),
        ),
    ] {
        let tokens = Peer::start([say(status, &[], &body)]);
        no_token(&tokens, &refresh, &expected);
    }
}

#[test]
fn a_token_endpoint_that_is_down_slow_or_rubbish_is_told_as_such() {
    let at = "token endpoint http://AS/token";
    let check = |act: Act, members: &Value, expected: &str| {
        no_token(&Peer::start([act]), members, &expected.replace("AT", at));
    };
    let none = json!({});
    check(
        say("503 Busy", &[], "<html>s3cret</html>"),
        &none,
        "transient OAUTH_TOKEN_ERROR: AT: answered 503",
    );
    check(
        say("200 OK", &[], "<html>s3cret</html>"),
        &none,
        "permanent OAUTH_NO_ACCESS_TOKEN: AT: answered 200, but not with a JSON object",
    );
    check(
        redirect("302 Found", "http://127.0.0.1:1/?s3cret"),
        &none,
        "business OAUTH_TOKEN_ERROR: AT: answered 302",
    );

    let api = Peer::start([ok()]);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let auth = oauth(&api, &json!({"tokenUrl": format!("http://{free}/t?key=s3cret")}));
    let told = call(&input(&api, &auth), &[]);
    let expected = format!("token endpoint http://{free}/t: the connection was refused");
    assert_eq!(told.failure(), format!("transient OAUTH_TOKEN_ERROR: {expected}"));
    let told = call(&input(&api, &auth), &[("EGRESS_DENY", "127.0.0.0/8")]);
    let closed = "`restUrl`";
    assert!(!told.failure().contains(closed), "{}", told.failure());
    assert!(told.failure().starts_with("business INVALID_INPUT: `auth`: `tokenUrl`: "));
    assert_eq!(api.requests(), [""; 0]);
}

#[test]
fn a_slow_token_endpoint_takes_the_time_of_the_call() {
    let (api, tokens) = (Peer::start([ok()]), Peer::start([Act::Hang]));
    let mut task = input(&api, &oauth(&tokens, &json!({})));
    let told = call(&task, &[("HTTP_CALL_TIMEOUT", "300ms")]);
    let failure = told.failure();
    assert!(failure.starts_with("transient OAUTH_TOKEN_ERROR: token endpoint"), "{failure}");
    assert!(failure.ends_with("no complete answer within 300ms"), "{failure}");
    task["timeout"] = json!(300);
    let failure = call(&task, &[]).failure();
    assert!(failure.starts_with("permanent REQUEST_TIMEOUT: token endpoint"), "{failure}");
    assert_eq!(api.requests(), [""; 0]);
}

#[test]
fn r3_a_token_is_fetched_once_and_sent_with_every_attempt() {
    let busy = say("503 Busy", &["retry-after: 0"], "");
    for (members, form) in [
        (
            json!({"scope": "read", "audience": "aud"}),
            "grant_type=client_credentials&client_id=id&client_secret=id-s3cret&scope=read&audience=aud",
        ),
        (
            json!({"grantType": "password", "username": "jane", "password": "p-s3cret"}),
            "grant_type=password&username=jane&password=p-s3cret&client_id=id&client_secret=id-s3cret",
        ),
        (
            json!({"grantType": "refresh_token", "refreshToken": "r-s3cret", "clientSecret": " ",
                "scope": " "}),
            "grant_type=refresh_token&refresh_token=r-s3cret&client_id=id",
        ),
    ] {
        let tokens = Peer::start([token("t1"), token("t2")]);
        let api = Peer::start([busy.clone(), busy.clone(), ok()]);
        let told = call(&input(&api, &oauth(&tokens, &members)), &[("RETRY_MAX_ATTEMPTS", "3")]);
        assert_eq!(told.success()["restResult"]["id"], 1);
        assert_eq!(sent(&api, "authorization"), ["Bearer t1-s3cret"; 3]);
        assert_eq!(bodies(&tokens), [form]);
    }
}

#[test]
fn the_sample_with_a_token_runs_as_it_stands() {
    let (tokens, api) = (Peer::start([token("t1")]), Peer::start([ok()]));
    let sample = include_str!("../../samples/fetch-with-token.json")
        .replace("https://login.example.org", &tokens.url(""))
        .replace("https://api.example.org", &api.url(""));
    let sample: Value = serde_json::from_str(&sample).unwrap();
    assert_eq!(call(&sample["inputs"], &[]).success()["restResult"], json!({"id": 1}));
    // `order-process:a-secret` in Base64.
    assert_eq!(sent(&tokens, "authorization"), ["Basic b3JkZXItcHJvY2VzczphLXNlY3JldA=="]);
    assert_eq!(bodies(&tokens), ["grant_type=client_credentials&scope=orders.read"]);
}

#[test]
fn an_assertion_is_exchanged_for_a_token() {
    let tokens = Peer::start([token("t1")]);
    let api = Peer::start([ok()]);
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let members = json!({"grantType": "jwt_bearer", "privateKey": key, "issuer": "me",
        "clientId": null, "clientSecret": null});
    call(&input(&api, &oauth(&tokens, &members)), &[]).success();
    let form = bodies(&tokens).pop().unwrap();
    let start = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
    assert_eq!(form.strip_prefix(start).unwrap().split('.').count(), 3, "{form}");
    assert_eq!(sent(&api, "authorization"), ["Bearer t1-s3cret"]);
}

#[test]
fn a_token_that_is_refused_is_fetched_again_and_the_call_repeated() {
    let tokens = Peer::start([token("t1"), token("t2")]);
    let api = Peer::start([unauthorized(), ok()]);
    let mut task = input(&api, &oauth(&tokens, &json!({})));
    task["requestPayload"] = json!({"a": 1});
    assert_eq!(call(&task, &[]).success()["restStatus"], 200);
    assert_eq!(sent(&api, "authorization"), ["Bearer t1-s3cret", "Bearer t2-s3cret"]);
    assert_eq!(bodies(&api), [r#"{"a":1}"#; 2]);
    let keys = sent(&api, "idempotency-key");
    assert!(keys[0] != "-" && keys[0] == keys[1], "{keys:?}");
    assert_eq!(tokens.requests().len(), 2);
}

#[test]
fn a_peer_that_refuses_every_token_is_asked_twice() {
    let tokens = Peer::start([token("t1"), token("t2"), token("t3")]);
    let echo = say("401 Unauthorized", &["x-echo: t2-s3cret"], "t1-s3cret, t2-s3cret, id-s3cret");
    let api = Peer::start([echo]);
    let told = call(&input(&api, &oauth(&tokens, &json!({}))), &[("RETRY_MAX_ATTEMPTS", "3")]);
    let expected = "business UNAUTHORIZED: GET API/orders answered 401 ***, ***, ***";
    assert_eq!(told.failure().replace(&api.url(""), "API"), expected);
    assert_eq!((api.requests().len(), tokens.requests().len()), (2, 2));
}

#[test]
fn a_refusal_after_which_there_is_no_other_token_can_be_repeated() {
    let tokens = Peer::start([token("t1"), say("503 Busy", &[], "")]);
    let api = Peer::start([unauthorized()]);
    let mut task = input(&api, &oauth(&tokens, &json!({})));
    task["requestPayload"] = json!({});
    task["circuitBreaker"] = json!(true);
    let failure = call(&task, &[]).failure();
    assert!(failure.starts_with("transient OAUTH_TOKEN_ERROR: token endpoint"), "{failure}");
    assert_eq!((api.requests().len(), tokens.requests().len()), (1, 2));
}

#[test]
fn another_origin_gets_neither_the_token_nor_another_one() {
    let tokens = Peer::start([token("t1"), token("t2")]);
    let stranger = Peer::start([unauthorized()]);
    let api = Peer::start([redirect("302 Found", &stranger.url("/"))]);
    let told = call(&input(&api, &oauth(&tokens, &json!({}))), &[]);
    assert!(told.failure().starts_with("business UNAUTHORIZED: "), "{}", told.failure());
    assert_eq!(sent(&stranger, "authorization"), ["-"]);
    assert_eq!(tokens.requests().len(), 1);

    let challenge = "www-authenticate: Digest realm=\"r\", nonce=\"n\"";
    let stranger = Peer::start([say("401 Unauthorized", &[challenge], "")]);
    let api = Peer::start([redirect("302 Found", &stranger.url("/"))]);
    let auth = json!({"type": "digest", "username": "u", "password": "p-s3cret"});
    let told = call(&input(&api, &auth), &[]);
    assert!(told.failure().starts_with("business UNAUTHORIZED: "), "{}", told.failure());
    assert_eq!(sent(&stranger, "authorization"), ["-"]);
}

#[test]
fn a_dry_run_fetches_no_token_and_shows_no_secret() {
    let (tokens, api) = (Peer::start([token("t1")]), Peer::start([ok()]));
    for (auth, expected) in [
        (oauth(&tokens, &json!({})), "authorization: Bearer ***"),
        (
            json!({"type": "digest", "username": "u", "password": "p-s3cret"}),
            "authorization: Digest ***",
        ),
        (
            json!({"type": "sigv4", "accessKeyId": "a", "secretAccessKey": "k-s3cret",
                "sessionToken": "t-s3cret", "region": "r", "service": "s"}),
            "authorization: AWS4-HMAC-SHA256 ***",
        ),
    ] {
        let mut task = input(&api, &auth);
        task["requestHeaders"] = json!({"Authorization": "Bearer mine-s3cret", "X-A": "b"});
        task["requestPayload"] = json!(["id-s3cret", "p-s3cret", "k-s3cret", "t-s3cret"]);
        task["requestPayload"].as_array_mut().unwrap().retain(|it| {
            let secret = it.as_str().unwrap();
            auth.as_object().unwrap().values().any(|it| it == secret)
        });
        let told = clean(run(&["invoke", "POST", "--input", "-", "--dry-run"], &task, &[]));
        let text = told.outputs.as_str().unwrap();
        let found: Vec<_> = text.lines().filter(|it| it.starts_with("authorization")).collect();
        assert_eq!(found, [expected], "{text}");
    }
    assert_eq!((api.requests().len(), tokens.requests().len()), (0, 0));
}

#[test]
fn a_digest_challenge_is_answered_with_the_same_request() {
    let challenge = "www-authenticate: Basic realm=\"x\", Digest realm=\"testrealm@host.com\", \
        nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"o\"";
    let api = Peer::start([say("401 Unauthorized", &[challenge], "not yet"), ok()]);
    let mut task =
        input(&api, &json!({"type": "digest", "username": "Mufasa", "password": "Circle Of Life"}));
    task["restUrl"] = json!(api.url("/dir/index.html"));
    assert_eq!(call(&task, &[]).success()["restStatus"], 200);
    let [first, second] = &sent(&api, "authorization")[..] else { panic!() };
    assert_eq!(first, "-");
    let expected = "uri=\"/dir/index.html\", response=\"670fd8c2df070c60b045671b8b24ff02\"";
    assert!(second.starts_with("Digest username=\"Mufasa\"") && second.contains(expected));

    let api = Peer::start([say("401 Unauthorized", &[challenge], "not yet"), ok()]);
    let auth = json!({"type": "digest", "username": "u", "password": "p-s3cret"});
    let mut task = input(&api, &auth);
    task["requestPayload"] = json!({"a": 1});
    call(&task, &[]).success();
    assert_eq!(bodies(&api), [r#"{"a":1}"#; 2]);
}

#[test]
fn a_digest_that_is_refused_is_not_sent_again() {
    let challenge = "www-authenticate: Digest realm=\"r\", nonce=\"n\", qop=auth";
    let auth = json!({"type": "digest", "username": "u", "password": "p-s3cret"});
    let api = Peer::start([say("401 Unauthorized", &[challenge], "p-s3cret")]);
    let failure = call(&input(&api, &auth), &[]).failure();
    assert!(failure.starts_with("business UNAUTHORIZED: "), "{failure}");
    assert_eq!(api.requests().len(), 2);
    // Nobody asks for a digest here.
    let api = Peer::start([unauthorized()]);
    let failure = call(&input(&api, &auth), &[]).failure();
    assert!(failure.starts_with("business UNAUTHORIZED: "), "{failure}");
    assert_eq!(api.requests().len(), 1);
}

#[test]
fn a_signature_is_made_for_every_attempt() {
    let api = Peer::start([say("503 Busy", &["retry-after: 0"], ""), ok()]);
    let auth = json!({"type": "sigv4", "accessKeyId": "AKID", "secretAccessKey": "k-s3cret",
        "sessionToken": "t-s3cret", "region": "eu-central-1", "service": "execute-api"});
    call(&input(&api, &auth), &[("RETRY_MAX_ATTEMPTS", "2")]).success();
    let signatures = sent(&api, "authorization");
    let dates = sent(&api, "x-amz-date");
    assert_eq!((signatures.len(), dates.len()), (2, 2));
    for (signature, date) in signatures.iter().zip(dates) {
        let start = format!(
            "AWS4-HMAC-SHA256 Credential=AKID/{}/eu-central-1/execute-api/aws4_request, \
             SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=",
            &date[..8]
        );
        assert_eq!(signature.strip_prefix(&start).map(str::len), Some(64), "{signature}");
    }
    assert_eq!(sent(&api, "x-amz-security-token"), ["t-s3cret"; 2]);
}
