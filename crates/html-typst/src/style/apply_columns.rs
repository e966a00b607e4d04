//! Columns and transforms.

use std::rc::Rc;

use super::{
    Length, Transform,
    apply::{Applying, Known, keyword},
    apply_background,
    apply_flow::integer,
    apply_font::one,
    length::{parse_angle, parse_number},
};
use crate::css::{Token, Value, split_commas, words as words_of};

pub(super) fn set(cx: &mut Applying<'_>, name: &str, words: &[&Value]) -> Known {
    Some(match name {
        "transform" => transform(cx, words).map(|it| cx.style.transform = it),
        "transform-origin" => {
            // Nothing, the middle and the end are what Typst knows.
            let is_known =
                |it: Length| it.points == 0.0 && [0.0, 50.0, 100.0].contains(&it.percent);
            apply_background::position(cx, words).map(|it| {
                if !(is_known(it.0) && is_known(it.1)) {
                    cx.remark("the nearest of edge and middle is taken");
                }
                cx.style.origin = it;
            })
        }
        _ => return columns(cx, name, words),
    })
}

fn columns(cx: &mut Applying<'_>, name: &str, words: &[&Value]) -> Known {
    let count = |it: &Value| {
        integer(it).filter(|it| (1..=20).contains(it)).and_then(|it| usize::try_from(it).ok())
    };
    Some(match name {
        "column-count" if keyword(words).as_deref() == Some("auto") => {
            let _: () = cx.style.column_count = None;
            Some(())
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
                        let _: () = cx.style.column_count = Some(it);
                        Some(())
                    } else {
                        cx.points(it).map(|it| cx.style.column_width = Some(it))
                    }
                })
                .collect()
        }
        "column-span" => match keyword(words).as_deref() {
            Some("all") => {
                let _: () = cx.style.spans_columns = true;
                Some(())
            }
            Some("none") => {
                let _: () = cx.style.spans_columns = false;
                Some(())
            }
            _ => None,
        },
        "column-fill" => (keyword(words).as_deref() == Some("balance")).then_some(()),
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
