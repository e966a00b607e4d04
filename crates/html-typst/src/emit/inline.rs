//! What stands in lines.

use super::{
    Emitter, Flow,
    text::{self, arguments},
};
use crate::{
    boxes::{Kind, Node, formatted},
    style::{Case, Decoration, Display, Line, ListKind, Style, VerticalAlign, WhiteSpace},
    typst::{Arguments, points, push_quoted},
};

impl Emitter<'_> {
    pub(super) fn inline_node(&mut self, node: &Node, flow: Flow<'_>) {
        match &node.kind {
            Kind::Text(text) => {
                if text.is_empty() {
                    return;
                }
                self.styled(node, flow, |it, flow| it.text(text, node, flow));
            }
            Kind::LineBreak => {
                if std::mem::replace(&mut self.has_pending_break, true) {
                    self.push("#linebreak();");
                }
                self.is_after_space = true;
            }
            Kind::Image { .. } => {
                self.flush();
                self.anchor(node);
                self.inline_image(node, flow);
            }
            Kind::Page { is_total, kind } => self.number(|| {
                let numbering = numbering(kind);
                if *is_total {
                    format!("#context numbering({numbering}, counter(page).final().first());")
                } else {
                    format!("#context counter(page).display({numbering});")
                }
            }),
            Kind::TargetPage(target, kind) => {
                if let Some(number) = self.labels.get(target).copied() {
                    self.number(|| {
                        let numbering = numbering(kind);
                        format!(
                            "#context numbering({numbering}, ..counter(page).at(<to-{number}>));"
                        )
                    });
                }
            }
            Kind::TargetCounter(target, name, kind) => {
                let at = self.tree.counters.get(&**target).and_then(|it| it.get(name));
                let text = formatted(at.copied().unwrap_or(0), kind);
                self.styled(node, flow, |it, flow| it.text(&text, node, flow));
            }
            Kind::Leader(text) => {
                self.flush();
                self.push("#box(width: 1fr, repeat[");
                self.literal(text);
                self.push("]);");
                self.is_after_space = false;
            }
            Kind::SetString(at) => {
                let label = self.string_label(*at);
                self.write(format_args!("#[#metadata({at})<{label}>];"));
            }
            Kind::SetRunning(at) => {
                let label = self.running_label(*at);
                self.write(format_args!("#[#metadata({at})<{label}>];"));
            }
            Kind::UseString(name, which) => self.use_string(name, *which),
            Kind::UseRunning(name, which) => self.use_running(name, *which, flow),
            Kind::Box | Kind::Item(_) => self.inline_box(node, flow),
            Kind::Cell { .. } | Kind::Columns(_) => {}
        }
    }

    fn number(&mut self, write: impl FnOnce() -> String) {
        self.flush();
        self.out += &write();
        self.is_after_space = false;
    }

    /// Writes the line break that something comes after.
    fn flush(&mut self) {
        if std::mem::take(&mut self.has_pending_break) {
            self.push("#linebreak();");
        }
    }

    fn literal(&mut self, text: &str) {
        self.out.push('#');
        push_quoted(&mut self.out, text);
        self.out.push(';');
    }

    /// With the text style of `node` around what `write` writes.
    pub(super) fn styled(
        &mut self,
        node: &Node,
        flow: Flow<'_>,
        write: impl FnOnce(&mut Self, Flow<'_>),
    ) {
        let to = &node.style.inherited;
        let arguments = arguments(flow.text, to);
        let is_hidden = !to.is_visible && flow.text.is_visible;
        if is_hidden {
            self.push("#hide[");
        }
        if arguments.is_empty() {
            write(self, Flow { text: to, ..flow });
        } else {
            self.flush();
            self.write(format_args!("#text({})[", arguments.as_str()));
            write(self, Flow { text: to, ..flow });
            self.push("];");
        }
        if is_hidden {
            self.push("];");
        }
    }

    fn inline_box(&mut self, node: &Node, flow: Flow<'_>) {
        let style = &node.style;
        if style.is_out_of_flow() || style.float != crate::style::Float::None {
            return self.placed(node, flow);
        }
        if style.display != Display::Inline {
            self.flush();
            self.anchor(node);
            return self.linked(node, |it| it.inline_block(node, flow));
        }
        self.anchor(node);
        let has_frame = style.inner(1).points > 0.0
            || style.inner(3).points > 0.0
            || style.edge(0) > 0.0
            || style.edge(2) > 0.0;
        let is_short = flow.width.is_none_or(|it| node.range().most < it);
        if has_frame && is_short && flow.cost < super::COST_MAX - 30 {
            self.flush();
            return self.linked(node, |it| it.framed(node, flow));
        }
        self.linked(node, |it| {
            it.styled(node, flow, |it, flow| {
                let closing = it.open_decorations(style);
                node.children.iter().for_each(|child| it.inline_node(child, flow));
                it.push(&closing);
            });
        });
    }

    /// A box in a line with a frame of its own, which takes no room above and below.
    fn framed(&mut self, node: &Node, flow: Flow<'_>) {
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
            let stroke = super::paint::stroke(style.border[side], style.border_color(side));
            strokes.add(name, &stroke);
        }
        arguments.add("stroke", &format!("({})", strokes.as_str()));
        if let Some(fill) = super::paint::fill(style) {
            arguments.add("fill", &fill);
        }
        super::paint::radius(style, &mut arguments);
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
    fn open_decorations(&mut self, style: &Style) -> String {
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
        if let Some(fill) = super::paint::fill(style) {
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

    /// A text as its style wants it: spaces, breaks, case.
    pub(super) fn text(&mut self, text: &str, node: &Node, _flow: Flow<'_>) {
        let style = &node.style.inherited;
        let cased = match style.case {
            Case::AsIs => None,
            Case::Upper => Some(text.to_uppercase()),
            Case::Lower => Some(text.to_lowercase()),
            Case::Capitals => Some(capitals(text)),
        };
        let text = cased.as_deref().unwrap_or(text);
        let mut is_first = true;
        for row in text.split(|it| style.white_space.keeps_breaks() && it == '\n') {
            if !std::mem::take(&mut is_first) {
                if std::mem::replace(&mut self.has_pending_break, true) {
                    self.push("#linebreak();");
                }
                self.is_after_space = true;
            }
            let row = if style.white_space.collapses() {
                self.collapsed(row)
            } else {
                row.replace('\t', "        ").replace('\r', "")
            };
            if row.is_empty() {
                continue;
            }
            self.is_after_space = style.white_space.collapses() && row.ends_with(' ');
            self.flush();
            if style.white_space == WhiteSpace::NoWrap && row.trim().contains([' ', '-', '/']) {
                self.unbroken(&row);
            } else {
                self.marked(&row);
            }
        }
    }

    /// A text that stays on one line.
    fn unbroken(&mut self, row: &str) {
        let (start, end) = (row.starts_with(' '), row.ends_with(' '));
        if start {
            self.literal(" ");
        }
        self.push("#box[");
        self.marked(row.trim());
        self.push("];");
        if end {
            self.literal(" ");
        }
    }

    /// A text in which characters stand for the numbers of pages.
    fn marked(&mut self, text: &str) {
        let marks = [(self.options.page_mark, false), (self.options.pages_mark, true)];
        let mut rest = text;
        while let Some((at, mark)) =
            rest.char_indices().find(|it| marks.iter().any(|mark| mark.0 == Some(it.1)))
        {
            if at > 0 {
                self.literal(&rest[..at]);
            }
            self.push(if marks[1].0 == Some(mark) {
                "#context counter(page).final().first();"
            } else {
                "#context counter(page).display(\"1\");"
            });
            rest = &rest[at + mark.len_utf8()..];
        }
        if !rest.is_empty() {
            self.literal(rest);
        }
    }

    /// One space for many, and none at the beginning of a line.
    fn collapsed(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut is_after_space = self.is_after_space;
        for it in text.chars() {
            if it.is_ascii_whitespace() {
                if !is_after_space {
                    out.push(' ');
                }
                is_after_space = true;
            } else {
                out.push(it);
                is_after_space = false;
            }
        }
        out
    }
}

fn capitals(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_in_word = false;
    for it in text.chars() {
        if is_in_word {
            out.push(it);
        } else {
            out.extend(it.to_uppercase());
        }
        is_in_word = it.is_alphanumeric() || it == '\'' || it == '’';
    }
    out
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

pub(super) fn numbering(kind: &ListKind) -> &'static str {
    match kind {
        ListKind::LowerRoman => "\"i\"",
        ListKind::UpperRoman => "\"I\"",
        ListKind::LowerAlpha => "\"a\"",
        ListKind::UpperAlpha => "\"A\"",
        _ => "\"1\"",
    }
}
