//! Flex containers.

use super::{
    Emitter, Flow,
    block::{BLOCK, GRID, SMALL},
    flow::Open,
    frame::margin,
    items::Beside,
    text::{self, side},
};
use crate::{
    boxes::Node,
    style::{Distribution, ItemAlign, Length, TextAlign},
    typst::{Arguments, number, points},
};

const CLOSED: Open = Open { top: false, bottom: false };

impl Emitter<'_> {
    pub(super) fn flex(&mut self, node: &Node, flow: Flow<'_>) {
        let items = self.items(node, flow);
        if flow.cost + GRID + SMALL > super::COST_MAX {
            return self.contents(node, flow, CLOSED);
        }
        if node.style.flex.is_column {
            return self.pile(node, &items, flow);
        }
        let gap = node.style.gap.1.of(flow.width).unwrap_or(0.0);
        let row_gap = node.style.gap.0.of(flow.width).unwrap_or(0.0);
        let mut rest = items.as_slice();
        let mut is_first = true;
        while !rest.is_empty() {
            let count = match flow.width.filter(|_| node.style.flex.wraps) {
                Some(room) => Self::fitting(rest, room, gap, flow),
                None => rest.len(),
            };
            let (line, others) = rest.split_at(count);
            if !std::mem::take(&mut is_first) {
                self.space(row_gap, false);
            }
            // One line is as high as the container.
            let height = flow.height.filter(|_| line.len() == items.len());
            self.flex_line(node, line, gap, Flow { height, ..flow });
            rest = others;
        }
    }

    /// One below the other.
    fn pile(&mut self, node: &Node, items: &[Node], flow: Flow<'_>) {
        let gap = node.style.gap.0.of(flow.width).unwrap_or(0.0);
        // None of them stands in the line of another.
        let flow = Flow { is_bare: false, ..flow };
        let justify = node.style.justify;
        let takes_rest = |it: &Node| {
            it.style.flex.grow > 0.0 || it.style.margin[0].is_none() || it.style.margin[2].is_none()
        };
        let is_free = !items.iter().any(takes_rest);
        let has_least = node.style.min_height.is_some() && flow.height.is_none();
        if has_least && !(is_free && justify.is_start()) {
            self.warn(
                "CSS `min-height` of a flex column: room that is left stays below",
                node.line,
            );
        }
        let [first, between, last] = justify.shares();
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.space(gap, false);
            }
            self.rest(if item.style.margin[0].is_none() { 1.0 } else { 0.0 }, flow);
            if is_free {
                self.rest(if index == 0 { first } else { between }, flow);
            }
            let align = item.style.align_self.unwrap_or(node.style.align_items);
            if item.style.flex.grow > 0.0 && item.style.has_box() && flow.height.is_some() {
                self.warn("CSS `flex-grow` in a column: the frame of a box can't grow", item.line);
            }
            let [above, below] = [0, 2].map(|side| margin(&item.style, side, flow.width));
            self.space(above, false);
            let place = match align {
                ItemAlign::Stretch => None,
                ItemAlign::Start | ItemAlign::Baseline => Some(side(&node.style.child().inherited)),
                ItemAlign::Center => Some(TextAlign::Center),
                ItemAlign::End => Some(TextAlign::Right),
            };
            let is_known = item.style.width.is_none_or(|it| it.of(flow.width).is_some());
            match place.filter(|_| is_known) {
                None => self.block(item, Flow { is_top: false, ..flow }),
                Some(place) => {
                    self.write(format_args!("#align({}, block[", text::side_name(place)));
                    self.block(item, Flow { shrinks: true, align: place, ..flow.within(BLOCK) });
                    self.push("]);");
                }
            }
            self.space(below, false);
            self.rest(item.style.flex.grow, flow);
            self.rest(if item.style.margin[2].is_none() { 1.0 } else { 0.0 }, flow);
        }
        if is_free {
            self.rest(last, flow);
        }
    }

    /// A share of the room that is left in a column that has a height of its own.
    fn rest(&mut self, share: f64, flow: Flow<'_>) {
        if share > 0.0 && flow.height.is_some() {
            self.write(format_args!("#v({}fr);", number(share)));
        }
    }

    /// How many of the items have room in one line.
    fn fitting(items: &[Node], room: f64, gap: f64, flow: Flow<'_>) -> usize {
        let mut used = -gap;
        for (index, item) in items.iter().enumerate() {
            used += gap + Self::base(item, flow);
            // What is a rounding error too wide has room.
            if used > room + 0.5 && index > 0 {
                return index;
            }
        }
        items.len()
    }

    /// The width that an item has before it grows or shrinks; points.
    fn base(item: &Node, flow: Flow<'_>) -> f64 {
        let style = &item.style;
        let margins = margin(style, 1, flow.width) + margin(style, 3, flow.width);
        let around = (style.inner(1) + style.inner(3)).points;
        match style.flex.basis.and_then(|it| it.of(flow.width)) {
            Some(basis) if style.is_border_box => basis.max(around) + margins,
            Some(basis) => basis + around + margins,
            None => Self::outer(item, flow),
        }
    }

    fn flex_line(&mut self, node: &Node, items: &[Node], gap: f64, flow: Flow<'_>) {
        let bases: Vec<f64> = items.iter().map(|it| Self::base(it, flow)).collect();
        let n_gaps = f64::from(u32::try_from(items.len().saturating_sub(1)).unwrap_or(0));
        let total: f64 = bases.iter().sum::<f64>() + gap * n_gaps;
        let grow: f64 = items.iter().map(|it| it.style.flex.grow).sum();
        let left = flow.width.map(|it| it - total);
        let has_auto = |it: &Node| it.style.margin[3].is_none() || it.style.margin[1].is_none();
        let mut columns: Vec<(String, Option<f64>, bool)> = Vec::new();
        let mut shares = 0.0;
        for (item, &base) in items.iter().zip(&bases) {
            let flex = item.style.flex;
            let is_sized = item.style.width.is_some() || flex.basis.is_some();
            columns.push(match left {
                None if flex.grow > 0.0 => (format!("{}fr", number(flex.grow)), None, false),
                None => ("auto".to_owned(), None, !is_sized),
                Some(left) if grow > 0.0 && left > 0.0 => {
                    let width = base + left * flex.grow / grow.max(1.0);
                    shares += width;
                    (points(width), Some(width), false)
                }
                Some(left) if left < 0.0 => {
                    let shrink: f64 = items
                        .iter()
                        .zip(&bases)
                        .map(|(it, base)| it.style.flex.shrink * base)
                        .sum();
                    let part = if shrink > 0.0 { flex.shrink * base / shrink } else { 0.0 };
                    let width = (base + left * part).max(item.range().least.min(base));
                    (points(width), Some(width), false)
                }
                Some(_) if is_sized => (points(base), Some(base), false),
                Some(_) => ("auto".to_owned(), Some(base), true),
            });
        }
        let mut justify = node.style.justify;
        if shares > 0.0 {
            justify = Distribution::Start;
        }
        let beside = Beside::of(items);
        let alignment = |it: &Node| it.style.align_self.unwrap_or(node.style.align_items);
        let lowest = items
            .iter()
            .filter(|it| alignment(it) == ItemAlign::Baseline)
            .map(baseline)
            .fold(0.0, f64::max);
        let mut arguments: Vec<String> = Vec::new();
        let mut cells: Vec<String> = Vec::new();
        let filler = |columns: &mut Vec<String>, cells: &mut Vec<String>, width: String| {
            columns.push(width);
            cells.push("[]".to_owned());
        };
        let [first, between, last] = justify.shares();
        let share = |it: f64| format!("{}fr", number(it));
        if first > 0.0 {
            filler(&mut arguments, &mut cells, share(first));
        }
        for (index, (item, (width, known, shrinks))) in items.iter().zip(columns).enumerate() {
            if index > 0 {
                let width = if between > 0.0 { share(between) } else { points(gap) };
                filler(&mut arguments, &mut cells, width);
            }
            let is_pushed = has_auto(item);
            if is_pushed && item.style.margin[3].is_none() {
                filler(&mut arguments, &mut cells, "1fr".to_owned());
            }
            arguments.push(width);
            let align = alignment(item);
            let inner = Flow { width: known, shrinks, ..flow.within(GRID) };
            let lowered = lowered(item, align, lowest);
            let item = lowered.as_ref().unwrap_or(item);
            cells.push(self.item_cell(item, align, beside, &Arguments::default(), inner));
            if is_pushed && item.style.margin[1].is_none() {
                filler(&mut arguments, &mut cells, "1fr".to_owned());
            }
        }
        if last > 0.0 {
            filler(&mut arguments, &mut cells, share(last));
        }
        let rows = flow.height.map_or(String::new(), |it| format!("rows: {}, ", points(it)));
        self.write(format_args!(
            "#grid(columns: ({},), {rows}{});",
            arguments.join(", "),
            cells.join(", ")
        ));
    }
}

/// An item that is aligned by its baseline, so far down that it stands at `lowest`; points.
fn lowered(item: &Node, align: ItemAlign, lowest: f64) -> Option<Node> {
    let shift = lowest - baseline(item);
    if align != ItemAlign::Baseline || shift < 0.01 {
        return None;
    }
    let mut style = (*item.style).clone();
    style.margin[0] = Some(style.margin[0].unwrap_or(Length::ZERO) + Length::points(shift));
    Some(Node { style: std::rc::Rc::new(style), ..item.clone() })
}

/// From the top of a box, its margin included, down to the baseline of its first line; points.
fn baseline(node: &Node) -> f64 {
    let style = &node.style;
    let above = style.margin[0].map_or(0.0, |it| it.points) + style.inner(0).points;
    match node.children.iter().find(|it| !it.is_blank() && !it.style.is_out_of_flow()) {
        Some(first) if !first.is_inline() => above + baseline(first),
        _ => above + text::above_baseline(&style.inherited),
    }
}
