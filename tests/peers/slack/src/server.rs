//! HTTP: takes requests, plays faults, keeps the journal, answers.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{self, Body},
    extract::{Path, Request, State},
    http::{HeaderMap, Response, header, request::Parts},
    routing::{any, post},
};
use bytes::Bytes;
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use serde_json::{Map, Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time,
};
use tower::ServiceExt;

use crate::{
    answer::{self, Refusal},
    call::{Accepts, Call},
    control,
    cx::Cx,
    journal::Entry,
    made::{HangUp, Made, afterwards, instead, respond},
    methods,
    model::TokenState,
    orders::{self, Fault},
    press, upload, webhook,
    world::World,
};

const BODY_BYTES_MAX: usize = 256 * 1024 * 1024;

/// What all connections work with.
#[derive(Debug)]
pub(crate) struct Shared(pub(crate) Mutex<World>);

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Accepts connections for ever.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let router = Router::new()
        .route("/api/{method}", any(api))
        .route("/upload/v1/{ticket}", post(upload))
        .route("/services/{*path}", post(webhook))
        .route("/actions/{*path}", post(respond_to))
        .with_state(Arc::clone(&shared))
        .merge(control::router(shared));
    let mut connections = JoinSet::new();
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            connections.spawn(converse(stream, router.clone()));
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Without a response of its own, so that a connection can be closed without a word.
async fn converse(stream: TcpStream, router: Router) {
    stream.set_nodelay(true).ok();
    let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
        let router = router.clone();
        async move {
            let response =
                router.oneshot(request.map(Body::new)).await.map_err(io::Error::other)?;
            match response.extensions().get::<HangUp>() {
                Some(HangUp) => Err(io::Error::other("hung up on order")),
                None => Ok(response),
            }
        }
    });
    // A lost connection is the client's business.
    Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await.ok();
}

/// A request, read and not yet worked on.
struct Incoming {
    /// As in [`Entry::method`].
    method: String,
    headers: HeaderMap,
    token: Option<String>,
    args: Value,
    work: Box<dyn FnOnce(&mut World) -> Made + Send>,
}

async fn api(
    State(shared): State<Arc<Shared>>,
    Path(method): Path<String>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = read(request).await;
    let accepts = match methods::find(&method) {
        Some(method) if !shared.lock().policy.json_everywhere => method.accepts,
        _ => Accepts::Json,
    };
    let call = Call::read(&parts.method, &parts.uri, &parts.headers, &body, accepts);
    let known = call.as_ref().ok();
    let token = known.and_then(|call| call.token.clone());
    let args = known.map_or(Value::Null, |call| Value::Object(call.args.0.clone()));
    let name = method.clone();
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let url = host.map(|host| format!("http://{host}"));
    let work = Box::new(move |world: &mut World| {
        // Upload URLs have to lead back the way by which the app came.
        if let Some(url) = url {
            world.url = url;
        }
        run(world, &name, call)
    });
    play(&shared, Incoming { method, headers: parts.headers, token, args, work }).await
}

async fn upload(
    State(shared): State<Arc<Shared>>,
    Path(ticket): Path<String>,
    request: Request,
) -> Response<Body> {
    let (Parts { headers, .. }, body) = read(request).await;
    let args = json!({"ticket": ticket, "length": body.len()});
    let sent = headers.clone();
    let work = Box::new(move |world: &mut World| {
        let (status, text) = upload::put(world, &ticket, &headers, &body);
        Made::text(status.as_u16(), &text)
    });
    let method = "upload".to_owned();
    play(&shared, Incoming { method, headers: sent, token: None, args, work }).await
}

async fn webhook(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let (Parts { headers, uri, .. }, body) = read(request).await;
    let payload = webhook::payload(&headers, &body);
    let args = payload.clone().map_or(Value::Null, Value::Object);
    let path = uri.path().to_owned();
    let work = Box::new(move |world: &mut World| {
        if let Some(limit) = world.limits.webhook
            && let Err(wait) = world.meter.admit(path.clone(), &limit, Instant::now())
        {
            return Made::limited("webhook", wait);
        }
        let (status, text) = webhook::post(world, &path, payload);
        Made::text(status.as_u16(), &text)
    });
    play(&shared, Incoming { method: "webhook".to_owned(), headers, token: None, args, work }).await
}

/// An answer to an interaction.
async fn respond_to(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let (Parts { headers, uri, .. }, body) = read(request).await;
    let payload = webhook::payload(&headers, &body);
    let args = payload.clone().map_or(Value::Null, Value::Object);
    let path = uri.path().to_owned();
    let work = Box::new(move |world: &mut World| {
        let (status, body) = press::respond(world, &path, payload);
        let mut made = Made::json(body);
        made.status = status.as_u16();
        made
    });
    let method = "response".to_owned();
    play(&shared, Incoming { method, headers, token: None, args, work }).await
}

/// A body that breaks off is an empty one.
async fn read(request: Request) -> (Parts, Bytes) {
    let (parts, body) = request.into_parts();
    (parts, body::to_bytes(body, BODY_BYTES_MAX).await.unwrap_or_default())
}

/// A call of the Web API: token, rate limits, method.
fn run(world: &mut World, name: &str, call: Result<Call, Refusal>) -> Made {
    let Some(method) = methods::find(name) else {
        let refusal = Refusal::with("unknown_method", json!({"req_method": name}));
        return Made::json(answer::body(Err(refusal), &[]));
    };
    let (call, at, scopes) = match call.and_then(|call| admitted(world, call)) {
        Ok(admitted) => admitted,
        Err(refusal) => return Made::json(answer::body(Err(refusal), &[])),
    };
    if let Err(seconds) = within_limits(world, at, name, &call) {
        return Made::limited(name, seconds);
    }
    let granted = scopes.join(",");
    let workspace = &mut world.workspaces[at];
    let mut cx = Cx { workspace, scopes, policy: &world.policy, url: &world.url };
    let outcome = (method.run)(&mut cx, &call.args);
    let mut made = Made::json(answer::body(outcome, &call.warnings));
    made.headers.push(("x-oauth-scopes", granted));
    made.headers.push(("x-accepted-oauth-scopes", method.scopes.to_owned()));
    made
}

/// The call, the workspace of its token, and the token's scopes.
fn admitted(world: &World, call: Call) -> Result<(Call, usize, Vec<String>), Refusal> {
    let token = call.token.as_deref().ok_or("not_authed")?;
    let (at, token) = world.of_token(token).ok_or("invalid_auth")?;
    match token.state {
        TokenState::Active => {}
        TokenState::Revoked => return Err("token_revoked".into()),
        TokenState::Inactive => return Err("account_inactive".into()),
        TokenState::Expired => return Err("token_expired".into()),
    }
    let scopes = token.scopes.clone();
    Ok((call, at, scopes))
}

/// The seconds to wait when there were too many calls.
fn within_limits(world: &mut World, at: usize, name: &str, call: &Call) -> Result<(), u64> {
    let (now, workspace) = (Instant::now(), &world.workspaces[at]);
    if let Some(limit) = world.limits.methods.get(name) {
        world.meter.admit(format!("{} {name}", workspace.id), limit, now)?;
    }
    if let Some(limit) = world.limits.channel.filter(|_| name == "chat.postMessage") {
        let channel = call.args.text("channel").unwrap_or_default();
        let plain = channel.strip_prefix('#').unwrap_or(&channel);
        let known = workspace.channels.iter().find(|it| it.id == channel || it.name == plain);
        let id = known.map_or(plain, |known| &known.id);
        world.meter.admit(format!("{} in {id}", workspace.id), &limit, now)?;
    }
    Ok(())
}

/// The work with the fault that is ordered for it, and its line in the journal.
async fn play(shared: &Shared, incoming: Incoming) -> Response<Body> {
    let fault = orders::take(&mut shared.lock().orders, &incoming.method);
    if let Some(Fault::Late(ms)) = fault {
        time::sleep(Duration::from_millis(ms)).await;
    }
    let mut world = shared.lock();
    let instead = fault.as_ref().and_then(|fault| instead(fault, &incoming.method));
    let made = match instead {
        Some(made) => made,
        None => afterwards(fault.as_ref(), (incoming.work)(&mut world)),
    };
    if world.policy.journal {
        let entry = Entry {
            number: world.journal.len() + 1,
            at: u64::try_from(world.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            method: incoming.method,
            headers: told(&incoming.headers),
            token: incoming.token,
            args: incoming.args,
            status: made.status,
            answer: made.body.clone(),
        };
        world.journal.push(entry);
    }
    drop(world);
    respond(made)
}

fn told(headers: &HeaderMap) -> Map<String, Value> {
    let told = headers.iter().filter(|(name, _)| **name != header::AUTHORIZATION);
    told.map(|(name, value)| (name.to_string(), json!(String::from_utf8_lossy(value.as_bytes()))))
        .collect()
}
