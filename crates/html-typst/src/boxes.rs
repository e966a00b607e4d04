//! From elements to boxes: what is shown, generated content included, in the order of the document.

mod build;
mod content;
mod counters;
mod replaced;
mod widths;

use std::{collections::HashMap, rc::Rc};

use crate::{
    Assets, Error,
    dom::Dom,
    style::{ListKind, Style, Styled, Which},
};

pub(crate) use self::{content::plain, counters::formatted, replaced::drawing_size, widths::Range};

/// The boxes of a document.
pub(crate) struct Tree {
    /// That of `<html>`.
    pub(crate) root: Node,
    /// Elements that stand in the margins of pages: their name and their box.
    pub(crate) running: Vec<(Rc<str>, Node)>,
    /// Named strings: their name and their text.
    pub(crate) strings: Vec<(Rc<str>, String)>,
    /// Counters at the elements that have an id.
    pub(crate) counters: HashMap<String, HashMap<Rc<str>, i32>>,
    /// Boxes of the margins' own content, in the order in which they were asked for.
    pub(crate) styled: Styled,
    /// Images that backgrounds show, by address.
    pub(crate) images: HashMap<Rc<str>, crate::Image>,
}

/// A box, or something in a line.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) style: Rc<Style>,
    pub(crate) kind: Kind,
    pub(crate) children: Vec<Node>,
    /// The element's id.
    pub(crate) anchor: Option<Rc<str>>,
    /// Where a click leads.
    pub(crate) link: Option<Rc<str>>,
    pub(crate) line: u32,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// As its style says.
    Box,
    /// A cell of a table, with the columns and rows that it spans.
    Cell {
        columns: usize,
        rows: usize,
    },
    /// Columns of a table: so many.
    Columns(usize),
    /// What is before an item of a list.
    Item(Option<Box<Node>>),
    Text(String),
    LineBreak,
    Image {
        image: crate::Image,
        alt: String,
    },
    /// The number of the page, or of all of them.
    Page {
        is_total: bool,
        kind: ListKind,
    },
    /// The page that an id is on.
    TargetPage(Rc<str>, ListKind),
    TargetCounter(Rc<str>, Rc<str>, ListKind),
    Leader(Rc<str>),
    /// Where the value of a named string begins to hold, by its place in the list.
    SetString(usize),
    /// Where a running element begins to hold.
    SetRunning(usize),
    /// In a margin: the value of a named string on this page.
    UseString(Rc<str>, Which),
    UseRunning(Rc<str>, Which),
}

impl Node {
    pub(crate) fn new(style: Rc<Style>, kind: Kind) -> Self {
        Self { style, kind, children: Vec::new(), anchor: None, link: None, line: 0 }
    }

    pub(crate) fn text(style: &Rc<Style>, text: impl Into<String>) -> Self {
        Self::new(style.clone(), Kind::Text(text.into()))
    }

    /// Whether it stands in a line, with all that is in it.
    pub(crate) fn is_inline(&self) -> bool {
        match &self.kind {
            Kind::Box | Kind::Item(_) => {
                if self.style.is_out_of_flow() || self.style.float != crate::style::Float::None {
                    return true;
                }
                match self.style.display {
                    crate::style::Display::Inline => self.children.iter().all(Self::is_inline),
                    other => other.is_inline(),
                }
            }
            Kind::Cell { .. } | Kind::Columns(_) => false,
            Kind::Image { .. } => self.style.display.is_inline(),
            _ => true,
        }
    }

    /// Whether it is nothing but space between boxes.
    pub(crate) fn is_blank(&self) -> bool {
        match &self.kind {
            Kind::Text(it) => {
                self.style.inherited.white_space.collapses()
                    && it.bytes().all(|it| it.is_ascii_whitespace())
            }
            _ => false,
        }
    }
}

/// The boxes of `dom`.
///
/// # Errors
/// When the style sheets are too much for it.
pub(crate) fn build(dom: &Dom, styled: Styled, assets: &mut dyn Assets) -> Result<Tree, Error> {
    build::Builder::new(dom, styled, assets).build()
}
