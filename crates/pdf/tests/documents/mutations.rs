//! Broken documents in HTML, CSS and Markdown: what they become in Typst compiles.
//!
//! An error of Typst's would mean that a document has got out of the texts that it was put in.

use serde_json::{Value, json};

use crate::service::Service;

/// Documents of each kind; as many as debug builds make in a few seconds.
const ROUNDS: usize = 150;

const HTML: [&str; 5] = [
    "<p>text <b>bold</b><br><i>i</i> <a href='#q'>l</a> <code>c</code></p><ul><li>a<li>b<ol start=3><li>c</ol></ul><p id=q>q",
    "<table border=1><caption>c</caption><thead><tr><th>a<th>b<tbody><tr><td rowspan=2>c<td>d<tr><td>e<tfoot><tr><td colspan=2>f</table>",
    "<div style='display:grid;grid-template-columns:1fr 2fr'><p style='grid-column:1/3'>x</p><p>y</div><div style='display:flex;gap:1em'><p>a<p style='flex:1'>b</div>",
    "<div style='float:right;width:30%'>f</div><p>many words that stand beside the float and run on below it</p><div style='column-count:2'>many words</div>",
    "<div style='position:relative;padding:1em'><div><div style='position:absolute;right:0;bottom:0'>a</div></div><svg viewBox='0 0 1 1'><rect width=1 height=1 /></svg><input type=checkbox checked></div>",
];
const HTML_PIECES: [&str; 24] = [
    "<",
    ">",
    "\"",
    "'",
    "]",
    "[",
    ")",
    "#",
    "\\",
    "$",
    "//",
    "*",
    "<table>",
    "</p>",
    "</div>",
    "<td colspan=9>",
    "<span style='border:1px solid'>",
    "<div style='position:absolute;top:0'>",
    "<li>",
    "<h1>",
    "<br>",
    "&#0;",
    "\u{202e}",
    "#read(\"/etc/passwd\")",
];

const PROPERTIES: [&str; 44] = [
    "align-content",
    "align-items",
    "background",
    "border",
    "border-radius",
    "box-sizing",
    "break-after",
    "break-before",
    "break-inside",
    "clear",
    "color",
    "column-count",
    "column-gap",
    "column-width",
    "content",
    "counter-increment",
    "counter-reset",
    "display",
    "flex",
    "float",
    "font",
    "font-family",
    "font-feature-settings",
    "font-size",
    "gap",
    "grid-column",
    "grid-template-columns",
    "height",
    "left",
    "letter-spacing",
    "line-height",
    "list-style",
    "margin",
    "max-width",
    "min-height",
    "opacity",
    "overflow",
    "padding",
    "position",
    "string-set",
    "text-align",
    "text-decoration",
    "transform",
    "width",
];
const VALUES: [&str; 48] = [
    "0",
    "1",
    "-1",
    "3",
    "1px",
    "2em",
    "50%",
    "-5mm",
    "1e9px",
    "99999999999999999999",
    "calc(100% - 1px)",
    "calc(1px / 0)",
    "auto",
    "none",
    "inherit",
    "initial",
    "center",
    "right",
    "both",
    "avoid",
    "page",
    "left",
    "flex",
    "grid",
    "inline-block",
    "table",
    "table-cell",
    "list-item",
    "inline",
    "contents",
    "absolute",
    "fixed",
    "relative",
    "hidden",
    "1px double red",
    "5px double",
    "2px dotted rgb(1 2 3 / 50%)",
    "linear-gradient(red, blue 20%)",
    "radial-gradient(red, blue)",
    "rotate(1e6deg)",
    "scale(0)",
    "skew(89.999deg)",
    "\"]#panic()\"",
    "'\\22);#read(\\22 x\\22)'",
    "counter(a) \"#\" attr(id)",
    "repeat(3, 1fr)",
    "\"sm\\\"cp\" 1",
    "a content()",
];

const MARKDOWN: [&str; 3] = [
    "# One\n\ntext *a* **b** `c` [l](https://x.test)\n\n* a\n  * b\n\n1. c\n",
    "| a | b |\n| --- | --: |\n| `c` | d |\n\n> quoted\n\n```\nlet x = 1;\n```\n\n- [x] done\n",
    "a[^1]\n\n[^1]: note\n\n---\n\n![i](data:image/png;base64,AAAA) <b>x</b> a\\\nb\n",
];
const MARKDOWN_PIECES: [&str; 22] = [
    "*",
    "_",
    "`",
    "```\n",
    "[",
    "](",
    ")",
    "#",
    "\\",
    "$",
    "~",
    "|",
    "\n\n",
    "\n> ",
    "\n* ",
    "<!-- pagebreak -->",
    "[^1]",
    "]#panic()",
    "@a",
    "//",
    "#read(\"x\")",
    "\u{0}",
];

/// A small generator (Knuth's constants), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    /// `text` with pieces put in, taken out and doubled.
    fn mutated(&mut self, text: &str, pieces: &[&str]) -> String {
        let mut chars: Vec<char> = text.chars().collect();
        for _ in 0..=self.below(6) {
            let at = self.below(chars.len());
            let end = (at + self.below(30)).min(chars.len());
            match self.below(3) {
                0 => drop(chars.drain(at..end.min(at + 5))),
                1 => drop(chars.splice(at..at, self.of(pieces).chars())),
                _ => {
                    let copy = chars[at..end].to_vec();
                    chars.splice(at..at, copy).for_each(drop);
                }
            }
        }
        chars.into_iter().collect()
    }
}

/// Makes each document; what is wrong with it is never that its Typst is.
fn check(format: &str, mut document: impl FnMut(&mut Random, usize) -> String) {
    let service = Service::start(&[]);
    let mut random = Random(7);
    let mut n_made = 0;
    for round in 0..ROUNDS {
        // What looks like a template's own tags is none of ours to test.
        let mut text = document(&mut random, round);
        for (tag, plain) in [
            ("{{", "{"),
            ("{%", "{"),
            ("{#", "{"),
            ("${", "$"),
            ("<#", "<"),
            ("</#", "<"),
            ("<@", "<"),
            ("</@", "<"),
        ] {
            text = text.replace(tag, plain);
        }
        let input = json!({"template": text, "templateFormat": format, "metadata": {}});
        let answer = service.generate(&input);
        let body = &answer["command_response"]["body"];
        if body["pages"].is_u64() {
            n_made += 1;
        } else {
            assert_eq!(
                answer["error"]["error_code"], "RENDER_LIMIT",
                "round {round}: {answer}\n{text}"
            );
        }
    }
    assert!(n_made > ROUNDS * 9 / 10, "only {n_made} of {ROUNDS} documents were made");
}

#[test]
fn an_error_of_typst_would_be_seen() {
    let service = Service::start(&[]);
    let answer = service.generate(&json!({"template": "#let x =", "templateFormat": "typst"}));
    assert_eq!(answer["error"]["error_code"], Value::from("TEMPLATE_SYNTAX_ERROR"), "{answer}");
}

#[test]
fn broken_html_compiles() {
    check("html", |random, round| random.mutated(HTML[round % HTML.len()], &HTML_PIECES));
}

#[test]
fn any_css_compiles() {
    check("html", |random, round| {
        let mut css = String::new();
        for selector in
            ["p", "td", "div", "li::before", "div > *", "@page", "span, b", "table", "body"]
        {
            css += selector;
            css += " {";
            for _ in 0..3 {
                css = format!(
                    "{css}{}: {} {};",
                    random.of(&PROPERTIES),
                    random.of(&VALUES),
                    random.of(&["", "", "1px"])
                );
            }
            css += "}\n";
        }
        format!("<style>{css}</style>{}", HTML[round % HTML.len()])
    });
}

#[test]
fn broken_markdown_compiles() {
    check("markdown", |random, round| {
        random.mutated(MARKDOWN[round % MARKDOWN.len()], &MARKDOWN_PIECES)
    });
}
