//! Colors.

use super::{color_mix::mixed, color_names::NAMED, length::parse_number, oklab};
use crate::{
    css::{Token, Value, words},
    typst::number,
};

/// sRGB with an alpha from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Color {
    pub(crate) red: u8,
    pub(crate) green: u8,
    pub(crate) blue: u8,
    pub(crate) alpha: f64,
}

impl Color {
    pub(crate) const BLACK: Self = Self { red: 0, green: 0, blue: 0, alpha: 1.0 };
    pub(crate) const TRANSPARENT: Self = Self { alpha: 0.0, ..Self::BLACK };

    pub(crate) fn is_visible(self) -> bool {
        self.alpha > 0.0
    }

    pub(crate) fn faded(self, opacity: f64) -> Self {
        Self { alpha: self.alpha * opacity, ..self }
    }

    /// As Typst writes it.
    pub(crate) fn typst(self) -> String {
        let Self { red, green, blue, alpha } = self;
        if alpha >= 1.0 {
            return format!("rgb({red}, {green}, {blue})");
        }
        format!("rgb({red}, {green}, {blue}, {}%)", number(alpha * 100.0))
    }

    /// This color over another one.
    pub(crate) fn over(self, below: Self) -> Self {
        if self.alpha >= 1.0 || !below.is_visible() {
            return self;
        }
        let alpha = self.alpha + below.alpha * (1.0 - self.alpha);
        let mix = |top: u8, bottom: u8| {
            let top = f64::from(top) * self.alpha;
            let bottom = f64::from(bottom) * below.alpha * (1.0 - self.alpha);
            byte((top + bottom) / alpha)
        };
        Self {
            red: mix(self.red, below.red),
            green: mix(self.green, below.green),
            blue: mix(self.blue, below.blue),
            alpha,
        }
    }

    /// A color; `current` is what `currentcolor` is.
    pub(crate) fn parse(value: &Value, current: Self) -> Option<Self> {
        match &value.token {
            Token::Hash(digits) => hexadecimal(digits),
            Token::Ident(name) => match name.to_ascii_lowercase().as_str() {
                "transparent" => Some(Self::TRANSPARENT),
                "currentcolor" => Some(current),
                name => {
                    let at = NAMED.binary_search_by_key(&name, |it| it.0).ok()?;
                    let [_, red, green, blue] = NAMED[at].1.to_be_bytes();
                    Some(Self { red, green, blue, alpha: 1.0 })
                }
            },
            Token::Function(name, inner) if &**name == "color-mix" => mixed(inner, current),
            Token::Function(name, inner) => function(name, inner),
            _ => None,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is out of range becomes the end of the range"
)]
pub(super) fn byte(value: f64) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

fn hexadecimal(digits: &str) -> Option<Color> {
    if !digits.is_ascii() {
        return None;
    }
    let doubled: String;
    let digits = match digits.len() {
        3 | 4 => {
            doubled = digits.chars().flat_map(|it| [it, it]).collect();
            &doubled
        }
        6 | 8 => digits,
        _ => return None,
    };
    let number = u32::from_str_radix(digits, 16).ok()?;
    let [red, green, blue, alpha] =
        if digits.len() == 6 { (number << 8) | 0xff } else { number }.to_be_bytes();
    Some(Color { red, green, blue, alpha: f64::from(alpha) / 255.0 })
}

fn function(name: &str, arguments: &[Value]) -> Option<Color> {
    let parts: Vec<_> = words(arguments)
        .into_iter()
        .filter(|it| it.token != Token::Comma && !it.is_delimiter('/'))
        .collect();
    let [one, two, three, alpha @ ..] = &parts[..] else { return None };
    let alpha = match alpha {
        [] => 1.0,
        [alpha] => share(alpha)?,
        _ => return None,
    };
    let [red, green, blue] = match name {
        "rgb" | "rgba" => [channel(one)?, channel(two)?, channel(three)?],
        "hsl" | "hsla" => hsl(hue(one)?, share(two)?, share(three)?),
        "hwb" => {
            let (white, black) = (share(two)?, share(three)?);
            let total = (white + black).max(1.0);
            let (white, black) = (white / total, black / total);
            hsl(hue(one)?, 1.0, 0.5).map(|it| it * (1.0 - white - black) + white)
        }
        "oklab" => oklab::to_rgb([lightness(one)?, chroma(two)?, chroma(three)?]),
        "oklch" => {
            let (chroma, hue) = (chroma(two)?, hue(three)?.to_radians());
            oklab::to_rgb([lightness(one)?, chroma * hue.cos(), chroma * hue.sin()])
        }
        _ => return None,
    }
    .map(|it| byte(it * 255.0));
    Some(Color { red, green, blue, alpha: alpha.clamp(0.0, 1.0) })
}

fn channel(value: &Value) -> Option<f64> {
    match value.token {
        Token::Percent(it) => Some(it / 100.0),
        _ => parse_number(value).map(|it| it / 255.0),
    }
}

fn share(value: &Value) -> Option<f64> {
    match value.token {
        Token::Percent(it) => Some(it / 100.0),
        _ => parse_number(value),
    }
}

/// 1 for `100%`.
fn lightness(value: &Value) -> Option<f64> {
    share(value).or_else(|| nothing(value)).map(|it| it.clamp(0.0, 1.0))
}

/// 0.4 for `100%` (CSS Color 4, 9.2).
fn chroma(value: &Value) -> Option<f64> {
    match value.token {
        Token::Percent(it) => Some(it / 100.0 * 0.4),
        _ => parse_number(value).or_else(|| nothing(value)),
    }
}

/// `none` is as good as 0.
fn nothing(value: &Value) -> Option<f64> {
    value.is_ident("none").then_some(0.0)
}

fn hue(value: &Value) -> Option<f64> {
    if let Some(nothing) = nothing(value) {
        return Some(nothing);
    }
    parse_number(value).or_else(|| super::length::parse_angle(value))
}

fn hsl(hue: f64, saturation: f64, lightness: f64) -> [f64; 3] {
    let saturation = saturation.clamp(0.0, 1.0);
    let strength = saturation * lightness.min(1.0 - lightness);
    [0.0, 8.0, 4.0].map(|offset: f64| {
        let at = (offset + hue / 30.0).rem_euclid(12.0);
        lightness - strength * (at - 3.0).min(9.0 - at).clamp(-1.0, 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::css::values;

    fn check(css: &str, expected: Option<&str>) {
        let color = values(css, 1).first().and_then(|it| Color::parse(it, Color::BLACK));
        assert_eq!(color.map(Color::typst).as_deref(), expected, "{css}");
    }

    #[test]
    fn what_is_no_color_is_none() {
        check("#12345", None);
        check("#ééé", None);
        check("reddish", None);
        check("rgb(1, 2)", None);
        check("lab(1% 2 3)", None);
    }

    #[test]
    fn all_ways_to_write_a_color_are_read() {
        check("RED", Some("rgb(255, 0, 0)"));
        check("zzz", None);
        check("aliceblue", Some("rgb(240, 248, 255)"));
        check("yellowgreen", Some("rgb(154, 205, 50)"));
        check("#1e3c8c", Some("rgb(30, 60, 140)"));
        check("#fff8", Some("rgb(255, 255, 255, 53.333%)"));
        check("rgba(200,0,0,.12)", Some("rgb(200, 0, 0, 12%)"));
        check("rgb(10% 20% 30% / 50%)", Some("rgb(26, 51, 77, 50%)"));
        check("hsl(120, 100%, 25%)", Some("rgb(0, 128, 0)"));
        check("hwb(0 0% 0%)", Some("rgb(255, 0, 0)"));
        // The examples of CSS Color 4, 9.4: what the red and the blue of sRGB are.
        check("oklab(62.796% 0.22486 0.12585)", Some("rgb(255, 0, 0)"));
        check("oklch(45.201% .31321 264.052)", Some("rgb(0, 0, 255)"));
        check("oklch(1 none none / 50%)", Some("rgb(255, 255, 255, 50%)"));
        check("color-mix(in srgb, red 25%, blue)", Some("rgb(64, 0, 191)"));
        check("color-mix(in oklab, #f00 40%, transparent)", Some("rgb(255, 0, 0, 40%)"));
        check("color-mix(in oklab, white, black)", Some("rgb(99, 99, 99)"));
        check("color-mix(in hsl, red, blue)", None);
        check("color-mix(red, blue)", None);
        check("transparent", Some("rgb(0, 0, 0, 0%)"));
    }
}
