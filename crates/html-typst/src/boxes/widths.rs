//! How wide boxes want to be.

use super::{Kind, Node};
use crate::{
    metrics,
    style::{Display, Length, WhiteSpace},
};

/// Deeper boxes are as wide as what is above them.
const DEPTH_MAX: usize = 40;

/// The least width without overflow, and the width without line breaks; points.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Range {
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Range {
    fn or(self, other: Self) -> Self {
        Self { least: self.least.max(other.least), most: self.most.max(other.most) }
    }

    fn plus(self, points: f64) -> Self {
        Self { least: self.least + points, most: self.most + points }
    }

    /// Estimates are so much below what a text may need.
    pub(crate) fn with_slack(self) -> Self {
        const SLACK: f64 = 1.03;
        Self { least: self.least * SLACK + 0.5, most: self.most * SLACK + 0.5 }
    }

    fn fixed(points: f64) -> Self {
        Self { least: points, most: points }
    }
}

impl Node {
    /// The widths of the box, its padding, border and margins included.
    pub(crate) fn range(&self) -> Range {
        self.range_at(DEPTH_MAX)
    }

    fn range_at(&self, depth: usize) -> Range {
        let style = &self.style;
        let around = |it: Option<Length>| it.map_or(0.0, |it| it.points);
        let margins = around(style.margin[1]) + around(style.margin[3]);
        let padding = style.inner(1).points + style.inner(3).points;
        let (padding, margins) = match self.kind {
            Kind::Cell { .. } => (padding, 0.0),
            _ => (padding, margins),
        };
        let fixed = |it: Option<Length>| it.filter(|it| it.percent == 0.0).map(|it| it.points);
        if let Kind::Image { image, .. } = &self.kind {
            let natural = image.size.map_or(0.0, |it| it.0 * 0.75);
            let width = fixed(style.width).or_else(|| {
                let (height, size) = (fixed(style.height)?, image.size?);
                Some(height * size.0 / size.1.max(1.0))
            });
            let width = width.unwrap_or(natural).min(fixed(style.max_width).unwrap_or(f64::MAX));
            return Range::fixed(width).plus(padding + margins);
        }
        if let Some(width) = fixed(style.width)
            && (!style.display.is_inline() || style.display != Display::Inline)
        {
            let inner = if style.is_border_box { 0.0 } else { padding };
            let range = Range::fixed(width).plus(inner + margins);
            // Columns are at least as wide as the words in them.
            return match (&self.kind, depth.checked_sub(1)) {
                (Kind::Cell { .. }, Some(depth)) => {
                    let least = self.content_range(depth).with_slack().least;
                    range.or(Range::fixed(least).plus(padding))
                }
                _ => range,
            };
        }
        let content = match depth.checked_sub(1) {
            Some(depth) => self.content_range(depth),
            None => Range::default(),
        };
        let least = content.least.max(fixed(style.min_width).unwrap_or(0.0));
        let most = content.most.min(fixed(style.max_width).unwrap_or(f64::MAX)).max(least);
        Range { least, most }.plus(padding + margins)
    }

    /// Of what is in the box.
    fn content_range(&self, depth: usize) -> Range {
        let is_row = matches!(self.style.display, Display::Row)
            || (matches!(self.style.display, Display::Flex | Display::InlineFlex)
                && !self.style.flex.is_column);
        if is_row {
            let gap = self.style.gap.1.points;
            let ranges =
                self.children.iter().filter(|it| !it.is_blank()).map(|it| it.range_at(depth));
            return ranges.fold(Range::default(), |sum, it| Range {
                least: sum.least + it.least,
                most: sum.most + it.most + gap,
            });
        }
        let mut total = Range::default();
        let mut line = Line::default();
        self.lines(&mut line, &mut total, depth);
        line.end(&mut total);
        total
    }

    fn lines(&self, line: &mut Line, total: &mut Range, depth: usize) {
        let around = |it: Option<Length>| it.map_or(0.0, |it| it.points);
        for child in &self.children {
            match &child.kind {
                Kind::Text(text) => line.text(text, child, total),
                Kind::LineBreak => line.end(total),
                Kind::Page { .. } | Kind::TargetPage(..) | Kind::TargetCounter(..) => {
                    line.add(metrics::width("00", &child.style.inherited));
                }
                Kind::UseString(..) | Kind::UseRunning(..) => {
                    line.add(child.style.inherited.size * 10.0);
                }
                Kind::Leader(_) | Kind::SetString(_) | Kind::SetRunning(_) => {}
                Kind::Box if child.style.is_out_of_flow() => {}
                Kind::Box if child.style.display == Display::Inline && child.is_inline() => {
                    line.add(child.style.inner(3).points + around(child.style.margin[3]));
                    if let Some(depth) = depth.checked_sub(1) {
                        child.lines(line, total, depth);
                    }
                    line.add(child.style.inner(1).points + around(child.style.margin[1]));
                }
                _ if child.is_inline() => {
                    let range = child.range_at(depth);
                    line.space(total);
                    line.word = range.least;
                    line.all += range.most;
                    line.space(total);
                }
                _ => {
                    line.end(total);
                    *total = total.or(child.range_at(depth));
                }
            }
        }
    }
}

/// A line that is being filled.
#[derive(Default)]
struct Line {
    word: f64,
    all: f64,
}

impl Line {
    fn add(&mut self, points: f64) {
        self.word += points;
        self.all += points;
    }

    /// A place where the line may end.
    fn space(&mut self, total: &mut Range) {
        total.least = total.least.max(self.word);
        self.word = 0.0;
    }

    fn end(&mut self, total: &mut Range) {
        self.space(total);
        total.most = total.most.max(self.all);
        self.all = 0.0;
    }

    fn text(&mut self, text: &str, node: &Node, total: &mut Range) {
        let style = &node.style.inherited;
        let space = metrics::width(" ", style);
        let keeps_breaks = style.white_space.keeps_breaks();
        let wraps = style.white_space.wraps();
        let mut is_first = true;
        for row in text.split(|it| keeps_breaks && it == '\n') {
            if !std::mem::take(&mut is_first) {
                self.end(total);
            }
            if style.white_space == WhiteSpace::Pre {
                self.add(metrics::width(row, style));
                continue;
            }
            let mut has_space = row.starts_with(|it: char| it.is_ascii_whitespace());
            for word in row.split_ascii_whitespace() {
                if has_space && self.all > 0.0 {
                    if wraps {
                        self.space(total);
                        self.all += space;
                    } else {
                        self.add(space);
                    }
                }
                self.add(metrics::width(word, style));
                has_space = true;
            }
            if has_space && row.ends_with(|it: char| it.is_ascii_whitespace()) && self.all > 0.0 {
                if wraps {
                    self.space(total);
                    self.all += space;
                } else {
                    self.add(space);
                }
            }
        }
    }
}
