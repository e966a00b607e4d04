//! Answers given a moment ago, so that a request that is delivered again is not carried out again.
//!
//! A lost connection makes the broker deliver what was answered but not acknowledged, or is still at work.
//! This memory is the process's own, short and bounded; what must outlive the process is the ledger's.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use crate::engine::activiti::Answer;

/// Answers that are kept.
const ANSWERS_MAX: usize = 10_000;
/// The bytes that they may have together.
const BYTES_MAX: usize = 4 * 1024 * 1024;

#[derive(Default)]
pub(crate) struct Answered(Mutex<State>);

#[derive(Default)]
struct State {
    entries: HashMap<Arc<str>, Entry>,
    /// Finished ones, oldest first.
    order: VecDeque<Arc<str>>,
    bytes: usize,
}

enum Entry {
    /// Those who wait: they hear when this is dropped, as the answer is with the broker or was given up.
    AtWork(Vec<oneshot::Sender<()>>),
    Done(Arc<Answer>),
}

/// What is to be done with a request.
pub(crate) enum Turn {
    /// Carry it out.
    Mine(Promise),
    /// It was carried out; the broker has this answer.
    Done(Arc<Answer>),
}

/// Held while a request is at work; dropped without an answer, the next delivery carries the request out.
pub(crate) struct Promise {
    answered: Arc<Answered>,
    id: Arc<str>,
}

impl Answered {
    /// Whose turn the request `id` is; waits for one that is at work.
    pub(crate) async fn turn(self: &Arc<Self>, id: &str) -> Turn {
        loop {
            let at_work = {
                let mut state = self.state();
                match state.entries.get_mut(id) {
                    Some(Entry::Done(answer)) => return Turn::Done(Arc::clone(answer)),
                    Some(Entry::AtWork(others)) => {
                        let (other, end) = oneshot::channel();
                        others.push(other);
                        end
                    }
                    None => {
                        let id: Arc<str> = id.into();
                        state.entries.insert(Arc::clone(&id), Entry::AtWork(Vec::new()));
                        return Turn::Mine(Promise { answered: Arc::clone(self), id });
                    }
                }
            };
            // Nothing is ever sent: an error says that the promise is gone.
            let _gone = at_work.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Promise {
    /// The broker has the answer.
    pub(crate) fn keep(self, answer: Answer) {
        let mut state = self.answered.state();
        state.bytes += answer.body.len();
        state.entries.insert(Arc::clone(&self.id), Entry::Done(Arc::new(answer)));
        state.order.push_back(Arc::clone(&self.id));
        state.forget_the_oldest();
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        let mut state = self.answered.state();
        if matches!(state.entries.get(&self.id), Some(Entry::AtWork(_))) {
            state.entries.remove(&self.id);
        }
    }
}

impl State {
    /// The newest stays, however large: its delivery may be on the way again.
    fn forget_the_oldest(&mut self) {
        while self.order.len() > ANSWERS_MAX || (self.bytes > BYTES_MAX && self.order.len() > 1) {
            let Some(oldest) = self.order.pop_front() else { return };
            if let Some(Entry::Done(answer)) = self.entries.remove(&oldest) {
                self.bytes -= answer.body.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(bytes: usize) -> Answer {
        Answer { destination: "d".to_owned(), headers: Vec::new(), body: vec![b' '; bytes] }
    }

    async fn mine(answered: &Arc<Answered>, id: &str) -> Promise {
        match answered.turn(id).await {
            Turn::Mine(promise) => promise,
            Turn::Done(_) => panic!("{id} is known"),
        }
    }

    async fn done(answered: &Arc<Answered>, id: &str) -> Arc<Answer> {
        match answered.turn(id).await {
            Turn::Mine(_) => panic!("{id} is not known"),
            Turn::Done(answer) => answer,
        }
    }

    #[tokio::test]
    async fn a_second_delivery_gets_the_same_answer() {
        let answered = Arc::new(Answered::default());
        mine(&answered, "1").await.keep(answer(3));
        assert_eq!(*done(&answered, "1").await, answer(3));
    }

    #[tokio::test]
    async fn a_second_delivery_waits_for_the_first() {
        let answered = Arc::new(Answered::default());
        let promise = mine(&answered, "1").await;
        let (second, ()) = tokio::join!(done(&answered, "1"), async { promise.keep(answer(3)) });
        assert_eq!(*second, answer(3));
    }

    #[tokio::test]
    async fn what_was_given_up_is_carried_out_by_the_next() {
        let answered = Arc::new(Answered::default());
        let promise = mine(&answered, "1").await;
        let (second, ()) = tokio::join!(mine(&answered, "1"), async { drop(promise) });
        second.keep(answer(1));
        assert_eq!(*done(&answered, "1").await, answer(1));
    }

    #[tokio::test]
    async fn the_memory_is_bounded() {
        let answered = Arc::new(Answered::default());
        mine(&answered, "huge").await.keep(answer(BYTES_MAX + 1));
        assert_eq!(done(&answered, "huge").await.body.len(), BYTES_MAX + 1);
        for id in 0..10 {
            mine(&answered, &id.to_string()).await.keep(answer(BYTES_MAX / 5));
        }
        drop(mine(&answered, "huge").await);
        drop(mine(&answered, "4").await);
        done(&answered, "9").await;
        assert!(answered.state().bytes <= BYTES_MAX);
    }
}
