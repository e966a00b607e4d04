//! Markdown templates.

use serde_json::json;

use crate::{file, generate};

#[test]
fn every_element_is_in_the_document() {
    let template = "# Invoice {{ number }}\n\nDear **{{ name }}**, see [us](https://example.org).[^1]\n\n\
        [^1]: Thanks.\n\n| Article | Total |\n| --- | --: |\n{% for it in items %}| {{ it.name }} | {{ it.total }} |\n{% endfor %}\n\
        1. one\n2. two\n   - nested\n\n- [x] done\n\n> quoted\n\n```\nlet code;\n```\n\n~~old~~ `new`\n";
    let metadata = json!({
        "number": 4711,
        "name": "Jane *Doe* | #1",
        "items": [{"name": "Bolt", "total": 1.5}, {"name": "Nut", "total": "2.00"}],
    });
    let document = generate(&json!({"template": template, "metadata": metadata}), &[]).document();
    document.check();
    assert_eq!(
        document.text(),
        "Invoice 4711 Dear Jane *Doe* | #1, see us.1 Article Total Bolt 1.5 Nut 2.00 1. one 2. two • nested • ☑ done quoted let code; old new 1 Thanks."
    );
    assert_eq!(document.info("Title"), "Invoice 4711");
    assert_eq!(document.warnings(), [""; 0]);
}

#[test]
fn images_come_from_assets_and_data_urls() {
    let svg = "<svg xmlns='http://www.w3.org/2000/svg' width='40' height='20'><rect width='9' height='9'/></svg>";
    let input = json!({
        "template": "![a](logo.svg) ![b](data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'%20width='9'%20height='9'/%3E) \n\n![c](http://127.0.0.1:1/x.png)\n\n![d](x.png)",
        "assets": file("logo.svg", "image/svg+xml", svg.as_bytes()),
    });
    let document = generate(&input, &[]).document();
    document.check();
    assert_eq!(document.text(), "c d");
    let warnings = document.warnings();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings[0].starts_with("image `http://127.0.0.1:1/x.png` ")
            && warnings[0].contains("EGRESS_"),
        "{warnings:?}"
    );
    assert_eq!(warnings[1], "image `x.png` is not among the assets");
}

#[test]
fn a_comment_starts_a_new_page() {
    let document = generate(&json!({"template": "a\n\n<!-- pagebreak -->\n\nb"}), &[]).document();
    assert_eq!([document.page(1), document.page(2)], ["a", "b"]);
}

#[test]
fn its_preview_is_a_page_for_browsers() {
    let input = json!({"template": "# {{ name }}", "metadata": {"name": "A <b>"}, "outputFormat": "HTML", "outputFileName": "x"});
    let outputs = generate(&input, &[]).success();
    assert_eq!(outputs["file"]["name"], "x.html");
    assert_eq!(outputs["file"]["content"]["mimeType"], "text/html");
    let html = String::from_utf8(crate::bytes(&outputs["file"])).unwrap();
    assert_eq!(html, "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<h1>A &lt;b&gt;</h1>\n");
}
