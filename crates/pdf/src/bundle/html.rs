//! The addresses in HTML: found without a tree, so that everything else stays as it was written.

use super::{Bundle, Role, css, escaped};

/// Elements whose content is no markup (HTML, 13.1.2).
const RAW: [&str; 8] =
    ["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"];

/// An attribute of a tag.
struct Attribute {
    name: String,
    value: String,
    /// Where the value stands, quotes included; bytes.
    start: usize,
    end: usize,
}

/// The document with the addresses that its files have now.
pub(super) fn rewritten(html: &str, bundle: &mut Bundle<'_, '_>) -> String {
    let mut out = String::with_capacity(html.len());
    let mut at = 0;
    while let Some(found) = html[at..].find('<') {
        let start = at + found;
        out.push_str(&html[at..start]);
        let rest = &html[start..];
        let next = rest[1..].chars().next();
        if !next.is_some_and(|it| it.is_ascii_alphabetic()) {
            let length = match rest.strip_prefix("<!--") {
                Some(comment) => comment.find("-->").map_or(rest.len(), |it| it + 7),
                None => 1,
            };
            out.push_str(&rest[..length]);
            at = start + length;
            continue;
        }
        let name_length = rest[1..]
            .find(|it: char| it.is_whitespace() || "/>".contains(it))
            .unwrap_or(rest.len() - 1);
        let name = rest[1..=name_length].to_ascii_lowercase();
        let (attributes, length) = attributes(rest, name_length + 1);
        out.push_str(&tag(&name, &rest[..length], &attributes, bundle));
        at = start + length;
        if RAW.contains(&name.as_str()) {
            let content = &html[at..];
            let end = raw_end(content, &name);
            if name == "style" {
                out.push_str(&css::rewritten(&content[..end], bundle));
            } else {
                out.push_str(&content[..end]);
            }
            at += end;
        }
    }
    out.push_str(&html[at..]);
    out
}

/// Where `<!doctype …>` ends; 0 where there is none.
pub(super) fn doctype_end(html: &str) -> usize {
    let mut at = html.len() - html.trim_start_matches('\u{feff}').trim_start().len();
    while let Some(comment) = html[at..].strip_prefix("<!--") {
        let Some(end) = comment.find("-->") else { return 0 };
        at += end + 7;
        at += html[at..].len() - html[at..].trim_start().len();
    }
    let is_doctype = html[at..].get(..9).is_some_and(|it| it.eq_ignore_ascii_case("<!doctype"));
    match html[at..].find('>') {
        Some(end) if is_doctype => at + end + 1,
        _ => 0,
    }
}

/// The attributes from `at` on, and the length of the tag.
fn attributes(tag: &str, mut at: usize) -> (Vec<Attribute>, usize) {
    let mut attributes = Vec::new();
    let skip = |at: usize, is: fn(char) -> bool| {
        tag[at..].find(|it: char| !is(it)).map_or(tag.len(), |it| at + it)
    };
    loop {
        at = skip(at, |it| it.is_whitespace() || it == '/');
        match tag[at..].chars().next() {
            None => return (attributes, tag.len()),
            Some('>') => return (attributes, at + 1),
            Some(_) => {}
        }
        // An equals sign at the beginning belongs to the name (HTML, 13.2.5.32).
        let first = tag[at..].chars().next().map_or(1, char::len_utf8);
        let name_end = skip(at + first, |it| !it.is_whitespace() && !"/>=".contains(it));
        let name = tag[at..name_end].to_ascii_lowercase();
        at = skip(name_end, char::is_whitespace);
        if !tag[at..].starts_with('=') {
            continue;
        }
        let start = skip(at + 1, char::is_whitespace);
        let quote = tag[start..].chars().next().filter(|it| "\"'".contains(*it));
        let (value, end) = if let Some(quote) = quote {
            let Some(length) = tag[start + 1..].find(quote) else {
                return (attributes, tag.len());
            };
            (&tag[start + 1..start + 1 + length], start + length + 2)
        } else {
            let end = skip(start, |it| !it.is_whitespace() && it != '>');
            (&tag[start..end], end)
        };
        attributes.push(Attribute { name, value: unescaped(value), start, end });
        at = end;
    }
}

/// The tag with new addresses.
fn tag(name: &str, text: &str, attributes: &[Attribute], bundle: &mut Bundle<'_, '_>) -> String {
    let rel = attributes.iter().find(|it| it.name == "rel").map(|it| it.value.to_lowercase());
    let is_sheet = rel.is_some_and(|it| it.split_whitespace().any(|it| it == "stylesheet"));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for it in attributes {
        let moved = match (name, it.name.as_str()) {
            ("link", "href") if is_sheet => bundle.moved(&it.value, Role::Sheet),
            ("img" | "input", "src") | ("image" | "feimage", "href" | "xlink:href") => {
                bundle.moved(&it.value, Role::Image)
            }
            ("use", "href" | "xlink:href") | (_, "src" | "poster") | ("object", "data") => {
                bundle.moved(&it.value, Role::Other)
            }
            (_, "background") => bundle.moved(&it.value, Role::Image),
            (_, "srcset") => Some(candidates(&it.value, bundle)),
            (_, "style") => {
                let style = css::rewritten(&it.value, bundle);
                (style != it.value).then_some(style)
            }
            _ => None,
        };
        if let Some(moved) = moved {
            out.push_str(&text[at..it.start]);
            out.push('"');
            out.push_str(&escaped(&moved));
            out.push('"');
            at = it.end;
        }
    }
    out.push_str(&text[at..]);
    out
}

/// `a.png 1x, b.png 2x` (HTML, 4.8.4.2.1).
fn candidates(text: &str, bundle: &mut Bundle<'_, '_>) -> String {
    let mut candidates = Vec::new();
    let mut rest = text.trim_start_matches(|it: char| it.is_whitespace() || it == ',');
    while !rest.is_empty() {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (address, after) = rest.split_at(end);
        let bare = address.trim_end_matches(',');
        // A comma at the end of the address leaves no room for a descriptor.
        let length =
            if bare.len() < address.len() { 0 } else { after.find(',').unwrap_or(after.len()) };
        let (descriptor, after) = after.split_at(length);
        let moved = bundle.moved(bare, Role::Image).unwrap_or_else(|| bare.to_owned());
        candidates.push(format!("{moved} {}", descriptor.trim()).trim_end().to_owned());
        rest = after.trim_start_matches(|it: char| it.is_whitespace() || it == ',');
    }
    candidates.join(", ")
}

/// Where the end tag of an element begins whose content is no markup.
fn raw_end(content: &str, name: &str) -> usize {
    let mut at = 0;
    while let Some(found) = content[at..].find("</") {
        let tag = content[at + found + 2..].get(..name.len());
        if tag.is_some_and(|it| it.eq_ignore_ascii_case(name)) {
            return at + found;
        }
        at += found + 2;
    }
    content.len()
}

/// The value without the character references that addresses have: those that templates write, and the predefined ones.
fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let reference = rest[1..].split_once(';').map(|it| it.0).filter(|it| it.len() <= 8);
        let meant = reference.and_then(|it| match it {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => {
                let number = it.strip_prefix('#')?;
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16),
                    None => number.parse(),
                };
                code.ok().and_then(char::from_u32)
            }
        });
        if let (Some(meant), Some(reference)) = (meant, reference) {
            out.push(meant);
            rest = &rest[reference.len() + 2..];
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out + rest
}
