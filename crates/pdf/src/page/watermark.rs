//! `watermark` and `background`: what stands behind or over the content of every page.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Text or an image across every page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Watermark {
    pub(crate) mark: Mark,
    /// Clockwise, in degrees.
    pub(crate) angle: f64,
    /// From 0, which nobody sees, to 1.
    pub(crate) opacity: f64,
    pub(crate) color: Color,
    pub(crate) layer: Layer,
}

/// What is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Mark {
    Text(String),
    /// The name of an asset.
    Image(String),
}

/// Whether the content covers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Layer {
    #[default]
    Under,
    Over,
}

/// An sRGB color: `#f5f5f5`, `#fff`, `#00000080`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub(crate) struct Color(String);

impl Color {
    pub(crate) fn gray() -> Self {
        Self("#808080".to_owned())
    }

    /// With the hash in front.
    pub(crate) fn hex(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Color {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let lower = text.trim().to_ascii_lowercase();
        let named = match lower.as_str() {
            "white" => Some("#ffffff"),
            "black" => Some("#000000"),
            "red" => Some("#ff0000"),
            "green" => Some("#008000"),
            "blue" => Some("#0000ff"),
            "gray" | "grey" => Some("#808080"),
            _ => None,
        };
        let hex = named.unwrap_or(&lower);
        let digits = hex.strip_prefix('#').unwrap_or_default();
        let is_hex = digits.bytes().all(|it| it.is_ascii_hexdigit());
        if is_hex && matches!(digits.len(), 3 | 4 | 6 | 8) {
            return Ok(Self(hex.to_owned()));
        }
        Err(format!("`{text}` is no color, e.g. #f5f5f5"))
    }
}

impl From<Color> for String {
    fn from(it: Color) -> Self {
        it.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_are_hexadecimal_or_named() {
        let check = |text: &str, expected: Option<&str>| {
            let color = Color::try_from(text.to_owned()).map(String::from);
            assert_eq!(color.ok().as_deref(), expected, "{text}");
        };
        check("#12345", None);
        check("#ggg", None);
        check("ff0000", None);
        check("\") + read(\"x", None);
        check("transparent", None);
        check(" #FFF ", Some("#fff"));
        check("#00000080", Some("#00000080"));
        check("Grey", Some("#808080"));
    }
}
