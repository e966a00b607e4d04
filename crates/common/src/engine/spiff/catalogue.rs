//! The definition's actions as the commands that Arena's modeler offers (§2).

use axum::body::Bytes;
use serde::Serialize;

use super::envelope::OutputShape;
use crate::{
    connected::Connected,
    definition::{Feature, Param},
    schema::Field,
};

/// The commands, and by which ids they are called.
pub(super) struct Catalogue {
    /// What `/v1/commands` answers; each opened editor asks for it.
    pub(super) json: Bytes,
    /// The connector's part of an id: the definition's name, and the instance's.
    connectors: [String; 2],
    actions: Vec<String>,
    /// The ids of Arena's own.
    own: Vec<&'static str>,
}

/// `description` and `errors` are ours, for people; Arena ignores what it doesn't know.
#[derive(Serialize)]
struct Command<'a> {
    id: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    parameters: Vec<Parameter<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
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
        let own = connected.arena_commands.iter().map(|it| Command {
            id: it.id.to_owned(),
            description: "",
            parameters: it.parameters.iter().map(Parameter::from).collect(),
            errors: Vec::new(),
        });
        let json = serde_json::to_vec(&commands.chain(own).collect::<Vec<_>>())
            .unwrap_or_else(|error| unreachable!("texts are always JSON: {error}"));
        Self {
            json: json.into(),
            connectors: [definition.name.clone(), connector.to_owned()],
            actions: features.map(|it| it.name.clone()).collect(),
            own: connected.arena_commands.iter().map(|it| it.id).collect(),
        }
    }

    /// The action or the command of Arena's own that `id` calls, and what its outputs are.
    pub(super) fn find(&self, id: &str) -> Option<(&str, OutputShape)> {
        if let Some(own) = self.own.iter().find(|it| **it == id) {
            return Some((own, OutputShape::Reply));
        }
        let (connector, command) = id.split_once('/')?;
        let action = self.actions.iter().find(|it| *it == command)?;
        let is_ours = self.connectors.iter().any(|it| it == connector);
        is_ours.then_some((action.as_str(), OutputShape::Variables))
    }
}

impl<'a> From<&'a Param> for Parameter<'a> {
    fn from(param: &'a Param) -> Self {
        let r#type = in_python(&param.r#type);
        Self { id: &param.name, r#type, required: param.required, description: &param.description }
    }
}

impl<'a> From<&'a (String, Field)> for Parameter<'a> {
    fn from((id, Field { kind, required }): &'a (String, Field)) -> Self {
        Self { id, r#type: in_python(kind), required: *required, description: "" }
    }
}

fn in_python(kind: &str) -> &'static str {
    match kind {
        "string" => "str",
        "integer" => "int",
        "boolean" => "bool",
        _ => "any",
    }
}
