//! Text between tags, and what it costs.

use crate::{error::Fault, source::Scanner};

/// Text between tags that is longer costs extra, since the engine counts it as one step; shorter text is paid by the step.
const TEXT_BYTES_FREE: usize = 256;

impl Scanner<'_> {
    /// Text up to `end`; where it is long, its price stands before its first visible character.
    pub(crate) fn text(&mut self, end: usize) {
        let text = &self.source[self.at..end];
        match text.rsplit_once('\n') {
            Some((_, line)) => self.blank = line.trim().is_empty(),
            None => self.blank &= text.trim().is_empty(),
        }
        let next_trims = ["{{-", "{%-", "{#-"].iter().any(|it| self.source[end..].starts_with(it));
        if let Some(at) = price_at(text, self.trimming || next_trims) {
            self.copy(self.at + at);
            self.out.text.extend(["{{", &text.len().to_string(), "|_charged}}"]);
        }
        self.copy(end);
    }

    /// `{% raw %}…{% endraw %}`: whether it was one.
    pub(crate) fn raw(&mut self) -> Result<bool, Fault> {
        let Some((length, trims)) = word_tag(&self.source[self.at..], "raw") else {
            return Ok(false);
        };
        let start = self.at;
        let inside = start + length;
        let mut end = inside;
        let end_length = loop {
            let Some(next) = self.source[end..].find("{%") else {
                return Err(Fault::new(start, "`{% raw %}` is not closed"));
            };
            end += next;
            match word_tag(&self.source[end..], "endraw") {
                Some((length, _)) => break length,
                None => end += 2,
            }
        };
        let text = &self.source[inside..end];
        self.copy(inside);
        if let Some(at) = price_at(text, trims || self.source[end..].starts_with("{%-")) {
            self.copy(inside + at);
            let price = text.len().to_string();
            self.out.text.extend(["{% endraw %}{{", &price, "|_charged}}{% raw %}"]);
        }
        self.copy(end + end_length);
        self.trimming = self.source[..self.at].ends_with("-%}");
        self.blank = false;
        Ok(true)
    }
}

/// Where the price of a long text stands: before its first visible character, so that trimming still sees the white space.
fn price_at(text: &str, trimmed: bool) -> Option<usize> {
    let visible = text.len() - text.trim_start().len();
    let only_space = visible == text.len();
    let free = text.len() <= TEXT_BYTES_FREE || trimmed && only_space;
    (!free).then_some(if only_space { 0 } else { visible })
}

/// Length of a tag that is only `word`, and whether it trims what follows.
fn word_tag(source: &str, word: &str) -> Option<(usize, bool)> {
    let inside = source.strip_prefix("{%")?;
    let inside = inside.strip_prefix(['-', '+']).unwrap_or(inside).trim_ascii_start();
    let after = inside.strip_prefix(word)?.trim_ascii_start();
    let end = after.strip_prefix(['-', '+']).unwrap_or(after).strip_prefix("%}")?;
    Some((source.len() - end.len(), after.starts_with('-')))
}
