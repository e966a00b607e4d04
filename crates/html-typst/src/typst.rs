//! How values are written in Typst's language.

use std::fmt::Write as _;

/// The largest number that is written; a page is less than 10,000 points long.
const NUMBER_MAX: f64 = 100_000.0;

/// The text as an expression, whatever is in it: `"a \"b\""`.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    push_quoted(&mut quoted, text);
    quoted
}

/// As [`quoted`], at the end of `out`.
pub(crate) fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    for it in text.chars() {
        match it {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}' | '\u{7f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => out.push(it),
        }
    }
    out.push('"');
}

/// A number with at most three decimals, and never one that Typst can't read.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "0".to_owned();
    }
    let rounded = (value.clamp(-NUMBER_MAX, NUMBER_MAX) * 1000.0).round() / 1000.0;
    // Without the sign of a zero.
    (rounded + 0.0).to_string()
}

/// A length in points.
pub(crate) fn points(value: f64) -> String {
    format!("{}pt", number(value))
}

/// Arguments of a function, with a comma between them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Arguments(String);

impl Arguments {
    /// Adds `name: value`.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        self.separate();
        let _infallible = write!(self.0, "{name}: {value}");
    }

    fn separate(&mut self) {
        if !self.0.is_empty() {
            self.0.push_str(", ");
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_texts() {
        let check = |text: &str, expected: &str| assert_eq!(quoted(text), expected, "{text}");
        check("", "\"\"");
        check("a\"); #read(\"x", r#""a\"); #read(\"x""#);
        check("\\", r#""\\""#);
        check("\\\"\n\0", r#""\\\"\n""#);
    }

    #[test]
    fn numbers_are_ones_that_can_be_read() {
        let check = |value: f64, expected: &str| assert_eq!(number(value), expected, "{value}");
        check(f64::NAN, "0");
        check(f64::INFINITY, "0");
        check(1e300, "100000");
        check(-0.0, "0");
        check(1e-9, "0");
        check(1.23456, "1.235");
    }
}
