//! What stands behind a value: members, indices, calls, filters and tests.

use crate::{
    error::Fault,
    expression::Expression,
    tokens::{Dialect, Kind},
};

/// Filters that don't copy what they get.
const LIGHT: [&str; 5] = ["count", "first", "has_content", "length", "sequence"];
/// Filters for what may be missing.
const TOLERANT: [&str; 4] = ["d", "default", "exists", "has_content"];

impl<'s> Expression<'_, 's> {
    pub(crate) fn postfix(&mut self, primary: usize) -> Result<(), Fault> {
        let mut filtered = false;
        while let Some(token) = self.peek().filter(|it| it.kind == Kind::Sign) {
            if filtered && matches!(token.text, "." | "(" | "[") {
                self.before[primary].insert(0, '(');
                self.after[self.at - 1].push(')');
                filtered = false;
            }
            match token.text {
                "." => {
                    self.link()?;
                    match self.tokens.get(self.at + 1).map(|it| it.kind) {
                        Some(Kind::Name) => {}
                        Some(Kind::Number) => self.wrap(primary, self.at - 1, "defined"),
                        _ => return Err(token.fault("a name is missing after `.`")),
                    }
                    self.at += 2;
                }
                "(" => {
                    self.check_namespace(primary)?;
                    self.bracket()?;
                }
                "[" => self.index(primary)?,
                "?" | "??" | "!" if self.dialect == Dialect::FreeMarker => {
                    self.link()?;
                    self.builtin(primary)?;
                    filtered = true;
                }
                _ => break,
            }
        }
        Ok(())
    }

    /// A namespace begins with members of its own, not with a copy of a map.
    fn check_namespace(&self, primary: usize) -> Result<(), Fault> {
        let open = self.at;
        let given = self.tokens.get(open + 1).filter(|it| !it.is(")"));
        match given {
            Some(argument) if self.is(primary, "namespace") && !self.is(open + 2, "=") => {
                Err(argument.fault("`namespace` needs `namespace(name=value)`"))
            }
            _ => Ok(()),
        }
    }

    /// `x[i]`, and `x[from:to]`, which is a filter of ours.
    fn index(&mut self, primary: usize) -> Result<(), Fault> {
        let open = self.at;
        self.bracket()?;
        let close = self.at - 1;
        let mut depth = 0;
        let mut colons = Vec::new();
        for (index, token) in self.tokens.iter().enumerate().take(close).skip(open + 1) {
            match token.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                ":" if depth == 0 => colons.push(index),
                _ => {}
            }
        }
        match colons[..] {
            [] if close == open + 1 => Err(self.tokens[close].unexpected()),
            [] => {
                self.wrap(primary, open - 1, "defined");
                self.wrap_all(open + 1, close - 1, "weighed");
                Ok(())
            }
            [colon] => {
                self.before[primary].insert(0, '(');
                let from = if colon == open + 1 { "none" } else { "" };
                self.instead[open] = Some(format!("|_slice({from}"));
                self.instead[colon] = Some(if close == colon + 1 { ",none" } else { "," }.into());
                self.instead[close] = Some("))".into());
                Ok(())
            }
            [_, second, ..] => {
                Err(self.tokens[second].fault("steps in `[from:to]` are not supported"))
            }
        }
    }

    pub(crate) fn filters(&mut self) -> Result<(), Fault> {
        loop {
            let sign = self.at;
            if self.is(sign, "|") {
                self.link()?;
                let filter = self.name_after(sign)?;
                self.weigh(sign - 1, filter);
                if self.is(self.at, "(") {
                    self.bracket()?;
                }
            } else if self.is(sign, "is") {
                self.link()?;
                self.name_after(if self.is(sign + 1, "not") { sign + 1 } else { sign })?;
                self.test_argument()?;
            } else {
                return Ok(());
            }
        }
    }

    fn name_after(&mut self, sign: usize) -> Result<&'s str, Fault> {
        match self.tokens.get(sign + 1) {
            Some(name) if name.kind == Kind::Name => {
                self.at = sign + 2;
                Ok(name.text)
            }
            _ => {
                let sign = self.tokens[sign];
                Err(sign.fault(format!("a name is missing after `{}`", sign.text)))
            }
        }
    }

    /// Has the value that ends at `end` looked at before the filter gets it.
    pub(crate) fn weigh(&mut self, end: usize, filter: &str) {
        if !TOLERANT.contains(&filter) {
            self.after[end] += if LIGHT.contains(&filter) { "|_defined" } else { "|_weighed" };
        }
    }

    /// `divisibleby 3` and `divisibleby(3)`.
    fn test_argument(&mut self) -> Result<(), Fault> {
        let Some(token) = self.peek() else { return Ok(()) };
        let given = match token.kind {
            Kind::Name => !matches!(token.text, "and" | "or" | "else" | "is" | "if" | "in" | "not"),
            Kind::Number | Kind::Text => true,
            Kind::Sign => matches!(token.text, "(" | "[" | "{"),
        };
        if !given {
            return Ok(());
        }
        let primary = self.at;
        self.primary()?;
        self.postfix(primary)
    }
}
