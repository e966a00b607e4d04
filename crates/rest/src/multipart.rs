//! `multipart/form-data` (RFC 7578): the parts that a payload asks for (pure).

use bytes::Bytes;
use common::Failure;
use files::{File, Files, safe_name};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    content::{Content, Piece},
    error::invalid,
    fields::{self, Field},
    input,
};

/// The name of the part where the payload is a file and nothing else.
const FILE: &str = "file";
/// The longest boundary (RFC 2046 §5.1.1).
const BOUNDARY_CHARS_MAX: usize = 70;

/// A part of the body.
#[derive(Debug)]
struct Part {
    name: String,
    file_name: Option<String>,
    content_type: Option<String>,
    content: Piece,
}

/// The body of a payload and its content type, with the boundary of `content_type` where that has one.
///
/// # Errors
/// `INVALID_INPUT` that names the field.
pub(crate) fn encode(
    payload: Value,
    content_type: Option<&str>,
) -> Result<(Content, String), Failure> {
    let parts = parts(payload)?;
    let boundary = match content_type.and_then(given_boundary) {
        None => Uuid::new_v4().simple().to_string(),
        Some(given) => {
            let is_char = |it: u8| it.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&it);
            let is_fit = !given.is_empty()
                && given.len() <= BOUNDARY_CHARS_MAX
                && !given.ends_with(' ')
                && given.bytes().all(is_char);
            if !is_fit {
                return Err(invalid(
                    "`contentType`: the boundary is none (RFC 2046, section 5.1.1)",
                ));
            }
            if parts.iter().any(|it| it.has(&given)) {
                return Err(invalid("`contentType`: the boundary occurs in a part"));
            }
            given
        }
    };
    let mut pieces = Vec::new();
    for part in parts {
        let head = part.head(&boundary);
        pieces.extend([text(head), part.content, text("\r\n".to_owned())]);
    }
    pieces.push(text(format!("--{boundary}--\r\n")));
    let is_token = boundary.bytes().all(|it| it.is_ascii_alphanumeric() || b"'+_-.".contains(&it));
    let quote = if is_token { "" } else { "\"" };
    let content_type = format!("multipart/form-data; boundary={quote}{boundary}{quote}");
    Ok((Content::of(pieces), content_type))
}

impl Part {
    /// The lines in front of the content, as browsers write them: UTF-8, with quotes and line breaks percent-encoded.
    fn head(&self, boundary: &str) -> String {
        let quoted =
            |text: &str| text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
        let name = format!("; name=\"{}\"", quoted(&self.name));
        let file_name =
            self.file_name.as_deref().map(|it| format!("; filename=\"{}\"", quoted(it)));
        let content_type = self.content_type.as_ref().map(|it| format!("\r\nContent-Type: {it}"));
        [
            &format!("--{boundary}\r\nContent-Disposition: form-data{name}"),
            file_name.as_deref().unwrap_or_default(),
            content_type.as_deref().unwrap_or_default(),
            "\r\n\r\n",
        ]
        .concat()
    }

    fn has(&self, boundary: &str) -> bool {
        match &self.content {
            Piece::Bytes(bytes) => {
                String::from_utf8_lossy(bytes).contains(&format!("--{boundary}"))
            }
            // Nobody can look into a file that is read while it is sent.
            Piece::File(_) => false,
        }
    }

    fn text(name: &str, content: String) -> Self {
        let (name, content) = (name.to_owned(), text(content));
        Self { name, file_name: None, content_type: None, content }
    }

    fn file(name: &str, file: File) -> Self {
        Self {
            name: name.to_owned(),
            file_name: Some(safe_name(&file.name)),
            content_type: Some(file.type_or_unknown()),
            content: Piece::File(Box::new(file)),
        }
    }
}

/// A part with more to say than its content, as authors write it for a name.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Described {
    file: Option<Value>,
    value: Option<Value>,
    file_name: Option<String>,
    content_type: Option<String>,
}

fn parts(payload: Value) -> Result<Vec<Part>, Failure> {
    let parts: Vec<_> = match payload {
        Value::Object(_) if File::is_meant(&payload) => of_files(FILE, payload)?,
        Value::Array(list) if list.iter().all(File::is_meant) => of_files(FILE, list.into())?,
        Value::Array(list) => {
            let parts = fields::entries(list)?.into_iter().map(of_field);
            parts.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect()
        }
        Value::Object(members) => {
            let parts = members.into_iter().map(|(name, value)| of_value(&name, value));
            parts.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            return Err(invalid(
                "`requestPayload`: a multipart body is an object or a list of parts",
            ));
        }
    };
    let is_printable = |it: &String| it.bytes().all(|it| matches!(it, b' '..=b'~'));
    let odd = parts.iter().find(|it| !it.content_type.as_ref().is_none_or(is_printable));
    match odd {
        None => Ok(parts),
        Some(Part { name, .. }) => Err(invalid(format_args!(
            "`requestPayload`: `{name}`: `contentType` is no content type"
        ))),
    }
}

fn of_field(field: Field) -> Result<Vec<Part>, Failure> {
    let Field { name, value, is_file, file_name, content_type } = field;
    let mut parts = if is_file { of_files(&name, value)? } else { of_value(&name, value)? };
    for part in &mut parts {
        part.file_name = file_name.clone().or(part.file_name.take());
        part.content_type = content_type.clone().or(part.content_type.take());
    }
    Ok(parts)
}

fn of_value(name: &str, value: Value) -> Result<Vec<Part>, Failure> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(list) => {
            let parts = list.into_iter().map(|it| of_value(name, it));
            Ok(parts.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        }
        Value::Object(_) if File::is_meant(&value) => of_files(name, value),
        Value::Object(_) => {
            if let Some(field) = described(name, &value) {
                return of_field(field);
            }
            let part = Part::text(name, value.to_string());
            Ok(vec![Part { content_type: Some("application/json".to_owned()), ..part }])
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Ok(vec![Part::text(name, input::text(value))])
        }
    }
}

/// What an object says about a part; `None` where the object is the content.
fn described(name: &str, value: &Value) -> Option<Field> {
    let Described { file, value, file_name, content_type } = Described::deserialize(value).ok()?;
    let (value, is_file) = match (file, value) {
        (Some(file), None) => (file, true),
        (None, Some(value)) if file_name.is_some() || content_type.is_some() => (value, false),
        _ => return None,
    };
    Some(Field { name: name.to_owned(), value, is_file, file_name, content_type })
}

fn of_files(name: &str, value: Value) -> Result<Vec<Part>, Failure> {
    let files: Files = serde_json::from_value(value)
        .map_err(|error| invalid(format_args!("`requestPayload`: `{name}`: {error}")))?;
    Ok(files.into_iter().map(|file| Part::file(name, file)).collect())
}

fn text(text: String) -> Piece {
    Piece::Bytes(Bytes::from(text))
}

/// The parameter `boundary` of a content type.
fn given_boundary(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=B";

    /// The parts, or the failure.
    fn told(payload: Value) -> String {
        match encode(payload, Some(TYPE)) {
            Ok((content, content_type)) => {
                assert_eq!(content_type, TYPE);
                content
                    .shown()
                    .replace("\r\n", "\n")
                    .replace("Content-Disposition: form-data; ", "")
            }
            Err(failure) => failure.to_string(),
        }
    }

    fn check(payload: Value, expected: &str) {
        assert_eq!(told(payload), expected);
    }

    #[test]
    fn what_is_no_part_is_refused_by_name() {
        let check = |payload: Value, expected: &str| {
            check(payload, &format!("INVALID_INPUT: `requestPayload`: {expected}"));
        };
        check(json!("text"), "a multipart body is an object or a list of parts");
        check(json!(7), "a multipart body is an object or a list of parts");
        check(json!(["a"]), "item 1 is no object with `key` and `value`");
        check(json!([{"key": "a"}, {"value": "b"}]), "item 2 has no `key`");
        check(
            json!({"a": {"file": "nowhere"}}),
            "`a`: `nowhere`: is no URI; a file is a `data:`, `file:`, `http(s):`, `s3:`, `az:` or `gs:` URI",
        );
        check(
            json!({"a": {"value": "x", "contentType": "a\r\nX: y"}}),
            "`a`: `contentType` is no content type",
        );
        let digest = json!({"a": {"file": "data:text/plain;base64,spifffiledatadigest+abc"}});
        assert!(told(digest).contains("`get_encoded_file_data(ref)`"));
    }

    #[test]
    fn texts_lists_and_objects_are_parts() {
        check(json!({}), "--B--\n");
        check(
            json!({"a": "x", "n": 1.50, "b": true, "none": null, "l": ["1", null, 2]}),
            "--B\nname=\"a\"\n\nx\n--B\nname=\"n\"\n\n1.5\n--B\nname=\"b\"\n\ntrue\n\
             --B\nname=\"l\"\n\n1\n--B\nname=\"l\"\n\n2\n--B--\n",
        );
        check(
            json!({"o": {"uri": "https://a.test", "name": "Hook"}}),
            "--B\nname=\"o\"\nContent-Type: application/json\n\n\
             {\"uri\":\"https://a.test\",\"name\":\"Hook\"}\n--B--\n",
        );
        check(
            json!({"o": {"value": {"x": 1}, "contentType": "application/vnd.x+json"}}),
            "--B\nname=\"o\"\nContent-Type: application/vnd.x+json\n\n{\"x\":1}\n--B--\n",
        );
        check(
            json!({"o": {"value": "a;b", "fileName": "a.csv"}}),
            "--B\nname=\"o\"; filename=\"a.csv\"\n\na;b\n--B--\n",
        );
        // Nothing but a value is an object like others.
        check(
            json!({"o": {"value": 1}}),
            "--B\nname=\"o\"\nContent-Type: application/json\n\n{\"value\":1}\n--B--\n",
        );
    }

    #[test]
    fn files_have_their_name_and_type_or_those_of_the_task() {
        let file = json!({"name": "a b.pdf", "uri": "file:/x", "content": {"sizeInBytes": 3}});
        let part = |name: &str, file_name: &str, mime_type: &str| {
            format!(
                "--B\nname=\"{name}\"; filename=\"{file_name}\"\nContent-Type: {mime_type}\n\n(file a b.pdf, 3 bytes)\n"
            )
        };
        let pdf = part("f", "a b.pdf", "application/pdf");
        check(json!({"f": file}), &format!("{pdf}--B--\n"));
        check(json!({"f": [file, file]}), &format!("{pdf}{pdf}--B--\n"));
        check(json!({"f": {"file": [file, file]}}), &format!("{pdf}{pdf}--B--\n"));
        let own = json!({"file": file, "fileName": "b.txt", "contentType": "text/plain"});
        check(json!({"f": own}), &format!("{}--B--\n", part("f", "b.txt", "text/plain")));
        let alone = part("file", "a b.pdf", "application/pdf");
        check(file.clone(), &format!("{alone}--B--\n"));
        check(json!([file, file]), &format!("{alone}{alone}--B--\n"));
        let unsafe_name = json!({"name": "../../a\"b", "uri": "file:/x", "content": {}});
        let head = "name=\"f\"; filename=\".._.._a_b\"";
        assert!(told(json!({"f": unsafe_name})).contains(head));
    }

    #[test]
    fn a_list_of_keys_types_and_values_is_understood() {
        check(
            json!([
                {"key": "a", "type": "text", "value": "x"},
                {"name": "b", "value": 2},
                {"key": "c", "type": "File", "value": "data:text/csv;name=c.csv;base64,YQ=="},
                {"key": "d", "value": "{}", "contentType": "application/json"},
            ]),
            "--B\nname=\"a\"\n\nx\n--B\nname=\"b\"\n\n2\n\
             --B\nname=\"c\"; filename=\"c.csv\"\nContent-Type: text/csv\n\n(file c.csv)\n\
             --B\nname=\"d\"\nContent-Type: application/json\n\n{}\n--B--\n",
        );
    }

    #[test]
    fn names_cannot_end_their_line() {
        check(json!({"a\"\r\nX: y": "x"}), "--B\nname=\"a%22%0D%0AX: y\"\n\nx\n--B--\n");
    }

    #[test]
    fn a_boundary_is_obeyed_where_it_is_one() {
        let payload = || json!({"a": "--C"});
        let check = |boundary: &str, expected: &str| {
            let content_type = format!("multipart/form-data; boundary={boundary}");
            let told = match encode(payload(), Some(&content_type)) {
                Ok((_, content_type)) => content_type,
                Err(failure) => failure.to_string(),
            };
            assert_eq!(told, expected);
        };
        let none = "INVALID_INPUT: `contentType`: the boundary is none (RFC 2046, section 5.1.1)";
        check("", none);
        check("ä", none);
        check(&"x".repeat(71), none);
        check("C", "INVALID_INPUT: `contentType`: the boundary occurs in a part");
        check("x", "multipart/form-data; boundary=x");
        check("\"x:y\"", "multipart/form-data; boundary=\"x:y\"");
        let own = || encode(payload(), None).unwrap().1;
        assert_ne!(own(), own());
    }
}
