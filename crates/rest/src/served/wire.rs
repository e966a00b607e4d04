//! Inputs of an imported action → the inputs of one call (pure).

use std::collections::HashMap;

use common::{Failure, Object};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::style::{self, Expansion};
use crate::{
    error::invalid,
    operation::{Body, Member, Operation, Parameter, Place, Source},
};

/// Inputs of the eight methods that imported actions take too, where the operation has none of that name.
const PASSED_ON: [&str; 14] = [
    "auth",
    "circuitBreaker",
    "connectTimeout",
    "errorOn",
    "fileName",
    "followRedirects",
    "idempotencyKey",
    "maxRedirects",
    "paging",
    "pollUntil",
    "requestHeaders",
    "responseMapping",
    "responseType",
    "timeout",
];

/// What a path of a document may not carry as it stands; `%XX` stays.
const NOT_IN_PATHS: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'`').add(b'{').add(b'}');

/// What must be encoded in a value that may keep its reserved characters: what would end the value or the query.
const RESERVED_KEPT: &AsciiSet = &NOT_IN_PATHS.add(b'&').add(b'+').add(b'%').add(b'\\').add(b'^');

/// The only characters that mean nothing in a URL (RFC 3986 §2.3) stay.
const UNRESERVED_KEPT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The inputs of the method that calls `operation` below `server`, as a task would write them.
///
/// # Errors
/// `MISSING_INPUT` and `INVALID_INPUT`, naming the input.
pub(crate) fn inputs(
    operation: &Operation,
    server: &str,
    mut given: Object,
) -> Result<Object, Failure> {
    let mut call = Object::new();
    let mut parts = Parts::default();
    for parameter in &operation.parameters {
        match given.remove(&parameter.input) {
            Some(value) => parts.add(parameter, value)?,
            None if parameter.r#in == Place::Path => {
                let text = format!("`{}` is missing", parameter.input);
                return Err(Failure::business("MISSING_INPUT", text));
            }
            None => {}
        }
    }
    if let Some(body) = &operation.body
        && let Some(payload) = payload(body, &mut given)
    {
        call.insert("requestPayload".to_owned(), payload);
        call.insert("contentType".to_owned(), body.content_type.clone().into());
    }
    for name in PASSED_ON {
        call.extend(given.remove(name).map(|value| (name.to_owned(), value)));
    }
    parts.add_headers(&mut call)?;
    let path = parts.address(&operation.path)?;
    call.insert("restUrl".to_owned(), format!("{server}{path}").into());
    call.insert("restUrlEncoded".to_owned(), true.into());
    Ok(call)
}

/// The parts of a request that parameters go into.
#[derive(Default)]
struct Parts {
    /// Encoded values by name.
    path: HashMap<String, String>,
    /// Encoded pairs.
    query: Vec<String>,
    headers: Vec<(String, String)>,
    cookies: Vec<String>,
}

impl Parts {
    fn add(&mut self, parameter: &Parameter, value: Value) -> Result<(), Failure> {
        let Parameter { input, name, r#in, style, explode, allow_reserved } = parameter;
        let set = if *allow_reserved { RESERVED_KEPT } else { UNRESERVED_KEPT };
        let encoded = |text: &str| encode(text, set);
        let plain = |text: &str| text.to_owned();
        let expansion = |encode| Expansion { name, style: *style, explode: *explode, encode };
        match r#in {
            Place::Path => {
                let text = style::in_path(&expansion(&encoded), value);
                // Such a path would be another operation's.
                if text.is_empty() {
                    return Err(invalid(format_args!("`{input}` is empty")));
                }
                self.path.insert(name.clone(), text);
            }
            Place::Query => self.query.extend(style::in_query(&expansion(&encoded), value)),
            Place::Header => {
                self.headers.push((name.clone(), style::in_header(&expansion(&plain), value)));
            }
            Place::Cookie => self.cookies.extend(style::in_query(&expansion(&encoded), value)),
        }
        Ok(())
    }

    /// Path and query, percent-encoded.
    fn address(self, template: &str) -> Result<String, Failure> {
        let mut path = String::with_capacity(template.len());
        for piece in template.split_inclusive('}') {
            let named = piece.strip_suffix('}').and_then(|it| it.rsplit_once('{'));
            match named.and_then(|(before, name)| Some((before, self.path.get(name)?))) {
                Some((before, value)) => {
                    path += &encode(before, NOT_IN_PATHS);
                    path += value;
                }
                None => path += &encode(piece, NOT_IN_PATHS),
            }
        }
        // A URL parser would go up and call something else.
        let is_dots = |segment: &str| {
            let segment = segment.replace("%2e", ".").replace("%2E", ".");
            segment == "." || segment == ".."
        };
        if path.split(['/', '?']).any(is_dots) {
            return Err(invalid("`.` and `..` are no values for a path"));
        }
        let separator = match (self.query.is_empty(), path.contains('?')) {
            (true, _) => "",
            (false, true) => "&",
            (false, false) => "?",
        };
        Ok(format!("{path}{separator}{}", self.query.join("&")))
    }

    fn add_headers(&mut self, call: &mut Object) -> Result<(), Failure> {
        if !self.cookies.is_empty() {
            self.headers.push(("Cookie".to_owned(), self.cookies.join("; ")));
        }
        if self.headers.is_empty() {
            return Ok(());
        }
        let mut headers = match call.remove("requestHeaders") {
            Some(Value::Object(headers)) => headers,
            Some(Value::String(text)) => serde_json::from_str(&text).map_err(|_no_object| {
                invalid("`requestHeaders`: an object of header names and values is wanted")
            })?,
            _ => Object::new(),
        };
        headers.extend(self.headers.drain(..).map(|(name, value)| (name, value.into())));
        call.insert("requestHeaders".to_owned(), headers.into());
        Ok(())
    }
}

/// The body; none where no input for it is given and it can be left out.
fn payload(body: &Body, given: &mut Object) -> Option<Value> {
    let members = match &body.from {
        Source::Input(input) => return given.remove(input),
        Source::Members(members) => members,
    };
    let mut payload = Object::new();
    for Member { input, name, number } in members {
        let Some(value) = given.remove(input) else { continue };
        payload.insert(name.clone(), if *number { as_number(value) } else { value });
    }
    (body.required || !payload.is_empty()).then_some(Value::Object(payload))
}

/// A text that is a number as that number, digit for digit.
fn as_number(value: Value) -> Value {
    let number = value.as_str().and_then(|text| serde_json::from_str::<Value>(text.trim()).ok());
    number.filter(Value::is_number).unwrap_or(value)
}

/// Percent-encodes what is in `set`.
fn encode(text: &str, set: &'static AsciiSet) -> String {
    utf8_percent_encode(text, set).to_string()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    fn call(operation: &Value, given: &Value) -> Result<Value, String> {
        let mut members = json!({
            "method": "GET", "path": "/orders", "connection": "x", "server": "http://x/v1",
        });
        members.as_object_mut().unwrap().extend(operation.as_object().unwrap().clone());
        let operation = Operation::deserialize(members).unwrap();
        let given = given.as_object().unwrap().clone();
        inputs(&operation, &operation.server, given)
            .map(Value::Object)
            .map_err(|failure| failure.to_string())
    }

    /// Where a parameter goes that the operation has once.
    fn sent(place: &str, style: &str, explode: bool, value: &Value) -> Result<String, String> {
        let path = if place == "path" { "/o/{p}/x" } else { "/o" };
        let parameter =
            json!({"input": "i", "name": "p", "in": place, "style": style, "explode": explode});
        let call = call(&json!({"path": path, "parameters": [parameter]}), &json!({"i": value}))?;
        let header = match place {
            "header" => &call["requestHeaders"]["p"],
            "cookie" => &call["requestHeaders"]["Cookie"],
            _ => &call["restUrl"],
        };
        Ok(header.as_str().unwrap().trim_start_matches("http://x/v1/o").to_owned())
    }

    fn check(place: &str, style: &str, explode: bool, expected: [&str; 3]) {
        let values = [json!("a b"), json!(["a", null, "b&"]), json!({"k": 1, "l": "ä"})];
        for (value, expected) in values.into_iter().zip(expected) {
            let text = format!("{place} {style} {explode} {value}");
            assert_eq!(sent(place, style, explode, &value).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_path_cannot_be_left_by_its_values() {
        let refused = |value: Value, expected: &str| {
            assert_eq!(sent("path", "simple", false, &value).unwrap_err(), expected);
        };
        refused(json!(""), "INVALID_INPUT: `i` is empty");
        refused(json!([]), "INVALID_INPUT: `i` is empty");
        for dots in [".", ".."] {
            refused(json!(dots), "INVALID_INPUT: `.` and `..` are no values for a path");
        }
        for (value, expected) in [
            ("../../admin", "/..%2F..%2Fadmin/x"),
            ("a?b#c", "/a%3Fb%23c/x"),
            ("%2e%2e", "/%252e%252e/x"),
            ("{p}", "/%7Bp%7D/x"),
            ("${host}", "/%24%7Bhost%7D/x"),
        ] {
            assert_eq!(sent("path", "simple", false, &json!(value)).unwrap(), expected);
        }
    }

    #[test]
    fn a_path_needs_its_values() {
        let parameter =
            json!({"input": "i", "name": "p", "in": "path", "style": "simple", "explode": false});
        let told = call(&json!({"path": "/o/{p}", "parameters": [parameter]}), &json!({}));
        assert_eq!(told.unwrap_err(), "MISSING_INPUT: `i` is missing");
    }

    #[test]
    fn values_go_into_a_path_by_its_style() {
        check("path", "simple", false, ["/a%20b/x", "/a,b%26/x", "/k,1,l,%C3%A4/x"]);
        check("path", "simple", true, ["/a%20b/x", "/a,b%26/x", "/k=1,l=%C3%A4/x"]);
        check("path", "label", false, ["/.a%20b/x", "/.a,b%26/x", "/.k,1,l,%C3%A4/x"]);
        check("path", "label", true, ["/.a%20b/x", "/.a.b%26/x", "/.k=1.l=%C3%A4/x"]);
        check("path", "matrix", false, ["/;p=a%20b/x", "/;p=a,b%26/x", "/;p=k,1,l,%C3%A4/x"]);
        check("path", "matrix", true, ["/;p=a%20b/x", "/;p=a;p=b%26/x", "/;k=1;l=%C3%A4/x"]);
    }

    #[test]
    fn values_go_into_a_query_by_its_style() {
        check("query", "form", true, ["?p=a%20b", "?p=a&p=b%26", "?k=1&l=%C3%A4"]);
        check("query", "form", false, ["?p=a%20b", "?p=a,b%26", "?p=k,1,l,%C3%A4"]);
        check(
            "query",
            "spaceDelimited",
            false,
            ["?p=a%20b", "?p=a%20b%26", "?p=k%201%20l%20%C3%A4"],
        );
        check(
            "query",
            "pipeDelimited",
            false,
            ["?p=a%20b", "?p=a%7Cb%26", "?p=k%7C1%7Cl%7C%C3%A4"],
        );
        check("query", "deepObject", true, ["?p=a%20b", "?p=a&p=b%26", "?p[k]=1&p[l]=%C3%A4"]);
        let json = ["?p=%22a%20b%22", "?p=%5B%22a%22%2Cnull%2C%22b%26%22%5D"];
        check(
            "query",
            "json",
            false,
            [json[0], json[1], "?p=%7B%22k%22%3A1%2C%22l%22%3A%22%C3%A4%22%7D"],
        );
        let nested = json!({"a": {"b": [1, 2], "c": null}});
        assert_eq!(sent("query", "deepObject", true, &nested).unwrap(), "?p[a][b]=1&p[a][b]=2");
    }

    #[test]
    fn values_go_into_headers_and_cookies() {
        check("header", "simple", false, ["a b", "a,b&", "k,1,l,ä"]);
        check("header", "simple", true, ["a b", "a,b&", "k=1,l=ä"]);
        check("cookie", "form", false, ["p=a%20b", "p=a,b%26", "p=k,1,l,%C3%A4"]);
    }

    #[test]
    fn reserved_characters_stay_where_they_may() {
        let parameter = json!({"input": "i", "name": "p", "in": "query", "style": "form",
            "explode": true, "allowReserved": true});
        let call = call(&json!({"parameters": [parameter]}), &json!({"i": "a/b?c=d&e#f+%"}));
        assert_eq!(call.unwrap()["restUrl"], "http://x/v1/orders?p=a/b?c=d%26e%23f%2B%25");
    }

    #[test]
    fn a_body_is_made_of_its_members_or_is_an_input() {
        let check = |body: Value, given: Value, expected: Value| {
            let call = call(&json!({"body": body}), &given).unwrap();
            assert_eq!(call["requestPayload"], expected);
            assert_eq!(call.get("contentType").is_some(), !expected.is_null());
        };
        let members = |required: bool| {
            let members = json!([{"input": "body_id", "name": "id"}, {"input": "n", "name": "n", "number": true}]);
            json!({"contentType": "application/json", "required": required, "from": {"members": members}})
        };
        check(members(false), json!({}), Value::Null);
        check(members(true), json!({}), json!({}));
        let sent = json!({"id": "7", "n": serde_json::from_str::<Value>("1.50").unwrap()});
        check(members(false), json!({"body_id": "7", "n": "1.50", "other": 1}), sent);
        check(members(false), json!({"n": "many"}), json!({"n": "many"}));
        let whole =
            json!({"contentType": "application/json", "required": true, "from": {"input": "body"}});
        check(whole.clone(), json!({"body": [1]}), json!([1]));
        check(whole, json!({}), Value::Null);
    }

    #[test]
    fn inputs_of_the_methods_are_passed_on_unless_the_operation_has_them() {
        let parameter = json!({"input": "timeout", "name": "timeout", "in": "header", "style": "simple", "explode": false});
        let given = json!({"timeout": 5, "responseType": "file", "fileName": "a.pdf", "auth": {"type": "bearer", "token": "t"}, "restUrl": "http://y/",
            "requestHeaders": "{\"X\": 1}"});
        let call = call(&json!({"parameters": [parameter]}), &given).unwrap();
        assert_eq!(call["restUrl"], "http://x/v1/orders");
        assert_eq!(call["requestHeaders"], json!({"X": 1, "timeout": "5"}));
        assert_eq!(call["auth"]["token"], "t");
        assert_eq!((&call["responseType"], &call["fileName"]), (&json!("file"), &json!("a.pdf")));
        assert!(call.get("timeout").is_none());
    }
}
