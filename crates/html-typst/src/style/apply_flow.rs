//! Where boxes go: `display`, `position`, floats, breaks.

use super::{
    Break, Clear, Display, Fit, Float, Length, Position, VerticalAlign,
    apply::{Applying, Known, keyword, sides},
    apply_box::sides_named,
    apply_font::one,
};
use crate::css::{Token, Value, words as words_of};

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
            let value = word.and_then(page_break);
            if value == Some(Break::Avoid) {
                cx.remark("a box is kept with the one before by `break-after` of that one");
            }
            value.map(|it| cx.style.break_before = it)
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
            [word] if word.is_ident("auto") => {
                let _: () = style.page = None;
                Some(())
            }
            [Value { token: Token::Ident(name), .. }] => {
                let _: () = style.page = Some((**name).into());
                Some(())
            }
            _ => None,
        },
        "z-index" => match words {
            [word] if word.is_ident("auto") => {
                let _: () = style.z_index = 0;
                Some(())
            }
            _ => one(words).and_then(integer).map(|it| style.z_index = it),
        },
        "object-fit" => match word {
            Some("fill") => Some(Fit::Fill),
            Some("contain") => Some(Fit::Contain),
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
        _ => return None,
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
