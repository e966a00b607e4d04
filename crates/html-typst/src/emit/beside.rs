//! Floats: what comes after them stands beside them.

use super::{
    Emitter, Flow,
    block::{BLOCK, GRID},
    flow::{Group, Open},
    margins::{self, Margin},
    text,
    wrap::is_parted,
};
use crate::{
    boxes::{Kind, Node},
    style::{Clear, Float},
    typst::points,
};

impl Emitter<'_> {
    /// Floats and as much of `rest` as stands beside them; gives what does not.
    pub(super) fn beside<'g, 't>(
        &mut self,
        floats: &[&'t Node],
        rest: &'g [Group<'t>],
        flow: Flow<'_>,
    ) -> (&'g [Group<'t>], Margin) {
        let of = |side: Float| -> Vec<&Node> {
            floats.iter().filter(|it| it.style.float == side).copied().collect()
        };
        let (left, mut right) = (of(Float::Left), of(Float::Right));
        right.reverse();
        let widths: Vec<f64> = left.iter().chain(&right).map(|it| Self::outer(it, flow)).collect();
        let total: f64 = widths.iter().sum();
        let room = flow.width.map(|it| it - total);
        let height = floats
            .iter()
            .zip(&widths)
            .map(|(it, width)| height(it, Some(*width)))
            .fold(0.0, f64::max);
        let mut n_beside = 0;
        let mut filled = 0.0;
        while let Some(group) = rest.get(n_beside) {
            if filled >= height || clears(group) || room.is_some_and(|it| it < 30.0) {
                break;
            }
            filled += group_height(group, room);
            n_beside += 1;
        }
        if let Some(room) = room
            && flow.cost + GRID + BLOCK < super::COST_MAX
            && let Some(found) =
                self.wrapped((&left, &right), &widths, rest, n_beside, flow.wide(Some(room)), flow)
        {
            return found;
        }
        let (beside, rest) = rest.split_at(n_beside);
        let mut columns: Vec<String> = left
            .iter()
            .chain(&right)
            .zip(&widths)
            .map(
                |(it, width)| {
                    if is_measured(it, *width, flow) { "auto".to_owned() } else { points(*width) }
                },
            )
            .collect();
        columns.insert(left.len(), "1fr".to_owned());
        self.write(format_args!("#grid(columns: ({}), ", columns.join(", ")));
        let inner = flow.within(GRID);
        for (index, node) in left.iter().chain(&right).enumerate() {
            if index == left.len() {
                self.text_beside(beside, inner.wide(room));
            }
            self.push("[");
            self.float(node, inner);
            self.push("], ");
        }
        if right.is_empty() {
            self.text_beside(beside, inner.wide(room));
        }
        self.push(");");
        let margin = match beside.last() {
            Some(Group::Block(last)) => margins::bottom(last, room),
            _ => Margin::default(),
        };
        (rest, margin)
    }

    /// The same with paragraphs that run on below the floats; none where there are no such paragraphs.
    fn wrapped<'g, 't>(
        &mut self,
        (left, right): (&[&'t Node], &[&'t Node]),
        widths: &[f64],
        rest: &'g [Group<'t>],
        n_beside: usize,
        narrow: Flow<'_>,
        flow: Flow<'_>,
    ) -> Option<(&'g [Group<'t>], Margin)> {
        let (room, whole) = (narrow.width?, flow.width?);
        let n_head =
            rest[..n_beside].iter().rposition(|it| !is_parted(it, flow)).map_or(0, |it| it + 1);
        // Heights are estimated: the next paragraph may stand beside the floats as well.
        let more = rest[n_beside..].iter().take(1).filter(|it| is_parted(it, flow) && !clears(it));
        let n_all = n_beside + more.count();
        if n_head == n_all {
            return None;
        }
        let inner = narrow.within(GRID + BLOCK);
        let mut margin = match rest[..n_head].last() {
            Some(Group::Block(last)) => margins::bottom(last, Some(room)),
            _ => Margin::default(),
        };
        let mut tail = Vec::new();
        for group in &rest[n_head..n_all] {
            let (top, bottom) = match group {
                Group::Block(node) => {
                    (margins::top(node, flow.width), margins::bottom(node, flow.width))
                }
                _ => (Margin::default(), Margin::default()),
            };
            tail.push(self.words(group, margin.with(top).points(), inner));
            margin = bottom;
        }
        let head = self.aside(|it| {
            it.groups(&rest[..n_head], inner, Open { top: false, bottom: true });
        });
        let mut cells = Vec::new();
        for node in left.iter().chain(right) {
            cells.push(self.aside(|it| it.float(node, flow.within(GRID + BLOCK))));
        }
        let known = left
            .iter()
            .chain(right)
            .zip(widths)
            .map(|(it, width)| (!is_measured(it, *width, flow)).then_some(*width));
        let floats: Vec<_> = known.zip(cells).collect();
        self.wrap((&floats, left.len()), &head, &tail, whole);
        Some((&rest[n_all..], margin))
    }

    /// One float with its margins above and below.
    fn float(&mut self, node: &Node, flow: Flow<'_>) {
        let [above, below] = [0, 2].map(|side| super::frame::margin(&node.style, side, flow.width));
        self.space(above, false);
        self.block(node, Flow { shrinks: true, ..flow });
        self.space(below, false);
    }

    fn text_beside(&mut self, groups: &[Group<'_>], flow: Flow<'_>) {
        self.push("[");
        self.groups(groups, flow, Open { top: false, bottom: true });
        self.push("], ");
    }
}

/// Whether Typst measures how wide a float is: those that are as wide as their text.
fn is_measured(node: &Node, width: f64, flow: Flow<'_>) -> bool {
    node.style.width.is_none()
        && !matches!(node.kind, Kind::Image { .. })
        && flow.width.is_some_and(|room| width < room / 2.0)
}

fn clears(group: &Group<'_>) -> bool {
    match group {
        Group::Line(_) | Group::Placed(_) => false,
        Group::Block(node) => node.style.clear != Clear::None,
        Group::Floats(_) => true,
    }
}

fn group_height(group: &Group<'_>, width: Option<f64>) -> f64 {
    match group {
        Group::Line(nodes) => {
            nodes.iter().map(|it| height(it, width)).fold(0.0, |sum, it| sum + it)
        }
        Group::Block(node) => height(node, width),
        Group::Floats(_) | Group::Placed(_) => 0.0,
    }
}

/// How high a box becomes, near enough; points.
fn height(node: &Node, width: Option<f64>) -> f64 {
    let style = &node.style;
    let around =
        |side: usize| style.margin[side].map_or(0.0, |it| it.points) + style.inner(side).points;
    let edges = around(0) + around(2);
    if let Some(height) = style.height.filter(|it| it.percent == 0.0) {
        return height.points + edges;
    }
    let line = text::line_height(&style.inherited);
    let inner = match &node.kind {
        Kind::Image { image, .. } => {
            let natural = image.size.unwrap_or((0.0, 0.0));
            let ratio = if natural.0 > 0.0 { natural.1 / natural.0 } else { 1.0 };
            style.width.and_then(|it| it.of(width)).unwrap_or(natural.0 * 0.75) * ratio
        }
        Kind::Text(text) => {
            let all = crate::metrics::width(text, &style.inherited);
            if text.trim().is_empty() {
                0.0
            } else {
                (all / width.unwrap_or(400.0).max(1.0)).max(0.0) * line
            }
        }
        Kind::LineBreak => line,
        _ => node.children.iter().map(|it| height(it, width)).sum(),
    };
    let is_line =
        !node.is_inline() && node.children.iter().any(|it| it.is_inline() && !it.is_blank());
    if is_line { inner.max(line).max((inner / line).ceil() * line) + edges } else { inner + edges }
}
