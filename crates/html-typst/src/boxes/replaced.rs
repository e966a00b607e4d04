//! Elements that are shown as something else: images, drawings, fields of forms.

use std::{fmt::Write as _, rc::Rc};

use super::{Kind, Node, build::Builder, content::own_text};
use crate::{
    Image,
    dom::{Dom, Element, Id, Kind as DomKind},
    style::{Length, Style},
    warnings::{Place, shown},
};

/// Deeper than any drawing.
const SVG_DEPTH_MAX: usize = 100;

/// The side of what is ticked; CSS pixels.
const MARK: f64 = 13.0;
const SQUARE: &str = "<rect x='.5' y='.5' width='12' height='12' rx='2'/>";
const CIRCLE: &str = "<circle cx='6.5' cy='6.5' r='6'/>";

impl Builder<'_> {
    /// The image at `address`, or what is said in its stead.
    pub(super) fn image(
        &mut self,
        address: &str,
        alt: String,
        style: &Rc<Style>,
        line: u32,
    ) -> Option<Node> {
        match self.assets.image(address) {
            Ok(image) => Some(Node::new(style.clone(), Kind::Image { image, alt })),
            Err(why) => {
                let text = format!("image `{}` {why}", shown(address));
                self.styled.sheets.warnings.add(text, Place { line, column: 0 });
                (!alt.is_empty()).then(|| Node::text(&Rc::new(style.child()), alt))
            }
        }
    }

    /// A drawing that stands in the document.
    pub(super) fn drawing(&mut self, id: Id, element: &Element, style: &Rc<Style>) -> Node {
        let mut svg = String::new();
        write(self.dom, id, true, &mut svg, SVG_DEPTH_MAX);
        let alt = element.filled("aria-label").unwrap_or_default().to_owned();
        let image = Image { name: self.assets.keep(svg), size: Some(drawing_size(element)) };
        Node::new(style.clone(), Kind::Image { image, alt })
    }

    /// A field of a form, with what is filled in.
    pub(super) fn field(&mut self, id: Id, element: &Element, style: &Rc<Style>) -> Node {
        let kind = element.attribute("type").unwrap_or("text").to_ascii_lowercase();
        let is_checked = element.attribute("checked").is_some();
        let text = match (&*element.name, kind.as_str()) {
            ("input", "checkbox" | "radio") => return self.mark(&kind, is_checked, style),
            ("select", _) => self.chosen(id),
            _ => element.attribute("value").unwrap_or_default().to_owned(),
        };
        let is_button = matches!(kind.as_str(), "submit" | "reset" | "button");
        let mut style = style.clone();
        if !is_button && style.width.is_none() {
            let mut wide = (*style).clone();
            wide.width = Some(Length::points(style.inherited.size * 10.0));
            style = Rc::new(wide);
        }
        let inner = Rc::new(style.child());
        let mut node = Node::new(style, Kind::Box);
        // An empty field is as high as one with a text.
        let text = if text.is_empty() { "\u{a0}".to_owned() } else { text };
        node.children.push(Node::text(&inner, text));
        node
    }

    /// A box or a circle to tick, drawn, since few fonts have them.
    fn mark(&mut self, kind: &str, is_checked: bool, style: &Rc<Style>) -> Node {
        let (outline, sign, alt) = match (kind, is_checked) {
            ("checkbox", true) => {
                (SQUARE, "<path d='M3 6.8 5.5 9.3 10 4' stroke-width='1.6'/>", "☑")
            }
            ("checkbox", false) => (SQUARE, "", "☐"),
            (_, true) => {
                (CIRCLE, "<circle cx='6.5' cy='6.5' r='3' fill='#333' stroke='none'/>", "◉")
            }
            (_, false) => (CIRCLE, "", "○"),
        };
        let svg = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' width='{MARK}' height='{MARK}'><g fill='none' stroke='#333'>{outline}{sign}</g></svg>"
        );
        let image = Image { name: self.assets.keep(svg), size: Some((MARK, MARK)) };
        Node::new(style.clone(), Kind::Image { image, alt: alt.to_owned() })
    }

    fn chosen(&self, id: Id) -> String {
        let is = |it: Id, name: &str| self.dom.element(it).is_some_and(|it| &*it.name == name);
        let mut options = Vec::new();
        for child in self.dom.children(id) {
            if is(child, "optgroup") {
                options.extend(self.dom.children(child).filter(|&it| is(it, "option")));
            } else if is(child, "option") {
                options.push(child);
            }
        }
        let is_selected =
            |it: &&Id| self.dom.element(**it).is_some_and(|it| it.attribute("selected").is_some());
        let chosen = options.iter().find(is_selected).or(options.first());
        chosen.map(|&it| own_text(self.dom, it)).unwrap_or_default()
    }
}

/// CSS pixels.
pub(crate) fn drawing_size(element: &Element) -> (f64, f64) {
    let number = |name: &str| {
        element
            .filled(name)
            .and_then(|it| it.trim_end_matches("px").parse::<f64>().ok())
            .filter(|it| it.is_finite() && *it > 0.0)
    };
    let view = element.filled("viewBox").or(element.filled("viewbox")).unwrap_or_default();
    let view: Vec<f64> = view
        .split([' ', ','])
        .filter_map(|it| it.parse().ok())
        .filter(|it: &f64| it.is_finite())
        .collect();
    let view = match view[..] {
        [_, _, width, height] if width > 0.0 && height > 0.0 => Some((width, height)),
        _ => None,
    };
    match (number("width"), number("height"), view) {
        (Some(width), Some(height), _) => (width, height),
        (Some(width), None, Some(view)) => (width, width * view.1 / view.0),
        (None, Some(height), Some(view)) => (height * view.0 / view.1, height),
        (None, None, Some(view)) => view,
        _ => (300.0, 150.0),
    }
}

/// The element as XML.
fn write(dom: &Dom, id: Id, is_root: bool, out: &mut String, depth: usize) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match &dom.node(id).kind {
        DomKind::Text(text) => escape(text, out),
        DomKind::Element(element) if is_name(&element.name) => {
            let _infallible = write!(out, "<{}", element.name);
            if is_root {
                *out += " xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\"";
            }
            for (name, value) in &element.attributes {
                let name: &str =
                    if &**name == "href" && &*element.name != "a" { "xlink:href" } else { name };
                if is_name(name) && !name.starts_with("xmlns") {
                    let _infallible = write!(out, " {name}=\"");
                    escape(value, out);
                    out.push('"');
                }
            }
            out.push('>');
            for child in dom.children(id) {
                write(dom, child, false, out, depth);
            }
            let _infallible = write!(out, "</{}>", element.name);
        }
        DomKind::Element(_) | DomKind::Other => {}
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|it: char| it.is_ascii_alphabetic())
        && name.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | ':' | '.'))
}

fn escape(text: &str, out: &mut String) {
    for it in text.chars() {
        match it {
            '&' => *out += "&amp;",
            '<' => *out += "&lt;",
            '>' => *out += "&gt;",
            '"' => *out += "&quot;",
            '\t' | '\n' => out.push(it),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => out.push(it),
        }
    }
}
