//! What a connection says about the calls of a task, beside what the task could say itself.

use std::{sync::Arc, time::Duration};

use common::{Failure, Secret};
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use crate::{
    outcome,
    rate::{Denied, IN_PLACE_MAX, Limiter, Wish},
    request::Request,
    response::Answer,
    statuses::Statuses,
};

/// The terms of a task's connection; none for a task without one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    pub(crate) admission: Option<Admission>,
    /// Which statuses are tried again.
    pub(crate) retried: Option<Statuses>,
    /// Nothing in the inputs stands for settings any more.
    pub(crate) is_filled: bool,
    pub(crate) response_bytes_max: Option<usize>,
    /// What the connection holds that the peer may echo.
    pub(crate) secrets: Vec<Secret>,
}

/// Whether a call may be made now.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    pub(crate) connection: String,
    limiter: Arc<Limiter>,
    request_id: String,
    /// When waiting has to end.
    until: Instant,
    in_place_max: Duration,
}

impl Admission {
    /// For the request of that id, which may still wait for `wait_max`.
    pub(crate) fn new(
        connection: &str,
        limiter: Arc<Limiter>,
        request_id: &str,
        wait_max: Duration,
    ) -> Self {
        Self {
            connection: connection.to_owned(),
            limiter,
            request_id: request_id.to_owned(),
            until: Instant::now() + wait_max,
            in_place_max: IN_PLACE_MAX,
        }
    }

    /// From here on, waits where it is: what has been done would be lost.
    pub(crate) fn stay(&mut self) {
        self.in_place_max = Duration::MAX;
    }

    /// Waits until the call may be made; its place is held for as long as what is returned.
    ///
    /// # Errors
    /// `TOO_MANY_REQUESTS` with the pause after which it may come again: nobody has been called.
    pub(crate) async fn admit(
        &self,
        request: &Request,
    ) -> Result<Option<OwnedSemaphorePermit>, Failure> {
        let place = self.limiter.place(self.left()).await;
        let place = place.map_err(|it| self.denied(request, it))?;
        self.admit_again(request).await?;
        Ok(place)
    }

    /// Waits for the turn of another call in the same place.
    ///
    /// # Errors
    /// As of [`Self::admit`].
    pub(crate) async fn admit_again(&self, request: &Request) -> Result<(), Failure> {
        let Self { request_id, in_place_max, .. } = self;
        let wish = Wish { request_id, wait_max: self.left(), in_place_max: *in_place_max };
        self.limiter.turn(wish).await.map_err(|it| self.denied(request, it))
    }

    /// Makes everybody wait when the peer asks for it.
    pub(crate) fn heed(&self, answer: &Answer) {
        if let (429 | 503, Some(pause)) = (answer.status.as_u16(), outcome::retry_after(answer)) {
            self.limiter.pause(pause);
        }
    }

    fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    fn denied(&self, request: &Request, denied: Denied) -> Failure {
        outcome::of_denied(request, &self.connection, denied)
    }
}
