//! Whole documents: what is refused, what is told, and that nothing of a document becomes code.

#![expect(clippy::unwrap_used, reason = "a test whose helpers cannot go on has failed")]

use std::fmt::Write as _;

use html_typst::{Assets, Document, Error, Image, Options, convert};

struct Nothing;

impl Assets for Nothing {
    fn image(&mut self, _address: &str) -> Result<Image, String> {
        Err("is not there".to_owned())
    }

    fn font(&mut self, _address: &str) -> Result<Vec<u8>, String> {
        Err("is not there".to_owned())
    }

    fn sheet(&mut self, _address: &str) -> Result<String, String> {
        Err("is not there".to_owned())
    }

    fn keep(&mut self, _svg: String) -> String {
        "drawing.svg".to_owned()
    }
}

fn converted(html: &str) -> Result<Document, Error> {
    convert(html, &Options::default(), &mut Nothing)
}

fn check_warnings(html: &str, expected: &[&str]) {
    assert_eq!(converted(html).unwrap().warnings, expected, "{html}");
}

#[test]
fn refuses_elements_within_too_many_elements() {
    let error = converted(&"<div>".repeat(10_000)).unwrap_err();
    assert_eq!(error.to_string(), "line 1: elements are nested deeper than 200");
}

#[test]
fn refuses_more_selectors_than_can_be_tried() {
    let selectors = ".a:not(.b):not(.c) ~ .a ~ .a ~ .a ~ .a ~ .b {color: red}".repeat(200);
    let html = format!("<style>{selectors}</style>{}", "<i class='a b'></i>".repeat(2000));
    let error = converted(&html).unwrap_err().to_string();
    assert_eq!(error, "the style sheets have too many selectors for so many elements");
}

#[test]
fn tells_what_is_not_supported_once_and_where() {
    check_warnings(
        "<p style='filter: blur(1px)'>a<p style='filter: blur(1px)'>b",
        &["CSS property `filter` (line 1, column 1)"],
    );
    check_warnings(
        "<style>\np { width: wide }\n</style><p>a",
        &["CSS `width: wide` (line 2, column 5)"],
    );
    check_warnings("<style>p:has(a) {}</style>", &["CSS selector `p:has(a)` (line 1, column 1)"]);
    check_warnings(
        "<style>@container (width > 1px) {}</style>",
        &["CSS `@container` (line 1, column 1)"],
    );
    check_warnings("<img src=a.png alt=b>", &["image `a.png` is not there (line 1)"]);
    check_warnings("<a href='#b'>c</a>", &["`#b` is no place in the document (line 1)"]);
    check_warnings(
        "<a href='javascript:x'>c</a>",
        &["link `javascript:x` leads nowhere from a PDF (line 1)"],
    );
    check_warnings("<video></video>", &["HTML `<video>` is not shown (line 1)"]);
}

#[test]
fn variables_that_double_each_other_end() {
    let mut css = "--a0: x x x x x x x x;".to_owned();
    for it in 1..40 {
        write!(css, "--a{it}: var(--a{0}) var(--a{0});", it - 1).unwrap();
    }
    let html = format!("<p style='{css} color: var(--a39)'>a");
    assert_eq!(converted(&html).unwrap().warnings.len(), 1);
}

#[test]
fn texts_are_never_code() {
    let html = "<p id='x\"]#read(\"a\")'>#read(\"/etc/passwd\")</p><p class=']'>];#panic()</p>\
                <style>p::before { content: '\"];#eval(\"1\")' } p { font-family: 'a\"); #read(\"b' }</style>";
    let body = converted(html).unwrap().body;
    for text in [
        r##"#"#read(\"/etc/passwd\")""##,
        r#"#"];#panic()""#,
        r#"#"\"];#eval(\"1\")""#,
        r#"("a\"); #read(\"b",)"#,
    ] {
        assert!(body.contains(text), "{text} in {body}");
    }
}

#[test]
fn the_document_says_what_it_is() {
    let html = "<html lang=de-AT><title> A  b </title><meta name=author content=Ada>\
                <meta name=keywords content='a, b'><style>@page { size: A5 landscape; margin: 1in }</style>";
    let Document { title, authors, keywords, language, margins, landscape, .. } =
        converted(html).unwrap();
    assert_eq!(title.as_deref(), Some("A b"));
    assert_eq!((authors, keywords), (vec!["Ada".to_owned()], vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!((language.as_deref(), landscape), (Some("de-AT"), Some(true)));
    assert_eq!(margins, Some([72.0; 4]));
}

/// A small generator (Knuth's constants), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }
}

/// Mutations of the samples neither panic nor write brackets that do not match.
#[test]
fn broken_documents_become_documents() {
    const ROUNDS: usize = 400;
    const PIECES: [&str; 16] = [
        "<",
        ">",
        "\"",
        "{",
        "}",
        "calc(",
        "<table>",
        "</p>",
        "<td colspan=9>",
        "9999999999",
        "-1",
        "var(--x)",
        "\u{202e}",
        "<div style='position:absolute'>",
        "#",
        ";",
    ];
    let samples: [&str; 3] = [
        "<style>@page{size:A4;@top-left{content:string(a)}} p{margin:1em auto;width:calc(50% - 1px)} \
         td{border:1px solid} .f{display:flex;gap:1em} .g{display:grid;grid-template-columns:repeat(3,1fr)}</style>\
         <p>text <b>bold</b><br><img src=a alt=b></p><ul><li>a<li>b</ul>",
        "<table border=1><thead><tr><th>a<th>b<tbody><tr><td rowspan=2>c<td>d<tr><td>e</table>\
         <div style='display:grid;grid-template-columns:1fr 2fr'><p style='grid-column:1/3'>x</p></div>",
        "<h1 style='string-set:a content()'>t</h1><a href='#q'>l</a><p id=q style='float:right'>f</p>\
         <div style='column-count:2;counter-reset:a'>many words <svg viewBox='0 0 1 1'><rect/></svg></div>",
    ];
    let mut random = Random(42);
    for round in 0..ROUNDS {
        let mut html: Vec<char> = samples[round % samples.len()].chars().collect();
        for _ in 0..=random.below(8) {
            let at = random.below(html.len());
            match random.below(3) {
                0 => drop(html.drain(at..(at + random.below(6)).min(html.len()))),
                1 => html.splice(at..at, PIECES[random.below(PIECES.len())].chars()).for_each(drop),
                _ => {
                    let end = (at + random.below(30)).min(html.len());
                    let copy = html[at..end].to_vec();
                    html.splice(at..at, copy).for_each(drop);
                }
            }
        }
        let html: String = html.into_iter().collect();
        let Ok(document) = converted(&html) else { continue };
        assert!(is_balanced(&document.body), "round {round}: {html}");
    }
}

/// Whether all brackets outside of texts match.
fn is_balanced(body: &str) -> bool {
    let mut open = Vec::new();
    let mut chars = body.chars();
    while let Some(it) = chars.next() {
        match it {
            '"' => {
                while let Some(it) = chars.next() {
                    match it {
                        '\\' => drop(chars.next()),
                        '"' => break,
                        _ => {}
                    }
                }
            }
            '(' | '[' | '{' => open.push(it),
            ')' if open.pop() != Some('(') => return false,
            ']' if open.pop() != Some('[') => return false,
            '}' if open.pop() != Some('{') => return false,
            _ => {}
        }
    }
    open.is_empty()
}
