//! The values that properties have.

use std::rc::Rc;

use super::{Color, Length};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Display {
    None,
    Contents,
    Inline,
    InlineBlock,
    Block,
    ListItem,
    Table,
    InlineTable,
    Rows,
    Header,
    Footer,
    Row,
    Cell,
    Column,
    Columns,
    Caption,
    Flex,
    InlineFlex,
    Grid,
    InlineGrid,
}

impl Display {
    /// Whether it stands in a line.
    pub(crate) fn is_inline(self) -> bool {
        matches!(
            self,
            Self::Inline
                | Self::InlineBlock
                | Self::InlineTable
                | Self::InlineFlex
                | Self::InlineGrid
        )
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Position {
    Static,
    Relative,
    Absolute,
    Fixed,
    /// In the margin of pages, by this name.
    Running(Rc<str>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Float {
    None,
    Left,
    Right,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clear {
    None,
    Left,
    Right,
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum LineHeight {
    Normal,
    Factor(f64),
    Points(f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextAlign {
    Start,
    End,
    Left,
    Right,
    Center,
    Justify,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    AsIs,
    Upper,
    Lower,
    Capitals,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhiteSpace {
    Normal,
    NoWrap,
    Pre,
    PreWrap,
    PreLine,
}

impl WhiteSpace {
    pub(crate) fn collapses(self) -> bool {
        matches!(self, Self::Normal | Self::NoWrap | Self::PreLine)
    }

    pub(crate) fn keeps_breaks(self) -> bool {
        matches!(self, Self::Pre | Self::PreWrap | Self::PreLine)
    }

    pub(crate) fn wraps(self) -> bool {
        !matches!(self, Self::NoWrap | Self::Pre)
    }
}

/// Whether lines may end within words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WordBreak {
    Never,
    /// Where a word is longer than a line.
    Long,
    Anywhere,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ListKind {
    None,
    Disc,
    Circle,
    Square,
    Decimal,
    DecimalZero,
    LowerAlpha,
    UpperAlpha,
    LowerRoman,
    UpperRoman,
    LowerGreek,
    Text(Rc<str>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Border {
    /// Points.
    pub(crate) width: f64,
    pub(crate) line: Line,
    /// None is the color of the text.
    pub(crate) color: Option<Color>,
}

impl Border {
    pub(crate) const NONE: Self = Self { width: 2.25, line: Line::None, color: None };

    /// Whether it is two lines; what is thinner than three pixels has no room for them.
    pub(crate) fn is_double(self) -> bool {
        self.line == Line::Double && self.width >= 2.25
    }

    /// The width where there is a line; points.
    pub(crate) fn drawn(self) -> f64 {
        if matches!(self.line, Line::None | Line::Hidden) { 0.0 } else { self.width }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    None,
    Hidden,
    Solid,
    Dashed,
    Dotted,
    Double,
}

/// What is painted over the background's color.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Paint {
    pub(crate) image: PaintImage,
    pub(crate) size: PaintSize,
    pub(crate) position: (Length, Length),
    pub(crate) repeats: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PaintImage {
    /// In degrees, 0 upward and clockwise, as CSS has them.
    Linear {
        angle: f64,
        stops: Vec<Stop>,
    },
    Radial {
        stops: Vec<Stop>,
    },
    Address(Rc<str>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stop {
    pub(crate) color: Color,
    pub(crate) at: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum PaintSize {
    Auto,
    Cover,
    Contain,
    Given(Option<Length>, Option<Length>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum VerticalAlign {
    Baseline,
    Sub,
    Super,
    Top,
    Middle,
    Bottom,
    /// Up from the baseline.
    Shift(Length),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    Auto,
    Avoid,
    Page,
    Left,
    Right,
    Column,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    Fill,
    Contain,
    Cover,
}

/// Lines under, through and over a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Decoration {
    pub(crate) is_under: bool,
    pub(crate) is_through: bool,
    pub(crate) is_over: bool,
    pub(crate) color: Option<Color>,
    pub(crate) line: Line,
    /// Points.
    pub(crate) width: Option<f64>,
    /// Points.
    pub(crate) offset: Option<f64>,
}

impl Decoration {
    pub(crate) const NONE: Self = Self {
        is_under: false,
        is_through: false,
        is_over: false,
        color: None,
        line: Line::Solid,
        width: None,
        offset: None,
    };
}
