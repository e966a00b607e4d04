//! The circuit breaker: stops calling a host that keeps failing, and tries again after a while.
//!
//! While closed, the outcomes of the last calls are kept in a ring; once it is full and the share of failures in it
//! is reached, the circuit opens. After the wait one call is let through, and its outcome closes or opens it again
//! (`activiti-ootb-connectors.md` §9.4).

use std::{
    collections::{HashMap, VecDeque},
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::config::Percentage;

/// The most hosts that are remembered; the one that was called least recently is forgotten first.
const HOSTS_MAX: usize = 1000;

/// When a circuit opens, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// How many calls the share is taken of.
    pub(crate) n_calls: NonZeroUsize,
    /// The share of failures that opens the circuit.
    pub(crate) failure_rate: Percentage,
    pub(crate) wait: Duration,
}

/// How a call ended, as far as its host is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    /// No connection, no answer in time, or a 5xx.
    Failure,
}

/// One circuit per host.
#[derive(Debug)]
pub(crate) struct Breakers {
    rules: Rules,
    circuits: Mutex<HashMap<String, Entry>>,
}

#[derive(Debug)]
struct Entry {
    circuit: Circuit,
    called: Instant,
}

/// The right to make one call; its outcome has to be told. Dropped without it, the call counts as failed:
/// that is what a call is that was cut off by a deadline.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    breakers: &'a Breakers,
    host: String,
    round: u64,
    is_told: bool,
}

impl Breakers {
    pub(crate) fn new(rules: Rules) -> Self {
        Self { rules, circuits: Mutex::default() }
    }

    /// Lets a call to `host` through.
    ///
    /// # Errors
    /// How long the circuit stays open.
    pub(crate) fn admit(&self, host: &str) -> Result<Permit<'_>, Duration> {
        let now = Instant::now();
        let round = {
            let mut circuits = self.lock();
            if circuits.len() >= HOSTS_MAX && !circuits.contains_key(host) {
                forget_oldest(&mut circuits);
            }
            let entry = circuits
                .entry(host.to_owned())
                .or_insert_with(|| Entry { circuit: Circuit::default(), called: now });
            entry.called = now;
            entry.circuit.admit(&self.rules, now)?
        };
        Ok(Permit { breakers: self, host: host.to_owned(), round, is_told: false })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.circuits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    pub(crate) fn tell(mut self, outcome: Outcome) {
        self.record(outcome);
    }

    fn record(&mut self, outcome: Outcome) {
        self.is_told = true;
        if let Some(entry) = self.breakers.lock().get_mut(&self.host) {
            entry.circuit.record(&self.breakers.rules, self.round, outcome, Instant::now());
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if !self.is_told {
            self.record(Outcome::Failure);
        }
    }
}

fn forget_oldest(circuits: &mut HashMap<String, Entry>) {
    let oldest = circuits.iter().min_by_key(|(_, entry)| entry.called);
    if let Some(host) = oldest.map(|(host, _)| host.clone()) {
        circuits.remove(&host);
    }
}

/// The state machine of one host; it is told the time.
#[derive(Debug, Default)]
struct Circuit {
    state: State,
    /// Counts the changes of state, so that the outcome of a call from an earlier state is ignored.
    round: u64,
}

#[derive(Debug)]
enum State {
    Closed {
        outcomes: VecDeque<Outcome>,
    },
    Open {
        until: Instant,
    },
    /// One call is on its way.
    HalfOpen {
        since: Instant,
    },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { outcomes: VecDeque::new() }
    }
}

impl Circuit {
    /// The round a call belongs to, or how long to wait.
    fn admit(&mut self, rules: &Rules, now: Instant) -> Result<u64, Duration> {
        match self.state {
            State::Closed { .. } => Ok(self.round),
            State::Open { until } if now < until => Err(until - now),
            State::Open { .. } => {
                self.change(State::HalfOpen { since: now });
                Ok(self.round)
            }
            State::HalfOpen { since } => Err((since + rules.wait)
                .saturating_duration_since(now)
                .max(Duration::from_millis(1))),
        }
    }

    fn record(&mut self, rules: &Rules, round: u64, outcome: Outcome, now: Instant) {
        if round != self.round {
            return;
        }
        match (&mut self.state, outcome) {
            (State::Closed { outcomes }, outcome) => {
                outcomes.push_back(outcome);
                if outcomes.len() > rules.n_calls.get() {
                    outcomes.pop_front();
                }
                let n_failures = outcomes.iter().filter(|it| **it == Outcome::Failure).count();
                let is_full = outcomes.len() == rules.n_calls.get();
                let is_reached =
                    n_failures * 100 >= usize::from(rules.failure_rate.0) * outcomes.len();
                if is_full && is_reached {
                    self.change(State::Open { until: now + rules.wait });
                }
            }
            (State::HalfOpen { .. }, Outcome::Success) => self.change(State::default()),
            (State::HalfOpen { .. }, Outcome::Failure) => {
                self.change(State::Open { until: now + rules.wait });
            }
            (State::Open { .. }, _) => {}
        }
    }

    fn change(&mut self, state: State) {
        self.state = state;
        self.round += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(1);

    fn rules(n_calls: usize, failure_rate: u8) -> Rules {
        let n_calls = NonZeroUsize::new(n_calls).unwrap();
        Rules { n_calls, failure_rate: Percentage(failure_rate), wait: WAIT }
    }

    /// Plays a script on one circuit: `+` and `-` are calls that succeed and fail, `!` is a call that is refused,
    /// `w` waits for half the time.
    fn play(rules: &Rules, script: &str) {
        let mut circuit = Circuit::default();
        let mut now = Instant::now();
        for (step, it) in script.chars().enumerate() {
            match it {
                'w' => now += WAIT / 2,
                '!' => assert!(circuit.admit(rules, now).is_err(), "{script} at {step}"),
                it => {
                    let Ok(round) = circuit.admit(rules, now) else {
                        panic!("{script}: refused at {step}")
                    };
                    let outcome = if it == '+' { Outcome::Success } else { Outcome::Failure };
                    circuit.record(rules, round, outcome, now);
                }
            }
        }
    }

    #[test]
    fn opens_when_the_ring_is_full_and_the_share_is_reached() {
        play(&rules(5, 20), "----");
        play(&rules(5, 20), "++++-!!");
        play(&rules(5, 20), "+++++++++-!");
        play(&rules(5, 40), "++++-++++-+++-!");
        play(&rules(1, 100), "++-!");
        play(&rules(2, 100), "+-+-+-+--!");
    }

    #[test]
    fn lets_one_call_through_after_the_wait() {
        play(&rules(1, 100), "-!w!w-!w!w+++-!");
    }

    #[test]
    fn a_second_call_waits_for_the_one_that_was_let_through() {
        let (rules, now) = (rules(1, 100), Instant::now());
        let mut circuit = Circuit::default();
        circuit.record(&rules, 0, Outcome::Failure, now);
        assert_eq!(circuit.admit(&rules, now + WAIT / 4), Err(WAIT * 3 / 4));
        let trial = circuit.admit(&rules, now + WAIT).unwrap();
        assert_eq!(circuit.admit(&rules, now + WAIT), Err(WAIT));
        assert_eq!(circuit.admit(&rules, now + WAIT * 9), Err(Duration::from_millis(1)));
        // A call from before the circuit opened says nothing about the host now.
        circuit.record(&rules, 0, Outcome::Success, now + WAIT);
        assert!(circuit.admit(&rules, now + WAIT).is_err());
        circuit.record(&rules, trial, Outcome::Success, now + WAIT);
        assert!(circuit.admit(&rules, now + WAIT).is_ok());
    }

    #[test]
    fn a_call_without_an_outcome_has_failed() {
        let breakers = Breakers::new(rules(1, 100));
        drop(breakers.admit("http://x").unwrap());
        assert!(breakers.admit("http://x").is_err());
        assert!(breakers.admit("http://y").is_ok());
    }

    #[test]
    fn the_number_of_hosts_is_bounded() {
        let breakers = Breakers::new(rules(1, 100));
        for n in 0..HOSTS_MAX + 10 {
            breakers.admit(&format!("http://host-{n}")).unwrap().tell(Outcome::Failure);
        }
        assert_eq!(breakers.lock().len(), HOSTS_MAX);
        assert!(breakers.admit("http://host-0").is_ok());
        assert!(breakers.admit(&format!("http://host-{HOSTS_MAX}")).is_err());
    }
}
