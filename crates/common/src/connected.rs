//! A connector at work: invoke by name, without the types.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, PoisonError},
};

use axum::Router;
use futures_util::future;
use tokio::sync::mpsc;

use crate::{
    Failure, Object,
    arena::ArenaCommand,
    connector::Pending,
    context::{Call, Emitted},
    definition::Definition,
};

/// A connector whose clients are connected; the types are gone.
pub(crate) struct Connected {
    pub(crate) definition: Definition,
    /// The connector's own settings, secrets masked.
    pub(crate) effective: Object,
    /// The legacy output that carries the text of a failure in `ERROR_MODE=output`.
    pub(crate) error_output: &'static str,
    pub(crate) routes: Router,
    /// What SpiffArena calls by ids of its own, beside the actions.
    pub(crate) arena_commands: Vec<ArenaCommand<Box<Invoke>>>,
    pub(crate) actions: BTreeMap<&'static str, Box<Invoke>>,
    pub(crate) events: BTreeMap<&'static str, Box<Subscribe>>,
}

pub(crate) type Invoke = dyn Fn(Arc<Call>, &Object) -> Pending<Object> + Send + Sync;
pub(crate) type Subscribe = dyn Fn(&Object, mpsc::Sender<Emitted>) -> Pending<()> + Send + Sync;

impl Connected {
    pub(crate) fn actions(&self) -> impl Iterator<Item = &'static str> {
        self.actions.keys().copied()
    }

    /// The action or the command of SpiffArena's that is called so.
    pub(crate) fn known(&self, name: &str) -> Option<&'static str> {
        let command = || self.arena_command(name).map(|it| it.id);
        self.actions().find(|it| *it == name).or_else(command)
    }

    /// The names of all actions, and the ids of SpiffArena's commands.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.actions().chain(self.arena_commands.iter().map(|it| it.id))
    }

    /// The command of SpiffArena's of that id.
    pub(crate) fn arena_command(&self, id: &str) -> Option<&ArenaCommand<Box<Invoke>>> {
        self.arena_commands.iter().find(|it| it.id == id)
    }

    /// Makes one attempt at one action: variables in, variables out.
    pub(crate) async fn invoke(
        &self,
        action: &str,
        call: Arc<Call>,
        inputs: &Object,
    ) -> Result<Object, Failure> {
        let command = || self.arena_command(action).map(|it| &it.run);
        let Some(invoke) = self.actions.get(action).or_else(command) else {
            let known: Vec<_> = self.actions().collect();
            let known = known.join(", ");
            let text = anyhow::anyhow!("no action `{action}`; there are {known}");
            return Err(Failure::unknown(text).with_status(404));
        };
        let mut outputs = invoke(Arc::clone(&call), inputs).await?;
        let warnings = {
            let mut warnings = call.warnings.lock().unwrap_or_else(PoisonError::into_inner);
            mem::take(&mut *warnings)
        };
        if !warnings.is_empty() {
            outputs.insert("warnings".to_owned(), warnings.into());
        }
        Ok(outputs)
    }

    /// The event of that name.
    pub(crate) fn event(&self, name: &str) -> Option<&'static str> {
        self.events.keys().copied().find(|it| *it == name)
    }

    /// Runs one event's listener, until it ends or is dropped.
    pub(crate) fn listen(
        &self,
        event: &str,
        inputs: &Object,
        events: mpsc::Sender<Emitted>,
    ) -> Pending<()> {
        let Some(subscribe) = self.events.get(event) else {
            let unknown = anyhow::anyhow!("no event `{event}`");
            return Box::pin(future::err(Failure::unknown(unknown)));
        };
        subscribe(inputs, events)
    }
}
