//! Backgrounds.

use std::rc::Rc;

use super::{
    Color, Length, Paint, PaintImage, PaintSize, Stop,
    apply::{Applying, Known},
    length::parse_angle,
};
use crate::css::{Token, Value, split_commas, words};

pub(super) fn set(cx: &mut Applying<'_>, name: &str, value: &[Value]) -> Known {
    let words = words(value);
    Some(match name {
        "background-color" => match words[..] {
            [word] => cx.color(word).map(|it| cx.style.background = it),
            _ => None,
        },
        "background" => background(cx, value),
        "background-image" => match words[..] {
            [word] if word.is_ident("none") => {
                cx.style.paint = None;
                Some(())
            }
            [word] => image(cx, word).map(|it| paint(cx, |paint| paint.image = it)),
            _ => None,
        },
        "background-size" => size(cx, &words).map(|it| paint(cx, |paint| paint.size = it)),
        "background-position" => {
            position(cx, &words).map(|it| paint(cx, |paint| paint.position = it))
        }
        "background-repeat" => {
            let repeats = !words.iter().any(|it| it.is_ident("no-repeat"));
            paint(cx, |paint| paint.repeats = repeats);
            Some(())
        }
        "background-attachment" | "background-clip" | "background-origin" => words
            .iter()
            .all(|it| {
                ["scroll", "border-box", "padding-box"].iter().any(|known| it.is_ident(known))
            })
            .then_some(()),
        _ => return None,
    })
}

/// An image may come after its size.
fn paint(cx: &mut Applying<'_>, change: impl FnOnce(&mut Paint)) {
    let mut paint = cx.style.paint.as_deref().cloned().unwrap_or(Paint {
        image: PaintImage::Linear { angle: 0.0, stops: Vec::new() },
        size: PaintSize::Auto,
        position: (Length::ZERO, Length::ZERO),
        repeats: true,
    });
    change(&mut paint);
    cx.style.paint = Some(Rc::new(paint));
}

fn background(cx: &mut Applying<'_>, value: &[Value]) -> Option<()> {
    let layers = split_commas(value);
    let [layer] = layers[..] else { return None };
    cx.style.background = Color::TRANSPARENT;
    cx.style.paint = None;
    let words = words(layer);
    let mut places = Vec::new();
    let mut sizes = Vec::new();
    let mut is_behind_slash = false;
    for word in words {
        if word.is_delimiter('/') {
            is_behind_slash = true;
        } else if let Some(color) = cx.color(word) {
            cx.style.background = color;
        } else if let Some(it) = image(cx, word) {
            paint(cx, |paint| paint.image = it);
        } else {
            match word.keyword().as_deref() {
                Some("none" | "scroll" | "repeat" | "border-box" | "padding-box" | "local") => {}
                Some("no-repeat") => paint(cx, |paint| paint.repeats = false),
                _ if is_behind_slash => sizes.push(word),
                _ => places.push(word),
            }
        }
    }
    if !places.is_empty() {
        let it = position(cx, &places)?;
        paint(cx, |paint| paint.position = it);
    }
    if !sizes.is_empty() {
        let it = size(cx, &sizes)?;
        paint(cx, |paint| paint.size = it);
    }
    Some(())
}

fn image(cx: &Applying<'_>, value: &Value) -> Option<PaintImage> {
    match &value.token {
        Token::Url(address) => Some(PaintImage::Address((**address).into())),
        Token::Function(name, inner) => match &**name {
            "linear-gradient" => linear(cx, inner),
            "radial-gradient" => radial(cx, inner),
            _ => None,
        },
        _ => None,
    }
}

fn linear(cx: &Applying<'_>, inner: &[Value]) -> Option<PaintImage> {
    let mut parts = split_commas(inner);
    let first = words(parts.first()?);
    let angle = match first[..] {
        [angle] if parse_angle(angle).is_some() => parse_angle(angle),
        [to, ref sides @ ..] if to.is_ident("to") => {
            let mut names: Vec<_> = sides.iter().filter_map(|it| it.keyword()).collect();
            names.sort();
            Some(match names.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                ["top"] => 0.0,
                ["right"] => 90.0,
                ["bottom"] => 180.0,
                ["left"] => 270.0,
                ["right", "top"] => 45.0,
                ["bottom", "right"] => 135.0,
                ["bottom", "left"] => 225.0,
                ["left", "top"] => 315.0,
                _ => return None,
            })
        }
        _ => None,
    };
    if angle.is_some() {
        parts.remove(0);
    }
    Some(PaintImage::Linear { angle: angle.unwrap_or(180.0), stops: stops(cx, &parts)? })
}

fn radial(cx: &Applying<'_>, inner: &[Value]) -> Option<PaintImage> {
    let mut parts = split_commas(inner);
    if words(parts.first()?).first().is_some_and(|it| cx.color(it).is_none()) {
        // Typst has circles in the middle.
        let is_plain = words(parts[0]).iter().all(|it| {
            ["circle", "ellipse", "at", "center", "farthest-corner"]
                .iter()
                .any(|name| it.is_ident(name))
        });
        if !is_plain {
            return None;
        }
        parts.remove(0);
    }
    Some(PaintImage::Radial { stops: stops(cx, &parts)? })
}

fn stops(cx: &Applying<'_>, parts: &[&[Value]]) -> Option<Vec<Stop>> {
    const STOPS_MAX: usize = 64;
    let stops = parts.iter().map(|part| match words(part)[..] {
        [color] => Some(Stop { color: cx.color(color)?, at: None }),
        [color, at] => match at.token {
            Token::Percent(it) => Some(Stop { color: cx.color(color)?, at: Some(it) }),
            Token::Number(0.0) => Some(Stop { color: cx.color(color)?, at: Some(0.0) }),
            _ => None,
        },
        _ => None,
    });
    stops.collect::<Option<Vec<_>>>().filter(|it| (2..=STOPS_MAX).contains(&it.len()))
}

fn size(cx: &Applying<'_>, words: &[&Value]) -> Option<PaintSize> {
    let length = |it: &Value| {
        if it.is_ident("auto") { Some(None) } else { cx.length(it).map(Some) }
    };
    Some(match words {
        [word] if word.is_ident("cover") => PaintSize::Cover,
        [word] if word.is_ident("contain") => PaintSize::Contain,
        [word] if word.is_ident("auto") => PaintSize::Auto,
        [width] => PaintSize::Given(length(width)?, None),
        [width, height] => PaintSize::Given(length(width)?, length(height)?),
        _ => return None,
    })
}

/// `center`, `right 10px`, `50% 0`: of the room that is left.
pub(super) fn position(cx: &Applying<'_>, words: &[&Value]) -> Option<(Length, Length)> {
    let place = |it: &Value| match it.keyword().as_deref() {
        Some("left" | "top") => Some(Length::ZERO),
        Some("center") => Some(Length::percent(50.0)),
        Some("right" | "bottom") => Some(Length::percent(100.0)),
        Some(_) => None,
        None => cx.length(it),
    };
    let is_vertical = |it: &Value| it.is_ident("top") || it.is_ident("bottom");
    Some(match words {
        [word] if is_vertical(word) => (Length::percent(50.0), place(word)?),
        [word] => (place(word)?, Length::percent(50.0)),
        [one, other] if is_vertical(one) => (place(other)?, place(one)?),
        [one, other] => (place(one)?, place(other)?),
        [across, by, down, far] => {
            let from = |edge: &Value, by: &Value| {
                let (edge, by) = (place(edge)?, cx.length(by)?);
                Some(if edge.percent > 50.0 { edge - by } else { edge + by })
            };
            (from(across, by)?, from(down, far)?)
        }
        _ => return None,
    })
}
