//! Tables.

use std::rc::Rc;

use super::{
    Emitter, Flow, Origin,
    block::{SMALL, TABLE},
    paint,
    table_borders::{Shared, edge, shared},
    table_columns::Columns,
    table_rows::{Cell, Rows},
    text,
};
use crate::{
    boxes::Node,
    style::{Border, Color, Style, VerticalAlign},
    typst::{Arguments, points},
};

impl Emitter<'_> {
    pub(super) fn table(&mut self, node: &Node, flow: Flow<'_>) {
        let rows = Rows::of(node);
        let (below, above): (Vec<&Node>, Vec<_>) =
            rows.captions.iter().partition(|it| it.style.inherited.caption_is_below);
        for caption in above {
            self.block(caption, flow);
        }
        if rows.n_columns > 0 && flow.cost + TABLE + SMALL <= super::COST_MAX {
            self.rows(node, &rows, flow);
        } else if rows.n_columns > 0 {
            self.warn("boxes within too many boxes are shown without frames", node.line);
            for cell in &rows.cells {
                self.inside(cell.node, flow);
            }
        }
        for caption in below {
            self.block(caption, flow);
        }
    }

    fn rows(&mut self, node: &Node, rows: &Rows<'_>, flow: Flow<'_>) {
        let style = &node.style;
        let collapses = style.inherited.collapses;
        let (across, down) = if collapses { (0.0, 0.0) } else { style.inherited.spacing };
        let is_filled = style.width.is_some() || (!flow.shrinks && style.min_width.is_some());
        let columns = Columns::of(rows, flow, is_filled, style.has_fixed_layout, across);
        let shared = if collapses { shared(node, rows) } else { Shared::new() };
        if across > 0.0 || down > 0.0 {
            self.write(format_args!("#pad(x: {}, y: {})[", points(across), points(down)));
        }
        // Headers and footers stand on every page of the table.
        let n_body = rows.list.len() - rows.n_footer;
        let repeats = |it: &Cell<'_>| it.y < rows.n_header || it.y >= n_body;
        for cell in rows.cells.iter().filter(|it| repeats(it)) {
            if let Some(row) = rows.list[cell.y].node {
                self.anchor(row);
            }
            self.anchors(cell.node);
        }
        self.write(format_args!(
            "#table(columns: ({},), stroke: none, inset: 0pt",
            columns.typst.join(", ")
        ));
        if across > 0.0 || down > 0.0 {
            self.write(format_args!(
                ", column-gutter: {}, row-gutter: {}",
                points(across),
                points(down)
            ));
        }
        let mut section = 0;
        if rows.n_header > 0 {
            self.push(", table.header(");
        }
        for cell in &rows.cells {
            if section == 0 && cell.y >= rows.n_header {
                section = 1;
                self.push(if rows.n_header > 0 { ")" } else { "" });
            }
            if section == 1 && cell.y >= n_body && rows.n_footer > 0 {
                section = 2;
                self.push(", table.footer(");
            }
            let is_first =
                self.out.ends_with("table.header(") || self.out.ends_with("table.footer(");
            self.push(if is_first { "" } else { ", " });
            self.cell(cell, rows, &columns, &shared, across, flow);
        }
        if section == 2 || (section == 0 && rows.n_header > 0) {
            self.push(")");
        }
        self.push(");");
        if across > 0.0 || down > 0.0 {
            self.push("];");
        }
    }

    fn cell(
        &mut self,
        cell: &Cell<'_>,
        rows: &Rows<'_>,
        columns: &Columns,
        shared: &Shared,
        gap: f64,
        flow: Flow<'_>,
    ) {
        self.tell(cell.node);
        let style = &cell.node.style;
        let row = &rows.list[cell.y];
        let mut arguments = Arguments::default();
        arguments.add("x", &cell.x.to_string());
        arguments.add("y", &cell.y.to_string());
        if cell.columns > 1 {
            arguments.add("colspan", &cell.columns.to_string());
        }
        if cell.rows > 1 {
            arguments.add("rowspan", &cell.rows.to_string());
        }
        if let Some(fill) = fill(cell, rows) {
            arguments.add("fill", &fill);
        }
        let collapses = flow.text.collapses || style.inherited.collapses;
        let mut inset = Arguments::default();
        let mut strokes = Arguments::default();
        let (mut paddings, mut doubles) = ([0.0; 4], Vec::new());
        for (side, name) in ["top", "right", "bottom", "left"].iter().enumerate() {
            let (border, color) = match edge(cell, side).and_then(|it| shared.get(&it)) {
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
                strokes.add(name, &paint::stroke(border, color.faded(style.inherited.opacity)));
            }
            let padding = style.padding[side].of(flow.width).unwrap_or(0.0) + width;
            if padding > 0.0 {
                inset.add(name, &points(padding));
            }
            paddings[side] = padding;
        }
        let sides = paddings[1] + paddings[3];
        if !inset.is_empty() {
            arguments.add("inset", &format!("({})", inset.as_str()));
        }
        if !strokes.is_empty() {
            arguments.add("stroke", &format!("({})", strokes.as_str()));
        }
        let down = match vertical(cell, rows) {
            VerticalAlign::Middle => "horizon",
            VerticalAlign::Bottom => "bottom",
            _ => "top",
        };
        let align = text::side(&style.inherited);
        arguments.add("align", &format!("{} + {down}", text::side_name(align)));
        if style.stays_whole || row.node.is_some_and(|it| it.style.stays_whole) {
            arguments.add("breakable", "false");
        }
        self.write(format_args!("table.cell({})[", arguments.as_str()));
        let spanned = columns.widths.get(cell.x..cell.x + cell.columns).unwrap_or_default();
        let gaps = gap * f64::from(u32::try_from(cell.columns - 1).unwrap_or(0));
        let width: Option<f64> = spanned.iter().copied().sum();
        let width = width.map(|it| (it + gaps - sides).max(0.0));
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
        let is_measured = columns.typst.get(cell.x).is_some_and(|it| it == "auto");
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
        self.push("]");
    }
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
