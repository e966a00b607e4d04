//! Markdown as Typst: `CommonMark` with tables, task lists, strikethrough and footnotes.

use std::collections::HashMap;

use pulldown_cmark::{
    Alignment, CodeBlockKind, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd,
};
use templates::shown;

use crate::{
    markup::{self, Markup, quoted},
    resources::{self, Resources},
};

/// How Markdown looks.
const STYLE: &str = r##"
#set heading(numbering: none)
#show heading: set block(above: 1.4em, below: 0.8em)
#show link: it => if type(it.dest) == str { text(fill: rgb("#1d4ed8"), underline(it)) } else { it }
#show raw: set text(font: "DejaVu Sans Mono")
#show raw.where(block: true): it => block(width: 100%, fill: rgb("#f6f8fa"), inset: 8pt, radius: 3pt, it)
#show quote.where(block: true): it => block(inset: (left: 1em), stroke: (left: 2pt + rgb("#d0d7de")), it.body)
#set table(stroke: (x, y) => (bottom: if y == 0 { 1pt } else { 0.5pt } + rgb("#8c959f")), inset: 6pt)
#show table.cell.where(y: 0): strong
"##;

const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_TASKLISTS)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_FOOTNOTES);

/// The comment that starts a new page.
const PAGE_BREAK: &str = "<!-- pagebreak -->";

/// Markdown in Typst's language.
pub(crate) fn markup(source: &str, resources: &mut Resources<'_>) -> Markup {
    let events: Vec<_> = Parser::new_ext(source, OPTIONS).collect();
    let (notes, warnings) = (HashMap::new(), Vec::new());
    let mut writer = Writer { resources, notes, title: None, warnings, n_around: 1 };
    let mut content = Vec::new();
    let mut rest = events.as_slice();
    // Notes are written where they are referred to, which may be before they are defined.
    while let Some((event, after)) = rest.split_first() {
        rest = after;
        let Event::Start(Tag::FootnoteDefinition(name)) = event else {
            content.push(event.clone());
            continue;
        };
        let is_end = |it: &Event<'_>| matches!(it, Event::End(TagEnd::FootnoteDefinition));
        let length = rest.iter().position(is_end).unwrap_or(rest.len());
        let text = writer.content(&mut rest[..length].iter());
        let number = writer.notes.len();
        writer.notes.insert(name.to_string(), Note { text, number, is_referred_to: false });
        rest = rest.get(length + 1..).unwrap_or_default();
    }
    // No longer within notes.
    writer.n_around = 0;
    let body = format!("{STYLE}{}", writer.content(&mut content.iter()));
    let mut markup = Markup { body, warnings: writer.warnings, ..Markup::default() };
    markup.page.about.title = writer.title;
    markup
}

/// Markdown as a page for a browser.
pub(crate) fn html(source: &str) -> String {
    let events = Parser::new_ext(source, OPTIONS).map(|event| match event {
        Event::Text(it) => Event::Text(shown(&it).into()),
        Event::Code(it) => Event::Code(shown(&it).into()),
        other => other,
    });
    let mut body = String::new();
    pulldown_cmark::html::push_html(&mut body, events);
    format!("<!DOCTYPE html>\n<meta charset=\"utf-8\">\n{body}")
}

struct Writer<'a, 'b> {
    resources: &'a mut Resources<'b>,
    notes: HashMap<String, Note>,
    /// The first heading of the first level.
    title: Option<String>,
    warnings: Vec<String>,
    /// Elements that are open and within which no page begins.
    n_around: usize,
}

struct Note {
    text: String,
    number: usize,
    is_referred_to: bool,
}

type Events<'a, 'b> = std::slice::Iter<'a, Event<'b>>;

impl Writer<'_, '_> {
    /// Everything up to the end of the element that is open.
    fn content(&mut self, events: &mut Events<'_, '_>) -> String {
        let mut out = String::new();
        while let Some(event) = events.next() {
            match event {
                Event::Start(tag) => out += &self.element(tag, events),
                Event::End(_) => break,
                Event::Text(it) => out += &lines(&shown(it)),
                Event::Code(it) => out = format!("{out}#raw({});", quoted(&shown(it))),
                Event::InlineMath(it) | Event::DisplayMath(it) => out += &markup::text(&shown(it)),
                Event::Html(it) | Event::InlineHtml(it) => out += &self.html(it),
                Event::FootnoteReference(name) => out += &self.note(name),
                Event::SoftBreak => out.push(' '),
                Event::HardBreak => out += "#linebreak();",
                Event::Rule => out += "\n#line(length: 100%, stroke: 0.5pt + rgb(\"#8c959f\"))\n",
                Event::TaskListMarker(is_done) => out += if *is_done { "☑ " } else { "☐ " },
            }
        }
        out
    }

    fn element(&mut self, tag: &Tag<'_>, events: &mut Events<'_, '_>) -> String {
        if let Tag::Image { dest_url, .. } = tag {
            return self.image(&shown(dest_url), events);
        }
        if let Tag::Heading { level: HeadingLevel::H1, .. } = tag {
            let mut ahead = events.clone();
            self.title.get_or_insert_with(|| words(&mut ahead));
        }
        if let Tag::CodeBlock(kind) = tag {
            return code(kind, &words(events));
        }
        let is_around = !matches!(tag, Tag::Paragraph | Tag::HtmlBlock);
        self.n_around += usize::from(is_around);
        let inner = self.content(events);
        self.n_around -= usize::from(is_around);
        match tag {
            Tag::Paragraph => format!("\n\n{inner}\n\n"),
            Tag::Heading { level, .. } => format!("\n#heading(level: {})[{inner}]\n", *level as u8),
            Tag::BlockQuote(_) => format!("\n#quote(block: true)[{inner}]\n"),
            Tag::List(None) => format!("\n#list({inner})\n"),
            Tag::List(Some(start)) => format!("\n#enum(start: {start}, {inner})\n"),
            Tag::Item | Tag::TableCell => format!("[{inner}], "),
            Tag::Table(alignments) => table(alignments, &inner),
            Tag::TableHead => format!("table.header({inner}), "),
            Tag::Emphasis => format!("#emph[{inner}];"),
            Tag::Strong => format!("#strong[{inner}];"),
            Tag::Strikethrough => format!("#strike[{inner}];"),
            Tag::Superscript => format!("#super[{inner}];"),
            Tag::Subscript => format!("#sub[{inner}];"),
            Tag::Link { dest_url, link_type, .. } => {
                self.link(&shown(dest_url), *link_type, &inner)
            }
            // Nothing of their own, taken out before, or of extensions that are off.
            Tag::HtmlBlock
            | Tag::CodeBlock(_)
            | Tag::Image { .. }
            | Tag::FootnoteDefinition(_)
            | Tag::TableRow
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::MetadataBlock(_) => inner,
        }
    }

    fn image(&mut self, address: &str, events: &mut Events<'_, '_>) -> String {
        let alternative = words(events);
        match self.resources.image(address) {
            Ok(name) => {
                let alternative = match alternative.as_str() {
                    "" => "none".to_owned(),
                    text => quoted(text),
                };
                format!("#box(image({}, alt: {alternative}));", quoted(&name))
            }
            Err(why) => {
                self.warnings.push(format!("image `{}` {why}", resources::shown(address)));
                markup::text(&alternative)
            }
        }
    }

    fn link(&mut self, address: &str, link_type: LinkType, inner: &str) -> String {
        let address = match link_type {
            LinkType::Email => format!("mailto:{address}"),
            _ => address.to_owned(),
        };
        let scheme = address.split(':').next().unwrap_or_default().to_ascii_lowercase();
        if ["http", "https", "mailto", "tel"].contains(&scheme.as_str()) {
            return format!("#link({})[{inner}];", quoted(&address));
        }
        self.warnings
            .push(format!("link `{}` leads nowhere from a PDF", resources::shown(&address)));
        inner.to_owned()
    }

    fn note(&mut self, name: &str) -> String {
        match self.notes.get_mut(name) {
            None => String::new(),
            Some(note) if note.is_referred_to => format!("#footnote(<note-{}>);", note.number),
            Some(note) => {
                note.is_referred_to = true;
                format!("#[#footnote[{}]<note-{}>];", note.text.trim(), note.number)
            }
        }
    }

    fn html(&mut self, html: &str) -> String {
        let html = html.trim();
        if html == PAGE_BREAK && self.n_around > 0 {
            let text = format!("`{PAGE_BREAK}` within a list, a quote or a table is left out");
            self.warnings.push(text);
            return String::new();
        }
        if html == PAGE_BREAK {
            return "\n#pagebreak(weak: true)\n".to_owned();
        }
        if ["<br>", "<br/>", "<br />"].contains(&html) {
            return "#linebreak();".to_owned();
        }
        if !html.is_empty() && !html.starts_with("<!--") {
            self.warnings
                .push(format!("HTML in Markdown is left out: `{}`", resources::shown(html)));
        }
        String::new()
    }
}

/// The plain text up to the end of the element that is open.
fn words(events: &mut Events<'_, '_>) -> String {
    let mut text = String::new();
    let mut n_open = 0_usize;
    for event in events {
        match event {
            Event::Start(_) => n_open += 1,
            Event::End(_) if n_open == 0 => break,
            Event::End(_) => n_open -= 1,
            Event::Text(it) | Event::Code(it) => text += &shown(it),
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            _ => {}
        }
    }
    text
}

/// Text whose line breaks, which only values have, are line breaks.
fn lines(text: &str) -> String {
    text.split('\n').map(markup::text).collect::<Vec<_>>().join("#linebreak();")
}

fn code(kind: &CodeBlockKind<'_>, text: &str) -> String {
    let language = match kind {
        CodeBlockKind::Fenced(it) => it.split_whitespace().next().unwrap_or_default(),
        CodeBlockKind::Indented => "",
    };
    let language = if language.is_empty() { "none".to_owned() } else { quoted(language) };
    let text = text.strip_suffix('\n').unwrap_or(text);
    format!("\n#raw(block: true, lang: {language}, {})\n", quoted(text))
}

fn table(alignments: &[Alignment], inner: &str) -> String {
    let mut aligned = String::new();
    for alignment in alignments {
        aligned += match alignment {
            Alignment::None => "auto, ",
            Alignment::Left => "left, ",
            Alignment::Center => "center, ",
            Alignment::Right => "right, ",
        };
    }
    format!("\n#table(columns: {}, align: ({aligned}), {inner})\n", alignments.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use templates::{Engine, Limits, Sink, Syntax};

    use super::*;
    use crate::{
        engine::Fetch,
        worker::{Blob, Need, Supply},
    };

    struct Nobody;

    impl Fetch for Nobody {
        fn fetch(&mut self, needs: &[Need]) -> Vec<Supply> {
            needs.iter().map(|_| Supply::Refused("is not there".to_owned())).collect()
        }
    }

    fn check(source: &str, expected: &str, warnings: &[&str]) {
        let assets = [Blob::new("logo.png", b"\x89PNG".to_vec())];
        let mut nobody = Nobody;
        let markup = markup(source, &mut Resources::new(&assets, &mut nobody, true, 1000));
        let body = markup.body.strip_prefix(STYLE).unwrap();
        let body: Vec<_> = body.split_whitespace().collect();
        assert_eq!(
            (body.join(" ").as_str(), markup.warnings),
            (expected, warnings.iter().map(|it| (*it).to_owned()).collect()),
            "{source}"
        );
    }

    #[test]
    fn what_cannot_be_shown_is_told() {
        check("![a cat](cat.png)", r#"#"a cat";"#, &["image `cat.png` is not there"]);
        check("[here](#there)", r#"#"here";"#, &["link `#there` leads nowhere from a PDF"]);
        check(
            "[run](javascript:alert)",
            r#"#"run";"#,
            &["link `javascript:alert` leads nowhere from a PDF"],
        );
        check(
            "a <b>c</b>",
            r#"#"a ";#"c";"#,
            &["HTML in Markdown is left out: `<b>`", "HTML in Markdown is left out: `</b>`"],
        );
    }

    #[test]
    fn texts_are_never_typst() {
        check("#read(\"x\") $x$ *", r##"#"#read(\"x\") $x$ *";"##, &[]);
        check("`#set`", r##"#raw("#set");"##, &[]);
        check("[a](https://a.test/?q=\")", r#"#link("https://a.test/?q=\"")[#"a";];"#, &[]);
    }

    #[test]
    fn values_are_texts_wherever_they_stand() {
        let data = serde_json::json!({ "x": "*a* | `b`\n# c [d](e)", "url": "https://a.test/(b)" });
        let engine = Engine::new(Limits::default(), None);
        let filled = |it: &str| engine.render(it, &data, Sink::Markdown, Syntax::Native).unwrap();
        check(&filled("{{ x }}"), r##"#"*a* | `b`";#linebreak();#"# c [d](e)";"##, &[]);
        check(&filled("`{{ x }}`"), "#raw(\"*a* | `b`\\n# c [d](e)\");", &[]);
        check(
            &filled("| x |\n| --- |\n| {{ x }} |"),
            r##"#table(columns: 1, align: (auto, ), table.header([#"x";], ), [#"*a* | `b`";#linebreak();#"# c [d](e)";], )"##,
            &[],
        );
        check(&filled("[x]({{ url }})"), r#"#link("https://a.test/(b)")[#"x";];"#, &[]);
    }

    #[test]
    fn every_element_has_its_function() {
        check("# A *b*", r#"#heading(level: 1)[#"A ";#emph[#"b";];]"#, &[]);
        check("**a** ~~b~~", r#"#strong[#"a";];#" ";#strike[#"b";];"#, &[]);
        check("- a\n- b", r#"#list([#"a";], [#"b";], )"#, &[]);
        check("3. a\n4. b", r#"#enum(start: 3, [#"a";], [#"b";], )"#, &[]);
        check("- [x] a", r#"#list([☑ #"a";], )"#, &[]);
        check("> a", r#"#quote(block: true)[ #"a"; ]"#, &[]);
        check("```rust\nlet a;\n```", r#"#raw(block: true, lang: "rust", "let a;")"#, &[]);
        check("a  \nb", r#"#"a";#linebreak();#"b";"#, &[]);
        check("a\nb", r#"#"a"; #"b";"#, &[]);
        check("a <br> b", r#"#"a ";#linebreak();#" b";"#, &[]);
        check("<!-- pagebreak -->", "#pagebreak(weak: true)", &[]);
        check(
            "> <!-- pagebreak -->",
            "#quote(block: true)[]",
            &["`<!-- pagebreak -->` within a list, a quote or a table is left out"],
        );
        check("![x](logo.png)", r#"#box(image("image-0.png", alt: "x"));"#, &[]);
        check("<a@b.test>", r#"#link("mailto:a@b.test")[#"a@b.test";];"#, &[]);
        check(
            "a[^1] b[^1]\n\n[^1]: note",
            r#"#"a";#[#footnote[#"note";]<note-0>];#" b";#footnote(<note-0>);"#,
            &[],
        );
    }

    #[test]
    fn the_first_heading_is_the_title() {
        let mut nobody = Nobody;
        let mut resources = Resources::new(&[], &mut nobody, false, 1000);
        let markup = markup("## x\n\n# Invoice `4711`\n\n# y", &mut resources);
        assert_eq!(markup.page.about.title.as_deref(), Some("Invoice 4711"));
    }

    proptest! {
        /// Whatever somebody writes, the engine can read what becomes of it.
        #[test]
        fn all_markdown_becomes_typst(source in "([#*_`~>|\\[\\]()!<&-]|[0-9a-z]|[ \\n]|\\[\\^a\\]|\\PC){0,200}") {
            let mut nobody = Nobody;
            let markup = markup(&source, &mut Resources::new(&[], &mut nobody, false, 1000));
            let parsed = typst::syntax::parse(&markup.body);
            let (errors, _) = parsed.errors_and_warnings();
            prop_assert!(errors.is_empty(), "{:?}\n{}", errors, markup.body);
        }
    }
}
