//! `requestPayload` → the bytes of the body (pure).

use common::Failure;
use files::{File, Files};
use serde_json::Value;
use url::form_urlencoded::byte_serialize;

use crate::{
    content::{Content, Piece},
    error::invalid,
    fields,
    input::{self, PayloadType},
    media::{self, MediaType},
    multipart,
};

/// What the task says about its payload.
#[derive(Debug, Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) payload_type: Option<PayloadType>,
    /// The input `contentType`, else the author's header.
    pub(crate) content_type: Option<&'a str>,
    pub(crate) nulls: Nulls,
}

/// Said where a file value is taken for what it stands for.
const SENT_AS_FILE: &str =
    "`requestPayload` is a file and was sent as its content; `payloadType: json` sends the value";

/// What happens to members that are null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Nulls {
    #[default]
    Keep,
    Drop,
}

/// A body, and what its content type is.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) content: Content,
    pub(crate) content_type: ContentType,
    /// What was guessed.
    pub(crate) warning: Option<&'static str>,
}

/// The content type of a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ContentType {
    /// Where the task names none.
    Usual(String),
    /// Whatever the task says, for it names the boundary.
    Only(String),
}

/// The body of a payload; none for an empty text (`camunda-connectors.md` R9).
///
/// # Errors
/// `INVALID_INPUT` where the payload has no form in the content type.
pub(crate) fn encode(payload: Value, wanted: &Wanted) -> Result<Option<Body>, Failure> {
    if payload.as_str().is_some_and(|text| text.trim().is_empty()) || payload.is_null() {
        return Ok(None);
    }
    let media = MediaType::parse(wanted.content_type.unwrap_or_default());
    let payload = if media.is_multipart_form() { parsed(payload) } else { payload };
    let (payload_type, warning) = match wanted.payload_type {
        Some(payload_type) => (payload_type, None),
        None => guess(&payload, &media)?,
    };
    let (text, content_type) = match payload_type {
        PayloadType::Json => (json(payload, wanted.nulls), "application/json"),
        PayloadType::Form => (form(payload, wanted.nulls)?, "application/x-www-form-urlencoded"),
        PayloadType::Text => (input::text(payload), "text/plain; charset=utf-8"),
        PayloadType::Multipart => {
            let named = wanted.content_type.filter(|_| media.is_multipart_form());
            let (content, content_type) = multipart::encode(parsed(payload), named)?;
            let content_type = ContentType::Only(content_type);
            return Ok(Some(Body { content, content_type, warning }));
        }
        PayloadType::File => {
            let file = file(payload)?;
            let content_type = ContentType::Usual(file.type_or_unknown());
            let content = Content::of(vec![Piece::File(Box::new(file))]);
            return Ok(Some(Body { content, content_type, warning }));
        }
    };
    let charset = media.charset.as_deref().filter(|_| payload_type != PayloadType::Form);
    let bytes = media::encode(&text, charset)
        .map_err(|problem| invalid(format_args!("`requestPayload`: {problem}")))?;
    let content_type = ContentType::Usual(content_type.to_owned());
    Ok(Some(Body { content: Content::Bytes(bytes.into()), content_type, warning }))
}

/// How a payload becomes bytes where the task does not say so.
fn guess(
    payload: &Value,
    media: &MediaType,
) -> Result<(PayloadType, Option<&'static str>), Failure> {
    let is_file = File::is_meant(payload);
    Ok(match media.essence.as_str() {
        "" if is_file => (PayloadType::File, Some(SENT_AS_FILE)),
        "" => (PayloadType::Json, None),
        _ if media.is_json() => (PayloadType::Json, None),
        _ if media.is_form() => (PayloadType::Form, None),
        _ if media.is_multipart_form() && !payload.is_string() => (PayloadType::Multipart, None),
        essence if essence.starts_with("multipart/") && !payload.is_string() => {
            return Err(invalid(format_args!(
                "`requestPayload`: a body of type {essence} has to be given as text"
            )));
        }
        _ if is_file => (PayloadType::File, None),
        _ => (PayloadType::Text, None),
    })
}

/// The object or the list that a text holds, or else the value itself.
fn parsed(payload: Value) -> Value {
    match payload {
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
        payload => payload,
    }
}

fn file(payload: Value) -> Result<File, Failure> {
    let files: Result<Files, _> = serde_json::from_value(payload);
    let files = files.map_err(|error| invalid(format_args!("`requestPayload`: {error}")))?;
    match <[File; 1]>::try_from(files.0) {
        Ok([file]) => Ok(file),
        Err(files) => Err(invalid(format_args!(
            "`requestPayload`: the body is one file, not {}; `payloadType: multipart` sends several",
            files.len()
        ))),
    }
}

/// A text that is JSON already stays as it is, another one becomes a JSON string.
fn json(payload: Value, nulls: Nulls) -> String {
    let mut value = match payload {
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(_) if nulls == Nulls::Keep => return text,
            Ok(value) => value,
            Err(_) => Value::String(text),
        },
        value => value,
    };
    if nulls == Nulls::Drop {
        drop_nulls(&mut value);
    }
    value.to_string()
}

/// Removes members that are null; the items of lists stay, since their place may matter.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(drop_nulls),
        Value::Object(members) => {
            members.retain(|_, it| !it.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Form fields: null is a bare key, a list repeats the key, an object is JSON text (`camunda-connectors.md` §1.3).
fn form(payload: Value, nulls: Nulls) -> Result<String, Failure> {
    let members: Vec<(String, Value)> = match parsed(payload) {
        Value::Object(members) => members.into_iter().collect(),
        Value::Array(list) => {
            let fields = fields::entries(list)?;
            if let Some(file) = fields.iter().find(|it| it.is_file) {
                return Err(invalid(format_args!(
                    "`requestPayload`: `{}` is a file, which a form cannot hold; `payloadType: multipart` can",
                    file.name
                )));
            }
            fields.into_iter().map(|it| (it.name, it.value)).collect()
        }
        Value::String(text) => return Ok(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            return Err(invalid("`requestPayload`: a form is an object or a text"));
        }
    };
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let mut fields = Vec::new();
    for (name, value) in members {
        let name = encoded(&name);
        match value {
            Value::Null if nulls == Nulls::Drop => {}
            Value::Null => fields.push(name),
            value => {
                let values = input::values(value);
                fields.extend(values.iter().map(|it| format!("{name}={}", encoded(it))));
            }
        }
    }
    Ok(fields.join("&"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wanted(content_type: &str) -> Wanted<'_> {
        let content_type = Some(content_type).filter(|it| !it.is_empty());
        Wanted { content_type, ..Wanted::default() }
    }

    fn check(payload: Value, wanted: &Wanted, expected: &str) {
        let body = match encode(payload, wanted) {
            Ok(Some(body)) => body.content.shown(),
            Ok(None) => "(none)".to_owned(),
            Err(failure) => failure.to_string(),
        };
        assert_eq!(body, expected);
    }

    #[test]
    fn what_has_no_form_in_the_content_type_is_refused() {
        let form = "application/x-www-form-urlencoded";
        let refused = "INVALID_INPUT: `requestPayload`: a form is an object or a text";
        check(json!(true), &wanted(form), refused);
        check(
            json!([1]),
            &wanted(form),
            "INVALID_INPUT: `requestPayload`: item 1 is no object with `key` and `value`",
        );
        check(
            json!([{"key": "a", "type": "file", "value": "file:/a"}]),
            &wanted(form),
            "INVALID_INPUT: `requestPayload`: `a` is a file, which a form cannot hold; \
             `payloadType: multipart` can",
        );
        check(
            json!({"a": 1}),
            &wanted("multipart/mixed; boundary=x"),
            "INVALID_INPUT: `requestPayload`: a body of type multipart/mixed has to be given as text",
        );
        let file = Wanted { payload_type: Some(PayloadType::File), ..Wanted::default() };
        check(json!({"a": 1}), &file, "INVALID_INPUT: `requestPayload`: `file`: has no `uri`");
        check(
            json!(["file:/a", "file:/b"]),
            &file,
            "INVALID_INPUT: `requestPayload`: the body is one file, not 2; \
             `payloadType: multipart` sends several",
        );
        check(
            json!([]),
            &file,
            "INVALID_INPUT: `requestPayload`: the body is one file, not 0; \
             `payloadType: multipart` sends several",
        );
        check(
            json!("€ テ"),
            &wanted("text/plain; charset=windows-1252"),
            "INVALID_INPUT: `requestPayload`: the charset `windows-1252` does not have `テ`",
        );
    }

    #[test]
    fn an_empty_text_is_no_body() {
        for content_type in ["", "text/plain", "application/x-www-form-urlencoded"] {
            check(json!(" "), &wanted(content_type), "(none)");
        }
    }

    #[test]
    fn json_is_the_usual_body() {
        let usual = Wanted::default();
        check(json!({"b": [1, null], "a": null}), &usual, r#"{"b":[1,null],"a":null}"#);
        check(json!(r#" {"a": 1.50} "#), &usual, r#" {"a": 1.50} "#);
        check(json!("plain words"), &usual, r#""plain words""#);
        check(json!("{broken"), &usual, r#""{broken""#);
        check(json!(5), &usual, "5");
        check(json!([]), &usual, "[]");
        check(json!({"a": 1}), &wanted("application/merge-patch+json"), r#"{"a":1}"#);
        check(json!("é"), &wanted("application/json; charset=iso-8859-1"), "\"\u{fffd}\"");
        let digits: Value = serde_json::from_str("12345678901234567890.10").unwrap();
        check(digits, &usual, "12345678901234567890.10");
    }

    #[test]
    fn nulls_are_dropped_only_on_demand() {
        let drop = Wanted { nulls: Nulls::Drop, ..Wanted::default() };
        let payload = json!({"a": null, "b": {"c": null}, "d": [null, {"e": null}]});
        check(payload.clone(), &drop, r#"{"b":{},"d":[null,{}]}"#);
        check(json!(payload.to_string()), &drop, r#"{"b":{},"d":[null,{}]}"#);
        let form = "application/x-www-form-urlencoded";
        let drop = Wanted { nulls: Nulls::Drop, ..wanted(form) };
        check(json!({"a": null, "b": 1}), &drop, "b=1");
    }

    #[test]
    fn a_form_has_bare_repeated_and_nested_fields() {
        let form = wanted("application/x-www-form-urlencoded; charset=iso-8859-1");
        check(
            json!({"a b": "c&d=ü", "n": null, "l": [1, true], "o": {"x": 1}}),
            &form,
            "a+b=c%26d%3D%C3%BC&n&l=1&l=true&o=%7B%22x%22%3A1%7D",
        );
        check(json!("ready=made&x"), &form, "ready=made&x");
        check(json!(r#"{"a": 1}"#), &form, "a=1");
        let list = json!([{"key": "a", "type": "text", "value": "b c"}, {"key": "d", "value": 1}]);
        check(list.clone(), &form, "a=b+c&d=1");
        check(json!(list.to_string()), &form, "a=b+c&d=1");
    }

    #[test]
    fn a_file_is_the_body_where_it_is_asked_for_or_nothing_else_is() {
        let value = || json!({"name": "a.pdf", "uri": "file:/x", "content": {"sizeInBytes": 3}});
        let check = |payload: Value, wanted: Wanted, expected: &str, has_warning: bool| {
            let body = encode(payload, &wanted).unwrap().unwrap();
            let ContentType::Usual(content_type) = &body.content_type else { panic!("no type") };
            assert_eq!(format!("{content_type}: {}", body.content.shown()), expected);
            assert_eq!(body.warning.is_some(), has_warning, "{expected}");
        };
        let pdf = "application/pdf: (file a.pdf, 3 bytes)";
        let file = || Wanted { payload_type: Some(PayloadType::File), ..Wanted::default() };
        check(value(), file(), pdf, false);
        check(json!([value()]), file(), pdf, false);
        check(json!("file:/a"), file(), "application/octet-stream: (file a)", false);
        check(value(), wanted("application/pdf"), pdf, false);
        check(value(), Wanted::default(), pdf, true);
        let json =
            r#"application/json: {"name":"a.pdf","uri":"file:/x","content":{"sizeInBytes":3}}"#;
        check(value(), wanted("application/json"), json, false);
        let as_json = Wanted { payload_type: Some(PayloadType::Json), ..Wanted::default() };
        check(value(), as_json, json, false);
    }

    #[test]
    fn a_multipart_form_is_made_of_objects_lists_and_their_texts() {
        let form = wanted("multipart/form-data; boundary=B");
        let expected = "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--B--\r\n";
        check(json!({"a": 1}), &form, expected);
        check(json!(r#"{"a": 1}"#), &form, expected);
        check(json!(r#"[{"key": "a", "value": 1}]"#), &form, expected);
        check(json!("--B--"), &form, "--B--");
    }

    #[test]
    fn other_content_types_take_the_text_as_it_is() {
        let plain = wanted("text/plain");
        check(json!("a \"b\""), &plain, "a \"b\"");
        check(json!(5), &plain, "5");
        check(json!(true), &plain, "true");
        check(json!({"a": 1}), &wanted("application/xml"), r#"{"a":1}"#);
        check(json!("--x--"), &wanted("multipart/mixed; boundary=x"), "--x--");
    }

    #[test]
    fn the_payload_type_wins_over_the_content_type() {
        let check = |payload_type, content_type, expected: &str| {
            let wanted =
                Wanted { payload_type: Some(payload_type), content_type, ..Wanted::default() };
            let body = encode(json!({"a": 1}), &wanted).unwrap().unwrap();
            let ContentType::Usual(content_type) = body.content_type else { panic!("no type") };
            assert_eq!(format!("{content_type}: {}", body.content.shown()), expected);
        };
        check(PayloadType::Form, None, "application/x-www-form-urlencoded: a=1");
        check(PayloadType::Json, Some("text/plain"), r#"application/json: {"a":1}"#);
        check(PayloadType::Text, None, r#"text/plain; charset=utf-8: {"a":1}"#);
    }
}
