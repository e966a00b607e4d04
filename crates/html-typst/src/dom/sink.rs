//! Takes what the HTML parser finds.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    rc::Rc,
};

use html5ever::{
    Attribute, ExpandedName, QualName,
    interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink},
    ns,
    tendril::StrTendril,
};

use super::{Dom, Element, Id, Kind, Node, parse::DEPTH_MAX};

/// A node as the parser knows it.
#[derive(Clone)]
pub(super) struct Handle {
    id: Id,
    name: Rc<QualName>,
}

pub(super) struct Sink {
    pub(super) dom: RefCell<Dom>,
    document: Handle,
    line: Cell<u32>,
    /// The node that was put into the tree last.
    last: Cell<Id>,
}

impl Sink {
    pub(super) fn new() -> Self {
        let name = Rc::new(QualName::new(None, ns!(html), "".into()));
        let document = Handle { id: Dom::ROOT, name };
        let dom = Dom { nodes: vec![Node::new(Kind::Other, 1)] };
        let (dom, last) = (RefCell::new(dom), Cell::new(Dom::ROOT));
        Self { dom, document, line: Cell::new(1), last }
    }

    /// How deep the last node is.
    pub(super) fn depth(&self) -> usize {
        let dom = self.dom.borrow();
        let up = std::iter::successors(Some(self.last.get()), |&it| dom.nodes[it].parent);
        up.take(DEPTH_MAX + 2).count()
    }

    fn add(&self, kind: Kind) -> Id {
        let mut dom = self.dom.borrow_mut();
        dom.nodes.push(Node::new(kind, self.line.get()));
        dom.nodes.len() - 1
    }

    /// Puts a node or a text into `parent`, before `sibling` or at the end.
    fn insert(&self, parent: Id, sibling: Option<Id>, child: NodeOrText<Handle>) {
        let id = match child {
            NodeOrText::AppendNode(handle) => handle.id,
            NodeOrText::AppendText(text) => {
                let mut dom = self.dom.borrow_mut();
                let before = match sibling {
                    Some(sibling) => dom.nodes[sibling].previous,
                    None => dom.nodes[parent].last,
                };
                if let Some(Kind::Text(known)) = before.map(|it| &mut dom.nodes[it].kind) {
                    known.push_str(&text);
                    return;
                }
                drop(dom);
                self.add(Kind::Text(text.to_string()))
            }
        };
        self.dom.borrow_mut().link(id, parent, sibling);
        self.last.set(id);
    }
}

impl Node {
    fn new(kind: Kind, line: u32) -> Self {
        Self { kind, parent: None, previous: None, next: None, first: None, last: None, line }
    }
}

impl Dom {
    fn link(&mut self, id: Id, parent: Id, sibling: Option<Id>) {
        self.unlink(id);
        let previous = match sibling {
            Some(sibling) => self.nodes[sibling].previous.replace(id),
            None => self.nodes[parent].last.replace(id),
        };
        match previous {
            Some(previous) => self.nodes[previous].next = Some(id),
            None => self.nodes[parent].first = Some(id),
        }
        let node = &mut self.nodes[id];
        (node.parent, node.previous, node.next) = (Some(parent), previous, sibling);
    }

    fn unlink(&mut self, id: Id) {
        let node = &mut self.nodes[id];
        let (parent, previous, next) = (node.parent.take(), node.previous.take(), node.next.take());
        let Some(parent) = parent else { return };
        match previous {
            Some(previous) => self.nodes[previous].next = next,
            None => self.nodes[parent].first = next,
        }
        match next {
            Some(next) => self.nodes[next].previous = previous,
            None => self.nodes[parent].last = previous,
        }
    }

    /// Counts the elements of every parent.
    fn number(&mut self) {
        for parent in 0..self.nodes.len() {
            let children: Vec<_> =
                self.children(parent).filter(|&it| self.element(it).is_some()).collect();
            for (index, &child) in children.iter().enumerate() {
                if let Kind::Element(it) = &mut self.nodes[child].kind {
                    (it.index, it.siblings) = (index + 1, children.len());
                }
            }
        }
    }
}

impl TreeSink for Sink {
    type Handle = Handle;
    type Output = Dom;
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) -> Dom {
        let mut dom = self.dom.into_inner();
        dom.number();
        dom
    }

    fn parse_error(&self, _text: Cow<'static, str>) {}

    fn get_document(&self) -> Handle {
        self.document.clone()
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> ExpandedName<'a> {
        target.name.expanded()
    }

    fn create_element(
        &self,
        name: QualName,
        attributes: Vec<Attribute>,
        _: ElementFlags,
    ) -> Handle {
        let attributes =
            attributes.into_iter().map(|it| (it.name.local, it.value.to_string())).collect();
        let id = self.add(Kind::Element(Element {
            name: name.local.clone(),
            is_html: name.ns == ns!(html),
            attributes,
            index: 0,
            siblings: 0,
        }));
        Handle { id, name: Rc::new(name) }
    }

    fn create_comment(&self, _text: StrTendril) -> Handle {
        Handle { id: self.add(Kind::Other), name: self.document.name.clone() }
    }

    fn create_pi(&self, _target: StrTendril, data: StrTendril) -> Handle {
        self.create_comment(data)
    }

    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        self.insert(parent.id, None, child);
    }

    fn append_based_on_parent_node(
        &self,
        element: &Handle,
        previous: &Handle,
        child: NodeOrText<Handle>,
    ) {
        let has_parent = self.dom.borrow().nodes[element.id].parent.is_some();
        if has_parent {
            self.append_before_sibling(element, child);
        } else {
            self.append(previous, child);
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn get_template_contents(&self, target: &Handle) -> Handle {
        target.clone()
    }

    fn same_node(&self, one: &Handle, other: &Handle) -> bool {
        one.id == other.id
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &Handle, child: NodeOrText<Handle>) {
        let parent = self.dom.borrow().nodes[sibling.id].parent;
        if let Some(parent) = parent {
            self.insert(parent, Some(sibling.id), child);
        }
    }

    fn add_attrs_if_missing(&self, target: &Handle, attributes: Vec<Attribute>) {
        if let Kind::Element(element) = &mut self.dom.borrow_mut().nodes[target.id].kind {
            for it in attributes {
                if element.attribute(&it.name.local).is_none() {
                    element.attributes.push((it.name.local, it.value.to_string()));
                }
            }
        }
    }

    fn remove_from_parent(&self, target: &Handle) {
        self.dom.borrow_mut().unlink(target.id);
    }

    fn reparent_children(&self, node: &Handle, parent: &Handle) {
        let mut dom = self.dom.borrow_mut();
        while let Some(first) = dom.nodes[node.id].first {
            dom.link(first, parent.id, None);
        }
    }

    fn set_current_line(&self, line: u64) {
        self.line.set(u32::try_from(line).unwrap_or(u32::MAX));
    }
}
