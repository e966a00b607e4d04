//! The characters of texts: spaces, breaks, case.

use super::{Emitter, Flow, text};
use crate::{
    boxes::Node,
    metrics,
    style::{Case, Inherited, WhiteSpace, WordBreak},
};

/// The size of small capitals that are made of large ones, as browsers have it.
const SMALL_CAPITALS: f64 = 0.7;

impl Emitter<'_> {
    /// A text as its style wants it: spaces, breaks, case.
    pub(super) fn text(&mut self, text: &str, node: &Node, flow: Flow<'_>) {
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
                self.trim();
                if std::mem::replace(&mut self.has_pending_break, true) {
                    self.push("#linebreak();");
                }
                self.is_after_space = true;
            }
            let row = if style.white_space.collapses() {
                self.collapsed(row)
            } else {
                let tab = " ".repeat(usize::from(style.tab_size));
                row.replace('\t', &tab).replace('\r', "")
            };
            let row = parted(row, style, flow.width);
            if row.is_empty() {
                continue;
            }
            self.is_after_space = style.white_space.collapses() && row.ends_with(' ');
            self.flush();
            if style.white_space == WhiteSpace::NoWrap && row.trim().contains([' ', '-', '/']) {
                self.unbroken(&row, flow);
            } else {
                self.letters(&row, flow);
            }
        }
    }

    /// Takes away the space that a line ends with, which would be part of its width.
    pub(super) fn trim(&mut self) {
        let end = self.out.trim_end_matches("];").len();
        if self.is_after_space && self.out[..end].ends_with(" \";") {
            self.out.remove(end - " \";".len());
        }
    }

    /// A text that stays on one line.
    fn unbroken(&mut self, row: &str, flow: Flow<'_>) {
        let (start, end) = (row.starts_with(' '), row.ends_with(' '));
        if start {
            self.literal(" ");
        }
        self.push("#box[");
        self.letters(row.trim(), flow);
        self.push("];");
        if end {
            self.literal(" ");
        }
    }

    /// With small letters as capitals of a smaller size, where a face that is asked for them has none of its own.
    fn letters(&mut self, row: &str, flow: Flow<'_>) {
        if !flow.text.has_small_caps || text::has_small_capitals(flow.text) {
            return self.marked(row);
        }
        let is_small = |it: char| it.is_lowercase();
        let small = Inherited { size: flow.text.size * SMALL_CAPITALS, ..flow.text.clone() };
        let arguments = text::arguments(flow, &small, flow.strut);
        let mut rest = row;
        while let Some(first) = rest.chars().next() {
            let end = rest.find(|it| is_small(it) != is_small(first)).unwrap_or(rest.len());
            let (part, others) = rest.split_at(end);
            if is_small(first) {
                self.write(format_args!("#text({})[", arguments.as_str()));
                self.literal(&part.to_uppercase());
                self.push("];");
            } else {
                self.marked(part);
            }
            rest = others;
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

/// With places to end a line within words, where they are asked for.
fn parted(row: String, style: &Inherited, width: Option<f64>) -> String {
    /// Ends a line if it has to, and is not seen (Unicode, U+200B).
    const SPACE: char = '\u{200b}';
    let is_long = |word: &str| width.is_some_and(|it| metrics::width(word, style) > it);
    let is_parted = |word: &str| match style.word_break {
        WordBreak::Never => false,
        WordBreak::Long => is_long(word),
        WordBreak::Anywhere => true,
    };
    if !row.split(' ').any(is_parted) {
        return row;
    }
    let mut out = String::with_capacity(row.len() * 4);
    for word in row.split_inclusive(' ') {
        let is_parted = is_parted(word.trim_end());
        let mut was_letter = false;
        for it in word.chars() {
            // Marks stay with what they are on.
            if is_parted && was_letter && it.is_alphanumeric() {
                out.push(SPACE);
            }
            was_letter = it != ' ';
            out.push(it);
        }
    }
    out
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
