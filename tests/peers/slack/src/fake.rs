//! The handle that a test holds.

use std::{io, sync::Arc};

use bytes::Bytes;
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    demo::{SIGNING_SECRET, WEBHOOK_PATH},
    journal::Entry,
    limits::Limits,
    model::{Channel, Message, TokenState, Workspace},
    orders::{Fault, Order},
    sender::{Retries, Sender},
    server::{self, Shared},
    world::World,
};

/// A running fake, on a port of its own until it is dropped.
#[derive(Debug)]
pub struct FakeSlack {
    url: String,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

impl FakeSlack {
    /// With the workspace of [`Workspace::demo`], on a free port of the loopback.
    pub async fn start() -> io::Result<Self> {
        Self::bind("127.0.0.1:0", vec![Workspace::demo()]).await
    }

    /// With these workspaces; fails when the address can't be had.
    pub async fn bind(address: &str, workspaces: Vec<Workspace>) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared(World::new(url.clone(), workspaces).into()));
        let mut tasks = JoinSet::new();
        tasks.spawn(server::serve(listener, Arc::clone(&shared)));
        Ok(Self { url, shared, _tasks: tasks })
    }

    /// `http://127.0.0.1:…`
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What `SLACK_API_URL` is set to.
    pub fn api_url(&self) -> String {
        format!("{}/api/", self.url)
    }

    /// That of the demo workspace.
    pub fn webhook_url(&self) -> String {
        format!("{}{WEBHOOK_PATH}", self.url)
    }

    /// Everything, to look at and to change; calls wait meanwhile.
    pub fn with<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        work(&mut self.shared.lock())
    }

    /// The next call of `method` fails so.
    pub fn fail(&self, method: &str, fault: Fault) {
        self.order(Order::next(method, fault));
    }

    pub fn order(&self, order: Order) {
        self.with(|world| world.orders.push(order));
    }

    pub fn limit(&self, limits: Limits) {
        self.with(|world| world.limits = limits);
    }

    /// Every token of the first workspace is in that state from now on.
    pub fn tokens(&self, state: TokenState) {
        self.with(|world| {
            for token in world.workspaces.iter_mut().take(1).flat_map(|it| &mut it.tokens) {
                token.state = state;
            }
        });
    }

    /// Every token of the first workspace has these scopes only.
    pub fn scopes(&self, scopes: &[&str]) {
        self.with(|world| {
            for token in world.workspaces.iter_mut().take(1).flat_map(|it| &mut it.tokens) {
                token.scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
            }
        });
    }

    /// A conversation of the first workspace that has one, by id or name.
    pub fn channel(&self, name: &str) -> Option<Channel> {
        self.with(|world| {
            let mut channels = world.workspaces.iter().flat_map(|workspace| &workspace.channels);
            channels.find(|channel| channel.id == name || channel.name == name).cloned()
        })
    }

    /// The messages there, in the order of their arrival; none when there is no such channel.
    pub fn messages(&self, channel: &str) -> Vec<Message> {
        self.channel(channel).map(|channel| channel.messages).unwrap_or_default()
    }

    /// What was uploaded.
    pub fn file(&self, id: &str) -> Option<Bytes> {
        self.with(|world| {
            world.workspaces.iter().find_map(|workspace| workspace.file(id)?.bytes.clone())
        })
    }

    /// All calls so far.
    pub fn calls(&self) -> Vec<Entry> {
        self.with(|world| world.journal.clone())
    }

    /// The calls of that method so far.
    pub fn calls_of(&self, method: &str) -> Vec<Entry> {
        let mut calls = self.calls();
        calls.retain(|call| call.method == method);
        calls
    }

    /// What sends events and interactions, signed with [`SIGNING_SECRET`].
    pub fn sender(&self, retries: Retries) -> Sender {
        Sender::new(SIGNING_SECRET, retries)
    }
}
