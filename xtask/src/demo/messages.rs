//! What an Activiti Cloud runtime bundle and a connector say to each other (`activiti-cloud.md` §2).

use serde_json::{Map, Value, json};

use super::steps::{Answer, Error};

/// `spring.application.name` of the runtime bundle that the demo plays.
const BUNDLE: &str = "demo";

/// Where the bundle wants results and errors.
pub(super) const ANSWERS_TO: [&str; 2] = ["integrationResult_demo", "integrationError_demo"];

/// The bundle's request for the action behind `destination`.
pub(super) fn request(id: &str, destination: &str, inputs: &Value) -> Value {
    let variables: Map<_, _> = inputs
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), encoded(value)))
        .collect();
    let [result, error] = ANSWERS_TO;
    json!({
        "appName": "demo-app",
        "appVersion": "1",
        "serviceName": BUNDLE,
        "serviceFullName": BUNDLE,
        "serviceType": "runtime-bundle",
        "serviceVersion": "",
        "integrationContext": {
            "id": id,
            "inBoundVariables": variables,
            "outBoundVariables": {},
            "processInstanceId": "demo-process",
            "rootProcessInstanceId": "demo-process",
            "processDefinitionId": "order:1:demo",
            "processDefinitionKey": "order",
            "processDefinitionVersion": 1,
            "executionId": format!("{id}-execution"),
            "businessKey": "4711",
            "clientId": "task",
            "clientName": "Task",
            "clientType": "ServiceTask",
            "appVersion": "1",
            "connectorType": destination,
        },
        "resultDestination": result,
        "errorDestination": error,
    })
}

/// The request's headers, those that connectors look at.
pub(super) fn headers(id: &str, destination: &str) -> Value {
    json!({
        "appName": "demo-app",
        "appVersion": "1",
        "connectorType": destination,
        "integrationContextId": id,
        "messagePayloadType": "org.activiti.cloud.api.process.model.impl.IntegrationRequestImpl",
        "processInstanceId": "demo-process",
        "serviceFullName": BUNDLE,
        "serviceName": BUNDLE,
        "serviceType": "runtime-bundle",
        "target-protocol": "amqp",
    })
}

/// The id of the request that `message` answers.
pub(super) fn id(message: &Value) -> &str {
    text(&message["integrationContext"]["id"])
}

/// A result or an error, as the process sees it.
pub(super) fn answer(message: &Value) -> Answer {
    let variables = message["integrationContext"]["outBoundVariables"].as_object();
    let outputs = variables.into_iter().flatten();
    let outputs = outputs.map(|(name, value)| (name.clone(), decoded(value))).collect();
    // Only errors have it.
    let error = message.get("errorClassName").map(|class| {
        let code = text(&message["errorCode"]);
        let code = if code.is_empty() { text(class) } else { code };
        Error { code: code.to_owned(), message: text(&message["errorMessage"]).to_owned() }
    });
    Answer { outputs, error }
}

/// A variable's type and text (§2.6), as the bundle writes them.
fn encoded(value: &Value) -> Value {
    let (kind, text) = match value {
        Value::Null => return Value::Null,
        Value::Bool(_) => ("boolean", value.to_string()),
        Value::Number(number) if number.is_i64() => ("integer", value.to_string()),
        Value::Number(_) => ("bigdecimal", value.to_string()),
        Value::String(text) => ("string", text.clone()),
        Value::Array(_) => ("list", value.to_string()),
        Value::Object(_) => ("map", value.to_string()),
    };
    json!({"type": kind, "value": text})
}

fn decoded(variable: &Value) -> Value {
    let text = text(&variable["value"]);
    match variable["type"].as_str() {
        None => variable.clone(),
        Some("string") => text.into(),
        Some(_) => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree;

    fn captured(name: &str) -> Value {
        let path = tree::root().join(format!("crates/common/samples/activiti/{name}.json"));
        serde_json::from_str(&tree::read(&path).unwrap()).unwrap()
    }

    fn check_error(sample: &str, code: &str, message: &str) {
        let error = answer(&captured(sample)["body"]).error.unwrap();
        assert_eq!((error.code.as_str(), error.message.as_str()), (code, message), "{sample}");
    }

    #[test]
    fn errors_are_told_by_code_and_technical_ones_by_class() {
        check_error("java-error-bpmn-sent", "BAD_REQUEST", "sent by the builder");
        check_error("java-error-runtime-sent", "java.lang.RuntimeException", "sent by the builder");
        check_error("java-error-nullmsg", "java.lang.RuntimeException", "");
    }

    #[test]
    fn results_are_decoded_by_type() {
        let message = captured("java-result-types");
        let answer = answer(&message["body"]);
        assert!(answer.error.is_none());
        for (name, expected) in [
            ("int", json!(42)),
            ("bool", json!(true)),
            ("list", json!(["a", 1, null])),
            ("text", json!("Grüße 🚀")),
            ("ld", json!("2026-11-21")),
        ] {
            assert_eq!(answer.outputs[name], expected, "{name}");
        }
        assert_eq!(id(&message["body"]), "deb65153-e5a9-11f1-b794-000000000000");
    }

    #[test]
    fn a_request_has_the_members_of_a_captured_one() {
        let names = |object: &Value| {
            let mut names: Vec<_> = object.as_object().unwrap().keys().cloned().collect();
            names.sort();
            names
        };
        let captured = captured("request-bench");
        let request = request("1", "rest-connector.GET", &json!({"orderId": "ORD-42"}));
        assert_eq!(names(&request), names(&captured["body"]));
        let context = |body: &Value| body["integrationContext"].clone();
        assert_eq!(names(&context(&request)), names(&context(&captured["body"])));
        let variable = |body: &Value| context(body)["inBoundVariables"]["orderId"].clone();
        assert_eq!(variable(&request), variable(&captured["body"]));
        let headers = headers("1", "rest-connector.GET");
        for name in names(&headers) {
            assert!(captured["headers"].get(&name).is_some(), "{name}");
        }
    }

    #[test]
    fn variables_are_text_with_a_type() {
        for (value, kind, text) in [
            (json!(true), "boolean", "true"),
            (json!(7), "integer", "7"),
            (json!(19.9), "bigdecimal", "19.9"),
            (json!({"a": [1]}), "map", r#"{"a":[1]}"#),
            (json!([1, "b"]), "list", r#"[1,"b"]"#),
        ] {
            assert_eq!(encoded(&value), json!({"type": kind, "value": text}));
        }
        assert_eq!(encoded(&Value::Null), Value::Null);
    }
}
