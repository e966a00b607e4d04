//! `requestPayload` → the bytes of the body (pure).

use bytes::Bytes;
use common::{Failure, Object};
use serde_json::Value;
use url::form_urlencoded::byte_serialize;

use crate::{
    error::invalid,
    input::{self, PayloadType},
    media::{self, MediaType},
};

/// What the task says about its payload.
#[derive(Debug, Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) payload_type: Option<PayloadType>,
    /// The input `contentType`, else the author's header.
    pub(crate) content_type: Option<&'a str>,
    pub(crate) nulls: Nulls,
}

/// What happens to members that are null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Nulls {
    #[default]
    Keep,
    Drop,
}

/// A body, and the content type it has where the task names none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Body {
    pub(crate) bytes: Bytes,
    pub(crate) content_type: &'static str,
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
    let payload_type = wanted.payload_type.unwrap_or_else(|| {
        if media.essence.is_empty() || media.is_json() {
            PayloadType::Json
        } else if media.is_form() {
            PayloadType::Form
        } else {
            PayloadType::Text
        }
    });
    let (text, content_type) = match payload_type {
        PayloadType::Json => (json(payload, wanted.nulls), "application/json"),
        PayloadType::Form => (form(payload, wanted.nulls)?, "application/x-www-form-urlencoded"),
        PayloadType::Text => {
            if media.essence.starts_with("multipart/") && !payload.is_string() {
                return Err(invalid(format_args!(
                    "`requestPayload`: a body of type {} has to be given as text",
                    media.essence
                )));
            }
            (input::text(payload), "text/plain; charset=utf-8")
        }
    };
    let charset = media.charset.as_deref().filter(|_| payload_type != PayloadType::Form);
    let bytes = media::encode(&text, charset)
        .map_err(|problem| invalid(format_args!("`requestPayload`: {problem}")))?;
    Ok(Some(Body { bytes: bytes.into(), content_type }))
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
    let members: Object = match payload {
        Value::Object(members) => members,
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(members) => members,
            Err(_) => return Ok(text),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
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
            Ok(Some(body)) => String::from_utf8_lossy(&body.bytes).into_owned(),
            Ok(None) => "(none)".to_owned(),
            Err(failure) => failure.to_string(),
        };
        assert_eq!(body, expected);
    }

    #[test]
    fn what_has_no_form_in_the_content_type_is_refused() {
        let form = "application/x-www-form-urlencoded";
        let refused = "INVALID_INPUT: `requestPayload`: a form is an object or a text";
        check(json!([1]), &wanted(form), refused);
        check(json!(true), &wanted(form), refused);
        check(
            json!({"a": 1}),
            &wanted("multipart/form-data; boundary=x"),
            "INVALID_INPUT: `requestPayload`: a body of type multipart/form-data has to be given as text",
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
            let text = std::str::from_utf8(&body.bytes).unwrap();
            assert_eq!(format!("{}: {text}", body.content_type), expected);
        };
        check(PayloadType::Form, None, "application/x-www-form-urlencoded: a=1");
        check(PayloadType::Json, Some("text/plain"), r#"application/json: {"a":1}"#);
        check(PayloadType::Text, None, r#"text/plain; charset=utf-8: {"a":1}"#);
    }
}
