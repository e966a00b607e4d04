//! Access tokens against a scripted token endpoint that counts: asked once for all who need it, and in the words of the RFCs.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use outbound::{
    ClientAuth, ErrorKind, Grant, Outbound, Settings, Token, TokenErrorKind, TokenRequest, Tokens,
};
use tokio::task::JoinSet;

use crate::support::{
    ClosedPort, PATIENCE, SHORT, Server, answer, client, egress, header, redirect, settings, url,
};

/// A token endpoint that gives the tokens `t1`, `t2` and so on.
async fn endpoint(members: &'static str) -> Server {
    let count = Mutex::new(0);
    Server::start(move |_| {
        let mut count = count.lock().unwrap();
        *count += 1;
        json(&format!(r#"{{"access_token": "t{count}", "token_type": "Bearer"{members}}}"#))
    })
    .await
}

fn json(body: &str) -> Vec<u8> {
    answer("200 OK", "Content-Type: application/json\r\n", body)
}

fn request(server: &Server) -> TokenRequest {
    TokenRequest {
        token_url: server.url("/token"),
        grant: Grant::ClientCredentials,
        client_id: "id".to_owned(),
        client_secret: "s3cret".to_owned(),
        client_auth: ClientAuth::Body,
        scope: String::new(),
        audience: String::new(),
        resource: String::new(),
        parameters: Vec::new(),
    }
}

fn refreshing(server: &Server, secret: &str) -> TokenRequest {
    TokenRequest {
        grant: Grant::RefreshToken { refresh_token: "r0-s3cret".to_owned() },
        client_secret: secret.to_owned(),
        ..request(server)
    }
}

fn tokens() -> Tokens {
    Tokens::new(PATIENCE)
}

/// The body of a request.
fn form(request: &str) -> &str {
    request.split_once("\r\n\r\n").unwrap().1
}

#[tokio::test]
async fn an_endpoint_that_gives_no_token_says_why() {
    let check = async |status: &str, body: &str, expected: &str| {
        let answer = answer(status, "Retry-After: 7\r\n", body);
        let server = Server::start(move |_| answer.clone()).await;
        for request in [request(&server), refreshing(&server, "s3cret")] {
            let error = tokens().token(&client(), &request).await.unwrap_err();
            let text = format!("{error:?} {error}");
            assert!(text.contains(expected), "{text} instead of {expected}");
            assert!(!text.contains("s3cret"), "{text}");
        }
    };
    check("200 OK", "<html>s3cret</html>", "200, but not with a JSON object").await;
    check("200 OK", "[]", "200, but not with a JSON object").await;
    check("200 OK", r#"{"token": "s3cret"}"#, "200, but without `access_token`").await;
    check("200 OK", r#"{"access_token": ""}"#, "200, but without `access_token`").await;
    check("200 OK", r#"{"access_token": 5}"#, "200, but without `access_token`").await;
    check("200 OK", r#"{"access_token": "a\nb"}"#, "that no header can carry").await;
    check("302 Found", "", "answered 302").await;
    check("404 Not Found", "no s3cret here", "Refused { status: 404, said: \"\" }").await;
    check(
        "401 Unauthorized",
        r#"{"error": "invalid_client", "error_description": "s3cret is\n wrong"}"#,
        "answered 401 invalid_client: *** is  wrong",
    )
    .await;
    check(
        "200 OK",
        r#"{"error": "server_error", "access_token": "t"}"#,
        "Refused { status: 200, said: \" server_error\" }",
    )
    .await;
    for error in ["interaction_required", "consent_required", "login_required"] {
        for status in ["200 OK", "400 Bad Request"] {
            let body = format!(r#"{{"error": "{error}", "error_description": "AADSTS50079"}}"#);
            check(status, &body, "InteractionRequired { status").await;
            check(status, &body, "or agree: answered").await;
            check(status, &body, "AADSTS50079").await;
        }
    }
    for status in ["408 Timeout", "429 Slow", "500 Oops", "503 Busy"] {
        check(status, "", "retry_after: Some(7s)").await;
    }
    let long = format!(r#"{{"error": "{}"}}"#, "x".repeat(10_000));
    check("400 Bad Request", &long, &format!("{}…\" }}", "x".repeat(300))).await;
}

#[tokio::test]
async fn r4_a_refresh_token_that_is_no_longer_valid_is_told_apart() {
    for status in ["200 OK", "400 Bad Request"] {
        let body = r#"{"error": "invalid_grant", "error_description": "r0-s3cret was used"}"#;
        let server = Server::start(move |_| answer(status, "", body)).await;
        let kind = async |request| tokens().token(&client(), &request).await.unwrap_err().kind;
        let code = status[..3].parse().unwrap();
        let said = " invalid_grant: *** was used".to_owned();
        let expected = TokenErrorKind::RefreshTokenExpired { status: code, said };
        assert_eq!(kind(refreshing(&server, "")).await, expected);
        let said = " invalid_grant: r0-s3cret was used".to_owned();
        let expected = TokenErrorKind::Refused { status: code, said };
        let other = TokenRequest { client_secret: "other".to_owned(), ..request(&server) };
        assert_eq!(kind(other).await, expected);
    }
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_reached_is_told_like_any_peer() {
    let closed = ClosedPort::reserve();
    let server = endpoint("").await;
    let kind = async |client: Outbound, request: TokenRequest, tokens: Tokens| {
        let error = tokens.token(&client, &request).await.unwrap_err();
        match error.kind {
            TokenErrorKind::NoAnswer(kind) => kind,
            kind => panic!("{kind:?}"),
        }
    };
    let at = |text: &str| TokenRequest { token_url: url(text), ..request(&server) };
    let refused = at(&format!("http://127.0.0.1:{}/t?key=s3cret", closed.port()));
    assert_eq!(kind(client(), refused, tokens()).await, ErrorKind::ConnectRefused);
    let ftp = kind(client(), at("ftp://x/"), tokens()).await;
    assert!(matches!(ftp, ErrorKind::InvalidUrl(_)), "{ftp}");
    let guarded = Settings { egress: egress("deny", "", ""), ..settings() };
    let guarded = kind(Outbound::new(guarded).unwrap(), request(&server), tokens()).await;
    assert!(matches!(guarded, ErrorKind::EgressDenied(_)), "{guarded}");
    let silent = Server::raw(|stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let slow = kind(client(), request(&silent), Tokens::new(SHORT)).await;
    assert_eq!(slow, ErrorKind::Timeout { after: SHORT });
    assert_eq!(server.requests(), [""; 0]);
}

#[tokio::test]
async fn an_endpoint_that_floods_is_not_listened_to() {
    let server = Server::start(|_| json(&"x".repeat(300 * 1024))).await;
    let error = tokens().token(&client(), &request(&server)).await.unwrap_err();
    assert!(error.to_string().contains("larger than 262144 bytes"), "{error}");
}

#[tokio::test]
async fn a_redirect_does_not_take_the_secrets_elsewhere() {
    let target = endpoint("").await;
    let location = target.url("/token").to_string();
    let server = Server::start(move |_| redirect("307 Moved", &location)).await;
    let error = tokens().token(&client(), &request(&server)).await.unwrap_err();
    assert!(matches!(error.kind, TokenErrorKind::Refused { status: 307, .. }), "{error}");
    assert_eq!(target.requests(), [""; 0]);
}

#[tokio::test]
async fn a_hundred_calls_at_once_ask_once() {
    let server = endpoint(r#", "expires_in": 3600"#).await;
    let (tokens, client) = (tokens(), client());
    let found = storm(&tokens, &client, &request(&server), None).await;
    assert_eq!(found, ["t1"; 100]);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_hundred_calls_at_once_share_a_failure_and_a_token_that_is_not_kept() {
    let server = endpoint(r#", "expires_in": 1"#).await;
    let found = storm(&tokens(), &client(), &request(&server), None).await;
    assert_eq!(found, ["t1"; 100]);
    let server = Server::start(|_| answer("503 Busy", "", "")).await;
    let found = storm(&tokens(), &client(), &request(&server), None).await;
    assert!(found[0].ends_with("answered 503") && found.iter().all(|it| *it == found[0]));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_storm_of_401_fetches_one_other_token() {
    let server = endpoint(r#", "expires_in": 3600"#).await;
    let (tokens, client, request) = (tokens(), client(), request(&server));
    let old = tokens.token(&client, &request).await.unwrap();
    assert_eq!(storm(&tokens, &client, &request, Some(&old)).await, ["t2"; 100]);
    // Those that come late get the new one too.
    let late = tokens.replace(&client, &request, &old).await.unwrap().unwrap();
    assert_eq!(late.reveal(), "t2");
    assert_eq!(server.requests().len(), 2);
    // A peer that refuses the new one as well does not do so for its age.
    let refused = tokens.replace(&client, &request, &late).await.unwrap();
    assert!(refused.is_none(), "{refused:?}");
    assert_eq!(tokens.token(&client, &request).await.unwrap().reveal(), "t2");
    assert_eq!(server.requests().len(), 2);
}

/// What a hundred calls at the same time get, instead of a token that was refused or none.
async fn storm(
    tokens: &Tokens,
    client: &Outbound,
    request: &TokenRequest,
    refused: Option<&Token>,
) -> Vec<String> {
    let mut calls = JoinSet::new();
    for _ in 0..100 {
        let (tokens, client, request, refused) =
            (tokens.clone(), client.clone(), request.clone(), refused.cloned());
        calls.spawn(async move {
            let result = match refused {
                Some(refused) => tokens.replace(&client, &request, &refused).await,
                None => tokens.token(&client, &request).await.map(Some),
            };
            match result {
                Ok(token) => token.unwrap().reveal().to_owned(),
                Err(error) => error.to_string(),
            }
        });
    }
    calls.join_all().await
}

#[tokio::test]
async fn r3_a_token_is_kept_as_long_as_the_endpoint_says() {
    let check = async |members: &'static str, n_requests: usize| {
        let server = endpoint(members).await;
        let (tokens, client, request) = (tokens(), client(), request(&server));
        for _ in 0..2 {
            tokens.token(&client, &request).await.unwrap();
        }
        assert_eq!(server.requests().len(), n_requests, "{members}");
    };
    check(r#", "expires_in": 3600"#, 1).await;
    check(r#", "expires_in": "3600""#, 1).await;
    check(r#", "expires_in": 1e300"#, 1).await;
    check(r#", "expires_in": 11.5"#, 1).await;
    check(r#", "expires_in": 10"#, 2).await;
    check(r#", "expires_in": 0"#, 2).await;
    check(r#", "expires_in": -5"#, 2).await;
    // Without a word about it, for a minute.
    check("", 1).await;
    check(r#", "expires_in": null"#, 1).await;
    check(r#", "expires_in": "soon""#, 1).await;
}

#[tokio::test]
async fn r3_other_credentials_have_another_token() {
    let server = endpoint(r#", "expires_in": 3600"#).await;
    let (tokens, client, base) = (tokens(), client(), request(&server));
    let other = || "other".to_owned();
    let requests = [
        base.clone(),
        TokenRequest { client_secret: other(), ..base.clone() },
        TokenRequest { client_id: other(), ..base.clone() },
        TokenRequest { token_url: server.url("/other"), ..base.clone() },
        TokenRequest { scope: other(), ..base.clone() },
        TokenRequest { audience: other(), ..base.clone() },
        TokenRequest { resource: other(), ..base.clone() },
        TokenRequest { client_auth: ClientAuth::Basic, ..base.clone() },
        TokenRequest { parameters: vec![(other(), other())], ..base.clone() },
        TokenRequest {
            grant: Grant::Password { username: other(), password: other() },
            ..base.clone()
        },
        TokenRequest {
            grant: Grant::Password { username: other(), password: "2".to_owned() },
            ..base.clone()
        },
        TokenRequest { grant: Grant::RefreshToken { refresh_token: other() }, ..base },
    ];
    for round in ["first", "second"] {
        for (n, request) in requests.iter().enumerate() {
            let token = tokens.token(&client, request).await.unwrap();
            assert_eq!(token.reveal(), format!("t{}", n + 1), "{round} {request:?}");
        }
    }
    assert_eq!(server.requests().len(), requests.len());
}

#[tokio::test]
async fn r3_r4_the_form_is_what_the_rfc_says() {
    let server = endpoint("").await;
    let check = async |request: TokenRequest, credentials: Option<&str>, expected: &str| {
        tokens().token(&client(), &request).await.unwrap();
        let sent = server.requests().pop().unwrap();
        assert!(sent.starts_with("POST /token HTTP/1.1\r\n"), "{sent}");
        assert_eq!(header(&sent, "content-type"), Some("application/x-www-form-urlencoded"));
        assert_eq!(header(&sent, "accept"), Some("application/json"));
        assert_eq!(header(&sent, "authorization"), credentials);
        assert_eq!(form(&sent), expected);
    };
    let base = TokenRequest {
        scope: "read write".to_owned(),
        audience: "https://api.test/".to_owned(),
        ..request(&server)
    };
    let audience = "audience=https%3A%2F%2Fapi.test%2F";
    check(
        base.clone(),
        None,
        &format!(
            "grant_type=client_credentials&client_id=id&client_secret=s3cret&scope=read+write&{audience}"
        ),
    )
    .await;
    let basic = TokenRequest { client_auth: ClientAuth::Basic, ..base.clone() };
    let credentials = Some("Basic aWQ6czNjcmV0");
    let expected = format!("grant_type=client_credentials&scope=read+write&{audience}");
    check(basic.clone(), credentials, &expected).await;
    let expected = format!("grant_type=client_credentials&{audience}");
    check(TokenRequest { scope: String::new(), ..basic.clone() }, credentials, &expected).await;
    // RFC 6749 §2.3.1: encoded like a form before it becomes Basic (a:ü → a%3A%C3%BC).
    let odd = TokenRequest { client_id: "a:ü".to_owned(), ..basic };
    let expected = format!("grant_type=client_credentials&scope=read+write&{audience}");
    check(odd, Some("Basic YSUzQSVDMyVCQzpzM2NyZXQ="), &expected).await;
    check(
        TokenRequest {
            grant: Grant::Password { username: "jane".to_owned(), password: "p&w".to_owned() },
            parameters: vec![("tenant".to_owned(), "a b".to_owned())],
            resource: "urn:r".to_owned(),
            ..request(&server)
        },
        None,
        "grant_type=password&username=jane&password=p%26w&client_id=id&client_secret=s3cret&resource=urn%3Ar&tenant=a+b",
    )
    .await;
    let refresh = "grant_type=refresh_token&refresh_token=r0-s3cret&client_id=id";
    check(refreshing(&server, ""), None, refresh).await;
    let public = TokenRequest { client_auth: ClientAuth::Basic, ..refreshing(&server, "") };
    check(public, None, refresh).await;
    check(refreshing(&server, "s3cret"), None, &format!("{refresh}&client_secret=s3cret")).await;
}

#[tokio::test]
async fn a_rotated_refresh_token_takes_the_place_of_the_first() {
    let count = Mutex::new(0);
    let server = Server::start(move |_| {
        let mut count = count.lock().unwrap();
        *count += 1;
        match *count {
            3 => answer("400 No", "", r#"{"error": "invalid_grant", "error_description": "r2"}"#),
            n => json(&format!(
                r#"{{"access_token": "t", "expires_in": 1, "refresh_token": "r{n}-s3cret"}}"#
            )),
        }
    })
    .await;
    let (tokens, client, request) = (tokens(), client(), refreshing(&server, ""));
    for expected in ["r0-s3cret", "r1-s3cret", "r2-s3cret", "r0-s3cret", "r4-s3cret"] {
        let result = tokens.token(&client, &request).await;
        assert_eq!(result.is_err(), expected.starts_with("r2"), "{expected}");
        let sent = server.requests().pop().unwrap();
        assert!(form(&sent).contains(&format!("&refresh_token={expected}&")), "{sent}");
    }
}

#[tokio::test]
async fn a_call_that_is_given_up_does_not_lose_what_the_endpoint_gives() {
    let (open, gate) = tokio::sync::watch::channel(false);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let server = {
        let seen = Arc::clone(&seen);
        Server::raw(move |mut stream| {
            let (mut gate, seen) = (gate.clone(), Arc::clone(&seen));
            async move {
                use tokio::io::AsyncWriteExt;
                while let Some(request) = crate::support::receive(&mut stream).await {
                    seen.lock().unwrap().push(request);
                    gate.wait_for(|it| *it).await.unwrap();
                    let body = r#"{"access_token": "t", "expires_in": 1, "refresh_token": "r1"}"#;
                    stream.write_all(&json(body)).await.unwrap();
                }
            }
        })
        .await
    };
    let (tokens, client, request) = (tokens(), client(), refreshing(&server, ""));
    let given_up = tokio::time::timeout(SHORT, tokens.token(&client, &request)).await;
    assert!(given_up.is_err(), "{given_up:?}");
    open.send(true).unwrap();
    // The second call joins the first one's request or comes after it; the third has the rotated token in any case.
    tokens.token(&client, &request).await.unwrap();
    tokens.token(&client, &request).await.unwrap();
    let seen = seen.lock().unwrap();
    let n_first = seen.iter().filter(|it| it.contains("refresh_token=r0-s3cret")).count();
    assert_eq!(n_first, 1, "{seen:?}");
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end_and_used_to_its_end_where_it_cannot_be() {
    let is_down = Arc::new(Mutex::new(false));
    let server = {
        let is_down = Arc::clone(&is_down);
        Server::start(move |_| {
            if *is_down.lock().unwrap() {
                answer("503 Busy", "", "")
            } else {
                json(r#"{"access_token": "t", "expires_in": 100}"#)
            }
        })
        .await
    };
    let (tokens, client, request) = (tokens(), client(), request(&server));
    let check = async |after: u64, is_token: bool, n_requests: usize| {
        pass(Duration::from_secs(after)).await;
        let result = tokens.token(&client, &request).await;
        assert_eq!(result.is_ok(), is_token, "{result:?}");
        assert_eq!(server.requests().len(), n_requests, "{after}");
    };
    check(0, true, 1).await;
    check(79, true, 1).await;
    check(2, true, 2).await;
    *is_down.lock().unwrap() = true;
    check(79, true, 2).await;
    // The old one, and the endpoint is left alone for a while.
    check(2, true, 3).await;
    check(5, true, 3).await;
    check(6, true, 4).await;
    // Its end: 100 s after it was fetched.
    check(10, false, 5).await;
}

/// Lets time pass between calls; during them the clock must run as it does, since it would run ahead of the network.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}
