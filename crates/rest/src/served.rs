//! Actions that an import has described: the setting `DEFINITION` names the file, this carries them out.

mod style;
mod wire;

use std::sync::Arc;

use common::{Context, Failure, Object};
use http::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    client::Rest,
    error::invalid,
    flow::{self, Done},
    input::Input,
    operation::{MODEL, Operation},
};

/// The call behind `action` of a served definition.
///
/// # Errors
/// What is wrong with its `model`.
pub(crate) fn operation(action: &str, model: Option<&Value>) -> Result<Operation, String> {
    let Some(model) = model.and_then(|it| it.get(MODEL)) else {
        return Err(format!("action `{action}` has no `{MODEL}` in its `model`"));
    };
    let operation = Operation::deserialize(model)
        .map_err(|error| format!("action `{action}`: `model`: `{MODEL}`: {error}"))?;
    if Method::try_from(operation.method.as_str()).is_err() {
        let method = operation.method;
        return Err(format!("action `{action}`: `model`: `{MODEL}`: `{method}` is no method"));
    }
    Ok(operation)
}

/// Carries out an action of the served definition.
pub(crate) async fn run(
    rest: Context<Rest>,
    operation: Arc<Operation>,
    inputs: Object,
) -> Result<Object, Failure> {
    let connection =
        rest.connections.get(&operation.connection).map(|_| operation.connection.clone());
    // A connection knows the address, and keeps to it.
    let server = if connection.is_some() { "" } else { &operation.server };
    let call = wire::inputs(&operation, server, inputs)?;
    let method = Method::try_from(operation.method.as_str()).map_err(invalid)?;
    let mut input = Box::<Input>::deserialize(Value::Object(call)).map_err(invalid)?;
    input.connection = connection;
    let done = flow::run(&rest, method, input).await.map_err(renamed)?;
    Ok(outputs(&operation, done))
}

/// The outputs under their short names; members of the result where the definition lists them.
fn outputs(operation: &Operation, done: Done) -> Object {
    let Done { answer, reading, pages, file, mapped } = done;
    let mut outputs = Object::new();
    for name in &operation.outputs {
        let value = reading.result.get(name).cloned();
        outputs.extend(value.map(|value| (name.clone(), value)));
    }
    // Imported actions have no output of its own for it.
    let file = file.and_then(|it| serde_json::to_value(it).ok());
    outputs.insert("result".to_owned(), file.unwrap_or(reading.result));
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(model: Option<&Value>, expected: &str) {
        assert_eq!(operation("FIND", model).unwrap_err(), expected);
    }

    #[test]
    fn a_definition_without_calls_is_refused() {
        let told = "action `FIND` has no `x-http` in its `model`";
        refused(None, told);
        refused(Some(&json!({"type": "object"})), told);
        refused(
            Some(&json!({"x-http": {}})),
            "action `FIND`: `model`: `x-http`: missing field `method`",
        );
        refused(
            Some(&json!({"x-http": {"metod": "GET"}})),
            "action `FIND`: `model`: `x-http`: unknown field `metod`, expected one of `method`, \
             `path`, `connection`, `server`, `parameters`, `body`, `outputs`",
        );
        let wrong = json!({"method": "GET ME", "path": "/", "connection": "", "server": ""});
        refused(
            Some(&json!({"x-http": wrong})),
            "action `FIND`: `model`: `x-http`: `GET ME` is no method",
        );
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
