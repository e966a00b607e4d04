//! What all measurements share: the programs, a broker, and how much time they may take.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Result;

use crate::node::Node;

/// A measurement that takes longer hangs.
pub(crate) const SCENARIO_MAX: Duration = Duration::from_secs(150);

pub(crate) struct Setup {
    pub(crate) scale: Scale,
    /// Folder of the connectors that are measured.
    pub(crate) programs: PathBuf,
    /// Folder of what they are measured against.
    pub(crate) yardsticks: PathBuf,
    pub(crate) logs: PathBuf,
    /// Started by the first measurement that needs it.
    pub(crate) broker: Option<Arc<Broker>>,
}

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) enum Scale {
    Quick,
    Full,
}

/// The broker at `AMQP_URL`, else one of our own.
pub(crate) struct Broker {
    pub(crate) url: String,
    _node: Option<Node>,
}

impl Scale {
    pub(crate) fn pick<T>(self, quick: T, full: T) -> T {
        match self {
            Self::Quick => quick,
            Self::Full => full,
        }
    }
}

impl Setup {
    /// The broker, which is started when it isn't there yet.
    ///
    /// # Errors
    /// When none can be had.
    pub(crate) async fn broker(&mut self) -> Result<Arc<Broker>> {
        if let Some(broker) = &self.broker {
            return Ok(Arc::clone(broker));
        }
        let broker = if let Some(url) = environment("AMQP_URL") {
            Arc::new(Broker { url, _node: None })
        } else {
            let node = Node::start().await?;
            Arc::new(Broker { url: node.url(), _node: Some(node) })
        };
        self.broker = Some(Arc::clone(&broker));
        Ok(broker)
    }
}

#[expect(clippy::disallowed_methods, reason = "the measurements' own settings, not a connector's")]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
