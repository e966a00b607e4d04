//! Which RabbitMQ the tests talk to.

use lapin::{Connection, ConnectionProperties};
use tokio::sync::OnceCell;

use super::{container, eventually, node::Node, setting, watchdog::Watchdog};

/// `AMQP_URL`, else a container, else a node from the machine's package.
pub(crate) struct Broker {
    url: String,
    node: Option<Node>,
    _watchdog: Option<Watchdog>,
}

static SHARED: OnceCell<Broker> = OnceCell::const_new();

impl Broker {
    /// The one that all tests share which don't harm it.
    pub(crate) async fn shared() -> &'static Self {
        SHARED
            .get_or_init(async || {
                let broker = Self::choose().await;
                let answers = async || connect(&broker.url).await.ok();
                eventually("the broker answers", answers).await;
                broker
            })
            .await
    }

    /// One that a test may stop, kill and starve. Where that is impossible the test ends, saying so.
    pub(crate) async fn private() -> Option<Self> {
        Self::private_with("").await
    }

    /// The same, with further lines of `rabbitmq.conf`.
    pub(crate) async fn private_with(configuration: &str) -> Option<Self> {
        let node = Node::start(configuration).await;
        if node.is_none() {
            assert!(setting("CI").is_none(), "rabbitmq-server is missing: {INSTALL}");
            eprintln!("skipped, as rabbitmq-server is missing: {INSTALL}");
        }
        node.map(Self::from)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Whether [`Self::node`] works.
    pub(crate) fn is_node(&self) -> bool {
        self.node.is_some()
    }

    /// For stopping and starting; only private brokers are sure to have it.
    pub(crate) fn node(&self) -> &Node {
        self.node.as_ref().expect("a node of our own")
    }

    async fn choose() -> Self {
        if let Some(url) = setting("AMQP_URL") {
            return Self { url, node: None, _watchdog: None };
        }
        if let Some((url, watchdog)) = container::start().await {
            return Self { url, node: None, _watchdog: Some(watchdog) };
        }
        Node::start("").await.map(Self::from).expect(INSTALL)
    }
}

impl From<Node> for Broker {
    fn from(node: Node) -> Self {
        Self { url: node.url(), node: Some(node), _watchdog: None }
    }
}

const INSTALL: &str = "there is no RabbitMQ; run: apt-get install -y rabbitmq-server";

/// A connection of the tests' own.
pub(crate) async fn connect(url: &str) -> lapin::Result<Connection> {
    Connection::connect(url, ConnectionProperties::default()).await
}
