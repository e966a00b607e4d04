//! Actions that an import has described: the setting `DEFINITION` names the file, this carries them out.

mod style;
mod wire;

use std::collections::HashMap;

use common::{Context, Failure, Object};
use http::Method;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    client::Rest,
    error::invalid,
    flow::{self, Done},
    input::Input,
    operation::{MODEL, Operation},
};

/// The operations behind the actions of a served definition, by the actions' names.
#[derive(Debug, Default, JsonSchema)]
#[schemars(with = "String")]
pub(crate) struct Operations(HashMap<String, Operation>);

impl Operations {
    /// The operations of the definition that is the file `path`.
    ///
    /// # Errors
    /// What is wrong with the file, or with the `model` of one of its actions.
    pub(crate) fn read(path: &str) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("file {path}: {}", error.kind()))?;
        Self::parse(&text).map_err(|problem| format!("file {path}: {problem}"))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let definition: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let actions = definition["actions"].as_object().into_iter().flatten();
        let operation = |(_, action): (&String, &Value)| {
            let name = action["name"].as_str().unwrap_or_default();
            let model = &action["model"][MODEL];
            if model.is_null() {
                return Err(format!("action `{name}` has no `{MODEL}` in its `model`"));
            }
            let operation = Operation::deserialize(model)
                .map_err(|error| format!("action `{name}`: `model`: `{MODEL}`: {error}"))?;
            Ok((name.to_owned(), operation))
        };
        actions.map(operation).collect::<Result<_, _>>().map(Self)
    }
}

/// Carries out `action` of the served definition.
pub(crate) async fn run(
    rest: Context<Rest>,
    action: String,
    inputs: Object,
) -> Result<Object, Failure> {
    let operation = rest.operations.0.get(&action);
    let mut operation = operation.ok_or_else(|| unmapped(&action))?.clone();
    let connection =
        rest.connections.get(&operation.connection).map(|_| operation.connection.clone());
    if connection.is_some() {
        // The connection knows the address, and keeps to it.
        operation.server.clear();
    }
    let method = Method::try_from(operation.method.as_str()).map_err(|_| unmapped(&action))?;
    let call = wire::inputs(&operation, inputs)?;
    let mut input = Input::deserialize(Value::Object(call)).map_err(invalid)?;
    input.connection = connection;
    let done = flow::run(&rest, method, input).await.map_err(renamed)?;
    Ok(outputs(&operation, done))
}

/// The outputs under their short names; members of the result where the definition lists them.
fn outputs(operation: &Operation, done: Done) -> Object {
    let Done { answer, reading, pages, mapped } = done;
    let mut outputs = Object::new();
    for name in &operation.outputs {
        let value = reading.result.get(name).cloned();
        outputs.extend(value.map(|value| (name.clone(), value)));
    }
    outputs.insert("result".to_owned(), reading.result);
    outputs.insert("status".to_owned(), answer.status.as_u16().into());
    outputs.insert("headers".to_owned(), answer.header_object().into());
    outputs.extend(pages.map(|it| ("pages".to_owned(), it.into())));
    outputs.extend(mapped);
    outputs
}

/// What is known in spite of a failure, under the names of an imported action's outputs.
fn renamed(failure: Failure) -> Failure {
    let mut outputs = Object::new();
    for (from, to) in
        [("restResult", "result"), ("restStatus", "status"), ("responseHeaders", "headers")]
    {
        let value = failure.report().outputs.get(from).cloned();
        outputs.extend(value.map(|value| (to.to_owned(), value)));
    }
    failure.with_outputs(outputs)
}

fn unmapped(action: &str) -> Failure {
    let text = format!("the definition does not say what call `{action}` is");
    Failure::permanent("UNKNOWN_ERROR", anyhow::anyhow!(text.clone())).with_note(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(definition: &Value, expected: &str) {
        assert_eq!(Operations::parse(&definition.to_string()).unwrap_err(), expected);
    }

    #[test]
    fn a_definition_without_calls_is_refused() {
        let action = |model: Value| json!({"actions": {"1": {"name": "FIND", "model": model}}});
        let told = "action `FIND` has no `x-http` in its `model`";
        refused(&action(Value::Null), told);
        refused(&action(json!({"type": "object"})), told);
        refused(
            &action(json!({"x-http": {}})),
            "action `FIND`: `model`: `x-http`: missing field `method`",
        );
        refused(
            &action(json!({"x-http": {"metod": "GET"}})),
            "action `FIND`: `model`: `x-http`: unknown field `metod`, expected one of `method`, \
             `path`, `connection`, `server`, `parameters`, `body`, `outputs`",
        );
        let error = Operations::read("/nowhere.json").unwrap_err();
        assert_eq!(error, "file /nowhere.json: entity not found");
    }

    #[test]
    fn what_is_known_of_a_failed_call_has_the_names_of_the_outputs() {
        let known = json!({"restResult": {"a": 1}, "restStatus": 404, "responseHeaders": {},
            "restResponseHeaders": {}});
        let failure =
            Failure::business("NOT_FOUND", "x").with_outputs(known.as_object().unwrap().clone());
        let outputs = Value::Object(renamed(failure).report().outputs.clone());
        assert_eq!(outputs, json!({"result": {"a": 1}, "status": 404, "headers": {}}));
    }
}
