//! The borders of cells: those that cells share, and double ones.

use std::collections::HashMap;

use super::{
    Emitter, paint,
    table_rows::{Cell, Rows},
};
use crate::{
    boxes::Node,
    style::{Border, Color, Line, Style},
    typst::points,
};

/// More borders than this are not compared with each other.
const BORDERS_MAX: usize = 4_000_000;

/// Borders of cells that share them: by place, which is 0 for the line above a cell and 1 for the one left of it.
pub(super) type Shared = HashMap<(usize, usize, u8), (Border, Color)>;

impl Emitter<'_> {
    /// The two lines of a double border above or below a cell; `paddings` are between its edge and its content, points.
    pub(super) fn double(
        &mut self,
        side: usize,
        border: Border,
        color: Color,
        paddings: [f64; 4],
        is_shared: bool,
    ) {
        let third = border.width / 3.0;
        let line = Border { width: third, line: Line::Solid, ..border };
        let (name, outward) = if side == 0 { ("top", -1.0) } else { ("bottom", 1.0) };
        // A border that cells share has its middle on their edge, another one is within the cell.
        let middle = if is_shared { 0.0 } else { -border.width / 2.0 };
        for shift in [middle - third, middle + third] {
            self.write(format_args!(
                "#place({name} + left, dx: {}, dy: {}, line(length: 100% + {}, stroke: {}));",
                points(-paddings[3]),
                points(outward * (paddings[side] + shift)),
                points(paddings[1] + paddings[3]),
                paint::stroke(line, color),
            ));
        }
    }
}

/// The place of a cell's edge in [`Shared`].
pub(super) fn edge(cell: &Cell<'_>, side: usize) -> Option<(usize, usize, u8)> {
    Some(match side {
        0 => (cell.x, cell.y, 0),
        1 => (cell.x + cell.columns, cell.y, 1),
        2 => (cell.x, cell.y + cell.rows, 0),
        3 => (cell.x, cell.y, 1),
        _ => return None,
    })
}

/// Which borders win where cells share them (CSS 2, 17.6.2.1).
pub(super) fn shared(table: &Node, rows: &Rows<'_>) -> Shared {
    let mut shared = Shared::new();
    let (n_columns, n_rows) = (rows.n_columns, rows.list.len());
    if n_columns.saturating_mul(n_rows) > BORDERS_MAX {
        return shared;
    }
    let mut put = |place: (usize, usize, u8), style: &Style, side: usize| {
        let border = style.border[side];
        if border.line == Line::None {
            return;
        }
        let is_stronger = |known: &Border| {
            known.line != Line::Hidden
                && (border.line == Line::Hidden || border.width > known.width)
        };
        if shared.get(&place).is_none_or(|it| is_stronger(&it.0)) {
            shared.insert(place, (border, style.border_color(side)));
        }
    };
    for cell in &rows.cells {
        for (x, y) in
            (cell.x..cell.x + cell.columns).flat_map(|x| [(x, cell.y), (x, cell.y + cell.rows)])
        {
            put((x, y, 0), &cell.node.style, if y == cell.y { 0 } else { 2 });
        }
        for (x, y) in
            (cell.y..cell.y + cell.rows).flat_map(|y| [(cell.x, y), (cell.x + cell.columns, y)])
        {
            put((x, y, 1), &cell.node.style, if x == cell.x { 3 } else { 1 });
        }
    }
    for (y, row) in rows.list.iter().enumerate() {
        let Some(row) = row.node.filter(|it| it.style.border.iter().any(|it| it.drawn() > 0.0))
        else {
            continue;
        };
        for x in 0..n_columns {
            put((x, y, 0), &row.style, 0);
            put((x, y + 1, 0), &row.style, 2);
        }
        put((0, y, 1), &row.style, 3);
        put((n_columns, y, 1), &row.style, 1);
    }
    groups(rows, &mut put);
    for x in 0..n_columns {
        put((x, 0, 0), &table.style, 0);
        put((x, n_rows, 0), &table.style, 2);
    }
    for y in 0..n_rows {
        put((0, y, 1), &table.style, 3);
        put((n_columns, y, 1), &table.style, 1);
    }
    shared
}

/// Borders of groups of rows: above the first and below the last of each.
fn groups(rows: &Rows<'_>, put: &mut impl FnMut((usize, usize, u8), &Style, usize)) {
    let same = |one: Option<&Style>, other: Option<&Style>| match (one, other) {
        (Some(one), Some(other)) => std::ptr::eq(one, other),
        _ => false,
    };
    for (y, row) in rows.list.iter().enumerate() {
        let Some(group) = row.group.filter(|it| it.border.iter().any(|it| it.drawn() > 0.0)) else {
            continue;
        };
        let is_first = y == 0 || !same(rows.list[y - 1].group, row.group);
        let is_last = rows.list.get(y + 1).is_none_or(|it| !same(it.group, row.group));
        for x in 0..rows.n_columns {
            if is_first {
                put((x, y, 0), group, 0);
            }
            if is_last {
                put((x, y + 1, 0), group, 2);
            }
        }
        put((0, y, 1), group, 3);
        put((rows.n_columns, y, 1), group, 1);
    }
}
