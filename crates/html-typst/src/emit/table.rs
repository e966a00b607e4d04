//! Tables.

use super::{
    Emitter, Flow,
    block::{SMALL, TABLE},
    table_borders::{Shared, shared},
    table_cells::Grid,
    table_columns::Columns,
    table_rows::{Cell, Rows},
};
use crate::{boxes::Node, typst::points};

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
        let mut grid = Grid::new(rows, columns, shared, across);
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
        let begin = self.out.len();
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
            self.cell(cell, &mut grid, flow);
        }
        if section == 2 || (section == 0 && rows.n_header > 0) {
            self.push(")");
        }
        self.push(");");
        self.out.insert_str(begin, &grid.begin());
        if across > 0.0 || down > 0.0 {
            self.push("];");
        }
    }
}
