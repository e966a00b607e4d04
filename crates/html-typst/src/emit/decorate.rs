//! Frames, highlights, shifts and lines of texts.

use super::{Emitter, Flow, paint, text};
use crate::{
    boxes::Node,
    style::{Decoration, Line, Style, VerticalAlign},
    typst::{Arguments, points},
};

impl Emitter<'_> {
    /// A box in a line with a frame of its own, which takes no room above and below.
    pub(super) fn framed(&mut self, node: &Node, flow: Flow<'_>) {
        let style = &node.style;
        self.tell_double(node);
        let mut arguments = Arguments::default();
        let [left, right] = [3, 1].map(|it| points(style.inner(it).points));
        arguments.add("inset", &format!("(left: {left}, right: {right})"));
        let [above, below] = [0, 2].map(|it| points(style.inner(it).points - style.edge(it) / 2.0));
        let [left, right] = [3, 1].map(|it| points(-style.edge(it) / 2.0));
        arguments.add(
            "outset",
            &format!("(top: {above}, bottom: {below}, left: {left}, right: {right})"),
        );
        let mut strokes = Arguments::default();
        for (side, name) in ["top", "right", "bottom", "left"].iter().enumerate() {
            let stroke = paint::stroke(style.border[side], style.border_color(side));
            strokes.add(name, &stroke);
        }
        arguments.add("stroke", &format!("({})", strokes.as_str()));
        if let Some(fill) = paint::fill(style) {
            arguments.add("fill", &fill);
        }
        paint::radius(style, &mut arguments);
        arguments.add("baseline", &points(text::below_baseline(&style.inherited)));
        self.write(format_args!("#box({})[", arguments.as_str()));
        let closing = self.open_decorations(style);
        self.styled(node, flow, |it, flow| {
            it.is_after_space = true;
            node.children.iter().for_each(|child| it.inline_node(child, flow));
        });
        self.push(&closing);
        self.push("];");
        self.is_after_space = false;
    }

    /// Opens lines, highlights, shifts; gives what closes them.
    pub(super) fn open_decorations(&mut self, style: &Style) -> String {
        let before = self.out.len();
        let mut n_open = 0;
        let shift = match style.vertical_align {
            VerticalAlign::Super => style.inherited.size * 1.2 * -0.33,
            VerticalAlign::Sub => style.inherited.size * 1.2 * 0.2,
            VerticalAlign::Shift(it) => -it.of(Some(style.inherited.size * 1.2)).unwrap_or(0.0),
            _ => 0.0,
        };
        if shift != 0.0 {
            self.flush();
            self.write(format_args!("#text(baseline: {})[", points(shift)));
            n_open += 1;
        }
        if let Some(fill) = paint::fill(style) {
            self.flush();
            self.write(format_args!(
                "#highlight(fill: {fill}, top-edge: \"ascender\", bottom-edge: \"descender\")["
            ));
            n_open += 1;
        }
        let decoration = style.decoration;
        let lines = [
            (decoration.is_under, "underline"),
            (decoration.is_through, "strike"),
            (decoration.is_over, "overline"),
        ];
        for (_, name) in lines.into_iter().filter(|it| it.0) {
            self.flush();
            let arguments = line(decoration, style);
            self.write(format_args!("#{name}({})[", arguments.as_str()));
            n_open += 1;
        }
        debug_assert!(n_open > 0 || self.out.len() == before, "what is opened is closed");
        let isolate = if style.isolates {
            self.flush();
            let sign = if style.inherited.is_rtl { "\u{2067}" } else { "\u{2066}" };
            self.literal(sign);
            "#\"\u{2069}\";"
        } else {
            ""
        };
        format!("{isolate}{}", "];".repeat(n_open))
    }
}

/// The arguments of `underline` and the like.
fn line(decoration: Decoration, style: &Style) -> Arguments {
    let mut arguments = Arguments::default();
    let color = decoration.color.unwrap_or(style.inherited.color).faded(style.inherited.opacity);
    let width = decoration.width.unwrap_or(style.inherited.size / 14.0);
    let dash = match decoration.line {
        Line::Dashed => ", dash: \"dashed\"",
        Line::Dotted => ", dash: \"dotted\"",
        Line::None | Line::Hidden | Line::Solid | Line::Double => "",
    };
    arguments
        .add("stroke", &format!("(paint: {}, thickness: {}{dash})", color.typst(), points(width)));
    if let Some(offset) = decoration.offset.filter(|_| decoration.is_under) {
        arguments.add("offset", &points(offset + style.inherited.size * 0.1));
    }
    arguments
}
