//! Parameters of an operation → inputs, and how they are sent.

use serde_json::Value;

use super::{
    action::{Found, Inputs, Wish},
    document::Document,
    schema::{self, Kind},
};
use crate::operation::{Parameter, Place, Style};

/// The parameters of the operation and those that it shares with others of its path; inputs are added for them.
///
/// # Errors
/// A reference that leads nowhere, a parameter without a name, or one that goes nowhere.
pub(crate) fn read(
    document: &Document,
    found: Found,
    inputs: &mut Inputs,
) -> Result<Vec<Parameter>, String> {
    let own = [found.shared, found.operation].into_iter().filter_map(|it| it.get("parameters"));
    let mut values: Vec<&Value> = Vec::new();
    for value in own.filter_map(Value::as_array).flatten() {
        let value = document.resolve(value)?;
        values.retain(|it| it["name"] != value["name"] || it["in"] != value["in"]);
        values.push(value);
    }
    let mut parameters = Vec::new();
    for value in values {
        parameters.extend(parameter(document, value, inputs)?);
    }
    for name in templated(found.path) {
        let is_declared = |it: &Parameter| it.r#in == Place::Path && it.name == name;
        if !parameters.iter().any(is_declared) {
            parameters.push(undeclared(name, inputs));
        }
    }
    Ok(parameters)
}

/// None for a header that follows from the body and the credentials (`OpenAPI` 3.1 §4.8.12.1).
fn parameter(
    document: &Document,
    value: &Value,
    inputs: &mut Inputs,
) -> Result<Option<Parameter>, String> {
    let Some(name) = value["name"].as_str().filter(|it| !it.is_empty()) else {
        return Err("a parameter has no name".to_owned());
    };
    let place_name = value["in"].as_str().unwrap_or_default();
    let place = match place_name {
        "path" => Place::Path,
        "query" => Place::Query,
        "header" => Place::Header,
        "cookie" => Place::Cookie,
        other => return Err(format!("parameter `{name}` goes into `{other}`, which is no place")),
    };
    let is_ours = |it: &&str| name.eq_ignore_ascii_case(it);
    if place == Place::Header && ["accept", "content-type", "authorization"].iter().any(is_ours) {
        return Ok(None);
    }
    let content = value["content"].as_object().and_then(|it| it.values().next());
    let schema = content.map_or(&value["schema"], |it| &it["schema"]);
    let style = match (content, value["style"].as_str()) {
        (Some(_), _) => Style::Json,
        (None, Some("label")) => Style::Label,
        (None, Some("matrix")) => Style::Matrix,
        (None, Some("spaceDelimited")) => Style::SpaceDelimited,
        (None, Some("pipeDelimited")) => Style::PipeDelimited,
        (None, Some("deepObject")) => Style::DeepObject,
        (None, Some("form")) => Style::Form,
        (None, Some("simple")) => Style::Simple,
        (None, _) => match place {
            Place::Path | Place::Header => Style::Simple,
            Place::Query | Place::Cookie => Style::Form,
        },
    };
    let kind = match style {
        Style::Json => schema::JSON,
        _ => schema::kind(document, schema)?,
    };
    let input = inputs.add(Wish {
        name,
        place: place_name,
        kind: Kind { r#type: if kind.r#type == "file" { "string" } else { kind.r#type }, ..kind },
        description: schema::description(document, value, schema),
        required: place == Place::Path || value["required"] == Value::Bool(true),
    });
    Ok(Some(Parameter {
        input,
        name: name.to_owned(),
        r#in: place,
        style,
        explode: value["explode"].as_bool().unwrap_or(style == Style::Form),
        allow_reserved: value["allowReserved"].as_bool().unwrap_or(false),
    }))
}

/// A parameter that the path has and the document forgets.
fn undeclared(name: &str, inputs: &mut Inputs) -> Parameter {
    let input = inputs.add(Wish {
        name,
        place: "path",
        kind: Kind { r#type: "string", number: false },
        description: String::new(),
        required: true,
    });
    Parameter {
        input,
        name: name.to_owned(),
        r#in: Place::Path,
        style: Style::Simple,
        explode: false,
        allow_reserved: false,
    }
}

/// The names in the braces of a path.
fn templated(path: &str) -> impl Iterator<Item = &str> {
    path.split('}').filter_map(|it| Some(it.split_once('{')?.1)).filter(|it| !it.is_empty())
}
