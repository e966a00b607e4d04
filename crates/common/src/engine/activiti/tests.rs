use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};

use super::{
    answer::{BPMN_ERROR, MESSAGE_CHARS_MAX, TECHNICAL_ERROR},
    *,
};
use crate::testing;

/// A captured message of `samples/activiti`.
fn sample(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/activiti").join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn body(name: &str) -> Vec<u8> {
    sample(&format!("{name}.json"))["body"].to_string().into_bytes()
}

fn activiti(change: impl FnOnce(&mut Settings)) -> Activiti {
    let mut settings = Settings::default();
    change(&mut settings);
    let definition: Definition = serde_json::from_value(testing::definition()).unwrap();
    let destinations = Destinations::new(&settings, &definition.name).unwrap();
    Activiti::new(&settings, &destinations, &definition)
}

/// The answer to a captured request, and its body.
fn answer(activiti: &Activiti, name: &str, outcome: Result<Object, Failure>) -> (Answer, Value) {
    let body = body(name);
    let request = activiti.decode(&body).unwrap();
    let definition: Definition = serde_json::from_value(testing::definition()).unwrap();
    let answer = activiti.answer(&request, definition.action("RUN"), outcome, None);
    let body = serde_json::from_slice(&answer.body).unwrap();
    (answer, body)
}

fn outputs(value: Value) -> Object {
    let Value::Object(outputs) = value else { panic!("outputs are an object") };
    outputs
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The error code and message of the answer to `request-bench`.
fn error_of(activiti: &Activiti, outcome: Result<Object, Failure>) -> (String, String) {
    let (_, body) = answer(activiti, "request-bench", outcome);
    let text = |name: &str| body[name].as_str().unwrap_or("none").to_owned();
    (text("errorCode"), text("errorMessage"))
}

#[test]
fn every_captured_request_decodes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/activiti");
    let names = fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name());
    let names = names.filter_map(|it| it.into_string().ok());
    let mut n_requests = 0;
    let suffix = |name: &str| name.rsplit_once('.').is_some_and(|(_, it)| it == "json");
    for name in names.filter(|it| it.contains("request") && suffix(it)) {
        let sample = sample(&name);
        let body = sample["body"].to_string();
        let activiti = activiti(|_| {});
        let mut request = activiti.decode(body.as_bytes()).unwrap();
        let context = &sample["body"]["integrationContext"];
        assert_eq!(request.id, context["id"], "{name}");
        assert_eq!(request.connector_type, context["connectorType"], "{name}");
        let variables = context["inBoundVariables"].as_object().unwrap();
        let neutral = request.neutral("RUN".to_owned()).unwrap();
        let same = neutral.inputs.keys().eq(variables.keys());
        assert!(same, "{name}: {:?}", neutral.inputs);
        assert_eq!(neutral.business_key.as_deref(), context["businessKey"].as_str(), "{name}");
        assert!(!request.unreadable_inputs, "{name}");
        n_requests += 1;
    }
    assert!(n_requests >= 12, "{n_requests}");
}

#[test]
fn a_result_has_the_shape_of_a_java_result() {
    let java = sample("java-result-constant.json");
    let (answer, ours) =
        answer(&activiti(|_| {}), "java-request", Ok(outputs(json!({"value": "ok"}))));
    assert_eq!(keys(&ours), keys(&java["body"]));
    assert_eq!(keys(&ours["integrationContext"]), keys(&java["body"]["integrationContext"]));
    let mut copy = keys(&java["body"]["integrationRequest"]["integrationContext"]);
    // Nobody reads them there (`decisions.md` "Activiti answers").
    copy.retain(|it| !it.ends_with("BoundVariables"));
    assert_eq!(keys(&ours["integrationRequest"]["integrationContext"]), copy);
    assert_eq!(keys(&ours["integrationRequest"]), keys(&java["body"]["integrationRequest"]));
    assert_eq!(ours["serviceType"], "connector");
    assert_eq!(answer.destination, "integrationResult_rb-probe");
    let expected = json!({"value": {"type": "string", "value": "ok"}});
    assert_eq!(ours["integrationContext"]["outBoundVariables"], expected);
}

#[test]
fn the_headers_are_those_of_the_contract_and_no_others() {
    let (answer, _) = answer(&activiti(|_| {}), "request-bench", Ok(Object::new()));
    let expected = [
        ("targetAppName", "probe-app"),
        ("targetService", "rb-probe"),
        ("spring.cloud.function.destination", "integrationResult_rb-probe"),
    ];
    assert_eq!(answer.headers, expected.map(|(name, value)| (name, value.to_owned())));
}

#[test]
fn the_request_is_echoed_with_members_nobody_knows() {
    let mut request = sample("request-all-model-types.json")["body"].clone();
    request["newMember"] = json!({"a": [1.10, null]});
    request["integrationContext"]["ephemeralVariables"] = true.into();
    request["integrationContext"]["newMember"] = json!("ü\u{1F680}");
    let text = request.to_string().into_bytes();
    let activiti = activiti(|_| {});
    let decoded = activiti.decode(&text).unwrap();
    let answer = activiti.answer(&decoded, None, Ok(outputs(json!({"x": 1}))), None);
    let ours: Value = serde_json::from_slice(&answer.body).unwrap();
    let mut context = request["integrationContext"].clone();
    context["outBoundVariables"] = json!({"x": {"type": "integer", "value": "1"}});
    assert_eq!(ours["integrationContext"], context);
    assert_eq!(ours["integrationRequest"]["newMember"], request["newMember"]);
}

#[test]
fn a_result_is_never_without_an_output() {
    let (_, body) = answer(&activiti(|_| {}), "request-bench", Ok(Object::new()));
    assert_eq!(body["integrationContext"]["outBoundVariables"], json!({"value": null}));
}

#[test]
fn every_failure_is_a_bpmn_error_with_its_code() {
    let activiti = activiti(|_| {});
    for (failure, code, message) in [
        (Failure::business("NOT_FOUND", "no such order"), "NOT_FOUND", "no such order"),
        (Failure::transient("BAD_GATEWAY", anyhow::anyhow!("502")), "BAD_GATEWAY", "502"),
        (
            Failure::permanent("UNKNOWN_ERROR", anyhow::anyhow!("")),
            "UNKNOWN_ERROR",
            "UNKNOWN_ERROR",
        ),
    ] {
        let (answer, body) = answer(&activiti, "request-bench", Err(failure));
        assert_eq!(answer.destination, "integrationError_rb-probe");
        assert_eq!(body["errorClassName"], BPMN_ERROR);
        assert_eq!(body["errorCode"], code);
        assert_eq!(body["errorMessage"], message);
        let java = sample("java-error-bpmn-thrown.json");
        let mut expected = keys(&java["body"]);
        // The Java builder forgets it.
        expected.insert("appName");
        assert_eq!(keys(&body), expected);
        let element = &body["stackTraceElements"][0];
        assert!(element["className"].is_string() && element["methodName"].is_string());
        assert_eq!(body["integrationContext"]["outBoundVariables"], json!({}));
    }
}

#[test]
fn a_panic_is_a_technical_error_with_a_text() {
    let (_, body) =
        answer(&activiti(|_| {}), "request-bench", Err(Failure::technical("the action panicked")));
    assert_eq!(body["errorClassName"], TECHNICAL_ERROR);
    assert_eq!(body.get("errorCode"), None);
    assert_eq!(body["errorMessage"], "the action panicked");
    assert!(body["stackTraceElements"].is_array());
}

#[test]
fn long_codes_and_texts_are_cut() {
    let long = Failure::business("X".repeat(300), "ü".repeat(10_000));
    let (code, message) = error_of(&activiti(|_| {}), Err(long));
    assert_eq!((code.len(), message.chars().count()), (255, MESSAGE_CHARS_MAX));
}

#[test]
fn expressions_in_outputs_are_neutralised_or_refused() {
    let value = json!({"value": {"deep": ["cost ${x}", "#{y}", "${open"]}});
    let (_, body) = answer(&activiti(|_| {}), "request-bench", Ok(outputs(value.clone())));
    let text = body["integrationContext"]["outBoundVariables"]["value"]["value"].as_str().unwrap();
    let sent: Value = serde_json::from_str(text).unwrap();
    assert_eq!(sent, json!({"deep": ["cost $\\{x}", "#{y}", "${open"]}));

    let strict = activiti(|it| it.output_expressions = OutputExpressions::Error);
    let (code, message) = error_of(&strict, Ok(outputs(value)));
    assert_eq!(code, "UNKNOWN_ERROR");
    assert_eq!(message, "output `value` holds `${…}`, which the engine refuses");
}

#[test]
fn an_answer_too_large_leaves_the_inputs_out_and_then_becomes_an_error() {
    let plain = answer(&activiti(|_| {}), "request-all-java-types", Ok(Object::new())).0.body.len();
    let tight = activiti(|it| it.answer_bytes_max.0 = plain as u64 - 1);
    let (small, body) = answer(&tight, "request-all-java-types", Ok(Object::new()));
    assert!(small.body.len() < plain);
    assert_eq!(body["integrationContext"]["inBoundVariables"], json!({}));
    assert_eq!(small.destination, "integrationResult_rb-probe");

    let big = outputs(json!({"value": "x".repeat(20_000), "attempt": 1}));
    let (error, body) = answer(&tight, "request-all-java-types", Ok(big));
    assert_eq!(error.destination, "integrationError_rb-probe");
    let text = body["errorMessage"].as_str().unwrap();
    assert!(text.contains("ANSWER_BYTES_MAX") && text.ends_with("put `value` in a file"), "{text}");

    let tiny = activiti(|it| it.answer_bytes_max.0 = 10);
    let (_, body) = answer(&tiny, "request-all-java-types", Ok(Object::new()));
    let ids = ["clientId", "executionId", "id", "inBoundVariables", "outBoundVariables"];
    assert!(keys(&body["integrationContext"]).is_subset(&ids.into()), "{body}");
    assert_eq!(body["errorClassName"], BPMN_ERROR);
}

#[test]
fn an_old_bundle_is_answered_by_its_name() {
    let mut request = sample("request-bench.json")["body"].clone();
    for gone in ["resultDestination", "errorDestination"] {
        request.as_object_mut().unwrap().remove(gone);
    }
    let text = request.to_string().into_bytes();
    for (activiti, expected) in [
        (activiti(|_| {}), "integrationResult_rb-probe integrationError_rb-probe"),
        (
            activiti(|it| it.destination_separator = ".".to_owned()),
            "integrationResult.rb-probe integrationError.rb-probe",
        ),
    ] {
        let request = activiti.decode(&text).unwrap();
        let got = format!("{} {}", request.result_destination, request.error_destination);
        assert_eq!(got, expected);
    }
}

#[test]
fn the_operators_destinations_win() {
    let activiti = activiti(|it| {
        it.result_destination = Some("results".to_owned());
        it.error_destination = Some("errors".to_owned());
    });
    let (result, _) = answer(&activiti, "request-bench", Ok(Object::new()));
    let (error, _) = answer(&activiti, "request-bench", Err(Failure::business("GONE", "x")));
    assert_eq!((result.destination.as_str(), error.destination.as_str()), ("results", "errors"));
}

#[test]
fn what_cannot_be_answered_says_why() {
    let context = |context: Value| json!({"integrationContext": context}).to_string();
    for (body, expected) in [
        ("{oops".to_owned(), "not JSON at line 1 column 2"),
        ("[]".to_owned(), "not JSON at line 1 column 0"),
        ("{}".to_owned(), "no integrationContext"),
        (context(json!("x")), "integrationContext is no object"),
        (context(json!({"id": 5})), "integrationContext.id is no text"),
        (context(json!({"id": "i"})), "no reply address: neither destinations nor serviceFullName"),
    ] {
        assert_eq!(activiti(|_| {}).decode(body.as_bytes()).unwrap_err(), expected, "{body}");
    }
}

#[test]
fn null_everywhere_counts_as_absent() {
    let body = json!({
        "integrationContext": {"id": "i", "inBoundVariables": null, "businessKey": null, "connectorType": null},
        "serviceFullName": "rb", "resultDestination": null, "errorDestination": null, "appName": null,
    });
    let text = body.to_string().into_bytes();
    let activiti = activiti(|_| {});
    let mut request = activiti.decode(&text).unwrap();
    assert!(request.neutral("RUN".to_owned()).unwrap().inputs.is_empty());
    let answer = activiti.answer(&request, None, Ok(Object::new()), Some("00-a-b-01".to_owned()));
    assert_eq!(answer.destination, "integrationResult_rb");
    assert_eq!(answer.headers[3], ("traceparent", "00-a-b-01".to_owned()));
}

#[test]
fn an_unreadable_input_is_a_technical_error_that_does_not_echo_it() {
    let body = json!({
        "integrationContext": {"id": "i", "inBoundVariables": {"n": {"type": "integer", "value": "PII"}}},
        "serviceFullName": "rb",
    });
    let text = body.to_string().into_bytes();
    let activiti = activiti(|_| {});
    let mut request = activiti.decode(&text).unwrap();
    let failure = request.neutral("RUN".to_owned()).unwrap_err();
    assert!(failure.is_technical());
    let answer = activiti.answer(&request, None, Err(failure), None);
    let text = String::from_utf8(answer.body).unwrap();
    assert!(
        text.contains("input `n`: not readable as `integer`") && !text.contains("PII"),
        "{text}"
    );
    assert!(text.contains(r#""inBoundVariables":{}"#), "{text}");
}

#[test]
fn versions_are_admitted_when_nobody_says_otherwise() {
    for (min, max, version, expected) in [
        (None, None, None, true),
        (Some("2"), None, Some("1"), false),
        (Some("2"), None, Some("10"), true),
        (Some("2"), Some("3.1"), Some("3.1.0"), false),
        (None, Some("3.1"), Some("3.0.9"), true),
        (Some("1"), None, None, false),
    ] {
        let activiti = activiti(|it| {
            it.application_min_version = min.map(String::from);
            it.application_max_version = max.map(String::from);
        });
        assert_eq!(activiti.admits(version), expected, "{min:?} {max:?} {version:?}");
    }
}
