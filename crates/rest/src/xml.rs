//! XML → JSON, in the way that SpiffArena's users know (`spiffarena-connector-proxy.md` §8).
//!
//! `<a x="1"><b>1</b><b>2</b><c/></a>` is `{"a": {"@x": "1", "b": ["1", "2"], "c": null}}`; a text beside attributes or children is `#text`.
//! Entities other than XML's own five and characters by number are refused, so that nothing can grow, and nothing is fetched.

use common::Object;
use quick_xml::{
    Reader, XmlVersion,
    events::{BytesRef, BytesStart, Event},
};
use serde_json::Value;

/// How deep elements may be nested; JSON readers give up at 128 levels.
const LEVELS_MAX: usize = 60;

/// An element that is not closed yet.
struct Element {
    name: String,
    members: Object,
    text: String,
}

/// The document as an object of one member, its root.
///
/// # Errors
/// What is wrong with it; no part of it is quoted.
pub(crate) fn object(text: &str) -> Result<Value, String> {
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}').trim());
    let config = reader.config_mut();
    config.expand_empty_elements = true;
    config.check_end_names = true;
    let mut open: Vec<Element> = Vec::new();
    let mut root: Option<Object> = None;
    loop {
        let event =
            reader.read_event().map_err(|_error| format!("at byte {}", reader.error_position()))?;
        match event {
            Event::Start(start) => {
                if open.is_empty() && root.is_some() {
                    return Err("it has more than one root".to_owned());
                }
                if open.len() == LEVELS_MAX {
                    return Err(format!("its elements are nested more than {LEVELS_MAX} times"));
                }
                open.push(element(&start)?);
            }
            Event::End(_) => {
                let Some(element) = open.pop() else { return Err("an end too many".to_owned()) };
                let (name, value) = element.closed();
                match open.last_mut() {
                    Some(parent) => add(&mut parent.members, name, value),
                    None => root = Some([(name, value)].into_iter().collect()),
                }
            }
            Event::Text(text) => add_text(&mut open, &text.xml10_content().map_err(undecodable)?)?,
            Event::CData(text) => add_text(&mut open, &text.xml10_content().map_err(undecodable)?)?,
            Event::GeneralRef(reference) => add_text(&mut open, &referred(&reference)?)?,
            Event::DocType(_) | Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Empty(_) => unreachable!("empty elements are expanded"),
            Event::Eof if !open.is_empty() => return Err("it ends too early".to_owned()),
            Event::Eof => return root.map(Value::Object).ok_or("it has no root".to_owned()),
        }
    }
}

fn element(start: &BytesStart) -> Result<Element, String> {
    let mut members = Object::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_error| "an attribute is not as it should be")?;
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|_error| "an attribute has an unknown entity")?;
        members.insert(format!("@{}", named(attribute.key.as_ref())), value.into_owned().into());
    }
    Ok(Element { name: named(start.name().as_ref()), members, text: String::new() })
}

fn named(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

impl Element {
    fn closed(self) -> (String, Value) {
        let Self { name, mut members, text } = self;
        let text = text.trim();
        let value = match (members.is_empty(), text.is_empty()) {
            (true, true) => Value::Null,
            (true, false) => text.into(),
            (false, true) => members.into(),
            (false, false) => {
                members.insert("#text".to_owned(), text.into());
                members.into()
            }
        };
        (name, value)
    }
}

/// A name that comes again makes a list.
fn add(members: &mut Object, name: String, value: Value) {
    match members.get_mut(&name) {
        None => {
            members.insert(name, value);
        }
        Some(Value::Array(list)) => list.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}

fn add_text(open: &mut [Element], text: &str) -> Result<(), String> {
    match open.last_mut() {
        Some(element) => element.text += text,
        None if text.trim().is_empty() => {}
        None => return Err("it has text outside of its root".to_owned()),
    }
    Ok(())
}

fn referred(reference: &BytesRef) -> Result<String, String> {
    if let Some(it) = reference.resolve_char_ref().map_err(undecodable)? {
        return Ok(it.to_string());
    }
    let name = reference.decode().map_err(undecodable)?;
    quick_xml::escape::resolve_xml_entity(&name)
        .map(str::to_owned)
        .ok_or("it has an entity of its own, and those are not expanded".to_owned())
}

fn undecodable(_error: impl std::error::Error) -> String {
    "a character is not one of XML's".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let got = object(text).map_or_else(|problem| problem, |it| it.to_string());
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn what_is_no_document_is_refused() {
        check("", "it has no root");
        check("text", "it has text outside of its root");
        check("<a/><b/>", "it has more than one root");
        check("<a><b></a>", "at byte 6");
        check("<a>", "it ends too early");
        check("<a b=1/>", "an attribute is not as it should be");
        check(r#"<a b="1" b="2"/>"#, "an attribute is not as it should be");
    }

    #[test]
    fn entities_grow_nothing() {
        let told = "it has an entity of its own, and those are not expanded";
        check("<a>&nope;</a>", told);
        check(r#"<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>"#, told);
        check(r#"<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>"#, told);
        check(r#"<a b="&e;"/>"#, "an attribute has an unknown entity");
        check("<!DOCTYPE a><a>1</a>", r#"{"a":"1"}"#);
    }

    #[test]
    fn endless_nesting_is_refused() {
        let nested = |n: usize| format!("{}{}", "<a>".repeat(n), "</a>".repeat(n));
        check(&nested(LEVELS_MAX + 1), "its elements are nested more than 60 times");
        check(&nested(1_000_000), "its elements are nested more than 60 times");
        assert!(object(&nested(LEVELS_MAX)).is_ok());
    }

    /// As the original's library (xmltodict 0.x) gives them.
    #[test]
    fn documents_are_objects_in_the_originals_way() {
        for (text, expected) in [
            (r#"<a x="1"><b>1</b><b>2</b><c/></a>"#, r#"{"a":{"@x":"1","b":["1","2"],"c":null}}"#),
            ("<a/>", r#"{"a":null}"#),
            ("<a>t</a>", r#"{"a":"t"}"#),
            (r#"<a x="1">t</a>"#, r##"{"a":{"@x":"1","#text":"t"}}"##),
            ("<a>t<b/>u</a>", r##"{"a":{"b":null,"#text":"tu"}}"##),
            ("<a> <b> x </b> </a>", r#"{"a":{"b":"x"}}"#),
            ("<a><![CDATA[<x>]]> y</a>", r#"{"a":"<x> y"}"#),
            (
                "<?xml version=\"1.0\"?><!-- c --><n:a xmlns:n=\"u\"><n:b n:k=\"&lt;&#233;\"/></n:a>",
                r#"{"n:a":{"@xmlns:n":"u","n:b":{"@n:k":"<é"}}}"#,
            ),
            ("<a>1 &amp; 2 &lt; 3</a>", r#"{"a":"1 & 2 < 3"}"#),
            (r#"<a x=""></a>"#, r#"{"a":{"@x":""}}"#),
            ("<a>\n<b/>\n<b>1</b>\n<b y=\"2\"/></a>", r#"{"a":{"b":[null,"1",{"@y":"2"}]}}"#),
            ("<a>x<!-- c -->y</a>", r#"{"a":"xy"}"#),
            ("<a x=\"1 \n 2\"/>", r#"{"a":{"@x":"1   2"}}"#),
        ] {
            check(text, expected);
        }
    }
}
