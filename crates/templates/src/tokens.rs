//! Tags cut into tokens: names, numbers, texts and signs, of our own language and of FreeMarker's.

use std::fmt::Display;

use crate::error::Fault;

const BRACKETS_MAX: usize = 30;

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Dialect {
    Native,
    FreeMarker,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Name,
    Number,
    Text,
    Sign,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'s> {
    pub(crate) offset: usize,
    pub(crate) text: &'s str,
    pub(crate) kind: Kind,
}

/// The inside of a tag.
pub(crate) struct Tag<'s> {
    pub(crate) tokens: Vec<Token<'s>>,
    /// Where the sign that ends the tag begins.
    pub(crate) close: usize,
    /// Where the text goes on.
    pub(crate) end: usize,
}

impl Token<'_> {
    pub(crate) fn end(&self) -> usize {
        self.offset + self.text.len()
    }

    /// Whether it is this sign or name.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.text == text && self.kind != Kind::Text
    }

    pub(crate) fn fault(&self, what: impl Into<String>) -> Fault {
        Fault::new(self.offset, what)
    }

    pub(crate) fn unexpected(&self) -> Fault {
        self.fault(unexpected(self.text))
    }
}

/// The tokens from `start` up to `close` outside of brackets.
pub(crate) fn tag<'s>(
    source: &'s str,
    start: usize,
    close: &str,
    dialect: Dialect,
) -> Result<Tag<'s>, Fault> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut brackets = 0_usize;
    let mut at = start;
    loop {
        at = source.len() - source[at..].trim_ascii_start().len();
        let rest = &source[at..];
        let Some(first) = rest.chars().next() else {
            return Err(Fault::new(start, format!("`{close}` is missing")));
        };
        if brackets == 0
            && let Some(length) = close_length(rest, close)
        {
            return Ok(Tag { tokens, close: at, end: at + length });
        }
        let (kind, length) = match first {
            '"' | '\'' => (Kind::Text, text_length(rest)),
            '0'..='9' => {
                let index = tokens.last().is_some_and(|it| it.is("."));
                (Kind::Number, Some(number_length(rest, index)))
            }
            _ if first.is_alphabetic() || first == '_' => (Kind::Name, Some(name_length(rest))),
            _ => (Kind::Sign, sign_length(rest, dialect)),
        };
        let text = match length {
            Some(length) => &rest[..length],
            None if kind == Kind::Text => return Err(Fault::new(at, "a text is not closed")),
            None => return Err(Fault::new(at, unexpected(first))),
        };
        match text {
            "(" | "[" | "{" => brackets += 1,
            ")" | "]" | "}" => brackets = brackets.saturating_sub(1),
            _ => {}
        }
        let token = Token { offset: at, text, kind };
        if brackets > BRACKETS_MAX {
            return Err(token.fault(format!("more than {BRACKETS_MAX} brackets in brackets")));
        }
        tokens.push(token);
        at = token.end();
    }
}

fn unexpected(what: impl Display) -> String {
    format!("unexpected `{what}`")
}

/// With the sign before it that trims white space, or the slash of `<#else/>`.
fn close_length(rest: &str, close: &str) -> Option<usize> {
    let signs = if close.len() > 1 { &['-', '+'][..] } else { &['/'] };
    let after =
        rest.strip_prefix(close).or_else(|| rest.strip_prefix(signs)?.strip_prefix(close))?;
    Some(rest.len() - after.len())
}

fn text_length(rest: &str) -> Option<usize> {
    let quote = rest.as_bytes()[0];
    let mut escaped = false;
    let end = rest.bytes().skip(1).position(|byte| {
        let closes = byte == quote && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    end.map(|length| length + 2)
}

fn name_length(rest: &str) -> usize {
    rest.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(rest.len())
}

/// `index`: after a dot, where `0.1` is item 1 of item 0.
fn number_length(rest: &str, index: bool) -> usize {
    let word = |from: usize| {
        rest[from..].bytes().take_while(|it| it.is_ascii_alphanumeric() || *it == b'_').count()
    };
    let digit_after = |sign: usize| rest.as_bytes().get(sign + 1).is_some_and(u8::is_ascii_digit);
    let mut length = word(0);
    if !index && rest[length..].starts_with('.') && digit_after(length) {
        length += 1 + word(length + 1);
    }
    let exponent = rest[..length].ends_with(['e', 'E']) && rest[length..].starts_with(['+', '-']);
    if exponent && digit_after(length) {
        length += 1 + word(length + 1);
    }
    length
}

fn sign_length(rest: &str, dialect: Dialect) -> Option<usize> {
    let (double, single) = match dialect {
        Dialect::Native => (&["//", "**", "==", "!=", "<=", ">="][..], "+-*/%.,:~|=<>()[]{}"),
        Dialect::FreeMarker => {
            (&["&&", "||", "??", "==", "!=", "<=", ">="][..], "+-*/%.,:?!=<>()[]{}")
        }
    };
    if double.iter().any(|it| rest.starts_with(it)) {
        return Some(2);
    }
    rest.starts_with(|it| single.contains(it)).then_some(1)
}
