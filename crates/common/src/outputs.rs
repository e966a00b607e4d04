//! What actions give, as the engines take it.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::{Failure, Object};

/// What an action gives: a struct whose fields are the outputs of the definition.
///
/// Every struct that serializes is one.
/// One that holds large JSON values can say itself how it becomes an object, and move them there instead of copying them.
pub trait Outputs: JsonSchema {
    /// The outputs by name; the names are those of the schema.
    ///
    /// # Errors
    /// A permanent failure when a field cannot be written as JSON.
    fn into_object(self) -> Result<Object, Failure>;
}

impl<T: Serialize + JsonSchema> Outputs for T {
    fn into_object(self) -> Result<Object, Failure> {
        match serde_json::to_value(self).map_err(Failure::unknown)? {
            Value::Object(object) => Ok(object),
            Value::Null => Ok(Object::new()),
            other => unreachable!("outputs are structs, not {other}"),
        }
    }
}
