//! Answers on their way to the broker.

use std::sync::Arc;

use metrics::counter;
use tokio::time;
use tracing::{error, info, warn};

use super::{PAUSE_MAX, PAUSE_MIN, Worker};
use crate::{
    broker::{self, Outgoing, Published, Session},
    engine::activiti::Answer,
    pauses::Pauses,
    telemetry,
};

impl Worker {
    /// Publishes until the broker has confirmed that a queue has the answer.
    pub(super) async fn publish(&self, answer: &Answer) {
        let mut pauses = Pauses::between(PAUSE_MIN, PAUSE_MAX);
        let exchange = self.destinations.exchange(&answer.destination);
        let mut is_unroutable = false;
        loop {
            let session = self.open_session().await;
            match self.publish_once(&session, &exchange, answer).await {
                Ok(Published::Routed) => break,
                Ok(Published::Returned(why)) => {
                    if !is_unroutable {
                        error!(
                            exchange,
                            why, "no queue takes the answer; it is kept and tried again"
                        );
                        counter!(telemetry::UNROUTABLE).increment(1);
                    }
                    is_unroutable = true;
                    self.health.unroutable(&exchange, why);
                }
                Err(error) => warn!(exchange, "the answer is not confirmed: {error:#}"),
            }
            time::sleep(pauses.next()).await;
        }
        if is_unroutable {
            info!(exchange, "the answer has found a queue");
            self.health.routable(&exchange);
        }
    }

    async fn publish_once(
        &self,
        session: &Session,
        exchange: &str,
        answer: &Answer,
    ) -> anyhow::Result<Published> {
        session.declare_exchange(exchange).await?;
        let message = Outgoing {
            exchange,
            // Spring's producers use the destination, which goes without the Rabbit prefix.
            routing_key: &answer.destination,
            properties: broker::answer_properties(&answer.headers),
            body: &answer.body,
        };
        session.publish(message).await
    }

    /// The session that is open, or the next one.
    pub(super) async fn open_session(&self) -> Arc<Session> {
        let mut session = self.session.subscribe();
        let open = |it: &Option<Arc<Session>>| {
            it.as_ref().is_some_and(|session| !session.ended.is_cancelled())
        };
        match session.wait_for(open).await.map(|it| it.clone()) {
            Ok(Some(session)) => session,
            // The sender lives in `self`.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }
}
