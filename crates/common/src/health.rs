//! How the process is, for those who ask over HTTP.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

/// Liveness never depends on any of this; readiness on all of it.
#[derive(Default)]
pub(crate) struct Health(Mutex<State>);

#[derive(Default)]
struct State {
    broker: Link,
    /// Whether there is a ledger, and what is wrong with it.
    ledger: Option<Result<(), String>>,
    /// Destinations whose answers no queue takes, and what the broker says.
    unroutable: BTreeMap<String, String>,
    stopping: bool,
}

#[derive(Default)]
enum Link {
    /// No broker is configured.
    #[default]
    None,
    Away(String),
    Connected,
    Blocked(String),
}

impl Health {
    pub(crate) fn away(&self, why: impl Into<String>) {
        self.state().broker = Link::Away(why.into());
    }

    pub(crate) fn connected(&self) {
        self.state().broker = Link::Connected;
    }

    pub(crate) fn blocked(&self, why: String) {
        self.state().broker = Link::Blocked(why);
    }

    pub(crate) fn unroutable(&self, destination: &str, why: String) {
        self.state().unroutable.insert(destination.to_owned(), why);
    }

    pub(crate) fn routable(&self, destination: &str) {
        self.state().unroutable.remove(destination);
    }

    pub(crate) fn ledger_up(&self) {
        self.state().ledger = Some(Ok(()));
    }

    pub(crate) fn ledger_away(&self, why: String) {
        self.state().ledger = Some(Err(why));
    }

    pub(crate) fn stopping(&self) {
        self.state().stopping = true;
    }

    /// Ready, and the components as Spring's actuator shows them.
    pub(crate) fn report(&self) -> (bool, Value) {
        let state = self.state();
        let status = |up: bool| if up { "UP" } else { "DOWN" };
        let mut components = serde_json::Map::new();
        let (broker_up, detail) = match &state.broker {
            Link::None | Link::Connected => (true, None),
            Link::Away(why) => (false, Some(format!("no connection: {why}"))),
            Link::Blocked(why) => (false, Some(format!("blocked by the broker: {why}"))),
        };
        if !matches!(state.broker, Link::None) {
            let mut rabbit = json!({ "status": status(broker_up) });
            if let Some(detail) = detail {
                rabbit["details"] = json!({ "error": detail });
            }
            components.insert("rabbit".to_owned(), rabbit);
        }
        if let Some(ledger) = &state.ledger {
            let mut shown = json!({ "status": status(ledger.is_ok()) });
            if let Err(why) = ledger {
                shown["details"] = json!({ "error": why });
            }
            components.insert("ledger".to_owned(), shown);
        }
        if !state.unroutable.is_empty() {
            let down = json!({ "status": "DOWN", "details": state.unroutable });
            components.insert("answers".to_owned(), down);
        }
        if state.stopping {
            let down = json!({ "status": "OUT_OF_SERVICE" });
            components.insert("shutdown".to_owned(), down);
        }
        let ready = components.values().all(|it| it["status"] == "UP");
        (ready, json!({ "status": status(ready), "components": components }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&Health), ready: bool, expected: &str) {
        let health = Health::default();
        change(&health);
        let (got, body) = health.report();
        assert_eq!(got, ready, "{body}");
        assert!(body.to_string().contains(expected), "{body}");
    }

    #[test]
    fn readiness_says_what_is_wrong() {
        check(|_| {}, true, r#"{"status":"UP","components":{}}"#);
        check(|it| it.away("refused"), false, "no connection: refused");
        check(|it| it.blocked("memory".to_owned()), false, "blocked by the broker: memory");
        check(|it| it.unroutable("integrationResult_rb", "NO_ROUTE".to_owned()), false, "NO_ROUTE");
        check(|it| it.ledger_away("disk full".to_owned()), false, "disk full");
        check(Health::stopping, false, "OUT_OF_SERVICE");
    }

    #[test]
    fn trouble_that_is_over_is_forgotten() {
        let over = |health: &Health| {
            health.away("refused");
            health.connected();
            health.unroutable("x", "NO_ROUTE".to_owned());
            health.routable("x");
            health.ledger_away("disk full".to_owned());
            health.ledger_up();
        };
        check(over, true, r#""rabbit":{"status":"UP"},"ledger":{"status":"UP"}"#);
    }
}
