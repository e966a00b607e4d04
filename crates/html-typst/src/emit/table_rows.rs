//! The rows of a table and where its cells stand (HTML, 4.9.12).

use crate::{
    boxes::{Kind, Node},
    style::{Display, Style},
};

/// Cells of one table.
const CELLS_MAX: usize = 500_000;

/// A table's parts.
#[derive(Default)]
pub(super) struct Rows<'t> {
    pub(super) captions: Vec<&'t Node>,
    /// Styles of columns, with how many columns each is for.
    pub(super) columns: Vec<(&'t Style, usize)>,
    pub(super) list: Vec<Row<'t>>,
    pub(super) cells: Vec<Cell<'t>>,
    pub(super) n_columns: usize,
    pub(super) n_header: usize,
    pub(super) n_footer: usize,
}

pub(super) struct Row<'t> {
    pub(super) node: Option<&'t Node>,
    pub(super) group: Option<&'t Style>,
}

pub(super) struct Cell<'t> {
    pub(super) node: &'t Node,
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) columns: usize,
    pub(super) rows: usize,
}

impl<'t> Rows<'t> {
    pub(super) fn of(table: &'t Node) -> Self {
        let mut rows = Self::default();
        let (mut headers, mut bodies, mut footers) = (Vec::new(), Vec::new(), Vec::new());
        for child in table.children.iter().filter(|it| !it.is_blank()) {
            match child.style.display {
                Display::Caption => rows.captions.push(child),
                Display::Columns | Display::Column => rows.column(child),
                Display::Header => headers.push(child),
                Display::Footer => footers.push(child),
                _ => bodies.push(child),
            }
        }
        let mut taken = Vec::new();
        for header in headers {
            rows.group(header, &mut taken);
        }
        rows.n_header = rows.list.len();
        let mut loose = Vec::new();
        for body in bodies {
            match body.style.display {
                Display::Rows => {
                    rows.loose(&mut loose, &mut taken);
                    rows.group(body, &mut taken);
                }
                Display::Row => loose.push(Some(body)),
                // A cell without a row has one of its own, with those beside it.
                _ if matches!(body.kind, Kind::Cell { .. }) => {
                    rows.single(body, &mut loose, &mut taken);
                }
                _ => {}
            }
        }
        rows.loose(&mut loose, &mut taken);
        let n_before = rows.list.len();
        for footer in footers {
            rows.group(footer, &mut taken);
        }
        rows.n_footer = rows.list.len() - n_before;
        // A table of nothing else has no header to repeat.
        if rows.n_header + rows.n_footer == rows.list.len() {
            (rows.n_header, rows.n_footer) = (0, 0);
        }
        rows
    }

    /// Whether each place has a cell of its own, so that they need no numbers.
    pub(super) fn is_full(&self) -> bool {
        self.cells.len() == self.list.len() * self.n_columns
    }

    fn column(&mut self, node: &'t Node) {
        let inner: Vec<_> =
            node.children.iter().filter(|it| matches!(it.kind, Kind::Columns(_))).collect();
        match node.kind {
            Kind::Columns(count) if inner.is_empty() => self.columns.push((&node.style, count)),
            _ => inner.into_iter().for_each(|it| self.column(it)),
        }
    }

    fn group(&mut self, group: &'t Node, taken: &mut Vec<usize>) {
        let rows: Vec<_> =
            group.children.iter().filter(|it| it.style.display == Display::Row).collect();
        let n_rows = rows.len();
        for (index, row) in rows.into_iter().enumerate() {
            self.row(Some(row), Some(&group.style), &row.children, n_rows - index, taken);
        }
        taken.clear();
    }

    fn loose(&mut self, loose: &mut Vec<Option<&'t Node>>, taken: &mut Vec<usize>) {
        let n_rows = loose.len();
        for (index, row) in loose.drain(..).flatten().enumerate() {
            self.row(Some(row), None, &row.children, n_rows - index, taken);
        }
        taken.clear();
    }

    fn single(
        &mut self,
        cell: &'t Node,
        loose: &mut Vec<Option<&'t Node>>,
        taken: &mut Vec<usize>,
    ) {
        self.loose(loose, taken);
        let y = self.list.len();
        match self.cells.last() {
            Some(last) if y > 0 && self.list[y - 1].node.is_none() => {
                let x = last.x + last.columns;
                self.cells.push(Cell { node: cell, x, y: y - 1, columns: 1, rows: 1 });
                self.n_columns = self.n_columns.max(x + 1);
            }
            _ => self.row(None, None, std::slice::from_ref(cell), 1, taken),
        }
    }

    fn row(
        &mut self,
        node: Option<&'t Node>,
        group: Option<&'t Style>,
        children: &'t [Node],
        n_left: usize,
        taken: &mut Vec<usize>,
    ) {
        let y = self.list.len();
        self.list.push(Row { node, group });
        let mut x = 0;
        for cell in children {
            let Kind::Cell { columns, rows } = cell.kind else { continue };
            if self.cells.len() == CELLS_MAX {
                break;
            }
            while taken.get(x).is_some_and(|it| *it > 0) {
                x += 1;
            }
            let is_free = |it: &usize| taken.get(x + it).is_none_or(|it| *it == 0);
            let columns = (0..columns).take_while(is_free).count().max(1);
            let rows = rows.clamp(1, n_left);
            if taken.len() < x + columns {
                taken.resize(x + columns, 0);
            }
            taken[x..x + columns].fill(rows);
            self.cells.push(Cell { node: cell, x, y, columns, rows });
            x += columns;
            self.n_columns = self.n_columns.max(x);
        }
        for rows in taken {
            *rows = rows.saturating_sub(1);
        }
    }
}
