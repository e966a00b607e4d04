//! Text in columns.

use super::{
    Emitter, Flow,
    block::{BLOCK, GRID},
    flow::Open,
};
use crate::{boxes::Node, typst::points};

const NO_ROOM: Open = Open { top: false, bottom: false };

impl Emitter<'_> {
    /// The children of a box in columns of the same height.
    pub(super) fn columns(&mut self, node: &Node, flow: Flow<'_>) {
        let spans = |it: &Node| it.style.spans_columns && !it.is_inline();
        if !node.children.iter().any(spans) {
            return self.balanced(node, flow);
        }
        let flow = Flow { is_bare: false, ..flow };
        for part in node.children.chunk_by(|one, other| !spans(one) && !spans(other)) {
            match part {
                [all] if spans(all) => {
                    let [above, below] =
                        [0, 2].map(|side| super::frame::margin(&all.style, side, flow.width));
                    self.space(above, false);
                    self.block(all, flow);
                    self.space(below, false);
                }
                _ if part.iter().all(Node::is_blank) => {}
                _ => self.balanced(&Node { children: part.to_vec(), ..node.clone() }, flow),
            }
        }
    }

    fn balanced(&mut self, node: &Node, flow: Flow<'_>) {
        let style = &node.style;
        let size = style.inherited.size;
        let gap =
            if style.gap.1.is_zero() { size } else { style.gap.1.of(flow.width).unwrap_or(size) };
        let by_width =
            style.column_width.filter(|it| *it > 0.0).zip(flow.width).map(|(width, room)| {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a few columns"
                )]
                let count = ((room + gap) / (width + gap)).floor().clamp(1.0, 20.0) as usize;
                count
            });
        let count = match (style.column_count, by_width) {
            (Some(count), Some(most)) => count.min(most),
            (Some(count), None) | (None, Some(count)) => count,
            (None, None) => 1,
        };
        if count <= 1 || flow.cost + BLOCK + GRID > super::COST_MAX {
            return self.contents(node, flow, NO_ROOM);
        }
        let n_columns = f64::from(u32::try_from(count).unwrap_or(1));
        let width = flow.width.map(|it| (it - gap * (n_columns - 1.0)) / n_columns);
        let content =
            self.aside(|it| it.contents(node, flow.within(BLOCK + GRID).wide(width), NO_ROOM));
        // Columns are as high as what is around them: a box of the height that the text needs in them makes them
        // even; what is higher than the page is left to the page.
        let gap = points(gap);
        self.write(format_args!(
            "#[#let body = [{content}];#layout(area => {{ let wide = (area.width - {gap} * {less}) / {count}; \
             let all = measure(block(width: wide, body)).height; let parts = columns({count}, gutter: {gap}, body); \
             let room = all / {count} + {line}; if room > area.height {{ parts }} else {{ block(width: 100%, height: room, breakable: false, parts) }} }});];",
            line = points(super::text::line_height(&style.inherited)),
            less = count - 1,
        ));
    }
}
