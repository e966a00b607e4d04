//! How texts are set: alignment, spaces, lines through them; lists; cells.

use super::{
    Case, Decoration, Length, Line, ListKind, TextAlign, WhiteSpace,
    apply::{Applying, Known, keyword},
    apply_content::list_kind,
    apply_font::one,
    length::parse_number,
};
use crate::css::{Token, Value};

pub(super) fn set(cx: &mut Applying<'_>, name: &str, words: &[&Value]) -> Known {
    let word = keyword(words);
    let word = word.as_deref();
    Some(match name {
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
        "text-wrap" | "text-wrap-mode" => match word {
            Some("nowrap") => Some(WhiteSpace::NoWrap),
            Some("wrap" | "balance" | "pretty" | "stable") => Some(WhiteSpace::Normal),
            _ => None,
        }
        .map(|it| cx.style.inherited.white_space = it),
        "letter-spacing" => spacing(cx, words).map(|it| cx.style.inherited.letter_spacing = it),
        "word-spacing" => spacing(cx, words).map(|it| cx.style.inherited.word_spacing = it),
        "hyphens" => match word {
            Some("auto") => Some(true),
            Some("none" | "manual") => Some(false),
            _ => None,
        }
        .map(|it| cx.style.inherited.has_hyphens = it),
        "text-decoration" | "text-decoration-line" => decoration(cx, words),
        "text-decoration-color" => {
            one(words).and_then(|it| cx.color(it)).map(|it| cx.style.decoration.color = Some(it))
        }
        "text-decoration-style" => word.and_then(line).map(|it| cx.style.decoration.line = it),
        "text-decoration-thickness" => match word {
            Some("auto" | "from-font") => Some(cx.style.decoration.width = None),
            _ => one(words)
                .and_then(|it| cx.points(it))
                .map(|it| cx.style.decoration.width = Some(it)),
        },
        "text-underline-offset" => match word {
            Some("auto") => Some(cx.style.decoration.offset = None),
            _ => one(words)
                .and_then(|it| Length::parse_points(it, cx.scale))
                .map(|it| cx.style.decoration.offset = Some(it)),
        },
        "text-decoration-skip-ink"
        | "text-underline-position"
        | "text-justify"
        | "tab-size"
        | "line-break"
        | "hanging-punctuation"
        | "text-overflow" => match word {
            Some("auto" | "none" | "clip" | "ellipsis" | "inter-word" | "normal") => Some(()),
            _ => (name == "tab-size").then_some(()),
        },
        "overflow-wrap" | "word-wrap" | "word-break" => {
            matches!(word, Some("normal" | "break-word" | "anywhere" | "break-all" | "keep-all"))
                .then_some(())
        }
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
            one(words).and_then(parse_number).map(|it| cx.style.inherited.keeps_lines = it > 1.0)
        }
        _ => return table_or_list(cx, name, words, word),
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
