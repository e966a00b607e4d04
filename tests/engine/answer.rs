//! What a connector sends back.

use std::collections::BTreeMap;

use lapin::{
    BasicProperties,
    message::Delivery,
    types::{AMQPValue, FieldTable},
};
use serde_json::Value;

/// Which of the bundle's two queues an answer came in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Result,
    Error,
}

/// An integration result or error.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) kind: Kind,
    pub(crate) exchange: String,
    pub(crate) routing_key: String,
    pub(crate) properties: BasicProperties,
    pub(crate) body: Value,
    /// Bytes of the body.
    pub(crate) size: usize,
}

impl Answer {
    pub(crate) fn new(kind: Kind, delivery: &Delivery) -> Self {
        let text = String::from_utf8_lossy(&delivery.data);
        Self {
            kind,
            exchange: delivery.exchange.as_str().to_owned(),
            routing_key: delivery.routing_key.as_str().to_owned(),
            properties: delivery.properties.clone(),
            body: serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.into())),
            size: delivery.data.len(),
        }
    }

    /// Of the request; empty when the answer has none.
    pub(crate) fn id(&self) -> &str {
        self.body["integrationContext"]["id"].as_str().unwrap_or_default()
    }

    pub(crate) fn headers(&self) -> BTreeMap<String, String> {
        texts(self.properties.headers().as_ref())
    }

    /// An output as the process sees it; `Null` when there is none.
    pub(crate) fn output(&self, name: &str) -> Value {
        let entry = &self.body["integrationContext"]["outBoundVariables"][name];
        let Some(text) = entry["value"].as_str() else {
            return Value::Null;
        };
        match entry["type"].as_str() {
            Some("string") => Value::String(text.to_owned()),
            _ => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
        }
    }

    pub(crate) fn error_code(&self) -> &str {
        self.body["errorCode"].as_str().unwrap_or_default()
    }

    pub(crate) fn error_message(&self) -> &str {
        self.body["errorMessage"].as_str().unwrap_or_default()
    }
}

/// Headers as text, whatever their type.
pub(crate) fn texts(table: Option<&FieldTable>) -> BTreeMap<String, String> {
    let fields = table.into_iter().flat_map(|table| table.inner().iter());
    fields.map(|(name, value)| (name.to_string(), text(value))).collect()
}

fn text(value: &AMQPValue) -> String {
    match value {
        AMQPValue::LongString(text) => text.to_string(),
        AMQPValue::ShortString(text) => text.to_string(),
        other => format!("{other:?}"),
    }
}
