//! The life of one message, from the queue to the acknowledgement.

mod publish;

use std::{borrow::Cow, pin::pin, sync::Arc, time::Duration};

use anyhow::bail;
use futures_util::{StreamExt, future, stream, stream::SelectAll};
use metrics::counter;
use tokio::{
    sync::watch,
    time::{self, Instant},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, error, info, warn};

use crate::{
    Failure,
    answered::{Answered, Turn},
    broker::{Broker, Delivery, Session},
    engine::{
        activiti::{Activiti, Answer, IntegrationRequest},
        destinations::{Destinations, Inbox},
    },
    health::Health,
    inflate::inflate,
    pauses::Pauses,
    runner::{Request, Runner},
    settings::Settings,
    telemetry,
};

/// Pauses between tries to reach a broker, or a queue for an answer: growing between these.
const PAUSE_MIN: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Takes requests from the broker and gives the answers back.
pub(crate) struct Worker {
    runner: Arc<Runner>,
    broker: Broker,
    destinations: Destinations,
    activiti: Activiti,
    answered: Arc<Answered>,
    health: Arc<Health>,
    inboxes: Vec<Arc<Inbox>>,
    request_bytes_max: u64,
    /// The session that is open, for answers to requests of any session.
    session: watch::Sender<Option<Arc<Session>>>,
    /// Requests at work.
    pub(crate) requests: TaskTracker,
    background: TaskTracker,
    stop: CancellationToken,
}

impl Worker {
    pub(crate) fn new(
        runner: Arc<Runner>,
        broker: Broker,
        destinations: Destinations,
        health: Arc<Health>,
        settings: &Settings,
        stop: CancellationToken,
    ) -> Self {
        let activiti = Activiti::new(settings, &destinations, &runner.connected.definition);
        health.away("not yet");
        let inboxes = runner.connected.actions().map(|it| Arc::new(destinations.inbox(it)));
        Self {
            inboxes: inboxes.collect(),
            runner,
            broker,
            destinations,
            activiti,
            answered: Arc::default(),
            health,
            request_bytes_max: settings.request_bytes_max.0,
            session: watch::Sender::new(None),
            requests: TaskTracker::new(),
            background: TaskTracker::new(),
            stop,
        }
    }

    /// Takes requests until told to stop, over as many connections as it takes.
    pub(crate) async fn serve(self: &Arc<Self>) {
        let mut pauses = Pauses::between(PAUSE_MIN, PAUSE_MAX);
        while let Some(session) = self.connect().await {
            self.session.send_replace(Some(Arc::clone(&session)));
            let opened = Instant::now();
            let end = self.take(&session).await;
            let Err(error) = end else { return };
            self.session.send_replace(None);
            self.health.away(format!("{error:#}"));
            warn!("connection lost: {error:#}");
            session.close().await;
            if opened.elapsed() > PAUSE_MAX {
                pauses = Pauses::between(PAUSE_MIN, PAUSE_MAX);
            }
            // A session that ends as soon as it has begun would otherwise go round and round.
            self.rest(pauses.next()).await;
        }
    }

    /// Waits, but not longer than until told to stop.
    async fn rest(&self, pause: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = time::sleep(pause) => {}
        }
    }

    /// Gives back what is not answered.
    pub(crate) async fn close(&self) {
        let session = self.session.send_replace(None);
        if let Some(session) = session {
            session.close().await;
        }
        self.background.close();
    }

    /// A session, after as many tries as it takes; none when told to stop.
    async fn connect(&self) -> Option<Arc<Session>> {
        let mut pauses = Pauses::between(PAUSE_MIN, PAUSE_MAX);
        loop {
            let error = tokio::select! {
                () = self.stop.cancelled() => return None,
                session = self.broker.connect(&self.health, &self.background) => match session {
                    Ok(session) => return Some(session),
                    Err(error) => error,
                },
            };
            self.health.away(format!("{error:#}"));
            warn!("no connection to the broker: {error:#}");
            self.rest(pauses.next()).await;
        }
    }

    /// Takes requests from all queues until told to stop; fails when the session ends.
    async fn take(self: &Arc<Self>, session: &Arc<Session>) -> anyhow::Result<()> {
        let consume = self.inboxes.iter().map(|inbox| self.broker.consume(session, inbox));
        let mut requests = SelectAll::new();
        for (inbox, deliveries) in self.inboxes.iter().zip(future::try_join_all(consume).await?) {
            let end = stream::iter([(Arc::clone(inbox), None)]);
            let inbox = Arc::clone(inbox);
            let deliveries = deliveries.map(move |it| (Arc::clone(&inbox), Some(it)));
            requests.push(deliveries.chain(end));
        }
        self.health.connected();
        info!(queues = requests.len(), "taking requests");
        let mut stopped = pin!(self.stop.cancelled());
        let mut ended = pin!(session.ended.cancelled());
        loop {
            let next = tokio::select! {
                () = &mut stopped => return Ok(()),
                () = &mut ended => bail!("the connection ended"),
                next = requests.next() => next,
            };
            match next {
                Some((inbox, Some(Ok(delivery)))) => {
                    let worker = Arc::clone(self);
                    self.requests.spawn(async move { worker.handle(&inbox, &delivery).await });
                }
                Some((_, Some(Err(error)))) => return Err(error.into()),
                Some((inbox, None)) => bail!("queue {} is gone", inbox.queue),
                None => bail!("there are no queues"),
            }
        }
    }

    /// The spine: decode, run, publish, acknowledge.
    async fn handle(&self, inbox: &Inbox, delivery: &Delivery) {
        if self.stop.is_cancelled() {
            return; // not begun: the broker gives it to another
        }
        let body = match self.body(delivery) {
            Ok(body) => body,
            Err(reason) => return self.park(inbox, delivery, &reason).await,
        };
        let mut request = match self.activiti.decode(&body) {
            Ok(request) => request,
            Err(reason) => return self.park(inbox, delivery, &reason).await,
        };
        let app_version = delivery.header("appVersion");
        if !self.activiti.admits(app_version.as_deref()) {
            let version = app_version.unwrap_or_default();
            let reason = format!(
                "appVersion {version} is not between APPLICATION_MIN_VERSION and APPLICATION_MAX_VERSION"
            );
            return self.park(inbox, delivery, &reason).await;
        }
        match self.answered.turn(&request.id).await {
            Turn::Mine(promise) => {
                let Some(answer) = self.answer(inbox, delivery, &mut request).await else {
                    return; // not begun: the broker gives it to another
                };
                self.publish(&answer).await;
                promise.keep(answer);
            }
            Turn::Done(answer) => {
                counter!(telemetry::REPEATED).increment(1);
                debug!(id = request.id, redelivered = delivery.redelivered(), "answered before");
                // Only the acknowledgement was lost of what the broker itself delivers again.
                if !delivery.redelivered() {
                    self.publish(&answer).await;
                }
            }
        }
        delivery.ack();
    }

    /// None when told to stop before it was the request's turn.
    async fn answer(
        &self,
        inbox: &Inbox,
        delivery: &Delivery,
        request: &mut IntegrationRequest<'_>,
    ) -> Option<Answer> {
        let action = action(inbox, delivery, request);
        let feature = self.runner.connected.definition.action(&action);
        let traceparent = delivery.header("traceparent");
        let outcome = match request.neutral(action) {
            Ok(neutral) => {
                self.runner.run(Request { traceparent: traceparent.clone(), ..neutral }).await
            }
            Err(failure) => Err(refused(request, failure)),
        };
        if outcome.as_ref().is_err_and(|failure| failure.hold().is_some()) {
            return None;
        }
        Some(self.activiti.answer(request, feature, outcome, traceparent))
    }

    fn body<'d>(&self, delivery: &'d Delivery) -> Result<Cow<'d, [u8]>, String> {
        let max = self.request_bytes_max;
        let body = delivery.body();
        if body.len() as u64 > max {
            let size = body.len();
            return Err(format!("the request has {size} bytes, REQUEST_BYTES_MAX is {max}"));
        }
        inflate(body, delivery.content_encoding().unwrap_or_default(), max)
    }

    /// Puts a message aside that cannot be answered, so that it never comes round again.
    async fn park(&self, inbox: &Inbox, delivery: &Delivery, reason: &str) {
        let session = self.open_session().await;
        match session.park(delivery, &inbox.queue, reason).await {
            Ok(()) => {
                error!(queue = inbox.queue, reason, "parked a message that cannot be answered");
                counter!(telemetry::PARKED, "queue" => inbox.queue.clone()).increment(1);
                delivery.ack();
            }
            // It stays where it is, and is delivered again with the next session.
            Err(error) => {
                error!(queue = inbox.queue, reason, "a message could not be parked: {error:#}");
                session.ended.cancel();
            }
        }
    }
}

/// The exchange says which action is meant; what came by another one says so itself.
fn action(inbox: &Inbox, delivery: &Delivery, request: &IntegrationRequest<'_>) -> String {
    let ours = inbox.exchanges.iter().any(|it| it == delivery.exchange());
    match request.connector_type.rsplit_once('.') {
        Some((_, action)) if !ours => action.to_owned(),
        _ => inbox.action.to_owned(),
    }
}

/// A request whose inputs cannot be read never reaches the runner, which logs all others.
fn refused(request: &IntegrationRequest<'_>, failure: Failure) -> Failure {
    let note = failure.report().note.as_deref();
    warn!(id = request.id, note, "refused");
    failure
}
