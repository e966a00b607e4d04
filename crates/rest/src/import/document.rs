//! An `OpenAPI` document as it stands, and what its references point to.
//!
//! One tolerant reader for 3.0 and 3.1, since a typed one refuses a whole document for one slip in a part that nobody asked for.

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// The most references that lead to references.
const REFERENCES_MAX: usize = 32;
/// The most values in a YAML document, aliases expanded; the largest public documents have some hundred thousand.
const YAML_NODES_MAX: usize = 3_000_000;
const YAML_DEPTH_MAX: usize = 128;

/// An `OpenAPI` 3 document.
#[derive(Debug)]
pub(crate) struct Document {
    root: Value,
}

impl Document {
    /// Reads JSON or YAML.
    ///
    /// # Errors
    /// A fragment that says why `text` is no `OpenAPI` 3 document.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let root: Value = if text.starts_with('{') {
            serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?
        } else {
            let options = serde_saphyr::options! {
                strict_booleans: true,
                with_snippet: false,
                budget: serde_saphyr::budget! {
                    max_nodes: YAML_NODES_MAX,
                    max_events: 2 * YAML_NODES_MAX,
                    max_depth: YAML_DEPTH_MAX,
                },
            };
            serde_saphyr::from_str_with_options(text, options).map_err(|error| {
                let text = error.to_string();
                let line = text.lines().next().unwrap_or_default();
                format!("is neither JSON nor YAML: {}", line.trim_start_matches("error: "))
            })?
        };
        if root.get("swagger").is_some() {
            return Err("is Swagger 2.0, which has to be converted to OpenAPI 3 first".to_owned());
        }
        let Some(version) = root.get("openapi") else {
            return Err("is no OpenAPI document: it has no `openapi`".to_owned());
        };
        // YAML takes an unquoted 3.0 for a number.
        let version = version.as_str().map_or_else(|| version.to_string(), str::to_owned);
        if !version.starts_with("3.") {
            return Err(format!("is OpenAPI {version}; 3.0 and 3.1 are known here"));
        }
        Ok(Self { root })
    }

    pub(crate) fn root(&self) -> &Value {
        &self.root
    }

    /// What `value` stands for: itself, or what its `$ref` points to.
    ///
    /// # Errors
    /// A reference that leads out of the document, nowhere or in a circle.
    pub(crate) fn resolve<'a>(&'a self, value: &'a Value) -> Result<&'a Value, String> {
        let mut value = value;
        for _ in 0..REFERENCES_MAX {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
                return Ok(value);
            };
            let Some(pointer) = reference.strip_prefix('#') else {
                let advice = "put it into one file first";
                return Err(format!("`$ref` `{reference}` leads out of the document; {advice}"));
            };
            let pointer = percent_decode_str(pointer).decode_utf8_lossy();
            value = self
                .root
                .pointer(&pointer)
                .ok_or_else(|| format!("`$ref` `{reference}` leads nowhere"))?;
        }
        Err(format!("`$ref` {} turns in a circle", value["$ref"]).replace('"', "`"))
    }

    /// The first text of `names` that `value` has, as one line.
    pub(crate) fn text(value: &Value, names: &[&str]) -> Option<String> {
        let text = names.iter().find_map(|it| value.get(it)?.as_str())?;
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        (!text.is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, expected: &str) {
        assert_eq!(Document::read(text).unwrap_err(), expected, "{text}");
    }

    #[test]
    fn says_why_a_text_is_no_openapi_document() {
        refused("", "is no OpenAPI document: it has no `openapi`");
        refused("<html></html>", "is no OpenAPI document: it has no `openapi`");
        refused("{}", "is no OpenAPI document: it has no `openapi`");
        refused(r#"{"a": }"#, "is no JSON: expected value at line 1 column 7");
        refused(
            "a: [1\nb: {",
            "is neither JSON nor YAML: illegal placement of ':' indicator at line 2, column 2",
        );
        let converted = "is Swagger 2.0, which has to be converted to OpenAPI 3 first";
        refused(r#"{"swagger": "2.0", "paths": {}}"#, converted);
        refused("swagger: '2.0'", converted);
        refused(r#"{"openapi": "4.0.0"}"#, "is OpenAPI 4.0.0; 3.0 and 3.1 are known here");
    }

    #[test]
    fn a_document_that_grows_by_its_aliases_is_refused() {
        let line = |name: char, of: &str| format!("{name}: &{name} [{}]\n", [of; 9].join(","));
        let mut text = line('a', "x");
        for (name, of) in ('b'..='j').zip('a'..) {
            text += &line(name, &format!("*{of}"));
        }
        let error = Document::read(&text).unwrap_err();
        assert!(error.contains("budget"), "{error}");
    }

    #[test]
    fn reads_json_and_yaml_as_they_are_written() {
        for text in [
            "\u{feff}{\"openapi\": \"3.1.0\", \"a\": {\"200\": \"NO\"}}",
            "openapi: 3.1.0\na:\n  200: NO\n",
            "openapi: 3.1\na: {200: NO}",
        ] {
            assert_eq!(Document::read(text).unwrap().root()["a"]["200"], "NO", "{text}");
        }
    }

    #[test]
    fn references_lead_to_what_they_name_or_are_told() {
        let document = Document::read(
            r##"{"openapi": "3.0.0", "a/b": {"c d": 1}, "x": {"$ref": "#/a~1b/c%20d"},
                "y": {"$ref": "#/x"}, "circle": {"$ref": "#/circle"}}"##,
        )
        .unwrap();
        let check = |reference: &str, expected: Result<i64, &str>| {
            let value = serde_json::json!({"$ref": reference});
            let found = document.resolve(&value).map(|it| it.as_i64().unwrap());
            assert_eq!(found, expected.map_err(str::to_owned), "{reference}");
        };
        let advice = "leads out of the document; put it into one file first";
        check("other.yaml#/a", Err(&format!("`$ref` `other.yaml#/a` {advice}")));
        check("https://x/y", Err(&format!("`$ref` `https://x/y` {advice}")));
        check("#/nowhere", Err("`$ref` `#/nowhere` leads nowhere"));
        check("#/circle", Err("`$ref` `#/circle` turns in a circle"));
        check("#/y", Ok(1));
    }
}
