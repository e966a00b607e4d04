//! What stands before a document: the page, the language, header and footer, the watermark, as Typst.

use std::{collections::HashMap, fmt::Write as _};

use crate::{
    markup::quoted,
    page::{
        Layer, Margins, Mark, Orientation, PAGE, PAGES, Page, PageSize, Strip, Watermark, parts,
    },
    template::Format,
};

/// The statements for `page`; a Typst template gets only what the task asks for, since it has its own.
///
/// `strips` has the markup of headers and footers that are HTML.
pub(crate) fn prelude(page: &Page, format: Format, strips: &HashMap<String, String>) -> String {
    let mut lines = String::new();
    let mut line = |it: String| lines = format!("{lines}{it}\n");
    let is_typst = format == Format::Typst;
    if !is_typst {
        line("#set text(font: \"Noto Sans\", size: 12pt)".to_owned());
        line("#set par(leading: 0.6em, spacing: 1em)".to_owned());
    }
    if let Some(language) = &page.about.language {
        let region = language.region.as_deref().map_or("none".to_owned(), quoted);
        line(format!("#set text(lang: {}, region: {region})", quoted(&language.language)));
    }
    if let Some(title) = &page.about.title {
        line(format!("#set document(title: {})", quoted(title)));
    }
    let set_up = set_up(page, is_typst, strips);
    if !set_up.is_empty() {
        line(format!("#set page({})", set_up.join(", ")));
    }
    if page.contents {
        line("#outline()\n#pagebreak(weak: true)".to_owned());
    }
    lines
}

/// The arguments of `page`.
fn set_up(page: &Page, is_typst: bool, html: &HashMap<String, String>) -> Vec<String> {
    let content = |strip: &Strip| content(strip, html);
    let mut arguments = Vec::new();
    match (page.size, page.orientation) {
        (None, Some(Orientation::Landscape)) if is_typst => {
            arguments.push("flipped: true".to_owned());
        }
        (None, _) if is_typst => {}
        (size, orientation) => {
            let size = size.unwrap_or(PageSize::A4).oriented(orientation);
            arguments.push(format!("width: {}, height: {}", size.width, size.height));
        }
    }
    let margins = page.margins.or((!is_typst).then_some(Margins::DEFAULT));
    if let Some(Margins { top, right, bottom, left }) = margins {
        arguments
            .push(format!("margin: (top: {top}, right: {right}, bottom: {bottom}, left: {left})"));
    }
    if let Some(columns) = page.columns {
        arguments.push(format!("columns: {}", columns.0));
    }
    if let Some(color) = &page.background {
        arguments.push(format!("fill: rgb({})", quoted(color.hex())));
    }
    let first = page.first.clone().unwrap_or_default();
    let strips = [("header", &page.header, first.header), ("footer", &page.footer, first.footer)];
    for (name, strip, first) in strips {
        if strip.is_some() || first.is_some() {
            let others = strip.as_ref().map_or("none".to_owned(), content);
            let strip = match first {
                Some(first) => format!(
                    "context if here().page() == 1 {{ {} }} else {{ {others} }}",
                    content(&first)
                ),
                None => others,
            };
            arguments.push(format!("{name}: {strip}"));
        }
    }
    if let Some(watermark) = &page.watermark {
        let layer = match watermark.layer {
            Layer::Under => "background",
            Layer::Over => "foreground",
        };
        arguments.push(format!("{layer}: {}", across(watermark)));
    }
    arguments
}

fn content(strip: &Strip, html: &HashMap<String, String>) -> String {
    match strip {
        Strip::Text(text) => line(text),
        Strip::Html(source) => match html.get(source) {
            Some(markup) => format!("block(width: 100%)[#set align(left);{markup}]"),
            None => "none".to_owned(),
        },
    }
}

/// A line of three parts, each as wide as the others.
fn line(text: &str) -> String {
    let parts = parts(text).map(part);
    if parts.iter().all(|it| it == "none") {
        return "none".to_owned();
    }
    let [left, middle, right] = parts;
    format!(
        "text(size: 9pt, grid(columns: (1fr, auto, 1fr), column-gutter: 1em, align: (start, center, end), {left}, {middle}, {right}))"
    )
}

/// A part's text, with the numbers where they belong.
fn part(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(at) = rest.find([PAGE, PAGES, '\n']) {
        let (before, from) = rest.split_at(at);
        if !before.is_empty() {
            let _infallible = write!(code, "{}; ", quoted(before));
        }
        let mut after = from.chars();
        code += match after.next() {
            Some(PAGE) => "context counter(page).display(\"1\"); ",
            Some(PAGES) => "context [#counter(page).final().first()]; ",
            _ => "linebreak(); ",
        };
        rest = after.as_str();
    }
    if !rest.is_empty() {
        code += &quoted(rest);
    }
    if code.is_empty() { "none".to_owned() } else { format!("{{ {code} }}") }
}

/// In the middle of the page, as large as the page allows.
fn across(watermark: &Watermark) -> String {
    let Watermark { mark, angle, opacity, color, .. } = watermark;
    let shown = match mark {
        Mark::Text(text) => {
            let transparent = (1.0 - opacity) * 100.0;
            format!(
                "layout(area => {{ let mark(size) = text(size: size, weight: \"bold\", hyphenate: false, fill: rgb({}).transparentize({transparent}%), {}); let wide = measure(mark(100pt)).width; mark(calc.min(1.6, 0.8 * calc.min(area.width, area.height) / calc.max(wide, 1pt)) * 100pt) }})",
                quoted(color.hex()),
                quoted(text),
            )
        }
        Mark::Image(name) => format!("image({}, width: 60%, alt: \"\")", quoted(name)),
    };
    format!("rotate({angle}deg, {shown})")
}
