//! FreeMarker's marks in a template: `${…}`, `<#if>`, `<#list>` and comments, in the engine's words.

use crate::{
    Sink,
    error::Fault,
    expression::Expression,
    source::{Marker, Scanner},
    tokens::{self, Dialect, Kind, Tag},
};

/// Directives whose names also give away FreeMarker's other form, `[#if …]`.
const KNOWN: [&str; 8] = ["assign", "else", "elseif", "ftl", "if", "include", "list", "macro"];

/// A directive that is still open.
#[derive(Clone, Copy)]
pub(crate) struct Open<'s> {
    name: &'static str,
    offset: usize,
    /// The variable of the innermost `<#list>`, and how many of our own loops are around it.
    item: Option<(&'s str, usize)>,
}

impl Open<'_> {
    pub(crate) fn fault(&self) -> Fault {
        Fault::new(self.offset, format!("`<#{}>` is not closed", self.name))
    }
}

impl<'s> Scanner<'s> {
    /// What of FreeMarker begins here, if anything does.
    pub(crate) fn freemarker_marker(&self, rest: &str) -> Option<Marker> {
        let sign = rest.as_bytes()[0];
        let inside = rest[1..].strip_prefix('/').unwrap_or(&rest[1..]);
        let name = inside.get(1..).and_then(|it| it.chars().next());
        let named = name.is_some_and(|it| match self.sink {
            // Slack's own `<@U…>` and `<#C…>`.
            Sink::Slack => it.is_ascii_lowercase(),
            Sink::Text | Sink::Html | Sink::Header | Sink::Json | Sink::Url | Sink::Markdown => {
                it.is_alphabetic()
            }
        });
        match (sign, inside.as_bytes().first()?) {
            // A dollar or number sign before a value of our own.
            (b'$' | b'#', b'{') if rest[2..].starts_with('{') => None,
            (b'$', b'{') if !rest.starts_with("$/") => Some(Marker::FreeMarkerValue),
            (b'#', b'{') if !rest.starts_with("#/") => Some(Marker::Unsupported),
            (b'<', b'#') if rest.starts_with("<#--") => Some(Marker::FreeMarkerComment),
            (b'<', b'#') if named => Some(Marker::FreeMarkerDirective),
            (b'<', b'@') if named => Some(Marker::Unsupported),
            (b'[', b'#') if named => {
                let name = inside[1..].split(|it: char| !it.is_alphabetic()).next()?;
                KNOWN.contains(&name).then_some(Marker::Unsupported)
            }
            _ => None,
        }
    }

    pub(crate) fn unsupported(&self) -> Fault {
        let rest = &self.source[self.at..];
        let name = rest.split(|it: char| it.is_whitespace() || ">]}".contains(it)).next();
        let name: String = name.unwrap_or_default().chars().take(20).collect();
        Fault::new(self.at, format!("FreeMarker's `{name}` is not supported"))
    }

    /// `${…}`
    pub(crate) fn freemarker_value(&mut self) -> Result<(), Fault> {
        let inside = self.at + "${".len();
        let tag = tokens::tag(self.source, inside, "}", Dialect::FreeMarker)?;
        let expression = self.expression(&tag)?;
        self.begin();
        self.out.text += "{{ ";
        self.at = inside;
        self.write(&expression);
        self.out.text += " }}";
        self.at = tag.end;
        (self.trimming, self.blank) = (false, false);
        Ok(())
    }

    /// `<#if …>`, `<#elseif …>`, `<#else>`, `<#list … as …>` and their ends.
    pub(crate) fn directive(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let closing = self.source[start..].starts_with("</");
        let named = start + if closing { "</#".len() } else { "<#".len() };
        let rest = &self.source[named..];
        let name =
            &rest[..rest.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(rest.len())];
        if !matches!(name, "if" | "elseif" | "elseIf" | "else" | "list") {
            return Err(Fault::new(start, format!("FreeMarker's `<#{name}>` is not supported")));
        }
        let inside = named + name.len();
        let tag = tokens::tag(self.source, inside, ">", Dialect::FreeMarker)?;
        if self.compares(&tag) {
            return Err(Fault::new(tag.close, "`>` ends the directive; write `gt` or `gte`"));
        }
        let innermost = self.open.last().map(|it| it.name);
        let item = self.open.last().and_then(|it| it.item);
        let (keyword, expression) = match (closing, name, innermost) {
            (true, "if", Some("if")) => ("endif", None),
            (true, "list", Some("list")) => ("endfor", None),
            (false, "else", Some(_)) => ("else", None),
            (false, "elseif" | "elseIf", Some("if")) => {
                self.branch(start)?;
                ("elif", Some(self.expression(&tag)?))
            }
            (false, "if", _) => {
                let condition = self.expression(&tag)?;
                self.open.push(Open { name: "if", offset: start, item });
                ("if", Some(condition))
            }
            (false, "list", _) => {
                let (list, item) = self.list(start, &tag)?;
                let item = item.map(|it| (it, self.loops));
                self.open.push(Open { name: "list", offset: start, item });
                ("for", Some(list))
            }
            _ => {
                let what = format!("`{}` has no beginning", &self.source[start..inside]);
                return Err(Fault::new(start, what));
            }
        };
        if let Some(token) = tag.tokens.first().filter(|_| expression.is_none()) {
            return Err(token.unexpected());
        }
        if closing {
            self.open.pop();
        }
        let next = self.begin_directive(tag.end);
        self.out.text.extend(["{% ", keyword, " "]);
        self.at = inside;
        if let Some(expression) = expression {
            self.write(&expression);
        }
        self.out.text += if keyword == "for" { " %}{{0|_charged}}" } else { " %}" };
        self.at = next;
        Ok(())
    }

    /// Whether the sign that ends the directive looks as if it was meant to compare, as in `<#if x > 2>`.
    fn compares(&self, tag: &Tag<'_>) -> bool {
        let rest = &self.source[tag.end..];
        let next = rest.find(['<', '>', '\n']).map(|it| rest.as_bytes()[it]);
        let apart = self.source[..tag.close].ends_with(char::is_whitespace);
        rest.starts_with('=') || apart && next == Some(b'>')
    }

    fn expression<'a>(&self, tag: &'a Tag<'s>) -> Result<Expression<'a, 's>, Fault> {
        let mut expression = Expression::new(&tag.tokens, Dialect::FreeMarker, self.item());
        if tag.tokens.is_empty() {
            return Err(Fault::new(tag.close, "an expression is missing"));
        }
        expression.check(0)?;
        Ok(expression)
    }

    /// `xs as x` and `map as key, value`.
    fn list<'a>(
        &self,
        start: usize,
        tag: &'a Tag<'s>,
    ) -> Result<(Expression<'a, 's>, Option<&'s str>), Fault> {
        let as_at = tag.tokens.iter().rposition(|it| it.is("as")).filter(|it| *it > 0);
        let names = as_at.map_or(&[][..], |it| &tag.tokens[it + 1..]);
        let (filter, variables, item) = match names {
            [item] => ("sequence", item.text.to_owned(), Some(item.text)),
            [key, comma, value] if comma.is(",") => {
                ("items", format!("{}, {}", key.text, value.text), None)
            }
            _ => return Err(Fault::new(start, "`<#list>` needs `xs as x`")),
        };
        if let Some(name) = names.iter().step_by(2).find(|it| it.kind != Kind::Name) {
            return Err(name.unexpected());
        }
        let end = as_at.unwrap_or_default();
        let mut list = self.expression(tag)?;
        list.before[0].insert_str(0, &format!("{variables} in (("));
        list.after[end - 1].extend([")|_defined|", filter, ")"]);
        list.instead[end..].fill(Some(String::new()));
        Ok((list, item))
    }

    fn item(&self) -> Option<&'s str> {
        let (item, loops) = self.open.last()?.item?;
        (loops == self.loops).then_some(item)
    }

    /// A brace that is text must not meet one of the tag that follows.
    fn begin(&mut self) {
        if self.out.text.ends_with('{') {
            self.out.text.pop();
            self.out.text += "{% raw %}{{% endraw %}";
        }
    }

    /// Where the text goes on after a directive that ends at `end`: a line with nothing else on it leaves no line behind, as in FreeMarker.
    pub(crate) fn begin_directive(&mut self, end: usize) -> usize {
        self.trimming = false;
        let rest = self.source[end..].trim_start_matches([' ', '\t', '\r']);
        let after = rest.strip_prefix('\n').or(rest.is_empty().then_some(""));
        let Some(after) = after.filter(|_| self.blank) else {
            self.begin();
            return end;
        };
        let kept = self.out.text.trim_end_matches([' ', '\t']).len();
        self.out.text.truncate(kept);
        self.source.len() - after.len()
    }
}
