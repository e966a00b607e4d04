//! The expressions in tags: checked, and given the guards that the engine lacks.
//!
//! The engine counts steps, but one step can build a text of a gigabyte, and an expression of ten thousand operators overflows the stack.
//! So operands, indices and what goes into a filter pass through [`crate::guard`], which also turns numbers as the data writes them into numbers that can be calculated with.

use crate::{
    error::Fault,
    tokens::{Dialect, Kind, Token},
};

/// More operators, accesses and filters in one tag would need too much stack.
const LINKS_MAX: usize = 200;
const OPERATORS: [&str; 14] =
    ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", ">="];
/// What stands between operands without doing anything with them, in our own language; the stars are those of `f(*list)`.
const SEPARATORS: [&str; 8] = ["=", "*", "**", "and", "or", "not", "if", "else"];

/// One tag's tokens with what is to be written before, instead of and after them.
pub(crate) struct Expression<'a, 's> {
    pub(crate) tokens: &'a [Token<'s>],
    pub(crate) dialect: Dialect,
    /// The variable of FreeMarker's innermost `<#list>`.
    pub(crate) item: Option<&'s str>,
    pub(crate) at: usize,
    pub(crate) before: Vec<String>,
    pub(crate) instead: Vec<Option<String>>,
    pub(crate) after: Vec<String>,
    links: usize,
}

/// What stands between two separators: operands and the operators between them.
pub(crate) enum Part {
    Operand { start: usize, end: usize },
    Operator { token: usize, name: String },
}

impl Part {
    /// Whether it is one of these operators.
    pub(crate) fn is_any(&self, operators: &[&str]) -> bool {
        match self {
            Self::Operator { name, .. } => operators.contains(&name.as_str()),
            Self::Operand { .. } => false,
        }
    }
}

impl<'a, 's> Expression<'a, 's> {
    pub(crate) fn new(tokens: &'a [Token<'s>], dialect: Dialect, item: Option<&'s str>) -> Self {
        let texts = || vec![String::new(); tokens.len()];
        let instead = vec![None; tokens.len()];
        Self { tokens, dialect, item, at: 0, before: texts(), instead, after: texts(), links: 0 }
    }

    /// Looks at everything from token `start` to the end.
    pub(crate) fn check(&mut self, start: usize) -> Result<(), Fault> {
        self.at = start;
        self.sequence()?;
        self.peek().map_or(Ok(()), |bracket| Err(bracket.unexpected()))
    }

    pub(crate) fn wrap(&mut self, start: usize, end: usize, guard: &str) {
        self.before[start].insert(0, '(');
        self.after[end].extend(["|_", guard, ")"]);
    }

    /// As [`Self::wrap`], for more than one operand.
    pub(crate) fn wrap_all(&mut self, start: usize, end: usize, guard: &str) {
        self.before[start].insert(0, '(');
        self.after[end].push(')');
        self.wrap(start, end, guard);
    }

    pub(crate) fn peek(&self) -> Option<Token<'s>> {
        self.tokens.get(self.at).copied()
    }

    pub(crate) fn is(&self, at: usize, text: &str) -> bool {
        self.tokens.get(at).is_some_and(|it| it.is(text))
    }

    /// One more level of what the engine's compiler does by recursion.
    pub(crate) fn link(&mut self) -> Result<(), Fault> {
        self.links += 1;
        match self.peek() {
            Some(token) if self.links > LINKS_MAX => {
                Err(token.fault(format!("more than {LINKS_MAX} operators and filters in one tag")))
            }
            _ => Ok(()),
        }
    }

    fn sequence(&mut self) -> Result<(), Fault> {
        let mut run = Vec::new();
        while let Some(token) = self.peek() {
            if token.kind == Kind::Sign && matches!(token.text, ")" | "]" | "}") {
                break;
            }
            let after_operand = matches!(run.last(), Some(Part::Operand { .. }));
            if let Some(name) = self.operator(token).filter(|_| after_operand) {
                self.link()?;
                run.push(Part::Operator { token: self.at, name: name.into() });
                self.at += if token.is("not") { 2 } else { 1 };
            } else if token.is(",") || token.is(":") {
                self.settle(&mut run)?;
                self.at += 1;
            } else if self.separator(token) {
                self.settle(&mut run)?;
                self.link()?;
                self.at += 1;
            } else {
                run.push(self.operand()?);
            }
        }
        self.settle(&mut run)
    }

    fn operator(&self, token: Token<'s>) -> Option<&'s str> {
        match (self.dialect, token.kind, token.text) {
            (_, Kind::Sign, text) if OPERATORS.contains(&text) => Some(text),
            (Dialect::Native, Kind::Name, "in") => Some("in"),
            (Dialect::Native, Kind::Name, "not") => self.is(self.at + 1, "in").then_some("in"),
            (Dialect::FreeMarker, Kind::Sign, "=") => Some("=="),
            (Dialect::FreeMarker, Kind::Name, "gt") => Some(">"),
            (Dialect::FreeMarker, Kind::Name, "gte") => Some(">="),
            (Dialect::FreeMarker, Kind::Name, "lt") => Some("<"),
            (Dialect::FreeMarker, Kind::Name, "lte") => Some("<="),
            _ => None,
        }
    }

    fn separator(&mut self, token: Token<'s>) -> bool {
        match (self.dialect, token.kind, token.text) {
            (Dialect::Native, Kind::Sign | Kind::Name, text) => SEPARATORS.contains(&text),
            (Dialect::FreeMarker, Kind::Sign, "&&") => self.replace(" and "),
            (Dialect::FreeMarker, Kind::Sign, "||") => self.replace(" or "),
            _ => false,
        }
    }

    fn replace(&mut self, text: &str) -> bool {
        self.instead[self.at] = Some(text.into());
        true
    }

    /// Puts guards around the operands of `run`, by the operators beside them.
    fn settle(&mut self, run: &mut Vec<Part>) -> Result<(), Fault> {
        if let Some(Part::Operator { token, .. }) = run.last() {
            let sign = self.tokens[*token];
            return Err(sign.fault(format!("an expression is missing after `{}`", sign.text)));
        }
        if self.dialect == Dialect::FreeMarker {
            self.translate_operators(run)?;
        }
        let operator = |index: Option<usize>| match run.get(index?)? {
            Part::Operator { name, .. } => Some(name.as_str()),
            Part::Operand { .. } => None,
        };
        for (index, part) in run.iter().enumerate() {
            let Part::Operand { start, end } = part else { continue };
            let beside = [operator(index.checked_sub(1)), operator(Some(index + 1))];
            let single = (start == end).then(|| self.tokens[*start].kind);
            if let Some(guard) = guard(beside, single) {
                self.wrap(*start, *end, guard);
            }
        }
        run.clear();
        Ok(())
    }

    pub(crate) fn operand(&mut self) -> Result<Part, Fault> {
        let start = self.at;
        if self.dialect == Dialect::FreeMarker && self.is(start, "!") {
            return self.negation();
        }
        while self.is(self.at, "-") {
            self.link()?;
            self.at += 1;
        }
        let primary = self.at;
        self.primary()?;
        self.postfix(primary)?;
        if primary > start {
            self.wrap(primary, self.at - 1, "number");
        }
        if self.dialect == Dialect::Native {
            self.filters()?;
        }
        Ok(Part::Operand { start, end: self.at - 1 })
    }

    pub(crate) fn primary(&mut self) -> Result<(), Fault> {
        let Some(token) = self.peek() else {
            let end = self.tokens.last().map_or(0, Token::end);
            return Err(Fault::new(end, "an expression is missing"));
        };
        match (token.kind, token.text) {
            (Kind::Sign, "(" | "[" | "{") => self.bracket(),
            (Kind::Sign, _) => Err(token.unexpected()),
            (Kind::Text, _) => {
                while let Some(text) = self.peek().filter(|it| it.kind == Kind::Text) {
                    self.check_text(text)?;
                    self.at += 1;
                }
                Ok(())
            }
            (Kind::Name | Kind::Number, _) => {
                self.check_name(token)?;
                self.at += 1;
                Ok(())
            }
        }
    }

    /// A bracket and what is in it.
    pub(crate) fn bracket(&mut self) -> Result<(), Fault> {
        self.link()?;
        let open = self.tokens[self.at];
        let close = match open.text {
            "(" => ")",
            "[" => "]",
            _ => "}",
        };
        self.tolerate_missing();
        self.at += 1;
        if open.is("{") {
            self.check_keys()?;
        }
        self.sequence()?;
        if !self.is(self.at, close) {
            return Err(open.fault(format!("`{}` is not closed", open.text)));
        }
        self.at += 1;
        Ok(())
    }

    /// Anything may be a key for the engine, which makes some very slow.
    fn check_keys(&self) -> Result<(), Fault> {
        let mut depth = 0;
        for (index, token) in self.tokens.iter().enumerate().skip(self.at) {
            match token.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" if depth == 0 => break,
                ")" | "]" | "}" => depth -= 1,
                ":" if depth == 0 => {
                    let key = self.tokens[index - 1];
                    let alone = self.is(index - 2, ",") || self.is(index - 2, "{");
                    if !alone || !matches!(key.kind, Kind::Text | Kind::Number) {
                        return Err(key.fault("a key must be a text or a number"));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// What an operand goes through before it meets its operators; the one that binds tighter decides.
fn guard(beside: [Option<&str>; 2], single: Option<Kind>) -> Option<&'static str> {
    let any = |names: &[&str]| beside.iter().flatten().any(|it| names.contains(it));
    match single {
        Some(Kind::Number) => None,
        _ if any(&["*"]) => Some("factor"),
        Some(Kind::Text) => None,
        _ if any(&["/", "//", "%", "**"]) => Some("number"),
        _ if any(&["~"]) => Some("text"),
        _ if beside[0] == Some("in") => Some("members"),
        _ => beside.iter().flatten().next().map(|_| "number"),
    }
}
