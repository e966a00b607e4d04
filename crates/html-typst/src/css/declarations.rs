//! Declarations: `name: value !important`.

use super::tokens::{Token, Value, show, trimmed};
use crate::warnings::{Place, Warnings};

/// A property and its value as it is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Declaration {
    /// In lower case, other than names of custom properties.
    pub(crate) name: Box<str>,
    pub(crate) value: Vec<Value>,
    pub(crate) is_important: bool,
    /// Whether `var()` is in it somewhere.
    pub(crate) has_variables: bool,
    pub(crate) place: Place,
}

/// The declarations of a rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Block {
    pub(crate) normal: Vec<Declaration>,
    pub(crate) important: Vec<Declaration>,
}

impl Block {
    /// Every declaration within a block.
    pub(crate) fn of(values: &[Value], warnings: &Warnings) -> Self {
        let (found, nested) = declarations(values, warnings);
        for values in nested {
            let place = values.first().map(|it| it.place).unwrap_or_default();
            warnings.add(format!("CSS rule within a rule: `{}`", show(prelude(values))), place);
        }
        Self::from(found)
    }
}

impl From<Vec<Declaration>> for Block {
    fn from(found: Vec<Declaration>) -> Self {
        let (important, normal) = found.into_iter().partition(|it| it.is_important);
        Self { normal, important }
    }
}

/// What stands before the block of a rule.
pub(super) fn prelude(values: &[Value]) -> &[Value] {
    let end = values.iter().position(|it| matches!(it.token, Token::Block('{', _)));
    &values[..end.unwrap_or(values.len())]
}

/// Splits the content of a block in declarations and everything that has a block of its own.
pub(crate) fn declarations<'a>(
    values: &'a [Value],
    warnings: &Warnings,
) -> (Vec<Declaration>, Vec<&'a [Value]>) {
    let (mut found, mut nested) = (Vec::new(), Vec::new());
    let mut rest = values;
    while !rest.is_empty() {
        // A custom property may have a block as its value.
        let is_custom = matches!(trimmed(rest), [Value { token: Token::Ident(it), .. }, ..] if it.starts_with("--"));
        let ends = |it: &Value| match it.token {
            Token::Semicolon => true,
            Token::Block('{', _) => !is_custom,
            _ => false,
        };
        let end = rest.iter().position(ends).unwrap_or(rest.len());
        let is_nested = rest.get(end).is_some_and(|it| it.token != Token::Semicolon);
        if is_nested {
            nested.push(trimmed(&rest[..=end]));
        } else {
            let part = trimmed(&rest[..end]);
            match declaration(part) {
                Some(it) => found.push(it),
                None if part.is_empty() => {}
                None => {
                    warnings.add(
                        format!("CSS that is no declaration: `{}`", show(part)),
                        part[0].place,
                    );
                }
            }
        }
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    (found, nested)
}

fn declaration(values: &[Value]) -> Option<Declaration> {
    let (name, rest) = values.split_first()?;
    let Token::Ident(ident) = &name.token else { return None };
    let [Value { token: Token::Colon, .. }, value @ ..] = trimmed(rest) else { return None };
    let mut value = trimmed(value);
    let is_custom = ident.starts_with("--");
    let mut is_important = false;
    if let [start @ .., last] = value
        && last.is_ident("important")
        && let [start @ .., mark] = trimmed(start)
        && mark.is_delimiter('!')
    {
        (value, is_important) = (trimmed(start), true);
    }
    if value.is_empty() && !is_custom {
        return None;
    }
    Some(Declaration {
        name: if is_custom { ident.clone() } else { ident.to_ascii_lowercase().into() },
        value: value.to_vec(),
        is_important,
        has_variables: has_variables(value),
        place: name.place,
    })
}

fn has_variables(values: &[Value]) -> bool {
    values.iter().any(|it| match &it.token {
        Token::Function(name, inner) => &**name == "var" || has_variables(inner),
        Token::Block(_, inner) => has_variables(inner),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::css::values;

    fn check(css: &str, expected: &[(&str, &str, bool)], told: &[&str]) {
        let warnings = Warnings::default();
        let block = Block::of(&values(css, 1), &warnings);
        let found: Vec<_> = block
            .normal
            .iter()
            .chain(&block.important)
            .map(|it| (&*it.name, show(&it.value), it.is_important))
            .collect();
        let found: Vec<_> = found.iter().map(|it| (it.0, it.1.as_str(), it.2)).collect();
        assert_eq!(found, expected, "{css}");
        assert_eq!(warnings.take(), told, "{css}");
    }

    #[test]
    fn what_is_no_declaration_is_told_with_its_place() {
        check("color", &[], &["CSS that is no declaration: `color` (line 1, column 1)"]);
        check(
            "color: ;\n 1: 2",
            &[],
            &[
                "CSS that is no declaration: `color:` (line 1, column 1)",
                "CSS that is no declaration: `1: 2` (line 2, column 2)",
            ],
        );
        check(
            "a:b; & > i { c: d } e: f",
            &[("a", "b", false), ("e", "f", false)],
            &["CSS rule within a rule: `& > i` (line 1, column 6)"],
        );
    }

    #[test]
    fn importance_and_custom_properties_are_seen() {
        check("COLOR: Red ! important; ;", &[("color", "Red", true)], &[]);
        check(
            "--Main: { a: b }; --none:;",
            &[("--Main", "{a: b}", false), ("--none", "", false)],
            &[],
        );
    }
}
