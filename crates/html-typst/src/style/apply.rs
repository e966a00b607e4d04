//! Sets what a declaration declares.

use std::{cell::Cell, collections::HashSet};

use super::{
    Color, Length, Scale, Style, apply_background, apply_box, apply_columns, apply_content,
    apply_flex, apply_flow, apply_font, apply_grid, apply_text, inherit,
};
use crate::css::{Value, words};

/// A style that is being made.
pub(super) struct Applying<'a> {
    pub(super) style: Style,
    pub(super) parent: &'a Style,
    pub(super) scale: Scale,
    /// Families of `@font-face` and what their faces call themselves.
    pub(super) families: &'a [(String, String)],
    /// The other families that there are, lower case; none where that isn't known.
    pub(super) known: Option<&'a HashSet<String>>,
    /// How the value that was set last differs from what is made of it.
    pub(super) remark: Cell<Option<&'static str>>,
}

/// Whether a property is known here, and then whether its value is.
pub(super) type Known = Option<Option<()>>;

/// Whether a declaration is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    UnknownProperty,
    UnknownValue,
}

/// Properties that have no effect on paper.
const IRRELEVANT: [&str; 35] = [
    "animation",
    "appearance",
    "backface-visibility",
    "caret-color",
    "color-adjust",
    "color-scheme",
    "content-visibility",
    "cursor",
    "font-display",
    "font-optical-sizing",
    "font-smooth",
    "font-synthesis",
    "forced-color-adjust",
    "image-rendering",
    "pointer-events",
    "print-color-adjust",
    "resize",
    "scroll-behavior",
    "scroll-margin",
    "scroll-padding",
    "scrollbar-color",
    "scrollbar-gutter",
    "scrollbar-width",
    "src",
    "tap-highlight-color",
    "text-rendering",
    "text-size-adjust",
    "touch-action",
    "transition",
    "transition-duration",
    "transition-property",
    "unicode-range",
    "user-select",
    "will-change",
    "zoom",
];

impl Applying<'_> {
    /// Sets the property `name`.
    pub(super) fn set(&mut self, name: &str, value: &[Value]) -> Outcome {
        let name = name
            .strip_prefix("-webkit-")
            .or_else(|| name.strip_prefix("-moz-"))
            .or_else(|| name.strip_prefix("-ms-"))
            .or_else(|| name.strip_prefix("-o-"))
            .unwrap_or(name);
        let words = words(value);
        if let [word] = words[..]
            && let Some(keyword) = word.keyword()
            && ["inherit", "initial", "unset", "revert", "revert-layer"].contains(&&*keyword)
        {
            return inherit::set(self, name, &keyword);
        }
        let known = apply_font::set(self, name, &words)
            .or_else(|| apply_text::set(self, name, &words))
            .or_else(|| apply_box::set(self, name, &words))
            .or_else(|| apply_background::set(self, name, value))
            .or_else(|| apply_flow::set(self, name, &words))
            .or_else(|| apply_flex::set(self, name, &words))
            .or_else(|| apply_columns::set(self, name, &words))
            .or_else(|| apply_grid::set(self, name, &words))
            .or_else(|| apply_content::set(self, name, value));
        match known {
            Some(Some(())) => Outcome::Done,
            Some(None) => Outcome::UnknownValue,
            None if IRRELEVANT.binary_search(&name).is_ok() => Outcome::Done,
            None => Outcome::UnknownProperty,
        }
    }

    /// Tells how what is made of a value differs from it.
    pub(super) fn remark(&self, remark: &'static str) {
        self.remark.set(Some(remark));
    }

    pub(super) fn length(&self, value: &Value) -> Option<Length> {
        Length::parse(value, self.scale)
    }

    /// A length of at least zero, without percentages; points.
    pub(super) fn points(&self, value: &Value) -> Option<f64> {
        Length::parse_points(value, self.scale).filter(|it| *it >= 0.0)
    }

    pub(super) fn color(&self, value: &Value) -> Option<Color> {
        Color::parse(value, self.style.inherited.color)
    }
}

/// The only word, in lower case.
pub(super) fn keyword(words: &[&Value]) -> Option<String> {
    match words {
        [word] => word.keyword(),
        _ => None,
    }
}

/// Of one to four values those for top, right, bottom and left.
pub(super) fn sides<T: Copy>(values: &[T]) -> Option<[T; 4]> {
    Some(match *values {
        [all] => [all; 4],
        [ends, sides] => [ends, sides, ends, sides],
        [top, sides, bottom] => [top, sides, bottom, sides],
        [top, right, bottom, left] => [top, right, bottom, left],
        _ => return None,
    })
}
