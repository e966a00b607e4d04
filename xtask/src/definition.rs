//! A connector's definition, read strictly: the keys that Activiti's modeling schema knows and no others.
//!
//! `common` reads definitions too; this reader is its own, so that tasks start without building `common`.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::tree;

/// Longest name that the modeling schema takes, in characters.
const NAME_MAX: usize = 26;

/// The types that a modeler knows for a parameter.
const TYPES: [&str; 9] =
    ["string", "integer", "boolean", "date", "datetime", "file", "json", "folder", "array"];

/// A definition, actions and events in the file's order.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) actions: Vec<Feature>,
    pub(crate) events: Vec<Feature>,
    pub(crate) config: Vec<Setting>,
    pub(crate) errors: Vec<ErrorCode>,
}

/// An action or an event.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Feature {
    id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) inputs: Vec<Parameter>,
    #[serde(default)]
    pub(crate) outputs: Vec<Parameter>,
    /// JSON schema of an event's data; not looked at here.
    #[serde(default, rename = "model")]
    _model: Value,
}

/// An input or an output.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameter {
    id: String,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) required: bool,
    /// JSON schema of the value; not looked at here.
    #[serde(default, rename = "model")]
    _model: Value,
}

/// An entry of `config`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Setting {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    pub(crate) value: Option<String>,
    #[serde(default)]
    pub(crate) required: bool,
    #[serde(default)]
    pub(crate) secure: bool,
}

/// An entry of `errors`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErrorCode {
    name: String,
    #[serde(default)]
    pub(crate) description: String,
    pub(crate) code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "id")]
    _id: String,
    name: String,
    #[serde(default, rename = "description")]
    _description: String,
    #[serde(default, rename = "template")]
    _template: String,
    // Maps of JSON values and not of features, because only those keep the file's order.
    #[serde(default)]
    actions: Map<String, Value>,
    #[serde(default)]
    events: Map<String, Value>,
    #[serde(default)]
    config: Vec<Setting>,
    #[serde(default)]
    errors: Vec<ErrorCode>,
}

/// Reads the definition `<name>.json`; errors don't name the file.
pub(crate) fn read(path: &Path) -> Result<Definition> {
    parse(&tree::stem(path), &tree::read(path)?)
}

/// Reads the text of the definition `<stem>.json`.
pub(crate) fn parse(stem: &str, text: &str) -> Result<Definition> {
    let file: File = serde_json::from_str(text)?;
    ensure!(file.name == stem, "`name` is `{}`, the file's name says `{stem}`", file.name);
    ensure!(
        is_name(stem),
        "`name`: at most {NAME_MAX} lower-case letters, digits and inner hyphens, a letter first"
    );
    let definition = Definition {
        actions: features("actions", file.actions)?,
        events: features("events", file.events)?,
        config: file.config,
        errors: file.errors,
    };
    unique("config", definition.config.iter().map(|it| it.name.as_str()))?;
    unique("errors", definition.errors.iter().map(|it| it.code.as_str()))?;
    for ErrorCode { name, code, .. } in &definition.errors {
        ensure!(name == code, "errors: name `{name}` and code `{code}` differ");
    }
    Ok(definition)
}

fn features(place: &str, features: Map<String, Value>) -> Result<Vec<Feature>> {
    let read = |(id, value): (String, Value)| {
        let name = value["name"].as_str().unwrap_or(&id).to_owned();
        let feature = Feature::deserialize(value).with_context(|| format!("{place} `{name}`"))?;
        ensure!(feature.id == id, "{place} `{name}`: `id` differs from its key `{id}`");
        check_parameters(&feature.inputs).with_context(|| format!("{name} inputs"))?;
        check_parameters(&feature.outputs).with_context(|| format!("{name} outputs"))?;
        Ok(feature)
    };
    let features: Vec<_> = features.into_iter().map(read).collect::<Result<_>>()?;
    unique(place, features.iter().map(|it| it.name.as_str()))?;
    Ok(features)
}

fn check_parameters(parameters: &[Parameter]) -> Result<()> {
    unique("names", parameters.iter().map(|it| it.name.as_str()))?;
    unique("ids", parameters.iter().map(|it| it.id.as_str()))?;
    for Parameter { name, kind, .. } in parameters {
        ensure!(TYPES.contains(&kind.as_str()), "`{name}`: `{kind}` is no type that modelers know");
    }
    Ok(())
}

fn unique<'a>(place: &str, names: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen = Vec::new();
    for name in names {
        ensure!(!name.is_empty(), "{place}: one is empty");
        ensure!(!seen.contains(&name), "{place}: `{name}` is there twice");
        seen.push(name);
    }
    Ok(())
}

/// The modeling schema's `^[a-z]([-a-z0-9]{0,24}[a-z0-9])?$`.
fn is_name(name: &str) -> bool {
    let inner = |it: char| it == '-' || it.is_ascii_lowercase() || it.is_ascii_digit();
    name.len() <= NAME_MAX
        && name.chars().all(inner)
        && name.starts_with(|it: char| it.is_ascii_lowercase())
        && !name.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let error = parse("rest-connector", text).map(|_| ()).unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn refuses_what_a_modeler_would_refuse() {
        let feature =
            |rest: &str| format!(r#"{{"name":"rest-connector","actions":{{"a":{{{rest}}}}}}}"#);
        check("{", "EOF while parsing");
        check(r#"{"name":"rest"}"#, "`name` is `rest`, the file's name says `rest-connector`");
        check(r#"{"name":"rest-connector","icon":"x"}"#, "unknown field `icon`");
        check(
            &feature(r#""id":"a","name":"GET","input":[]"#),
            "actions `GET`: unknown field `input`",
        );
        check(&feature(r#""id":"b","name":"GET""#), "actions `GET`: `id` differs from its key `a`");
        check(&feature(r#""id":"a""#), "actions `a`: missing field `name`");
        check(
            &feature(r#""id":"a","name":"GET","inputs":[{"id":"1","name":"x"}]"#),
            "missing field `type`",
        );
        check(
            &feature(r#""id":"a","name":"GET","inputs":[{"id":"1","name":"x","type":"text"}]"#),
            "GET inputs: `x`: `text` is no type that modelers know",
        );
        check(
            &feature(
                r#""id":"a","name":"GET","outputs":[{"id":"1","name":"x","type":"json"},{"id":"2","name":"x","type":"json"}]"#,
            ),
            "GET outputs: names: `x` is there twice",
        );
        check(
            r#"{"name":"rest-connector","config":[{"name":"A","values":"1"}]}"#,
            "unknown field `values`",
        );
        check(
            r#"{"name":"rest-connector","errors":[{"name":"A","code":"B"}]}"#,
            "errors: name `A` and code `B` differ",
        );
    }

    #[test]
    fn names_follow_the_modeling_schema() {
        for name in ["a", "rest-connector", "a1", "abcdefghijklmnopqrstuvwxyz"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            "1a",
            "-a",
            "a-",
            "restConnector",
            "rest_connector",
            "a.b",
            "abcdefghijklmnopqrstuvwxyz1",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn keeps_the_order_of_the_file() {
        let text = r#"{"name":"rest-connector","actions":{
            "b":{"id":"b","name":"POST"},"a":{"id":"a","name":"GET"}}}"#;
        let names: Vec<_> =
            parse("rest-connector", text).unwrap().actions.into_iter().map(|it| it.name).collect();
        assert_eq!(names, ["POST", "GET"]);
    }
}
