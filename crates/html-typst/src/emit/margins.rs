//! Margins that collapse (CSS 2, 8.3.1).

use crate::{
    boxes::{Kind, Node},
    style::{Display, Length},
};

/// Margins that meet: the largest above zero and the smallest below; points.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Margin {
    above: f64,
    below: f64,
}

impl Margin {
    pub(super) fn of(length: Option<Length>, width: Option<f64>) -> Self {
        let points = length.and_then(|it| it.of(width)).unwrap_or(0.0);
        Self { above: points.max(0.0), below: points.min(0.0) }
    }

    pub(super) fn with(self, other: Self) -> Self {
        Self { above: self.above.max(other.above), below: self.below.min(other.below) }
    }

    pub(super) fn points(self) -> f64 {
        self.above + self.below
    }
}

/// Whether the margins of what is in the box go through its edge at `side`.
pub(super) fn is_open(node: &Node, side: usize) -> bool {
    let style = &node.style;
    matches!(node.kind, Kind::Box | Kind::Item(_))
        && matches!(style.display, Display::Block | Display::ListItem)
        && style.inner(side).is_zero()
        && !style.clips
        && style.column_count.is_none()
        && style.column_width.is_none()
        && !style.is_out_of_flow()
        && style.float == crate::style::Float::None
        && (side == 0 || (style.height.is_none() && style.min_height.is_none()))
}

/// The margin at the top of a box, with those that go through it.
pub(super) fn top(node: &Node, width: Option<f64>) -> Margin {
    let own = Margin::of(node.style.margin[0], width);
    if !is_open(node, 0) {
        return own;
    }
    match in_flow(node).next() {
        Some(first) if !first.is_inline() => own.with(top(first, width)),
        _ => own,
    }
}

/// The margin at the bottom.
pub(super) fn bottom(node: &Node, width: Option<f64>) -> Margin {
    let own = Margin::of(node.style.margin[2], width);
    if !is_open(node, 2) {
        return own;
    }
    match in_flow(node).next_back() {
        Some(last) if !last.is_inline() => own.with(bottom(last, width)),
        _ => own,
    }
}

/// Whether a box is nothing but margins.
pub(super) fn is_empty(node: &Node) -> bool {
    matches!(node.kind, Kind::Box)
        && node.style.display == Display::Block
        && is_open(node, 0)
        && is_open(node, 2)
        && !node.style.has_box()
        && node.anchor.is_none()
        && node.children.iter().all(|it| it.is_blank() || (!it.is_inline() && is_empty(it)))
}

fn in_flow(node: &Node) -> impl DoubleEndedIterator<Item = &Node> {
    node.children.iter().filter(|it| {
        !it.is_blank()
            && !it.style.is_out_of_flow()
            && !matches!(it.kind, Kind::SetString(_) | Kind::SetRunning(_))
    })
}
