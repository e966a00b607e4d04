//! Boxes out of the flow, and what of them stands in the margins of pages.

use std::rc::Rc;

use super::{Emitter, Flow, block::SMALL, frame::Frame};
use crate::{
    boxes::Node,
    style::{Length, Position, Which},
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
            let (around, z_index) = (self.page.clone(), style.z_index);
            let content = self.aside(|it| {
                let flow = Flow { width: Some(around.width), ..flow };
                it.place(node, flow, [around.top, around.right, around.bottom, around.left], true);
            });
            self.fixed.push((z_index, content));
            return;
        }
        let padding = flow.padding.map(|it| -it);
        self.place(node, flow, padding, false);
    }

    /// `margins` are between the box and the place that Typst calls its corner; points.
    fn place(&mut self, node: &Node, flow: Flow<'_>, margins: [f64; 4], is_fixed: bool) {
        let style = &node.style;
        let known = |side: usize| style.inset[side];
        let is_at = |side: usize| known(side).is_some();
        // `left: 0; right: 0` is as wide as what it is in.
        let is_wide = is_at(3) && is_at(1) && style.width.is_none();
        let mut flow = Flow { shrinks: !is_wide, ..flow.within(SMALL) };
        if is_wide && let (Some(whole), Some(left), Some(right)) = (flow.width, known(3), known(1))
        {
            let sides = left + right;
            let whole = if is_fixed { whole } else { whole + flow.padding[1] + flow.padding[3] };
            flow.width = Some((whole - sides.of(Some(whole)).unwrap_or(0.0)).max(0.0));
        }
        let width = flow.width;
        let content = self.aside(|it| it.unpaged_block(node, Flow { align: flow.align, ..flow }));
        let content = if is_wide && style.margin[3].is_some() && width.is_some() {
            format!("#box(width: {})[{content}]", points(width.unwrap_or(0.0)))
        } else {
            content
        };
        let shift = |side: usize, sign: f64| {
            let Some(length) = known(side) else {
                return points(if is_fixed { margins[side] * sign } else { 0.0 });
            };
            (length * sign + Length::points(margins[side] * sign)).typst()
        };
        let (across, dx) =
            if !is_at(3) && is_at(1) { ("right", shift(1, -1.0)) } else { ("left", shift(3, 1.0)) };
        let (down, dy) =
            if !is_at(0) && is_at(2) { ("bottom", shift(2, -1.0)) } else { ("top", shift(0, 1.0)) };
        let is_static = !is_fixed && !is_at(0) && !is_at(2);
        let corner = if is_static { across.to_owned() } else { format!("{across} + {down}") };
        self.write(format_args!("#place({corner}, dx: {dx}, dy: {dy}, [{content}]);"));
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
        let margins = super::frame::margin(&node.style, 1, flow.width)
            + super::frame::margin(&node.style, 3, flow.width);
        frame.outer_width(flow).map_or_else(|| node.range().most + 1.0, |it| it + margins)
    }
}
