//! The shape of a Rust type, in the words of a definition; inputs into structs.

use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    Failure, Object,
    failure::{INVALID_INPUT, MISSING_INPUT},
    lenient::Members,
};

/// The fields of a struct.
#[derive(Debug, Default)]
pub(crate) struct Fields(BTreeMap<String, Field>);

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) kind: &'static str,
    pub(crate) required: bool,
}

impl Fields {
    /// As serde reads them.
    pub(crate) fn read<T: JsonSchema>() -> Self {
        Self::of(&schema::<T>(SchemaSettings::default()))
    }

    /// As serde writes them.
    pub(crate) fn written<T: JsonSchema>() -> Self {
        Self::of(&schema::<T>(SchemaSettings::default().for_serialize()))
    }

    fn of(schema: &Schema) -> Self {
        let required = |name: &str| {
            let names = schema.get("required").and_then(Value::as_array);
            names.is_some_and(|names| names.iter().any(|it| it == name))
        };
        let properties = schema.get("properties").and_then(Value::as_object);
        let fields = properties.into_iter().flatten().map(|(name, property)| {
            let field = Field { kind: kind(property), required: required(name) };
            (name.clone(), field)
        });
        Self(fields.collect())
    }

    /// Names and fields in the order of the struct.
    pub(crate) fn in_order<T: JsonSchema>() -> Vec<(String, Field)> {
        let schema = schema::<T>(SchemaSettings::default());
        let mut fields = Self::of(&schema).0;
        let properties = schema.get("properties").and_then(Value::as_object);
        let names = properties.into_iter().flatten().map(|(name, _)| name);
        names.filter_map(|name| fields.remove_entry(name)).collect()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Field> {
        self.0.get(name)
    }

    /// A field that `common` adds to every struct of its kind.
    pub(crate) fn add(&mut self, name: &str, kind: &'static str) {
        self.0.insert(name.to_owned(), Field { kind, required: false });
    }
}

/// What went wrong while reading a struct, and at which field.
#[derive(Debug)]
pub(crate) enum ReadError {
    Missing { name: String },
    Invalid { path: String, why: String },
}

/// The struct that `members` hold; null means absent.
pub(crate) fn from_object<T: DeserializeOwned>(members: &Object) -> Result<T, ReadError> {
    serde_path_to_error::deserialize(Members(members)).map_err(|error| {
        let path = error.path().to_string();
        let why = error.into_inner().to_string();
        match why.strip_prefix("missing field `").and_then(|it| it.split('`').next()) {
            Some(name) if path == "." => ReadError::Missing { name: name.to_owned() },
            _ => ReadError::Invalid { path, why },
        }
    })
}

/// The inputs of an action.
pub(crate) fn inputs<T: DeserializeOwned>(variables: &Object) -> Result<T, Failure> {
    from_object(variables).map_err(|error| match error {
        ReadError::Missing { name } => {
            Failure::business(MISSING_INPUT, format_args!("`{name}` is missing")).with_note(name)
        }
        ReadError::Invalid { path, why } => {
            Failure::business(INVALID_INPUT, format_args!("`{path}`: {why}")).with_note(path)
        }
    })
}

/// The names of an enum's variants.
pub(crate) fn variants<T: JsonSchema>() -> BTreeSet<String> {
    let schema = schema::<T>(SchemaSettings::default().for_serialize());
    let plain = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    let documented = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let documented = documented.flat_map(|it| {
        it.get("const").into_iter().chain(it["enum"].as_array().into_iter().flatten())
    });
    plain.chain(documented).filter_map(Value::as_str).map(String::from).collect()
}

fn schema<T: JsonSchema>(settings: SchemaSettings) -> Schema {
    let settings = settings.with(|it| it.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>()
}

/// A definition's word for a JSON schema's type.
fn kind(schema: &Value) -> &'static str {
    if schema["title"] == "file" {
        return "file";
    }
    if let Some(choices) = schema.get("anyOf").and_then(Value::as_array) {
        // `Option<Struct>`: the struct or null.
        return choices.first().map_or("json", kind);
    }
    let documented = schema.get("oneOf").and_then(Value::as_array);
    if documented.is_some_and(|it| it.iter().all(|it| it["type"] == "string")) {
        // A unit enum whose variants have doc comments.
        return "string";
    }
    let name = match &schema["type"] {
        Value::Array(names) => names[0].as_str(),
        name => name.as_str(),
    };
    match (name, schema["format"].as_str()) {
        (Some("string"), Some("date")) => "date",
        (Some("string"), Some("date-time")) => "datetime",
        (Some("string"), _) => "string",
        (Some("integer"), _) => "integer",
        (Some("boolean"), _) => "boolean",
        (Some("array"), _) if schema["items"]["title"] == "file" => "file",
        (Some("array"), _) => "array",
        (None, _) if schema.get("enum").is_some() => "string",
        _ => "json",
    }
}
