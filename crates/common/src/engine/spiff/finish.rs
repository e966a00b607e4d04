//! A command goes on although its caller has gone away.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio_util::task::{TaskTracker, task_tracker::TaskTrackerToken};

/// Work that ends in any case: in the task that asked for it, or in one of its own if that one is dropped first.
///
/// A task of its own from the start would cost each call two hand-overs between threads.
pub(super) struct Finish<T: Send + 'static> {
    work: Option<BoxFuture<'static, T>>,
    tracker: TaskTracker,
    _tracked: TaskTrackerToken,
}

impl<T: Send + 'static> Finish<T> {
    /// `tracker` counts the work for as long as it goes on, wherever that is.
    pub(super) fn new(
        work: impl Future<Output = T> + Send + 'static,
        tracker: &TaskTracker,
    ) -> Self {
        let work = Some(Box::pin(work) as BoxFuture<'static, T>);
        Self { work, tracker: tracker.clone(), _tracked: tracker.token() }
    }
}

impl<T: Send + 'static> Future for Finish<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Some(mut work) = self.work.take() else { return Poll::Pending };
        // Not put back when it panics: it is over then, too.
        let poll = work.as_mut().poll(cx);
        if poll.is_pending() {
            self.work = Some(work);
        }
        poll
    }
}

impl<T: Send + 'static> Drop for Finish<T> {
    fn drop(&mut self) {
        if let (Some(work), Ok(runtime)) = (self.work.take(), Handle::try_current()) {
            self.tracker.spawn_on(work, &runtime);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_is_dropped_half_done_is_finished_and_waited_for() {
        let tracker = TaskTracker::new();
        let (go, gone) = oneshot::channel::<()>();
        let (done, finished) = oneshot::channel();
        let work = async move {
            gone.await.unwrap();
            done.send(4711).unwrap();
        };
        let mut finish = Finish::new(work, &tracker);
        assert!(futures_util::poll!(&mut finish).is_pending());
        drop(finish);
        tracker.close();
        assert_eq!(tracker.len(), 1, "still at work");
        go.send(()).unwrap();
        tracker.wait().await;
        assert_eq!(finished.await, Ok(4711));
    }

    #[tokio::test]
    async fn what_is_done_is_done_once_and_no_longer_counted() {
        let tracker = TaskTracker::new();
        assert_eq!(Finish::new(async { 1 }, &tracker).await, 1);
        assert!(tracker.is_empty());
    }
}
