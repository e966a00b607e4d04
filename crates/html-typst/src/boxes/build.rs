//! Walks through the document.

use std::{collections::HashMap, rc::Rc};

use super::{
    Kind, Node, Tree,
    counters::{Counters, formatted},
};
use crate::{
    Assets, Error,
    dom::{Dom, Element, Id, Kind as DomKind},
    style::{Clear, Content, Display, ListKind, PaintImage, Position, Style, Styled},
    warnings::{Place, shown},
};

/// Deeper trees come from broken markup only.
const DEPTH_MAX: usize = 300;
/// HTML's own limits.
const COLUMNS_MAX: usize = 1000;
const ROWS_MAX: usize = 65_534;

/// Elements that nothing is shown of, which is told.
const UNSHOWN: [&str; 9] =
    ["applet", "audio", "canvas", "embed", "frameset", "iframe", "object", "script", "video"];

pub(super) struct Builder<'a> {
    pub(super) dom: &'a Dom,
    pub(super) styled: Styled,
    pub(super) assets: &'a mut dyn Assets,
    pub(super) counters: Counters,
    pub(super) n_quotes: usize,
    /// Elements by id.
    pub(super) ids: HashMap<&'a str, Id>,
    tree: Parts,
}

/// What is gathered on the way.
#[derive(Default)]
struct Parts {
    running: Vec<(Rc<str>, Node)>,
    strings: Vec<(Rc<str>, String)>,
    counters: HashMap<String, HashMap<Rc<str>, i32>>,
    images: HashMap<Rc<str>, crate::Image>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(dom: &'a Dom, styled: Styled, assets: &'a mut dyn Assets) -> Self {
        let mut ids = HashMap::new();
        for id in dom.all() {
            if let Some(name) = dom.element(id).and_then(anchor) {
                ids.entry(name).or_insert(id);
            }
        }
        let (counters, tree) = (Counters::default(), Parts::default());
        Self { dom, styled, assets, counters, n_quotes: 0, ids, tree }
    }

    pub(super) fn build(mut self) -> Result<Tree, Error> {
        let initial = Rc::new(Style::initial());
        let mut roots = Vec::new();
        for child in self.dom.children(Dom::ROOT) {
            self.node(child, &initial, 0, &mut roots)?;
        }
        let root = roots.into_iter().find(|it| matches!(it.kind, Kind::Box));
        let Parts { running, strings, counters, images } = self.tree;
        let root = root.unwrap_or_else(|| Node::new(initial, Kind::Box));
        Ok(Tree { root, running, strings, counters, images, styled: self.styled })
    }

    fn node(
        &mut self,
        id: Id,
        parent: &Rc<Style>,
        depth: usize,
        into: &mut Vec<Node>,
    ) -> Result<(), Error> {
        match &self.dom.node(id).kind {
            DomKind::Text(text) => {
                into.push(Node::text(&self.styled.text(parent), text));
                Ok(())
            }
            DomKind::Other => Ok(()),
            DomKind::Element(_) if depth > DEPTH_MAX => Ok(()),
            DomKind::Element(element) => self.element(id, element, parent, depth, into),
        }
    }

    fn element(
        &mut self,
        id: Id,
        element: &'a Element,
        parent: &Rc<Style>,
        depth: usize,
        into: &mut Vec<Node>,
    ) -> Result<(), Error> {
        let place = Place { line: self.dom.node(id).line, column: 0 };
        let name = &*element.name;
        if UNSHOWN.contains(&name) {
            self.styled.sheets.warnings.add(format!("HTML `<{name}>` is not shown"), place);
        }
        let styles = self.styled.styles(self.dom, id, parent)?;
        let style = styles.own;
        if style.display == Display::None {
            return Ok(());
        }
        self.counters.enter(&style, depth);
        let is_set = style.counter_set.iter().any(|it| &*it.0 == "list-item");
        if style.display == Display::ListItem && !is_set {
            self.counters.change(&"list-item".into(), depth, |it| it.saturating_add(1));
        }
        self.background(&style, place);
        let mut node = Node::new(style.clone(), Kind::Box);
        node.line = place.line;
        node.anchor = anchor(element).map(Into::into);
        if let Some(it) = &node.anchor {
            let known = self.tree.counters.entry(it.to_string());
            known.or_insert_with(|| self.counters.innermost());
        }
        if name == "a" {
            node.link = element.filled("href").map(Into::into);
        }
        let strings = self.strings(&style, id);
        // Within the box, so that what holds on a page begins behind the break before the box.
        let has_place = matches!(
            style.display,
            Display::Block | Display::ListItem | Display::Inline | Display::InlineBlock
        );
        let is_filled = self.replaced(id, element, &style, &mut node);
        if is_filled && has_place {
            node.children.extend(strings);
        } else {
            into.extend(strings);
        }
        if is_filled {
            if style.display == Display::ListItem {
                node.kind =
                    Kind::Item(self.marker(&style, styles.marker.as_ref(), id).map(Box::new));
            }
            if let Some(before) = &styles.before {
                self.counters.enter(before, depth + 1);
                node.children.extend(self.generated(before, id));
            }
            if let Content::Pieces(pieces) = &style.content {
                node.children.extend(self.pieces(pieces, &style, id));
            } else {
                for child in self.dom.children(id) {
                    self.node(child, &style, depth + 1, &mut node.children)?;
                }
            }
            if let Some(after) = &styles.after {
                self.counters.enter(after, depth + 1);
                node.children.extend(self.generated(after, id));
            }
        }
        self.counters.leave(depth);
        match &style.position {
            Position::Running(running) => {
                self.tree.running.push((running.clone(), node));
                let at = self.tree.running.len() - 1;
                into.push(Node::new(self.styled.text(parent), Kind::SetRunning(at)));
            }
            _ if style.display == Display::Contents => into.extend(node.children),
            _ => into.push(node),
        }
        Ok(())
    }

    /// Named strings that get a value here.
    fn strings(&mut self, style: &Rc<Style>, id: Id) -> Vec<Node> {
        let mut marks = Vec::new();
        for (name, pieces) in style.string_set.iter() {
            let parts = self.pieces(pieces, style, id);
            let text = parts.iter().map(|it| if let Kind::Text(it) = &it.kind { it } else { "" });
            self.tree.strings.push((name.clone(), text.collect()));
            let kind = Kind::SetString(self.tree.strings.len() - 1);
            marks.push(Node::new(self.styled.text(style), kind));
        }
        marks
    }

    /// Makes `node` what the element stands for; whether its children are shown.
    fn replaced(&mut self, id: Id, element: &Element, style: &Rc<Style>, node: &mut Node) -> bool {
        let span = |name: &str, most: usize| {
            element.filled(name).and_then(|it| it.parse::<usize>().ok()).unwrap_or(1).clamp(1, most)
        };
        let replacement = match &*element.name {
            "br" if style.clear != Clear::None => {
                let style = Style { display: Display::Block, ..(**style).clone() };
                Node::new(Rc::new(style), Kind::Box)
            }
            "br" => Node::new(style.clone(), Kind::LineBreak),
            "wbr" => Node::text(style, "\u{200b}"),
            "img" => {
                let alt = element.attribute("alt").unwrap_or_default().to_owned();
                let image =
                    element.filled("src").and_then(|it| self.image(it, alt, style, node.line));
                image.unwrap_or_else(|| Node::text(&self.styled.text(style), ""))
            }
            "svg" if !element.is_html => self.drawing(id, element, style),
            "input" | "select" => self.field(id, element, style),
            name => {
                if style.display == Display::Cell {
                    // `rowspan="0"` is up to the last row.
                    let rows = match element.filled("rowspan") {
                        Some("0") => ROWS_MAX,
                        _ => span("rowspan", ROWS_MAX),
                    };
                    node.kind = Kind::Cell { columns: span("colspan", COLUMNS_MAX), rows };
                } else if matches!(name, "col" | "colgroup") {
                    node.kind = Kind::Columns(span("span", COLUMNS_MAX));
                }
                return true;
            }
        };
        let (anchor, line) = (node.anchor.take(), node.line);
        *node = Node { anchor, line, ..replacement };
        false
    }

    fn marker(&mut self, style: &Rc<Style>, marker: Option<&Rc<Style>>, id: Id) -> Option<Node> {
        if let Some(marker) = marker.filter(|it| matches!(it.content, Content::Pieces(_))) {
            return self.generated(marker, id);
        }
        let kind = &style.inherited.list_kind;
        if *kind == ListKind::None {
            return None;
        }
        let mut text = formatted(self.counters.value("list-item"), kind);
        let is_sign = matches!(
            kind,
            ListKind::Disc | ListKind::Circle | ListKind::Square | ListKind::Text(_)
        );
        if !is_sign {
            text.push('.');
        }
        let style = marker.cloned().unwrap_or_else(|| self.styled.text(style));
        Some(Node::text(&style, text))
    }

    /// Loads what a background shows.
    fn background(&mut self, style: &Style, place: Place) {
        let Some(paint) = &style.paint else { return };
        let PaintImage::Address(address) = &paint.image else { return };
        if self.tree.images.contains_key(address) {
            return;
        }
        match self.assets.image(address) {
            Ok(image) => drop(self.tree.images.insert(address.clone(), image)),
            Err(why) => {
                let text = format!("image `{}` {why}", shown(address));
                self.styled.sheets.warnings.add(text, place);
            }
        }
    }
}

/// The name that links lead to.
fn anchor(element: &Element) -> Option<&str> {
    element.filled("id").or_else(|| element.filled("name").filter(|_| &*element.name == "a"))
}
