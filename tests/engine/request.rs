//! What a runtime bundle sends to a connector, made from a captured message.

use std::{fs, path::Path};

use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable},
};
use serde_json::{Map, Value, json};

/// An integration request before it is sent.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) body: Value,
    pub(crate) headers: FieldTable,
    pub(crate) properties: BasicProperties,
    /// Sent instead of `body`, where a test wants bytes of its own.
    pub(crate) bytes: Option<Vec<u8>>,
}

impl Request {
    /// The message of that name in `crates/common/samples/activiti`, as it was on the wire.
    pub(crate) fn captured(name: &str) -> Self {
        let sample = sample(&format!("{name}.json"));
        let properties = &sample["properties"];
        Self {
            body: sample["body"].clone(),
            headers: headers(&sample["headers"]),
            properties: BasicProperties::default()
                .with_content_type(properties["content_type"].as_str().unwrap().into())
                .with_delivery_mode(2)
                .with_priority(0)
                .with_message_id(properties["message_id"].as_str().unwrap().into())
                .with_timestamp(properties["timestamp"].as_u64().unwrap()),
            bytes: fs::read(folder().join(format!("{name}.raw"))).ok(),
        }
    }

    /// A member of the integration context; its copy in the headers is the caller's business.
    pub(crate) fn context(mut self, name: &str, value: Value) -> Self {
        self.body["integrationContext"][name] = value;
        self.bytes = None;
        self
    }

    pub(crate) fn without_context(mut self, name: &str) -> Self {
        self.body["integrationContext"].as_object_mut().unwrap().shift_remove(name);
        self.bytes = None;
        self
    }

    /// A member of the request beside the context.
    pub(crate) fn member(mut self, name: &str, value: Value) -> Self {
        self.body[name] = value;
        self.bytes = None;
        self
    }

    pub(crate) fn without_member(mut self, name: &str) -> Self {
        self.body.as_object_mut().unwrap().shift_remove(name);
        self.bytes = None;
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.into(), AMQPValue::LongString(value.into()));
        self
    }

    /// A process variable in exactly this encoding.
    pub(crate) fn variable(mut self, name: &str, encoded: Value) -> Self {
        self.body["integrationContext"]["inBoundVariables"][name] = encoded;
        self.bytes = None;
        self
    }

    /// Instead of the sample's variables these, encoded as the bundle encodes modelled ones.
    pub(crate) fn inputs(self, inputs: &Value) -> Self {
        let mut variables = Map::new();
        for (name, value) in inputs.as_object().unwrap() {
            // A variable without a value is never sent.
            if !value.is_null() {
                variables.insert(name.clone(), typed(value));
            }
        }
        self.context("inBoundVariables", Value::Object(variables))
    }

    /// These bytes instead of JSON.
    pub(crate) fn bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.bytes = Some(bytes.into());
        self
    }

    pub(crate) fn encoding(mut self, name: &str) -> Self {
        self.properties = self.properties.with_content_encoding(name.into());
        self
    }

    pub(crate) fn payload(&self) -> Vec<u8> {
        self.bytes.clone().unwrap_or_else(|| self.body.to_string().into_bytes())
    }

    pub(crate) fn id(&self) -> &str {
        self.body["integrationContext"]["id"].as_str().unwrap_or_default()
    }
}

/// A file of `crates/common/samples/activiti`.
pub(crate) fn sample(file: &str) -> Value {
    let path = folder().join(file);
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// The names of all captured requests.
pub(crate) fn captured_requests() -> Vec<String> {
    let files = fs::read_dir(folder()).unwrap();
    let names = files.filter_map(|file| file.unwrap().file_name().into_string().ok());
    let mut names: Vec<String> = names
        .filter(|name| name.starts_with("request-"))
        .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
        .collect();
    names.sort();
    names
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/common/samples/activiti"))
}

fn headers(captured: &Value) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, field) in captured.as_object().unwrap() {
        let value = match field["type"].as_str().unwrap() {
            "longstr" => AMQPValue::LongString(field["value"].as_str().unwrap().into()),
            "int32" => AMQPValue::LongInt(field["value"].as_i64().unwrap().try_into().unwrap()),
            other => panic!("header {name} has type {other}"),
        };
        table.insert(name.as_str().into(), value);
    }
    table
}

fn typed(value: &Value) -> Value {
    let kind = match value {
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() => "integer",
        Value::Number(_) => "bigdecimal",
        Value::Array(_) => "list",
        Value::Object(_) => "map",
        Value::String(_) | Value::Null => "string",
    };
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    json!({"type": kind, "value": text})
}
