//! How wide the columns of a table are (CSS 2, 17.5.2).

use super::{Flow, table_rows::Rows};
use crate::{boxes::Range, style::Length, typst::points};

/// Cells that Typst measures itself; it takes its time.
const MEASURED_MAX: usize = 600;

/// A table's columns.
pub(super) struct Columns {
    /// As Typst writes them.
    pub(super) typst: Vec<String>,
    /// Points, as far as they are known.
    pub(super) widths: Vec<Option<f64>>,
}

#[derive(Clone, Copy, Default)]
struct Column {
    range: Range,
    given: Option<Length>,
}

impl Columns {
    /// `width` is what there is room for, and whether it has to be filled; `gap` is between columns.
    pub(super) fn of(
        rows: &Rows<'_>,
        flow: Flow<'_>,
        is_filled: bool,
        is_fixed: bool,
        gap: f64,
    ) -> Self {
        let mut columns = vec![Column::default(); rows.n_columns];
        given(rows, &mut columns, is_fixed);
        if !(is_fixed && is_filled) {
            ranges(rows, &mut columns);
        }
        let n_gaps = f64::from(u32::try_from(rows.n_columns + 1).unwrap_or(1));
        let room = flow.width.map(|it| (it - gap * n_gaps).max(0.0));
        let most: f64 = columns.iter().map(|it| it.most(room)).sum();
        let has_share = columns.iter().any(|it| it.given.is_some_and(|it| it.percent > 0.0));
        match room {
            Some(room) if is_filled || most > room || has_share => {
                Self::known(&shared(&columns, room, is_fixed))
            }
            _ if rows.cells.len() <= MEASURED_MAX && !is_filled => {
                let typst = columns.iter().map(|it| match it.given {
                    Some(given) if given.percent == 0.0 => points(given.points.max(it.range.least)),
                    _ => "auto".to_owned(),
                });
                let widths = columns.iter().map(|it| Some(it.most(room)));
                Self { typst: typst.collect(), widths: widths.collect() }
            }
            None if is_filled => {
                let typst = columns.iter().map(|it| format!("{}fr", it.most(None).max(1.0)));
                Self { typst: typst.collect(), widths: vec![None; columns.len()] }
            }
            _ => Self::known(&columns.iter().map(|it| it.most(room)).collect::<Vec<_>>()),
        }
    }

    fn known(widths: &[f64]) -> Self {
        Self {
            typst: widths.iter().map(|it| points(*it)).collect(),
            widths: widths.iter().copied().map(Some).collect(),
        }
    }
}

impl Column {
    fn most(&self, room: Option<f64>) -> f64 {
        match self.given.and_then(|it| it.of(room)) {
            Some(given) => given.max(self.range.least),
            None => self.range.most,
        }
    }
}

/// Widths that the document gives.
fn given(rows: &Rows<'_>, columns: &mut [Column], is_fixed: bool) {
    let mut at = 0;
    for (style, count) in &rows.columns {
        for column in columns.iter_mut().skip(at).take(*count) {
            column.given = style.width;
        }
        at = at.saturating_add(*count);
    }
    for cell in rows.cells.iter().filter(|it| it.columns == 1 && (!is_fixed || it.y == 0)) {
        let style = &cell.node.style;
        let Some(width) = style.width else { continue };
        let around = if style.is_border_box || width.percent > 0.0 {
            Length::ZERO
        } else {
            style.inner(1) + style.inner(3)
        };
        let column = &mut columns[cell.x];
        let width = width + around;
        let is_wider =
            column.given.is_none_or(|it| (width.percent, width.points) > (it.percent, it.points));
        if is_wider {
            column.given = Some(width);
        }
    }
}

/// What the cells want.
fn ranges(rows: &Rows<'_>, columns: &mut [Column]) {
    for cell in rows.cells.iter().filter(|it| it.columns == 1) {
        let is_given = cell.node.style.width.is_some_and(|it| it.percent == 0.0);
        let range = cell.node.range();
        let range = if is_given { range } else { range.with_slack() };
        let column = &mut columns[cell.x].range;
        column.least = column.least.max(range.least);
        column.most = column.most.max(range.most);
    }
    for cell in rows.cells.iter().filter(|it| it.columns > 1) {
        let range = cell.node.range();
        let spanned = &mut columns[cell.x..cell.x + cell.columns];
        let count = f64::from(u32::try_from(spanned.len()).unwrap_or(1));
        let least: f64 = spanned.iter().map(|it| it.range.least).sum();
        let most: f64 = spanned.iter().map(|it| it.range.most).sum();
        for column in spanned.iter_mut() {
            column.range.least += ((range.least - least) / count).max(0.0);
            column.range.most += ((range.most - most) / count).max(0.0);
        }
    }
}

/// Shares out the room.
fn shared(columns: &[Column], room: f64, is_fixed: bool) -> Vec<f64> {
    let mut widths: Vec<Option<f64>> = columns
        .iter()
        .map(|it| {
            let given = it.given.and_then(|it| it.of(Some(room)))?;
            Some(if is_fixed { given } else { given.max(it.range.least) })
        })
        .collect();
    let free: Vec<usize> = (0..columns.len()).filter(|&it| widths[it].is_none()).collect();
    let used: f64 = widths.iter().flatten().sum();
    let left = (room - used).max(0.0);
    let sum =
        |of: fn(&Range) -> f64| -> f64 { free.iter().map(|&it| of(&columns[it].range)).sum() };
    let (least, most) = (sum(|it| it.least), sum(|it| it.most));
    let n_free = f64::from(u32::try_from(free.len()).unwrap_or(1)).max(1.0);
    for &at in &free {
        let range = columns[at].range;
        widths[at] = Some(if is_fixed || most <= 0.0 {
            left / n_free
        } else if most <= left {
            range.most * left / most
        } else if least >= left {
            range.least
        } else {
            range.least + (range.most - range.least) * (left - least) / (most - least)
        });
    }
    let mut widths: Vec<f64> = widths.into_iter().flatten().collect();
    let total: f64 = widths.iter().sum();
    let is_off = total > room || (free.is_empty() && total < room);
    if is_off && total > 0.0 && least < left.max(room) {
        for width in &mut widths {
            *width *= room / total;
        }
    }
    widths
}
