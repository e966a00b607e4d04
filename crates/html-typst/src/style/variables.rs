//! `var()`.

use super::Style;
use crate::css::{Token, Value, trimmed};

/// Variables within variables.
const DEPTH_MAX: usize = 16;
/// What one value becomes at most; variables may double each other.
const TOKENS_MAX: usize = 4096;

/// The value with what its variables stand for; none where one of them has no value.
pub(super) fn substituted(value: &[Value], style: &Style) -> Option<Vec<Value>> {
    let mut out = Vec::new();
    let mut left = TOKENS_MAX;
    push(value, style, DEPTH_MAX, &mut left, &mut out)?;
    Some(out)
}

fn push(
    value: &[Value],
    style: &Style,
    depth: usize,
    left: &mut usize,
    out: &mut Vec<Value>,
) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    for it in value {
        *left = left.checked_sub(1)?;
        let token = match &it.token {
            Token::Function(name, inner) if &**name == "var" => {
                let end = inner.iter().position(|it| it.token == Token::Comma);
                let name = trimmed(&inner[..end.unwrap_or(inner.len())]);
                let [Value { token: Token::Ident(name), .. }] = name else { return None };
                match (style.inherited.variables.get(name), end) {
                    (Some(known), _) => push(known, style, depth, left, out)?,
                    (None, Some(end)) => push(trimmed(&inner[end + 1..]), style, depth, left, out)?,
                    (None, None) => return None,
                }
                continue;
            }
            Token::Function(name, inner) => {
                let mut inside = Vec::new();
                push(inner, style, depth, left, &mut inside)?;
                Token::Function(name.clone(), inside)
            }
            Token::Block(open, inner) => {
                let mut inside = Vec::new();
                push(inner, style, depth, left, &mut inside)?;
                Token::Block(*open, inside)
            }
            other => other.clone(),
        };
        out.push(Value { token, place: it.place });
    }
    Some(())
}
