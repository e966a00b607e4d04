//! Commands under ids of SpiffArena's own, beside the actions: what stored diagrams call the Python connectors by.

use futures_util::future;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    Connector, Context, Failure, Object,
    connector::{Pending, Run},
    schema::{self, Field, Fields, ReadError},
};

/// The code for parameters that do not fit (`spiffarena-connector-proxy.md` §3); it is Python's.
const TYPE_ERROR: &str = "TypeError";

/// What such a command answers: the members of `command_response` (`spiffarena-connector-proxy.md` §4).
///
/// As the outputs of a failure, it is what is answered beside the error.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// Not interpreted by Arena: a text stays a text.
    pub body: Value,
    /// From 100 to 599; Arena takes 300 and more for a failure.
    pub http_status: u16,
    /// Told only where the command promises them.
    pub headers: Option<Object>,
}

/// A command, its parameters in the order in which Arena's modeler writes them, and what carries it out.
pub(crate) struct ArenaCommand<R> {
    pub(crate) id: &'static str,
    pub(crate) parameters: Vec<(String, Field)>,
    pub(crate) run: R,
}

impl<C: Send + Sync + 'static> Connector<C> {
    /// SpiffArena calls the function `run` by `id`, e.g. `http/GetRequestV2`; the fields of `I` are its parameters.
    ///
    /// Parameters that are missing, unknown or of another type are a `TypeError`, as they are in Python.
    /// A failure's outputs are a [`Reply`] too, or empty.
    #[must_use]
    pub fn arena_command<I, Fut>(mut self, id: &'static str, run: fn(Context<C>, I) -> Fut) -> Self
    where
        I: DeserializeOwned + JsonSchema + Send + 'static,
        Fut: Future<Output = Result<Reply, Failure>> + Send + 'static,
    {
        let parameters = Fields::in_order::<I>();
        let expected = parameters.iter().map(|(name, it)| (name.clone(), it.required)).collect();
        let erased: Run<C> = Box::new(move |cx, given| -> Pending<Object> {
            match read(given, &expected) {
                Ok(input) => Box::pin(async move { Ok(run(cx, input).await?.into()) }),
                Err(text) => {
                    Box::pin(future::err(Failure::permanent(TYPE_ERROR, anyhow::anyhow!(text))))
                }
            }
        });
        self.arena_commands.push(ArenaCommand { id, parameters, run: erased });
        self
    }
}

/// The parameters; else, in words, which of them does not fit.
fn read<I: DeserializeOwned>(given: &Object, expected: &Vec<(String, bool)>) -> Result<I, String> {
    for (name, required) in expected {
        if *required && !given.contains_key(name) {
            return Err(format!("`{name}` is missing"));
        }
    }
    if let Some(name) = given.keys().find(|it| !expected.iter().any(|(name, _)| name == *it)) {
        let known: Vec<_> = expected.iter().map(|(name, _)| name.as_str()).collect();
        return Err(format!("`{name}` is no parameter; there are {}", known.join(", ")));
    }
    schema::from_object(given).map_err(|error| match error {
        ReadError::Missing { name } => format!("`{name}` is missing"),
        ReadError::Invalid { path, why } => format!("`{path}`: {why}"),
    })
}

impl<R> ArenaCommand<R> {
    pub(crate) fn map<T>(self, change: impl FnOnce(R) -> T) -> ArenaCommand<T> {
        ArenaCommand { id: self.id, parameters: self.parameters, run: change(self.run) }
    }
}

impl Reply {
    /// The reply that `outputs` are; an empty body and `http_status` where they say nothing.
    pub(crate) fn of(mut outputs: Object, http_status: u16) -> Self {
        let body = outputs.remove("body").unwrap_or_else(|| Object::new().into());
        let own = outputs.get("http_status").and_then(Value::as_u64);
        let own = own.and_then(|it| u16::try_from(it).ok());
        let headers = match outputs.remove("headers") {
            Some(Value::Object(headers)) => Some(headers),
            _ => None,
        };
        Self { body, http_status: own.unwrap_or(http_status), headers }
    }
}

impl From<Reply> for Object {
    fn from(Reply { body, http_status, headers }: Reply) -> Self {
        let mut members = Self::new();
        members.insert("body".to_owned(), body);
        members.insert("http_status".to_owned(), http_status.into());
        members.extend(headers.map(|it| ("headers".to_owned(), it.into())));
        members
    }
}
