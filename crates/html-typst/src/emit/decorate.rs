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
        // The frame is around the letters, not around the line that they make.
        let [above, below] = text::beyond_letters(&style.inherited);
        let [above, below] = [(0, above), (2, below)].map(|(side, beyond)| {
            points(style.inner(side).points - style.edge(side) / 2.0 - beyond)
        });
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
        let shift = shift(style);
        if shift != 0.0 {
            arguments.add("baseline", &points(shift));
        }
        self.write(format_args!("#box({})[", arguments.as_str()));
        let closing = self.open_lines(style);
        self.styled_within(text::NO_STRUT, node, flow, |it, flow| {
            it.is_after_space = true;
            node.children.iter().for_each(|child| it.inline_node(child, flow));
        });
        self.push(&closing);
        self.push("];");
        self.is_after_space = false;
    }

    /// Opens shifts, highlights and lines; gives what closes them.
    pub(super) fn open_decorations(&mut self, style: &Style) -> String {
        let mut closing = String::new();
        let shift = shift(style);
        if shift != 0.0 {
            self.flush();
            self.write(format_args!("#text(baseline: {})[", points(shift)));
            closing += "];";
        }
        if let Some(fill) = paint::fill(style) {
            self.flush();
            self.write(format_args!(
                "#highlight(fill: {fill}, top-edge: \"ascender\", bottom-edge: \"descender\")["
            ));
            closing += "];";
        }
        format!("{}{closing}", self.open_lines(style))
    }

    /// Opens lines, and what keeps directions apart; gives what closes them.
    fn open_lines(&mut self, style: &Style) -> String {
        let decoration = style.decoration;
        let lines = [
            (decoration.is_under, "underline"),
            (decoration.is_through, "strike"),
            (decoration.is_over, "overline"),
        ];
        let mut closing = String::new();
        for (_, name) in lines.into_iter().filter(|it| it.0) {
            self.flush();
            let arguments = line(decoration, style);
            self.write(format_args!("#{name}({})[", arguments.as_str()));
            closing += "];";
        }
        if style.isolates {
            self.flush();
            let sign = if style.inherited.is_rtl { "\u{2067}" } else { "\u{2066}" };
            self.literal(sign);
            closing = format!("#\"\u{2069}\";{closing}");
        }
        closing
    }
}

/// How far a text is moved down from where it would stand; points.
pub(super) fn shift(style: &Style) -> f64 {
    match style.vertical_align {
        VerticalAlign::Super => style.inherited.size * 1.2 * -0.33,
        VerticalAlign::Sub => style.inherited.size * 1.2 * 0.2,
        VerticalAlign::Shift(it) => -it.of(Some(style.inherited.size * 1.2)).unwrap_or(0.0),
        _ => 0.0,
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
