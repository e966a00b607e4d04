//! The size of pages, as `size` of `@page` says it (CSS Paged Media 3).

use crate::{
    css::{Token, Value, words},
    style::{Length, Scale},
};

/// Sides of pages by name; millimeters.
const SIZES: [(&str, f64, f64); 10] = [
    ("a3", 297.0, 420.0),
    ("a4", 210.0, 297.0),
    ("a5", 148.0, 210.0),
    ("a6", 105.0, 148.0),
    ("b4", 250.0, 353.0),
    ("b5", 176.0, 250.0),
    ("letter", 215.9, 279.4),
    ("legal", 215.9, 355.6),
    ("ledger", 279.4, 431.8),
    ("tabloid", 279.4, 431.8),
];
pub(super) const MILLIMETER: f64 = 72.0 / 25.4;
/// Nothing has room on a smaller page; points.
const SIDE_MIN: f64 = 10.0;

/// What `size` says.
#[derive(Clone, Copy, Default)]
pub(super) struct Size {
    pub(super) sides: Option<(f64, f64)>,
    pub(super) is_landscape: Option<bool>,
}

impl Size {
    /// `A4 landscape`, `100mm 50mm`, `landscape`.
    pub(super) fn of(value: &[Value]) -> Option<Self> {
        let mut size = Self::default();
        let mut lengths = Vec::new();
        for word in words(value) {
            match (word.keyword().as_deref(), &word.token) {
                (Some("auto"), _) => {}
                (Some("portrait"), _) => size.is_landscape = Some(false),
                (Some("landscape"), _) => size.is_landscape = Some(true),
                (Some(name), _) => {
                    let (_, width, height) = SIZES.iter().find(|it| it.0 == name)?;
                    size.sides = Some((width * MILLIMETER, height * MILLIMETER));
                }
                (None, Token::Dimension(..)) => {
                    let scale = Scale { em: 12.0, root: 12.0, page: (0.0, 0.0) };
                    lengths
                        .push(Length::parse(word, scale)?.of(None).filter(|it| *it >= SIDE_MIN)?);
                }
                _ => return None,
            }
        }
        match lengths[..] {
            [] => {}
            [both] => size.sides = Some((both, both)),
            [width, height] => size.sides = Some((width, height)),
            _ => return None,
        }
        Some(size)
    }
}
