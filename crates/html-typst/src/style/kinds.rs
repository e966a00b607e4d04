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

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Normal,
    None,
    Pieces(Rc<[Piece]>),
}

/// A part of generated content.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    Text(Rc<str>),
    Attribute(Rc<str>),
    Image(Rc<str>),
    Counter(Rc<str>, ListKind),
    Counters(Rc<str>, Rc<str>, ListKind),
    /// `content()`: the element's own text.
    Own,
    String(Rc<str>, Which),
    Element(Rc<str>, Which),
    /// The counter where the link of this attribute or address leads.
    TargetCounter(Target, Rc<str>, ListKind),
    TargetText(Target),
    Leader(Rc<str>),
    OpenQuote,
    CloseQuote,
    NoQuote,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Target {
    Attribute(Rc<str>),
    Address(Rc<str>),
}

/// Which of several values a page has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    First,
    Last,
    Start,
    FirstExcept,
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
