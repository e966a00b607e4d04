//! Tokens, scopes, and the shape of a request.

use fake_slack::{BOT_TOKEN, TokenState};
use serde_json::json;

use crate::support::{Caller, body, verdict};

/// Content type, body, and what `chat.postMessage` says to it.
async fn check(content_type: Option<&str>, text: &str, expected: &str) {
    let slack = Caller::new().await;
    let url = slack.url("chat.postMessage");
    let mut request = slack.http.post(url).bearer_auth(BOT_TOKEN).body(text.to_owned());
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    let answer = body(request.send().await.unwrap()).await;
    let warning = answer["warning"].as_str().map(|warning| format!(", {warning}"));
    let shown = format!("{}{}", verdict(&answer), warning.unwrap_or_default());
    assert_eq!(shown, expected, "{content_type:?} {text}");
}

#[tokio::test]
async fn a_body_is_read_by_its_content_type() {
    let json = r#"{"channel":"C0ORDERS01","text":"Hi"}"#;
    check(None, json, "missing_post_type").await;
    check(Some("application/xml"), json, "invalid_post_type").await;
    check(Some("application/json; charset=utf-16"), json, "invalid_charset").await;
    check(Some("application/json; charset=utf-8"), "{", "invalid_json").await;
    check(Some("application/json; charset=utf-8"), "[]", "json_not_object").await;
    check(Some("application/json; charset=utf-8"), json, "ok").await;
    check(Some("application/json"), json, "ok, missing_charset").await;
    check(Some("text/plain"), json, "invalid_arguments").await;
    let form = "channel=C0ORDERS01&text=50%25+%26+more";
    check(Some("application/x-www-form-urlencoded"), form, "ok").await;
    check(Some("application/x-www-form-urlencoded; charset=UTF-8"), form, "ok").await;
    check(Some("multipart/form-data; boundary=b"), form, "invalid_form_data").await;
    let parts = "--b\r\ncontent-disposition: form-data; name=\"channel\"\r\n\r\norders\r\n\
                 --b\r\ncontent-disposition: form-data; name=\"text\"\r\n\r\nHi\r\n--b--\r\n";
    check(Some("multipart/form-data; boundary=b"), parts, "ok").await;
}

#[tokio::test]
async fn a_token_counts_in_the_header_and_a_form_but_not_in_json_nor_in_the_address() {
    let slack = Caller::new().await;
    let url = slack.url("auth.test");
    let form = "application/x-www-form-urlencoded";
    let json = "application/json; charset=utf-8";
    let cases = [
        (slack.http.post(&url), "not_authed"),
        (slack.http.post(&url).bearer_auth("xoxb-unknown"), "invalid_auth"),
        (
            slack
                .http
                .post(&url)
                .header("content-type", json)
                .body(format!(r#"{{"token":"{BOT_TOKEN}"}}"#)),
            "not_authed",
        ),
        (
            slack.http.post(&url).header("content-type", form).body(format!("token={BOT_TOKEN}")),
            "ok",
        ),
        (slack.http.get(format!("{url}?token={BOT_TOKEN}")), "not_authed"),
        (slack.http.get(&url).bearer_auth(BOT_TOKEN), "ok"),
    ];
    for (at, (request, expected)) in cases.into_iter().enumerate() {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(verdict(&body(response).await), expected, "case {at}");
    }
}

#[tokio::test]
async fn a_token_that_is_no_longer_good_says_why() {
    let cases = [
        (TokenState::Revoked, "token_revoked"),
        (TokenState::Inactive, "account_inactive"),
        (TokenState::Expired, "token_expired"),
        (TokenState::Active, "ok"),
    ];
    let slack = Caller::new().await;
    for (state, expected) in cases {
        slack.slack.tokens(state);
        assert_eq!(verdict(&slack.json("auth.test", json!({})).await), expected);
    }
}

#[tokio::test]
async fn a_missing_scope_is_named_beside_those_given() {
    let slack = Caller::new().await;
    slack.slack.scopes(&["chat:write", "channels:read"]);
    let cases = [
        ("conversations.list?types=public_channel", "ok", ""),
        ("conversations.list?types=public_channel,private_channel", "missing_scope", "groups:read"),
        ("conversations.create?name=new", "missing_scope", "channels:manage"),
        ("conversations.create?name=new&is_private=true", "missing_scope", "groups:write"),
        ("conversations.open?users=U0JANE0001", "missing_scope", "im:write"),
        ("conversations.open?users=U0JANE0001,U0JOHN0001", "missing_scope", "mpim:write"),
        ("users.lookupByEmail?email=jane@example.org", "missing_scope", "users:read.email"),
        ("users.list", "missing_scope", "users:read"),
        ("chat.postMessage?channel=C0ORDERS01&text=Hi", "ok", ""),
        (
            "chat.postMessage?channel=C0ORDERS01&text=Hi&username=X",
            "missing_scope",
            "chat:write.customize",
        ),
        (
            "reactions.add?channel=C0ORDERS01&timestamp=1.1&name=x",
            "missing_scope",
            "reactions:write",
        ),
        ("pins.add?channel=C0ORDERS01&timestamp=1.1", "missing_scope", "pins:write"),
        ("files.getUploadURLExternal?filename=a&length=1", "missing_scope", "files:write"),
    ];
    for (call, expected, needed) in cases {
        let answer = slack.form(call, &[]).await;
        assert_eq!(verdict(&answer), expected, "{call}");
        assert_eq!(answer["needed"].as_str().unwrap_or_default(), needed, "{call}");
        let provided = (expected == "missing_scope").then_some("chat:write,channels:read");
        assert_eq!(answer["provided"].as_str(), provided, "{call}");
    }
}

#[tokio::test]
async fn the_scopes_of_a_token_are_in_a_header() {
    let slack = Caller::new().await;
    slack.slack.scopes(&["chat:write", "users:read"]);
    let response = slack.send("auth.test", &json!({})).await;
    assert_eq!(response.headers()["x-oauth-scopes"], "chat:write,users:read");
    let response = slack.send("users.list", &json!({})).await;
    assert_eq!(response.headers()["x-accepted-oauth-scopes"], "users:read");
}

#[tokio::test]
async fn reading_methods_take_no_arguments_from_json() {
    let slack = Caller::new().await;
    let args = json!({"channel": "C0ORDERS01"});
    let refused = slack.json("conversations.info", args.clone()).await;
    assert_eq!(verdict(&refused), "invalid_arguments");
    let message = &refused["response_metadata"]["messages"][0];
    assert_eq!(message, "[ERROR] missing required field: channel");
    slack.slack.with(|world| world.policy.json_everywhere = true);
    assert_eq!(verdict(&slack.json("conversations.info", args).await), "ok");
}

#[tokio::test]
async fn an_unknown_method_is_named() {
    let answer = Caller::new().await.json("chat.shout", json!({})).await;
    assert_eq!(answer, json!({"ok": false, "error": "unknown_method", "req_method": "chat.shout"}));
}
