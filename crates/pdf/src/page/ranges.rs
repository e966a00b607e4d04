//! `pageRanges`: which pages of the document are wanted.

use std::{fmt, num::NonZeroUsize, ops::RangeInclusive};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Pages by their numbers: `1-3, 5, 8-`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub(crate) struct Ranges(Vec<RangeInclusive<Option<NonZeroUsize>>>);

impl Ranges {
    /// Each from its first to its last page; `None` is the first and the last that there is.
    pub(crate) fn all(&self) -> &[RangeInclusive<Option<NonZeroUsize>>] {
        &self.0
    }
}

impl TryFrom<String> for Ranges {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let refused = || format!("`{text}` names no pages, e.g. 1-3, 5, 8-");
        let number = |text: &str| match text.trim() {
            "" => Some(None),
            text => text.parse().ok().map(Some),
        };
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (number(first)?, number(last)?);
            let is_one =
                if let (Some(first), Some(last)) = (first, last) { first <= last } else { true };
            (is_one && (first.is_some() || last.is_some())).then_some(first..=last)
        };
        let ranges: Option<Vec<_>> = text.split(',').map(range).collect();
        ranges.map(Self).ok_or_else(refused)
    }
}

impl From<Ranges> for String {
    fn from(it: Ranges) -> Self {
        it.to_string()
    }
}

impl fmt::Display for Ranges {
    /// Without spaces.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, range) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            match (range.start(), range.end()) {
                (Some(first), Some(last)) if first == last => write!(f, "{first}")?,
                (Some(first), Some(last)) => write!(f, "{first}-{last}")?,
                (Some(first), None) => write!(f, "{first}-")?,
                (None, Some(last)) => write!(f, "-{last}")?,
                (None, None) => f.write_str("1-")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let ranges = Ranges::try_from(text.to_owned()).map(|it| it.to_string());
        match expected {
            Some(expected) => assert_eq!(ranges.as_deref(), Ok(expected), "{text}"),
            None => assert_eq!(
                ranges,
                Err(format!("`{text}` names no pages, e.g. 1-3, 5, 8-")),
                "{text}"
            ),
        }
    }

    #[test]
    fn what_names_no_pages_is_refused() {
        for text in ["", "0", "-", "3-1", "1,,2", "a", "1-2-3", "1.5", "-1-"] {
            check(text, None);
        }
    }

    #[test]
    fn pages_are_named_by_number() {
        check("5", Some("5"));
        check(" 1 - 3, 5,8- ", Some("1-3,5,8-"));
        check("-4", Some("-4"));
        check("2-2", Some("2"));
    }
}
