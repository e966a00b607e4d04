//! Flex containers.

use super::{
    Emitter, Flow, Origin,
    block::{GRID, SMALL},
    flow::Open,
    frame::margin,
    paint,
    text::{self, side},
};
use crate::{
    boxes::{Kind, Node},
    style::{Display, Distribution, Float, ItemAlign, Length, Position, Style, TextAlign},
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
            self.flex_line(node, line, gap, flow);
            rest = others;
        }
    }

    /// The items of a flex or grid container, in their order; what takes no room is written at once.
    pub(super) fn items(&mut self, node: &Node, flow: Flow<'_>) -> Vec<Node> {
        let mut items: Vec<Node> = Vec::new();
        for child in &node.children {
            if matches!(child.style.position, Position::Absolute | Position::Fixed) {
                self.placed(child, flow);
                continue;
            }
            let is_text = matches!(
                child.kind,
                Kind::Text(_)
                    | Kind::LineBreak
                    | Kind::Page { .. }
                    | Kind::SetString(_)
                    | Kind::SetRunning(_)
            );
            if is_text && child.is_blank() {
                continue;
            }
            if is_text {
                // Texts of their own are items too.
                let mut style = node.style.child();
                style.display = Display::Block;
                let mut item = Node::new(std::rc::Rc::new(style), Kind::Box);
                item.children.push(child.clone());
                items.push(item);
            } else {
                items.push(child.clone());
            }
        }
        items.sort_by_key(|it| it.style.order);
        if node.style.flex.is_reverse {
            items.reverse();
        }
        items
    }

    /// One below the other.
    fn pile(&mut self, node: &Node, items: &[Node], flow: Flow<'_>) {
        let gap = node.style.gap.0.of(flow.width).unwrap_or(0.0);
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.space(gap, false);
            }
            let align = item.style.align_self.unwrap_or(node.style.align_items);
            let [above, below] = [0, 2].map(|side| margin(&item.style, side, flow.width));
            self.space(above, false);
            let place = match align {
                ItemAlign::Stretch => None,
                ItemAlign::Start | ItemAlign::Baseline => Some(side(&node.style.child().inherited)),
                ItemAlign::Center => Some(TextAlign::Center),
                ItemAlign::End => Some(TextAlign::Right),
            };
            match place.filter(|_| item.style.width.is_none()) {
                None => self.block(item, Flow { is_top: false, ..flow }),
                Some(place) => {
                    self.write(format_args!("#align({}, [", super::text::side_name(place)));
                    self.block(item, Flow { shrinks: true, align: place, ..flow.within(SMALL) });
                    self.push("]);");
                }
            }
            self.space(below, false);
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
        let around = match justify {
            Distribution::Start | Distribution::Between | Distribution::Stretch => [None, None],
            Distribution::End => [Some("1fr"), None],
            Distribution::Center | Distribution::Evenly => [Some("1fr"), Some("1fr")],
            Distribution::Around => [Some("0.5fr"), Some("0.5fr")],
        };
        if let Some(width) = around[0] {
            filler(&mut arguments, &mut cells, width.to_owned());
        }
        for (index, (item, (width, known, shrinks))) in items.iter().zip(columns).enumerate() {
            if index > 0 {
                let spread = matches!(
                    justify,
                    Distribution::Between | Distribution::Around | Distribution::Evenly
                );
                let width = if spread { "1fr".to_owned() } else { points(gap) };
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
            cells.push(self.item_cell(item, align, &Arguments::default(), inner));
            if is_pushed && item.style.margin[1].is_none() {
                filler(&mut arguments, &mut cells, "1fr".to_owned());
            }
        }
        if let Some(width) = around[1] {
            filler(&mut arguments, &mut cells, width.to_owned());
        }
        self.write(format_args!(
            "#grid(columns: ({},), {});",
            arguments.join(", "),
            cells.join(", ")
        ));
    }

    /// An item as a cell of a grid, which its frame fills where it is stretched.
    pub(super) fn item_cell(
        &mut self,
        item: &Node,
        align: ItemAlign,
        place: &Arguments,
        flow: Flow<'_>,
    ) -> String {
        let style = &item.style;
        let mut arguments = place.clone();
        let down = match align {
            ItemAlign::Stretch | ItemAlign::Start | ItemAlign::Baseline => "top",
            ItemAlign::Center => "horizon",
            ItemAlign::End => "bottom",
        };
        arguments.add("align", &format!("{} + {down}", super::text::side_name(flow.align)));
        let is_filled = align == ItemAlign::Stretch && fills_cell(style);
        if is_filled {
            frame(style, &mut arguments);
            let around = (style.inner(1) + style.inner(3)).points;
            let width = flow.width.map(|it| (it - around).max(0.0));
            let inner = Flow {
                width,
                is_bare: true,
                height: None,
                origin: Origin::of(style, width, None, None),
                ..flow
            };
            let content = self.aside(|it| it.inside(item, inner));
            return format!("grid.cell({})[{content}]", arguments.as_str());
        }
        let [above, below] = [0, 2].map(|side| margin(style, side, flow.width));
        let content = self.aside(|it| {
            it.space(above, false);
            // Its width is that of the cell.
            let mut item = item.clone();
            if flow.width.is_some() && !flow.shrinks && !matches!(item.kind, Kind::Image { .. }) {
                let mut style = (*item.style).clone();
                let is_table = matches!(style.display, Display::Table | Display::InlineTable);
                style.width = is_table.then_some(Length::percent(100.0));
                style.float = Float::None;
                for side in [1, 3] {
                    style.margin[side] = Some(style.margin[side].unwrap_or(Length::ZERO));
                }
                item.style = std::rc::Rc::new(style);
            }
            it.unpaged_block(&item, flow);
            it.space(below, false);
        });
        format!("grid.cell({})[{content}]", arguments.as_str())
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

/// Whether a cell can have the frame of the box that stands in it.
fn fills_cell(style: &Style) -> bool {
    style.has_box()
        && style.border.iter().all(|it| !it.is_double())
        && style.radius.iter().all(|it| it.is_zero())
        && style.margin.iter().all(|it| it.is_none_or(Length::is_zero))
        && style.transform.is_empty()
        && style.height.is_none()
        && style.max_width.is_none()
}

/// Background, border and padding as arguments of a cell.
pub(super) fn frame(style: &Style, arguments: &mut Arguments) {
    if let Some(fill) = paint::fill(style) {
        arguments.add("fill", &fill);
    }
    let mut strokes = Arguments::default();
    let mut inset = Arguments::default();
    for (side, name) in ["top", "right", "bottom", "left"].iter().enumerate() {
        if style.edge(side) > 0.0 {
            let color = style.border_color(side).faded(style.inherited.opacity);
            strokes.add(name, &paint::stroke(style.border[side], color));
        }
        if !style.inner(side).is_zero() {
            inset.add(name, &style.inner(side).typst());
        }
    }
    if !strokes.is_empty() {
        arguments.add("stroke", &format!("({})", strokes.as_str()));
    }
    if !inset.is_empty() {
        arguments.add("inset", &format!("({})", inset.as_str()));
    }
}
