//! `inherit`, `initial`, `unset` and `revert`.

use super::{
    Inherited, Style,
    apply::{Applying, Outcome},
};

/// Sets a property to what the parent has, or to what it is where nobody says anything.
pub(super) fn set(cx: &mut Applying<'_>, name: &str, keyword: &str) -> Outcome {
    let initial = Style::initial();
    let from = match keyword {
        "inherit" => cx.parent,
        "initial" => &initial,
        _ if inherits(name) => cx.parent,
        _ => &initial,
    };
    if copy(name, from, &mut cx.style) || copy_text(name, &from.inherited, &mut cx.style.inherited)
    {
        return Outcome::Done;
    }
    Outcome::UnknownValue
}

fn inherits(name: &str) -> bool {
    let mut style = Style::initial();
    copy_text(name, &Style::initial().inherited, &mut style.inherited)
}

fn copy(name: &str, from: &Style, to: &mut Style) -> bool {
    match name {
        "display" => to.display = from.display,
        "position" => to.position = from.position.clone(),
        "float" => to.float = from.float,
        "clear" => to.clear = from.clear,
        "width" => to.width = from.width,
        "height" => to.height = from.height,
        "min-width" => to.min_width = from.min_width,
        "max-width" => to.max_width = from.max_width,
        "min-height" => to.min_height = from.min_height,
        "max-height" => to.max_height = from.max_height,
        "margin" => to.margin = from.margin,
        "padding" => to.padding = from.padding,
        "border" => to.border = from.border,
        "border-color" => {
            for (side, border) in to.border.iter_mut().enumerate() {
                border.color = Some(from.border_color(side));
            }
        }
        "border-radius" => to.radius = from.radius,
        "box-sizing" => to.is_border_box = from.is_border_box,
        "background-color" => to.background = from.background,
        "background-image" => to.paint.clone_from(&from.paint),
        "background" => {
            to.background = from.background;
            to.paint.clone_from(&from.paint);
        }
        "overflow" => to.clips = from.clips,
        "vertical-align" => to.vertical_align = from.vertical_align,
        "content" => to.content = from.content.clone(),
        "text-decoration" => to.decoration = from.decoration,
        "break-before" | "page-break-before" => to.break_before = from.break_before,
        "break-after" | "page-break-after" => to.break_after = from.break_after,
        "break-inside" | "page-break-inside" => to.stays_whole = from.stays_whole,
        "transform" => to.transform = from.transform.clone(),
        "flex" => to.flex = from.flex,
        _ => {
            let sides = ["top", "right", "bottom", "left"];
            let Some((property, side)) = name.split_once('-') else { return false };
            let Some(side) = sides.iter().position(|it| *it == side) else { return false };
            match property {
                "margin" => to.margin[side] = from.margin[side],
                "padding" => to.padding[side] = from.padding[side],
                "border" => to.border[side] = from.border[side],
                _ => return false,
            }
        }
    }
    true
}

fn copy_text(name: &str, from: &Inherited, to: &mut Inherited) -> bool {
    match name {
        "color" => to.color = from.color,
        "font-family" => to.families = from.families.clone(),
        "font-size" => to.size = from.size,
        "font-weight" => to.weight = from.weight,
        "font-style" => to.is_italic = from.is_italic,
        "font" => {
            to.families = from.families.clone();
            (to.size, to.weight, to.is_italic) = (from.size, from.weight, from.is_italic);
            (to.line_height, to.has_small_caps) = (from.line_height, from.has_small_caps);
        }
        "font-variant" | "font-variant-caps" => to.has_small_caps = from.has_small_caps,
        "line-height" => to.line_height = from.line_height,
        "letter-spacing" => to.letter_spacing = from.letter_spacing,
        "word-spacing" => to.word_spacing = from.word_spacing,
        "text-align" => to.align = from.align,
        "text-indent" => to.indent = from.indent,
        "text-transform" => to.case = from.case,
        "white-space" => to.white_space = from.white_space,
        "direction" => to.is_rtl = from.is_rtl,
        "hyphens" => to.has_hyphens = from.has_hyphens,
        "list-style" | "list-style-type" => to.list_kind = from.list_kind.clone(),
        "border-collapse" => to.collapses = from.collapses,
        "border-spacing" => to.spacing = from.spacing,
        "visibility" => to.is_visible = from.is_visible,
        "quotes" => to.quotes = from.quotes.clone(),
        "orphans" => to.keeps_orphans = from.keeps_orphans,
        "widows" => to.keeps_widows = from.keeps_widows,
        "overflow-wrap" | "word-wrap" | "word-break" => to.word_break = from.word_break,
        "tab-size" => to.tab_size = from.tab_size,
        _ => return false,
    }
    true
}
