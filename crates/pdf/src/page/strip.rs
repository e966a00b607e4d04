//! `header` and `footer`: a line in the margin, with the page's number in it.

use serde::{Deserialize, Serialize};

/// Stands for the page's number until the pages are made: a character of the private use area.
pub(crate) const PAGE: char = '\u{f8f0}';
/// Stands for the number of pages.
pub(crate) const PAGES: char = '\u{f8f1}';

/// A line with its values filled in; `|` separates left, middle and right.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Strip(pub(crate) String);

/// What is different on the first page; `None` is the same as on the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FirstPage {
    pub(crate) header: Option<Strip>,
    pub(crate) footer: Option<Strip>,
}

impl Strip {
    pub(crate) fn is_html(&self) -> bool {
        self.0.trim_start().starts_with('<')
    }

    /// Left, middle and right: one part stands in the middle, two stand left and right.
    pub(crate) fn parts(&self) -> [&str; 3] {
        let mut parts = self.0.splitn(3, '|').map(str::trim);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(left), Some(middle), Some(right)) => [left, middle, right],
            (Some(left), Some(right), None) => [left, "", right],
            (Some(middle), None, _) => ["", middle, ""],
            (None, ..) => [""; 3],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_left_in_the_middle_and_right() {
        let check = |text: &str, expected: [&str; 3]| {
            assert_eq!(Strip(text.to_owned()).parts(), expected, "{text}");
        };
        check("", ["", "", ""]);
        check("Page 1", ["", "Page 1", ""]);
        check("Acme | Page 1", ["Acme", "", "Page 1"]);
        check("Acme || Page 1", ["Acme", "", "Page 1"]);
        check("a | b | c | d", ["a", "b", "c | d"]);
    }
}
