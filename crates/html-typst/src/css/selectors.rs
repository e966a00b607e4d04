//! Selectors (Selectors 4, without `:has()` and what needs a person in front of a screen).

use super::{
    simple::{attribute, pseudo_class},
    tokens::{Token, Value, show, split_commas, trimmed},
};

/// Simple selectors in one selector.
const SIMPLE_MAX: usize = 256;

/// A complex selector, read from its end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Selector {
    /// The last compound first; each with what connects it to the one before it in the source.
    pub(crate) compounds: Vec<(Vec<Simple>, Option<Combinator>)>,
    pub(crate) part: Part,
    pub(crate) specificity: u32,
}

/// What of an element is selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Whole,
    Before,
    After,
    Marker,
    FirstLetter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Combinator {
    Descendant,
    Child,
    Next,
    Later,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Simple {
    Tag(Box<str>),
    Id(Box<str>),
    Class(Box<str>),
    Attribute {
        name: Box<str>,
        test: Test,
        ignores_case: bool,
    },
    Nth {
        step: i64,
        offset: i64,
        from_end: bool,
        of_type: bool,
    },
    OnlyChild,
    OnlyOfType,
    Root,
    Empty,
    Link,
    Lang(Vec<String>),
    Is(Vec<Selector>),
    Not(Vec<Selector>),
    /// `:hover` and the like, which nothing on paper is.
    Never,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    There,
    Equal(Box<str>),
    Word(Box<str>),
    Dash(Box<str>),
    Start(Box<str>),
    End(Box<str>),
    Within(Box<str>),
}

impl Selector {
    /// The selectors of a list, or what is not understood.
    ///
    /// # Errors
    /// The part that is not understood.
    pub(crate) fn list(values: &[Value]) -> Result<Vec<Self>, String> {
        let parts = split_commas(values);
        if parts.is_empty() {
            return Err(String::new());
        }
        parts.into_iter().map(|it| Self::one(it).ok_or_else(|| show(it))).collect()
    }

    fn one(values: &[Value]) -> Option<Self> {
        let mut reader = Reader { rest: values, part: Part::Whole, specificity: 0, n_simple: 0 };
        let mut compounds: Vec<(Vec<Simple>, Option<Combinator>)> = Vec::new();
        let mut before = None;
        loop {
            let compound = reader.compound()?;
            compounds.push((compound, before));
            match reader.combinator()? {
                None => break,
                // Nothing is within a part of an element.
                Some(_) if reader.part != Part::Whole => return None,
                found => before = found,
            }
        }
        compounds.reverse();
        Some(Self { compounds, part: reader.part, specificity: reader.specificity })
    }
}

/// Whether a part of an element is none on paper.
fn is_for_screens(name: &str) -> bool {
    const NAMES: [&str; 11] = [
        "backdrop",
        "cue",
        "details-content",
        "file-selector-button",
        "grammar-error",
        "part",
        "placeholder",
        "selection",
        "slotted",
        "spelling-error",
        "target-text",
    ];
    let name = name.to_ascii_lowercase();
    NAMES.contains(&&*name)
        || ["-webkit-", "-moz-", "-ms-", "view-transition"].iter().any(|it| name.starts_with(it))
}

const ID: u32 = 1 << 20;
pub(super) const CLASS: u32 = 1 << 10;

struct Reader<'a> {
    rest: &'a [Value],
    part: Part,
    specificity: u32,
    n_simple: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<&'a Token> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(&first.token)
    }

    #[expect(clippy::option_option, reason = "no combinator that is known, or none at all")]
    fn combinator(&mut self) -> Option<Option<Combinator>> {
        let has_space = matches!(self.rest, [Value { token: Token::Space, .. }, ..]);
        let rest = trimmed(self.rest);
        let found = match rest.first().map(|it| &it.token) {
            None => return Some(None),
            Some(Token::Delimiter('>')) => Combinator::Child,
            Some(Token::Delimiter('+')) => Combinator::Next,
            Some(Token::Delimiter('~')) => Combinator::Later,
            Some(_) if has_space => {
                self.rest = rest;
                return Some(Some(Combinator::Descendant));
            }
            Some(_) => return None,
        };
        self.rest = trimmed(&rest[1..]);
        Some(Some(found))
    }

    fn compound(&mut self) -> Option<Vec<Simple>> {
        let mut compound = Vec::new();
        let mut is_any = false;
        while let Some(first) = self.rest.first() {
            match &first.token {
                Token::Ident(name) if compound.is_empty() && !is_any => {
                    self.specificity += 1;
                    compound.push(Simple::Tag(name.to_ascii_lowercase().into()));
                }
                Token::Delimiter('*') if compound.is_empty() && !is_any => {}
                Token::Hash(id) => {
                    self.specificity += ID;
                    compound.push(Simple::Id(id.clone()));
                }
                Token::Delimiter('.') => {
                    self.next();
                    let Some(Value { token: Token::Ident(name), .. }) = self.rest.first() else {
                        return None;
                    };
                    self.specificity += CLASS;
                    compound.push(Simple::Class(name.clone()));
                }
                Token::Block('[', inner) => {
                    self.specificity += CLASS;
                    compound.push(attribute(inner)?);
                }
                Token::Colon => {
                    self.next();
                    self.pseudo(&mut compound)?;
                }
                _ => break,
            }
            is_any = true;
            self.n_simple += 1;
            if self.n_simple > SIMPLE_MAX {
                return None;
            }
            self.next();
        }
        is_any.then_some(compound)
    }

    /// Behind the first colon; leaves its last token to be taken.
    fn pseudo(&mut self, compound: &mut Vec<Simple>) -> Option<()> {
        let mut first = self.rest.first()?;
        let is_element = first.token == Token::Colon;
        if is_element {
            self.next();
            first = self.rest.first()?;
        }
        if let Some(name) = first.keyword() {
            let part = match name.as_str() {
                "before" => Some(Part::Before),
                "after" => Some(Part::After),
                "marker" if is_element => Some(Part::Marker),
                "first-letter" => Some(Part::FirstLetter),
                _ => None,
            };
            if let Some(part) = part {
                self.part = part;
                self.specificity += 1;
                return Some(());
            }
        }
        if is_element {
            let (Token::Ident(name) | Token::Function(name, _)) = &first.token else { return None };
            compound.push(is_for_screens(name).then_some(Simple::Never)?);
            self.specificity += 1;
            return Some(());
        }
        let (simple, specificity) = pseudo_class(&first.token)?;
        compound.push(simple);
        self.specificity += specificity;
        Some(())
    }
}
