//! Answers given a moment ago, so that a request that is delivered again is not carried out again.
//!
//! A lost connection makes the broker deliver what was answered but not acknowledged, or is still at work.
//! This memory is the process's own, short and bounded; what must outlive the process is the ledger's.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::engine::activiti::Answer;

/// Answers that are kept.
const ANSWERS_MAX: usize = 10_000;
/// The bytes that they may have together.
const BYTES_MAX: usize = 4 * 1024 * 1024;

#[derive(Default)]
pub(crate) struct Answered(Mutex<State>);

#[derive(Default)]
struct State {
    entries: HashMap<String, Entry>,
    /// Finished ones, oldest first.
    order: VecDeque<String>,
    bytes: usize,
}

enum Entry {
    AtWork(watch::Receiver<Option<Arc<Answer>>>),
    Done(Arc<Answer>),
}

/// What is to be done with a request.
pub(crate) enum Turn {
    /// Carry it out, and tell the others.
    Mine(Promise),
    /// It was carried out, or is at work: the answer, or none if that was given up.
    Theirs(Option<Arc<Answer>>),
}

/// Tells the others; dropped without an answer, the next delivery carries the request out.
pub(crate) struct Promise {
    answered: Arc<Answered>,
    id: String,
    others: watch::Sender<Option<Arc<Answer>>>,
}

impl Answered {
    /// Whose turn the request `id` is; waits for one that is at work.
    pub(crate) async fn turn(self: &Arc<Self>, id: &str) -> Turn {
        let mut at_work = {
            let mut state = self.state();
            match state.entries.get(id) {
                Some(Entry::Done(answer)) => return Turn::Theirs(Some(Arc::clone(answer))),
                Some(Entry::AtWork(answer)) => answer.clone(),
                None => {
                    let (others, answer) = watch::channel(None);
                    state.entries.insert(id.to_owned(), Entry::AtWork(answer));
                    let answered = Arc::clone(self);
                    return Turn::Mine(Promise { answered, id: id.to_owned(), others });
                }
            }
        };
        let answer = at_work.wait_for(Option::is_some).await;
        Turn::Theirs(answer.ok().and_then(|it| it.clone()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Promise {
    /// The request is answered.
    pub(crate) fn keep(self, answer: &Arc<Answer>) {
        let mut state = self.answered.state();
        let size = answer.body.len();
        if size <= BYTES_MAX / 4 {
            state.entries.insert(self.id.clone(), Entry::Done(Arc::clone(answer)));
            state.order.push_back(self.id.clone());
            state.bytes += size;
            state.forget_the_oldest();
        }
        drop(state);
        self.others.send_replace(Some(Arc::clone(answer)));
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
    fn forget_the_oldest(&mut self) {
        while self.order.len() > ANSWERS_MAX || self.bytes > BYTES_MAX {
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

    fn answer(bytes: usize) -> Arc<Answer> {
        let body = vec![b' '; bytes];
        Arc::new(Answer { destination: "d".to_owned(), headers: Vec::new(), body })
    }

    async fn mine(answered: &Arc<Answered>, id: &str) -> Promise {
        match answered.turn(id).await {
            Turn::Mine(promise) => promise,
            Turn::Theirs(_) => panic!("{id} is known"),
        }
    }

    async fn theirs(answered: &Arc<Answered>, id: &str) -> Option<Arc<Answer>> {
        match answered.turn(id).await {
            Turn::Mine(_) => panic!("{id} is not known"),
            Turn::Theirs(answer) => answer,
        }
    }

    #[tokio::test]
    async fn a_second_delivery_gets_the_same_answer() {
        let answered = Arc::new(Answered::default());
        let first = answer(3);
        mine(&answered, "1").await.keep(&first);
        assert!(Arc::ptr_eq(&theirs(&answered, "1").await.unwrap(), &first));
    }

    #[tokio::test]
    async fn a_second_delivery_waits_for_the_first() {
        let answered = Arc::new(Answered::default());
        let promise = mine(&answered, "1").await;
        let first = answer(3);
        let (second, ()) = tokio::join!(theirs(&answered, "1"), async { promise.keep(&first) });
        assert!(Arc::ptr_eq(&second.unwrap(), &first));
    }

    #[tokio::test]
    async fn what_was_given_up_is_carried_out_by_the_next() {
        let answered = Arc::new(Answered::default());
        let promise = mine(&answered, "1").await;
        let (second, ()) = tokio::join!(theirs(&answered, "1"), async { drop(promise) });
        assert!(second.is_none());
        drop(mine(&answered, "1").await);
    }

    #[tokio::test]
    async fn the_memory_is_bounded() {
        let answered = Arc::new(Answered::default());
        mine(&answered, "huge").await.keep(&answer(BYTES_MAX));
        drop(mine(&answered, "huge").await);
        for id in 0..10 {
            mine(&answered, &id.to_string()).await.keep(&answer(BYTES_MAX / 5));
        }
        drop(mine(&answered, "4").await);
        assert!(theirs(&answered, "9").await.is_some());
        assert!(answered.state().bytes <= BYTES_MAX);
    }
}
