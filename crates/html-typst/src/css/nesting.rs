//! Rules within rules (CSS Nesting 1): what their selectors are without it.

use super::tokens::{Token, Value, split_commas};

/// Tokens of one selector; each `&` brings those of all rules around.
const TOKENS_MAX: usize = 2000;

/// The selector `own` of a rule within one that has the selector `parent`; none where it becomes too long.
///
/// `&` is `:is(parent)`, and stands before a selector that has none.
pub(super) fn nested(parent: &[Value], own: &[Value]) -> Option<Vec<Value>> {
    let n_parents = n_marks(own) + split_commas(own).len();
    let n_tokens = n_tokens(own, |_| true) + n_parents * (n_tokens(parent, |_| true) + 3);
    if n_tokens > TOKENS_MAX {
        return None;
    }
    let mut selector = Vec::new();
    for part in split_commas(own) {
        let first = part.first()?;
        let at = |token: Token| Value { token, place: first.place };
        if !selector.is_empty() {
            selector.push(at(Token::Comma));
        }
        if n_marks(part) == 0 {
            selector.extend([at(Token::Colon), at(is(parent)), at(Token::Space)]);
        }
        replaced(part, parent, &mut selector);
    }
    Some(selector)
}

fn is(parent: &[Value]) -> Token {
    Token::Function("is".into(), parent.to_vec())
}

fn n_marks(values: &[Value]) -> usize {
    n_tokens(values, |it| it.is_delimiter('&'))
}

fn n_tokens(values: &[Value], counts: impl Fn(&Value) -> bool + Copy) -> usize {
    let inner = |it: &Value| match &it.token {
        Token::Function(_, inner) | Token::Block(_, inner) => n_tokens(inner, counts),
        _ => 0,
    };
    values.iter().map(|it| usize::from(counts(it)) + inner(it)).sum()
}

fn replaced(values: &[Value], parent: &[Value], out: &mut Vec<Value>) {
    for value in values {
        let token = match &value.token {
            Token::Delimiter('&') => {
                out.push(Value { token: Token::Colon, place: value.place });
                is(parent)
            }
            Token::Function(name, inner) => {
                let mut within = Vec::new();
                replaced(inner, parent, &mut within);
                Token::Function(name.clone(), within)
            }
            other => other.clone(),
        };
        out.push(Value { token, place: value.place });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::css::{show, values};

    fn check(parent: &str, own: &str, expected: Option<&str>) {
        let found = nested(&values(parent, 1), &values(own, 1)).map(|it| show(&it));
        assert_eq!(found.as_deref(), expected, "{parent} {{ {own} }}");
    }

    #[test]
    fn the_rule_around_stands_where_it_is_named_or_before() {
        check(".a", "b", Some(":is(.a) b"));
        check(".a, p", "> b", Some(":is(.a, p) > b"));
        check(".a", "&.c, d &", Some(":is(.a).c,d :is(.a)"));
        check(".a", ":not(&)", Some(":not(:is(.a))"));
    }

    #[test]
    fn what_grows_with_each_level_ends() {
        let mut selector = values(".a", 1);
        let mut n_levels = 0;
        while let Some(longer) = nested(&selector, &values("& & & &", 1)) {
            (selector, n_levels) = (longer, n_levels + 1);
        }
        assert!((2..8).contains(&n_levels), "{n_levels}");
    }
}
