//! The definition's actions as the commands that Arena's modeler offers (§2).

use axum::body::Bytes;
use serde::Serialize;

use crate::{
    connector::Connected,
    definition::{Feature, Param},
};

/// The commands, and by which ids they are called.
pub(super) struct Catalogue {
    /// What `/v1/commands` answers; each opened editor asks for it.
    pub(super) json: Bytes,
    /// The connector's part of an id: the definition's name, and the instance's.
    connectors: [String; 2],
    actions: Vec<String>,
}

/// `description` and `errors` are ours, for people; Arena ignores what it doesn't know.
#[derive(Serialize)]
struct Command<'a> {
    id: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    parameters: Vec<Parameter<'a>>,
    errors: Vec<&'a str>,
}

#[derive(Serialize)]
struct Parameter<'a> {
    id: &'a str,
    r#type: &'static str,
    required: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
}

impl Catalogue {
    pub(super) fn new(connected: &Connected, instance: &str) -> Self {
        let definition = &connected.definition;
        // An id has one slash and becomes part of a URL as it is (§1).
        let plain = !instance.is_empty() && !instance.contains(['/', '?', '#', '%']);
        let connector = if plain { instance } else { &definition.name };
        let features = definition.actions.0.iter();
        let commands = features.clone().map(|Feature { name, description, inputs, .. }| Command {
            id: format!("{connector}/{name}"),
            description,
            parameters: inputs.iter().map(Parameter::from).collect(),
            errors: definition.error_codes().collect(),
        });
        let json = serde_json::to_vec(&commands.collect::<Vec<_>>())
            .unwrap_or_else(|error| unreachable!("texts are always JSON: {error}"));
        Self {
            json: json.into(),
            connectors: [definition.name.clone(), connector.to_owned()],
            actions: features.map(|it| it.name.clone()).collect(),
        }
    }

    /// The action that `id` calls.
    pub(super) fn action(&self, id: &str) -> Option<&str> {
        let (connector, command) = id.split_once('/')?;
        let action = self.actions.iter().find(|it| *it == command)?;
        self.connectors.iter().any(|it| it == connector).then_some(action.as_str())
    }
}

impl<'a> From<&'a Param> for Parameter<'a> {
    fn from(param: &'a Param) -> Self {
        let r#type = match param.r#type.as_str() {
            "string" => "str",
            "integer" => "int",
            "boolean" => "bool",
            _ => "any",
        };
        Self { id: &param.name, r#type, required: param.required, description: &param.description }
    }
}
