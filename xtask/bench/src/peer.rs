//! The system that is called: a page of 1 kB, with and without a token, the tokens, one that answers only when it is allowed to, and one that sends back what it is sent.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use anyhow::Result;
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
    routing::{get, post, put},
};
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
    task::JoinSet,
};

const PAGE: &str = include_str!("../page.json");

/// What [`Peer::guarded_page`] wants to be shown.
pub(crate) const TOKEN: &str = "a-token-of-usual-length-0123456789";

/// Serves until it is dropped.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    gate: Arc<Gate>,
    n_tokens: Arc<AtomicU32>,
    _server: JoinSet<()>,
}

/// Holds requests back.
#[derive(Default)]
struct Gate {
    waiting: watch::Sender<usize>,
    opened: Notify,
}

impl Peer {
    pub(crate) async fn start() -> Result<Self> {
        let gate = Arc::new(Gate::default());
        let n_tokens = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&n_tokens);
        let app = Router::new()
            .route("/token", post(async move || token(&count)))
            .route("/page", get(page))
            .route("/guarded/page", get(guarded_page))
            .route("/gate", get(pass))
            .route("/echo", put(echo))
            .with_state(Arc::clone(&gate));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut server = JoinSet::new();
        server.spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                eprintln!("the peer has ended: {error}");
            }
        });
        Ok(Self { address, gate, n_tokens, _server: server })
    }

    /// Answers at once.
    pub(crate) fn page(&self) -> String {
        format!("http://{}/page", self.address)
    }

    /// How often [`TOKEN`] was asked for, as OAuth2 does it (RFC 6749 §4.4), at `/token`.
    pub(crate) fn n_tokens(&self) -> u32 {
        self.n_tokens.load(Ordering::Relaxed)
    }

    /// Answers at once where [`TOKEN`] is shown, and with 401 otherwise.
    pub(crate) fn guarded_page(&self) -> String {
        format!("http://{}/guarded/page", self.address)
    }

    /// Answers with what it is sent, as it comes.
    pub(crate) fn echo(&self) -> String {
        format!("http://{}/echo", self.address)
    }

    /// Answers when it is opened.
    pub(crate) fn gate(&self) -> String {
        format!("http://{}/gate", self.address)
    }

    /// Resolves once so many requests wait at the gate.
    pub(crate) async fn wait_for(&self, count: usize) -> Result<()> {
        self.gate.waiting.subscribe().wait_for(|waiting| *waiting >= count).await?;
        Ok(())
    }

    /// Lets through those who wait.
    pub(crate) fn open(&self) {
        self.gate.opened.notify_waiters();
    }
}

async fn page() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], PAGE.trim_end())
}

fn token(count: &AtomicU32) -> impl IntoResponse + use<> {
    count.fetch_add(1, Ordering::Relaxed);
    let token = format!(r#"{{"access_token":"{TOKEN}","token_type":"Bearer","expires_in":3600}}"#);
    ([(header::CONTENT_TYPE, "application/json")], token)
}

async fn guarded_page(headers: HeaderMap) -> Result<impl IntoResponse, StatusCode> {
    let shown = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    if shown.and_then(|it| it.strip_prefix("Bearer ")) != Some(TOKEN) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    Ok(page().await)
}

async fn echo(request: Request) -> impl IntoResponse {
    let length = request.headers().get(header::CONTENT_LENGTH).cloned();
    let headers: HeaderMap = length.map(|it| (header::CONTENT_LENGTH, it)).into_iter().collect();
    (headers, request.into_body())
}

async fn pass(State(gate): State<Arc<Gate>>) -> impl IntoResponse {
    let opened = gate.opened.notified();
    gate.waiting.send_modify(|waiting| *waiting += 1);
    opened.await;
    gate.waiting.send_modify(|waiting| *waiting -= 1);
    page().await
}
