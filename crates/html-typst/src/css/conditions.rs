//! `@media` and `@supports`.

use super::tokens::{Token, Value, show, split_commas, words};
use crate::warnings::Warnings;

/// Of an A4 page, as browsers take it; CSS pixels.
const WIDTH: f64 = 794.0;
const HEIGHT: f64 = 1123.0;

/// Whether what is for these media is for paper.
pub(crate) fn is_for_paper(query: &[Value], warnings: &Warnings) -> bool {
    let queries = split_commas(query);
    queries.is_empty() || queries.into_iter().any(|it| holds(it, warnings))
}

fn holds(query: &[Value], warnings: &Warnings) -> bool {
    let mut all = true;
    let mut is_negated = false;
    for word in words(query) {
        match &word.token {
            Token::Ident(_) if word.is_ident("not") => is_negated = true,
            Token::Ident(_) if word.is_ident("only") || word.is_ident("and") => {}
            Token::Ident(_) => all &= word.is_ident("print") || word.is_ident("all"),
            Token::Block('(', inner) => {
                let known = feature(inner);
                if known.is_none() {
                    warnings.add(format!("CSS media feature `({})`", show(inner)), word.place);
                }
                all &= known.unwrap_or(false);
            }
            _ => {
                warnings.add(format!("CSS media query `{}`", show(query)), word.place);
                return false;
            }
        }
    }
    all != is_negated
}

fn feature(values: &[Value]) -> Option<bool> {
    let words = words(values);
    let name = words.first()?.keyword()?;
    let value = match words[1..] {
        [] => None,
        [colon, value] if colon.token == Token::Colon => Some(value),
        _ => return None,
    };
    let pixels = || match &value?.token {
        Token::Number(it) => Some(*it),
        Token::Dimension(it, unit) => Some(match &**unit {
            "px" => *it,
            "em" | "rem" => it * 16.0,
            "pt" => it / 0.75,
            "mm" => it * 96.0 / 25.4,
            "cm" => it * 96.0 / 2.54,
            "in" => it * 96.0,
            _ => return None,
        }),
        _ => None,
    };
    let is = |name: &str| Some(value.is_some_and(|it| it.is_ident(name)));
    Some(match name.as_str() {
        "min-width" => WIDTH >= pixels()?,
        "max-width" => WIDTH <= pixels()?,
        "min-height" => HEIGHT >= pixels()?,
        "max-height" => HEIGHT <= pixels()?,
        "color" => true,
        "orientation" => is("portrait")?,
        "prefers-color-scheme" => is("light")?,
        "prefers-reduced-motion" => is("reduce")?,
        "hover" | "any-hover" | "pointer" | "any-pointer" => is("none")?,
        _ => return None,
    })
}

/// Whether `@supports` has something to do with us: what is not supported is told where it is used.
pub(crate) fn is_supported(condition: &[Value]) -> bool {
    !words(condition).first().is_some_and(|it| it.is_ident("not"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::css::values;

    fn check(query: &str, expected: bool, told: &[&str]) {
        let warnings = Warnings::default();
        assert_eq!(is_for_paper(&values(query, 1), &warnings), expected, "{query}");
        assert_eq!(warnings.take(), told, "{query}");
    }

    #[test]
    fn what_is_not_understood_is_not_for_paper() {
        check(
            "print and (volume: 1)",
            false,
            &["CSS media feature `(volume: 1)` (line 1, column 11)"],
        );
        check("print > 1", false, &["CSS media query `print > 1` (line 1, column 7)"]);
    }

    #[test]
    fn paper_is_print() {
        check("", true, &[]);
        check("print", true, &[]);
        check("screen", false, &[]);
        check("screen, print", true, &[]);
        check("not screen", true, &[]);
        check("only print and (min-width: 400px)", true, &[]);
        check("(max-width: 600px)", false, &[]);
        check("(prefers-color-scheme: dark)", false, &[]);
    }
}
