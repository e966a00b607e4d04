//! The frame of a block: its width, padding, border and background, and where it stands.

use super::{
    Emitter, Flow,
    block::{BLOCK, SMALL, keeping},
    margins::Margin,
    paint::{self, Lines},
    text,
};
use crate::{
    boxes::{Kind, Node},
    style::{Display, Length, Position, Style, TextAlign, Transform},
    typst::{Arguments, number, points},
};

/// The sizes of a box.
pub(super) struct Frame {
    /// With padding and border; none is as much as there is room for.
    width: Option<Length>,
    /// Within padding and border; points.
    pub(super) inner_width: Option<f64>,
    /// The same, where the document gives it; points.
    pub(super) inner_height: Option<f64>,
    pub(super) shrinks: bool,
    /// Whether it has a side to stand at, although it is as wide as what is in it.
    is_narrow: bool,
    /// The alignment that Typst has inside.
    pub(super) align: TextAlign,
    left: Option<Length>,
    right: Option<Length>,
}

impl Frame {
    pub(super) fn of(node: &Node, flow: Flow<'_>) -> Self {
        let style = &node.style;
        let around = style.inner(1) + style.inner(3);
        let is_table = matches!(style.display, Display::Table | Display::InlineTable);
        let [left, right] = [3, 1].map(|side| style.margin[side]);
        let margins = left.unwrap_or(Length::ZERO) + right.unwrap_or(Length::ZERO);
        let outer = |it: Length| if style.is_border_box || is_table { it } else { it + around };
        let known = |it: Length| it.of(flow.width).map_or(it, Length::points);
        let mut width = style.width.map(|it| known(outer(it)));
        let most = style.max_width.map(|it| known(outer(it)));
        let least = style.min_width.map(|it| known(outer(it)));
        let room = flow.width.map(|it| it - margins.of(Some(it)).unwrap_or(0.0));
        let size = |it: Option<Length>| it.and_then(|it| it.of(flow.width));
        if let Some(most) = size(most)
            && size(width).or(room).is_none_or(|it| it > most)
            && (width.is_some() || !flow.shrinks)
        {
            width = Some(Length::points(most));
        }
        // A table is as wide as what is in it.
        let is = is_table.then(|| node.range().most - size(Some(around)).unwrap_or(0.0));
        if let (Some(least), Some(is)) = (size(least), size(width).or(is))
            && least >= is
        {
            width = Some(Length::points(least));
        }
        let shrinks = width.is_none() && (flow.shrinks || is_table);
        let whole = width.map_or(room, |it| it.of(flow.width));
        let inner_width = whole.and_then(|it| Some((it - around.of(flow.width)?).max(0.0)));
        let inner_height = style.height.and_then(|it| it.of(flow.height)).map(|it| {
            let edges =
                if style.is_border_box { style.inner(0) + style.inner(2) } else { Length::ZERO };
            (it - edges.points).max(0.0)
        });
        let is_placed = !flow.shrinks || width.is_some();
        let is_narrow = style.fits_content || (is_table && width.is_none());
        let align = if (is_placed && width.is_some()) || is_narrow {
            side_of(style, flow)
        } else {
            flow.align
        };
        Self { width, inner_width, inner_height, shrinks, is_narrow, align, left, right }
    }

    /// Whether the box needs nothing of Typst.
    pub(super) fn is_transparent(&self, node: &Node, flow: Flow<'_>) -> bool {
        let style = &node.style;
        let is_zero = |it: Option<Length>| it == Some(Length::ZERO);
        self.width.is_none()
            && is_zero(self.left)
            && is_zero(self.right)
            && style.padding.iter().all(|it| it.is_zero())
            && !style.has_box()
            && (style.height.is_none() || matches!(node.kind, Kind::Image { .. }))
            && !style.clips
            && style.transform.is_empty()
            && !matches!(style.position, Position::Relative)
            && keeping(node) == (false, false)
            && style.bookmark_level == 0
            && !style.fits_content
            && !matches!(node.kind, Kind::Cell { .. })
            && !(flow.shrinks && style.display == Display::Table)
    }

    /// The arguments of `block` or `box`.
    pub(super) fn arguments(
        &self,
        emitter: &Emitter<'_>,
        node: &Node,
        flow: Flow<'_>,
    ) -> Arguments {
        let style = &node.style;
        let mut arguments = Arguments::default();
        match self.width {
            Some(width) => arguments.add("width", &width.typst()),
            None if flow.shrinks || self.shrinks => {}
            None => arguments.add("width", "100%"),
        }
        if let Some(height) =
            style.height.filter(|_| !matches!(node.kind, Kind::Cell { .. } | Kind::Image { .. }))
            && style.display != Display::Table
        {
            if let Some(inner) = self.inner_height {
                let edges = (style.inner(0) + style.inner(2)).points;
                let whole = if style.is_border_box {
                    height.of(flow.height).unwrap_or(0.0)
                } else {
                    inner + edges
                };
                arguments.add("height", &points(whole));
            } else {
                let text =
                    format!("CSS `height: {}`: the height around it is not given", height.typst());
                emitter.warn(text, node.line);
            }
        }
        let is_collapsed = style.display == Display::Table && style.inherited.collapses;
        if !is_collapsed {
            let is_double = has_double(style);
            inset(flow.width, &mut arguments, |side| match (is_double, style.border[side]) {
                (false, _) => style.inner(side),
                (true, border) if border.is_double() => Length::points(border.width * 2.0 / 3.0),
                (true, border) => Length::points(border.drawn()),
            });
            let lines = if is_double { Lines::Outer } else { Lines::One };
            paint::border(style, lines, &mut arguments);
        }
        if let Some(fill) = paint::fill(style) {
            arguments.add("fill", &fill);
        }
        paint::radius(style, &mut arguments);
        if style.clips {
            arguments.add("clip", "true");
        }
        arguments
    }

    /// What is before and after the content of a block, and what it costs.
    pub(super) fn around(
        &self,
        emitter: &Emitter<'_>,
        node: &Node,
        flow: Flow<'_>,
    ) -> (String, String, u32) {
        let style = &node.style;
        let mut arguments = self.arguments(emitter, node, flow);
        let (is_whole, is_sticky) = keeping(node);
        if is_whole {
            arguments.add("breakable", "false");
        }
        if is_sticky {
            arguments.add("sticky", "true");
        }
        let mut before = format!("block({})", arguments.as_str());
        let mut after = String::new();
        let mut cost = BLOCK;
        if has_double(style) {
            let inner = self.inner_line(style, flow);
            before = format!("block({}, block({})", arguments.as_str(), inner.as_str());
            after += ")";
            cost += BLOCK;
        }
        for transform in style.transform.iter() {
            before = format!("{}{before}", transformed(*transform, style));
            cost += BLOCK;
        }
        after += &")".repeat(style.transform.len());
        if style.position == Position::Relative {
            let shift = |start: usize, end: usize| {
                let end = style.inset[end].map(|it| -it);
                style.inset[start].or(end).unwrap_or(Length::ZERO)
            };
            let (across, down) = (shift(3, 1), shift(0, 2));
            if !(across.is_zero() && down.is_zero()) {
                before = format!("move(dx: {}, dy: {}, {before}", across.typst(), down.typst());
                after += ")";
                cost += SMALL;
            }
        }
        if (self.width.is_some() || self.is_narrow) && self.align != flow.align {
            before = format!("align({}, {before}", text::side_name(self.align));
            after += ")";
            cost += SMALL;
        }
        let [left, right] = [self.left, self.right].map(|it| it.unwrap_or(Length::ZERO));
        let right = if self.width.is_some() && self.align != TextAlign::Right {
            Length::ZERO
        } else {
            right
        };
        if !(left.is_zero() && right.is_zero()) {
            let known = |it: Length| it.of(flow.width).map_or(it, Length::points).typst();
            before = format!("pad(left: {}, right: {}, {before}", known(left), known(right));
            after += ")";
            cost += BLOCK;
        }
        (format!("#{before}"), format!("{after};"), cost)
    }

    /// The arguments of the block that draws the inner line of a double border.
    fn inner_line(&self, style: &Style, flow: Flow<'_>) -> Arguments {
        let mut arguments = Arguments::default();
        if !self.shrinks {
            arguments.add("width", "100%");
        }
        if self.inner_height.is_some() {
            arguments.add("height", "100%");
        }
        inset(flow.width, &mut arguments, |side| {
            let border = style.border[side];
            let line = if border.is_double() { border.width / 3.0 } else { 0.0 };
            style.padding[side] + Length::points(line)
        });
        paint::border(style, Lines::Inner, &mut arguments);
        arguments
    }

    /// The width with padding and border; points.
    pub(super) fn outer_width(&self, flow: Flow<'_>) -> Option<f64> {
        self.width.and_then(|it| it.of(flow.width))
    }
}

/// Whether a part of the border is two lines, for which there are two blocks.
fn has_double(style: &Style) -> bool {
    let is_collapsed = style.display == Display::Table && style.inherited.collapses;
    !is_collapsed && style.border.iter().any(|it| it.is_double())
}

/// `inset`; shares are of the width around the box, as far as it is known.
fn inset(width: Option<f64>, arguments: &mut Arguments, of: impl Fn(usize) -> Length) {
    let mut sides = Arguments::default();
    for (side, name) in ["top", "right", "bottom", "left"].iter().enumerate() {
        let inner = of(side);
        if !inner.is_zero() {
            sides.add(name, &inner.of(width).map_or(inner, Length::points).typst());
        }
    }
    if !sides.is_empty() {
        arguments.add("inset", &format!("({})", sides.as_str()));
    }
}

/// Where a box stands that is narrower than what is around it.
fn side_of(style: &Style, flow: Flow<'_>) -> TextAlign {
    match (style.margin[3], style.margin[1]) {
        (None, None) => TextAlign::Center,
        (None, Some(_)) => TextAlign::Right,
        (Some(_), None) => TextAlign::Left,
        _ if flow.text.is_rtl => TextAlign::Right,
        _ => TextAlign::Left,
    }
}

/// The beginning of a function around what is transformed.
pub(super) fn transformed(transform: Transform, style: &Style) -> String {
    let place = |it: Length, names: [&'static str; 3]| match it.percent {
        ..25.0 => names[0],
        25.0..75.0 => names[1],
        _ => names[2],
    };
    let origin = format!(
        "{} + {}",
        place(style.origin.0, ["left", "center", "right"]),
        place(style.origin.1, ["top", "horizon", "bottom"]),
    );
    match transform {
        Transform::Rotate(angle) => format!("rotate({}deg, origin: {origin}, ", number(angle)),
        Transform::Scale(across, down) => format!(
            "scale(x: {}%, y: {}%, origin: {origin}, ",
            number(across * 100.0),
            number(down * 100.0)
        ),
        Transform::Skew(across, down) => {
            format!("skew(ax: {}deg, ay: {}deg, origin: {origin}, ", number(-across), number(down))
        }
        Transform::Translate(across, down) => {
            format!("move(dx: {}, dy: {}, ", across.typst(), down.typst())
        }
    }
}

/// The margin of a box at a side; points.
pub(super) fn margin(style: &Style, side: usize, width: Option<f64>) -> f64 {
    Margin::of(style.margin[side], width).points()
}
