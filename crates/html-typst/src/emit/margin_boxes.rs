//! What stands in the margins of pages: headers, footers and the boxes at the sides.

use std::{fmt::Write as _, rc::Rc};

use super::{Emitter, Flow, Origin, flow::Open, page::Geometry, text};
use crate::{
    boxes::{Kind, Node, plain},
    css::{Along, MarginBox, PageRule, PageSide},
    style::{Content, Inherited, Style, Styled, TextAlign, VerticalAlign},
    typst::{Arguments, points},
    warnings::Place,
};

/// A box in the margin as a cell of a grid.
struct MarginCell {
    typst: String,
    /// With padding and border where the document says it; points.
    width: Option<f64>,
}

impl Emitter<'_> {
    /// The header or footer: on the first page, on left and on right ones what is said for them.
    pub(super) fn strip(
        &mut self,
        rules: &[&PageRule],
        page: &Style,
        geometry: &Geometry,
        sides: [f64; 2],
        is_header: bool,
    ) -> String {
        let of = |wanted: &[Option<PageSide>]| -> Vec<&PageRule> {
            rules.iter().filter(|it| wanted.contains(&it.selector.side)).copied().collect()
        };
        let has = |side: PageSide| rules.iter().any(|it| it.selector.side == Some(side));
        let mut content =
            |it: &[Option<PageSide>]| self.margin_boxes(&of(it), page, geometry, sides, is_header);
        let mut strip = content(&[None]);
        if has(PageSide::Left) || has(PageSide::Right) {
            let left = content(&[None, Some(PageSide::Left)]);
            let right = content(&[None, Some(PageSide::Right)]);
            strip = format!("context if calc.even(here().page()) {{ {left} }} else {{ {right} }}");
        }
        if has(PageSide::First) {
            let first = content(&[None, Some(PageSide::Right), Some(PageSide::First)]);
            strip = format!("context if here().page() == 1 {{ {first} }} else {{ {strip} }}");
        }
        strip
    }

    fn margin_boxes(
        &mut self,
        rules: &[&PageRule],
        page: &Style,
        geometry: &Geometry,
        sides: [f64; 2],
        is_header: bool,
    ) -> String {
        let Geometry { size, top, right, bottom, left, width } = geometry.clone();
        let height = if is_header { top } else { bottom };
        let row = if is_header { MarginBox::Top } else { MarginBox::Bottom };
        let [_, body_left] = sides;
        let mut boxes = self.row(rules, page, row, (width, height), body_left);
        let middle_height = size.1 - top - bottom;
        let mut place = |it: &mut Self,
                         wanted: MarginBox,
                         align,
                         x: f64,
                         y: f64,
                         width: f64,
                         height: f64| {
            if let Some(MarginCell { typst: cell, .. }) =
                it.margin_box(rules, page, wanted, align, width)
            {
                let _infallible = write!(
                    boxes,
                    "#place(top + left, dx: {}, dy: {}, block(width: {}, height: {})[#grid(columns: (1fr,), rows: (100%,), {cell})]);",
                    points(x - body_left),
                    points(y),
                    points(width),
                    points(height)
                );
            }
        };
        place(self, row(Along::StartCorner), TextAlign::Right, -left, 0.0, left, height);
        place(self, row(Along::EndCorner), TextAlign::Left, width, 0.0, right, height);
        if is_header {
            for along in [Along::Start, Along::Middle, Along::End] {
                place(
                    self,
                    MarginBox::Left(along),
                    TextAlign::Center,
                    -left,
                    top,
                    left,
                    middle_height,
                );
                place(
                    self,
                    MarginBox::Right(along),
                    TextAlign::Center,
                    width,
                    top,
                    right,
                    middle_height,
                );
            }
        }
        if boxes.is_empty() {
            return "none".to_owned();
        }
        format!("block(width: 100%, height: 100%)[#set align(left + top);{boxes}]")
    }

    /// The three boxes of a row, which begins `shift` to the left of where Typst begins; width and height in points.
    fn row(
        &mut self,
        rules: &[&PageRule],
        page: &Style,
        row: fn(Along) -> MarginBox,
        (width, height): (f64, f64),
        shift: f64,
    ) -> String {
        let mut cell = |along, align| self.margin_box(rules, page, row(along), align, width);
        let start = cell(Along::Start, TextAlign::Left);
        let middle = cell(Along::Middle, TextAlign::Center);
        let end = cell(Along::End, TextAlign::Right);
        let track = |it: &MarginCell| it.width.map_or("1fr".to_owned(), points);
        let filler = || ("1fr".to_owned(), "[]".to_owned());
        let has_middle = middle.is_some();
        let mut columns = Vec::new();
        match start {
            Some(it) if it.width.is_some() => columns.extend([(track(&it), it.typst), filler()]),
            Some(it) => columns.push((track(&it), it.typst)),
            None => columns.push(filler()),
        }
        if let Some(it) = middle {
            columns.push((it.width.map_or("auto".to_owned(), points), it.typst));
        }
        match end {
            Some(it) if it.width.is_some() => columns.extend([filler(), (track(&it), it.typst)]),
            Some(it) => columns.push((track(&it), it.typst)),
            None if has_middle => columns.push(filler()),
            None => {}
        }
        if columns.iter().all(|it| it.1 == "[]") {
            return String::new();
        }
        let (tracks, cells): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        format!(
            "#place(top + left, dx: {}, block(width: {}, height: {})[#grid(columns: ({},), rows: (100%,), {})]);",
            points(-shift),
            points(width),
            points(height),
            tracks.join(", "),
            cells.join(", ")
        )
    }

    /// A cell with the content of a box in the margin.
    fn margin_box(
        &mut self,
        rules: &[&PageRule],
        page: &Style,
        wanted: MarginBox,
        align: TextAlign,
        width: f64,
    ) -> Option<MarginCell> {
        let blocks = Styled::boxes(rules, wanted);
        if blocks.is_empty() {
            return None;
        }
        let mut parent = page.clone();
        let is_plain = |it: &Inherited| it.families.is_empty();
        if is_plain(&parent.inherited) {
            parent.inherited = self.tree.root.style.inherited.clone();
        }
        parent.inherited.align = align;
        let style = Rc::new(self.tree.styled.margin_box(&blocks, &parent));
        let Content::Pieces(pieces) = &style.content else { return None };
        let inline = Rc::new(style.child());
        let mut node = Node::new(style.clone(), Kind::Box);
        for piece in pieces.iter() {
            match plain(piece, &inline) {
                Some(it) => node.children.push(it),
                None => self.warnings.add("CSS `content` in a margin of pages has texts, counters, strings and elements only", Place::default()),
            }
        }
        let initial = Style::initial();
        let side = text::side(&style.inherited);
        let around = (style.inner(1) + style.inner(3)).of(Some(width)).unwrap_or(0.0);
        let own_width = style
            .width
            .and_then(|it| it.of(Some(width)))
            .map(|it| if style.is_border_box { (it - around).max(0.0) } else { it });
        let flow = Flow {
            text: &initial.inherited,
            strut: text::NO_STRUT,
            align: side,
            width: Some(own_width.unwrap_or(width)),
            shrinks: false,
            is_top: false,
            is_bare: true,
            height: None,
            origin: Some(Origin { width: None, height: None, padding: [0.0; 4] }),
            cost: 80,
        };
        let content = self.repeated(|it| {
            let flow = it.restyle(&style.inherited, flow);
            it.contents(&node, flow, Open { top: true, bottom: true });
            it.place_waiting(flow);
        });
        let down = match (style.vertical_align, wanted) {
            (VerticalAlign::Top, _)
            | (_, MarginBox::Left(Along::Start) | MarginBox::Right(Along::Start)) => "top",
            (VerticalAlign::Bottom, _)
            | (_, MarginBox::Left(Along::End) | MarginBox::Right(Along::End)) => "bottom",
            _ => "horizon",
        };
        let mut arguments = Arguments::default();
        arguments.add("align", &format!("{} + {down}", text::side_name(side)));
        super::items::frame(&style, &mut arguments);
        Some(MarginCell {
            typst: format!("grid.cell({})[{content}]", arguments.as_str()),
            width: own_width.map(|it| it + around),
        })
    }
}
