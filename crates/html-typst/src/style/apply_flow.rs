//! Where boxes go: `display`, `position`, floats, breaks, flex, columns, transforms.

use std::rc::Rc;

use super::{
    Break, Clear, Display, Distribution, Fit, Float, ItemAlign, Length, Position, Transform,
    VerticalAlign,
    apply::{Applying, Known, keyword, sides},
    apply_background,
    apply_box::sides_named,
    apply_font::one,
    length::{parse_angle, parse_number},
};
use crate::css::{Token, Value, split_commas, words as words_of};

pub(super) fn set(cx: &mut Applying<'_>, name: &str, words: &[&Value]) -> Known {
    let word = keyword(words);
    let word = word.as_deref();
    let style = &mut cx.style;
    Some(match name {
        "display" => display(words).map(|it| style.display = it),
        "position" => position(words).map(|it| style.position = it),
        "float" => match word {
            Some("none") => Some(Float::None),
            Some("left" | "inline-start") => Some(Float::Left),
            Some("right" | "inline-end") => Some(Float::Right),
            _ => None,
        }
        .map(|it| style.float = it),
        "clear" => match word {
            Some("none") => Some(Clear::None),
            Some("left") => Some(Clear::Left),
            Some("right") => Some(Clear::Right),
            Some("both") => Some(Clear::Both),
            _ => None,
        }
        .map(|it| style.clear = it),
        "vertical-align" => vertical_align(cx, words).map(|it| cx.style.vertical_align = it),
        "break-before" | "page-break-before" => {
            word.and_then(page_break).map(|it| style.break_before = it)
        }
        "break-after" | "page-break-after" => {
            word.and_then(page_break).map(|it| style.break_after = it)
        }
        "break-inside" | "page-break-inside" => match word {
            Some("auto") => Some(false),
            Some("avoid" | "avoid-page" | "avoid-column") => Some(true),
            _ => None,
        }
        .map(|it| style.stays_whole = it),
        "page" => match words {
            [word] if word.is_ident("auto") => Some(style.page = None),
            [Value { token: Token::Ident(name), .. }] => Some(style.page = Some((**name).into())),
            _ => None,
        },
        "z-index" => match words {
            [word] if word.is_ident("auto") => Some(style.z_index = 0),
            _ => one(words).and_then(integer).map(|it| style.z_index = it),
        },
        "object-fit" => match word {
            Some("fill") => Some(Fit::Fill),
            Some("contain" | "scale-down") => Some(Fit::Contain),
            Some("cover") => Some(Fit::Cover),
            _ => None,
        }
        .map(|it| style.fit = it),
        "table-layout" => match word {
            Some("fixed") => Some(true),
            Some("auto") => Some(false),
            _ => None,
        }
        .map(|it| style.has_fixed_layout = it),
        "top" | "right" | "bottom" | "left" => inset(cx, words).and_then(|it| {
            let [it] = it[..] else { return None };
            let place = sides_named(cx, name)?;
            cx.style.inset[place[0]] = it;
            Some(())
        }),
        "inset" => inset(cx, words).and_then(|it| sides(&it)).map(|it| cx.style.inset = it),
        "transform" => transform(cx, words).map(|it| cx.style.transform = it),
        "transform-origin" => apply_background::position(cx, words).map(|it| cx.style.origin = it),
        _ => return flex(cx, name, words).or_else(|| columns(cx, name, words)),
    })
}

fn inset(cx: &Applying<'_>, words: &[&Value]) -> Option<Vec<Option<Length>>> {
    words
        .iter()
        .map(|it| if it.is_ident("auto") { Some(None) } else { cx.length(it).map(Some) })
        .collect()
}

fn display(words: &[&Value]) -> Option<Display> {
    Some(match keyword(words)?.as_str() {
        "none" => Display::None,
        "contents" => Display::Contents,
        "inline" => Display::Inline,
        "inline-block" => Display::InlineBlock,
        "block" | "flow-root" => Display::Block,
        "list-item" => Display::ListItem,
        "table" => Display::Table,
        "inline-table" => Display::InlineTable,
        "table-row-group" => Display::Rows,
        "table-header-group" => Display::Header,
        "table-footer-group" => Display::Footer,
        "table-row" => Display::Row,
        "table-cell" => Display::Cell,
        "table-column" => Display::Column,
        "table-column-group" => Display::Columns,
        "table-caption" => Display::Caption,
        "flex" | "box" | "flexbox" => Display::Flex,
        "inline-flex" => Display::InlineFlex,
        "grid" => Display::Grid,
        "inline-grid" => Display::InlineGrid,
        _ => return None,
    })
}

fn position(words: &[&Value]) -> Option<Position> {
    let [word] = words else { return None };
    if let Token::Function(name, inner) = &word.token
        && &**name == "running"
        && let [Value { token: Token::Ident(name), .. }] = words_of(inner)[..]
    {
        return Some(Position::Running((**name).into()));
    }
    Some(match word.keyword()?.as_str() {
        "static" => Position::Static,
        "relative" => Position::Relative,
        "absolute" => Position::Absolute,
        "fixed" => Position::Fixed,
        _ => return None,
    })
}

fn vertical_align(cx: &Applying<'_>, words: &[&Value]) -> Option<VerticalAlign> {
    Some(match keyword(words).as_deref() {
        Some("baseline") => VerticalAlign::Baseline,
        Some("sub") => VerticalAlign::Sub,
        Some("super") => VerticalAlign::Super,
        Some("top" | "text-top") => VerticalAlign::Top,
        Some("middle") => VerticalAlign::Middle,
        Some("bottom" | "text-bottom") => VerticalAlign::Bottom,
        _ => VerticalAlign::Shift(cx.length(one(words)?)?),
    })
}

fn page_break(word: &str) -> Option<Break> {
    Some(match word {
        "auto" => Break::Auto,
        "avoid" | "avoid-page" | "avoid-column" => Break::Avoid,
        "page" | "always" | "all" => Break::Page,
        "left" | "verso" => Break::Left,
        "right" | "recto" => Break::Right,
        "column" => Break::Column,
        _ => return None,
    })
}

pub(super) fn integer(value: &Value) -> Option<i32> {
    match value.token {
        Token::Number(it) if it.fract() == 0.0 && it.abs() < 1e9 => {
            #[expect(clippy::cast_possible_truncation, reason = "a whole number that fits")]
            let number = it as i32;
            Some(number)
        }
        _ => None,
    }
}

fn flex(cx: &mut Applying<'_>, name: &str, words: &[&Value]) -> Known {
    let word = keyword(words);
    let word = word.as_deref();
    let flex = &mut cx.style.flex;
    let factor = || one(words).and_then(parse_number).filter(|it| *it >= 0.0);
    Some(match name {
        "flex" => shorthand(cx, words),
        "flex-grow" => factor().map(|it| flex.grow = it),
        "flex-shrink" => factor().map(|it| flex.shrink = it),
        "flex-basis" => match word {
            Some("auto" | "content" | "max-content") => Some(flex.basis = None),
            _ => one(words).and_then(|it| cx.length(it)).map(|it| cx.style.flex.basis = Some(it)),
        },
        "flex-direction" | "flex-wrap" | "flex-flow" => words
            .iter()
            .map(|it| match it.keyword()?.as_str() {
                "row" => Some((flex.is_column, flex.is_reverse) = (false, false)),
                "row-reverse" => Some((flex.is_column, flex.is_reverse) = (false, true)),
                "column" => Some((flex.is_column, flex.is_reverse) = (true, false)),
                "column-reverse" => Some((flex.is_column, flex.is_reverse) = (true, true)),
                "wrap" => Some(flex.wraps = true),
                "nowrap" => Some(flex.wraps = false),
                _ => None,
            })
            .collect(),
        "order" => one(words).and_then(integer).map(|it| cx.style.order = it),
        "justify-content" => distribution(words).map(|it| cx.style.justify = it),
        "align-content" => distribution(words).map(|it| cx.style.align_content = it),
        "align-items" => item_align(words).map(|it| cx.style.align_items = it),
        "justify-items" => item_align(words).map(|it| cx.style.justify_items = it),
        "align-self" if word == Some("auto") => Some(cx.style.align_self = None),
        "align-self" => item_align(words).map(|it| cx.style.align_self = Some(it)),
        "justify-self" if word == Some("auto") => Some(cx.style.justify_self = None),
        "justify-self" => item_align(words).map(|it| cx.style.justify_self = Some(it)),
        "place-items" => item_align(words).map(|it| {
            (cx.style.align_items, cx.style.justify_items) = (it, it);
        }),
        "place-content" => distribution(words).map(|it| {
            (cx.style.align_content, cx.style.justify) = (it, it);
        }),
        "gap" | "grid-gap" => match words {
            [both] => cx.length(both).map(|it| cx.style.gap = (it, it)),
            [row, column] => cx.length(row).zip(cx.length(column)).map(|it| cx.style.gap = it),
            _ => None,
        },
        "row-gap" | "grid-row-gap" => {
            one(words).and_then(|it| cx.length(it)).map(|it| cx.style.gap.0 = it)
        }
        "column-gap" | "grid-column-gap" if word == Some("normal") => Some(()),
        "column-gap" | "grid-column-gap" => {
            one(words).and_then(|it| cx.length(it)).map(|it| cx.style.gap.1 = it)
        }
        _ => return None,
    })
}

/// `none`, `auto`, `1`, `1 0 50%`.
fn shorthand(cx: &mut Applying<'_>, words: &[&Value]) -> Option<()> {
    let (grow, shrink, basis) = match words {
        [word] if word.is_ident("none") => (0.0, 0.0, None),
        [word] if word.is_ident("auto") => (1.0, 1.0, None),
        [word] if word.is_ident("initial") => (0.0, 1.0, None),
        [] => return None,
        words => {
            let mut numbers = Vec::new();
            let mut basis = Some(Length::ZERO);
            for word in words {
                match parse_number(word) {
                    Some(it) if numbers.len() < 2 => numbers.push(it),
                    _ if word.is_ident("auto") => basis = None,
                    _ => basis = Some(cx.length(word)?),
                }
            }
            (numbers.first().copied().unwrap_or(1.0), numbers.get(1).copied().unwrap_or(1.0), basis)
        }
    };
    let flex = &mut cx.style.flex;
    (flex.grow, flex.shrink, flex.basis) = (grow.max(0.0), shrink.max(0.0), basis);
    Some(())
}

fn distribution(words: &[&Value]) -> Option<Distribution> {
    Some(match keyword(words)?.as_str() {
        "normal" | "start" | "flex-start" | "left" => Distribution::Start,
        "end" | "flex-end" | "right" => Distribution::End,
        "center" => Distribution::Center,
        "space-between" => Distribution::Between,
        "space-around" => Distribution::Around,
        "space-evenly" => Distribution::Evenly,
        "stretch" => Distribution::Stretch,
        _ => return None,
    })
}

fn item_align(words: &[&Value]) -> Option<ItemAlign> {
    Some(match keyword(words)?.as_str() {
        "normal" | "stretch" => ItemAlign::Stretch,
        "start" | "flex-start" | "self-start" | "left" => ItemAlign::Start,
        "end" | "flex-end" | "self-end" | "right" => ItemAlign::End,
        "center" => ItemAlign::Center,
        "baseline" => ItemAlign::Baseline,
        _ => return None,
    })
}

fn columns(cx: &mut Applying<'_>, name: &str, words: &[&Value]) -> Known {
    let count = |it: &Value| {
        integer(it).filter(|it| (1..=20).contains(it)).and_then(|it| usize::try_from(it).ok())
    };
    Some(match name {
        "column-count" if keyword(words).as_deref() == Some("auto") => {
            Some(cx.style.column_count = None)
        }
        "column-count" => one(words).and_then(count).map(|it| cx.style.column_count = Some(it)),
        "column-width" => {
            one(words).and_then(|it| cx.points(it)).map(|it| cx.style.column_width = Some(it))
        }
        "columns" => {
            (cx.style.column_count, cx.style.column_width) = (None, None);
            words
                .iter()
                .map(|it| {
                    if it.is_ident("auto") {
                        Some(())
                    } else if let Some(it) = count(it) {
                        Some(cx.style.column_count = Some(it))
                    } else {
                        cx.points(it).map(|it| cx.style.column_width = Some(it))
                    }
                })
                .collect()
        }
        "column-span" => match keyword(words).as_deref() {
            Some("all") => Some(cx.style.spans_columns = true),
            Some("none") => Some(cx.style.spans_columns = false),
            _ => None,
        },
        "column-fill" => (keyword(words).as_deref() == Some("auto")).then_some(()),
        _ => return None,
    })
}

fn transform(cx: &Applying<'_>, words: &[&Value]) -> Option<Rc<[Transform]>> {
    if keyword(words).as_deref() == Some("none") {
        return Some(Rc::new([]));
    }
    words.iter().map(|it| one_transform(cx, it)).collect::<Option<Vec<_>>>().map(Into::into)
}

fn one_transform(cx: &Applying<'_>, value: &Value) -> Option<Transform> {
    let Token::Function(name, inner) = &value.token else { return None };
    let arguments = split_commas(inner);
    let argument = |at: usize| match arguments.get(at).map(|it| words_of(it)).as_deref() {
        Some([word]) => Some(*word),
        _ => None,
    };
    let angle = |at: usize| argument(at).and_then(parse_angle);
    let number = |at: usize| argument(at).and_then(parse_number);
    let length = |at: usize| argument(at).and_then(|it| cx.length(it));
    Some(match &**name {
        "rotate" => Transform::Rotate(angle(0)?),
        "scale" => Transform::Scale(number(0)?, number(1).or(number(0))?),
        "scalex" => Transform::Scale(number(0)?, 1.0),
        "scaley" => Transform::Scale(1.0, number(0)?),
        "translate" => Transform::Translate(length(0)?, length(1).unwrap_or(Length::ZERO)),
        "translatex" => Transform::Translate(length(0)?, Length::ZERO),
        "translatey" => Transform::Translate(Length::ZERO, length(0)?),
        "skewx" => Transform::Skew(angle(0)?, 0.0),
        "skewy" => Transform::Skew(0.0, angle(0)?),
        "skew" => Transform::Skew(angle(0)?, angle(1).unwrap_or(0.0)),
        _ => return None,
    })
}
