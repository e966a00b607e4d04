//! Text styles as arguments of `text`, `par` and `align`.

use super::{Emitter, Flow};
use crate::{
    metrics::face,
    style::{Inherited, LineHeight, TextAlign},
    typst::{Arguments, points, quoted},
};

/// How CSS begins where Typst begins in another way; each setting more is one that Typst looks through for every text.
pub(super) const BASE: &str = "#set text(font: \"Noto Sans\", size: 12pt, fill: rgb(0, 0, 0), \
                    top-edge: \"ascender\", bottom-edge: \"descender\", hyphenate: false, overhang: false);\
                    #set par(leading: 0pt, spacing: 0pt, linebreaks: \"simple\");\
                    #set block(spacing: 0pt);#show heading: it => it.body;";

/// Of what is no part of a line.
pub(super) const NO_STRUT: [f64; 2] = [0.0; 2];

/// How far a line reaches above and below the baseline whatever is in it (CSS 2, 10.8.1); points.
pub(super) fn strut(style: &Inherited) -> [f64; 2] {
    [above_baseline(style), below_baseline(style)]
}

/// The arguments of `text` that make `to` of what Typst has in `flow`; lines reach as far as `strut` then.
pub(super) fn arguments(flow: Flow<'_>, to: &Inherited, strut: [f64; 2]) -> Arguments {
    let from = flow.text;
    let mut arguments = Arguments::default();
    if from.families != to.families {
        arguments.add("font", &families(to));
    }
    if from.size.total_cmp(&to.size).is_ne() {
        arguments.add("size", &points(to.size));
    }
    // Nearly all texts are as those around them.
    let is_other_line = flow.strut.map(f64::to_bits) != strut.map(f64::to_bits)
        || from.size.total_cmp(&to.size).is_ne()
        || from.families != to.families
        || from.line_height != to.line_height;
    if is_other_line {
        let (before, now) = (edges(from, flow.strut), edges(to, strut));
        if before != now {
            arguments.add("top-edge", &now.0);
            arguments.add("bottom-edge", &now.1);
        }
    }
    let fill = |it: &Inherited| it.color.faded(it.opacity);
    if fill(from) != fill(to) {
        arguments.add("fill", &fill(to).typst());
    }
    if from.weight != to.weight {
        arguments.add("weight", &to.weight.to_string());
    }
    if from.is_italic != to.is_italic {
        arguments.add("style", if to.is_italic { "\"italic\"" } else { "\"normal\"" });
    }
    if from.letter_spacing.total_cmp(&to.letter_spacing).is_ne() {
        arguments.add("tracking", &points(to.letter_spacing));
    }
    if from.word_spacing.total_cmp(&to.word_spacing).is_ne() {
        arguments.add("spacing", &format!("100% + {}", points(to.word_spacing)));
    }
    if from.has_tabular_numbers != to.has_tabular_numbers {
        let kind = if to.has_tabular_numbers { "\"tabular\"" } else { "auto" };
        arguments.add("number-width", kind);
    }
    if from.has_old_numbers != to.has_old_numbers {
        arguments.add("number-type", if to.has_old_numbers { "\"old-style\"" } else { "auto" });
    }
    let costs = |it: &Inherited| (it.keeps_orphans, it.keeps_widows);
    if costs(from) != costs(to) {
        let cost = |keeps: bool| if keeps { "100%" } else { "0%" };
        let costs =
            format!("(orphan: {}, widow: {})", cost(to.keeps_orphans), cost(to.keeps_widows));
        arguments.add("costs", &costs);
    }
    if from.has_kerning != to.has_kerning {
        arguments.add("kerning", if to.has_kerning { "true" } else { "false" });
    }
    if from.features != to.features || from.has_small_caps != to.has_small_caps {
        let small_caps = to.has_small_caps.then(|| ("smcp".to_owned(), 1));
        let features = to.features.iter().cloned().chain(small_caps);
        let features: Vec<_> =
            features.map(|(tag, value)| format!("{}: {value}", quoted(&tag))).collect();
        let features = if features.is_empty() { ":".to_owned() } else { features.join(", ") };
        arguments.add("features", &format!("({features})"));
    }
    if from.lang != to.lang {
        language(&to.lang, &mut arguments);
    }
    if from.is_rtl != to.is_rtl {
        arguments.add("dir", if to.is_rtl { "rtl" } else { "ltr" });
    }
    if from.has_hyphens != to.has_hyphens {
        arguments.add("hyphenate", if to.has_hyphens { "true" } else { "false" });
    }
    arguments
}

fn families(style: &Inherited) -> String {
    if style.families.is_empty() {
        return "\"Noto Sans\"".to_owned();
    }
    let names: Vec<_> = style.families.iter().map(|it| quoted(it)).collect();
    format!("({},)", names.join(", "))
}

/// Whether the face has small capitals of its own; those of Typst have, of others nothing is known.
pub(super) fn has_small_capitals(style: &Inherited) -> bool {
    let first = style.families.first().map(|it| it.to_lowercase()).unwrap_or_default();
    first == "libertinus serif" || first.starts_with("new computer modern")
}

/// `de-AT` as `lang` and `region`.
fn language(lang: &str, arguments: &mut Arguments) {
    let mut parts = lang.split('-');
    let letters = |it: &str, range: std::ops::RangeInclusive<usize>| {
        range.contains(&it.len()) && it.bytes().all(|it| it.is_ascii_alphabetic())
    };
    let language = parts.next().filter(|it| letters(it, 2..=3)).unwrap_or("en");
    arguments.add("lang", &quoted(&language.to_ascii_lowercase()));
    let region = parts.find(|it| letters(it, 2..=2));
    let region = region.map_or("none".to_owned(), |it| quoted(&it.to_ascii_uppercase()));
    arguments.add("region", &region);
}

/// How far letters reach above and below the baseline: with half of what the line is higher than they are on each side.
fn edges(style: &Inherited, strut: [f64; 2]) -> (String, String) {
    let is_font = height(style).is_none();
    let [above, below] = self::strut(style);
    let edge = |own: f64, least: f64, sign: f64, name: &str| {
        // What is a rounding error less is as high.
        if own + 0.01 < least {
            points(sign * least)
        } else if is_font {
            quoted(name)
        } else {
            points(sign * own)
        }
    };
    (edge(above, strut[0], 1.0, "ascender"), edge(below, strut[1], -1.0, "descender"))
}

/// Of a line; points. None is up to the font.
fn height(style: &Inherited) -> Option<f64> {
    match style.line_height {
        LineHeight::Normal => None,
        LineHeight::Factor(it) => Some(it * style.size),
        LineHeight::Points(it) => Some(it),
    }
}

/// Of a line, near enough where it is up to the font; points.
pub(super) fn line_height(style: &Inherited) -> f64 {
    let face = face(style);
    height(style).unwrap_or((face.ascent + face.descent) * style.size)
}

/// From the baseline down to the end of the line; points.
pub(super) fn below_baseline(style: &Inherited) -> f64 {
    let face = face(style);
    match height(style) {
        None => face.descent * style.size,
        Some(height) => (height - (face.ascent - face.descent) * style.size) / 2.0,
    }
}

/// From the beginning of the line down to the baseline; points.
pub(super) fn above_baseline(style: &Inherited) -> f64 {
    line_height(style) - below_baseline(style)
}

/// How much higher the line is than its letters: above them and below, less than nothing where it is lower; points.
pub(super) fn beyond_letters(style: &Inherited) -> [f64; 2] {
    let face = face(style);
    [
        above_baseline(style) - face.ascent * style.size,
        below_baseline(style) - face.descent * style.size,
    ]
}

/// Left, right or center.
pub(super) fn side(style: &Inherited) -> TextAlign {
    match style.align {
        TextAlign::Start | TextAlign::Justify if style.is_rtl => TextAlign::Right,
        TextAlign::Start | TextAlign::Justify => TextAlign::Left,
        TextAlign::End if style.is_rtl => TextAlign::Left,
        TextAlign::End => TextAlign::Right,
        it @ (TextAlign::Left | TextAlign::Right | TextAlign::Center) => it,
    }
}

/// As Typst names it.
pub(super) fn side_name(align: TextAlign) -> &'static str {
    match align {
        TextAlign::Right | TextAlign::End => "right",
        TextAlign::Center => "center",
        TextAlign::Left | TextAlign::Start | TextAlign::Justify => "left",
    }
}

impl Emitter<'_> {
    /// Statements that make the style of what comes that of `to`; what Typst has then.
    pub(super) fn restyle<'s>(&mut self, to: &'s Inherited, flow: Flow<'s>) -> Flow<'s> {
        let from = flow.text;
        let arguments = arguments(flow, to, NO_STRUT);
        if !arguments.is_empty() {
            self.write(format_args!("#set text({});", arguments.as_str()));
        }
        let is_justified = |it: &Inherited| it.align == TextAlign::Justify;
        if is_justified(from) != is_justified(to) {
            self.write(format_args!("#set par(justify: {});", is_justified(to)));
        }
        if from.breaks_pretty != to.breaks_pretty {
            let breaks = if to.breaks_pretty { "\"optimized\"" } else { "\"simple\"" };
            self.write(format_args!("#set par(linebreaks: {breaks});"));
        }
        if from.indent != to.indent {
            let amount = points(to.indent.of(flow.width).unwrap_or(0.0));
            self.write(format_args!("#set par(first-line-indent: (amount: {amount}, all: true));"));
        }
        let align = side(to);
        if align != flow.align {
            self.write(format_args!("#set align({});", side_name(align)));
        }
        Flow { text: to, strut: NO_STRUT, align, ..flow }
    }

    /// Whether [`Self::restyle`] would write something.
    pub(super) fn differs(to: &Inherited, flow: Flow<'_>) -> bool {
        let is_justified = |it: &Inherited| it.align == TextAlign::Justify;
        side(to) != flow.align
            || is_justified(flow.text) != is_justified(to)
            || flow.text.breaks_pretty != to.breaks_pretty
            || flow.text.indent != to.indent
            || !arguments(flow, to, NO_STRUT).is_empty()
    }
}
