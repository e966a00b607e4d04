//! FreeMarker's expressions, as far as business texts use them, in the engine's words (`activiti-ootb-connectors.md` §7.1, §8.1).
//!
//! What is not known here is a syntax error with its name; nothing of FreeMarker is ever printed as if it were text.

use crate::{
    error::Fault,
    expression::{Expression, Part},
    tokens::{Dialect, Kind, Token},
};

/// FreeMarker's built-ins and the filters that do the same, `…(` with arguments.
const BUILTINS: [(&str, &str); 26] = [
    ("c", "string"),
    ("cap_first", "cap_first"),
    ("capitalize", "title"),
    ("contains", "contains("),
    ("default", "default("),
    ("ends_with", "ends_with("),
    ("first", "first"),
    ("has_content", "has_content"),
    ("html", "escape"),
    ("join", "join("),
    ("keys", "list"),
    ("last", "last"),
    ("length", "length"),
    ("lower_case", "lower"),
    ("number", "parsed"),
    ("replace", "replace("),
    ("reverse", "reverse"),
    ("size", "length"),
    ("sort", "sort"),
    ("sort_by", "sort_by("),
    ("split", "split("),
    ("starts_with", "starts_with("),
    ("trim", "trim"),
    ("uncap_first", "uncap_first"),
    ("upper_case", "upper"),
    ("url", "urlencode"),
];

/// What FreeMarker knows about the current item of a `<#list>`.
const ITEM_BUILTINS: [(&str, &str); 5] = [
    ("counter", "loop.index"),
    ("has_next", "(not loop.last)"),
    ("index", "loop.index0"),
    ("is_first", "loop.first"),
    ("is_last", "loop.last"),
];

/// Words of the engine's own language that FreeMarker allows as names.
const RESERVED: [&str; 11] =
    ["and", "else", "if", "in", "is", "loop", "namespace", "none", "not", "or", "range"];

impl Expression<'_, '_> {
    /// FreeMarker writes `+` for texts too, and words for what a tag cannot contain.
    pub(crate) fn translate_operators(&mut self, run: &mut [Part]) -> Result<(), Fault> {
        for part in run.iter() {
            if let Part::Operator { token, name } = part
                && *name != self.tokens[*token].text
            {
                self.instead[*token] = Some(format!(" {name} "));
            }
        }
        run.split_mut(|it| it.is_any(&["==", "!=", "<", "<=", ">", ">="]))
            .try_for_each(|sum| self.translate_sum(sum))
    }

    /// `"Total: " + x + y` joins texts, since one of the first two is a text.
    fn translate_sum(&mut self, sum: &mut [Part]) -> Result<(), Fault> {
        let is_text = |term: &[Part]| match term {
            [Part::Operand { start, end }] if start == end => {
                self.tokens[*start].kind == Kind::Text
            }
            _ => false,
        };
        if !sum.split(|it| it.is_any(&["+", "-"])).take(2).any(is_text) {
            return Ok(());
        }
        for part in sum {
            match part {
                Part::Operator { token, name } if name == "+" => {
                    self.instead[*token] = Some(" ~ ".into());
                    *name = "~".into();
                }
                Part::Operator { token, name } if name == "-" => {
                    let what = "`+` joins texts here, so `-` needs parentheses";
                    return Err(self.tokens[*token].fault(what));
                }
                Part::Operator { .. } | Part::Operand { .. } => {}
            }
        }
        Ok(())
    }

    /// `!x` binds tighter than the engine's `not`.
    pub(crate) fn negation(&mut self) -> Result<Part, Fault> {
        let start = self.at;
        self.link()?;
        self.at += 1;
        self.operand()?;
        let end = self.at - 1;
        self.before[start].insert(0, '(');
        self.instead[start] = Some("not ".into());
        self.after[end].push(')');
        Ok(Part::Operand { start, end })
    }

    /// `?name`, `??` and `!default` after the value that begins at `primary`.
    pub(crate) fn builtin(&mut self, primary: usize) -> Result<(), Fault> {
        match self.tokens[self.at].text {
            "?" => self.named_builtin(primary),
            "!" => self.default_value(),
            _ => {
                self.instead[self.at] = Some("|exists".into());
                self.at += 1;
                Ok(())
            }
        }
    }

    fn default_value(&mut self) -> Result<(), Fault> {
        let sign = self.at;
        self.at += 1;
        let given = self.peek().is_some_and(|it| match it.kind {
            Kind::Name => !matches!(it.text, "gt" | "gte" | "lt" | "lte" | "as"),
            Kind::Number | Kind::Text => true,
            Kind::Sign => matches!(it.text, "(" | "[" | "{"),
        });
        if !given {
            self.instead[sign] = Some("|default".into());
            return Ok(());
        }
        self.instead[sign] = Some("|default(".into());
        self.operand()?;
        self.after[self.at - 1].push(')');
        // FreeMarker takes `x!1 + y` for `x!(1 + y)`, which nobody means.
        match self.peek() {
            Some(it)
                if it.kind == Kind::Sign
                    && it
                        .text
                        .starts_with(['+', '-', '*', '/', '%', '=', '<', '>', '!', '&', '|']) =>
            {
                Err(it.fault("where the default ends is not clear; write `(x!y)` in parentheses"))
            }
            _ => Ok(()),
        }
    }

    fn named_builtin(&mut self, primary: usize) -> Result<(), Fault> {
        let sign = self.at;
        let Some(name) = self.tokens.get(sign + 1).filter(|it| it.kind == Kind::Name) else {
            return Err(self.tokens[sign].fault("a name is missing after `?`"));
        };
        let unsupported = |hint: &str| {
            Err(name.fault(format!("FreeMarker's `?{}` is not supported{hint}", name.text)))
        };
        if let Some((_, engine)) = ITEM_BUILTINS.iter().find(|(known, _)| *known == name.text) {
            if sign != primary + 1 || self.item != Some(self.tokens[primary].text) {
                return unsupported(" but for the variable of the innermost `<#list>`");
            }
            self.instead[primary] = Some((*engine).into());
            self.leave_out(2);
            return Ok(());
        }
        if name.text == "string" {
            return self.string_builtin(sign);
        }
        let Some((_, filter)) = BUILTINS.iter().find(|(known, _)| *known == name.text) else {
            return unsupported(match name.text {
                "date" | "datetime" | "time" => "; write `{{ x | date(\"%d.%m.%Y\") }}`",
                _ => "",
            });
        };
        let arguments = self.is(sign + 2, "(");
        if arguments != filter.ends_with('(') {
            return unsupported(if arguments { " with arguments" } else { " without arguments" });
        }
        self.become_filter(sign, filter.trim_end_matches('('));
        if arguments { self.bracket() } else { Ok(()) }
    }

    /// `?string`, `?string("yes", "no")` and `?string("#,##0.00")`.
    fn string_builtin(&mut self, sign: usize) -> Result<(), Fault> {
        let is_text = |it: &Token<'_>| it.kind == Kind::Text;
        match self.tokens.get(sign + 2..).unwrap_or_default() {
            [open, yes, comma, no, close, ..]
                if open.is("(")
                    && is_text(yes)
                    && comma.is(",")
                    && is_text(no)
                    && close.is(")") =>
            {
                self.become_filter(sign, "choose");
                self.bracket()
            }
            [open, pattern, close, ..]
                if is_text(pattern)
                    && (open.is("(") && close.is(")") || open.is("[") && close.is("]")) =>
            {
                let Some(filter) = number_pattern(pattern.text) else {
                    let what =
                        "FreeMarker's patterns are supported as far as `0.00` and `#,##0.00`";
                    return Err(pattern.fault(what));
                };
                self.become_filter(sign, &filter);
                self.leave_out(3);
                Ok(())
            }
            [open, ..] if open.is("(") || open.is("[") || open.is(".") => {
                Err(open.fault("FreeMarker's `?string` is supported with texts only"))
            }
            _ => {
                self.become_filter(sign, "string");
                Ok(())
            }
        }
    }

    fn become_filter(&mut self, sign: usize, filter: &str) {
        self.weigh(sign - 1, filter);
        self.instead[sign] = Some("|".into());
        self.instead[sign + 1] = Some(filter.into());
        self.at = sign + 2;
    }

    fn leave_out(&mut self, n: usize) {
        self.instead[self.at..self.at + n].fill(Some(String::new()));
        self.at += n;
    }

    /// `(a.b.c)!` and `(a.b.c)??` are fine with an `a` that is missing.
    pub(crate) fn tolerate_missing(&mut self) {
        let length = self.tokens[self.at..].iter().position(|it| it.is(")"));
        let Some(close) = length.map(|it| self.at + it).filter(|_| self.is(self.at, "(")) else {
            return;
        };
        let path = &self.tokens[self.at + 1..close];
        let plain = path.len() % 2 == 1
            && path.iter().step_by(2).all(|it| it.kind == Kind::Name)
            && path.iter().skip(1).step_by(2).all(|it| it.is("."));
        let asks = self.is(close + 1, "?")
            && (self.is(close + 2, "has_content") || self.is(close + 2, "default"));
        let tolerant = asks || self.is(close + 1, "!") || self.is(close + 1, "??");
        if self.dialect == Dialect::FreeMarker && plain && tolerant {
            for dot in (self.at + 2..close).step_by(2) {
                self.instead[dot] = Some("|member(\"".into());
                self.after[dot + 1].push_str("\")");
            }
        }
    }

    /// FreeMarker's texts contain templates and escapes of their own.
    pub(crate) fn check_text(&self, text: Token<'_>) -> Result<(), Fault> {
        if self.dialect == Dialect::Native {
            return Ok(());
        }
        if text.text.contains("${") || text.text.contains("#{") {
            return Err(
                text.fault("FreeMarker's `${…}` inside a text is not supported; join with `+`")
            );
        }
        let mut escapes = text.text.split('\\').skip(1);
        while let Some(escape) = escapes.next() {
            match escape.chars().next() {
                Some('n' | 'r' | 't' | '"' | '\'') => {}
                None => drop(escapes.next()),
                Some(other) => {
                    return Err(
                        text.fault(format!("FreeMarker's escape `\\{other}` is not supported"))
                    );
                }
            }
        }
        Ok(())
    }

    pub(crate) fn check_name(&self, name: Token<'_>) -> Result<(), Fault> {
        if self.dialect == Dialect::FreeMarker && RESERVED.contains(&name.text) {
            return Err(
                name.fault(format!("`{}` cannot be the name of a variable here", name.text))
            );
        }
        Ok(())
    }
}

/// The filter for a pattern of Java's `DecimalFormat` that has digits after the point and groups only.
fn number_pattern(quoted: &str) -> Option<String> {
    let pattern = &quoted[1..quoted.len() - 1];
    let (whole, fraction) = pattern.split_once('.').unwrap_or((pattern, ""));
    let locale = match whole {
        "0" | "#0" => "",
        ",##0" | "#,##0" => ", \"en\"",
        _ => return None,
    };
    let digits_only = fraction.bytes().all(|it| it == b'0');
    digits_only.then(|| format!("number({}{locale})", fraction.len()))
}
