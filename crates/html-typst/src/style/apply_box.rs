//! Boxes: sizes, margins, paddings, borders.

use super::{
    Border, Color, Length, Line,
    apply::{Applying, Known, keyword, sides},
    apply_font::one,
    apply_text,
};
use crate::css::Value;

/// Lines with a light and a dark side.
const SHADED: [&str; 4] = ["groove", "ridge", "inset", "outset"];
/// Points; the names are those of CSS.
const BORDERS: [(&str, f64); 3] = [("thin", 0.75), ("medium", 2.25), ("thick", 3.75)];

pub(super) fn set(cx: &mut Applying<'_>, name: &str, words: &[&Value]) -> Known {
    if let Some(rest) = name.strip_prefix("border") {
        return border(cx, rest, words);
    }
    let first = one(words);
    let size = |cx: &Applying<'_>| -> Option<Option<Length>> {
        match keyword(words).as_deref() {
            Some("auto" | "none") => Some(None),
            _ => cx.length(first?).filter(|it| it.points >= 0.0 || it.percent > 0.0).map(Some),
        }
    };
    Some(match name {
        "width" | "inline-size" => {
            let fits = matches!(keyword(words).as_deref(), Some("fit-content" | "max-content"));
            let width = if fits { Some(None) } else { size(cx) };
            width.map(|it| (cx.style.width, cx.style.fits_content) = (it, fits))
        }
        "height" | "block-size" => size(cx).map(|it| cx.style.height = it),
        "min-width" => size(cx).map(|it| cx.style.min_width = it),
        "max-width" => size(cx).map(|it| cx.style.max_width = it),
        "min-height" => size(cx).map(|it| cx.style.min_height = it),
        "max-height" => size(cx).map(|it| cx.style.max_height = it),
        "box-sizing" => match keyword(words).as_deref() {
            Some("border-box") => Some(true),
            Some("content-box") => Some(false),
            _ => None,
        }
        .map(|it| cx.style.is_border_box = it),
        "margin" => margins(cx, words).and_then(|it| sides(&it)).map(|it| cx.style.margin = it),
        "padding" => lengths(cx, words).and_then(|it| sides(&it)).map(|it| cx.style.padding = it),
        "overflow" | "overflow-x" | "overflow-y" => match keyword(words).as_deref() {
            Some("visible" | "auto" | "scroll") => Some(false),
            Some("hidden" | "clip") => Some(true),
            _ => None,
        }
        .map(|it| cx.style.clips = it),
        _ => {
            let (property, place) = name.split_once('-')?;
            let places = sides_named(cx, place)?;
            match property {
                "margin" => {
                    let values = margins(cx, words).filter(|it| it.len() <= places.len());
                    values.map(|it| spread(&mut cx.style.margin, &places, &it))
                }
                "padding" => {
                    let values = lengths(cx, words).filter(|it| it.len() <= places.len());
                    values.map(|it| spread(&mut cx.style.padding, &places, &it))
                }
                _ => return None,
            }
        }
    })
}

fn spread<T: Copy>(target: &mut [T; 4], places: &[usize], values: &[T]) {
    for (index, &place) in places.iter().enumerate() {
        if let Some(value) = values.get(index).or(values.first()) {
            target[place] = *value;
        }
    }
}

/// The sides that `top`, `inline-start` and the like are.
pub(super) fn sides_named(cx: &Applying<'_>, name: &str) -> Option<Vec<usize>> {
    let (start, end) = if cx.style.inherited.is_rtl { (1, 3) } else { (3, 1) };
    Some(match name {
        "top" | "block-start" => vec![0],
        "right" => vec![1],
        "bottom" | "block-end" => vec![2],
        "left" => vec![3],
        "inline-start" => vec![start],
        "inline-end" => vec![end],
        "inline" => vec![start, end],
        "block" => vec![0, 2],
        _ => return None,
    })
}

fn margins(cx: &Applying<'_>, words: &[&Value]) -> Option<Vec<Option<Length>>> {
    words
        .iter()
        .map(|it| if it.is_ident("auto") { Some(None) } else { cx.length(it).map(Some) })
        .collect::<Option<Vec<_>>>()
        .filter(|it| !it.is_empty())
}

fn lengths(cx: &Applying<'_>, words: &[&Value]) -> Option<Vec<Length>> {
    words
        .iter()
        .map(|it| cx.length(it).filter(|it| it.points >= 0.0 && it.percent >= 0.0))
        .collect::<Option<Vec<_>>>()
        .filter(|it| !it.is_empty())
}

fn border(cx: &mut Applying<'_>, rest: &str, words: &[&Value]) -> Known {
    let all = [0, 1, 2, 3];
    if words.iter().any(|it| SHADED.iter().any(|name| it.is_ident(name))) {
        cx.remark("drawn as a line");
    }
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    if let Some(corner) = rest.strip_suffix("radius") {
        return radius(cx, corner.trim_end_matches('-'), words);
    }
    Some(match rest {
        "" => shorthand(cx, &all, words),
        "width" => each(words, |it| width(cx, it))
            .map(|it| (0..4).for_each(|side| cx.style.border[side].width = it[side])),
        "style" => each(words, line)
            .map(|it| (0..4).for_each(|side| cx.style.border[side].line = it[side])),
        "color" => each(words, |it| color(cx, it))
            .map(|it| (0..4).for_each(|side| cx.style.border[side].color = it[side])),
        _ => {
            if let Some(places) = sides_named(cx, rest) {
                return Some(shorthand(cx, &places, words));
            }
            let (place, part) = rest.rsplit_once('-')?;
            let places = sides_named(cx, place)?;
            let value = one(words);
            let borders = |cx: &mut Applying<'_>, change: &dyn Fn(&mut Border)| {
                for &side in &places {
                    change(&mut cx.style.border[side]);
                }
            };
            match part {
                "width" => value
                    .and_then(|it| width(cx, it))
                    .map(|width| borders(cx, &|it| it.width = width)),
                "style" => value.and_then(line).map(|line| borders(cx, &|it| it.line = line)),
                "color" => value
                    .and_then(|it| color(cx, it))
                    .map(|color| borders(cx, &|it| it.color = color)),
                _ => return None,
            }
        }
    })
}

fn each<T: Copy>(words: &[&Value], read: impl Fn(&Value) -> Option<T>) -> Option<[T; 4]> {
    sides(&words.iter().map(|it| read(it)).collect::<Option<Vec<_>>>()?)
}

fn width(cx: &Applying<'_>, value: &Value) -> Option<f64> {
    let named = value.keyword();
    let named = named.and_then(|it| BORDERS.iter().find(|(name, _)| *name == it));
    named.map(|it| it.1).or_else(|| cx.points(value))
}

fn line(value: &Value) -> Option<Line> {
    match value.keyword()?.as_str() {
        it if SHADED.contains(&it) => Some(Line::Solid),
        other => apply_text::line(other),
    }
}

/// `currentcolor` is known when it is drawn.
#[expect(clippy::option_option, reason = "no color, or the color of the text")]
fn color(cx: &Applying<'_>, value: &Value) -> Option<Option<Color>> {
    if value.is_ident("currentcolor") { Some(None) } else { cx.color(value).map(Some) }
}

fn shorthand(cx: &mut Applying<'_>, places: &[usize], words: &[&Value]) -> Option<()> {
    let mut border = Border::NONE;
    for word in words {
        if let Some(it) = line(word) {
            border.line = it;
        } else if let Some(it) = width(cx, word) {
            border.width = it;
        } else {
            border.color = color(cx, word)?;
        }
    }
    if words.is_empty() {
        return None;
    }
    for &side in places {
        cx.style.border[side] = border;
    }
    Some(())
}

fn radius(cx: &mut Applying<'_>, corner: &str, words: &[&Value]) -> Known {
    // Of corners that are not round, the horizontal radius.
    let end = words.iter().position(|it| it.is_delimiter('/')).unwrap_or(words.len());
    if end < words.len() || (words.len() > 1 && !corner.is_empty()) {
        cx.remark("corners are parts of circles");
    }
    let radii = lengths(cx, &words[..end]);
    let at = match corner {
        "" => {
            return Some(
                radii
                    .and_then(|it| match it[..] {
                        [one, other] => Some([one, other, one, other]),
                        [one, two, three] => Some([one, two, three, two]),
                        _ => sides(&it),
                    })
                    .map(|it| cx.style.radius = it),
            );
        }
        "top-left" | "start-start" => 0,
        "top-right" | "start-end" => 1,
        "bottom-right" | "end-end" => 2,
        "bottom-left" | "end-start" => 3,
        _ => return None,
    };
    Some(radii.map(|it| cx.style.radius[at] = it[0]))
}
