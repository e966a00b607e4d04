//! The table that pairs a definition with the functions that implement it.

use std::{collections::BTreeMap, process::ExitCode, sync::Arc};

use axum::Router;
use clap::ArgMatches;
use futures_util::future::{self, BoxFuture};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::mpsc;

use crate::{
    Context, Emitter, Failure, Object, Outputs,
    arena::ArenaCommand,
    cli,
    config::{self, Declared, Environment, Problem},
    connected::{Connected, Invoke, Subscribe},
    context::Emitted,
    definition::{Code, Definition, Feature, Signature},
    failure::{INVALID_INPUT, MISSING_INPUT},
    schema::{self, Fields},
};

/// A definition, and the function behind each of its names.
///
/// `C` is what the functions share: the clients of the outside system.
pub struct Connector<C> {
    pub(crate) definition: Definition,
    pub(crate) text: String,
    pub(crate) code: Code,
    connect: Box<Connect<C>>,
    pub(crate) actions: BTreeMap<&'static str, Run<C>>,
    pub(crate) served: Option<Served<C>>,
    pub(crate) arena_commands: Vec<ArenaCommand<Run<C>>>,
    events: BTreeMap<&'static str, Listen<C>>,
    routes: Option<fn(Context<C>) -> Router>,
    commands: Vec<(clap::Command, Execute<C>)>,
    error_output: &'static str,
}

/// The clients to be, and the effective configuration.
struct Connecting<C> {
    clients: Pending<C>,
    effective: Object,
}

pub(crate) type Pending<T> = BoxFuture<'static, Result<T, Failure>>;
type Connect<C> = dyn Fn(&[Declared], &Environment) -> Result<Connecting<C>, Vec<Problem>>;
pub(crate) type Run<C> = Box<dyn Fn(Context<C>, &Object) -> Pending<Object> + Send + Sync>;
type Listen<C> =
    Box<dyn Fn(Context<C>, &Object, mpsc::Sender<Emitted>) -> Pending<()> + Send + Sync>;
pub(crate) type Served<C> = Box<dyn Fn(&Feature) -> Result<Run<C>, String> + Send + Sync>;
type Execute<C> = Box<dyn Fn(Context<C>, ArgMatches) -> Pending<String> + Send + Sync>;

impl<C: Send + Sync + 'static> Connector<C> {
    /// Starts the table: `definition` is the JSON, `connect` makes the clients from the config.
    ///
    /// # Panics
    /// When the definition is no definition: guard 4 of `definition.rs`, met by the first test that runs.
    pub fn new<Config, Fut>(definition: &str, connect: fn(Config) -> Fut) -> Self
    where
        Config: DeserializeOwned + JsonSchema + 'static,
        Fut: Future<Output = Result<C, Failure>> + Send + 'static,
    {
        Self {
            definition: serde_json::from_str(definition)
                .unwrap_or_else(|error| panic!("the definition is not one: {error}")),
            text: definition.to_owned(),
            code: Code { config: Fields::read::<Config>(), ..Code::default() },
            connect: Box::new(move |declared, environment| {
                let config::Read { value, effective } = config::read(declared, environment)?;
                Ok(Connecting { clients: Box::pin(connect(value)), effective })
            }),
            actions: BTreeMap::new(),
            events: BTreeMap::new(),
            routes: None,
            commands: Vec::new(),
            served: None,
            arena_commands: Vec::new(),
            error_output: "error",
        }
    }

    /// The action `name` is the function `run`.
    #[must_use]
    pub fn action<I, O, Fut>(mut self, name: &'static str, run: fn(Context<C>, I) -> Fut) -> Self
    where
        I: DeserializeOwned + JsonSchema + Send + 'static,
        O: Outputs + 'static,
        Fut: Future<Output = Result<O, Failure>> + Send + 'static,
    {
        let erased = move |cx, variables: &Object| -> Pending<Object> {
            match schema::inputs(variables) {
                // Begun in the box, since it may be large and would be copied there otherwise.
                Ok(inputs) => Box::pin(async move { run(cx, inputs).await?.into_object() }),
                Err(failure) => Box::pin(future::err(failure)),
            }
        };
        let mut outputs = Fields::written::<O>();
        outputs.add("warnings", "array");
        self.code.actions.insert(name, Signature { inputs: Fields::read::<I>(), outputs });
        self.code.errors.extend([MISSING_INPUT, INVALID_INPUT].map(String::from));
        self.actions.insert(name, Box::new(erased));
        self
    }

    /// The event `name` comes from the function `listen`, which runs until it is dropped.
    #[must_use]
    pub fn event<I, O, Fut>(
        mut self,
        name: &'static str,
        listen: fn(Context<C>, I, Emitter<O>) -> Fut,
    ) -> Self
    where
        I: DeserializeOwned + JsonSchema + 'static,
        O: Serialize + JsonSchema + 'static,
        Fut: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let erased = move |cx, variables: &Object, events| -> Pending<()> {
            match schema::inputs(variables) {
                Ok(inputs) => Box::pin(listen(cx, inputs, Emitter::new(events))),
                Err(failure) => Box::pin(future::err(failure)),
            }
        };
        let signature = Signature { inputs: Fields::read::<I>(), outputs: Fields::written::<O>() };
        self.code.events.insert(name, signature);
        self.events.insert(name, Box::new(erased));
        self
    }

    /// The variants of `E` are the codes of the BPMN errors that the actions raise.
    #[must_use]
    pub fn errors<E: Serialize + JsonSchema>(mut self) -> Self {
        self.code.errors.extend(schema::variants::<E>());
        self
    }

    /// The legacy output of the actions above that carries the text of a failure in `ERROR_MODE=output`.
    ///
    /// Where a connector has none it is `error` (`answers.md` 3).
    #[must_use]
    pub fn error_output(mut self, name: &'static str) -> Self {
        self.error_output = name;
        for signature in self.code.actions.values_mut() {
            signature.outputs.add(name, "string");
        }
        self
    }

    /// HTTP routes served beside health and metrics, for systems that call us.
    #[must_use]
    pub fn routes(mut self, routes: fn(Context<C>) -> Router) -> Self {
        self.routes = Some(routes);
        self
    }

    /// A further command of the binary, for those who operate it, e.g. `check`.
    ///
    /// What `execute` gives goes to standard output; a failure's text to standard error, with exit code 1.
    #[must_use]
    pub fn command<Fut>(
        mut self,
        command: clap::Command,
        execute: fn(Context<C>, ArgMatches) -> Fut,
    ) -> Self
    where
        Fut: Future<Output = Result<String, Failure>> + Send + 'static,
    {
        let erased: Execute<C> = Box::new(move |cx, given| Box::pin(execute(cx, given)));
        self.commands.push((command, erased));
        self
    }

    /// Every difference between the definition and the code; empty when they agree.
    pub fn drift(&self) -> Vec<String> {
        self.definition.drift(&self.code)
    }

    /// The whole of a connector's `main`.
    pub fn main(self) -> ExitCode {
        cli::execute(self)
    }

    pub(crate) fn definition(&self) -> (&Definition, &str) {
        (&self.definition, &self.text)
    }

    /// The connector's own settings, as its definition declares them.
    pub(crate) fn declared(&self) -> Vec<Declared> {
        self.definition.config.iter().map(Declared::from).collect()
    }

    /// What is wrong with the config; empty when all is well.
    pub(crate) fn problems(&self, environment: &Environment) -> Vec<Problem> {
        (self.connect)(&self.declared(), environment).err().unwrap_or_default()
    }

    /// The further commands of the binary.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &clap::Command> {
        self.commands.iter().map(|(command, _)| command)
    }

    /// Carries out one of the further commands.
    pub(crate) async fn execute(
        self,
        name: &str,
        given: ArgMatches,
        environment: &Environment,
    ) -> Result<Result<String, Failure>, Vec<Problem>> {
        let Connecting { clients, .. } = (self.connect)(&self.declared(), environment)?;
        let found = self.commands.into_iter().find(|(command, _)| command.get_name() == name);
        Ok(match (clients.await, found) {
            (Ok(clients), Some((_, execute))) => {
                let clients = Arc::new(clients);
                execute(Context { clients, call: Arc::default() }, given).await
            }
            (Ok(_), None) => Err(Failure::unknown(anyhow::anyhow!("no command `{name}`"))),
            (Err(failure), _) => Err(failure),
        })
    }

    /// Reads the config, makes the clients and forgets the types.
    pub(crate) async fn connect(
        self,
        environment: &Environment,
    ) -> Result<Result<Connected, Failure>, Vec<Problem>> {
        let Connecting { clients, effective } = (self.connect)(&self.declared(), environment)?;
        Ok(clients.await.map(|clients| self.connected(Arc::new(clients), effective)))
    }

    fn connected(self, clients: Arc<C>, effective: Object) -> Connected {
        let context = move |call| Context { clients: Arc::clone(&clients), call };
        let actions = self.actions.into_iter().map(|(name, run)| {
            let context = context.clone();
            let invoke: Box<Invoke> = Box::new(move |call, inputs| run(context(call), inputs));
            (name, invoke)
        });
        let arena_commands = self.arena_commands.into_iter().map(|command| {
            let context = context.clone();
            command.map(|run| -> Box<Invoke> {
                Box::new(move |call, inputs| run(context(call), inputs))
            })
        });
        let arena_commands = arena_commands.collect();
        let events = self.events.into_iter().map(|(name, listen)| {
            let context = context.clone();
            let subscribe: Box<Subscribe> =
                Box::new(move |inputs, events| listen(context(Arc::default()), inputs, events));
            (name, subscribe)
        });
        Connected {
            effective,
            error_output: self.error_output,
            routes: self.routes.map(|it| it(context(Arc::default()))).unwrap_or_default(),
            arena_commands,
            actions: actions.collect(),
            events: events.collect(),
            definition: self.definition,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing;

    /// The differences when `change` has been made to the definition of the test connector.
    fn check(change: impl FnOnce(&mut Value), expected: &[&str]) {
        let mut definition = testing::definition();
        change(&mut definition);
        let mut connector = testing::connector();
        connector.definition = serde_json::from_value(definition).unwrap();
        assert_eq!(connector.drift(), expected);
    }

    #[test]
    fn definition_and_code_agree() {
        check(|_| {}, &[]);
    }

    #[test]
    fn every_difference_is_told_in_words() {
        let run = "1";
        check(
            |it| it["errors"] = json!([]),
            &[
                "error `INVALID_INPUT`: not in the definition",
                "error `MISSING_INPUT`: not in the definition",
                "error `NOT_FOUND`: not in the definition",
                "error `UNKNOWN_ERROR`: not in the definition",
            ],
        );
        check(|it| it["config"] = json!([{"name": "TOKEN"}]), &["config `TOKEN`: not in the code"]);
        check(|it| it["actions"] = json!({}), &["action `RUN`: not in the definition"]);
        check(
            |it| it["actions"][run]["inputs"][0]["required"] = false.into(),
            &["RUN input `act`: only one side can do without it"],
        );
        check(
            |it| it["actions"][run]["inputs"][1]["type"] = "string".into(),
            &["RUN input `number`: string in the definition, integer in the code"],
        );
        check(
            |it| it["actions"][run]["outputs"][3]["name"] = "error".into(),
            &[
                "RUN output `error`: not in the code",
                "RUN output `testError`: not in the definition",
            ],
        );
    }

    #[test]
    #[should_panic(expected = "unknown field `descripton`")]
    fn a_misspelt_key_is_refused() {
        async fn connect(_config: Object) -> Result<(), Failure> {
            Ok(())
        }
        let mut definition = testing::definition();
        definition["descripton"] = "x".into();
        drop(Connector::new(&definition.to_string(), connect));
    }
}
