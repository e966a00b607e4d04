//! CSS as a tree of tokens (CSS Syntax 3, 5.3), each with its place in the source.

use cssparser::{ParseError, Parser, Token as Found};

use crate::{typst::number, warnings::Place};

/// Blocks and functions within each other; what is deeper is left out.
const DEPTH_MAX: usize = 32;

/// A token, or a function or block with all that is in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value {
    pub(crate) token: Token,
    pub(crate) place: Place,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Ident(Box<str>),
    /// `@name`.
    At(Box<str>),
    /// `#name`.
    Hash(Box<str>),
    Text(Box<str>),
    Url(Box<str>),
    Number(f64),
    /// 50 for `50%`.
    Percent(f64),
    Dimension(f64, Box<str>),
    Space,
    Colon,
    Semicolon,
    Comma,
    Delimiter(char),
    /// `~=` and the like, by its first character.
    Match(char),
    /// The name in lower case.
    Function(Box<str>, Vec<Value>),
    /// By the bracket that opens it.
    Block(char, Vec<Value>),
    Bad,
}

/// All tokens of `text`, whose first line is `line` of the document.
pub(crate) fn values(text: &str, line: u32) -> Vec<Value> {
    let mut parser = Parser::new(text);
    collect(&mut parser, line, 0)
}

fn collect(parser: &mut Parser<'_>, line: u32, depth: usize) -> Vec<Value> {
    let mut values = Vec::new();
    loop {
        let at = parser.current_source_location();
        let place = Place { line: line.saturating_add(at.line), column: at.column };
        let Ok(found) = parser.next_including_whitespace_and_comments() else { return values };
        let found = found.clone();
        let token = match &found {
            Found::Comment(_) | Found::CDO | Found::CDC => continue,
            Found::WhiteSpace(_) => Token::Space,
            Found::Ident(it) => Token::Ident((**it).into()),
            Found::AtKeyword(it) => Token::At(it.to_ascii_lowercase().into()),
            Found::Hash(it) | Found::IDHash(it) => Token::Hash((**it).into()),
            Found::QuotedString(it) => Token::Text((**it).into()),
            Found::UnquotedUrl(it) => Token::Url((**it).into()),
            Found::Number { value, .. } => Token::Number(f64::from(*value)),
            Found::Percentage { unit_value, .. } => Token::Percent(f64::from(*unit_value) * 100.0),
            Found::Dimension { value, unit, .. } => {
                Token::Dimension(f64::from(*value), unit.to_ascii_lowercase().into())
            }
            Found::Colon => Token::Colon,
            Found::Semicolon => Token::Semicolon,
            Found::Comma => Token::Comma,
            Found::Delim(it) => Token::Delimiter(*it),
            Found::IncludeMatch => Token::Match('~'),
            Found::DashMatch => Token::Match('|'),
            Found::PrefixMatch => Token::Match('^'),
            Found::SuffixMatch => Token::Match('$'),
            Found::SubstringMatch => Token::Match('*'),
            Found::Function(name) => {
                let name = name.to_ascii_lowercase();
                function(name.into(), inside(parser, line, depth))
            }
            Found::ParenthesisBlock => Token::Block('(', inside(parser, line, depth)),
            Found::SquareBracketBlock => Token::Block('[', inside(parser, line, depth)),
            Found::CurlyBracketBlock => Token::Block('{', inside(parser, line, depth)),
            Found::BadUrl(_)
            | Found::BadString(_)
            | Found::CloseParenthesis
            | Found::CloseSquareBracket
            | Found::CloseCurlyBracket => Token::Bad,
        };
        values.push(Value { token, place });
    }
}

fn inside(parser: &mut Parser<'_>, line: u32, depth: usize) -> Vec<Value> {
    if depth == DEPTH_MAX {
        return Vec::new();
    }
    let nested =
        parser.parse_nested_block(|inner| Ok::<_, ParseError<()>>(collect(inner, line, depth + 1)));
    nested.unwrap_or_default()
}

/// `url("…")` is the same as `url(…)`.
fn function(name: Box<str>, arguments: Vec<Value>) -> Token {
    if &*name == "url"
        && let [Value { token: Token::Text(address), .. }, ..] = trimmed(&arguments)
    {
        return Token::Url(address.clone());
    }
    Token::Function(name, arguments)
}

/// Without spaces at both ends.
pub(crate) fn trimmed(values: &[Value]) -> &[Value] {
    let is_space = |it: &Value| it.token == Token::Space;
    let start = values.iter().position(|it| !is_space(it)).unwrap_or(values.len());
    let end = values.iter().rposition(|it| !is_space(it)).map_or(start, |it| it + 1);
    &values[start..end]
}

/// The parts between commas, without spaces at their ends.
pub(crate) fn split_commas(values: &[Value]) -> Vec<&[Value]> {
    if trimmed(values).is_empty() {
        return Vec::new();
    }
    values.split(|it| it.token == Token::Comma).map(trimmed).collect()
}

/// All but the spaces.
pub(crate) fn words(values: &[Value]) -> Vec<&Value> {
    values.iter().filter(|it| it.token != Token::Space).collect()
}

/// As somebody would write it, for warnings.
pub(crate) fn show(values: &[Value]) -> String {
    let mut text = String::new();
    for Value { token, .. } in values {
        match token {
            Token::Ident(it) => text += it,
            Token::At(it) => text = format!("{text}@{it}"),
            Token::Hash(it) => text = format!("{text}#{it}"),
            Token::Text(it) => text = format!("{text}\"{it}\""),
            Token::Url(it) => text = format!("{text}url({})", crate::warnings::shown(it)),
            Token::Number(it) => text += &number(*it),
            Token::Percent(it) => text = format!("{text}{}%", number(*it)),
            Token::Dimension(it, unit) => text = format!("{text}{}{unit}", number(*it)),
            Token::Space => text.push(' '),
            Token::Colon => text.push(':'),
            Token::Semicolon => text.push(';'),
            Token::Comma => text.push(','),
            Token::Delimiter(it) => text.push(*it),
            Token::Match(it) => text = format!("{text}{it}="),
            Token::Function(name, inner) => text = format!("{text}{name}({})", show(inner)),
            Token::Block('{', inner) => text = format!("{text}{{{}}}", show(inner)),
            Token::Block('[', inner) => text = format!("{text}[{}]", show(inner)),
            Token::Block(_, inner) => text = format!("{text}({})", show(inner)),
            Token::Bad => text.push('�'),
        }
    }
    crate::warnings::shown(text.trim())
}

impl Value {
    /// The identifier in lower case.
    pub(crate) fn keyword(&self) -> Option<String> {
        match &self.token {
            Token::Ident(it) => Some(it.to_ascii_lowercase()),
            _ => None,
        }
    }

    pub(crate) fn is_ident(&self, name: &str) -> bool {
        matches!(&self.token, Token::Ident(it) if it.eq_ignore_ascii_case(name))
    }

    pub(crate) fn is_delimiter(&self, delimiter: char) -> bool {
        self.token == Token::Delimiter(delimiter)
    }
}
