//! Templates and data that are wrong, hostile or too large.

use std::fs;

use serde_json::{Value, json};

use crate::{file, generate, typst};

fn check(template: &str, expected: &str) {
    assert_eq!(typst(template, &json!({"order": {"id": 7}})).failure(), expected, "{template}");
}

fn check_input(input: &Value, settings: &[(&str, &str)], expected: &str) {
    assert_eq!(generate(input, settings).failure(), expected, "{input}");
}

#[test]
fn syntax_errors_are_told_with_line_and_column() {
    check(
        "Hello\n#let x = ",
        "TEMPLATE_SYNTAX_ERROR: expected expression in line 2, column 9: `#let x =`",
    );
    check(
        "#set page(width: \"wide\")",
        "TEMPLATE_SYNTAX_ERROR: expected length or auto, found string in line 1, column 18: `#set page(width: \"wide\")`",
    );
    check_input(
        &json!({"template": "<p>\n{% for it in %}", "metadata": {}}),
        &[],
        "TEMPLATE_SYNTAX_ERROR: `template`: unexpected end of block in line 2: `{% for it in %}`",
    );
    check_input(
        &json!({"template": "a {{ b ", "metadata": {}}),
        &[],
        "TEMPLATE_SYNTAX_ERROR: `template`: `}}` is missing in line 1: `a {{ b`",
    );
}

#[test]
fn missing_variables_are_named() {
    check(
        "#let data = json(\"data.json\")\n#data.order.nmae",
        "TEMPLATE_METADATA_ERROR: unknown variable `nmae` in line 2, column 13: `#data.order.nmae`",
    );
    check("#nmae", "TEMPLATE_METADATA_ERROR: unknown variable `nmae` in line 1, column 2: `#nmae`");
    check_input(
        &json!({"template": "# {{ order.nmae }}", "metadata": {"order": {}}}),
        &[],
        "TEMPLATE_METADATA_ERROR: `template`: unknown variable `order.nmae` in line 1",
    );
    check_input(
        &json!({"template": "<p>\n{{ order.nmae }}", "metadata": {"order": {}}}),
        &[],
        "TEMPLATE_METADATA_ERROR: `template`: unknown variable `order.nmae` in line 2",
    );
    check_input(
        &json!({"template": "x", "metadata": {}, "outputFileName": "{{ nmae }}"}),
        &[],
        "TEMPLATE_METADATA_ERROR: `outputFileName`: unknown variable `nmae` in line 1",
    );
    check_input(
        &json!({"template": "x", "metadata": {}, "footer": "{{ nmae }}"}),
        &[],
        "TEMPLATE_METADATA_ERROR: `footer`: unknown variable `nmae` in line 1",
    );
}

#[test]
fn nothing_outside_of_the_document_is_read() {
    check(
        "#read(\"/etc/passwd\")",
        "INVALID_INPUT: there is no file `etc/passwd` among the assets in line 1, column 7: `#read(\"/etc/passwd\")`",
    );
    check(
        "#read(\"../../../etc/passwd\")",
        "INVALID_INPUT: path `../../../etc/passwd` leads out of the document's folder in line 1, column 7: `#read(\"../../../etc/passwd\")`",
    );
    check(
        "#image(\"logo.png\")",
        "INVALID_INPUT: there is no file `logo.png` among the assets in line 1, column 8: `#image(\"logo.png\")`",
    );
    check(
        "#import \"@preview/cetz:0.3.0\": *",
        "INVALID_INPUT: cannot load package (packages cannot be loaded here) in line 1, column 9: `#import \"@preview/cetz:0.3.0\": *`",
    );
    check_input(
        &json!({"template": "../secret.typ"}),
        &[("TEMPLATES_DIR", env!("CARGO_MANIFEST_DIR"))],
        "INVALID_INPUT: `template`: template `../secret.typ` is not below the folder of templates",
    );
}

#[test]
fn endless_documents_are_stopped() {
    check(
        "#let f(x) = f(x + 1)\n#f(1)",
        "TEMPLATE_SYNTAX_ERROR: maximum function call depth exceeded in line 1, column 13: `#let f(x) = f(x + 1)`",
    );
    check(
        "#while true {}",
        "TEMPLATE_SYNTAX_ERROR: condition is always true in line 1, column 8: `#while true {}`",
    );
    let hours = "#for a in range(10000) { for b in range(10000) { for c in range(10000) { } } }";
    check_input(
        &json!({"template": hours}),
        &[("PDF_TIMEOUT", "1s")],
        "RENDER_LIMIT: the document takes longer than 1s (PDF_TIMEOUT)",
    );
    let steps = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
    let told = generate(&json!({"template": steps, "metadata": {}}), &[]).failure();
    assert!(told.starts_with("TEMPLATE_SYNTAX_ERROR: `template`: the template takes "), "{told}");
}

#[test]
fn templates_that_call_themselves_are_stopped() {
    let macros = "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}<p>{{ f(1) }}";
    let told = generate(&json!({"template": macros, "metadata": {}}), &[]).failure();
    assert!(told.starts_with("TEMPLATE_SYNTAX_ERROR: `template`: "), "{told}");
    let folder = crate::folder();
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    write("self.html", "<p>{% include 'self.html' %}");
    write("self.typ", "a\n#include \"self.typ\"");
    let settings = [("TEMPLATES_DIR", folder.to_str().unwrap())];
    let told = generate(&json!({"template": "self.html", "metadata": {}}), &settings).failure();
    assert!(told.starts_with("TEMPLATE_SYNTAX_ERROR: `template`: "), "{told}");
    check_input(
        &json!({"template": "self.typ"}),
        &settings,
        "TEMPLATE_SYNTAX_ERROR: cyclic import in `self.typ`, line 2, column 10: `#include \"self.typ\"`",
    );
}

#[test]
fn documents_that_take_all_memory_are_stopped() {
    check_input(
        &json!({"template": "#let x = (1,) * 100000000\n#x.len()"}),
        &[("PDF_MEMORY_MAX", "64MiB")],
        "RENDER_LIMIT: the document needs more than 64 MiB of memory (PDF_MEMORY_MAX)",
    );
}

#[test]
fn deep_nesting_is_refused() {
    let deep = format!("{}x{}", "#[".repeat(3000), "]".repeat(3000));
    let told = typst(&deep, &json!({})).failure();
    assert!(
        told.starts_with("TEMPLATE_SYNTAX_ERROR: maximum parsing depth exceeded in line 1"),
        "{told}"
    );
    let quotes = format!("{}x", "> ".repeat(50_000));
    let told = generate(&json!({"template": quotes, "metadata": {}}), &[]).failure();
    assert!(told.contains("depth exceeded") || told.contains("nested too deeply"), "{told}");
}

#[test]
fn broken_images_are_told() {
    let broken = file("logo.png", "image/png", b"\x89PNG\r\n\x1a\nbroken");
    let told = generate(
        &json!({"template": "#image(\"logo.png\")", "templateFormat": "typst", "assets": broken}),
        &[],
    );
    let told = told.failure();
    assert!(told.starts_with("TEMPLATE_SYNTAX_ERROR: cannot decode image"), "{told}");
}

#[test]
fn what_is_not_made_is_refused() {
    check_input(&json!({"metadata": {}}), &[], "MISSING_INPUT: `template` is missing");
    check_input(
        &json!({"template": "x", "outputFormat": "DOCX"}),
        &[],
        "INVALID_INPUT: `outputFormat`: DOCX is not made here; PDF, PNG and HTML are",
    );
    check_input(
        &json!({"template": "#set page(width: 1cm)", "outputFormat": "HTML"}),
        &[],
        "INVALID_INPUT: `outputFormat`: HTML is made of HTML and Markdown templates, not of Typst",
    );
    check_input(
        &json!({"template": file("letter.docx", "application/octet-stream", b"PK")}),
        &[],
        "INVALID_INPUT: `template`: `letter.docx` is a Word document; templates are Typst, HTML or Markdown; with GOTENBERG_URL set, `engine` `gotenberg` converts it as it is",
    );
    check_input(
        &json!({"template": file("a.typ", "text/x-typst", b"\xff")}),
        &[],
        "TEMPLATE_READ_ERROR: `template`: `a.typ` is no UTF-8 text",
    );
    check_input(
        &json!({"template": "letter.typ"}),
        &[],
        "TEMPLATE_READ_ERROR: `template`: `letter.typ` is a name, but TEMPLATES_DIR is not set",
    );
    check_input(
        &json!({"template": "letter.typ"}),
        &[("TEMPLATES_DIR", env!("CARGO_MANIFEST_DIR"))],
        "TEMPLATE_READ_ERROR: `template`: there is no template `letter.typ`",
    );
    check_input(
        &json!({"template": "x", "fonts": file("a.ttf", "font/ttf", b"none")}),
        &[],
        "INVALID_INPUT: `fonts`: `a.ttf` is no TrueType or OpenType font",
    );
    check_input(
        &json!({"template": "x", "date": "2026-02-30"}),
        &[],
        "INVALID_INPUT: `date`: `2026-02-30` is no day, e.g. 2026-11-21",
    );
}

#[test]
fn strict_documents_have_no_warnings() {
    check_input(
        &json!({"template": "![a cat](cat.png)", "metadata": {}, "strict": true}),
        &[],
        "TEMPLATE_SYNTAX_ERROR: `strict`: image `cat.png` is not among the assets",
    );
}
