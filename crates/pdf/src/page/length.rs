//! Lengths with CSS's absolute units.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A length in points, 72 of which are an inch.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Length(pub(crate) f64);

/// No page is larger (ISO 32000-2, Annex C.2: 14,400 units).
pub(crate) const LENGTH_MAX: Length = Length(14_400.0);

impl Length {
    /// `20mm`, `1.5in`, `36pt`, `96px`, `0`.
    ///
    /// # Errors
    /// A text that names what is no length.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let end = text.find(|it: char| it.is_ascii_alphabetic() || it == '%').unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let points = match unit.to_ascii_lowercase().as_str() {
            "pt" => Some(1.0),
            "mm" => Some(72.0 / 25.4),
            "cm" => Some(72.0 / 2.54),
            "in" => Some(72.0),
            "px" => Some(0.75),
            "pc" => Some(12.0),
            "q" => Some(72.0 / 101.6),
            _ => None,
        };
        let number: Option<f64> = number.trim().parse().ok().filter(|it: &f64| it.is_finite());
        match (number, points) {
            (Some(number), Some(points)) if number * points <= LENGTH_MAX.0 && number >= 0.0 => {
                Ok(Self(number * points))
            }
            (Some(0.0), None) if unit.is_empty() => Ok(Self(0.0)),
            (Some(_), None) if unit.is_empty() => {
                Err(format!("`{text}` has no unit: mm, cm, in, pt, px, pc or q"))
            }
            _ => Err(format!("`{text}` is no length, e.g. 20mm, 1.5in, 36pt")),
        }
    }
}

impl fmt::Display for Length {
    /// As Typst reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounded = (self.0 * 1000.0).round() / 1000.0;
        write!(f, "{rounded}pt")
    }
}

impl TryFrom<String> for Length {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Length> for String {
    fn from(it: Length) -> Self {
        it.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let length = Length::parse(text).map(|it| it.to_string());
        assert_eq!(length.as_deref().map_err(String::as_str), expected, "{text}");
    }

    #[test]
    fn what_is_no_length_is_told() {
        check("", Err("`` is no length, e.g. 20mm, 1.5in, 36pt"));
        check("20", Err("`20` has no unit: mm, cm, in, pt, px, pc or q"));
        check("20em", Err("`20em` is no length, e.g. 20mm, 1.5in, 36pt"));
        check("-1mm", Err("`-1mm` is no length, e.g. 20mm, 1.5in, 36pt"));
        check("1e9mm", Err("`1e9mm` is no length, e.g. 20mm, 1.5in, 36pt"));
        check("infpt", Err("`infpt` is no length, e.g. 20mm, 1.5in, 36pt"));
        check("10 000mm", Err("`10 000mm` is no length, e.g. 20mm, 1.5in, 36pt"));
    }

    #[test]
    fn every_unit_is_read() {
        check("25.4mm", Ok("72pt"));
        check(" 2.54 CM ", Ok("72pt"));
        check("1in", Ok("72pt"));
        check("36pt", Ok("36pt"));
        check("96px", Ok("72pt"));
        check("6pc", Ok("72pt"));
        check("101.6q", Ok("72pt"));
        check("0", Ok("0pt"));
    }
}
