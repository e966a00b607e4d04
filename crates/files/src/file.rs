//! File values as they travel in process variables.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::{Map, Value};

use crate::{
    ErrorKind, FileError,
    data_url::DataUrl,
    media,
    uri::{self, Scheme, Uri},
};

/// One file: a name, where the bytes are, and what is known about them.
///
/// Read from `{"name", "uri", "content": {"mimeType", "sizeInBytes"}}`, from a URI or data URL as plain text, from either of them as JSON text, and from a list, whose first entry counts (`activiti-ootb-connectors.md` §1.6).
/// Refused are references that no connector can follow: SpiffArena's digests, `nodeId` without `uri`, URIs of content services.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// The name as it came, else the last part of the URI, else `file`; [`crate::Meta`] has a safe one.
    pub name: String,
    /// The MIME type that the value declares.
    pub mime_type: Option<String>,
    /// The size in bytes that the value declares.
    pub size: Option<u64>,
    pub(crate) uri: Uri,
    /// Members of the value and of its `content` that are not ours.
    extra: Map<String, Value>,
    content_extra: Map<String, Value>,
}

/// Any number of files, also where the value is a single one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Files(pub Vec<File>);

impl File {
    /// A file at a URI, named by its last part.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Refused`] for a URI that no connector can read.
    pub fn at(uri: &str) -> Result<Self, FileError> {
        Ok(Self::of(None, Uri::parse(uri)?, Map::new(), Map::new()))
    }

    /// Where the bytes are. It may be megabytes long and hold secrets: for the process, not for logs.
    ///
    /// An inline file (`data:`) has here what SpiffArena takes for a file.
    pub fn uri(&self) -> &str {
        self.uri.text()
    }

    /// Whether the bytes are part of the value (`data:`).
    pub fn is_inline(&self) -> bool {
        self.uri.scheme() == Scheme::Data
    }

    /// What the bytes are, as far as that is known without reading them: as declared, else by the extension of the name, else `application/octet-stream`.
    pub fn type_or_unknown(&self) -> String {
        let declared = self.mime_type.clone();
        declared.or_else(|| media::by_name(&self.name)).unwrap_or_else(|| media::UNKNOWN.to_owned())
    }

    /// Whether a value among others is meant as a file: an object with a `uri` and what its `content` is like.
    ///
    /// An object without `content` may be anything that has an address.
    pub fn is_meant(value: &Value) -> bool {
        let is_uri = value.get("uri").and_then(Value::as_str).is_some_and(uri::has_scheme);
        is_uri && value.get("content").is_some_and(Value::is_object)
    }

    /// What names the file in an error text.
    pub(crate) fn label(&self) -> String {
        if self.is_inline() { self.name.clone() } else { self.uri.shown() }
    }

    fn from_value(value: Value) -> Result<Self, FileError> {
        match unwrapped(value) {
            Value::String(text) => Self::at(&text),
            Value::Object(members) => Self::from_object(members),
            Value::Array(entries) => {
                let first = entries.into_iter().find(|it| !it.is_null());
                first.map_or_else(|| Err(no_file("is an empty list")), Self::from_value)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                Err(no_file("is no file; a file is an object with `uri`, or a URI"))
            }
        }
    }

    fn from_object(mut members: Map<String, Value>) -> Result<Self, FileError> {
        let name = match members.shift_remove("name") {
            Some(Value::String(name)) if !name.trim().is_empty() => Some(name),
            Some(_) | None => None,
        };
        let refused = |why: &str| {
            let file = name.clone().unwrap_or_else(|| "file".to_owned());
            Err(FileError { kind: ErrorKind::Refused(why.to_owned()), file })
        };
        let uri = match members.shift_remove("uri") {
            Some(Value::String(uri)) => Uri::parse(&uri)?,
            Some(Value::Null) | None if members.contains_key("nodeId") => {
                return refused(
                    "has only a `nodeId`, which refers to a content service that connectors cannot read; a file needs `uri`",
                );
            }
            Some(Value::Null) | None => return refused("has no `uri`"),
            Some(_) => return refused("has a `uri` that is no text"),
        };
        let content = match members.shift_remove("content") {
            Some(Value::Object(content)) => content,
            Some(Value::Null) | None => Map::new(),
            Some(_) => return refused("has a `content` that is no object"),
        };
        Ok(Self::of(name, uri, content, members))
    }

    fn of(
        name: Option<String>,
        uri: Uri,
        mut content: Map<String, Value>,
        extra: Map<String, Value>,
    ) -> Self {
        let mime_type = match content.shift_remove("mimeType") {
            Some(Value::String(mime_type)) => media::declared(&mime_type),
            Some(_) | None => None,
        };
        let mime_type = if uri.scheme() == Scheme::Data {
            mime_type.or_else(|| media::declared(&DataUrl::parse(uri.text()).ok()?.mime_type?))
        } else {
            mime_type
        };
        let size = content.shift_remove("sizeInBytes").and_then(|it| match it {
            Value::Number(number) => whole(&number.to_string()),
            Value::String(text) => whole(text.trim()),
            _ => None,
        });
        let name = name.or_else(|| uri.name()).unwrap_or_else(|| "file".to_owned());
        Self { name, mime_type, size, uri, extra, content_extra: content }
    }

    /// A file that was written here.
    pub(crate) fn written(
        name: String,
        mime_type: String,
        size: u64,
        uri: &str,
    ) -> Result<Self, FileError> {
        let uri = Uri::parse(uri)?;
        let (extra, content_extra) = (Map::new(), Map::new());
        Ok(Self { name, mime_type: Some(mime_type), size: Some(size), uri, extra, content_extra })
    }
}

impl<'de> Deserialize<'de> for File {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Serialize for File {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut content = Map::new();
        if let Some(mime_type) = &self.mime_type {
            content.insert("mimeType".to_owned(), mime_type.as_str().into());
        }
        if let Some(size) = self.size {
            content.insert("sizeInBytes".to_owned(), size.into());
        }
        content.extend(self.content_extra.clone());
        let mut members = Map::new();
        members.insert("name".to_owned(), self.name.as_str().into());
        members.insert("uri".to_owned(), self.uri.text().into());
        members.insert("content".to_owned(), content.into());
        members.extend(self.extra.clone());
        members.serialize(serializer)
    }
}

impl JsonSchema for File {
    fn schema_name() -> Cow<'static, str> {
        "file".into()
    }

    fn inline_schema() -> bool {
        true
    }

    /// By its title, a definition's type `file` is known to be meant.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "file",
            "type": ["object", "string", "array"],
            "properties": {
                "name": { "type": "string" },
                "uri": { "type": "string" },
                "content": {
                    "type": "object",
                    "properties": {
                        "mimeType": { "type": "string" },
                        "sizeInBytes": { "type": "integer" },
                    },
                },
            },
        })
    }
}

impl IntoIterator for Files {
    type Item = File;
    type IntoIter = std::vec::IntoIter<File>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'de> Deserialize<'de> for Files {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = match unwrapped(Value::deserialize(deserializer)?) {
            Value::Array(entries) => entries,
            single => vec![single],
        };
        let files = entries.into_iter().filter(|it| !it.is_null()).map(File::from_value);
        files.collect::<Result<_, _>>().map(Self).map_err(D::Error::custom)
    }
}

impl Serialize for Files {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl JsonSchema for Files {
    fn schema_name() -> Cow<'static, str> {
        File::schema_name()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        File::json_schema(generator)
    }
}

/// Engines hand constants over as texts, objects and lists too.
fn unwrapped(value: Value) -> Value {
    match &value {
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            serde_json::from_str(text).unwrap_or(value)
        }
        _ => value,
    }
}

fn no_file(why: &str) -> FileError {
    FileError { kind: ErrorKind::Refused(why.to_owned()), file: "file".to_owned() }
}

/// A whole number, also as some engines write it: `2.0`.
fn whole(text: &str) -> Option<u64> {
    let digits = match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|it| it == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_that_are_no_files_are_refused() {
        let check = |value: Value, expected: &str| {
            for value in [value.clone(), json!([value]), value.to_string().into()] {
                let error = serde_json::from_value::<File>(value.clone()).unwrap_err().to_string();
                assert!(error.contains(expected), "{value}: {error}");
                let error = serde_json::from_value::<Files>(value.clone()).unwrap_err().to_string();
                assert!(error.contains(expected), "{value}: {error}");
            }
        };
        check(json!({"nodeId": "9fb6"}), "`file`: has only a `nodeId`");
        check(
            json!({"nodeId": "9fb6", "name": "a.pdf", "uri": null}),
            "`a.pdf`: has only a `nodeId`",
        );
        check(json!({"name": "a.pdf"}), "`a.pdf`: has no `uri`");
        check(json!({}), "`file`: has no `uri`");
        check(json!({"uri": 5}), "has a `uri` that is no text");
        check(json!({"uri": "alfresco:/9fb6"}), "`alfresco:` refers to a content service");
        check(json!({"uri": "data:,x", "content": "x"}), "has a `content` that is no object");
        check(json!({"uri": "data:a/b"}), "`data:…`: is a data URL without a comma");
        check(
            json!({"uri": "data:a/b;base64,spifffiledatadigest+00"}),
            "the script `get_encoded_file_data(ref)`",
        );
        let check = |value: Value, expected: &str| {
            let error = serde_json::from_value::<File>(value.clone()).unwrap_err().to_string();
            assert!(error.contains(expected), "{value}: {error}");
        };
        check(json!([]), "is an empty list");
        check(json!([null]), "is an empty list");
        check(json!(5), "is no file");
        check(json!(true), "is no file");
        check(json!(null), "is no file");
        check(json!("just text"), "`just text`: is no URI");
        check(json!("{broken"), "is no URI");
    }

    #[test]
    fn every_shape_is_read() {
        let check = |value: Value, name: &str, mime_type: Option<&str>, size: Option<u64>| {
            for value in [value.clone(), json!([value.clone(), {"uri": "data:,x"}])] {
                let file: File = serde_json::from_value(value.clone()).unwrap();
                assert_eq!(
                    (&*file.name, file.mime_type.as_deref(), file.size),
                    (name, mime_type, size),
                    "{value}"
                );
            }
        };
        let content = json!({"mimeType": "a/b", "sizeInBytes": 7});
        check(
            json!({"name": "x", "uri": "file:/y.bin", "content": content}),
            "x",
            Some("a/b"),
            Some(7),
        );
        check(
            json!({"uri": "file:/y.bin", "content": {"sizeInBytes": "7"}}),
            "y.bin",
            None,
            Some(7),
        );
        check(
            json!({"uri": "file:/y.bin", "content": {"sizeInBytes": 7.0}}),
            "y.bin",
            None,
            Some(7),
        );
        for size in [json!(-1), json!(7.5), json!("much"), json!(null)] {
            check(
                json!({"uri": "file:/y.bin", "content": {"sizeInBytes": size}}),
                "y.bin",
                None,
                None,
            );
        }
        check(
            json!({"uri": "file:/y", "name": " ", "content": null, "nodeId": "1"}),
            "y",
            None,
            None,
        );
        check(json!(" {\"uri\": \"s3://b/y.bin\"} "), "y.bin", None, None);
        check(json!("https://a.test/b/y.bin?q=1"), "y.bin", None, None);
        check(json!("https://a.test/"), "file", None, None);
        check(json!("data:a/b;name=y%20z.bin;base64,AAAA"), "y z.bin", Some("a/b"), None);
        check(
            json!({"uri": "data:a/b,x", "content": {"mimeType": "c/d"}}),
            "file",
            Some("c/d"),
            None,
        );
    }

    #[test]
    fn one_and_many_are_the_same() {
        let check = |value: Value, expected: &[&str]| {
            let files: Files = serde_json::from_value(value.clone()).unwrap();
            let names: Vec<_> = files.into_iter().map(|it| it.name).collect();
            assert_eq!(names, expected, "{value}");
        };
        check(json!("file:/a"), &["a"]);
        check(json!({"uri": "file:/a"}), &["a"]);
        check(json!(["file:/a", {"uri": "file:/b"}, null]), &["a", "b"]);
        check(json!("[\"file:/a\", \"file:/b\"]"), &["a", "b"]);
        check(json!([]), &[]);
    }

    #[test]
    fn members_that_are_not_ours_are_given_back() {
        let value = json!({
            "name": "a.pdf",
            "uri": "s3://bucket/a.pdf",
            "content": {"mimeType": "application/pdf", "sizeInBytes": 7, "encoding": "UTF-8"},
            "createdAt": "2026-01-02",
            "nodeId": null,
            "big": 12_345_678_901_234_567_890_u64,
        });
        let file: File = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(&file).unwrap(), value);
        assert_eq!(serde_json::to_value(Files(vec![file])).unwrap(), json!([value]));
        let bare = serde_json::to_value(File::at("data:,x").unwrap()).unwrap();
        let content = json!({"mimeType": "text/plain;charset=US-ASCII"});
        assert_eq!(bare, json!({"name": "file", "uri": "data:,x", "content": content}));
    }

    #[test]
    fn files_are_told_from_other_objects_with_addresses() {
        let check = |value: Value, expected: bool| {
            assert_eq!(File::is_meant(&value), expected, "{value}");
        };
        check(json!({"name": "Hook", "uri": "https://a.test/"}), false);
        check(json!({"uri": "orders/1", "content": {}}), false);
        check(json!({"uri": "file:/a", "content": "text"}), false);
        check(json!({"uri": ["file:/a"], "content": {}}), false);
        check(json!("file:/a"), false);
        check(json!({"uri": "file:/a", "content": {}}), true);
        // Refused when it is read, with the reason.
        check(json!({"uri": "alfresco:/1", "content": {"mimeType": "text/plain"}}), true);
        check(json!({"uri": "data:,x", "content": {}}), true);
    }

    #[test]
    fn the_type_is_known_by_declaration_and_name() {
        let check = |value: Value, expected: &str| {
            let file: File = serde_json::from_value(value).unwrap();
            assert_eq!(file.type_or_unknown(), expected);
        };
        check(json!({"uri": "file:/a.pdf", "content": {"mimeType": "text/csv"}}), "text/csv");
        check(json!("file:/a.pdf"), "application/pdf");
        check(json!("file:/a"), "application/octet-stream");
    }

    #[test]
    fn definitions_know_files_by_their_title() {
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema counts")]
        struct Input {
            one: File,
            perhaps: Option<File>,
            list: Vec<File>,
            many: Files,
        }
        let schema = schemars::schema_for!(Input).to_value();
        let properties = &schema["properties"];
        for title in [
            &properties["one"]["title"],
            &properties["perhaps"]["title"],
            &properties["list"]["items"]["title"],
            &properties["many"]["title"],
        ] {
            assert_eq!(title, "file", "{schema:#}");
        }
    }
}
