//! The published schema of the connector-proxy protocol, in our own transcription (contract §1).

use jsonschema::Validator;
use serde_json::{Value, json};

/// An answer of `/v1/commands` and `/v1/auths`.
pub(crate) fn catalog() -> Validator {
    let parameter = json!({
        "type": "object",
        "required": ["id", "type", "required"],
        "properties": {
            "id": {"type": "string"},
            "type": {"enum": ["str", "int", "bool", "any"]},
            "required": {"type": "boolean"}
        }
    });
    let command = json!({
        "type": "object",
        "required": ["id", "parameters"],
        "properties": {
            "id": {"type": "string", "pattern": "^[^/]+/[^/]+$"},
            "parameters": {"type": "array", "items": parameter}
        }
    });
    validator(&json!({"type": "array", "items": command}))
}

/// What a command answered, success or failure.
pub(crate) fn dispatched() -> Validator {
    let response = json!({
        "type": "object",
        "required": ["body", "mimetype"],
        "properties": {
            "mimetype": {"type": "string", "minLength": 1},
            "http_status": {"type": "integer", "minimum": 100, "maximum": 599},
            "headers": {"type": "object"}
        }
    });
    validator(&json!({
        "type": "object",
        "required": ["command_response", "command_response_version", "error", "spiff__logs"],
        "properties": {
            "command_response": response,
            "command_response_version": {"const": 2},
            "error": {"anyOf": [{"type": "null"}, error()]},
            "spiff__logs": {"type": "array", "items": {"type": "string"}}
        }
    }))
}

/// What is answered where no command ran.
pub(crate) fn refused() -> Validator {
    validator(&json!({
        "type": "object",
        "required": ["command_response", "error"],
        "properties": {"command_response": {"type": "object"}, "error": error()}
    }))
}

fn error() -> Value {
    json!({
        "type": "object",
        "required": ["error_code", "message"],
        "properties": {
            "error_code": {"type": "string", "minLength": 1},
            "message": {"type": "string"}
        }
    })
}

fn validator(schema: &Value) -> Validator {
    jsonschema::validator_for(schema).unwrap()
}
