//! The cells of a table.

use std::{cmp::Reverse, collections::HashMap, fmt::Write as _, rc::Rc};

use super::{
    Emitter, Flow, Origin,
    block::TABLE,
    paint,
    table_borders::{Shared, edge},
    table_columns::Columns,
    table_rows::{Cell, Rows},
    text,
};
use crate::{
    boxes::Node,
    style::{Border, Color, Style, VerticalAlign},
    typst::{Arguments, points},
};

/// A table that is being written.
pub(super) struct Grid<'t> {
    rows: &'t Rows<'t>,
    columns: Columns,
    shared: Shared,
    /// Between columns; points.
    gap: f64,
    /// How its cells look, with a number and how many there are of them.
    looks: HashMap<Look, (usize, usize)>,
}

/// How a cell looks, in Typst's language. Most cells of a table share a few looks, which Typst reads once then.
#[derive(PartialEq, Eq, Hash)]
struct Look {
    fill: Option<String>,
    inset: String,
    stroke: String,
    align: String,
    stays_whole: bool,
}

impl<'t> Grid<'t> {
    pub(super) fn new(rows: &'t Rows<'t>, columns: Columns, shared: Shared, gap: f64) -> Self {
        Self { rows, columns, shared, gap, looks: HashMap::new() }
    }

    /// The number of `look`, which another cell has.
    fn number(&mut self, look: Look) -> usize {
        let next = self.looks.len();
        let (number, count) = self.looks.entry(look).or_insert((next, 0));
        *count += 1;
        *number
    }

    /// What most cells have of something.
    fn usual(&self, of: impl Fn(&Look) -> &str) -> &str {
        let mut counts = HashMap::new();
        for (look, (number, count)) in &self.looks {
            let (n_cells, first) = counts.entry(of(look)).or_insert((0, *number));
            *n_cells += count;
            *first = (*first).min(*number);
        }
        let most =
            counts.into_iter().max_by_key(|(_, (n_cells, first))| (*n_cells, Reverse(*first)));
        most.map_or("none", |it| it.0)
    }

    /// A function for each look, `c0`, `c1`, …, and the beginning of the table with what is usual in it.
    pub(super) fn begin(&self) -> String {
        // An empty place would have what is usual too.
        let is_full = self.rows.is_full();
        let inset = if is_full { self.usual(|it| &it.inset) } else { "0pt" };
        // Where borders are shared it is all the same which of two cells has one.
        let is_shared = is_full && !self.shared.is_empty();
        let stroke = if is_shared { self.usual(|it| &it.stroke) } else { "none" };
        let mut looks: Vec<_> =
            self.looks.iter().map(|(look, (number, _))| (number, look)).collect();
        looks.sort_by_key(|it| it.0);
        let mut text = String::new();
        for (number, look) in looks {
            let mut arguments = Arguments::default();
            if let Some(fill) = &look.fill {
                arguments.add("fill", fill);
            }
            for (name, value, usual) in
                [("inset", &look.inset, inset), ("stroke", &look.stroke, stroke)]
            {
                if value != usual {
                    arguments.add(name, value);
                }
            }
            arguments.add("align", &look.align);
            if look.stays_whole {
                arguments.add("breakable", "false");
            }
            let _infallible =
                write!(text, "#let c{number} = table.cell.with({});", arguments.as_str());
        }
        let columns = self.columns.typst.join(", ");
        let _infallible =
            write!(text, "#table(columns: ({columns},), stroke: {stroke}, inset: {inset}");
        text
    }
}

/// What is around the content of a cell: top, right, bottom, left.
struct Around {
    strokes: [String; 4],
    /// With the borders; points.
    paddings: [f64; 4],
    /// Borders that are drawn as two lines: their side, 0 or 2.
    doubles: Vec<(usize, Border, Color)>,
}

impl Emitter<'_> {
    fn around_cell(
        &self,
        cell: &Cell<'_>,
        grid: &Grid<'_>,
        collapses: bool,
        flow: Flow<'_>,
    ) -> Around {
        let style = &cell.node.style;
        let mut strokes = ["none"; 4].map(str::to_owned);
        let (mut paddings, mut doubles) = ([0.0; 4], Vec::new());
        for (side, padding) in paddings.iter_mut().enumerate() {
            let (border, color) = match edge(cell, side).and_then(|it| grid.shared.get(&it)) {
                Some(it) => *it,
                None if collapses => (Border::NONE, Color::TRANSPARENT),
                None => (style.border[side], style.border_color(side)),
            };
            let width = border.drawn() / if collapses { 2.0 } else { 1.0 };
            if border.is_double() && side % 2 == 0 {
                doubles.push((side, border, color));
            } else if border.drawn() > 0.0 {
                if border.is_double() {
                    self.tell_double(cell.node);
                }
                strokes[side] = paint::stroke(border, color.faded(style.inherited.opacity));
            }
            *padding = style.padding[side].of(flow.width).unwrap_or(0.0) + width;
        }
        Around { strokes, paddings, doubles }
    }

    pub(super) fn cell(&mut self, cell: &Cell<'_>, grid: &mut Grid<'_>, flow: Flow<'_>) {
        self.tell(cell.node);
        let style = &cell.node.style;
        let row = &grid.rows.list[cell.y];
        let mut place = Arguments::default();
        if !grid.rows.is_full() {
            place.add("x", &cell.x.to_string());
            place.add("y", &cell.y.to_string());
        }
        if cell.columns > 1 {
            place.add("colspan", &cell.columns.to_string());
        }
        if cell.rows > 1 {
            place.add("rowspan", &cell.rows.to_string());
        }
        let collapses = flow.text.collapses || style.inherited.collapses;
        let Around { strokes, paddings, doubles } = self.around_cell(cell, grid, collapses, flow);
        let down = match vertical(cell, grid.rows) {
            VerticalAlign::Middle => "horizon",
            VerticalAlign::Bottom => "bottom",
            _ => "top",
        };
        let align = text::side(&style.inherited);
        let look = grid.number(Look {
            fill: fill(cell, grid.rows),
            inset: sides("0pt", &paddings.map(points)),
            stroke: sides("none", &strokes),
            align: format!("{} + {down}", text::side_name(align)),
            stays_whole: style.stays_whole || row.node.is_some_and(|it| it.style.stays_whole),
        });
        self.write(format_args!("c{look}"));
        if !place.is_empty() {
            self.write(format_args!("({})", place.as_str()));
        }
        self.push("[");
        let begin = self.out.len();
        let spanned = grid.columns.widths.get(cell.x..cell.x + cell.columns).unwrap_or_default();
        let gaps = grid.gap * f64::from(u32::try_from(cell.columns - 1).unwrap_or(0));
        let width: Option<f64> = spanned.iter().copied().sum();
        let width = width.map(|it| (it + gaps - paddings[1] - paddings[3]).max(0.0));
        let inner = Flow {
            width,
            height: None,
            origin: Origin::of(style, width, None, flow.width),
            shrinks: false,
            is_bare: true,
            align,
            is_top: false,
            cost: flow.cost + TABLE,
            ..flow
        };
        // Measured columns are as wide as what is in them.
        let is_measured = grid.columns.typst.get(cell.x).is_some_and(|it| it == "auto");
        let inner = Flow { shrinks: is_measured && cell.columns == 1, ..inner };
        if let Some(row) = row.node {
            self.anchor(row);
        }
        for (side, border, color) in doubles {
            let color = color.faded(style.inherited.opacity);
            self.double(side, border, color, paddings, collapses);
        }
        let raised = raised(cell, row.node);
        self.inside(raised.as_ref().unwrap_or(cell.node), inner);
        // A text alone is quicker read as what it is.
        match text_alone(&self.out[begin..]) {
            Some(text) if place.is_empty() => {
                let text = format!("({text})");
                self.out.replace_range(begin - 1.., &text);
            }
            _ => self.push("]"),
        }
    }
}

/// What the sides have, as Typst takes it.
///
/// All the keys that it looks for are there: for one that isn't, it makes the text of an error, with each cell.
fn sides(nothing: &str, values: &[String; 4]) -> String {
    if values.iter().all(|it| it == nothing) {
        return nothing.to_owned();
    }
    let [top, right, bottom, left] = values;
    format!(
        "(rest: {nothing}, x: {nothing}, y: {nothing}, \
         top: {top}, right: {right}, bottom: {bottom}, left: {left})"
    )
}

/// The literal, if nothing else is written: `"a"` of `#"a";`.
fn text_alone(markup: &str) -> Option<&str> {
    let literal = markup.strip_prefix('#')?.strip_suffix(';')?;
    let text = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut is_escaped = false;
    let ends_within = text.bytes().any(|it| {
        let ends = it == b'"' && !is_escaped;
        is_escaped = it == b'\\' && !is_escaped;
        ends
    });
    (!ends_within && !is_escaped).then_some(literal)
}

/// A cell that is as high as its row has to be.
fn raised(cell: &Cell<'_>, row: Option<&Node>) -> Option<Node> {
    let height = row?.style.height?;
    if cell.node.style.height.is_some() || cell.rows > 1 {
        return None;
    }
    let mut style = (*cell.node.style).clone();
    style.height = Some(height);
    style.is_border_box = true;
    Some(Node { style: Rc::new(style), ..cell.node.clone() })
}

/// What is behind a cell: its own background over that of its row, the row's group and the column.
fn fill(cell: &Cell<'_>, rows: &Rows<'_>) -> Option<String> {
    let style = &cell.node.style;
    let row = &rows.list[cell.y];
    let column = {
        let mut at = 0;
        rows.columns.iter().find(|(_, count)| {
            at += count;
            cell.x < at
        })
    };
    let layers = [Some(&**style), row.node.map(|it| &*it.style), row.group, column.map(|it| it.0)];
    if layers.iter().flatten().next().is_some_and(|it| it.paint.is_some()) {
        return paint::fill(style);
    }
    let painted = layers.iter().flatten().find(|it| it.paint.is_some());
    let color = layers.iter().flatten().fold(Color::TRANSPARENT, |above, it| {
        above.over(it.background.faded(it.inherited.opacity))
    });
    if color.is_visible() { Some(color.typst()) } else { painted.and_then(|it| paint::fill(it)) }
}

/// Rows hand down how their cells are aligned, which is the default style's doing.
fn vertical(cell: &Cell<'_>, rows: &Rows<'_>) -> VerticalAlign {
    let row = &rows.list[cell.y];
    let of = |it: &Style| Some(it.vertical_align).filter(|it| *it != VerticalAlign::Baseline);
    of(&cell.node.style)
        .or_else(|| row.node.and_then(|it| of(&it.style)))
        .or_else(|| row.group.and_then(of))
        .unwrap_or(VerticalAlign::Baseline)
}
