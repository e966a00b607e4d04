//! Generated content: `content` of `::before`, `::after` and the boxes in the margins of pages.

use std::rc::Rc;

use super::{Kind, Node, build::Builder, counters::formatted};
use crate::{
    dom::{Dom, Id},
    style::{Content, Display, Piece, Style, Target, attribute},
    warnings::{Place, shown},
};

impl Builder<'_> {
    /// The box of a pseudo-element; none where it has no content.
    pub(super) fn generated(&mut self, style: &Rc<Style>, id: Id) -> Option<Node> {
        let Content::Pieces(pieces) = &style.content else { return None };
        if style.display == Display::None {
            return None;
        }
        let mut node = Node::new(style.clone(), Kind::Box);
        node.children = self.pieces(pieces, style, id);
        Some(node)
    }

    pub(super) fn pieces(&mut self, pieces: &[Piece], style: &Rc<Style>, id: Id) -> Vec<Node> {
        let inline = Rc::new(style.child());
        pieces.iter().filter_map(|it| self.piece(it, &inline, id)).collect()
    }

    fn piece(&mut self, piece: &Piece, style: &Rc<Style>, id: Id) -> Option<Node> {
        let dom = self.dom;
        let text = |it: String| Some(Node::text(style, it));
        let node = |kind: Kind| Some(Node::new(style.clone(), kind));
        match piece {
            Piece::Attribute(name) => text(attribute(dom.element(id), name)),
            Piece::Own => text(own_text(dom, id)),
            Piece::Counter(name, kind) if !matches!(&**name, "page" | "pages") => {
                text(formatted(self.counters.value(name), kind))
            }
            Piece::Counters(name, separator, kind) => {
                let all = self.counters.all(name);
                let all: Vec<_> = all.into_iter().map(|it| formatted(it, kind)).collect();
                text(all.join(separator))
            }
            Piece::TargetCounter(target, name, kind) => {
                let target = self.target(target, id)?;
                if &**name == "page" {
                    return node(Kind::TargetPage(target, kind.clone()));
                }
                node(Kind::TargetCounter(target, name.clone(), kind.clone()))
            }
            Piece::TargetText(target) => {
                let target = self.target(target, id)?;
                text(self.ids.get(&*target).map(|&it| own_text(dom, it)).unwrap_or_default())
            }
            Piece::Image(address) => self.image(address, String::new(), style, 0),
            Piece::OpenQuote => {
                self.n_quotes += 1;
                text(quote(style, self.n_quotes - 1).0)
            }
            Piece::CloseQuote => {
                self.n_quotes = self.n_quotes.saturating_sub(1);
                text(quote(style, self.n_quotes).1)
            }
            other => plain(other, style),
        }
    }

    /// The id that a link of this document leads to.
    fn target(&mut self, target: &Target, id: Id) -> Option<Rc<str>> {
        let address = match target {
            Target::Address(it) => it.to_string(),
            Target::Attribute(name) => attribute(self.dom.element(id), name),
        };
        let name = address.strip_prefix('#').filter(|it| self.ids.contains_key(*it));
        if name.is_none() {
            let text = format!("`{}` is no place in the document", shown(&address));
            let place = Place { line: self.dom.node(id).line, column: 0 };
            self.styled.sheets.warnings.add(text, place);
        }
        name.map(Into::into)
    }
}

/// Content that depends on no element; that of the margins of pages is of this kind.
pub(crate) fn plain(piece: &Piece, style: &Rc<Style>) -> Option<Node> {
    let kind = match piece {
        Piece::Text(it) => Kind::Text(it.to_string()),
        Piece::Counter(name, kind) if matches!(&**name, "page" | "pages") => {
            Kind::Page { is_total: &**name == "pages", kind: kind.clone() }
        }
        Piece::Leader(it) => Kind::Leader(it.clone()),
        Piece::String(name, which) => Kind::UseString(name.clone(), *which),
        Piece::Element(name, which) => Kind::UseRunning(name.clone(), *which),
        Piece::Attribute(_)
        | Piece::Image(_)
        | Piece::Counter(..)
        | Piece::Counters(..)
        | Piece::Own
        | Piece::TargetCounter(..)
        | Piece::TargetText(_)
        | Piece::OpenQuote
        | Piece::CloseQuote
        | Piece::NoQuote => return None,
    };
    Some(Node::new(style.clone(), kind))
}

fn quote(style: &Style, depth: usize) -> (String, String) {
    let quotes = &style.inherited.quotes;
    quotes.get(depth.min(quotes.len().saturating_sub(1))).cloned().unwrap_or_default()
}

/// The text of an element with its spaces as they are shown.
pub(super) fn own_text(dom: &Dom, id: Id) -> String {
    dom.text(id).split_whitespace().collect::<Vec<_>>().join(" ")
}
