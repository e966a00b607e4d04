//! Bodies of requests → inputs, bodies of answers → outputs.

use serde_json::Value;

use super::{
    action::{Inputs, Wish},
    document::Document,
    schema::{self, Field, Kind},
};
use crate::{
    media::MediaType,
    operation::{Body, Member, Source},
};

/// How the body is sent; inputs are added for it.
///
/// # Errors
/// A reference that leads nowhere.
pub(crate) fn body(
    document: &Document,
    operation: &Value,
    inputs: &mut Inputs,
) -> Result<Option<Body>, String> {
    let Some(body) = operation.get("requestBody") else { return Ok(None) };
    let described = document.resolve(body)?;
    let Some((content_type, content)) = preferred(&described["content"]) else { return Ok(None) };
    let media = MediaType::parse(content_type);
    let required = described["required"] == Value::Bool(true);
    let schema = &content["schema"];
    let is_object = media.is_json() || media.is_form() || media.essence == "multipart/form-data";
    let fields = if is_object { schema::closed(document, schema)? } else { None };
    let from = if let Some(fields) = fields {
        Source::Members(members(document, &fields, required, inputs)?)
    } else {
        let kind = schema::kind(document, schema)?;
        Source::Input(inputs.add(Wish {
            name: "body",
            place: "request",
            kind: if is_object { kind } else { whole(kind) },
            description: schema::description(document, described, schema),
            required,
        }))
    };
    Ok(Some(Body { content_type: content_type.to_owned(), required, from }))
}

fn members(
    document: &Document,
    fields: &[Field],
    required: bool,
    inputs: &mut Inputs,
) -> Result<Vec<Member>, String> {
    let mut members = Vec::new();
    for field in fields {
        let schema = document.resolve(field.schema)?;
        if schema["readOnly"] == Value::Bool(true) {
            continue;
        }
        let kind = schema::kind(document, schema)?;
        let input = inputs.add(Wish {
            name: field.name,
            place: "body",
            kind,
            description: schema::description(document, field.schema, schema),
            required: required && field.required,
        });
        members.push(Member { input, name: field.name.to_owned(), number: kind.number });
    }
    Ok(members)
}

/// The type of a body that is sent as it is.
fn whole(kind: Kind) -> Kind {
    match kind.r#type {
        "file" | "string" | "json" => kind,
        _ => schema::JSON,
    }
}

/// The members of what a successful call answers.
///
/// # Errors
/// A reference that leads nowhere.
pub(crate) fn result<'a>(
    document: &'a Document,
    operation: &'a Value,
) -> Result<Vec<Field<'a>>, String> {
    let responses = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
    let success = responses.filter(|(status, _)| status.starts_with('2'));
    for (_, response) in success {
        let response = document.resolve(response)?;
        let Some((content_type, content)) = preferred(&response["content"]) else { continue };
        if MediaType::parse(content_type).is_json() {
            return schema::known(document, &content["schema"]);
        }
    }
    Ok(Vec::new())
}

/// JSON before forms before everything else.
fn preferred(content: &Value) -> Option<(&str, &Value)> {
    let rank = |content_type: &str| {
        let media = MediaType::parse(content_type);
        if media.is_json() {
            0
        } else if media.is_form() {
            1
        } else if media.essence == "multipart/form-data" {
            2
        } else {
            3
        }
    };
    let content = content.as_object()?.iter().min_by_key(|(content_type, _)| rank(content_type))?;
    // What a range such as `*/*` means is up to the author, and JSON is what most services mean.
    let content_type = if content.0.contains('*') { "application/json" } else { content.0 };
    Some((content_type, content.1))
}
