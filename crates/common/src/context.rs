//! What an action or an event is handed besides its inputs.

use std::{
    fmt,
    marker::PhantomData,
    ops::Deref,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use tokio::sync::{mpsc, oneshot};

use crate::{
    Failure, Object, Outputs,
    failure::{Preview, UNKNOWN_ERROR},
    ledger::Lease,
};

/// The clients, and the request at hand. Dereferences to `C`.
pub struct Context<C> {
    pub(crate) clients: Arc<C>,
    pub(crate) call: Arc<Call>,
}

/// One attempt at one request.
#[derive(Debug, Default)]
pub(crate) struct Call {
    pub(crate) request_id: String,
    pub(crate) business_key: Option<String>,
    pub(crate) attempt: u32,
    pub(crate) traceparent: Option<String>,
    pub(crate) dry_run: bool,
    pub(crate) http_body_max: Option<u64>,
    /// Where a ledger remembers the request.
    pub(crate) lease: Option<Arc<Lease>>,
    /// How long it may still wait for a peer's rate limit.
    pub(crate) rate_wait: Duration,
    pub(crate) warnings: Mutex<Vec<String>>,
    pub(crate) retry: OnceLock<Retry>,
}

/// How a request is tried again, where whoever knows the peer says so; what it leaves out is up to the settings.
///
/// What the task itself says (`_retry_attempts_`, `_retry_interval_`) wins.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Retry {
    /// In all, from 1.
    pub attempts: Option<u32>,
    /// The first pause.
    pub interval: Option<Duration>,
    /// What a pause is multiplied by for the next one, from 1.
    pub multiplier: Option<f32>,
    /// The longest pause.
    pub interval_max: Option<Duration>,
}

impl<C> Context<C> {
    /// Stays the same when a request is delivered again: the key for at-most-once effects.
    pub fn request_id(&self) -> &str {
        &self.call.request_id
    }

    /// The process instance's business key, where the engine tells it.
    pub fn business_key(&self) -> Option<&str> {
        self.call.business_key.as_deref()
    }

    /// Which attempt this is, from 1.
    pub fn attempt(&self) -> u32 {
        self.call.attempt
    }

    /// The W3C `traceparent` to pass on to the peer.
    pub fn traceparent(&self) -> Option<&str> {
        self.call.traceparent.as_deref()
    }

    /// The point of no return: from here on the effect may have happened, whatever becomes of this process.
    ///
    /// For effects that the peer can't tell from a repetition, as close before them as can be.
    /// If the process ends before the action does, its request is not carried out again: it is answered with `presumed`,
    /// which says that the effect may have happened, and how to find out.
    /// Without a ledger (`LEDGER_URL`) this does nothing.
    ///
    /// # Errors
    /// When the ledger can't keep it now, or another process has taken the request over: the effect must not happen,
    /// and the failure is to be handed on as it is.
    pub async fn committing(&self, presumed: Failure) -> Result<(), Failure> {
        match &self.call.lease {
            // Boxed: without a ledger no request has to carry the room that its database takes.
            Some(lease) => Box::pin(lease.commit(&presumed)).await,
            None => Ok(()),
        }
    }

    /// The most bytes of a body (`HTTP_BODY_BYTES_MAX`) where the request came over HTTP; `None` where it came otherwise.
    ///
    /// It takes the place of `FILES_INLINE_MAX`, which keeps megabytes out of a broker (`answers.md` 23).
    pub fn http_body_max(&self) -> Option<u64> {
        self.call.http_body_max
    }

    /// How long this request may still wait for a peer's rate limit: `RATE_WAIT_MAX` less what it has waited, and its deadline.
    ///
    /// Who would have to wait longer gives up with [`Failure::rate_limited`] and the pause, during which the request takes nobody's place.
    pub fn rate_wait(&self) -> Duration {
        self.call.rate_wait
    }

    /// Says how the request is tried again if this attempt fails; the first word counts.
    pub fn retry(&self, retry: Retry) {
        // Said again by a further call of the same attempt, it is the same.
        let _said_before = self.call.retry.set(retry);
    }

    /// Says in the output `warnings` that something was done differently from what was asked.
    pub fn warn(&self, text: impl fmt::Display) {
        let mut warnings = self.call.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        warnings.push(text.to_string());
    }

    /// In a dry run, ends the action here with what would be sent; secrets are masked in `text`.
    pub fn preview(&self, text: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.call.dry_run {
            return Err(Failure::permanent(UNKNOWN_ERROR, Preview(text())));
        }
        Ok(())
    }
}

impl<C> Clone for Context<C> {
    fn clone(&self) -> Self {
        Self { clients: Arc::clone(&self.clients), call: Arc::clone(&self.call) }
    }
}

impl<C> Deref for Context<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.clients
    }
}

/// An event's outputs, and where to say that they have arrived.
pub(crate) type Emitted = (Object, oneshot::Sender<()>);

/// Hands an event's outputs on.
pub struct Emitter<O> {
    sender: mpsc::Sender<Emitted>,
    outputs: PhantomData<fn(O)>,
}

impl<O: Outputs> Emitter<O> {
    /// Resolves once whoever listens has taken the event, so the source may forget the original.
    pub async fn emit(&self, outputs: O) -> Result<(), Failure> {
        let gone = || Failure::transient(UNKNOWN_ERROR, anyhow::anyhow!("nobody takes the event"));
        let (confirm, confirmed) = oneshot::channel();
        let event = (outputs.into_object()?, confirm);
        self.sender.send(event).await.map_err(|_closed| gone())?;
        confirmed.await.map_err(|_dropped| gone())
    }
}

impl<O> Emitter<O> {
    pub(crate) fn new(sender: mpsc::Sender<Emitted>) -> Self {
        Self { sender, outputs: PhantomData }
    }
}
