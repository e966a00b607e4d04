//! Paragraphs beside a float that run on below it: Typst finds the word at which the lines get their whole width.

use super::{Emitter, Flow, flow::Group, frame::Frame, margins, text};
use crate::{
    boxes::{Kind, Node},
    style::{Display, TextAlign, WhiteSpace},
    typst::points,
};

/// Longer paragraphs stay beside the float; bytes.
const TEXT_BYTES_MAX: usize = 20_000;

/// A paragraph as Typst's code: how its lines are set, and its words.
pub(super) struct Words {
    /// The space above; points.
    gap: f64,
    /// From the top of a line to the top of the next; points.
    line: f64,
    style: String,
    list: Vec<String>,
    is_justified: bool,
}

impl Emitter<'_> {
    /// The paragraph that `group` is, one that can be parted.
    pub(super) fn words(&mut self, group: &Group<'_>, gap: f64, flow: Flow<'_>) -> Words {
        let (node, children): (_, Vec<&Node>) = match group {
            Group::Line(nodes) => (None, nodes.clone()),
            Group::Block(node) => (Some(*node), node.children.iter().collect()),
            Group::Floats(_) | Group::Placed(_) => (None, Vec::new()),
        };
        let mut inner = flow;
        let style = self.aside(|it| {
            if let Some(node) = node {
                inner = it.restyle(&node.style.inherited, flow);
                it.anchor(node);
            }
        });
        inner.strut = text::strut(inner.text);
        let mut words = Vec::new();
        let before = std::mem::take(&mut self.out);
        (self.is_after_space, self.has_pending_break) = (true, false);
        for child in children {
            match &child.kind {
                Kind::Text(text) if child.style.inherited.white_space == WhiteSpace::Normal => {
                    for word in text.split_inclusive(' ') {
                        self.styled(child, inner, |it, flow| it.text(word, child, flow));
                        words.push(std::mem::take(&mut self.out));
                    }
                }
                _ => {
                    self.inline_node(child, inner);
                    words.push(std::mem::take(&mut self.out));
                }
            }
        }
        self.out = words.pop().unwrap_or_default();
        self.trim();
        words.push(std::mem::replace(&mut self.out, before));
        self.is_after_space = true;
        words.retain(|it| !it.is_empty());
        let line = text::line_height(inner.text);
        let is_justified = inner.text.align == TextAlign::Justify;
        Words { gap, line, style, list: words, is_justified }
    }

    /// Floats, what is beside them in any case, and paragraphs that are parted where the floats end.
    ///
    /// Of the floats, which are cells with their widths, `at` are left of the text; `room` is for all, points.
    pub(super) fn wrap(
        &mut self,
        (floats, at): (&[(Option<f64>, String)], usize),
        head: &str,
        tail: &[Words],
        room: f64,
    ) {
        let cells: Vec<_> = floats
            .iter()
            .map(|(width, it)| match width {
                Some(width) => format!("({}, [{it}])", points(*width)),
                None => format!("fit[{it}]"),
            })
            .collect();
        self.write(format_args!(
            "#context {{ let fit(it) = (measure(it).width, it); let floats = ({},); \
             let room = {} - floats.map(it => it.first()).sum(); \
             let high = calc.max(..floats.map(((width, it)) => measure(block(width: width, it)).height)); \
             let head = [{head}]; let used = measure(block(width: room, head)).height; let (beside, below) = ((), ()); ",
            cells.join(", "),
            points(room),
        ));
        for paragraph in tail {
            self.part(paragraph);
        }
        let (start, end) = (format!("floats.slice(0, {at})"), format!("floats.slice({at})"));
        self.write(format_args!(
            "grid(columns: (..{start}.map(it => it.first()), 1fr, ..{end}.map(it => it.first())), \
             ..{start}.map(it => it.last()), [#head#beside.join()], ..{end}.map(it => it.last())); below.join() }};"
        ));
    }

    /// Puts as much of a paragraph in `beside` as has lines that begin above the end of the floats.
    fn part(&mut self, paragraph: &Words) {
        let Words { gap, line, style, list, is_justified } = paragraph;
        let (gap, line) = (points(*gap), points(*line));
        let end = if *is_justified { " + linebreak(justify: true)" } else { "" };
        let words = list.iter().map(|it| format!("[{it}], ")).collect::<Vec<_>>().concat();
        self.write(format_args!(
            "{{ let lines(body) = [{style}#par[#body]]; let words = ({words}); let start = used + {gap}; \
             let tall(n) = measure(block(width: room, lines(words.slice(0, n).join()))).height; \
             let (low, top) = (0, if start < high and below.len() == 0 {{ words.len() }} else {{ 0 }}); \
             while low < top {{ let middle = calc.quo(low + top + 1, 2); \
             if start + tall(middle) < high + {line} - 0.01pt {{ low = middle }} else {{ top = middle - 1 }} }}; \
             let rest = words.slice(low).join(); \
             if low == words.len() {{ beside += (v({gap}), lines(words.join())); used = start + tall(low) }} \
             else if low > 0 {{ beside += (v({gap}), lines(words.slice(0, low).join(){end})); below += ([#set par(first-line-indent: 0pt);#lines(rest)],) }} \
             else {{ below += (v(if below.len() > 0 {{ {gap} }} else {{ calc.max(0pt, start - calc.max(high, used)) }}), lines(rest)) }} }}; ",
        ));
    }
}

/// Whether the lines of a group may be parted: a paragraph without a frame.
pub(super) fn is_parted(group: &Group<'_>, flow: Flow<'_>) -> bool {
    let is_flowing = |it: &Node| it.is_inline() && !it.style.is_out_of_flow();
    let n_bytes = match group {
        Group::Line(nodes) => nodes.iter().map(|it| n_bytes(it)).sum(),
        Group::Block(node) => n_bytes(node),
        Group::Floats(_) | Group::Placed(_) => 0,
    };
    if n_bytes == 0 || n_bytes > TEXT_BYTES_MAX {
        return false;
    }
    match group {
        Group::Line(nodes) => nodes.iter().all(|it| is_flowing(it)),
        Group::Block(node) => {
            matches!(node.kind, Kind::Box)
                && node.style.display == Display::Block
                && node.style.min_height.is_none()
                && node.style.column_count.is_none()
                && node.style.column_width.is_none()
                && node.style.inherited.is_visible
                && node.link.is_none()
                && Frame::of(node, flow).is_transparent(node, flow)
                && !margins::is_empty(node)
                && node.children.iter().all(is_flowing)
                && node.children.iter().all(|it| it.style.float == crate::style::Float::None)
        }
        Group::Floats(_) | Group::Placed(_) => false,
    }
}

/// The length of all texts in a box.
pub(super) fn n_bytes(node: &Node) -> usize {
    let own = if let Kind::Text(text) = &node.kind { text.trim().len() } else { 0 };
    own + node.children.iter().map(n_bytes).sum::<usize>()
}
