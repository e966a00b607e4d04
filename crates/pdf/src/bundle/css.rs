//! The addresses in CSS: `url(…)` and `@import`; everything else stays as it was written.

use std::fmt::Write as _;

use super::{Bundle, Role};

/// The sheet with the addresses that its files have now.
pub(super) fn rewritten(css: &str, bundle: &mut Bundle<'_, '_>) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    let mut is_import = false;
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("/*") {
            let length = comment.find("*/").map_or(rest.len(), |it| it + 4);
            rest = take(rest, length, &mut out);
        } else if let Some((address, length)) = url(rest, &out) {
            let role = if is_import { Role::Sheet } else { Role::Other };
            match bundle.moved(&address, role) {
                Some(moved) => {
                    let _infallible = write!(out, "url(\"{moved}\")");
                    rest = &rest[length..];
                }
                None => rest = take(rest, length, &mut out),
            }
            is_import = false;
        } else if first == '"' || first == '\'' {
            let (text, length) = string(rest);
            match is_import.then(|| bundle.moved(&text, Role::Sheet)).flatten() {
                Some(moved) => {
                    let _infallible = write!(out, "\"{moved}\"");
                    rest = &rest[length..];
                }
                None => rest = take(rest, length, &mut out),
            }
            is_import = false;
        } else {
            if rest.get(..7).is_some_and(|it| it.eq_ignore_ascii_case("@import")) {
                is_import = true;
                rest = take(rest, 7, &mut out);
                continue;
            }
            is_import &= first.is_whitespace();
            rest = take(rest, first.len_utf8(), &mut out);
        }
    }
    out
}

/// Copies so many bytes.
fn take<'a>(rest: &'a str, length: usize, out: &mut String) -> &'a str {
    out.push_str(&rest[..length]);
    &rest[length..]
}

/// The address of `url(…)`, and how long all of it is.
fn url(rest: &str, before: &str) -> Option<(String, usize)> {
    let is_word = before.ends_with(|it: char| it.is_alphanumeric() || "-_".contains(it));
    if is_word || !rest.get(..4)?.eq_ignore_ascii_case("url(") {
        return None;
    }
    let inner = rest[4..].trim_start();
    let start = rest.len() - inner.len();
    let (address, length) = if inner.starts_with(['"', '\'']) {
        string(inner)
    } else {
        let length = inner.find(')').unwrap_or(inner.len());
        (inner[..length].trim_end().to_owned(), length)
    };
    let end = rest[start + length..].find(')').map_or(rest.len(), |it| start + length + it + 1);
    Some((address, end))
}

/// The text of a string, and how long it is with its quotes.
fn string(rest: &str) -> (String, usize) {
    let mut chars = rest.char_indices();
    let quote = chars.next().map(|it| it.1);
    let mut text = String::new();
    while let Some((at, it)) = chars.next() {
        match it {
            _ if Some(it) == quote => return (text, at + it.len_utf8()),
            '\n' => return (text, at),
            '\\' => text.extend(chars.next().map(|it| it.1)),
            _ => text.push(it),
        }
    }
    (text, rest.len())
}
