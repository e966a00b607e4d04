//! Parameters → path, query, headers and payload (pure).

use common::{Failure, Object};
use serde_json::Value;
use templates::{Engine, Kind, Sink, Syntax, TemplateError};

use super::Resource;
use crate::{error::invalid, input::text, media::MediaType};

/// What a resource's templates have become.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) path: String,
    pub(super) query: Object,
    pub(super) headers: Vec<(String, String)>,
    pub(super) payload: Option<Value>,
    /// That of the template's file.
    pub(super) content_type: Option<String>,
}

/// Where a template is, and what is wrong with it or its data.
type At = (String, TemplateError);

/// # Errors
/// `INVALID_INPUT` that names the template.
pub(super) fn fill(
    resource: &Resource,
    engine: &Engine,
    values: Object,
) -> Result<Filled, Failure> {
    let filled = filled(resource, engine, &Value::Object(values))
        .map_err(|(place, error)| invalid(format_args!("`resource`: `{place}`: {error}")))?;
    // A URL parser would go up and call something else.
    let is_dots = |segment: &str| {
        let segment = segment.replace("%2e", ".").replace("%2E", ".");
        segment == "." || segment == ".."
    };
    if filled.path.split(['/', '?']).any(is_dots) {
        return Err(invalid("`parameters`: `.` and `..` are no values for a path"));
    }
    Ok(filled)
}

/// Renders everything without any data, which shows what is no template at all.
pub(super) fn check(resource: &Resource, engine: &Engine) -> Result<(), At> {
    let nothing = Value::Object(Object::new());
    let at = |place: &str| {
        let place = place.to_owned();
        move |error| (place, error)
    };
    let syntax = |result: Result<(), At>| match result {
        Err((_, TemplateError::Syntax { .. })) => result,
        Ok(()) | Err(_) => Ok(()),
    };
    let path = engine.render(&resource.path, &nothing, Sink::Url, Syntax::Native);
    syntax(path.map(drop).map_err(at("path")))?;
    for (name, template) in resource.query.iter().chain(&resource.headers) {
        syntax(value(engine, template, &nothing).map(drop).map_err(at(name)))?;
    }
    let body = resource.body.as_ref().map_or(Ok(None), |it| body(resource, engine, it, &nothing));
    syntax(body.map(drop).map_err(at("body")))
}

fn filled(resource: &Resource, engine: &Engine, data: &Value) -> Result<Filled, At> {
    let at = |place: &str| {
        let place = place.to_owned();
        move |error| (place, error)
    };
    let path =
        engine.render(&resource.path, data, Sink::Url, Syntax::Native).map_err(at("path"))?;
    let mut query = Object::new();
    for (name, template) in &resource.query {
        let value = value(engine, template, data).map_err(at(&format!("query.{name}")))?;
        query.extend(value.map(|it| (name.clone(), it)));
    }
    let mut headers = Vec::new();
    for (name, template) in &resource.headers {
        let value = value(engine, template, data).map_err(at(&format!("headers.{name}")))?;
        // A header is one line, whatever a value holds.
        let line = |it| text(it).replace(['\r', '\n'], " ");
        headers.extend(value.map(|it| (name.clone(), line(it))));
    }
    let (payload, content_type) = match (&resource.body, &resource.template) {
        (Some(template), _) => (body(resource, engine, template, data).map_err(at("body"))?, None),
        (None, Some(name)) => {
            let (payload, kind) = file(engine, name, data).map_err(at("template"))?;
            (Some(payload), Some(kind.to_owned()))
        }
        (None, None) => (None, None),
    };
    Ok(Filled { path, query, headers, payload, content_type })
}

/// The text of a template's file, and its content type.
pub(super) fn file(
    engine: &Engine,
    name: &str,
    data: &Value,
) -> Result<(Value, &'static str), TemplateError> {
    let rendered = engine.render_file(name, None, data, Syntax::FreeMarker)?;
    let content_type = match rendered.kind {
        Kind::Json => "application/json",
        Kind::Html => "text/html; charset=utf-8",
        Kind::Text => "text/plain; charset=utf-8",
    };
    Ok((rendered.text.into(), content_type))
}

/// A text is one template, escaped by content type; of anything else the texts are.
fn body(
    resource: &Resource,
    engine: &Engine,
    template: &Value,
    data: &Value,
) -> Result<Option<Value>, TemplateError> {
    let Value::String(source) = template else { return value(engine, template, data) };
    if whole(source).is_some() {
        return value(engine, template, data);
    }
    let media = MediaType::parse(resource.content_type.as_deref().unwrap_or_default());
    let sink = if media.essence.is_empty() || media.is_json() {
        Sink::Json
    } else if media.is_form() {
        Sink::Url
    } else if media.essence.contains("xml") || media.essence.contains("html") {
        Sink::Html
    } else {
        Sink::Text
    };
    engine.render(source, data, sink, Syntax::Native).map(|it| Some(it.into()))
}

/// A text that is one parameter and nothing else stands for its value, whatever its type; null leaves it out.
fn value(engine: &Engine, template: &Value, data: &Value) -> Result<Option<Value>, TemplateError> {
    Ok(match template {
        Value::String(source) => match whole(source).and_then(|it| data.pointer(&it)) {
            Some(Value::Null) => None,
            Some(value) => Some(value.clone()),
            None => Some(engine.render(source, data, Sink::Text, Syntax::Native)?.into()),
        },
        Value::Array(items) => {
            let items = items.iter().filter_map(|it| value(engine, it, data).transpose());
            Some(Value::Array(items.collect::<Result<_, _>>()?))
        }
        Value::Object(members) => {
            let mut filled = Object::new();
            for (name, template) in members {
                let value = value(engine, template, data)?;
                filled.extend(value.map(|it| (name.clone(), it)));
            }
            Some(filled.into())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(template.clone()),
    })
}

/// The JSON pointer of `{{ name }}` or `{{ name.member }}`, where that is the whole text.
fn whole(source: &str) -> Option<String> {
    let name = source.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim();
    let is_name = |it: &str| {
        it.starts_with(|it: char| it.is_alphabetic() || it == '_')
            && it.chars().all(|it| it.is_alphanumeric() || it == '_')
    };
    name.split('.').all(is_name).then(|| format!("/{}", name.replace('.', "/")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filled_in(resource: Value, values: Value) -> Result<Filled, String> {
        let resource: Resource = serde_json::from_value(resource).unwrap();
        let engine = Engine::new(super::super::limits(), None);
        let Value::Object(values) = values else { panic!("parameters are an object") };
        fill(&resource, &engine, values).map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_value_cannot_leave_its_place() {
        for (value, path) in [
            (json!("a/b"), "orders/a%2Fb/lines"),
            (json!("1?x=y#z"), "orders/1%3Fx%3Dy%23z/lines"),
            (json!("{{ secret }}"), "orders/%7B%7B%20secret%20%7D%7D/lines"),
            (json!(7), "orders/7/lines"),
        ] {
            let resource = json!({"path": "orders/{{ id }}/lines"});
            assert_eq!(filled_in(resource, json!({"id": value})).unwrap().path, path);
        }
        for value in ["..", "."] {
            let resource = json!({"path": "orders/{{ id }}/lines"});
            let told = filled_in(resource, json!({"id": value})).unwrap_err();
            assert_eq!(told, "INVALID_INPUT: `parameters`: `.` and `..` are no values for a path");
        }
        let resource = json!({"headers": {"x-a": "{{ a }}", "x-b": "b {{ a }}"}});
        let filled = filled_in(resource, json!({"a": "1\r\nx-evil: 2"})).unwrap();
        assert!(filled.headers.iter().all(|(_, it)| !it.contains(['\r', '\n'])), "{filled:?}");
    }

    #[test]
    fn a_value_is_never_a_template() {
        let resource = json!({"body": {"a": "{{ text }}", "b": "say {{ text }}"}});
        let filled = filled_in(resource, json!({"text": "{{ 7 * 7 }} ${7}"})).unwrap();
        let expected = json!({"a": "{{ 7 * 7 }} ${7}", "b": "say {{ 7 * 7 }} ${7}"});
        assert_eq!(filled.payload, Some(expected));
    }

    #[test]
    fn bodies_keep_types_and_leave_out_what_is_not_given() {
        let resource = json!({"body": {"lines": "{{ lines }}", "n": "{{ nobody }}", "note": "{{ note }}",
            "who": {"name": "{{ customer.name }}"}, "fixed": [1, true, null, "{{ note }}"]}});
        let values = json!({"lines": [{"a": 1}], "note": null, "customer": {"name": "Jane"}});
        let told = filled_in(resource.clone(), values.clone()).unwrap_err();
        assert!(told.starts_with("INVALID_INPUT: `resource`: `body`: "), "{told}");
        let mut resource = resource;
        resource["body"]["n"] = "{{ lines | length }}".into();
        let expected = json!({"lines": [{"a": 1}], "n": "1", "who": {"name": "Jane"},
            "fixed": [1, true, null]});
        assert_eq!(filled_in(resource, values).unwrap().payload, Some(expected));
    }

    #[test]
    fn a_text_is_escaped_by_content_type() {
        for (content_type, source, expected) in [
            ("application/json", r#"{"a": {{ a }}}"#, r#"{"a": "<\"&\">"}"#),
            ("application/xml", "<a>{{ a }}</a>", "<a>&lt;&quot;&amp;&quot;&gt;</a>"),
            ("application/x-www-form-urlencoded", "a={{ a }}", "a=%3C%22%26%22%3E"),
            ("text/plain", "a: {{ a }}", "a: <\"&\">"),
        ] {
            let resource = json!({"body": source, "contentType": content_type});
            let filled = filled_in(resource, json!({"a": "<\"&\">"})).unwrap();
            assert_eq!(filled.payload, Some(expected.into()), "{content_type}");
        }
    }
}
