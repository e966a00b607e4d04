//! `color-mix()`.

use super::{
    color::{Color, byte},
    oklab,
};
use crate::css::{Token, Value, split_commas, words};

/// `in SPACE, COLOR 40%, COLOR` (CSS Color 5, 2).
pub(super) fn mixed(arguments: &[Value], current: Color) -> Option<Color> {
    let [space, one, two] = split_commas(arguments)[..] else { return None };
    let is_oklab = match words(space)[..] {
        [first, space] if first.is_ident("in") => match space.keyword()?.as_str() {
            "srgb" => false,
            "oklab" => true,
            _ => return None,
        },
        _ => return None,
    };
    let part = |values: &[Value]| {
        let (mut color, mut percent) = (None, None);
        for value in words(values) {
            match value.token {
                Token::Percent(it) if percent.is_none() && (0.0..=100.0).contains(&it) => {
                    percent = Some(it / 100.0);
                }
                _ if color.is_none() => color = Some(Color::parse(value, current)?),
                _ => return None,
            }
        }
        Some((color?, percent))
    };
    let ((one, share), (two, other)) = (part(one)?, part(two)?);
    let share = match (share, other) {
        (None, None) => 0.5,
        (Some(share), None) => share,
        (None, Some(other)) => 1.0 - other,
        (Some(share), Some(other)) if share + other > 0.0 => share / (share + other),
        _ => return None,
    };
    let alpha = one.alpha * share + two.alpha * (1.0 - share);
    if alpha <= 0.0 {
        return Some(Color::TRANSPARENT);
    }
    let coordinates = |it: Color| {
        let rgb = [it.red, it.green, it.blue].map(|it| f64::from(it) / 255.0);
        if is_oklab { oklab::of_rgb(rgb) } else { rgb }
    };
    let (first, second) = (coordinates(one), coordinates(two));
    let mix = |index: usize| {
        (first[index] * one.alpha * share + second[index] * two.alpha * (1.0 - share)) / alpha
    };
    let mix = [0, 1, 2].map(mix);
    let [red, green, blue] =
        if is_oklab { oklab::to_rgb(mix) } else { mix }.map(|it| byte(it * 255.0));
    Some(Color { red, green, blue, alpha })
}
