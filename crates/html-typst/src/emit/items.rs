//! The items of flex and grid containers.

use std::rc::Rc;

use super::{Emitter, Flow, Origin, frame::margin, paint};
use crate::{
    boxes::{Kind, Node},
    style::{Display, Float, ItemAlign, Length, Position, Style},
    typst::Arguments,
};

impl Emitter<'_> {
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
                let mut item = Node::new(Rc::new(style), Kind::Box);
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
        self.tell(item);
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
                item.style = Rc::new(style);
            }
            it.unpaged_block(&item, flow);
            it.space(below, false);
        });
        format!("grid.cell({})[{content}]", arguments.as_str())
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
