//! How a value becomes text in a URL, a header or a cookie (`OpenAPI` 3.1 §4.8.12.2, RFC 6570) (pure).

use serde_json::Value;

use crate::{input::text, operation::Style};

/// A parameter, and how its texts are made fit for where they go.
pub(crate) struct Expansion<'a> {
    pub(crate) name: &'a str,
    pub(crate) style: Style,
    pub(crate) explode: bool,
    pub(crate) encode: &'a dyn Fn(&str) -> String,
}

/// What a value consists of; what is nested deeper is JSON text.
enum Shape {
    Single(String),
    List(Vec<String>),
    Members(Vec<(String, String)>),
}

/// The text that takes the place of `{name}` in a path.
pub(crate) fn in_path(expansion: &Expansion, value: Value) -> String {
    let name = (expansion.encode)(expansion.name);
    let shape = expansion.shape(value);
    let (prefix, separator) = match (expansion.style, expansion.explode) {
        (Style::Label, true) => (".", "."),
        (Style::Matrix, true) => (";", ";"),
        (Style::Label, false) => (".", ","),
        (Style::Matrix, false) => (";", ","),
        _ => ("", ","),
    };
    let is_matrix = expansion.style == Style::Matrix;
    let text = match shape {
        Shape::Single(text) if is_matrix && text.is_empty() => name,
        Shape::Single(text) if is_matrix => format!("{name}={text}"),
        Shape::List(list) if is_matrix && expansion.explode => {
            list.iter().map(|it| format!("{name}={it}")).collect::<Vec<_>>().join(separator)
        }
        shape if is_matrix && !expansion.explode => {
            format!("{name}={}", expansion.joined(shape, separator))
        }
        shape => expansion.joined(shape, separator),
    };
    format!("{prefix}{text}")
}

/// The pairs that a query or a cookie gets.
pub(crate) fn in_query(expansion: &Expansion, value: Value) -> Vec<String> {
    let name = (expansion.encode)(expansion.name);
    let pair = |text: &String| format!("{name}={text}");
    let separator = match expansion.style {
        Style::SpaceDelimited => "%20",
        Style::PipeDelimited => "%7C",
        _ => ",",
    };
    match (expansion.style, value) {
        (Style::DeepObject, Value::Object(members)) => {
            let mut pairs = Vec::new();
            for (member, value) in members {
                expansion.deep(
                    &format!("{name}[{}]", (expansion.encode)(&member)),
                    value,
                    &mut pairs,
                );
            }
            pairs
        }
        (_, value) => match expansion.shape(value) {
            Shape::Single(text) => vec![pair(&text)],
            Shape::List(list) if expansion.explode => list.iter().map(pair).collect(),
            Shape::Members(members) if expansion.explode => {
                members.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
            }
            shape => vec![pair(&expansion.joined(shape, separator))],
        },
    }
}

/// The value of a header.
pub(crate) fn in_header(expansion: &Expansion, value: Value) -> String {
    expansion.joined(expansion.shape(value), ",")
}

impl Expansion<'_> {
    fn shape(&self, value: Value) -> Shape {
        let encoded = |value: Value| (self.encode)(&text(value));
        match value {
            value if self.style == Style::Json => Shape::Single((self.encode)(&value.to_string())),
            Value::Array(list) => {
                let list = list.into_iter().filter(|it| !it.is_null());
                Shape::List(list.map(encoded).collect())
            }
            Value::Object(members) => {
                let members = members.into_iter().filter(|(_, it)| !it.is_null());
                let pair = |(name, value): (String, Value)| ((self.encode)(&name), encoded(value));
                Shape::Members(members.map(pair).collect())
            }
            single => Shape::Single(encoded(single)),
        }
    }

    fn joined(&self, shape: Shape, separator: &str) -> String {
        let between = if self.explode { "=" } else { separator };
        match shape {
            Shape::Single(text) => text,
            Shape::List(list) => list.join(separator),
            Shape::Members(members) => {
                let pairs = members.into_iter().map(|(name, it)| format!("{name}{between}{it}"));
                pairs.collect::<Vec<_>>().join(separator)
            }
        }
    }

    /// Members of members in further brackets, as services expect them though the standard is silent.
    fn deep(&self, name: &str, value: Value, pairs: &mut Vec<String>) {
        match value {
            Value::Null => {}
            Value::Object(members) => {
                for (member, value) in members {
                    self.deep(&format!("{name}[{}]", (self.encode)(&member)), value, pairs);
                }
            }
            Value::Array(list) => list.into_iter().for_each(|it| self.deep(name, it, pairs)),
            single => pairs.push(format!("{name}={}", (self.encode)(&text(single)))),
        }
    }
}
