//! Pages: their size, what stands in their margins and behind their content.

use serde_json::{Value, json};

use crate::{Document, file, generate};

fn document(options: &Value) -> Document {
    let mut input = json!({"template": "# One\n\na\n\n<!-- pagebreak -->\n\n## Two\n\nb", "metadata": {"number": 7}});
    for (name, value) in options.as_object().unwrap() {
        input[name] = value.clone();
    }
    let document = generate(&input, &[]).document();
    document.check();
    document
}

fn size(options: &Value) -> String {
    document(options).info("Page size")
}

#[test]
fn pages_are_as_large_as_asked_for() {
    assert_eq!(size(&json!({})), "595.276 x 841.89 pts (A4)");
    assert_eq!(size(&json!({"pageSize": "Letter"})), "612 x 792 pts (letter)");
    assert_eq!(size(&json!({"pageSize": "4in x 6in"})), "288 x 432 pts");
    assert_eq!(
        size(&json!({"pageSize": "4in x 6in", "orientation": "landscape"})),
        "432 x 288 pts"
    );
}

#[test]
fn a_page_size_that_is_none_is_refused() {
    let check = |name: &str, value: Value, expected: &str| {
        let told = generate(&json!({"template": "x", name: value}), &[]).failure();
        assert_eq!(told, format!("INVALID_INPUT: `{name}`: {expected}"));
    };
    check("pageSize", json!("A11"), "`A11` is no page size, e.g. A4, Letter or 210mm x 297mm");
    check("margins", json!("20"), "`20` has no unit: mm, cm, in, pt, px, pc or q");
    check("columns", json!(0), "between 1 and 10 columns are wanted");
    check("background", json!("#12"), "`#12` is no color, e.g. #f5f5f5");
    check("language", json!("german"), "`german` is no language, e.g. `de` or `de-AT`");
}

#[test]
fn headers_and_footers_know_page_title_and_data() {
    let document = document(&json!({
        "title": "Offer",
        "date": "2026-11-21",
        "header": "{{ title }} | | {{ date }}",
        "footer": "No. {{ number }} | Page {{ page }} of {{ pages }}",
    }));
    assert_eq!(document.page(1), "Offer 2026-11-21 One a No. 7 Page 1 of 2");
    assert_eq!(document.page(2), "Offer 2026-11-21 Two b No. 7 Page 2 of 2");
}

#[test]
fn the_first_page_may_be_different() {
    let document = document(&json!({
        "header": "head",
        "footer": "foot",
        "firstPage": {"header": "", "footer": "first {{ page }}"},
    }));
    assert_eq!(document.page(1), "One a first 1");
    assert_eq!(document.page(2), "head Two b foot");
}

#[test]
fn values_in_headers_are_texts() {
    let document =
        document(&json!({"header": "{{ x }}", "metadata": {"x": "#read(\"a\") *b* \"c\""}}));
    assert_eq!(document.page(1), "#read(\"a\") *b* \"c\" One a");
}

#[test]
fn a_watermark_stands_on_every_page() {
    let document = document(&json!({"watermark": {"text": "DRAFT", "angle": 0}}));
    for number in [1, 2] {
        assert!(document.page(number).contains("DRAFT"), "{}", document.page(number));
    }
}

#[test]
fn a_watermark_may_be_an_image() {
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' width='40' height='20'><rect width='40' height='20' fill='red'/></svg>";
    let image = file("seal.svg", "image/svg+xml", svg);
    // A page in gray levels: the red of the seal shows through, faded.
    let input = json!({"template": "x", "watermark": {"image": image, "opacity": 0.5, "angle": 0}, "outputFormat": "PNG"});
    let outputs = generate(&input, &[]).success();
    assert!(crate::bytes(&outputs["file"][0]).starts_with(b"\x89PNG"));
    assert_eq!(outputs.get("warnings"), None);
}

#[test]
fn contents_are_listed_in_the_documents_language() {
    let document = document(&json!({"toc": true, "language": "de"}));
    let first = document.page(1);
    assert!(first.starts_with("Inhaltsverzeichnis One") && first.contains("Two"), "{first}");
    assert_eq!(document.page(2), "One a");
}

#[test]
fn columns_and_background_are_set() {
    let document =
        document(&json!({"columns": 2, "background": "#f5f5f5", "margins": "10mm 20mm"}));
    assert_eq!(document.page(1), "One a");
}

#[test]
fn a_typst_template_keeps_its_own_page_unless_the_task_says_otherwise() {
    let template = "#set page(width: 10cm)\nx";
    let own = generate(&json!({"template": template}), &[]).document();
    assert_eq!(own.info("Page size"), "283.465 x 841.89 pts");
    let input = json!({"template": "x", "templateFormat": "typst", "pageSize": "A5", "footer": "{{ page }}"});
    let given = generate(&input, &[]).document();
    assert_eq!(given.info("Page size"), "419.528 x 595.276 pts");
    assert_eq!(given.page(1), "x 1");
}
