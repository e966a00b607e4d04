//! `margins`: one to four lengths in CSS's order, or an object of sides.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;

use super::length::Length;

/// The space between the edge of the page and its content.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Margins {
    pub(crate) top: Length,
    pub(crate) right: Length,
    pub(crate) bottom: Length,
    pub(crate) left: Length,
}

impl Margins {
    pub(crate) const DEFAULT: Self = {
        let side = Length(20.0 * 72.0 / 25.4);
        Self { top: side, right: side, bottom: side, left: side }
    };

    /// `20mm`, `20mm 15mm`, `20mm 15mm 25mm`, `20mm 15mm 25mm 15mm`.
    ///
    /// # Errors
    /// A text that names what is no length.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let sides = text.split_whitespace().map(Length::parse).collect::<Result<Vec<_>, _>>()?;
        let (top, right, bottom, left) = match sides[..] {
            [all] => (all, all, all, all),
            [ends, sides] => (ends, sides, ends, sides),
            [top, sides, bottom] => (top, sides, bottom, sides),
            [top, right, bottom, left] => (top, right, bottom, left),
            _ => return Err(format!("`{text}` is not one to four lengths")),
        };
        Ok(Self { top, right, bottom, left })
    }

    fn of(value: Value) -> Result<Self, String> {
        let members = match value {
            Value::String(text) if text.trim_start().starts_with('{') => {
                let wrong = |error| format!("`{text}` is no JSON: {error}");
                return Self::of(serde_json::from_str(&text).map_err(wrong)?);
            }
            Value::String(text) => return Self::parse(&text),
            Value::Object(members) => members,
            other => return Err(format!("`{other}` is neither a text nor an object of sides")),
        };
        let mut margins = Self::DEFAULT;
        for (side, value) in members {
            let place = match side.as_str() {
                "top" => &mut margins.top,
                "right" => &mut margins.right,
                "bottom" => &mut margins.bottom,
                "left" => &mut margins.left,
                _ => return Err(format!("`{side}` is no side: top, right, bottom or left")),
            };
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            *place = Length::parse(&text)?;
        }
        Ok(margins)
    }
}

impl<'de> Deserialize<'de> for Margins {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl JsonSchema for Margins {
    fn schema_name() -> Cow<'static, str> {
        "Margins".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["object", "string"] })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(value: &Value, expected: Result<[f64; 4], &str>) {
        let margins = Margins::of(value.clone());
        let points = margins.map(|it| [it.top.0, it.right.0, it.bottom.0, it.left.0]);
        assert_eq!(
            points.as_ref().map_err(String::as_str),
            expected.as_ref().map_err(|it| *it),
            "{value}"
        );
    }

    #[test]
    fn what_is_no_margin_is_told() {
        check(&json!(""), Err("`` is not one to four lengths"));
        check(
            &json!("1in 1in 1in 1in 1in"),
            Err("`1in 1in 1in 1in 1in` is not one to four lengths"),
        );
        check(&json!("wide"), Err("`wide` is no length, e.g. 20mm, 1.5in, 36pt"));
        check(&json!(["1in"]), Err("`[\"1in\"]` is neither a text nor an object of sides"));
        check(&json!({"inner": "1in"}), Err("`inner` is no side: top, right, bottom or left"));
        check(&json!({"top": 5}), Err("`5` has no unit: mm, cm, in, pt, px, pc or q"));
    }

    #[test]
    fn sides_are_read_in_the_order_of_css() {
        check(&json!("1in"), Ok([72.0; 4]));
        check(&json!("1in 2in"), Ok([72.0, 144.0, 72.0, 144.0]));
        check(&json!("1in 2in 3in"), Ok([72.0, 144.0, 216.0, 144.0]));
        check(&json!("1in 2in 3in 4in"), Ok([72.0, 144.0, 216.0, 288.0]));
        let side = Margins::DEFAULT.top.0;
        check(&json!({"top": "1in", "left": "0"}), Ok([72.0, side, side, 0.0]));
        check(&json!("{\"top\": \"1in\"}"), Ok([72.0, side, side, side]));
    }
}
