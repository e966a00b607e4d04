//! An engine and a connector that belong to one test, on a broker.

use serde_json::Value;

use crate::{
    engine::{Answer, Engine},
    stack::{Broker, Connector, REST, SECRET, unique},
};

pub(crate) struct Scene {
    pub(crate) engine: Engine,
    pub(crate) connector: Connector,
    /// The connector's instance name, which no other test uses.
    pub(crate) name: String,
    program: String,
    url: String,
    settings: Vec<(String, String)>,
}

impl Scene {
    /// With the connector `program` on the broker that tests share; it is ready.
    pub(crate) async fn of(program: &str, settings: &[(&str, &str)]) -> Self {
        let broker = Broker::shared().await;
        let engine = Engine::start(broker.url()).await;
        Self::assemble(program, engine, broker, settings).await
    }

    /// On the broker that tests share; the connector is ready.
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        Self::of(REST, settings).await
    }

    pub(crate) async fn on(broker: &Broker, settings: &[(&str, &str)]) -> Self {
        let engine = Engine::start(broker.url()).await;
        Self::with(engine, broker, settings).await
    }

    /// With an engine that may lack something.
    pub(crate) async fn with(engine: Engine, broker: &Broker, settings: &[(&str, &str)]) -> Self {
        Self::assemble(REST, engine, broker, settings).await
    }

    async fn assemble(
        program: &str,
        engine: Engine,
        broker: &Broker,
        settings: &[(&str, &str)],
    ) -> Self {
        let name = unique(program);
        let settings =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let settings: Vec<_> = settings.collect();
        let url = broker.url().to_owned();
        let mut connector = launch(program, &name, &url, &settings);
        connector.ready().await;
        Self { engine, connector, name, program: program.to_owned(), url, settings }
    }

    /// Where the bundle sends requests for an action.
    pub(crate) fn destination(&self, action: &str) -> String {
        format!("{}.{action}", self.name)
    }

    /// Where the connector takes them from.
    pub(crate) fn queue(&self, action: &str) -> String {
        format!("{0}.{action}.{0}", self.name)
    }

    /// Where it puts those that it can't answer.
    pub(crate) fn parking(&self, action: &str) -> String {
        format!("{}.parked", self.queue(action))
    }

    /// Sends a request; gives its id.
    pub(crate) async fn ask(&self, action: &str, inputs: &Value) -> String {
        self.engine.ask(&self.destination(action), inputs).await
    }

    /// Sends a request and waits for its result.
    pub(crate) async fn result(&self, action: &str, inputs: &Value) -> Answer {
        let id = self.ask(action, inputs).await;
        self.engine.expect_result(&id).await
    }

    /// Sends a request and waits for its error with this code.
    pub(crate) async fn error(&self, action: &str, inputs: &Value, code: &str) -> Answer {
        let id = self.ask(action, inputs).await;
        self.engine.expect_error(&id, code).await
    }

    /// A second instance, ready, with the same name and settings.
    pub(crate) async fn another(&self) -> Connector {
        let mut connector = launch(&self.program, &self.name, &self.url, &self.settings);
        connector.ready().await;
        connector
    }

    /// The same connector again, after its end.
    pub(crate) async fn restart(&mut self) {
        self.connector = self.another().await;
    }
}

fn launch(program: &str, name: &str, url: &str, settings: &[(String, String)]) -> Connector {
    let token = format!("{SECRET}-auth-token");
    let mut all = vec![("CONNECTOR_NAME", name), ("AMQP_URL", url)];
    if program == REST {
        all.push(("REST_AUTH_TOKEN", &token));
    }
    all.extend(settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    Connector::start(program, &all)
}
