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

/// A page of each kind of template with the same header and footer, both HTML.
fn letterhead(format: &str, template: &str) -> Document {
    let logo = b"<svg xmlns='http://www.w3.org/2000/svg' width='40' height='20'><rect width='40' height='20' fill='red'/></svg>";
    let input = json!({
        "template": template,
        "templateFormat": format,
        "metadata": {"company": "Smith & <Sons>"},
        "title": "Offer",
        "date": "2026-11-21",
        "pageSize": "A4",
        "margins": "40mm 20mm",
        "header": "<table style='width: 100%'><tr><td><b>{{ company }}</b></td><td style='text-align: right'><img src='logo.svg'> {{ date }}</td></tr></table>",
        "footer": "<p style='text-align: center'>{{ title }}, page {{ page }} of {{ pages }}</p>",
        "firstPage": {"header": "<h1>Welcome</h1>"},
        "assets": file("logo.svg", "image/svg+xml", logo),
    });
    let document = generate(&input, &[]).document();
    document.check();
    assert_eq!(document.warnings(), [""; 0], "{format}");
    document
}

#[test]
fn headers_and_footers_may_be_html_for_every_kind_of_template() {
    let check = |format: &str, template: &str| {
        let document = letterhead(format, template);
        assert_eq!(document.page(1), "Welcome one Offer, page 1 of 2", "{format}");
        let second = "Smith & <Sons> 2026-11-21 two Offer, page 2 of 2";
        assert_eq!(document.page(2), second, "{format}");
        let at = |word: &str| document.place(2, word);
        // 20 mm are 56.7 points; the header ends above the margin of 40 mm, the footer begins below it.
        let company = at("Smith");
        assert!((58.0..60.0).contains(&company.left) && company.bottom < 113.4, "{company:?}");
        let date = at("2026-11-21");
        assert!((536.0..539.5).contains(&date.right), "{date:?}");
        assert!(at("two").top >= 105.0, "{:?}", at("two"));
        let footer = (at("Offer,"), at("2"));
        assert!(footer.0.top > 841.9 - 113.4, "{footer:?}");
        let middle = f64::midpoint(footer.0.left, document.place(2, "of").right);
        assert!((285.0..305.0).contains(&middle), "{footer:?}");
    };
    check("html", "<body style='margin: 0'><p>one</p><p style='break-before: page'>two</p>");
    check("markdown", "one\n\n<!-- pagebreak -->\n\ntwo");
    check("typst", "one\n#pagebreak()\ntwo");
}

#[test]
fn a_header_is_as_wide_as_the_body() {
    let input = json!({
        "template": "<body style='margin: 0 10mm'>one",
        "metadata": {},
        "margins": "20mm",
        "header": "<div style='text-align: right'>right</div>",
        "footer": "left | end",
    });
    let document = generate(&input, &[]).document();
    let right = 595.28 - 30.0 * 72.0 / 25.4;
    for word in ["right", "end"] {
        let place = document.place(1, word);
        assert!((place.right - right).abs() < 1.0, "{word}: {place:?}");
    }
    let left = document.place(1, "left");
    assert!((left.left - document.place(1, "one").left).abs() < 1.0, "{left:?}");
}

#[test]
fn what_a_header_of_html_refers_to_and_does_not_know_is_told() {
    let input = json!({
        "template": "# One",
        "metadata": {},
        "header": "<p style='text-shadow: 1px 1px'><img src='logo.png' alt='Acme'></p>",
    });
    let document = generate(&input, &[]).document();
    let warnings = document.warnings();
    assert!(
        warnings.iter().any(|it| it.starts_with("image `logo.png` is not among the assets"))
            && warnings.iter().any(|it| it.starts_with("CSS property `text-shadow`")),
        "{warnings:?}"
    );
    let told = generate(&json!({"template": "x", "metadata": {}, "header": "<p>{{ nmae }}"}), &[]);
    assert_eq!(
        told.failure(),
        "TEMPLATE_METADATA_ERROR: `header`: unknown variable `nmae` in line 1"
    );
}

#[test]
fn a_value_makes_no_html_of_a_text() {
    let document = document(&json!({"header": "{{ x }}", "metadata": {"x": "<b>bold</b>"}}));
    assert_eq!(document.page(1), "<b>bold</b> One a");
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
fn a_part_of_the_pages_is_made() {
    let ranges = |ranges: &str| document(&json!({"pageRanges": ranges, "footer": "{{ page }}"}));
    let second = ranges("2-");
    assert_eq!((second.outputs["pages"].as_u64(), second.info("Pages")), (Some(1), "1".to_owned()));
    assert_eq!(second.page(1), "Two b 2");
    assert_eq!(ranges("1, 2").outputs["pages"], 2);
    let input = json!({"template": "one\n\n<!-- pagebreak -->\n\ntwo", "metadata": {}, "pageRanges": "2", "outputFormat": "PNG"});
    assert_eq!(generate(&input, &[]).success()["file"].as_array().map(Vec::len), Some(1));
    let told = generate(&json!({"template": "x", "metadata": {}, "pageRanges": "3-4"}), &[]);
    assert_eq!(
        told.failure(),
        "INVALID_INPUT: `pageRanges`: the document has 1 pages, none of these"
    );
    let told = generate(&json!({"template": "x", "metadata": {}, "pageRanges": "2-1"}), &[]);
    assert_eq!(
        told.failure(),
        "INVALID_INPUT: `pageRanges`: `2-1` names no pages, e.g. 1-3, 5, 8-"
    );
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
