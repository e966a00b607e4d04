//! What a definition can say about a schema: one of its types, and the members of an object.

use serde_json::Value;

use super::document::Document;

/// How many schemas are looked at for one answer: recursive ones have no end.
const SCHEMAS_MAX: usize = 500;
/// The longest description, in characters.
const DESCRIPTION_MAX: usize = 300;

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// As the definition names it.
    pub(crate) r#type: &'static str,
    /// A number that need not be whole, for which a definition has no type.
    pub(crate) number: bool,
}

/// A member of an object.
#[derive(Clone, Debug)]
pub(crate) struct Field<'a> {
    pub(crate) name: &'a str,
    pub(crate) schema: &'a Value,
    pub(crate) required: bool,
}

/// An object's members, where it has these and no others.
#[derive(Debug, Default)]
struct Members<'a> {
    fields: Vec<Field<'a>>,
    required: Vec<&'a str>,
    /// Has other members too, or there is a choice.
    open: bool,
}

/// Any value.
pub(crate) const JSON: Kind = Kind { r#type: "json", number: false };

/// The type of `schema`; `json` where it may be several.
///
/// # Errors
/// A reference that leads nowhere.
pub(crate) fn kind(document: &Document, schema: &Value) -> Result<Kind, String> {
    let mut left = SCHEMAS_MAX;
    kind_within(document, schema, &mut left).map(|it| it.unwrap_or(JSON))
}

/// None: the schema says nothing, or null only.
fn kind_within(
    document: &Document,
    schema: &Value,
    left: &mut usize,
) -> Result<Option<Kind>, String> {
    if *left == 0 {
        return Ok(Some(JSON));
    }
    *left -= 1;
    let schema = document.resolve(schema)?;
    let own = {
        let names = match schema.get("type") {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(name)) => vec![name.as_str()],
            _ => implied(schema),
        };
        let mut names = names.into_iter().filter(|it| *it != "null");
        match (names.next(), names.next()) {
            (None, _) => None,
            (Some(name), None) => Some(named(name, schema)),
            (Some(_), Some(_)) => Some(JSON),
        }
    };
    if own.is_some() {
        return Ok(own);
    }
    let mut found = None;
    for part in parts(schema, "allOf") {
        found = found.or(kind_within(document, part, left)?);
    }
    for choice in parts(schema, "oneOf").chain(parts(schema, "anyOf")) {
        let kind = kind_within(document, choice, left)?;
        match (found, kind) {
            (Some(before), Some(kind)) if before != kind => return Ok(Some(JSON)),
            (before, kind) => found = before.or(kind),
        }
    }
    Ok(found)
}

/// The type of a schema that names none.
fn implied(schema: &Value) -> Vec<&'static str> {
    let of_value = |value: &Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let first = schema.get("const").or_else(|| schema.get("enum")?.get(0)).map(of_value);
    match first {
        Some(name) => vec![name],
        None if schema.get("items").is_some() => vec!["array"],
        None if schema.get("properties").is_some() => vec!["object"],
        None => Vec::new(),
    }
}

fn named(name: &str, schema: &Value) -> Kind {
    let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
    let plain = |r#type| Kind { r#type, number: false };
    match (name, format) {
        ("string", "date") => plain("date"),
        ("string", "date-time") => plain("datetime"),
        ("string", "binary") => plain("file"),
        ("string", _) => plain("string"),
        ("integer", _) => plain("integer"),
        ("boolean", _) => plain("boolean"),
        ("array", _) => plain("array"),
        ("number", _) => Kind { r#type: "json", number: true },
        _ => JSON,
    }
}

/// The members of an object that has these and no others; `None` where it is no such object.
///
/// # Errors
/// A reference that leads nowhere.
pub(crate) fn closed<'a>(
    document: &'a Document,
    schema: &'a Value,
) -> Result<Option<Vec<Field<'a>>>, String> {
    let members = members(document, schema)?;
    Ok(Some(members).filter(|it| !it.open && !it.fields.is_empty()).map(|it| it.fields))
}

/// The members that are known of an object, which may have others.
///
/// # Errors
/// A reference that leads nowhere.
pub(crate) fn known<'a>(
    document: &'a Document,
    schema: &'a Value,
) -> Result<Vec<Field<'a>>, String> {
    members(document, schema).map(|it| it.fields)
}

fn members<'a>(document: &'a Document, schema: &'a Value) -> Result<Members<'a>, String> {
    let mut members = Members::default();
    collect(document, schema, &mut members, &mut SCHEMAS_MAX.clone())?;
    for field in &mut members.fields {
        field.required = members.required.contains(&field.name);
    }
    Ok(members)
}

fn collect<'a>(
    document: &'a Document,
    schema: &'a Value,
    members: &mut Members<'a>,
    left: &mut usize,
) -> Result<(), String> {
    if *left == 0 {
        members.open = true;
        return Ok(());
    }
    *left -= 1;
    let schema = document.resolve(schema)?;
    // Some services say in `anyOf` which members are needed together, and no more.
    let is_choice =
        |it: &Value| it.as_object().is_none_or(|it| it.keys().any(|it| it != "required"));
    let has_choice = parts(schema, "oneOf").chain(parts(schema, "anyOf")).any(is_choice);
    let additional = schema.get("additionalProperties").is_some_and(|it| *it != Value::Bool(false));
    let is_object = schema.get("type").is_none_or(|it| match it {
        Value::Array(names) => names.iter().any(|it| it == "object"),
        name => name == "object",
    });
    members.open |=
        has_choice || additional || !is_object || schema.get("patternProperties").is_some();
    for (name, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten()
    {
        members.fields.retain(|it| it.name != name);
        members.fields.push(Field { name, schema, required: false });
    }
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    members.required.extend(required.filter_map(Value::as_str));
    for part in parts(schema, "allOf") {
        collect(document, part, members, left)?;
    }
    Ok(())
}

/// What a process author has to know about a value.
pub(crate) fn description(document: &Document, described: &Value, schema: &Value) -> String {
    let resolved = document.resolve(schema).unwrap_or(schema);
    let own = [described, schema, resolved].into_iter();
    let own = own.clone().find_map(|it| Document::text(it, &["description"]));
    let own = own.or_else(|| Document::text(resolved, &["title"]));
    let mut text = own.map(|it| shortened(&it)).unwrap_or_default();
    let inner = resolved.get("items").and_then(|it| document.resolve(it).ok());
    let of = |name| resolved.get(name).or_else(|| inner?.get(name));
    let in_words = |value: &Value| match value {
        Value::String(text) => format!("`{text}`"),
        value => format!("`{value}`"),
    };
    let values = of("enum").and_then(Value::as_array);
    let notes = [
        values.map(|values| {
            let values: Vec<_> = values.iter().map(in_words).collect();
            shortened(&format!("One of {}", values.join(", ")))
        }),
        resolved
            .get("default")
            .filter(|it| !it.is_null())
            .map(|it| format!("Default: {}", in_words(it))),
    ];
    for note in notes.into_iter().flatten() {
        if !text.is_empty() {
            text += if text.ends_with(['.', '!', '?', '…']) { " " } else { ". " };
        }
        text += &note;
        text.push('.');
    }
    text
}

/// At most [`DESCRIPTION_MAX`] characters.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(DESCRIPTION_MAX) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

fn parts<'a>(schema: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    schema.get(name).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(schemas: &Value) -> Document {
        let text = json!({"openapi": "3.1.0", "components": {"schemas": schemas}}).to_string();
        Document::read(&text).unwrap()
    }

    fn check(schema: &Value, expected: &str) {
        let kind = kind(&document(&json!({})), schema).unwrap();
        let number = if kind.number { " number" } else { "" };
        assert_eq!(format!("{}{number}", kind.r#type), expected, "{schema}");
    }

    #[test]
    fn what_may_be_several_things_is_json() {
        check(&Value::Null, "json");
        check(&json!({}), "json");
        check(&json!(true), "json");
        check(&json!({"type": "null"}), "json");
        check(&json!({"type": "unheard-of"}), "json");
        check(&json!({"type": ["string", "integer"]}), "json");
        check(&json!({"oneOf": [{"type": "string"}, {"type": "integer"}]}), "json");
        check(&json!({"allOf": [{"properties": {}}, {"properties": {}}]}), "json");
    }

    #[test]
    fn what_is_one_thing_has_its_type() {
        check(&json!({"type": "string"}), "string");
        check(&json!({"type": ["string", "null"]}), "string");
        check(&json!({"type": "string", "format": "date"}), "date");
        check(&json!({"type": "string", "format": "date-time"}), "datetime");
        check(&json!({"type": "string", "format": "binary"}), "file");
        check(&json!({"type": "integer", "format": "int64"}), "integer");
        check(&json!({"type": "number"}), "json number");
        check(&json!({"enum": [null, "a"]}), "json");
        check(&json!({"enum": ["a", "b"]}), "string");
        check(&json!({"const": true}), "boolean");
        check(&json!({"items": {}}), "array");
        check(&json!({"anyOf": [{"type": "null"}, {"type": "array"}]}), "array");
        check(&json!({"allOf": [{"description": "x"}, {"type": "boolean"}]}), "boolean");
    }

    #[test]
    fn schemas_without_an_end_are_given_up() {
        let again = json!({"$ref": "#/components/schemas/A"});
        let many = vec![again.clone(); 10];
        let document = document(&json!({"A": {"allOf": many, "anyOf": many}}));
        assert_eq!(kind(&document, &again).unwrap(), JSON);
        assert!(closed(&document, &again).unwrap().is_none());
        let circle = self::document(&json!({"A": {"$ref": "#/components/schemas/A"}}));
        let told = kind(&circle, &again).unwrap_err();
        assert_eq!(told, "`$ref` `#/components/schemas/A` turns in a circle");
    }

    #[test]
    fn members_are_known_where_there_are_no_others() {
        let schemas = json!({
            "Base": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}},
        });
        let document = document(&schemas);
        let check = |schema: Value, expected: &str| {
            let fields = closed(&document, &schema).unwrap().unwrap_or_default();
            let mark = |it: &Field| format!("{}{}", it.name, if it.required { "!" } else { "" });
            let fields: Vec<_> = fields.iter().map(mark).collect();
            assert_eq!(fields.join(" "), expected, "{schema}");
        };
        let base = json!({"$ref": "#/components/schemas/Base"});
        check(
            json!({"allOf": [base, {"required": ["a"], "properties": {"a": {}, "b": {}}}]}),
            "id! a! b",
        );
        check(json!({"properties": {"a": {}}, "additionalProperties": false}), "a");
        check(json!({"properties": {"a": {}}, "anyOf": [{"required": ["a"]}]}), "a");
        check(json!({"properties": {"a": {}}, "additionalProperties": {}}), "");
        check(json!({"properties": {"a": {}}, "oneOf": [base]}), "");
        check(json!({"type": "array", "items": base}), "");
        check(json!({"type": "object"}), "");
    }

    #[test]
    fn descriptions_tell_values_and_defaults() {
        let document = document(&json!({"S": {"title": "A state", "enum": ["on", 1]}}));
        let check = |described: Value, schema: Value, expected: &str| {
            assert_eq!(description(&document, &described, &schema), expected);
        };
        check(json!({}), json!({}), "");
        check(json!({}), json!({"$ref": "#/components/schemas/S"}), "A state. One of `on`, `1`.");
        check(
            json!({"description": "How\n  many."}),
            json!({"description": "x", "default": 5}),
            "How many. Default: `5`.",
        );
        check(
            json!({}),
            json!({"items": {"enum": ["a"]}, "default": ["a"]}),
            "One of `a`. Default: `[\"a\"]`.",
        );
        let long = "x".repeat(400);
        check(json!({"description": long}), json!({}), &format!("{}…", &long[..300]));
    }
}
