//! What stands in lines.

use super::{
    Emitter, Flow,
    decorate::shift,
    text::{self, arguments},
};
use crate::{
    boxes::{Kind, Node, formatted},
    style::{Display, ListKind, Style},
    typst::{points, push_quoted},
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
                self.trim();
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
    pub(super) fn flush(&mut self) {
        if std::mem::take(&mut self.has_pending_break) {
            self.push("#linebreak();");
        }
    }

    pub(super) fn literal(&mut self, text: &str) {
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
        self.styled_within(flow.strut, node, flow, write);
    }

    /// As [`Self::styled`], in a line that reaches as far as `strut`.
    pub(super) fn styled_within(
        &mut self,
        strut: [f64; 2],
        node: &Node,
        flow: Flow<'_>,
        write: impl FnOnce(&mut Self, Flow<'_>),
    ) {
        let to = &node.style.inherited;
        let arguments = arguments(flow, to, strut);
        let inner = Flow { text: to, strut, ..flow };
        let is_hidden = !to.is_visible && flow.text.is_visible;
        if is_hidden {
            self.push("#hide[");
        }
        if arguments.is_empty() {
            write(self, inner);
        } else {
            self.flush();
            self.write(format_args!("#text({})[", arguments.as_str()));
            write(self, inner);
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
        self.tell_inline(node);
        self.anchor(node);
        let is_short = flow.width.is_none_or(|it| node.range().most < it);
        let [left, right] = [3, 1].map(|it| super::frame::margin(style, it, flow.width));
        self.gap_in_line(left);
        if has_frame(style) && is_short && flow.cost < super::COST_MAX - 30 {
            self.flush();
            self.linked(node, |it| it.framed(node, flow));
            return self.gap_in_line(right);
        }
        let strut = match (shift(style), text::strut(&style.inherited)) {
            // What is moved takes its own line with it, for which Typst leaves no room.
            (up, [above, _]) if up < 0.0 => [above - up, 0.0],
            (down, [_, below]) if down > 0.0 => [0.0, below + down],
            _ => flow.strut,
        };
        self.linked(node, |it| {
            it.styled_within(strut, node, flow, |it, flow| {
                let closing = it.open_decorations(style);
                node.children.iter().for_each(|child| it.inline_node(child, flow));
                it.push(&closing);
            });
        });
        self.gap_in_line(right);
    }

    /// Space beside a part of a line; points.
    fn gap_in_line(&mut self, width: f64) {
        if width != 0.0 {
            self.flush();
            self.write(format_args!("#h({});", points(width)));
        }
    }
}

/// Whether a part of a line is a box of its own there.
fn has_frame(style: &Style) -> bool {
    [1, 3].iter().any(|side| style.inner(*side).points > 0.0)
        || [0, 2].iter().any(|side| style.edge(*side) > 0.0)
}

/// Whether letters stand in the line itself, which make it as high as it has to be.
pub(super) fn has_letters(node: &Node) -> bool {
    match node.kind {
        Kind::Box | Kind::Item(_) => {
            node.style.display == Display::Inline
                && !has_frame(&node.style)
                && node.children.iter().any(has_letters)
        }
        // It brings a strut of its own.
        Kind::Image { .. } => true,
        _ => !node.is_blank(),
    }
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
