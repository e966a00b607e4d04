//! The values of properties that say where boxes stand: flex, grid, transforms.

use super::Length;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Flex {
    pub(crate) is_column: bool,
    pub(crate) is_reverse: bool,
    pub(crate) wraps: bool,
    pub(crate) grow: f64,
    pub(crate) shrink: f64,
    pub(crate) basis: Option<Length>,
}

impl Flex {
    pub(crate) const INITIAL: Self = Self {
        is_column: false,
        is_reverse: false,
        wraps: false,
        grow: 0.0,
        shrink: 1.0,
        basis: None,
    };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Distribution {
    Start,
    End,
    Center,
    Between,
    Around,
    Evenly,
    Stretch,
}

impl Distribution {
    /// Shares of the room that is left: before the first, between two, behind the last.
    pub(crate) fn shares(self) -> [f64; 3] {
        match self {
            Self::Start | Self::Stretch => [0.0; 3],
            Self::End => [1.0, 0.0, 0.0],
            Self::Center => [1.0, 0.0, 1.0],
            Self::Between => [0.0, 1.0, 0.0],
            Self::Around => [0.5, 1.0, 0.5],
            Self::Evenly => [1.0; 3],
        }
    }

    /// Whether no room is left between boxes.
    pub(crate) fn is_start(self) -> bool {
        matches!(self, Self::Start | Self::Stretch)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ItemAlign {
    Stretch,
    Start,
    End,
    Center,
    Baseline,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Grid {
    pub(crate) columns: Vec<Track>,
    pub(crate) rows: Vec<Track>,
    pub(crate) auto_rows: Option<Track>,
    /// Rows of names.
    pub(crate) areas: Vec<Vec<Box<str>>>,
    pub(crate) is_column_flow: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Track {
    Auto,
    Length(Length),
    Fraction(f64),
    /// As many columns of at least this width as there is room for.
    Fill(f64),
}

/// Lines of a grid; counted from 1, from the end where negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Placement {
    pub(crate) start: Option<i32>,
    pub(crate) end: Option<i32>,
    pub(crate) span: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Transform {
    /// Degrees, clockwise.
    Rotate(f64),
    Scale(f64, f64),
    Translate(Length, Length),
    /// Degrees.
    Skew(f64, f64),
}
