//! What is to be made into a document: a file, a name below `TEMPLATES_DIR`, or a text.

use std::borrow::Cow;

use files::File;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;

/// Names are no longer than this; longer texts are templates themselves.
const NAME_BYTES_MAX: usize = 255;

/// Documents of office suites, by the ends of their names.
const OFFICE: [&str; 11] =
    ["docx", "doc", "odt", "rtf", "xlsx", "xls", "ods", "pptx", "ppt", "odp", "docm"];

/// The language of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    Typst,
    Html,
    Markdown,
}

/// Where the template is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Template {
    File(Box<File>),
    Named(String),
    Text(String),
}

impl Format {
    /// By the extension of a name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "typ" => Some(Self::Typst),
            "html" | "htm" | "xhtml" => Some(Self::Html),
            "md" | "markdown" => Some(Self::Markdown),
            _ => None,
        }
    }

    /// By a file's MIME type.
    pub(crate) fn of_type(mime_type: &str) -> Option<Self> {
        let essence = mime_type.split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "text/x-typst" | "text/vnd.typst" => Some(Self::Typst),
            "text/html" | "application/xhtml+xml" => Some(Self::Html),
            "text/markdown" | "text/x-markdown" => Some(Self::Markdown),
            _ => None,
        }
    }

    /// By how a text begins: a tag is HTML, a rule of Typst's is Typst, everything else Markdown.
    pub(crate) fn of_text(text: &str) -> Self {
        let start = text.trim_start();
        let typst =
            ["#set ", "#let ", "#import ", "#show ", "#include ", "#for ", "#if ", "#context "];
        if start.starts_with('<') {
            Self::Html
        } else if typst.iter().any(|it| start.starts_with(it)) {
            Self::Typst
        } else {
            Self::Markdown
        }
    }
}

/// The extension of a document of an office suite, in lower case; none for everything else.
pub(crate) fn office(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    OFFICE.into_iter().find(|it| it.eq_ignore_ascii_case(extension))
}

impl Template {
    fn of_text(text: String) -> Result<Self, String> {
        let start = text.trim_start();
        let scheme = start.split(':').next().unwrap_or_default();
        let is_short = start.len() <= NAME_BYTES_MAX || scheme == "data";
        let is_one_word = !text.trim().contains(char::is_whitespace);
        let schemes = ["data", "http", "https", "file", "s3", "az", "gs", "memory"];
        if is_short && is_one_word && start.contains(':') && schemes.contains(&scheme) {
            let file = File::at(text.trim()).map_err(|error| error.to_string())?;
            return Ok(Self::File(Box::new(file)));
        }
        let is_line = !text.trim().contains('\n') && text.len() <= NAME_BYTES_MAX;
        let is_name = |it: &str| Format::of_name(it).is_some() || office(it).is_some();
        if is_line && is_name(text.trim()) {
            return Ok(Self::Named(text.trim().to_owned()));
        }
        Ok(Self::Text(text))
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let file = |value| {
            let file = serde_json::from_value(value).map_err(D::Error::custom)?;
            Ok(Self::File(Box::new(file)))
        };
        match Value::deserialize(deserializer)? {
            // An object or a list as JSON text is a file value too; a text that only begins like one is a template.
            Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
                match serde_json::from_str::<Value>(&text) {
                    Ok(value @ (Value::Object(_) | Value::Array(_))) => file(value),
                    Ok(_) | Err(_) => Ok(Self::Text(text)),
                }
            }
            Value::String(text) if text.trim().is_empty() => Err(D::Error::custom("is empty")),
            Value::String(text) => Self::of_text(text).map_err(D::Error::custom),
            Value::Array(items) => match items.into_iter().find(|it| !it.is_null()) {
                Some(Value::String(text)) => Self::of_text(text).map_err(D::Error::custom),
                Some(other) => file(other),
                None => Err(D::Error::custom("is an empty list")),
            },
            other => file(other),
        }
    }
}

impl JsonSchema for Template {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(value: &Value, expected: &str) {
        let told = match Template::deserialize(value) {
            Ok(Template::File(file)) => format!("file {}", file.name),
            Ok(Template::Named(name)) => format!("name {name}"),
            Ok(Template::Text(text)) => format!("text {text}"),
            Err(error) => format!("error {error}"),
        };
        assert_eq!(told, expected, "{value}");
    }

    #[test]
    fn what_is_no_template_is_refused() {
        check(&json!(""), "error is empty");
        check(&json!(" \n"), "error is empty");
        check(&json!([]), "error is an empty list");
        check(&json!(5), "error `file`: is no file; a file is an object with `uri`, or a URI");
        check(&json!({"name": "a.typ"}), "error `a.typ`: has no `uri`");
    }

    #[test]
    fn files_names_and_texts_are_told_apart() {
        check(&json!({"name": "a.typ", "uri": "data:,x"}), "file a.typ");
        check(&json!([{"name": "a.typ", "uri": "data:,x"}]), "file a.typ");
        check(&json!("{\"name\": \"a.typ\", \"uri\": \"data:,x\"}"), "file a.typ");
        check(&json!("data:text/html,<p>x</p>"), "file file");
        check(&json!("https://example.org/b.html?v=1"), "file b.html");
        check(&json!("letters/invoice.typ"), "name letters/invoice.typ");
        check(&json!(" invoice.MD "), "name invoice.MD");
        check(&json!("letters/offer.DOCX"), "name letters/offer.DOCX");
        check(&json!("Dear {{ name }}"), "text Dear {{ name }}");
        check(&json!("{{ name }}"), "text {{ name }}");
        check(&json!("# Invoice\nsee invoice.typ"), "text # Invoice\nsee invoice.typ");
        check(&json!("Note: all is well"), "text Note: all is well");
        check(&json!("<p>http://x</p>"), "text <p>http://x</p>");
    }

    #[test]
    fn the_format_shows_in_name_type_and_text() {
        assert_eq!(Format::of_name("a.typ"), Some(Format::Typst));
        assert_eq!(Format::of_name("a.b.HTM"), Some(Format::Html));
        assert_eq!(Format::of_name("a.docx"), None);
        assert_eq!(office("a.b.DocX"), Some("docx"));
        assert_eq!(office("docx"), None);
        assert_eq!(Format::of_type("text/html; charset=utf-8"), Some(Format::Html));
        assert_eq!(Format::of_type("text/plain"), None);
        assert_eq!(Format::of_text("\n<p>"), Format::Html);
        assert_eq!(Format::of_text("#set page(width: 1cm)"), Format::Typst);
        assert_eq!(Format::of_text("# Title"), Format::Markdown);
    }
}
