//! Computed styles: what every element looks like after the cascade.

mod apply;
mod apply_background;
mod apply_box;
mod apply_columns;
mod apply_content;
mod apply_flex;
mod apply_flow;
mod apply_font;
mod apply_grid;
mod apply_text;
mod cascade;
mod color;
mod color_mix;
mod color_names;
pub(crate) mod fonts;
mod hints;
mod inherit;
mod kinds;
mod kinds_content;
mod kinds_layout;
mod length;
mod oklab;
mod variables;

use std::{collections::HashMap, rc::Rc};

use crate::css::Value;

pub(crate) use self::{
    cascade::{Styled, attribute},
    color::Color,
    kinds::{
        Border, Break, Case, Clear, Decoration, Display, Fit, Float, Line, LineHeight, ListKind,
        Paint, PaintImage, PaintSize, Position, Stop, TextAlign, VerticalAlign, WhiteSpace,
        WordBreak,
    },
    kinds_content::{Content, Piece, Target, Which},
    kinds_layout::{Distribution, Flex, Grid, ItemAlign, Placement, Track, Transform},
    length::{Length, Scale},
};

/// What an element hands down to what is in it.
#[expect(clippy::struct_excessive_bools, reason = "every property of CSS is one of its own")]
#[derive(Clone, Debug)]
pub(crate) struct Inherited {
    pub(crate) color: Color,
    pub(crate) families: Rc<[String]>,
    /// Points.
    pub(crate) size: f64,
    pub(crate) weight: u16,
    pub(crate) is_italic: bool,
    pub(crate) has_small_caps: bool,
    pub(crate) has_tabular_numbers: bool,
    pub(crate) has_old_numbers: bool,
    pub(crate) has_kerning: bool,
    /// OpenType features with their values.
    pub(crate) features: Rc<[(String, u32)]>,
    /// Points.
    pub(crate) letter_spacing: f64,
    /// Points.
    pub(crate) word_spacing: f64,
    pub(crate) line_height: LineHeight,
    pub(crate) align: TextAlign,
    pub(crate) indent: Length,
    pub(crate) case: Case,
    pub(crate) white_space: WhiteSpace,
    pub(crate) is_rtl: bool,
    pub(crate) lang: Rc<str>,
    pub(crate) has_hyphens: bool,
    pub(crate) list_kind: ListKind,
    pub(crate) list_is_inside: bool,
    pub(crate) collapses: bool,
    /// Between cells, horizontally and vertically; points.
    pub(crate) spacing: (f64, f64),
    pub(crate) caption_is_below: bool,
    pub(crate) is_visible: bool,
    pub(crate) opacity: f64,
    /// Whether the first line of a paragraph stays with the second.
    pub(crate) keeps_orphans: bool,
    /// Whether the last line of a paragraph stays with the one before.
    pub(crate) keeps_widows: bool,
    pub(crate) word_break: WordBreak,
    /// Whether lines end where the whole paragraph looks best.
    pub(crate) breaks_pretty: bool,
    /// In spaces.
    pub(crate) tab_size: u8,
    pub(crate) quotes: Rc<[(String, String)]>,
    pub(crate) variables: Rc<HashMap<Box<str>, Rc<[Value]>>>,
}

/// Named strings and what they are made of.
pub(crate) type Strings = Rc<[(Rc<str>, Rc<[Piece]>)]>;
/// Counters and their numbers.
pub(crate) type Numbers = Rc<[(Rc<str>, i32)]>;

/// The style of an element.
#[expect(clippy::struct_excessive_bools, reason = "every property of CSS is one of its own")]
#[derive(Clone, Debug)]
pub(crate) struct Style {
    pub(crate) inherited: Inherited,
    pub(crate) display: Display,
    pub(crate) position: Position,
    pub(crate) float: Float,
    pub(crate) clear: Clear,
    pub(crate) width: Option<Length>,
    pub(crate) height: Option<Length>,
    pub(crate) min_width: Option<Length>,
    pub(crate) max_width: Option<Length>,
    pub(crate) min_height: Option<Length>,
    pub(crate) max_height: Option<Length>,
    /// Top, right, bottom, left, as all fours below; none is `auto`.
    pub(crate) margin: [Option<Length>; 4],
    pub(crate) padding: [Length; 4],
    pub(crate) border: [Border; 4],
    /// Top left, top right, bottom right, bottom left.
    pub(crate) radius: [Length; 4],
    pub(crate) background: Color,
    pub(crate) paint: Option<Rc<Paint>>,
    pub(crate) is_border_box: bool,
    /// As wide as what is in it.
    pub(crate) fits_content: bool,
    pub(crate) clips: bool,
    pub(crate) vertical_align: VerticalAlign,
    pub(crate) break_before: Break,
    pub(crate) break_after: Break,
    pub(crate) stays_whole: bool,
    pub(crate) page: Option<Rc<str>>,
    pub(crate) flex: Flex,
    pub(crate) justify: Distribution,
    pub(crate) align_content: Distribution,
    pub(crate) align_items: ItemAlign,
    pub(crate) align_self: Option<ItemAlign>,
    pub(crate) justify_items: ItemAlign,
    pub(crate) justify_self: Option<ItemAlign>,
    pub(crate) order: i32,
    /// Between rows and between columns.
    pub(crate) gap: (Length, Length),
    pub(crate) grid: Rc<Grid>,
    pub(crate) grid_column: Placement,
    pub(crate) grid_row: Placement,
    pub(crate) grid_area: Option<Rc<str>>,
    pub(crate) column_count: Option<usize>,
    /// Points.
    pub(crate) column_width: Option<f64>,
    pub(crate) spans_columns: bool,
    pub(crate) content: Content,
    pub(crate) counter_reset: Numbers,
    pub(crate) counter_set: Numbers,
    pub(crate) counter_increment: Numbers,
    pub(crate) string_set: Strings,
    pub(crate) transform: Rc<[Transform]>,
    pub(crate) origin: (Length, Length),
    /// `top`, `right`, `bottom`, `left`.
    pub(crate) inset: [Option<Length>; 4],
    pub(crate) z_index: i32,
    pub(crate) fit: Fit,
    /// 0 for none.
    pub(crate) bookmark_level: u8,
    pub(crate) decoration: Decoration,
    pub(crate) has_fixed_layout: bool,
    /// The text with a direction of its own.
    pub(crate) isolates: bool,
}

impl Style {
    /// Of the document, before anything is said.
    pub(crate) fn initial() -> Self {
        Self {
            inherited: Inherited::initial(),
            display: Display::Inline,
            position: Position::Static,
            float: Float::None,
            clear: Clear::None,
            width: None,
            height: None,
            min_width: None,
            max_width: None,
            min_height: None,
            max_height: None,
            margin: [Some(Length::ZERO); 4],
            padding: [Length::ZERO; 4],
            border: [Border::NONE; 4],
            radius: [Length::ZERO; 4],
            background: Color::TRANSPARENT,
            paint: None,
            is_border_box: false,
            fits_content: false,
            clips: false,
            vertical_align: VerticalAlign::Baseline,
            break_before: Break::Auto,
            break_after: Break::Auto,
            stays_whole: false,
            page: None,
            flex: Flex::INITIAL,
            justify: Distribution::Start,
            align_content: Distribution::Start,
            align_items: ItemAlign::Stretch,
            align_self: None,
            justify_items: ItemAlign::Stretch,
            justify_self: None,
            order: 0,
            gap: (Length::ZERO, Length::ZERO),
            grid: Rc::new(Grid::default()),
            grid_column: Placement::default(),
            grid_row: Placement::default(),
            grid_area: None,
            column_count: None,
            column_width: None,
            spans_columns: false,
            content: Content::Normal,
            counter_reset: Rc::new([]),
            counter_set: Rc::new([]),
            counter_increment: Rc::new([]),
            string_set: Rc::new([]),
            transform: Rc::new([]),
            origin: (Length::percent(50.0), Length::percent(50.0)),
            inset: [None; 4],
            z_index: 0,
            fit: Fit::Fill,
            bookmark_level: 0,
            decoration: Decoration::NONE,
            has_fixed_layout: false,
            isolates: false,
        }
    }

    /// Of a child, before anything is said about it.
    pub(crate) fn child(&self) -> Self {
        Self { inherited: self.inherited.clone(), ..Self::initial() }
    }

    /// Width of the border that is drawn; points.
    pub(crate) fn edge(&self, side: usize) -> f64 {
        self.border[side].drawn()
    }

    /// Padding and border.
    pub(crate) fn inner(&self, side: usize) -> Length {
        self.padding[side] + Length::points(self.edge(side))
    }

    pub(crate) fn has_box(&self) -> bool {
        self.background.is_visible()
            || self.paint.is_some()
            || (0..4).any(|side| self.edge(side) > 0.0)
    }

    pub(crate) fn is_out_of_flow(&self) -> bool {
        matches!(self.position, Position::Absolute | Position::Fixed | Position::Running(_))
    }

    pub(crate) fn border_color(&self, side: usize) -> Color {
        self.border[side].color.unwrap_or(self.inherited.color)
    }
}

impl Inherited {
    fn initial() -> Self {
        Self {
            color: Color::BLACK,
            families: Rc::new([]),
            size: 12.0,
            weight: 400,
            is_italic: false,
            has_small_caps: false,
            has_tabular_numbers: false,
            has_old_numbers: false,
            has_kerning: true,
            features: Rc::new([]),
            letter_spacing: 0.0,
            word_spacing: 0.0,
            line_height: LineHeight::Normal,
            align: TextAlign::Start,
            indent: Length::ZERO,
            case: Case::AsIs,
            white_space: WhiteSpace::Normal,
            is_rtl: false,
            lang: "".into(),
            has_hyphens: false,
            list_kind: ListKind::Disc,
            list_is_inside: false,
            collapses: false,
            spacing: (0.0, 0.0),
            caption_is_below: false,
            is_visible: true,
            opacity: 1.0,
            keeps_orphans: true,
            keeps_widows: true,
            word_break: WordBreak::Never,
            breaks_pretty: false,
            tab_size: 8,
            quotes: Rc::new([("“".into(), "”".into()), ("‘".into(), "’".into())]),
            variables: Rc::default(),
        }
    }
}
