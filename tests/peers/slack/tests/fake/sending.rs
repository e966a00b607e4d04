//! Events and interactions to an app, and their signature.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use fake_slack::{FakeSlack, Retries, SIGNING_SECRET, Sender, sign, verify};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

type Seen = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// An app that answers with this, over and over.
struct App {
    url: String,
    seen: Seen,
    _tasks: JoinSet<()>,
}

impl App {
    async fn new(status: u16, headers: &'static [(&'static str, &'static str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/slack/events", listener.local_addr().unwrap());
        let seen = Seen::default();
        let answer = move |State(seen): State<Seen>, told: HeaderMap, body: Bytes| async move {
            let json: Value = serde_json::from_slice(&body).unwrap_or_default();
            let text = json["challenge"].as_str().unwrap_or("fine").to_owned();
            seen.lock().unwrap().push((told, body));
            let mut response: Response = text.into_response();
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            for (name, value) in headers {
                response.headers_mut().insert(*name, value.parse().unwrap());
            }
            response
        };
        let router =
            Router::new().route("/slack/events", post(answer)).with_state(Arc::clone(&seen));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, seen, _tasks: tasks }
    }

    /// Retry number and reason of each request; all of them are signed.
    fn retries(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        let shown = seen.iter().map(|(headers, body)| {
            let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
            let timestamp = text("x-slack-request-timestamp").unwrap().parse().unwrap();
            assert!(verify(SIGNING_SECRET, timestamp, body, text("x-slack-signature").unwrap()));
            let (number, reason) = (text("x-slack-retry-num"), text("x-slack-retry-reason"));
            format!("{} {}", number.unwrap_or("-"), reason.unwrap_or("-"))
        });
        shown.collect()
    }
}

fn sender() -> Sender {
    Sender::new(SIGNING_SECRET, Retries::hasty())
}

#[test]
fn the_signature_is_that_of_slacks_own_example() {
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow\
                &channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner\
                &command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands\
                %2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
                &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let expected = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    assert_eq!(sign(SIGNING_SECRET, 1_531_420_618, body.as_bytes()), expected);
    assert!(!verify(SIGNING_SECRET, 1_531_420_619, body.as_bytes(), expected));
    assert!(!verify("another", 1_531_420_618, body.as_bytes(), expected));
}

#[tokio::test]
async fn an_event_is_sent_again_three_times_with_the_reason() {
    let app = App::new(500, &[]).await;
    let deliveries = sender().event(&app.url, &json!({})).await;
    assert_eq!(app.retries(), ["- -", "1 http_error", "2 http_error", "3 http_error"]);
    assert_eq!(deliveries.last().unwrap().status, Some(500));
}

#[tokio::test]
async fn an_app_that_wants_no_retries_gets_none() {
    let app = App::new(500, &[("x-slack-no-retry", "1")]).await;
    sender().event(&app.url, &json!({})).await;
    assert_eq!(app.retries(), ["- -"]);
}

#[tokio::test]
async fn an_app_that_is_not_there_is_tried_again() {
    let deliveries = sender().event("http://127.0.0.1:1/", &json!({})).await;
    let reasons: Vec<_> = deliveries.iter().map(|it| it.reason.as_deref().unwrap_or("-")).collect();
    assert_eq!(reasons, ["-", "connection_failed", "connection_failed", "connection_failed"]);
}

#[tokio::test]
async fn an_event_comes_once_in_an_envelope() {
    let (app, slack) = (App::new(200, &[]).await, FakeSlack::start().await.unwrap());
    let event = json!({"type": "message", "channel": "C0ORDERS01", "text": "Hi"});
    let envelope = slack.with(|world| Sender::envelope(&mut world.workspaces[0], &event));
    slack.sender(Retries::hasty()).event(&app.url, &envelope).await;
    assert_eq!(app.retries(), ["- -"]);
    let body: Value = serde_json::from_slice(&app.seen.lock().unwrap()[0].1).unwrap();
    assert_eq!((&body["type"], &body["event"]), (&json!("event_callback"), &event));
    assert_eq!(
        (&body["team_id"], &body["api_app_id"]),
        (&json!("T0ACME0001"), &json!("A0APP00001"))
    );
}

#[tokio::test]
async fn a_url_has_to_give_the_challenge_back() {
    assert!(sender().challenge(&App::new(200, &[]).await.url).await);
    assert!(!sender().challenge(&App::new(401, &[]).await.url).await);
}

#[tokio::test]
async fn interactions_and_commands_are_signed_forms() {
    let app = App::new(200, &[]).await;
    let payload = json!({"type": "block_actions", "actions": [{"value": "50% & more"}]});
    assert_eq!(sender().interaction(&app.url, &payload).await.body, "fine");
    sender().command(&app.url, &[("command", "/orders"), ("text", "4711 & 4712")]).await;
    assert_eq!(app.retries(), ["- -", "- -"]);
    let seen = app.seen.lock().unwrap();
    let fields =
        |at: usize| url::form_urlencoded::parse(&seen[at].1).into_owned().collect::<Vec<_>>();
    assert_eq!(fields(0), [("payload".to_owned(), payload.to_string())]);
    assert_eq!(fields(1)[1], ("text".to_owned(), "4711 & 4712".to_owned()));
}
