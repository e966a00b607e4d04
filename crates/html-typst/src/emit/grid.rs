//! Grid containers.

use std::collections::HashSet;

use super::{
    Emitter, Flow,
    block::{GRID, SMALL},
    flow::Open,
    items::Beside,
    text,
};
use crate::{
    boxes::Node,
    style::{Grid, Inherited, ItemAlign, Placement, TextAlign, Track},
    typst::{Arguments, number, points},
};

/// Rows that one item may be put below.
const ROWS_MAX: usize = 10_000;

/// Where an item stands.
struct Area {
    x: usize,
    y: usize,
    columns: usize,
    rows: usize,
}

impl Emitter<'_> {
    pub(super) fn grid(&mut self, node: &Node, flow: Flow<'_>) {
        if flow.cost + GRID + SMALL > super::COST_MAX {
            return self.contents(node, flow, Open { top: false, bottom: false });
        }
        let items = self.items(node, flow);
        let style = &node.style;
        let (row_gap, gap) =
            (style.gap.0.of(flow.width).unwrap_or(0.0), style.gap.1.of(flow.width).unwrap_or(0.0));
        let tracks = tracks(&style.grid, flow.width, gap, items.len());
        let areas = areas(&style.grid, &items, tracks.len());
        let n_columns =
            areas.iter().map(|it| it.x + it.columns).max().unwrap_or(1).max(tracks.len());
        let widths = widths(&tracks, n_columns, flow.width, gap);
        let track = |it: &Track| match it {
            Track::Auto => "auto".to_owned(),
            Track::Length(it) => it.of(flow.width).map_or_else(|| it.typst(), points),
            Track::Fraction(it) => format!("{}fr", number(*it)),
            Track::Fill(it) => points(*it),
        };
        // Columns that nobody sizes share the room.
        let is_alone = tracks.is_empty();
        let columns: Vec<_> = (0..n_columns)
            .map(|it| {
                tracks.get(it).map_or_else(
                    || if is_alone { "1fr".to_owned() } else { "auto".to_owned() },
                    track,
                )
            })
            .collect();
        let mut rows: Vec<_> = style
            .grid
            .rows
            .iter()
            .map(|it| match it {
                Track::Fraction(_) => "auto".to_owned(),
                other => track(other),
            })
            .collect();
        rows.push(style.grid.auto_rows.as_ref().map_or_else(|| "auto".to_owned(), track));
        let beside = Beside::of(&items);
        let mut cells = Vec::new();
        for (item, area) in items.iter().zip(&areas) {
            let mut place = Arguments::default();
            place.add("x", &area.x.to_string());
            place.add("y", &area.y.to_string());
            place.add("colspan", &area.columns.to_string());
            place.add("rowspan", &area.rows.to_string());
            let spanned = &widths[area.x..(area.x + area.columns).min(widths.len())];
            let n_gaps = f64::from(u32::try_from(spanned.len().saturating_sub(1)).unwrap_or(0));
            let width: Option<f64> = spanned.iter().copied().sum::<Option<f64>>();
            let inner = Flow {
                width: width.map(|it| it + n_gaps * gap),
                shrinks: false,
                ..flow.within(GRID)
            };
            let mut align = item.style.align_self.unwrap_or(style.align_items);
            let side = match item.style.justify_self.unwrap_or(style.justify_items) {
                ItemAlign::Stretch | ItemAlign::Baseline => None,
                ItemAlign::Start => Some(TextAlign::Start),
                ItemAlign::Center => Some(TextAlign::Center),
                ItemAlign::End => Some(TextAlign::End),
            };
            let inner = match side {
                None => inner,
                Some(side) => {
                    // It is no wider than what is in it, so that the cell can't be its frame.
                    align = if align == ItemAlign::Stretch { ItemAlign::Start } else { align };
                    let align = text::side(&Inherited { align: side, ..style.inherited.clone() });
                    Flow { shrinks: true, align, ..inner }
                }
            };
            cells.push(self.item_cell(item, align, beside, &place, inner));
        }
        self.write(format_args!(
            "#grid(columns: ({},), rows: ({},), column-gutter: {}, row-gutter: {}, {});",
            columns.join(", "),
            rows.join(", "),
            points(gap),
            points(row_gap),
            cells.join(", "),
        ));
    }
}

/// The columns, with those that fill the room counted.
fn tracks(grid: &Grid, width: Option<f64>, gap: f64, n_items: usize) -> Vec<Track> {
    if grid.columns.is_empty() && grid.is_column_flow {
        return vec![Track::Fraction(1.0); n_items.min(100)];
    }
    if grid.columns.is_empty() && !grid.areas.is_empty() {
        return vec![
            Track::Fraction(1.0);
            grid.areas.iter().map(Vec::len).max().unwrap_or(1).max(1)
        ];
    }
    let mut tracks = Vec::new();
    for track in &grid.columns {
        match track {
            Track::Fill(least) => {
                let room = width.unwrap_or(400.0);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a few columns"
                )]
                let count = ((room + gap + 0.5) / (least + gap)).floor().clamp(1.0, 100.0) as usize;
                tracks.extend(std::iter::repeat_n(Track::Fraction(1.0), count));
            }
            other => tracks.push(*other),
        }
    }
    tracks
}

/// The columns' widths as far as they are known; points.
fn widths(tracks: &[Track], n_columns: usize, width: Option<f64>, gap: f64) -> Vec<Option<f64>> {
    let n_gaps = f64::from(u32::try_from(n_columns.saturating_sub(1)).unwrap_or(0));
    let has_auto =
        tracks.contains(&Track::Auto) || (!tracks.is_empty() && tracks.len() < n_columns);
    let fixed: f64 = tracks
        .iter()
        .map(|it| match it {
            Track::Length(it) => it.of(width).unwrap_or(0.0),
            Track::Auto | Track::Fraction(_) | Track::Fill(_) => 0.0,
        })
        .sum();
    let share = |it: &Track| if let Track::Fraction(it) = it { *it } else { 0.0 };
    let n_columns_alone = f64::from(u32::try_from(n_columns).unwrap_or(1));
    let shares: f64 =
        if tracks.is_empty() { n_columns_alone } else { tracks.iter().map(share).sum() };
    let room =
        width.map(|it| (it - fixed - gap * n_gaps).max(0.0)).filter(|_| !has_auto && shares > 0.0);
    (0..n_columns)
        .map(|it| match tracks.get(it) {
            None if tracks.is_empty() => room.map(|it| it / shares),
            None | Some(Track::Auto | Track::Fill(_)) => None,
            Some(Track::Length(it)) => it.of(width),
            Some(Track::Fraction(it)) => room.map(|room| room * it / shares),
        })
        .collect()
}

/// Places the items: first those that say where they stand, the others in the order of the document.
fn areas(grid: &Grid, items: &[Node], n_columns: usize) -> Vec<Area> {
    let mut taken: HashSet<(usize, usize)> = HashSet::new();
    let mut areas = Vec::new();
    let n_columns = n_columns.max(1);
    let (mut next_x, mut next_y) = (0, 0);
    for item in items {
        let (column, row) =
            named(grid, item).unwrap_or((item.style.grid_column, item.style.grid_row));
        let (x, columns) = line(column, n_columns);
        let (y, rows) = line(row, grid.rows.len().max(grid.areas.len()).max(1));
        let columns = if x.is_none() { columns.min(n_columns) } else { columns };
        let is_free = |taken: &HashSet<_>, x: usize, y: usize| {
            (x..x + columns).all(|x| (y..y + rows).all(|y| !taken.contains(&(x, y))))
        };
        let (mut at_x, mut at_y) = (x.unwrap_or(next_x), y.unwrap_or(next_y));
        if let (Some(x), None) = (x, y)
            && x < next_x
        {
            at_y += 1;
        }
        while at_y < ROWS_MAX {
            if x.is_none() && at_x + columns > n_columns {
                (at_x, at_y) = (0, at_y + 1);
                continue;
            }
            if is_free(&taken, at_x, at_y) {
                break;
            }
            match (x, y) {
                (Some(_), Some(_) | None) => at_y += 1,
                (None, _) => at_x += 1,
            }
        }
        taken.extend((at_x..at_x + columns).flat_map(|x| (at_y..at_y + rows).map(move |y| (x, y))));
        if y.is_none() {
            (next_x, next_y) = (at_x + columns, at_y);
        }
        areas.push(Area { x: at_x, y: at_y, columns, rows });
    }
    areas
}

fn named(grid: &Grid, item: &Node) -> Option<(Placement, Placement)> {
    let name = item.style.grid_area.as_ref()?;
    let mut area: Option<(usize, usize, usize, usize)> = None;
    for (y, row) in grid.areas.iter().enumerate() {
        for (x, _) in row.iter().enumerate().filter(|it| **it.1 == **name) {
            area = Some(match area {
                None => (x, y, x, y),
                Some((left, top, right, bottom)) => {
                    (left.min(x), top.min(y), right.max(x), bottom.max(y))
                }
            });
        }
    }
    let (left, top, right, bottom) = area?;
    let placement = |start: usize, end: usize| Placement {
        start: i32::try_from(start + 1).ok(),
        end: i32::try_from(end + 2).ok(),
        span: None,
    };
    Some((placement(left, right), placement(top, bottom)))
}

/// Where it begins, if that is said, and how many lines it spans.
fn line(placement: Placement, n_lines: usize) -> (Option<usize>, usize) {
    let at = |it: i32| {
        let last = i32::try_from(n_lines).unwrap_or(0) + 1;
        let from_start = if it < 0 { last + 1 + it } else { it };
        usize::try_from(from_start - 1).unwrap_or(0)
    };
    match (placement.start.map(at), placement.end.map(at), placement.span) {
        (Some(start), Some(end), _) if end > start => (Some(start), end - start),
        (Some(start), Some(end), _) if end < start => (Some(end), start - end),
        (Some(start), _, span) => (Some(start), span.unwrap_or(1)),
        (None, Some(end), span) => {
            let span = span.unwrap_or(1);
            (Some(end.saturating_sub(span)), span)
        }
        (None, None, span) => (None, span.unwrap_or(1)),
    }
}
