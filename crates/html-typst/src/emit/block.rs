//! One block.

use super::{
    Emitter, Flow, Origin,
    flow::Open,
    frame::{Frame, transformed},
    margins::is_open,
    text,
};
use crate::{
    boxes::{Kind, Node},
    style::{Break, Display, Float, TextAlign, VerticalAlign},
    typst::{points, quoted},
};

/// What functions cost of the depth that Typst has; tenths.
pub(super) const BLOCK: u32 = 21;
pub(super) const LIST: u32 = 24;
pub(super) const GRID: u32 = 24;
pub(super) const TABLE: u32 = 48;
pub(super) const SMALL: u32 = 13;
/// Room for the marker of an item; points.
const MARKER_WIDTH: f64 = 60.0;

impl Emitter<'_> {
    /// A block, without its margins above and below.
    pub(super) fn block(&mut self, node: &Node, flow: Flow<'_>) {
        if node.style.page.is_some() {
            if flow.is_top {
                return self.named_page(node, flow);
            }
            self.warn("CSS `page` of a box within another one", node.line);
        }
        self.unpaged_block(node, flow);
    }

    pub(super) fn unpaged_block(&mut self, node: &Node, flow: Flow<'_>) {
        if flow.cost + BLOCK + SMALL > super::COST_MAX {
            self.warn("boxes within too many boxes are shown without frames", node.line);
            return self.plain(node, flow);
        }
        self.tell(node);
        let flow = Flow { shrinks: flow.shrinks || node.style.fits_content, ..flow };
        let frame = Frame::of(node, flow);
        if frame.is_transparent(node, flow) {
            return self.plain(node, flow);
        }
        let (before, after, cost) = frame.around(self, node, flow);
        self.push(&before);
        self.push("[");
        let inner = Flow {
            width: frame.inner_width,
            shrinks: frame.shrinks,
            align: frame.align,
            is_bare: true,
            height: frame.inner_height,
            origin: Origin::of(&node.style, frame.inner_width, frame.inner_height, flow.width),
            ..flow.within(cost)
        };
        self.inside(node, inner);
        self.push("]");
        self.push(&after);
    }

    /// Without a box of its own.
    fn plain(&mut self, node: &Node, flow: Flow<'_>) {
        let flow = Flow { height: node.style.height.and_then(|it| it.of(flow.height)), ..flow };
        if Self::differs(&node.style.inherited, flow) || node.style.bookmark_level > 0 {
            self.push("#[");
            self.inside(node, flow);
            self.push("];");
        } else {
            self.inside(node, flow);
        }
    }

    /// What is in a box: the style, the anchor, the children.
    pub(super) fn inside(&mut self, node: &Node, flow: Flow<'_>) {
        let others = flow.origin.map(|_| std::mem::take(&mut self.waiting));
        self.filled(node, flow);
        if let Some(others) = others {
            self.waiting = others;
        }
    }

    fn filled(&mut self, node: &Node, flow: Flow<'_>) {
        let flow = self.restyle(&node.style.inherited, flow);
        let is_hidden = !node.style.inherited.is_visible;
        if is_hidden {
            self.push("#hide[");
        }
        self.anchor(node);
        self.paint(node, flow);
        let height = node.style.min_height.or(match node.kind {
            Kind::Cell { .. } => node.style.height,
            _ => None,
        });
        let height = height.and_then(|it| it.of(flow.height)).filter(|it| *it > 0.0);
        if let Some(height) = height {
            let edges = if node.style.is_border_box {
                node.style.inner(0).points + node.style.inner(2).points
            } else {
                0.0
            };
            let height = points((height - edges).max(0.0));
            let width = if flow.shrinks { "auto" } else { "1fr" };
            self.write(format_args!("#grid(columns: (0pt, {width}), block(height: {height}), ["));
            self.by_display(node, flow.within(GRID));
            self.push("]);");
        } else {
            self.by_display(node, flow);
        }
        self.place_waiting(flow);
        if is_hidden {
            self.push("];");
        }
    }

    fn by_display(&mut self, node: &Node, flow: Flow<'_>) {
        let open = Open { top: is_open(node, 0), bottom: is_open(node, 2) };
        match (&node.kind, node.style.display) {
            (Kind::Image { .. }, _) => self.image(node, flow),
            (Kind::Item(marker), _) => self.item(node, marker.as_deref(), flow, open),
            (_, Display::Table | Display::InlineTable) => self.table(node, flow),
            (_, Display::Flex | Display::InlineFlex) => self.flex(node, flow),
            (_, Display::Grid | Display::InlineGrid) => self.grid(node, flow),
            _ if node.style.column_count.is_some() || node.style.column_width.is_some() => {
                self.columns(node, flow);
            }
            _ if node.style.bookmark_level > 0 => {
                let level = node.style.bookmark_level;
                // Typst has sizes and weights of its own for headings.
                let (size, weight) = (points(flow.text.size), flow.text.weight);
                self.write(format_args!(
                    "#heading(level: {level})[#set text(size: {size}, weight: {weight});"
                ));
                self.contents(node, Flow { is_bare: true, ..flow }, open);
                self.push("];");
            }
            _ => self.linked(node, |it| it.contents(node, flow, open)),
        }
    }

    /// An item of a list; its marker stands before its first line.
    fn item(&mut self, node: &Node, marker: Option<&Node>, flow: Flow<'_>, open: Open) {
        let Some(marker) = marker else { return self.contents(node, flow, open) };
        if node.style.inherited.list_is_inside || flow.cost + LIST > super::COST_MAX {
            self.inline_node(marker, flow);
            self.push("#h(0.4em);");
            return self.contents(node, flow, open);
        }
        let is_rtl = node.style.inherited.is_rtl;
        let width = points(MARKER_WIDTH);
        let (side, gap) = if is_rtl { ("left", "left") } else { ("right", "right") };
        let inner = Flow { align: if is_rtl { TextAlign::Left } else { TextAlign::Right }, ..flow };
        let marker = self.aside(|it| it.inline_node(marker, inner.within(LIST)));
        self.write(format_args!(
            "#list(marker: [#h(-{width});#box(width: {width}, inset: ({gap}: 0.45em), align({side})[{marker}])], indent: 0pt, body-indent: 0pt, spacing: 0pt, ["
        ));
        let inner = Flow { is_bare: true, ..flow.within(LIST) };
        self.contents(node, inner, Open { top: true, bottom: true });
        self.push("]);");
    }

    /// A label where something leads to the box, if it is the first of its id.
    pub(super) fn anchor(&mut self, node: &Node) {
        if let Some(number) = node.anchor.as_ref().and_then(|it| self.labels.get(it).copied())
            && !self.is_repeated
            && self.anchored.insert(number)
        {
            self.write(format_args!("#[#metadata(none)<to-{number}>];"));
        }
    }

    /// Labels of all that is in a box, for boxes that stand on several pages.
    pub(super) fn anchors(&mut self, node: &Node) {
        self.anchor(node);
        for child in &node.children {
            self.anchors(child);
        }
    }

    /// Labels of what has been left out, at the end of the document: a link to nowhere would be an error.
    pub(super) fn remaining_anchors(&mut self) {
        let mut numbers: Vec<_> = self.labels.values().copied().collect();
        numbers.sort_unstable();
        for number in numbers {
            if self.anchored.insert(number) {
                self.write(format_args!("#[#metadata(none)<to-{number}>];"));
            }
        }
    }

    /// A box in a line, as wide as what is in it unless it says so.
    pub(super) fn inline_block(&mut self, node: &Node, flow: Flow<'_>) {
        let style = &node.style;
        let frame = Frame::of(node, Flow { shrinks: true, ..flow });
        let arguments = frame.arguments(self, node, flow);
        self.tell(node);
        self.tell_double(node);
        // It stands on its last line, or on its bottom where it has none or hides some (CSS 2, 10.8.1).
        let is_line = |it: &Node| !it.is_blank() && !it.style.is_out_of_flow();
        let has_line = !style.clips && node.children.iter().any(is_line);
        // With a height of its own it has its lines at the top, and Typst lets it stand on the first.
        let is_high = style.height.is_some() && style.vertical_align == VerticalAlign::Baseline;
        let below = if has_line && !is_high {
            text::below_baseline(&style.inherited) + style.inner(2).points
        } else {
            0.0
        };
        let baseline = Self::baseline(style, below, flow.strut);
        let separator = if arguments.is_empty() { "" } else { ", " };
        let [left, right] = [3, 1].map(|it| style.margin[it].map_or(0.0, |it| it.points));
        if left != 0.0 {
            self.write(format_args!("#h({});", points(left)));
        }
        let (before, after) = if style.transform.is_empty() {
            (
                format!("#box({}{separator}baseline: {baseline})[", arguments.as_str()),
                "];".to_owned(),
            )
        } else {
            let moved: String =
                style.transform.iter().rev().map(|it| transformed(*it, style)).collect();
            let ends = ")".repeat(style.transform.len());
            (
                format!("#box(baseline: {baseline}, {moved}box({})[", arguments.as_str()),
                format!("]{ends});"),
            )
        };
        self.push(&before);
        let inner = Flow {
            width: frame.inner_width,
            shrinks: frame.shrinks,
            is_bare: true,
            height: frame.inner_height,
            origin: Origin::of(style, frame.inner_width, frame.inner_height, flow.width),
            ..flow.within(SMALL)
        };
        let content = self.aside(|it| it.inside(node, inner));
        if has_line && is_high {
            self.push(&content);
        } else {
            // What is stacked is known by its bottom only.
            self.write(format_args!("#stack[{content}]"));
        }
        self.push(&after);
        if right != 0.0 {
            self.write(format_args!("#h({});", points(right)));
        }
        self.is_after_space = false;
    }

    /// A link around what `write` writes.
    pub(super) fn linked(&mut self, node: &Node, write: impl FnOnce(&mut Self)) {
        let Some(address) = &node.link else { return write(self) };
        let target = if let Some(name) = address.strip_prefix('#') {
            if let Some(number) = self.labels.get(name) {
                format!("<to-{number}>")
            } else {
                let text =
                    format!("`{}` is no place in the document", crate::warnings::shown(address));
                self.warn(text, node.line);
                return write(self);
            }
        } else {
            let scheme = address.split(':').next().unwrap_or_default().to_ascii_lowercase();
            if !["http", "https", "mailto", "tel"].contains(&scheme.as_str()) {
                let text =
                    format!("link `{}` leads nowhere from a PDF", crate::warnings::shown(address));
                self.warn(text, node.line);
                return write(self);
            }
            quoted(address)
        };
        // What a link leads to must not be within it, nor within one that leads back.
        self.anchors(node);
        self.write(format_args!("#link({target})["));
        write(self);
        self.push("];");
    }
}

/// Whether a box has to stay on one page, or with what comes after it.
pub(super) fn keeping(node: &Node) -> (bool, bool) {
    let style = &node.style;
    let is_whole = style.stays_whole || style.float != Float::None;
    (is_whole, style.break_after == Break::Avoid)
}
