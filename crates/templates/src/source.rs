//! Templates as they are written, turned into templates as the engine runs them.

use crate::{
    Sink, Syntax,
    directives::Open,
    error::Fault,
    expression::Expression,
    json,
    tokens::{self, Dialect, Token},
};

/// The engine's compiler goes one level deeper with each `elif`.
const BRANCHES_MAX: usize = 200;

/// A template in the engine's language, and where its parts come from.
#[derive(Default)]
pub(crate) struct Translated {
    pub(crate) text: String,
    origins: Vec<(usize, usize)>,
}

impl Translated {
    /// Where in the template as it was written the byte at `offset` comes from.
    pub(crate) fn origin(&self, offset: usize) -> usize {
        let next = self.origins.partition_point(|(here, _)| *here <= offset);
        let Some((here, there)) = next.checked_sub(1).map(|it| self.origins[it]) else { return 0 };
        let end = self.origins.get(next).map_or(usize::MAX, |(_, there)| *there);
        (there + (offset - here)).min(end)
    }
}

pub(crate) fn translate(source: &str, syntax: Syntax, sink: Sink) -> Result<Translated, Fault> {
    if sink == Sink::Json
        && let Some(offset) = source.find(json::MARK)
    {
        return Err(Fault::new(offset, "the template contains the control character U+0001"));
    }
    let mut text = String::with_capacity(source.len() * 2);
    // The first look at the clock.
    text += "{{0|_charged}}";
    let mut scanner = Scanner {
        source,
        syntax,
        sink,
        at: 0,
        out: Translated { text, origins: vec![] },
        trimming: false,
        blank: true,
        branches: 0,
        loops: 0,
        open: vec![],
    };
    scanner.run()?;
    Ok(scanner.out)
}

pub(crate) struct Scanner<'s> {
    pub(crate) source: &'s str,
    pub(crate) syntax: Syntax,
    pub(crate) sink: Sink,
    pub(crate) at: usize,
    pub(crate) out: Translated,
    /// The last tag ends with `-`, which removes the white space after it.
    pub(crate) trimming: bool,
    /// Nothing but white space and FreeMarker's directives since the last line end.
    pub(crate) blank: bool,
    branches: usize,
    /// Our own loops that are open.
    pub(crate) loops: usize,
    pub(crate) open: Vec<Open<'s>>,
}

#[derive(Clone, Copy)]
pub(crate) enum Marker {
    Value,
    Statement,
    Comment,
    FreeMarkerValue,
    FreeMarkerDirective,
    FreeMarkerComment,
    /// A part of FreeMarker that is not supported.
    Unsupported,
}

impl<'s> Scanner<'s> {
    fn run(&mut self) -> Result<(), Fault> {
        while let Some((start, marker)) = self.next_marker() {
            self.text(start);
            match marker {
                Marker::Value => self.value()?,
                Marker::Statement if self.raw()? => {}
                Marker::Statement => self.statement()?,
                Marker::Comment => {
                    let end = self.closing("{#", "#}")?;
                    self.copy(end);
                    self.trimming = self.source[..end].ends_with("-#}");
                }
                Marker::FreeMarkerValue => self.freemarker_value()?,
                Marker::FreeMarkerDirective => self.directive()?,
                Marker::FreeMarkerComment => {
                    let end = self.closing("<#--", "-->")?;
                    self.at = self.begin_directive(end);
                    self.out.text += "{##}";
                }
                Marker::Unsupported => return Err(self.unsupported()),
            }
        }
        self.text(self.source.len());
        self.open.last().map_or(Ok(()), |it| Err(it.fault()))
    }

    fn next_marker(&self) -> Option<(usize, Marker)> {
        let freemarker = self.syntax == Syntax::FreeMarker;
        let first = |it: char| it == '{' || freemarker && matches!(it, '$' | '#' | '<' | '[');
        let mut from = self.at;
        loop {
            let start = from + self.source[from..].find(first)?;
            let rest = &self.source[start..];
            let marker = match rest.as_bytes() {
                [b'{', b'{', ..] => Some(Marker::Value),
                [b'{', b'%', ..] => Some(Marker::Statement),
                [b'{', b'#', ..] => Some(Marker::Comment),
                [b'{', ..] => None,
                _ => self.freemarker_marker(rest),
            };
            match marker {
                Some(marker) => return Some((start, marker)),
                None => from = start + 1,
            }
        }
    }

    pub(crate) fn copy(&mut self, end: usize) {
        if self.at < end {
            self.out.origins.push((self.out.text.len(), self.at));
            self.out.text += &self.source[self.at..end];
            self.at = end;
        }
    }

    fn closing(&self, open: &str, close: &str) -> Result<usize, Fault> {
        let inside = self.at + open.len();
        match self.source[inside..].find(close) {
            Some(length) => Ok(inside + length + close.len()),
            None => Err(Fault::new(self.at, format!("`{open}` is not closed"))),
        }
    }

    /// `{{ … }}`
    fn value(&mut self) -> Result<(), Fault> {
        let inside = self.inside();
        let tag = tokens::tag(self.source, inside, "}}", Dialect::Native)?;
        let mut expression = Expression::new(&tag.tokens, Dialect::Native, None);
        if !tag.tokens.is_empty() {
            expression.check(0)?;
        }
        self.copy(inside);
        self.write(&expression);
        self.copy(tag.end);
        self.trimming = self.source[tag.close..].starts_with('-');
        self.blank = false;
        Ok(())
    }

    /// `{% … %}`
    fn statement(&mut self) -> Result<(), Fault> {
        let inside = self.inside();
        let tag = tokens::tag(self.source, inside, "%}", Dialect::Native)?;
        let Some(keyword) = tag.tokens.first() else {
            return Err(Fault::new(self.at, "the tag is empty"));
        };
        let mut expression = Expression::new(&tag.tokens, Dialect::Native, None);
        let first = self.first_expression(*keyword, &mut expression)?;
        if first < tag.tokens.len() {
            expression.check(first)?;
        }
        self.copy(inside);
        self.write(&expression);
        self.trimming = self.source[tag.close..].starts_with('-');
        self.blank = false;
        if !matches!(keyword.text, "for" | "macro" | "call") {
            self.copy(tag.end);
            return Ok(());
        }
        // What may run again and again looks at the clock each time.
        let close = if self.trimming { " -}}" } else { "}}" };
        self.out.text.extend([" %}{{0|_charged", close]);
        self.at = tag.end;
        Ok(())
    }

    /// Behind the two signs that begin the tag, and the one that trims.
    fn inside(&self) -> usize {
        let start = self.at + 2;
        start + usize::from(self.source[start..].starts_with(['-', '+']))
    }

    /// The token where the expressions of a statement begin.
    fn first_expression(
        &mut self,
        keyword: Token<'s>,
        tag: &mut Expression<'_, 's>,
    ) -> Result<usize, Fault> {
        let position = |text: &str| tag.tokens.iter().position(|it| it.is(text));
        match keyword.text {
            // Who needs unescaped text says so where it is: `| safe`.
            "autoescape" => Err(keyword.fault("`autoescape` is not supported; write `| safe`")),
            "for" => {
                let first = position("in").map_or(1, |it| it + 1);
                self.loops += 1;
                Ok(first)
            }
            "endfor" => {
                self.loops = self.loops.saturating_sub(1);
                Ok(1)
            }
            "set" => {
                let last = tag.tokens.len() - 1;
                let Some(value) = position("=").map(|it| it + 1).filter(|it| *it <= last) else {
                    return Ok(1);
                };
                let member = tag.tokens[..value].iter().any(|it| it.is("."));
                tag.wrap_all(value, last, if member { "scalar" } else { "bounded" });
                Ok(value)
            }
            "elif" => self.branch(keyword.offset).map(|()| 1),
            _ => Ok(1),
        }
    }

    pub(crate) fn branch(&mut self, offset: usize) -> Result<(), Fault> {
        self.branches += 1;
        if self.branches > BRANCHES_MAX {
            return Err(Fault::new(offset, format!("more than {BRANCHES_MAX} branches")));
        }
        Ok(())
    }

    /// The tokens with what belongs around and instead of them.
    pub(crate) fn write(&mut self, expression: &Expression<'_, 's>) {
        for (index, token) in expression.tokens.iter().enumerate() {
            self.copy(token.offset);
            self.out.text += &expression.before[index];
            match &expression.instead[index] {
                Some(instead) => {
                    self.out.origins.push((self.out.text.len(), token.offset));
                    self.out.text += instead;
                    self.at = token.end();
                }
                None => self.copy(token.end()),
            }
            self.out.text += &expression.after[index];
        }
    }
}
