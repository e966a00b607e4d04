//! The values of properties for generated content.

use std::rc::Rc;

use super::ListKind;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Normal,
    None,
    Pieces(Rc<[Piece]>),
}

/// A part of generated content.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    Text(Rc<str>),
    Attribute(Rc<str>),
    Image(Rc<str>),
    Counter(Rc<str>, ListKind),
    Counters(Rc<str>, Rc<str>, ListKind),
    /// `content()`: the element's own text.
    Own,
    String(Rc<str>, Which),
    Element(Rc<str>, Which),
    /// The counter where the link of this attribute or address leads.
    TargetCounter(Target, Rc<str>, ListKind),
    TargetText(Target),
    Leader(Rc<str>),
    OpenQuote,
    CloseQuote,
    NoQuote,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Target {
    Attribute(Rc<str>),
    Address(Rc<str>),
}

/// Which of several values a page has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    First,
    Last,
    Start,
    FirstExcept,
}
