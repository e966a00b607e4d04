//! Boxes one below the other, and the lines between them.

use super::{
    Emitter, Flow,
    inline::has_letters,
    margins::{self, Margin},
    text,
};
use crate::{
    boxes::{Kind, Node},
    style::{Break, Clear, Float, Position},
};

/// What stands one below the other.
#[derive(Clone)]
pub(super) enum Group<'t> {
    Line(Vec<&'t Node>),
    Block(&'t Node),
    /// Boxes that others stand beside.
    Floats(Vec<&'t Node>),
    /// Boxes that take no room.
    Placed(&'t Node),
}

/// Which of a container's edges margins go through.
#[derive(Clone, Copy)]
pub(super) struct Open {
    pub(super) top: bool,
    pub(super) bottom: bool,
}

/// What is above a box.
#[derive(Clone, Copy)]
enum Above {
    /// The edge of the box that it is in.
    Edge,
    /// The beginning of a page that the document asked for.
    Break,
    Box,
}

/// The children of a box in groups.
pub(super) fn groups(children: &[Node]) -> Vec<Group<'_>> {
    let mut groups = Vec::new();
    let mut line: Vec<&Node> = Vec::new();
    for child in children {
        if matches!(child.style.position, Position::Absolute | Position::Fixed) {
            groups.push(Group::Placed(child));
        } else if child.style.float != Float::None {
            // A float stands beside the line that it is in.
            match groups.last_mut() {
                Some(Group::Floats(floats))
                    if child.style.clear == Clear::None && line.iter().all(|it| it.is_blank()) =>
                {
                    floats.push(child);
                }
                _ => groups.push(Group::Floats(vec![child])),
            }
        } else if child.is_inline() {
            line.push(child);
        } else {
            end_line(&mut line, &mut groups);
            groups.push(Group::Block(child));
        }
    }
    end_line(&mut line, &mut groups);
    groups
}

fn end_line<'t>(line: &mut Vec<&'t Node>, groups: &mut Vec<Group<'t>>) {
    if line.iter().any(|it| !it.is_blank()) {
        groups.push(Group::Line(std::mem::take(line)));
    }
    line.clear();
}

impl Emitter<'_> {
    /// The children of `node` within whatever it is.
    pub(super) fn contents(&mut self, node: &Node, flow: Flow<'_>, open: Open) {
        let groups = groups(&node.children);
        if let [Group::Line(line)] = &groups[..]
            && flow.is_bare
        {
            // Without a paragraph around it; it is the only one.
            return self.line(line, flow);
        }
        self.groups(&groups, flow, open);
    }

    pub(super) fn groups(&mut self, groups: &[Group<'_>], flow: Flow<'_>, open: Open) {
        let flow = Flow { is_bare: false, ..flow };
        let mut margin = Margin::default();
        let mut above = Above::Edge;
        let mut has_break = false;
        let mut rest = groups;
        while let Some((group, others)) = rest.split_first() {
            rest = others;
            match group {
                Group::Placed(node) => self.placed(node, flow),
                Group::Floats(floats) => {
                    self.gap(&mut margin, Margin::default(), &mut above, open);
                    (rest, margin) = self.beside(floats, rest, flow);
                }
                Group::Line(line) => {
                    if line.iter().all(|it| is_mark(it) || it.is_blank()) {
                        for mark in line {
                            self.inline_node(mark, flow);
                        }
                        continue;
                    }
                    self.gap(&mut margin, Margin::default(), &mut above, open);
                    self.push("#par[");
                    self.line(line, flow);
                    self.push("];");
                }
                Group::Block(node) => {
                    if margins::is_empty(node) && node.style.break_before == Break::Auto {
                        margin = margin
                            .with(margins::top(node, flow.width))
                            .with(margins::bottom(node, flow.width));
                        continue;
                    }
                    let before = break_before(node);
                    if has_break || !matches!(before, Break::Auto | Break::Avoid) {
                        self.page_break(if has_break { Break::Page } else { before }, flow);
                        (margin, above) = (Margin::default(), Above::Break);
                    }
                    let top = margins::top(node, flow.width);
                    self.gap(&mut margin, top, &mut above, open);
                    self.block(node, flow);
                    self.place_waiting(flow);
                    margin = margins::bottom(node, flow.width);
                    has_break = !matches!(node.style.break_after, Break::Auto | Break::Avoid);
                }
            }
        }
        if !open.bottom {
            self.space(margin.points(), false);
        }
    }

    /// The space above what comes now.
    fn gap(&mut self, margin: &mut Margin, top: Margin, above: &mut Above, open: Open) {
        let gap = std::mem::take(margin).with(top).points();
        match std::mem::replace(above, Above::Box) {
            Above::Edge if open.top => {}
            Above::Edge | Above::Break => self.space(gap, false),
            // Margins end where a page does.
            Above::Box => self.space(gap, gap > 0.0),
        }
    }

    /// Inline content, from the beginning of a line to its end.
    pub(super) fn line(&mut self, nodes: &[&Node], flow: Flow<'_>) {
        (self.is_after_space, self.has_pending_break) = (true, false);
        let start = self.out.len();
        let flow = Flow { strut: text::strut(flow.text), ..flow };
        for node in nodes {
            self.inline_node(node, flow);
        }
        self.trim();
        if self.out.len() > start && !nodes.iter().any(|it| has_letters(it)) {
            self.strut(flow);
        }
        if std::mem::take(&mut self.has_pending_break) && self.out.len() == start {
            // Nothing but line breaks: an empty line.
            self.space(text::line_height(flow.text), false);
        }
        self.is_after_space = true;
    }

    fn page_break(&mut self, kind: Break, flow: Flow<'_>) {
        let to = match kind {
            Break::Left => ", to: \"even\"",
            Break::Right => ", to: \"odd\"",
            Break::Auto | Break::Avoid | Break::Page | Break::Column => "",
        };
        if flow.is_top && kind != Break::Column {
            self.write(format_args!("#pagebreak(weak: true{to});"));
        } else {
            self.push("#colbreak(weak: true);");
        }
    }
}

/// What is not seen.
fn is_mark(node: &Node) -> bool {
    matches!(node.kind, Kind::SetString(_) | Kind::SetRunning(_))
}

/// A break before the first box of a box is one before the box itself.
fn break_before(node: &Node) -> Break {
    let own = node.style.break_before;
    if !matches!(own, Break::Auto | Break::Avoid) {
        return own;
    }
    match node.children.iter().find(|it| !it.is_blank() && !is_mark(it)) {
        Some(first) if !first.is_inline() && matches!(node.kind, Kind::Box) => break_before(first),
        _ => own,
    }
}
