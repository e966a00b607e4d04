//! `header` and `footer`: what stands in the margin, with the page's number in it.

use serde::{Deserialize, Serialize};

/// Stands for the page's number until the pages are made: a character of the private use area.
pub(crate) const PAGE: char = '\u{f8f0}';
/// Stands for the number of pages.
pub(crate) const PAGES: char = '\u{f8f1}';

/// A header or footer with its values filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Strip {
    /// A line; `|` separates left, middle and right.
    Text(String),
    Html(String),
}

/// What is different on the first page; `None` is the same as on the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FirstPage {
    pub(crate) header: Option<Strip>,
    pub(crate) footer: Option<Strip>,
}

/// Whether a text that nothing is filled into yet is HTML: it begins with a tag or a comment.
pub(crate) fn is_html(text: &str) -> bool {
    let after = text.trim_start().strip_prefix('<').and_then(|it| it.chars().next());
    after.is_some_and(|it| it.is_ascii_alphabetic() || it == '!')
}

/// Left, middle and right: one part stands in the middle, two stand left and right.
pub(crate) fn parts(text: &str) -> [&str; 3] {
    let mut parts = text.splitn(3, '|').map(str::trim);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(left), Some(middle), Some(right)) => [left, middle, right],
        (Some(left), Some(right), None) => [left, "", right],
        (Some(middle), None, _) => ["", middle, ""],
        (None, ..) => [""; 3],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_left_in_the_middle_and_right() {
        let check = |text: &str, expected: [&str; 3]| assert_eq!(parts(text), expected, "{text}");
        check("", ["", "", ""]);
        check("Page 1", ["", "Page 1", ""]);
        check("Acme | Page 1", ["Acme", "", "Page 1"]);
        check("Acme || Page 1", ["Acme", "", "Page 1"]);
        check("a | b | c | d", ["a", "b", "c | d"]);
    }

    #[test]
    fn html_begins_with_a_tag() {
        let check = |text: &str, expected: bool| assert_eq!(is_html(text), expected, "{text}");
        check("", false);
        check("{{ name }} <b>", false);
        check("< 5 pages", false);
        check("<<< {{ name }}", false);
        check(" <b>Acme</b>", true);
        check("<!-- ours --><p>", true);
    }
}
