//! The items of flex and grid containers.

use std::rc::Rc;

use super::{
    Emitter, Flow, Origin,
    frame::margin,
    paint::{self, Lines},
    wrap::n_bytes,
};
use crate::{
    boxes::{Kind, Node},
    style::{Display, Float, ItemAlign, Length, Position, Style},
    typst::{Arguments, points},
};

/// Items beside each other with longer texts than this may need more than a page.
const PAGE_BYTES: usize = 800;

/// What the items are that stand beside an item.
#[derive(Clone, Copy)]
pub(super) struct Beside {
    is_alone: bool,
    /// Whether each has room on a page, so that none has to be broken.
    are_short: bool,
}

impl Beside {
    pub(super) fn of(items: &[Node]) -> Self {
        let are_short = items.iter().all(|it| n_bytes(it) < PAGE_BYTES);
        Self { is_alone: items.len() == 1, are_short }
    }
}

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
        beside: Beside,
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
        let margins = [0, 1, 2, 3].map(|side| margin(style, side, flow.width));
        // A cell has neither round corners nor margins.
        let is_behind = is_round(style) || margins.iter().any(|it| *it != 0.0);
        let is_filled = align == ItemAlign::Stretch
            && can_fill(style)
            && (!is_behind || (beside.are_short && !style.clips));
        if is_filled {
            return self.filled_cell(item, is_behind.then_some(margins), arguments, flow);
        }
        let is_framed = style.has_box() && style.height.is_none();
        if align == ItemAlign::Stretch && is_framed && !beside.is_alone {
            self.warn("CSS `align-items: stretch` of a box whose frame can't grow", item.line);
        }
        let content = self.aside(|it| {
            it.space(margins[0], false);
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
            it.space(margins[2], false);
        });
        format!("grid.cell({})[{content}]", arguments.as_str())
    }

    /// The cell of an item whose frame fills it but for `margins`; without any, the frame is the cell's own.
    fn filled_cell(
        &mut self,
        item: &Node,
        margins: Option<[f64; 4]>,
        mut arguments: Arguments,
        flow: Flow<'_>,
    ) -> String {
        let style = &item.style;
        if let Some(margins) = margins {
            inset(style, margins, &mut arguments);
            // Only where the row stays whole, Typst knows how high it is.
            arguments.add("breakable", "false");
        } else {
            frame(style, &mut arguments);
        }
        let [_, right, _, left] = margins.unwrap_or_default();
        let around = (style.inner(1) + style.inner(3)).points + right + left;
        let width = flow.width.map(|it| (it - around).max(0.0));
        let inner = Flow {
            width,
            is_bare: true,
            height: None,
            origin: Origin::of(style, width, None, None),
            ..flow
        };
        let content = self.aside(|it| {
            if margins.is_some() {
                it.behind(style, flow);
            }
            it.inside(item, inner);
        });
        format!("grid.cell({})[{content}]", arguments.as_str())
    }

    /// A frame around what is in a cell, as high as that leaves room for.
    fn behind(&mut self, style: &Style, flow: Flow<'_>) {
        let inner = |side: usize| style.inner(side).of(flow.width).unwrap_or(0.0);
        let [top, right, bottom, left] = [0, 1, 2, 3].map(inner);
        let mut arguments = Arguments::default();
        arguments.add("width", &format!("100% + {}", points(left + right)));
        arguments.add("height", &format!("100% + {}", points(top + bottom)));
        if let Some(fill) = paint::fill(style) {
            arguments.add("fill", &fill);
        }
        paint::border(style, Lines::One, &mut arguments);
        paint::radius(style, &mut arguments);
        self.write(format_args!(
            "#place(top + left, dx: {}, dy: {}, block({}));",
            points(-left),
            points(-top),
            arguments.as_str()
        ));
    }
}

/// Whether the frame of a box can be as high as the cell that it stands in.
fn can_fill(style: &Style) -> bool {
    style.has_box()
        && style.border.iter().all(|it| !it.is_double())
        && style.margin.iter().all(|it| it.is_none_or(|it| it.points >= 0.0))
        && style.transform.is_empty()
        && style.height.is_none()
        && style.max_width.is_none()
}

fn is_round(style: &Style) -> bool {
    style.radius.iter().any(|it| !it.is_zero())
}

/// Background, border and padding as arguments of a cell.
pub(super) fn frame(style: &Style, arguments: &mut Arguments) {
    if let Some(fill) = paint::fill(style) {
        arguments.add("fill", &fill);
    }
    let mut strokes = Arguments::default();
    for (side, name) in paint::SIDES.iter().enumerate() {
        if style.edge(side) > 0.0 {
            let color = style.border_color(side).faded(style.inherited.opacity);
            strokes.add(name, &paint::stroke(style.border[side], color));
        }
    }
    if !strokes.is_empty() {
        arguments.add("stroke", &format!("({})", strokes.as_str()));
    }
    inset(style, [0.0; 4], arguments);
}

/// Margin, border and padding as the distance of what is in a cell from its edge.
fn inset(style: &Style, margins: [f64; 4], arguments: &mut Arguments) {
    let mut inset = Arguments::default();
    for (side, name) in paint::SIDES.iter().enumerate() {
        let around = style.inner(side) + Length::points(margins[side]);
        if !around.is_zero() {
            inset.add(name, &around.typst());
        }
    }
    if !inset.is_empty() {
        arguments.add("inset", &format!("({})", inset.as_str()));
    }
}
