//! From boxes to Typst.

mod beside;
mod block;
mod characters;
mod columns;
mod decorate;
mod flex;
mod flow;
mod frame;
mod grid;
mod image;
mod inline;
mod items;
mod margin_boxes;
mod margins;
mod page;
mod page_size;
mod paint;
mod place;
mod table;
mod table_borders;
mod table_cells;
mod table_columns;
mod table_rows;
mod tell;
mod text;
mod wrap;

use std::{
    collections::{HashMap, HashSet},
    fmt::{self, Write as _},
    rc::Rc,
};

use crate::{
    Document, Error, Options,
    boxes::{Node, Tree},
    dom::Dom,
    style::{Inherited, Position, Style, TextAlign},
    typst::points,
    warnings::{Place, Warnings},
};

/// Typst stops at 72 boxes within each other; some functions count more than once. Tenths.
const COST_MAX: u32 = 560;
/// What the result has at most; bytes.
const OUT_MAX: usize = 256 * 1024 * 1024;

/// Writes Typst.
struct Emitter<'a> {
    out: String,
    tree: &'a Tree,
    options: &'a Options,
    warnings: &'a Warnings,
    /// Labels by id, of those that something leads to.
    labels: HashMap<Rc<str>, usize>,
    /// The labels that have a place; each has one only.
    anchored: HashSet<usize>,
    /// Whether what is written stands on every page, where no label can be.
    is_repeated: bool,
    /// Whether a space that comes now is not shown.
    is_after_space: bool,
    has_pending_break: bool,
    /// Boxes that stand on every page.
    fixed: Vec<(i32, String)>,
    /// Boxes whose places are counted from one that is further out.
    waiting: Vec<Node>,
    /// Margins, top and left, and the size of the content of pages; points.
    page: page::Geometry,
}

/// What is around a box.
#[derive(Clone, Copy)]
struct Flow<'s> {
    /// The text style that Typst has here.
    text: &'s Inherited,
    /// How far lines reach above and below the baseline at least, which letters in them are made to do; points.
    strut: [f64; 2],
    /// The alignment that Typst has here.
    align: TextAlign,
    /// How wide the content may be; points.
    width: Option<f64>,
    /// Whether boxes are only as wide as what is in them.
    shrinks: bool,
    /// Whether pages may begin here.
    is_top: bool,
    /// Whether a line needs no paragraph around it.
    is_bare: bool,
    /// How high the content is, where that is given; points.
    height: Option<f64>,
    /// Where positions are counted from, if that is the box of Typst that is being filled.
    origin: Option<Origin>,
    cost: u32,
}

/// The sizes of a box that positions are counted from; points.
#[derive(Clone, Copy)]
struct Origin {
    width: Option<f64>,
    height: Option<f64>,
    /// Between its edge and its content: top, right, bottom, left.
    padding: [f64; 4],
}

impl Origin {
    /// Within `style`, whose content has these sizes.
    fn of(
        style: &Style,
        width: Option<f64>,
        height: Option<f64>,
        around: Option<f64>,
    ) -> Option<Self> {
        let is_origin = style.position != Position::Static || !style.transform.is_empty();
        let padding = style.padding.map(|it| it.of(around).unwrap_or(0.0));
        is_origin.then_some(Self { width, height, padding })
    }
}

impl Flow<'_> {
    /// Within a function of Typst that costs `cost`.
    fn within(self, cost: u32) -> Self {
        Self { is_top: false, origin: None, cost: self.cost + cost, ..self }
    }

    fn wide(self, width: Option<f64>) -> Self {
        Self { width, ..self }
    }
}

/// The document that the boxes make.
///
/// # Errors
/// When it becomes too long.
pub(crate) fn document(dom: &Dom, tree: &Tree, options: &Options) -> Result<Document, Error> {
    let about = About::of(dom);
    let warnings = &tree.styled.sheets.warnings;
    let mut emitter = Emitter {
        out: String::new(),
        tree,
        options,
        warnings,
        labels: labels(dom, tree),
        anchored: HashSet::new(),
        is_repeated: false,
        is_after_space: true,
        has_pending_break: false,
        fixed: Vec::new(),
        waiting: Vec::new(),
        page: page::Geometry::default(),
    };
    let (page_size, landscape, margins) = emitter.pages();
    if emitter.out.len() > OUT_MAX {
        return Err(Error("the document is too long".to_owned()));
    }
    Ok(Document {
        body_sides: emitter.body_sides(),
        body: emitter.out,
        page_size,
        landscape,
        margins,
        title: about.title,
        authors: about.authors,
        keywords: about.keywords,
        language: about.language,
        fonts: tree.styled.sheets.fonts.clone(),
        warnings: warnings.take(),
    })
}

/// What a document says about itself.
#[derive(Default)]
struct About {
    title: Option<String>,
    authors: Vec<String>,
    keywords: Vec<String>,
    language: Option<String>,
}

impl About {
    fn of(dom: &Dom) -> Self {
        let mut about = Self::default();
        for id in dom.all() {
            let Some(element) = dom.element(id) else { continue };
            match &*element.name {
                "html" => about.language = element.filled("lang").map(str::to_owned),
                "title" if element.is_html && about.title.is_none() => {
                    let title = dom.text(id).split_whitespace().collect::<Vec<_>>().join(" ");
                    about.title = Some(title).filter(|it| !it.is_empty());
                }
                "meta" => {
                    let name = element.attribute("name").unwrap_or_default().to_ascii_lowercase();
                    let Some(content) = element.filled("content") else { continue };
                    match name.as_str() {
                        "author" => about.authors.push(content.to_owned()),
                        "keywords" => {
                            let words = content.split(',').map(|it| it.trim().to_owned());
                            about.keywords.extend(words.filter(|it| !it.is_empty()));
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        about
    }
}

/// A number for every id that is referred to.
fn labels(dom: &Dom, tree: &Tree) -> HashMap<Rc<str>, usize> {
    let mut known = HashSet::new();
    anchors(&tree.root, &mut known);
    tree.running.iter().for_each(|it| anchors(&it.1, &mut known));
    let mut labels = HashMap::new();
    for id in dom.all() {
        let address = dom.element(id).and_then(|it| it.filled("href"));
        if let Some(name) = address.and_then(|it| it.strip_prefix('#'))
            && let Some(name) = known.get(name)
        {
            let number = labels.len();
            labels.entry(name.clone()).or_insert(number);
        }
    }
    labels
}

fn anchors(node: &Node, known: &mut HashSet<Rc<str>>) {
    known.extend(node.anchor.clone());
    node.children.iter().for_each(|it| anchors(it, known));
}

impl Emitter<'_> {
    fn write(&mut self, text: fmt::Arguments<'_>) {
        let _infallible = self.out.write_fmt(text);
    }

    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn warn(&self, text: impl Into<String>, line: u32) {
        self.warnings.add(text, Place { line, column: 0 });
    }

    /// What `write` writes, as a text of its own.
    fn aside(&mut self, write: impl FnOnce(&mut Self)) -> String {
        let before = std::mem::take(&mut self.out);
        let state = (self.is_after_space, self.has_pending_break);
        (self.is_after_space, self.has_pending_break) = (true, false);
        write(self);
        (self.is_after_space, self.has_pending_break) = state;
        std::mem::replace(&mut self.out, before)
    }

    /// As [`Self::aside`], for what stands on every page.
    fn repeated(&mut self, write: impl FnOnce(&mut Self)) -> String {
        let before = std::mem::replace(&mut self.is_repeated, true);
        let content = self.aside(write);
        self.is_repeated = before;
        content
    }

    /// Vertical space; `is_weak` is none at the beginning of a page.
    fn space(&mut self, height: f64, is_weak: bool) {
        if height.abs() > 0.005 {
            let weak = if is_weak { ", weak: true" } else { "" };
            self.write(format_args!("#v({}{weak});", points(height)));
        }
    }
}
