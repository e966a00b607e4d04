//! The document as a tree in one list.

mod parse;
mod sink;

use html5ever::LocalName;

pub(crate) use self::parse::parse;

/// A node's place in the list.
pub(crate) type Id = usize;

/// All nodes; the document itself is the first.
#[derive(Debug)]
pub(crate) struct Dom {
    nodes: Vec<Node>,
}

/// A node and its neighbors.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) parent: Option<Id>,
    pub(crate) previous: Option<Id>,
    pub(crate) next: Option<Id>,
    pub(crate) first: Option<Id>,
    pub(crate) last: Option<Id>,
    /// Of the source; counts from 1.
    pub(crate) line: u32,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Element(Element),
    Text(String),
    /// The document, comments and the like.
    Other,
}

#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) name: LocalName,
    pub(crate) is_html: bool,
    pub(crate) attributes: Vec<(LocalName, String)>,
    /// Among the elements of its parent; counts from 1.
    pub(crate) index: usize,
    /// So many elements the parent has.
    pub(crate) siblings: usize,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(it, _)| &**it == name).map(|(_, value)| value.as_str())
    }

    /// An attribute that is there and not empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.attribute(name).map(str::trim).filter(|it| !it.is_empty())
    }

    pub(crate) fn classes(&self) -> impl Iterator<Item = &str> {
        self.attribute("class").unwrap_or_default().split_ascii_whitespace()
    }

    pub(crate) fn has_class(&self, name: &str) -> bool {
        self.classes().any(|it| it == name)
    }
}

impl Dom {
    pub(crate) const ROOT: Id = 0;

    pub(crate) fn node(&self, id: Id) -> &Node {
        &self.nodes[id]
    }

    pub(crate) fn element(&self, id: Id) -> Option<&Element> {
        match &self.nodes[id].kind {
            Kind::Element(it) => Some(it),
            Kind::Text(_) | Kind::Other => None,
        }
    }

    pub(crate) fn children(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        std::iter::successors(self.nodes[id].first, |&it| self.nodes[it].next)
    }

    pub(crate) fn parent_element(&self, id: Id) -> Option<Id> {
        self.nodes[id].parent.filter(|&it| self.element(it).is_some())
    }

    pub(crate) fn previous_element(&self, id: Id) -> Option<Id> {
        let mut before = self.nodes[id].previous;
        while let Some(it) = before.filter(|&it| self.element(it).is_none()) {
            before = self.nodes[it].previous;
        }
        before
    }

    pub(crate) fn next_element(&self, id: Id) -> Option<Id> {
        let mut after = self.nodes[id].next;
        while let Some(it) = after.filter(|&it| self.element(it).is_none()) {
            after = self.nodes[it].next;
        }
        after
    }

    /// All nodes in the order of the document.
    pub(crate) fn all(&self) -> impl Iterator<Item = Id> + '_ {
        std::iter::successors(Some(Self::ROOT), |&it| self.following(it))
    }

    fn following(&self, id: Id) -> Option<Id> {
        if let Some(first) = self.nodes[id].first {
            return Some(first);
        }
        let mut at = id;
        loop {
            if let Some(next) = self.nodes[at].next {
                return Some(next);
            }
            at = self.nodes[at].parent?;
        }
    }

    /// The text of all that is below.
    pub(crate) fn text(&self, id: Id) -> String {
        let mut text = String::new();
        let end = {
            let mut at = Some(id);
            while let Some(it) = at.filter(|&it| self.nodes[it].next.is_none()) {
                at = self.nodes[it].parent;
            }
            at.and_then(|it| self.nodes[it].next)
        };
        let mut at = Some(id);
        while let Some(it) = at.filter(|_| at != end) {
            if let Kind::Text(it) = &self.nodes[it].kind {
                text.push_str(it);
            }
            at = self.following(it);
        }
        text
    }
}
