//! Generated content: `content`, counters, named strings, bookmarks.

use std::rc::Rc;

use super::{
    Content, ListKind, Numbers, Piece, Target, Which,
    apply::{Applying, Known, keyword},
    apply_flow::integer,
};
use crate::css::{Token, Value, split_commas, words};

pub(super) fn set(cx: &mut Applying<'_>, name: &str, value: &[Value]) -> Known {
    let list = words(value);
    let word = keyword(&list);
    let style = &mut cx.style;
    Some(match name {
        "content" => match word.as_deref() {
            Some("normal") => {
                let _: () = style.content = Content::Normal;
                Some(())
            }
            Some("none") => {
                let _: () = style.content = Content::None;
                Some(())
            }
            _ => {
                // What is said aloud instead stands behind a slash.
                let end = list.iter().position(|it| it.is_delimiter('/')).unwrap_or(list.len());
                pieces(&list[..end]).map(|it| style.content = Content::Pieces(it))
            }
        },
        "counter-reset" => counters(&list, 0).map(|it| style.counter_reset = it),
        "counter-set" => counters(&list, 0).map(|it| style.counter_set = it),
        "counter-increment" => counters(&list, 1).map(|it| style.counter_increment = it),
        "string-set" => {
            if word.as_deref() == Some("none") {
                return Some({
                    let _: () = style.string_set = Rc::new([]);
                    Some(())
                });
            }
            let strings = split_commas(value).into_iter().map(|part| {
                let list = words(part);
                let (name, rest) = list.split_first()?;
                let Token::Ident(name) = &name.token else { return None };
                Some(((**name).into(), pieces(rest)?))
            });
            strings.collect::<Option<Vec<_>>>().map(|it| style.string_set = it.into())
        }
        "bookmark-level" => match list[..] {
            [word] if word.is_ident("none") => {
                let _: () = style.bookmark_level = 0;
                Some(())
            }
            [word] => integer(word)
                .and_then(|it| u8::try_from(it).ok())
                .filter(|it| *it > 0)
                .map(|it| style.bookmark_level = it),
            _ => None,
        },
        "quotes" => {
            let texts: Option<Vec<_>> = list
                .iter()
                .map(|it| match &it.token {
                    Token::Text(it) => Some(it.to_string()),
                    _ => None,
                })
                .collect();
            if matches!(word.as_deref(), Some("auto")) {
                return Some(Some(()));
            }
            if matches!(word.as_deref(), Some("none")) {
                style.inherited.quotes = Rc::new([]);
                return Some(Some(()));
            }
            texts.filter(|it| it.len() % 2 == 0 && !it.is_empty()).map(|it| {
                let pairs = it.chunks(2).map(|it| (it[0].clone(), it[1].clone()));
                style.inherited.quotes = pairs.collect();
            })
        }
        _ => return None,
    })
}

fn counters(words: &[&Value], otherwise: i32) -> Option<Numbers> {
    if keyword(words).as_deref() == Some("none") {
        return Some(Rc::new([]));
    }
    let mut counters: Vec<(Rc<str>, i32)> = Vec::new();
    for word in words {
        match &word.token {
            Token::Ident(name) => counters.push(((**name).into(), otherwise)),
            _ => counters.last_mut()?.1 = integer(word)?,
        }
    }
    Some(counters.into())
}

/// The way a list's items are counted or marked.
pub(super) fn list_kind(value: &Value) -> Option<ListKind> {
    if let Token::Text(text) = &value.token {
        return Some(ListKind::Text((**text).into()));
    }
    Some(match value.keyword()?.as_str() {
        "none" => ListKind::None,
        "disc" => ListKind::Disc,
        "circle" => ListKind::Circle,
        "square" => ListKind::Square,
        "decimal" => ListKind::Decimal,
        "decimal-leading-zero" => ListKind::DecimalZero,
        "lower-alpha" | "lower-latin" => ListKind::LowerAlpha,
        "upper-alpha" | "upper-latin" => ListKind::UpperAlpha,
        "lower-roman" => ListKind::LowerRoman,
        "upper-roman" => ListKind::UpperRoman,
        "lower-greek" => ListKind::LowerGreek,
        _ => return None,
    })
}

fn pieces(words: &[&Value]) -> Option<Rc<[Piece]>> {
    words.iter().map(|it| piece(it)).collect::<Option<Vec<_>>>().map(Into::into)
}

fn piece(value: &Value) -> Option<Piece> {
    match &value.token {
        Token::Text(it) => Some(Piece::Text((**it).into())),
        Token::Url(it) => Some(Piece::Image((**it).into())),
        Token::Ident(_) => Some(match value.keyword()?.as_str() {
            "open-quote" => Piece::OpenQuote,
            "close-quote" => Piece::CloseQuote,
            "no-open-quote" | "no-close-quote" => Piece::NoQuote,
            "contents" => Piece::Own,
            _ => return None,
        }),
        Token::Function(name, inner) => function(name, &split_commas(inner)),
        _ => None,
    }
}

fn function(name: &str, arguments: &[&[Value]]) -> Option<Piece> {
    let argument = |at: usize| match arguments.get(at).map(|it| words(it)).as_deref() {
        Some([word, ..]) => Some(*word),
        _ => None,
    };
    let ident = |at: usize| match &argument(at)?.token {
        Token::Ident(it) => Some(Rc::from(&**it)),
        _ => None,
    };
    let text = |at: usize| match &argument(at)?.token {
        Token::Text(it) => Some(Rc::from(&**it)),
        _ => None,
    };
    let kind = |at: usize| match argument(at) {
        None => Some(ListKind::Decimal),
        Some(it) => list_kind(it),
    };
    let which = || match argument(1).map_or(Some("first".to_owned()), Value::keyword)?.as_str() {
        "first" => Some(Which::First),
        "last" => Some(Which::Last),
        "start" => Some(Which::Start),
        "first-except" => Some(Which::FirstExcept),
        _ => None,
    };
    Some(match name {
        "attr" => Piece::Attribute(ident(0)?),
        "counter" => Piece::Counter(ident(0)?, kind(1)?),
        "counters" => Piece::Counters(ident(0)?, text(1)?, kind(2)?),
        "content" => match argument(0) {
            None => Piece::Own,
            Some(it) if it.is_ident("text") => Piece::Own,
            Some(_) => return None,
        },
        "string" => Piece::String(ident(0)?, which()?),
        "element" => Piece::Element(ident(0)?, which()?),
        "target-counter" => Piece::TargetCounter(target(argument(0)?)?, ident(1)?, kind(2)?),
        "target-text" => Piece::TargetText(target(argument(0)?)?),
        "leader" => Piece::Leader(match argument(0) {
            Some(it) if it.is_ident("dotted") => ".".into(),
            Some(it) if it.is_ident("solid") => "_".into(),
            Some(it) if it.is_ident("space") => " ".into(),
            _ => text(0).filter(|it: &Rc<str>| !it.is_empty())?,
        }),
        _ => return None,
    })
}

fn target(value: &Value) -> Option<Target> {
    match &value.token {
        Token::Url(it) | Token::Text(it) => Some(Target::Address((**it).into())),
        Token::Function(name, inner) if &**name == "attr" => match &words(inner).first()?.token {
            Token::Ident(it) => Some(Target::Attribute((**it).into())),
            _ => None,
        },
        _ => None,
    }
}
