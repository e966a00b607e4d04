//! Boxes out of the flow, and what of them stands in the margins of pages.

use std::rc::Rc;

use super::{
    Emitter, Flow, Origin,
    block::SMALL,
    frame::{Frame, margin},
    text::side_name,
};
use crate::{
    boxes::{Kind, Node},
    style::{Length, Position, Style, Which},
    typst::{points, quoted},
};

impl Emitter<'_> {
    /// A box that takes no room.
    pub(super) fn placed(&mut self, node: &Node, flow: Flow<'_>) {
        if flow.cost + 60 > super::COST_MAX {
            self.warn("boxes within too many boxes are left out", node.line);
            return;
        }
        let style = &node.style;
        if style.position == Position::Fixed {
            let page = self.page.clone();
            let height = page.size.1 - page.top - page.bottom;
            // Typst counts from the paper's edge: the margins are outside of what CSS counts from.
            let padding = [page.top, page.right, page.bottom, page.left].map(|it| -it);
            let origin = Origin { width: Some(page.size.0), height: Some(page.size.1), padding };
            let flow = Flow { width: Some(page.width), height: Some(height), ..flow };
            let content = self.repeated(|it| it.place(node, flow, origin));
            self.fixed.push((style.z_index, content));
            return;
        }
        let is_at = |side: usize| style.inset[side].is_some();
        let is_static = (0..4).all(|side| !is_at(side));
        match flow.origin {
            Some(origin) => self.place(node, flow, origin),
            None if is_at(0) || is_at(2) => self.waiting.push(node.clone()),
            None => {
                if !is_static {
                    let text = "CSS `left` and `right` without `top` and `bottom` count from the box around";
                    self.warn(text, node.line);
                }
                let origin = Origin { width: flow.width, height: None, padding: [0.0; 4] };
                self.place(node, flow, origin);
            }
        }
    }

    /// The boxes that were waiting for the one that they are counted from, if that is the one being filled.
    pub(super) fn place_waiting(&mut self, flow: Flow<'_>) {
        if let Some(origin) = flow.origin {
            for node in std::mem::take(&mut self.waiting) {
                self.place(&node, flow, origin);
            }
        }
    }

    fn place(&mut self, node: &Node, flow: Flow<'_>, origin: Origin) {
        let style = &node.style;
        let is_at = |side: usize| style.inset[side].is_some();
        let Origin { padding, .. } = origin;
        let sizes = [
            origin.width.map(|it| it + padding[1] + padding[3]),
            origin.height.map(|it| it + padding[0] + padding[2]),
        ];
        // `left: 0; right: 0` is as wide as what it is in.
        let is_wide = is_at(3) && is_at(1) && style.width.is_none();
        let between = |start: usize, end: usize, whole: Option<f64>| {
            let outside = style.inset[start]? + style.inset[end]?;
            whole.map(|it| (it - outside.of(whole).unwrap_or(0.0)).max(0.0))
        };
        let width = if is_wide { between(3, 1, sizes[0]) } else { sizes[0] };
        let inner = Flow {
            shrinks: !is_wide,
            width,
            height: sizes[1],
            origin: Some(Origin { width, height: None, padding: [0.0; 4] }),
            ..flow.within(SMALL)
        };
        let stretched = self.stretched(node, between(0, 2, sizes[1]));
        let node = stretched.as_ref().unwrap_or(node);
        let others = std::mem::take(&mut self.waiting);
        let content = self.aside(|it| {
            it.unpaged_block(node, inner);
            it.place_waiting(inner);
        });
        self.waiting = others;
        let align = side_name(flow.align);
        let content = match width.filter(|_| is_wide) {
            // It may be wider than Typst's box, and still begins where it has to.
            Some(width) => {
                format!("#block(width: {})[#set align({align});{content}]", points(width))
            }
            None => content,
        };
        let (across, dx) = along(style, [3, 1], ["left", "center", "right"], sizes[0], padding);
        let (down, dy) = along(style, [0, 2], ["top", "horizon", "bottom"], sizes[1], padding);
        let corner = if is_at(0) || is_at(2) || style.position == Position::Fixed {
            format!("{across} + {down}")
        } else {
            across.to_owned()
        };
        self.write(format_args!(
            "#place({corner}, dx: {dx}, dy: {dy}, [#set align(top + {});{content}]);",
            if is_wide { "left" } else { align }
        ));
    }

    /// The box as high as `top` and `bottom` make it, if both are given.
    fn stretched(&self, node: &Node, height: Option<f64>) -> Option<Node> {
        let style = &node.style;
        let is_stretched = style.inset[0].is_some() && style.inset[2].is_some();
        if !is_stretched || style.height.is_some() || matches!(node.kind, Kind::Image { .. }) {
            return None;
        }
        let Some(height) = height else {
            self.warn("CSS `bottom` beside `top`: the height around it is not given", node.line);
            return None;
        };
        let margins = margin(style, 0, None) + margin(style, 2, None);
        let edges =
            if style.is_border_box { 0.0 } else { (style.inner(0) + style.inner(2)).points };
        let mut stretched = (**style).clone();
        stretched.height = Some(Length::points((height - margins - edges).max(0.0)));
        Some(Node { style: Rc::new(stretched), ..node.clone() })
    }

    /// The label of the name that a string has.
    pub(super) fn string_label(&self, at: usize) -> String {
        let name = &self.tree.strings[at].0;
        let first = self.tree.strings.iter().position(|it| it.0 == *name).unwrap_or(at);
        format!("string-{first}")
    }

    pub(super) fn running_label(&self, at: usize) -> String {
        let name = &self.tree.running[at].0;
        let first = self.tree.running.iter().position(|it| it.0 == *name).unwrap_or(at);
        format!("running-{first}")
    }

    /// The value that a named string has on a page.
    pub(super) fn use_string(&mut self, name: &Rc<str>, which: Which) {
        let Some(first) = self.tree.strings.iter().position(|it| it.0 == *name) else { return };
        let same = self.tree.strings.iter().enumerate().filter(|it| it.1.0 == *name);
        let texts: Vec<_> =
            same.map(|(at, (_, text))| format!("\"{at}\": {}", quoted(text))).collect();
        let label = self.string_label(first);
        self.chosen(&label, which, &texts.join(", "));
    }

    /// The running element that a page has.
    pub(super) fn use_running(&mut self, name: &Rc<str>, which: Which, flow: Flow<'_>) {
        let tree = self.tree;
        let Some(first) = tree.running.iter().position(|it| it.0 == *name) else { return };
        let mut contents = Vec::new();
        for (at, (_, node)) in tree.running.iter().enumerate().filter(|it| it.1.0 == *name) {
            let content = self.aside(|it| it.unpaged_block(node, flow.within(SMALL)));
            contents.push(format!("\"{at}\": [{content}]"));
        }
        let label = self.running_label(first);
        self.chosen(&label, which, &contents.join(", "));
    }

    /// Of what stands at the places of a label, the one that holds on this page.
    fn chosen(&mut self, label: &str, which: Which, values: &str) {
        let on_page = match which {
            Which::First => "here.first()",
            Which::Last => "here.last()",
            Which::Start | Which::FirstExcept => "none",
        };
        let otherwise = match which {
            Which::FirstExcept => "here.len() > 0",
            Which::First | Which::Last | Which::Start => "false",
        };
        self.write(format_args!(
            "#context {{ let page = here().page(); let all = query(<{label}>); \
             let here = all.filter(it => it.location().page() == page); \
             let past = all.filter(it => it.location().page() < page); \
             let one = if here.len() > 0 and {} {{ {on_page} }} else if past.len() > 0 and not ({otherwise}) {{ past.last() }} else {{ none }}; \
             if one != none {{ ({values},).at(str(one.value)) }} }};",
            on_page != "none",
        ));
    }

    /// The width that a box takes beside others; points.
    pub(super) fn outer(node: &Node, flow: Flow<'_>) -> f64 {
        let frame = Frame::of(node, Flow { shrinks: true, ..flow });
        let margins = margin(&node.style, 1, flow.width) + margin(&node.style, 3, flow.width);
        frame.outer_width(flow).map_or_else(|| node.range().most + 1.0, |it| it + margins)
    }
}

/// Along one axis: the edge of Typst's box that counts, and how far from it the box stands.
///
/// `whole` is the size that shares are of; points.
fn along(
    style: &Style,
    [start, end]: [usize; 2],
    names: [&'static str; 3],
    whole: Option<f64>,
    padding: [f64; 4],
) -> (&'static str, String) {
    let pads = padding[start] + padding[end];
    // Of Typst's box, which is smaller by the padding, where the size is not known.
    let known = |it: Length| {
        it.of(whole).map_or(it + Length::points(pads * it.percent / 100.0), Length::points)
    };
    // Margins at the sides are part of the block itself.
    let outside = |side: usize| if start == 0 { margin(style, side, None) } else { 0.0 };
    let length = |it: f64| Length::points(it);
    let has_auto_margins = style.margin[start].is_none() && style.margin[end].is_none();
    match (style.inset[start].map(known), style.inset[end].map(known)) {
        (Some(from), Some(to)) if has_auto_margins => {
            let shift = (from - to) * 0.5 + length((padding[end] - padding[start]) / 2.0);
            (names[1], shift.typst())
        }
        (Some(from), _) => (names[0], (from + length(outside(start) - padding[start])).typst()),
        (None, Some(to)) => (names[2], (-to + length(padding[end] - outside(end))).typst()),
        (None, None) if style.position == Position::Fixed => (names[0], points(-padding[start])),
        (None, None) => (names[0], points(outside(start))),
    }
}
