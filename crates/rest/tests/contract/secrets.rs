//! Secrets of every kind, looked for in everything that is told: failures, outputs, logs, dry runs.

use serde_json::{Value, json};

use crate::{
    invoke,
    peer::{Act, Peer, answer},
    run,
    server::Server,
};

/// In every secret, and nowhere else.
const SECRET: &str = "s3cr3t";

/// Credentials of every kind, whose secrets all hold [`SECRET`].
fn credentials(tokens: &Peer) -> Vec<Value> {
    let secret = |what: &str| format!("{SECRET}-{what}");
    let oauth = |grant: &str, members: Value| {
        let mut auth = json!({"type": "oauth2", "tokenUrl": tokens.url("/token"), "grantType": grant,
            "clientId": "me", "clientSecret": secret("client")});
        for (name, value) in members.as_object().unwrap() {
            auth[name] = value.clone();
        }
        auth
    };
    vec![
        json!({"type": "basic", "username": "me", "password": secret("basic")}),
        json!({"type": "bearer", "token": secret("bearer")}),
        json!({"type": "apiKey", "name": "X-Key", "value": secret("header")}),
        json!({"type": "apiKey", "name": "key", "value": secret("query"), "in": "query"}),
        json!({"type": "digest", "username": "me", "password": secret("digest")}),
        json!({"type": "sigv4", "accessKeyId": "AKIA", "secretAccessKey": secret("aws"),
            "sessionToken": secret("session"), "region": "eu-1", "service": "execute-api"}),
        oauth("client_credentials", json!({})),
        oauth("client_credentials", json!({"clientAuth": "body"})),
        oauth("password", json!({"username": "me", "password": secret("password")})),
        oauth("refresh_token", json!({"refreshToken": secret("refresh")})),
    ]
}

/// A token endpoint that gives a secret token, and an API that echoes what it gets and refuses it.
fn peers() -> (Peer, Peer) {
    let json = ["content-type: application/json"];
    let token = json!({"access_token": format!("{SECRET}-token"), "expires_in": 3600}).to_string();
    let tokens = Peer::start([Act::Say(answer("200 OK", &json, token.as_bytes()))]);
    (tokens, echoing())
}

/// Sends back what a careless peer might: all of the secrets.
fn echoing() -> Peer {
    let all = [
        "basic", "bearer", "header", "query", "digest", "aws", "session", "client", "password",
        "refresh", "token", "proxy",
    ];
    let echo: Vec<_> = all.iter().map(|it| format!("{SECRET}-{it}")).collect();
    let headers = ["content-type: application/json", "x-other: plain"];
    let body = json!({"plain": "hello", "echo": echo}).to_string();
    Peer::start([Act::Say(answer("403 Forbidden", &headers, body.as_bytes()))])
}

/// What is shown of the one secret of `auth`; the peer cannot know those of others.
fn own(auth: &Value) -> Vec<String> {
    let members = auth.as_object().unwrap().values().filter_map(Value::as_str);
    let mut own: Vec<_> = members.filter(|it| it.contains(SECRET)).map(str::to_owned).collect();
    if auth["type"] == "oauth2" {
        own.push(format!("{SECRET}-token"));
    }
    own
}

#[test]
fn no_failure_output_or_log_has_a_secret() {
    let (tokens, _) = peers();
    for auth in credentials(&tokens) {
        let api = echoing();
        let connections =
            json!({"api": {"url": api.url("/"), "auth": auth, "check": "x"}}).to_string();
        let settings = [("REST_CONNECTIONS", connections.as_str()), ("LOG", "trace")];
        let task = json!({"restUrl": api.url("/orders"), "auth": auth});
        let named = json!({"connection": "api", "restUrl": "orders"});
        for input in [task, named] {
            let told = invoke("POST", &input, &settings);
            assert!(told.failure().contains("answered 403"), "{auth}: {}", told.outputs);
            let all = format!("{}{}", told.outputs, told.log);
            for secret in own(&auth) {
                assert!(!all.contains(&secret), "{auth}: {all}");
            }
        }
        let told = run(&["check"], &Value::Null, &settings);
        let all = format!("{}{}", told.outputs, told.log);
        assert!(all.contains("FAILS"), "{all}");
        for secret in own(&auth) {
            assert!(!all.contains(&secret), "{auth}: {all}");
        }
    }
}

#[test]
fn no_dry_run_has_a_secret_and_none_calls_anybody() {
    let (tokens, api) = peers();
    for auth in credentials(&tokens) {
        let input = json!({"restUrl": api.url("/"), "auth": auth,
            "requestPayload": {"echo": own(&auth)[0], "plain": "hello"}});
        let told =
            run(&["invoke", "POST", "--input", "-", "--dry-run"], &input, &[("LOG", "trace")]);
        let all = format!("{}{}", told.outputs, told.log);
        assert!(all.contains("hello") && all.contains("***"), "{all}");
        assert!(!all.contains(SECRET), "{auth}: {all}");
    }
    assert_eq!((tokens.requests().len(), api.requests().len()), (0, 0));
}

#[test]
fn a_token_endpoint_that_echoes_is_not_quoted() {
    let json = ["content-type: application/json"];
    let told = json!({"error": "invalid_client", "error_description":
        format!("no {SECRET}-client, no {SECRET}-password, no {SECRET}-refresh")});
    let tokens =
        Peer::start([Act::Say(answer("401 Unauthorized", &json, told.to_string().as_bytes()))]);
    for auth in credentials(&tokens).into_iter().filter(|it| it["type"] == "oauth2") {
        let told = invoke("GET", &json!({"restUrl": "http://127.0.0.1:9/", "auth": auth}), &[]);
        let all = format!("{}{}", told.outputs, told.log);
        assert!(all.contains("OAUTH_TOKEN_ERROR"), "{all}");
        for secret in own(&auth) {
            assert!(!all.contains(&secret), "{auth}: {all}");
        }
    }
}

#[test]
fn a_thousand_calls_cost_one_token() {
    let (tokens, _) = peers();
    let api = Peer::start([Act::Say(answer("200 OK", &["content-type: application/json"], b"{}"))]);
    let auth = &credentials(&tokens)[6];
    let connections = json!({"api": {"url": api.url("/"), "auth": auth}}).to_string();
    let server = Server::start(&[("REST_CONNECTIONS", &connections)]);
    let input = json!({"connection": "api", "restUrl": "orders"});
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                for _ in 0..100 {
                    assert_eq!(server.error("GET", &input), "");
                }
            });
        }
    });
    assert_eq!((tokens.requests().len(), api.requests().len()), (1, 1000));
}

#[test]
fn a_storm_of_refusals_costs_one_more_token() {
    let json = ["content-type: application/json"];
    let token = |it: &str| {
        let token = json!({"access_token": format!("{SECRET}-{it}"), "expires_in": 3600});
        Act::Say(answer("200 OK", &json, token.to_string().as_bytes()))
    };
    let tokens = Peer::start([token("old"), token("new")]);
    // Refuses whatever comes, so that each of the calls finds its token refused.
    let api = Peer::start([Act::Say(answer("401 Unauthorized", &[], b""))]);
    let auth = &credentials(&tokens)[6];
    let connections = json!({"api": {"url": api.url("/"), "auth": auth}}).to_string();
    let server = Server::start(&[("REST_CONNECTIONS", &connections)]);
    let input = json!({"connection": "api", "restUrl": "orders"});
    std::thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                let told = server.error("GET", &input);
                assert!(told.starts_with("UNAUTHORIZED: "), "{told}");
            });
        }
    });
    assert_eq!(tokens.requests().len(), 2, "the first one, and one for all who were refused");
}
