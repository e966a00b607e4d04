//! Selectors of attributes and pseudo-classes.

use super::{
    selectors::{CLASS, Part, Selector, Simple, Test},
    tokens::{Token, Value, show, split_commas},
};

pub(super) fn pseudo_class(token: &Token) -> Option<(Simple, u32)> {
    let nth = |step, offset, from_end, of_type| Simple::Nth { step, offset, from_end, of_type };
    let simple = match token {
        Token::Ident(name) => match &*name.to_ascii_lowercase() {
            "first-child" => nth(0, 1, false, false),
            "last-child" => nth(0, 1, true, false),
            "first-of-type" => nth(0, 1, false, true),
            "last-of-type" => nth(0, 1, true, true),
            "only-child" => Simple::OnlyChild,
            "only-of-type" => Simple::OnlyOfType,
            "root" => Simple::Root,
            "empty" => Simple::Empty,
            "link" | "any-link" => Simple::Link,
            name @ ("checked" | "disabled" | "required" | "open") => {
                Simple::Attribute { name: name.into(), test: Test::There, ignores_case: false }
            }
            "hover" | "focus" | "focus-within" | "focus-visible" | "active" | "visited"
            | "target" | "target-within" | "host" | "autofill" | "default" | "enabled"
            | "fullscreen" | "in-range" | "indeterminate" | "invalid" | "modal" | "optional"
            | "out-of-range" | "placeholder-shown" | "popover-open" | "read-only"
            | "read-write" | "user-invalid" | "user-valid" | "valid" => Simple::Never,
            name if name.starts_with("-webkit-") || name.starts_with("-moz-") => Simple::Never,
            _ => return None,
        },
        Token::Function(name, inner) => match &**name {
            "not" | "is" | "where" | "-webkit-any" | "matches" => {
                let list = Selector::list(inner).ok()?;
                if list.iter().any(|it| it.part != Part::Whole) {
                    return None;
                }
                let most = list.iter().map(|it| it.specificity).max().unwrap_or(0);
                return Some(match &**name {
                    "not" => (Simple::Not(list), most),
                    "where" => (Simple::Is(list), 0),
                    _ => (Simple::Is(list), most),
                });
            }
            "host" | "host-context" | "state" => Simple::Never,
            "lang" => {
                let languages = split_commas(inner).into_iter().map(|it| match it {
                    [Value { token: Token::Ident(it) | Token::Text(it), .. }] => {
                        Some(it.to_ascii_lowercase())
                    }
                    _ => None,
                });
                Simple::Lang(languages.collect::<Option<_>>()?)
            }
            "nth-child" | "nth-last-child" | "nth-of-type" | "nth-last-of-type" => {
                let (step, offset) = steps(inner)?;
                nth(step, offset, name.contains("last"), name.ends_with("type"))
            }
            _ => return None,
        },
        _ => return None,
    };
    Some((simple, CLASS))
}

pub(super) fn attribute(values: &[Value]) -> Option<Simple> {
    let values: Vec<_> = super::words(values);
    let (name, rest) = values.split_first()?;
    let Token::Ident(name) = &name.token else { return None };
    let name = name.to_ascii_lowercase().into();
    let (test, flag) = match rest {
        [] => (Test::There, None),
        [mark, value, flag @ ..] if flag.len() <= 1 => {
            let (Token::Ident(text) | Token::Text(text)) = &value.token else { return None };
            let text = text.clone();
            let matcher = match mark.token {
                Token::Delimiter('=') => Test::Equal(text),
                Token::Match('~') => Test::Word(text),
                Token::Match('|') => Test::Dash(text),
                Token::Match('^') => Test::Start(text),
                Token::Match('$') => Test::End(text),
                Token::Match('*') => Test::Within(text),
                _ => return None,
            };
            (matcher, flag.first())
        }
        _ => return None,
    };
    Some(Simple::Attribute { name, test, ignores_case: flag.is_some_and(|it| it.is_ident("i")) })
}

/// `2n+1`, `even`, `odd`, `3`.
fn steps(values: &[Value]) -> Option<(i64, i64)> {
    let mut text = String::new();
    for value in super::words(values) {
        let is_signed = matches!(value.token, Token::Number(it) if it >= 0.0);
        if is_signed && !text.is_empty() && !text.ends_with(['+', '-']) {
            text.push('+');
        }
        text += &show(std::slice::from_ref(value)).to_ascii_lowercase();
    }
    match text.as_str() {
        "even" => return Some((2, 0)),
        "odd" => return Some((2, 1)),
        _ => {}
    }
    let integer = |it: &str| it.strip_prefix('+').unwrap_or(it).parse::<i32>().ok().map(i64::from);
    let Some((step, offset)) = text.split_once('n') else { return Some((0, integer(&text)?)) };
    let step = match step {
        "" | "+" => 1,
        "-" => -1,
        other => integer(other)?,
    };
    Some((step, if offset.is_empty() { 0 } else { integer(offset)? }))
}
