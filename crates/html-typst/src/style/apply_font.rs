//! `color`, `font` and its parts, `line-height`, `direction`.

use super::{
    Length, LineHeight,
    apply::{Applying, Known, keyword},
    fonts,
    length::parse_number,
};
use crate::css::{Token, Value};

/// Sizes by name, in points, where `medium` is 12.
const SIZES: [(&str, f64); 8] = [
    ("xx-small", 6.75),
    ("x-small", 7.5),
    ("small", 9.75),
    ("medium", 12.0),
    ("large", 13.5),
    ("x-large", 18.0),
    ("xx-large", 24.0),
    ("xxx-large", 36.0),
];
/// A page is not larger; points.
const SIZE_MAX: f64 = 2000.0;

/// What has to be known before lengths are: they may be relative to the size of the font.
pub(super) fn is_first(name: &str) -> bool {
    matches!(name, "font" | "font-size" | "color" | "direction")
}

pub(super) fn set(cx: &mut Applying<'_>, name: &str, words: &[&Value]) -> Known {
    Some(match name {
        "color" => one(words).and_then(|it| {
            let color = super::Color::parse(it, cx.parent.inherited.color)?;
            cx.style.inherited.color = color;
            Some(())
        }),
        "font" => font(cx, words),
        "font-size" => one(words).and_then(|it| size(cx, it)),
        "font-family" => families(cx, words),
        "font-weight" => one(words).and_then(|it| weight(cx, it)),
        "font-style" => match words.first().and_then(|it| it.keyword()).as_deref() {
            Some("normal") => assign(&mut cx.style.inherited.is_italic, false),
            Some("italic" | "oblique") => assign(&mut cx.style.inherited.is_italic, true),
            _ => None,
        },
        "font-variant"
        | "font-variant-caps"
        | "font-variant-numeric"
        | "font-variant-ligatures" => variant(cx, words),
        "font-kerning" => match keyword(words).as_deref() {
            Some("auto" | "normal") => assign(&mut cx.style.inherited.has_kerning, true),
            Some("none") => assign(&mut cx.style.inherited.has_kerning, false),
            _ => None,
        },
        "font-feature-settings" => features(cx, words),
        "font-stretch" | "font-size-adjust" => {
            matches!(keyword(words)?.as_str(), "normal" | "none").then_some(())
        }
        "line-height" => one(words).and_then(|it| line_height(cx, it)),
        "direction" => match keyword(words).as_deref() {
            Some("ltr") => assign(&mut cx.style.inherited.is_rtl, false),
            Some("rtl") => assign(&mut cx.style.inherited.is_rtl, true),
            _ => None,
        },
        _ => return None,
    })
}

pub(super) fn one<'a>(words: &[&'a Value]) -> Option<&'a Value> {
    match words {
        [word] => Some(word),
        _ => None,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "that the value is known is the result of its arm")]
fn assign<T>(place: &mut T, value: T) -> Option<()> {
    *place = value;
    Some(())
}

/// `italic small-caps bold 12px/1.5 "Family", serif`.
fn font(cx: &mut Applying<'_>, words: &[&Value]) -> Option<()> {
    let inherited = &mut cx.style.inherited;
    (inherited.is_italic, inherited.has_small_caps, inherited.weight) = (false, false, 400);
    inherited.line_height = LineHeight::Normal;
    let mut rest = words;
    while let Some((word, others)) = rest.split_first() {
        match word.keyword().as_deref() {
            Some("normal") => {}
            Some("italic" | "oblique") => cx.style.inherited.is_italic = true,
            Some("small-caps") => cx.style.inherited.has_small_caps = true,
            _ if weight(cx, word).is_some() => {}
            _ => break,
        }
        rest = others;
    }
    let (first, mut rest) = rest.split_first()?;
    size(cx, first)?;
    if let [slash, height, others @ ..] = rest
        && slash.is_delimiter('/')
    {
        line_height(cx, height)?;
        rest = others;
    }
    families(cx, rest)
}

fn size(cx: &mut Applying<'_>, value: &Value) -> Option<()> {
    let parent = cx.parent.inherited.size;
    let size = match value.keyword().as_deref() {
        Some("smaller") => parent / 1.2,
        Some("larger") => parent * 1.2,
        Some(name) => SIZES.iter().find(|(it, _)| *it == name)?.1,
        None => {
            let scale = super::Scale { em: parent, ..cx.scale };
            Length::parse(value, scale)?.of(Some(parent))?
        }
    };
    if size < 0.0 {
        return None;
    }
    cx.style.inherited.size = size.min(SIZE_MAX);
    cx.scale.em = cx.style.inherited.size;
    Some(())
}

fn weight(cx: &mut Applying<'_>, value: &Value) -> Option<()> {
    let parent = cx.parent.inherited.weight;
    cx.style.inherited.weight = match (&value.token, value.keyword().as_deref()) {
        (_, Some("normal")) => 400,
        (_, Some("bold")) => 700,
        (_, Some("bolder")) => match parent {
            ..350 => 400,
            350..550 => 700,
            _ => parent.max(900),
        },
        (_, Some("lighter")) => match parent {
            ..550 => parent.min(100),
            550..750 => 400,
            _ => 700,
        },
        (Token::Number(it), _) if (1.0..=1000.0).contains(it) => {
            // Typst knows whole numbers only.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "up to 1000"
            )]
            let weight = it.round() as u16;
            weight
        }
        _ => return None,
    };
    Some(())
}

fn families(cx: &mut Applying<'_>, words: &[&Value]) -> Option<()> {
    let mut families: Vec<String> = Vec::new();
    for part in words.split(|it| it.token == Token::Comma) {
        let name = if let [Value { token: Token::Text(it), .. }] = part {
            it.to_string()
        } else {
            let idents = part.iter().map(|it| match &it.token {
                Token::Ident(it) => Some(&**it),
                _ => None,
            });
            idents.collect::<Option<Vec<_>>>().filter(|it| !it.is_empty())?.join(" ")
        };
        let lower = name.to_lowercase();
        let own = cx.families.iter().filter(|(it, _)| *it == lower);
        let before = families.len();
        families.extend(own.map(|(_, name)| name.clone()));
        if families.len() == before {
            families.push(fonts::generic(&lower).map_or(name, str::to_owned));
        }
    }
    families.dedup();
    // A family that there isn't is passed over, unless none of them is there.
    let is_known = |it: &String| {
        cx.known.is_none_or(|known| known.contains(&it.to_lowercase()))
            || cx.families.iter().any(|(_, name)| name == it)
    };
    if families.iter().any(is_known) {
        families.retain(is_known);
    }
    cx.style.inherited.families = families.into();
    Some(())
}

fn variant(cx: &mut Applying<'_>, words: &[&Value]) -> Option<()> {
    let inherited = &mut cx.style.inherited;
    for word in words {
        match word.keyword()?.as_str() {
            "normal" => {
                inherited.has_small_caps = false;
                inherited.has_tabular_numbers = false;
                inherited.has_old_numbers = false;
            }
            "small-caps" | "all-small-caps" => inherited.has_small_caps = true,
            "tabular-nums" => inherited.has_tabular_numbers = true,
            "proportional-nums" => inherited.has_tabular_numbers = false,
            "oldstyle-nums" => inherited.has_old_numbers = true,
            "lining-nums" => inherited.has_old_numbers = false,
            "common-ligatures" => {}
            _ => return None,
        }
    }
    Some(())
}

/// `"smcp", "tnum" 1`.
fn features(cx: &mut Applying<'_>, words: &[&Value]) -> Option<()> {
    let mut features = Vec::new();
    if keyword(words).as_deref() != Some("normal") {
        for part in words.split(|it| it.token == Token::Comma) {
            let (Value { token: Token::Text(tag), .. }, value) = part.split_first()? else {
                return None;
            };
            let is_tag = tag.len() == 4 && tag.bytes().all(|it| it.is_ascii_alphanumeric());
            let value = match value {
                [] => 1,
                [it] if it.is_ident("on") => 1,
                [it] if it.is_ident("off") => 0,
                [Value { token: Token::Number(it), .. }] if (0.0..100.0).contains(it) => {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "up to 100"
                    )]
                    let value = *it as u32;
                    value
                }
                _ => return None,
            };
            features.push(is_tag.then(|| (tag.to_string(), value))?);
        }
    }
    cx.style.inherited.features = features.into();
    Some(())
}

fn line_height(cx: &mut Applying<'_>, value: &Value) -> Option<()> {
    cx.style.inherited.line_height = if value.is_ident("normal") {
        LineHeight::Normal
    } else if let Some(factor) = parse_number(value) {
        LineHeight::Factor(factor.max(0.0))
    } else {
        let points = cx.length(value)?.of(Some(cx.style.inherited.size))?;
        LineHeight::Points(points.max(0.0))
    };
    Some(())
}
