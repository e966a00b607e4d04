//! `/_fake/…`: over HTTP what [`FakeSlack`](crate::FakeSlack) offers to tests in Rust.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    routing::{get, post},
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    demo::SIGNING_SECRET,
    limits::{Limits, Meter},
    model::Workspace,
    orders::Order,
    sender::{Delivery, Retries, Sender},
    server::Shared,
    world::{Policy, seconds},
};

type Fake = State<Arc<Shared>>;

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/_fake/state", get(state))
        .route("/_fake/workspaces", post(workspaces))
        .route("/_fake/calls", get(calls).delete(forget))
        .route("/_fake/messages/{channel}", get(messages))
        .route("/_fake/files/{id}", get(file))
        .route("/_fake/orders", post(order).delete(no_orders))
        .route("/_fake/limits", get(limits).put(set_limits))
        .route("/_fake/policy", get(policy).put(set_policy))
        .route("/_fake/release", post(release))
        .route("/_fake/reset", post(reset))
        .route("/_fake/events", post(event))
        .route("/_fake/interactions", post(interaction))
        .route("/_fake/presses", post(press))
        .with_state(shared)
}

async fn state(State(shared): Fake) -> Json<Value> {
    Json(json!({"workspaces": shared.lock().workspaces}))
}

/// New workspaces, and new things in known ones.
async fn workspaces(State(shared): Fake, Json(new): Json<Vec<Workspace>>) {
    let mut world = shared.lock();
    for workspace in new {
        world.merge(workspace);
    }
}

#[derive(Deserialize)]
struct Filter {
    method: Option<String>,
}

async fn calls(State(shared): Fake, Query(filter): Query<Filter>) -> Json<Value> {
    let world = shared.lock();
    let wanted = |method: &str| filter.method.as_ref().is_none_or(|wanted| wanted == method);
    let calls: Vec<_> = world.journal.iter().filter(|entry| wanted(&entry.method)).collect();
    Json(json!(calls))
}

async fn forget(State(shared): Fake) {
    shared.lock().journal.clear();
}

async fn messages(
    State(shared): Fake,
    Path(name): Path<String>,
) -> Result<Json<Value>, StatusCode> {
    let world = shared.lock();
    let mut channels = world.workspaces.iter().flat_map(|workspace| &workspace.channels);
    let channel = channels.find(|channel| channel.id == name || channel.name == name);
    let channel = channel.ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(json!(channel.messages)))
}

async fn file(State(shared): Fake, Path(id): Path<String>) -> Result<Bytes, StatusCode> {
    let world = shared.lock();
    let bytes = world.workspaces.iter().find_map(|workspace| workspace.file(&id)?.bytes.clone());
    bytes.ok_or(StatusCode::NOT_FOUND)
}

async fn order(State(shared): Fake, Json(orders): Json<Vec<Order>>) {
    shared.lock().orders.extend(orders);
}

async fn no_orders(State(shared): Fake) {
    shared.lock().orders.clear();
}

async fn limits(State(shared): Fake) -> Json<Limits> {
    Json(shared.lock().limits.clone())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tiers {
    /// `true` for the documented ones.
    #[serde(default)]
    documented: bool,
}

async fn set_limits(State(shared): Fake, Query(tiers): Query<Tiers>, limits: Option<Json<Limits>>) {
    let mut world = shared.lock();
    let given = limits.map(|Json(limits)| limits).unwrap_or_default();
    world.limits = if tiers.documented { Limits::documented() } else { given };
    world.meter = Meter::default();
}

async fn policy(State(shared): Fake) -> Json<Policy> {
    Json(shared.lock().policy.clone())
}

async fn set_policy(State(shared): Fake, Json(policy): Json<Policy>) {
    shared.lock().policy = policy;
}

#[derive(Deserialize)]
struct Until {
    /// Seconds since 1970; now when absent.
    until: Option<u64>,
}

/// Posts scheduled messages that are due.
async fn release(State(shared): Fake, Query(until): Query<Until>) {
    shared.lock().release(until.until.unwrap_or_else(seconds));
}

/// As it was in the beginning, with the demo workspace only.
async fn reset(State(shared): Fake) {
    let mut world = shared.lock();
    let url = world.url.clone();
    *world = crate::world::World::new(url, vec![Workspace::demo()]);
}

/// Where to send what.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sending {
    url: String,
    /// The event's or the interaction's own JSON.
    content: Value,
    secret: Option<String>,
    /// `false` for the documented pauses between retries.
    #[serde(default = "yes")]
    hasty: bool,
}

fn yes() -> bool {
    true
}

impl Sending {
    fn sender(&self) -> Sender {
        let retries = if self.hasty { Retries::hasty() } else { Retries::default() };
        Sender::new(self.secret.as_deref().unwrap_or(SIGNING_SECRET), retries)
    }
}

/// An event of the first workspace.
async fn event(
    State(shared): Fake,
    Json(sending): Json<Sending>,
) -> Result<Json<Vec<Delivery>>, StatusCode> {
    let envelope = {
        let mut world = shared.lock();
        let workspace = world.workspaces.first_mut().ok_or(StatusCode::CONFLICT)?;
        Sender::envelope(workspace, &sending.content)
    };
    Ok(Json(sending.sender().event(&sending.url, &envelope).await))
}

async fn interaction(Json(sending): Json<Sending>) -> Json<Delivery> {
    Json(sending.sender().interaction(&sending.url, &sending.content).await)
}

/// A button that somebody presses.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Press {
    url: String,
    channel: String,
    ts: String,
    user: String,
    action_id: String,
}

async fn press(
    State(shared): Fake,
    Json(press): Json<Press>,
) -> Result<Json<Delivery>, StatusCode> {
    let Press { url, channel, ts, user, action_id } = press;
    let payload = shared.lock().press(&channel, &ts, &user, &action_id);
    let payload = payload.ok_or(StatusCode::NOT_FOUND)?;
    let sender = Sender::new(SIGNING_SECRET, Retries::hasty());
    Ok(Json(sender.interaction(&url, &payload).await))
}
