//! `pageSize` and `orientation`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::length::Length;

/// CSS Paged Media 3, section 7.1, and the sizes of the ISO 216 and ANSI rows beside them; millimeters.
const NAMED: [(&str, f64, f64); 21] = [
    ("a0", 841.0, 1189.0),
    ("a1", 594.0, 841.0),
    ("a2", 420.0, 594.0),
    ("a3", 297.0, 420.0),
    ("a4", 210.0, 297.0),
    ("a5", 148.0, 210.0),
    ("a6", 105.0, 148.0),
    ("a7", 74.0, 105.0),
    ("b3", 353.0, 500.0),
    ("b4", 250.0, 353.0),
    ("b5", 176.0, 250.0),
    ("jis-b4", 257.0, 364.0),
    ("jis-b5", 182.0, 257.0),
    ("c4", 229.0, 324.0),
    ("c5", 162.0, 229.0),
    ("dl", 110.0, 220.0),
    ("letter", 215.9, 279.4),
    ("legal", 215.9, 355.6),
    ("ledger", 279.4, 431.8),
    ("tabloid", 279.4, 431.8),
    ("executive", 184.15, 266.7),
];

/// Smaller pages than this have no room for a character; points.
const SIDE_MIN: f64 = 10.0;

/// Width and height.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub(crate) struct PageSize {
    pub(crate) width: Length,
    pub(crate) height: Length,
}

/// Which side of the page is the longer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Orientation {
    Portrait,
    Landscape,
}

impl PageSize {
    pub(crate) const A4: Self =
        Self { width: Length(210.0 * 72.0 / 25.4), height: Length(297.0 * 72.0 / 25.4) };

    /// With the longer side where `orientation` wants it.
    pub(crate) fn oriented(self, orientation: Option<Orientation>) -> Self {
        let Self { width, height } = self;
        let is_wide = width > height;
        match orientation {
            Some(Orientation::Portrait) if is_wide => Self { width: height, height: width },
            Some(Orientation::Landscape) if !is_wide => Self { width: height, height: width },
            Some(Orientation::Portrait | Orientation::Landscape) | None => self,
        }
    }
}

impl TryFrom<String> for PageSize {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let lower = text.trim().to_ascii_lowercase();
        let named = NAMED.iter().find(|(name, ..)| *name == lower);
        if let Some((_, width, height)) = named {
            let points = |it: &f64| Length(it * 72.0 / 25.4);
            return Ok(Self { width: points(width), height: points(height) });
        }
        let refused = || format!("`{text}` is no page size, e.g. A4, Letter or 210mm x 297mm");
        let sides: Vec<_> = match lower.split_once(" x ").or_else(|| lower.split_once('×')) {
            Some((width, height)) => vec![width, height],
            None => lower.split_whitespace().collect(),
        };
        let [width, height] = sides[..] else { return Err(refused()) };
        let (width, height) = (Length::parse(width)?, Length::parse(height)?);
        if width.0 < SIDE_MIN || height.0 < SIDE_MIN {
            return Err(refused());
        }
        Ok(Self { width, height })
    }
}

impl From<PageSize> for String {
    fn from(it: PageSize) -> Self {
        format!("{} x {}", it.width, it.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let size = PageSize::try_from(text.to_owned()).map(String::from);
        assert_eq!(size.as_deref().map_err(String::as_str), expected, "{text}");
    }

    #[test]
    fn what_is_no_size_is_told() {
        check("A11", Err("`A11` is no page size, e.g. A4, Letter or 210mm x 297mm"));
        check("210mm", Err("`210mm` is no page size, e.g. A4, Letter or 210mm x 297mm"));
        check("210 x 297", Err("`210` has no unit: mm, cm, in, pt, px, pc or q"));
        check("0 x 0", Err("`0 x 0` is no page size, e.g. A4, Letter or 210mm x 297mm"));
    }

    #[test]
    fn names_and_lengths_are_sizes() {
        check("Letter", Ok("612pt x 792pt"));
        check("a4", Ok("595.276pt x 841.89pt"));
        check("4in x 6in", Ok("288pt x 432pt"));
        check("4in 6in", Ok("288pt x 432pt"));
        check("10cm × 72pt", Ok("283.465pt x 72pt"));
    }

    #[test]
    fn the_orientation_turns_what_lies_the_other_way() {
        let check = |text: &str, orientation, expected: &str| {
            let size = PageSize::try_from(text.to_owned()).unwrap();
            assert_eq!(
                String::from(size.oriented(orientation)),
                expected,
                "{text} {orientation:?}"
            );
        };
        check("4in 6in", Some(Orientation::Landscape), "432pt x 288pt");
        check("6in 4in", Some(Orientation::Landscape), "432pt x 288pt");
        check("6in 4in", Some(Orientation::Portrait), "288pt x 432pt");
        check("6in 4in", None, "432pt x 288pt");
    }
}
