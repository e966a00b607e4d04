//! How texts are set: alignment, spaces, lines through them; lists; cells.

use super::{
    Case, Decoration, Length, Line, ListKind, TextAlign, WhiteSpace, WordBreak,
    apply::{Applying, Known, keyword},
    apply_content::list_kind,
    apply_flow::integer,
    apply_font::one,
    length::parse_number,
};
use crate::css::{Token, Value};

pub(super) fn set(cx: &mut Applying<'_>, name: &str, words: &[&Value]) -> Known {
    let word = keyword(words);
    let word = word.as_deref();
    Some(match name {
        // Of headings of tables, where nothing around them says it (HTML, 15.3.8).
        "text-align" if word == Some("-own-center") => {
            if cx.parent.inherited.align == TextAlign::Start {
                cx.style.inherited.align = TextAlign::Center;
            }
            Some(())
        }
        "text-align" => align(word).map(|it| cx.style.inherited.align = it),
        "text-align-last" => matches!(word, Some("auto" | "start" | "left")).then_some(()),
        "text-indent" => {
            one(words).and_then(|it| cx.length(it)).map(|it| cx.style.inherited.indent = it)
        }
        "text-transform" => match word {
            Some("none") => Some(Case::AsIs),
            Some("uppercase") => Some(Case::Upper),
            Some("lowercase") => Some(Case::Lower),
            Some("capitalize") => Some(Case::Capitals),
            _ => None,
        }
        .map(|it| cx.style.inherited.case = it),
        "white-space" => white_space(word).map(|it| cx.style.inherited.white_space = it),
        "text-wrap" | "text-wrap-mode" | "text-wrap-style" => wrap(cx, word),
        "letter-spacing" => spacing(cx, words).map(|it| cx.style.inherited.letter_spacing = it),
        "word-spacing" => spacing(cx, words).map(|it| cx.style.inherited.word_spacing = it),
        "hyphens" => match word {
            Some("auto") => Some(true),
            Some("none" | "manual") => Some(false),
            _ => None,
        }
        .map(|it| cx.style.inherited.has_hyphens = it),
        "text-decoration-skip-ink" | "text-underline-position" => {
            (word == Some("auto")).then_some(())
        }
        "text-justify" => matches!(word, Some("auto" | "inter-word")).then_some(()),
        "line-break" => matches!(word, Some("auto" | "normal")).then_some(()),
        "hanging-punctuation" => (word == Some("none")).then_some(()),
        "text-overflow" => (word == Some("clip")).then_some(()),
        "tab-size" => one(words)
            .and_then(integer)
            .and_then(|it| u8::try_from(it).ok())
            .map(|it| cx.style.inherited.tab_size = it),
        "overflow-wrap" | "word-wrap" | "word-break" => match word {
            Some("normal") => Some(WordBreak::Never),
            Some("break-word" | "anywhere") => Some(WordBreak::Long),
            Some("break-all") => Some(WordBreak::Anywhere),
            _ => None,
        }
        .map(|it| cx.style.inherited.word_break = it),
        "unicode-bidi" => match word {
            Some("normal") => Some(false),
            Some("embed" | "isolate" | "plaintext") => Some(true),
            _ => None,
        }
        .map(|it| cx.style.isolates = it),
        "visibility" => match word {
            Some("visible") => Some(true),
            Some("hidden" | "collapse") => Some(false),
            _ => None,
        }
        .map(|it| cx.style.inherited.is_visible = it),
        "opacity" => one(words)
            .and_then(share)
            .map(|it| cx.style.inherited.opacity = cx.parent.inherited.opacity * it),
        "orphans" | "widows" => {
            let count = one(words).and_then(integer).filter(|it| *it > 0)?;
            if count > 2 {
                cx.remark("two lines are kept together");
            }
            let inherited = &mut cx.style.inherited;
            let keeps = if name == "orphans" {
                &mut inherited.keeps_orphans
            } else {
                &mut inherited.keeps_widows
            };
            let _: () = *keeps = count > 1;
            Some(())
        }
        _ => {
            return lines(cx, name, words, word).or_else(|| table_or_list(cx, name, words, word));
        }
    })
}

/// Lines under, through and over texts.
fn lines(cx: &mut Applying<'_>, name: &str, words: &[&Value], word: Option<&str>) -> Known {
    Some(match name {
        "text-decoration" | "text-decoration-line" => decoration(cx, words),
        "text-decoration-color" => {
            one(words).and_then(|it| cx.color(it)).map(|it| cx.style.decoration.color = Some(it))
        }
        "text-decoration-style" => word.and_then(line).map(|it| {
            if it == Line::Double {
                cx.remark("drawn as one line");
            }
            cx.style.decoration.line = it;
        }),
        "text-decoration-thickness" => match word {
            Some("auto" | "from-font") => {
                let _: () = cx.style.decoration.width = None;
                Some(())
            }
            _ => one(words)
                .and_then(|it| cx.points(it))
                .map(|it| cx.style.decoration.width = Some(it)),
        },
        "text-underline-offset" => match word {
            Some("auto") => {
                let _: () = cx.style.decoration.offset = None;
                Some(())
            }
            _ => one(words)
                .and_then(|it| Length::parse_points(it, cx.scale))
                .map(|it| cx.style.decoration.offset = Some(it)),
        },
        _ => return None,
    })
}

fn table_or_list(cx: &mut Applying<'_>, name: &str, words: &[&Value], word: Option<&str>) -> Known {
    let inherited = &mut cx.style.inherited;
    Some(match name {
        "border-collapse" => match word {
            Some("collapse") => Some(true),
            Some("separate") => Some(false),
            _ => None,
        }
        .map(|it| inherited.collapses = it),
        "border-spacing" => {
            let lengths: Option<Vec<_>> = words.iter().map(|it| cx.points(it)).collect();
            match lengths.as_deref() {
                Some([both]) => Some((*both, *both)),
                Some([across, down]) => Some((*across, *down)),
                _ => None,
            }
            .map(|it| cx.style.inherited.spacing = it)
        }
        "caption-side" => match word {
            Some("top") => Some(false),
            Some("bottom") => Some(true),
            _ => None,
        }
        .map(|it| inherited.caption_is_below = it),
        "empty-cells" => (word == Some("show")).then_some(()),
        "list-style-position" => match word {
            Some("inside") => Some(true),
            Some("outside") => Some(false),
            _ => None,
        }
        .map(|it| inherited.list_is_inside = it),
        "list-style-type" => one(words).and_then(list_kind).map(|it| inherited.list_kind = it),
        "list-style-image" => (word == Some("none")).then_some(()),
        "list-style" => {
            let mut is_known = !words.is_empty();
            for it in words {
                match it.keyword().as_deref() {
                    Some("inside") => inherited.list_is_inside = true,
                    Some("outside") => inherited.list_is_inside = false,
                    Some("none") => inherited.list_kind = ListKind::None,
                    _ => match list_kind(it) {
                        Some(kind) => inherited.list_kind = kind,
                        None => is_known = false,
                    },
                }
            }
            is_known.then_some(())
        }
        _ => return None,
    })
}

fn wrap(cx: &mut Applying<'_>, word: Option<&str>) -> Option<()> {
    let wraps = !matches!(word, Some("nowrap"));
    match word? {
        "wrap" | "nowrap" | "auto" | "stable" => {}
        "pretty" => cx.style.inherited.breaks_pretty = true,
        "balance" => cx.remark("lines are filled"),
        _ => return None,
    }
    let inherited = &mut cx.style.inherited;
    inherited.white_space = match (inherited.white_space, wraps) {
        (WhiteSpace::NoWrap, true) => WhiteSpace::Normal,
        (WhiteSpace::Pre, true) => WhiteSpace::PreWrap,
        (WhiteSpace::Normal, false) => WhiteSpace::NoWrap,
        (WhiteSpace::PreWrap, false) => WhiteSpace::Pre,
        (it, _) => it,
    };
    Some(())
}

fn align(word: Option<&str>) -> Option<TextAlign> {
    Some(match word? {
        "start" | "match-parent" => TextAlign::Start,
        "end" => TextAlign::End,
        "left" => TextAlign::Left,
        "right" => TextAlign::Right,
        "center" => TextAlign::Center,
        "justify" => TextAlign::Justify,
        _ => return None,
    })
}

fn white_space(word: Option<&str>) -> Option<WhiteSpace> {
    Some(match word? {
        "normal" => WhiteSpace::Normal,
        "nowrap" => WhiteSpace::NoWrap,
        "pre" => WhiteSpace::Pre,
        "pre-wrap" | "break-spaces" => WhiteSpace::PreWrap,
        "pre-line" => WhiteSpace::PreLine,
        _ => return None,
    })
}

fn spacing(cx: &Applying<'_>, words: &[&Value]) -> Option<f64> {
    let word = one(words)?;
    if word.is_ident("normal") {
        return Some(0.0);
    }
    Length::parse_points(word, cx.scale)
}

fn share(value: &Value) -> Option<f64> {
    let share = match value.token {
        Token::Percent(it) => it / 100.0,
        _ => parse_number(value)?,
    };
    Some(share.clamp(0.0, 1.0))
}

pub(super) fn line(word: &str) -> Option<Line> {
    Some(match word {
        "none" => Line::None,
        "hidden" => Line::Hidden,
        "solid" => Line::Solid,
        "dashed" => Line::Dashed,
        "dotted" => Line::Dotted,
        "double" => Line::Double,
        _ => return None,
    })
}

fn decoration(cx: &mut Applying<'_>, words: &[&Value]) -> Option<()> {
    let mut decoration = Decoration::NONE;
    for word in words {
        match word.keyword().as_deref() {
            Some("none") => decoration = Decoration::NONE,
            Some("underline") => decoration.is_under = true,
            Some("line-through") => decoration.is_through = true,
            Some("overline") => decoration.is_over = true,
            Some("auto" | "from-font") => decoration.width = None,
            other => {
                if let Some(line) = other.and_then(line) {
                    if line == Line::Double {
                        cx.remark("drawn as one line");
                    }
                    decoration.line = line;
                } else if let Some(color) = cx.color(word) {
                    decoration.color = Some(color);
                } else {
                    decoration.width = Some(cx.points(word)?);
                }
            }
        }
    }
    cx.style.decoration = decoration;
    Some(())
}
