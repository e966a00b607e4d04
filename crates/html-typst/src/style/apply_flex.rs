//! Flex containers and their items, and what grids have in common with them: alignment and gaps.

use super::{
    Distribution, ItemAlign, Length,
    apply::{Applying, Known, keyword},
    apply_flow::integer,
    apply_font::one,
    length::parse_number,
};
use crate::css::Value;

pub(super) fn set(cx: &mut Applying<'_>, name: &str, words: &[&Value]) -> Known {
    let word = keyword(words);
    let word = word.as_deref();
    let flex = &mut cx.style.flex;
    let factor = || one(words).and_then(parse_number).filter(|it| *it >= 0.0);
    Some(match name {
        "flex" => shorthand(cx, words),
        "flex-grow" => factor().map(|it| flex.grow = it),
        "flex-shrink" => factor().map(|it| flex.shrink = it),
        "flex-basis" => match word {
            Some("auto" | "content" | "max-content") => {
                let _: () = flex.basis = None;
                Some(())
            }
            _ => one(words).and_then(|it| cx.length(it)).map(|it| cx.style.flex.basis = Some(it)),
        },
        "flex-direction" | "flex-wrap" | "flex-flow" => words
            .iter()
            .map(|it| match it.keyword()?.as_str() {
                "row" => Some((flex.is_column, flex.is_reverse) = (false, false)),
                "row-reverse" => Some((flex.is_column, flex.is_reverse) = (false, true)),
                "column" => Some((flex.is_column, flex.is_reverse) = (true, false)),
                "column-reverse" => Some((flex.is_column, flex.is_reverse) = (true, true)),
                "wrap" => {
                    let _: () = flex.wraps = true;
                    Some(())
                }
                "nowrap" => {
                    let _: () = flex.wraps = false;
                    Some(())
                }
                _ => None,
            })
            .collect(),
        "order" => one(words).and_then(integer).map(|it| cx.style.order = it),
        "justify-content" => distribution(words).map(|it| cx.style.justify = it),
        "align-content" => distribution(words).map(|it| cx.style.align_content = it),
        "align-items" => item_align(words).map(|it| cx.style.align_items = it),
        "justify-items" => item_align(words).map(|it| cx.style.justify_items = it),
        "align-self" if word == Some("auto") => {
            let _: () = cx.style.align_self = None;
            Some(())
        }
        "align-self" => item_align(words).map(|it| cx.style.align_self = Some(it)),
        "justify-self" if word == Some("auto") => {
            let _: () = cx.style.justify_self = None;
            Some(())
        }
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
