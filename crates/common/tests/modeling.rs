//! Definitions as modelers and runtimes take them (§11 D2 of the engine's contract).
#![cfg(test)]

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};

fn validator() -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/modeling/connector.schema.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn every_definition_passes_the_modeling_schema() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../definitions");
    let validator = validator();
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|it| it != "json") {
            continue;
        }
        let definition: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let errors: Vec<_> = validator.iter_errors(&definition).map(|it| it.to_string()).collect();
        assert_eq!(errors, [""; 0], "{}", path.display());
        let name = definition["name"].as_str().unwrap().to_owned();
        assert!(!name.contains('.'), "{name}: the runtime refuses a dot");
        assert!(names.insert(name), "the runtime refuses a second connector of a name");
        for (id, action) in definition["actions"].as_object().unwrap() {
            assert_eq!(action["id"], id.as_str(), "{}", path.display());
        }
    }
    assert!(names.contains("rest-connector"), "{names:?}");
}

#[test]
fn what_the_modeler_refuses_is_refused() {
    let validator = validator();
    for (definition, expected) in [
        (json!({}), "\"name\" is a required property"),
        (json!({"name": "restConnector"}), "does not match"),
        (json!({"name": "a".repeat(27)}), "longer than 26 characters"),
        (json!({"name": "a", "icon": "x"}), "'icon' was unexpected"),
        (json!({"name": "a", "actions": {"1": {"name": "GET"}}}), "\"id\" is a required property"),
        (
            json!({"name": "a", "actions": {"1": {"id": "1", "name": "GET", "input": []}}}),
            "unexpected",
        ),
        (json!({"name": "a", "config": [{"name": "A", "value": 1}]}), "is not of type \"string\""),
    ] {
        let errors: Vec<_> = validator.iter_errors(&definition).map(|it| it.to_string()).collect();
        assert!(errors.iter().any(|it| it.contains(expected)), "{definition}: {errors:?}");
    }
}
