//! Grids: their tracks and what stands where.

use std::rc::Rc;

use super::{
    Grid, Placement, Track,
    apply::{Applying, Known},
    apply_flow::integer,
};
use crate::css::{Token, Value, split_commas, words as words_of};

/// More lines than this have no room on paper.
const TRACKS_MAX: usize = 200;

pub(super) fn set(cx: &mut Applying<'_>, name: &str, words: &[&Value]) -> Known {
    Some(match name {
        "grid-template-columns" => tracks(cx, words).map(|it| grid(cx, |grid| grid.columns = it)),
        "grid-template-rows" => tracks(cx, words).map(|it| grid(cx, |grid| grid.rows = it)),
        "grid-auto-rows" => match words {
            [word] => track(cx, word).map(|it| grid(cx, |grid| grid.auto_rows = Some(it))),
            _ => None,
        },
        "grid-auto-flow" => match words {
            [word] if word.is_ident("row") => {
                let _: () = grid(cx, |grid| grid.is_column_flow = false);
                Some(())
            }
            [word] if word.is_ident("column") => {
                let _: () = grid(cx, |grid| grid.is_column_flow = true);
                Some(())
            }
            _ => None,
        },
        "grid-template-areas" => areas(words).map(|it| grid(cx, |grid| grid.areas = it)),
        "grid-column" => placement(words).map(|it| cx.style.grid_column = it),
        "grid-row" => placement(words).map(|it| cx.style.grid_row = it),
        "grid-column-start" => line(words).map(|it| merge(&mut cx.style.grid_column, it, true)),
        "grid-column-end" => line(words).map(|it| merge(&mut cx.style.grid_column, it, false)),
        "grid-row-start" => line(words).map(|it| merge(&mut cx.style.grid_row, it, true)),
        "grid-row-end" => line(words).map(|it| merge(&mut cx.style.grid_row, it, false)),
        "grid-area" => area(cx, words),
        _ => return None,
    })
}

fn grid(cx: &mut Applying<'_>, change: impl FnOnce(&mut Grid)) {
    let mut grid = (*cx.style.grid).clone();
    change(&mut grid);
    cx.style.grid = Rc::new(grid);
}

fn tracks(cx: &Applying<'_>, words: &[&Value]) -> Option<Vec<Track>> {
    let mut tracks = Vec::new();
    if let [word] = words
        && word.is_ident("none")
    {
        return Some(tracks);
    }
    for word in words {
        match &word.token {
            Token::Function(name, inner) if &**name == "repeat" => {
                let parts = split_commas(inner);
                let [count, repeated] = parts[..] else { return None };
                let repeated = self::tracks(cx, &words_of(repeated))?;
                match words_of(count)[..] {
                    [word] if word.is_ident("auto-fill") || word.is_ident("auto-fit") => {
                        let [Track::Length(it)] = repeated[..] else {
                            let [Track::Fill(_)] = repeated[..] else { return None };
                            tracks.extend(repeated);
                            continue;
                        };
                        tracks.push(Track::Fill(it.of(None).filter(|it| *it > 0.0)?));
                    }
                    [word] => {
                        let count = usize::try_from(integer(word)?).ok()?.min(TRACKS_MAX);
                        tracks.extend(repeated.iter().cycle().take(count * repeated.len()));
                    }
                    _ => return None,
                }
            }
            // Names of lines.
            Token::Block('[', _) => return None,
            _ => tracks.push(match track(cx, word)? {
                Track::Fill(_) => {
                    cx.remark("the least width is not kept to");
                    Track::Fraction(1.0)
                }
                other => other,
            }),
        }
        if tracks.len() > TRACKS_MAX {
            return None;
        }
    }
    (!tracks.is_empty()).then_some(tracks)
}

fn track(cx: &Applying<'_>, value: &Value) -> Option<Track> {
    match &value.token {
        Token::Dimension(it, unit) if &**unit == "fr" && *it >= 0.0 => Some(Track::Fraction(*it)),
        Token::Ident(_) => ["auto", "min-content", "max-content"]
            .iter()
            .any(|it| value.is_ident(it))
            .then_some(Track::Auto),
        Token::Function(name, inner) if &**name == "minmax" => {
            let parts = split_commas(inner);
            let [least, most] = parts[..] else { return None };
            let ([least], [most]) = (&words_of(least)[..], &words_of(most)[..]) else {
                return None;
            };
            match (track(cx, least)?, track(cx, most)?) {
                // Within `repeat(auto-fill, …)`.
                (Track::Length(least), Track::Fraction(_)) if least.points > 0.0 => {
                    Some(Track::Fill(least.points))
                }
                (Track::Auto, most) => Some(most),
                (Track::Length(least), most) if least.is_zero() => Some(most),
                (_, most) => {
                    cx.remark("the least width is not kept to");
                    Some(most)
                }
            }
        }
        Token::Function(name, inner) if &**name == "fit-content" => {
            cx.remark("as wide as what is in it");
            words_of(inner).first().and_then(|it| cx.length(it)).map(|_| Track::Auto)
        }
        _ => cx.length(value).map(Track::Length),
    }
}

fn areas(words: &[&Value]) -> Option<Vec<Vec<Box<str>>>> {
    if let [word] = words
        && word.is_ident("none")
    {
        return Some(Vec::new());
    }
    let rows: Option<Vec<Vec<Box<str>>>> = words
        .iter()
        .map(|it| match &it.token {
            Token::Text(row) => Some(row.split_ascii_whitespace().map(Into::into).collect()),
            _ => None,
        })
        .collect();
    rows.filter(|it| it.len() <= TRACKS_MAX && it.iter().all(|row| row.len() <= TRACKS_MAX))
}

/// `2`, `span 2`, `1 / 3`, `1 / span 2`, `1 / -1`.
fn placement(words: &[&Value]) -> Option<Placement> {
    let mut parts = words.split(|it| it.is_delimiter('/'));
    let mut placement = Placement::default();
    merge(&mut placement, line(parts.next()?)?, true);
    if let Some(end) = parts.next() {
        merge(&mut placement, line(end)?, false);
    }
    parts.next().is_none().then_some(placement)
}

#[derive(Clone, Copy)]
enum At {
    Auto,
    Line(i32),
    Span(usize),
}

fn line(words: &[&Value]) -> Option<At> {
    let limit = i32::try_from(TRACKS_MAX).ok()?;
    Some(match words {
        [word] if word.is_ident("auto") => At::Auto,
        [word] => At::Line(integer(word).filter(|it| *it != 0 && it.abs() <= limit)?),
        [span, word] if span.is_ident("span") => {
            At::Span(usize::try_from(integer(word)?).ok()?.clamp(1, TRACKS_MAX))
        }
        _ => return None,
    })
}

fn merge(placement: &mut Placement, at: At, is_start: bool) {
    match (at, is_start) {
        (At::Auto, _) => {}
        (At::Line(it), true) => placement.start = Some(it),
        (At::Line(it), false) => placement.end = Some(it),
        (At::Span(it), _) => placement.span = Some(it),
    }
}

fn area(cx: &mut Applying<'_>, words: &[&Value]) -> Option<()> {
    if let [Value { token: Token::Ident(name), .. }] = words
        && !words[0].is_ident("auto")
    {
        cx.style.grid_area = Some((**name).into());
        return Some(());
    }
    let parts: Vec<_> = words.split(|it| it.is_delimiter('/')).collect();
    let (mut row, mut column) = (Placement::default(), Placement::default());
    for (index, part) in parts.iter().enumerate() {
        let at = line(part)?;
        match index {
            0 | 2 => merge(&mut row, at, index == 0),
            1 | 3 => merge(&mut column, at, index == 1),
            _ => return None,
        }
    }
    (cx.style.grid_row, cx.style.grid_column) = (row, column);
    Some(())
}
