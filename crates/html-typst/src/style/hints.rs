//! Attributes that say how elements look, as CSS (HTML, 15.3 and 15.4).

use std::fmt::Write as _;

use crate::dom::{Dom, Element, Id};

/// The declaration that says the language; no style sheet does.
pub(super) const LANG: &str = "-hint-lang";

/// Declarations for the attributes of an element; empty for most.
pub(super) fn css(dom: &Dom, id: Id, element: &Element) -> String {
    let mut css = String::new();
    if element.attributes.is_empty() && &*element.name != "td" && &*element.name != "th" {
        return css;
    }
    let mut say = |name: &str, value: &str| {
        let _infallible = write!(css, "{name}: {value};");
    };
    let is_safe = |it: &str| {
        it.chars().all(|it| it.is_alphanumeric() || matches!(it, '#' | '%' | '.' | '-' | ' '))
    };
    let attribute = |name: &str| element.filled(name).filter(|it| is_safe(it));
    if let Some(lang) = element.attribute("lang").filter(|it| is_safe(it)) {
        say(LANG, &format!("\"{lang}\""));
    }
    match attribute("dir").map(str::to_ascii_lowercase).as_deref() {
        Some("rtl") => say("direction", "rtl"),
        Some("ltr") => say("direction", "ltr"),
        Some("auto") => say("direction", if is_rtl(&dom.text(id)) { "rtl" } else { "ltr" }),
        _ => {}
    }
    let name = &*element.name;
    if matches!(name, "table" | "td" | "th" | "col" | "colgroup" | "img" | "hr" | "pre" | "svg") {
        for property in ["width", "height"] {
            if let Some(size) = attribute(property).and_then(size) {
                say(property, &size);
            }
        }
    }
    if matches!(name, "tr" | "thead" | "tbody" | "tfoot")
        && let Some(height) = attribute("height").and_then(size)
    {
        say("height", &height);
    }
    if let Some(align) = attribute("align") {
        let align = align.to_ascii_lowercase();
        match (name, align.as_str()) {
            ("table" | "hr", "center") => say("margin-inline", "auto"),
            ("img" | "table", "left" | "right") => say("float", &align),
            ("img", "middle") => say("vertical-align", "middle"),
            (_, "left" | "right" | "center" | "justify") => say("text-align", &align),
            _ => {}
        }
    }
    if let Some(valign) = attribute("valign") {
        say("vertical-align", valign);
    }
    if let Some(color) = attribute("bgcolor") {
        say("background-color", color);
    }
    match name {
        "table" | "td" | "th" => table(dom, id, element, &mut say),
        "br" => match attribute("clear").map(str::to_ascii_lowercase).as_deref() {
            Some("all" | "both") => say("clear", "both"),
            Some(side @ ("left" | "right")) => say("clear", side),
            _ => {}
        },
        "img" => {
            for (name, margin) in [("hspace", "margin-inline"), ("vspace", "margin-block")] {
                if let Some(size) = attribute(name).and_then(size) {
                    say(margin, &size);
                }
            }
        }
        "font" => {
            if let Some(color) = attribute("color") {
                say("color", color);
            }
            if let Some(face) = attribute("face") {
                say("font-family", face);
            }
            let sizes = ["x-small", "small", "medium", "large", "x-large", "xx-large", "xxx-large"];
            let size = attribute("size").and_then(|it| it.parse::<usize>().ok());
            if let Some(size) = size.and_then(|it| sizes.get(it.checked_sub(1)?)) {
                say("font-size", size);
            }
        }
        "ol" | "ul" | "li" => {
            let kind = match element.attribute("type") {
                Some("a") => "lower-alpha",
                Some("A") => "upper-alpha",
                Some("i") => "lower-roman",
                Some("I") => "upper-roman",
                Some("1") => "decimal",
                Some(it) if ["disc", "circle", "square"].contains(&&*it.to_ascii_lowercase()) => it,
                _ => return list(css, element, name),
            };
            say("list-style-type", kind);
            return list(css, element, name);
        }
        _ => {}
    }
    css
}

fn list(mut css: String, element: &Element, name: &str) -> String {
    let number = |it: &str| element.filled(it).and_then(|it| it.parse::<i32>().ok());
    let declared = match (name, number("start"), number("value")) {
        ("ol", Some(start), _) => format!("counter-reset: list-item {};", start.saturating_sub(1)),
        ("li", _, Some(value)) => format!("counter-set: list-item {value};"),
        _ => String::new(),
    };
    css += &declared;
    css
}

fn table(dom: &Dom, id: Id, element: &Element, say: &mut impl FnMut(&str, &str)) {
    let number = |of: &Element, name: &str| {
        of.filled(name).and_then(|it| it.trim_end_matches("px").parse::<u16>().ok())
    };
    if &*element.name == "table" {
        if let Some(spacing) = number(element, "cellspacing") {
            say("border-spacing", &format!("{spacing}px"));
        }
        if let Some(border) = number(element, "border").filter(|it| *it > 0) {
            say("border", &format!("{border}px solid gray"));
        }
        return;
    }
    if element.attribute("nowrap").is_some() {
        say("white-space", "nowrap");
    }
    let mut at = dom.parent_element(id);
    while let Some(it) = at {
        let Some(above) = dom.element(it) else { break };
        if &*above.name == "table" {
            if let Some(padding) = number(above, "cellpadding") {
                say("padding", &format!("{padding}px"));
            }
            if number(above, "border").is_some_and(|it| it > 0) {
                say("border", "1px solid gray");
            }
            break;
        }
        at = dom.parent_element(it);
    }
}

/// `50` is in pixels, `50%` is a share.
fn size(value: &str) -> Option<String> {
    if let Some(share) = value.strip_suffix('%') {
        return share.trim().parse::<f64>().ok().map(|it| format!("{it}%"));
    }
    let digits = value.trim_end_matches("px").trim();
    digits.parse::<f64>().ok().filter(|it| *it >= 0.0).map(|it| format!("{it}px"))
}

/// Whether the first letter that has a direction goes from right to left.
pub(crate) fn is_rtl(text: &str) -> bool {
    let strong = text.chars().find(|it| it.is_alphabetic());
    strong.is_some_and(|it| matches!(it, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'))
}
