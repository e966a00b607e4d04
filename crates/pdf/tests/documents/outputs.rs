//! Files that are made: their names, places, bytes.

use serde_json::{Value, json};

use crate::{CONNECTOR, bytes, folder, generate, typst};

fn name(input: &Value) -> String {
    generate(input, &[]).success()["file"]["name"].as_str().unwrap().to_owned()
}

#[test]
fn a_large_document_needs_a_store() {
    let input = json!({"template": "x"});
    let told = generate(&input, &[("FILES_INLINE_MAX", "1KiB")]).failure();
    assert!(
        told.starts_with("INVALID_INPUT: `file`: `document.pdf`: larger than 1024 bytes, the limit of FILES_INLINE_MAX"),
        "{told}"
    );
}

#[test]
fn file_names_are_templates_and_made_safe() {
    let input =
        |name: &str| json!({"template": "x", "metadata": {"n": "4711/\n"}, "outputFileName": name});
    assert_eq!(name(&input("invoice-{{ n }}")), "invoice-4711_.pdf");
    assert_eq!(name(&input("../../etc/passwd")), ".._.._etc_passwd.pdf");
    assert_eq!(name(&input("Invoice.PDF")), "Invoice.PDF");
    assert_eq!(name(&json!({"template": "x"})), "document.pdf");
    let template = crate::file("offer.md", "text/markdown", b"x");
    assert_eq!(name(&json!({"template": template})), "offer.pdf");
}

#[test]
fn the_document_goes_to_the_store_where_there_is_one() {
    let folder = folder();
    let url = format!("file://{}", folder.display());
    let input =
        json!({"template": "x", "targetFolderPath": "2026/invoices", "outputFileName": "a"});
    let outputs = generate(&input, &[("FILES_URL", &url)]).success();
    let uri = outputs["file"]["uri"].as_str().unwrap();
    assert!(uri.starts_with(&format!("{url}/2026/invoices/")) && uri.ends_with("a.pdf"), "{uri}");
    let written = std::fs::read(uri.strip_prefix("file://").unwrap()).unwrap();
    assert!(written.starts_with(b"%PDF-1.7"));
    assert_eq!(outputs["docgen.result"], outputs["file"]);
    assert_eq!(outputs["file"]["content"]["sizeInBytes"], written.len());
}

#[test]
fn targets_of_a_content_service_are_told_to_have_no_effect() {
    let input =
        json!({"template": "x", "targetFolderId": "9fb6", "targetFileMetadata": {"cm:title": "x"}});
    let outputs = generate(&input, &[]).success();
    let warnings: Vec<_> =
        outputs["warnings"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(warnings[0].starts_with("`targetFolderId` is for a content service"), "{warnings:?}");
    assert!(
        warnings[1].starts_with("`targetFileMetadata` is for a content service"),
        "{warnings:?}"
    );
}

#[test]
fn images_are_made_page_by_page() {
    let input = json!({"template": "a\n\n<!-- pagebreak -->\n\nb", "outputFormat": "PNG", "outputFileName": "x"});
    let outputs = generate(&input, &[]).success();
    let files = outputs["file"].as_array().unwrap();
    let names: Vec<_> = files.iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["x-1.png", "x-2.png"]);
    // A4 at 144 dots per inch.
    let png = bytes(&files[0]);
    assert_eq!(png[16..24], [1191_u32.to_be_bytes(), 1684_u32.to_be_bytes()].concat());
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let input = json!({
        "template": "#let d = json(\"data.json\")\n= Invoice #d.number\n#datetime.today().display()",
        "templateFormat": "typst",
        "metadata": {"number": 1},
        "date": "2026-11-21",
    });
    let document = generate(&input, &[]).document();
    assert_eq!(document.text(), "Invoice 1 2026-11-21");
    assert_eq!(document.info("CreationDate"), "Sat Nov 21 00:00:00 2026 UTC");
    assert!(document.bytes == generate(&input, &[]).document().bytes);
    let mut other = input.clone();
    other["metadata"]["number"] = 2.into();
    assert!(document.bytes != generate(&other, &[]).document().bytes);
}

#[test]
fn characters_without_a_glyph_are_named() {
    let document = typst("Total 木 and \u{1F9FF}", &json!({})).document();
    assert_eq!(
        document.warnings(),
        [
            "no font has `木` (U+6728); FONTS_DIR or `fonts` can bring one",
            "no font has `🧿` (U+1F9FF); FONTS_DIR or `fonts` can bring one",
        ]
    );
}

#[test]
fn usual_font_names_have_stand_ins() {
    let fonts = |name: &str| {
        let template = format!("#set text(font: \"{name}\")\nText");
        let document = typst(&template, &json!({})).document();
        assert_eq!(document.warnings(), [""; 0], "{name}");
        crate::tool("pdffonts", &["FILE"], &document.bytes)
    };
    assert!(fonts("Arial").contains("NotoSans"));
    assert!(fonts("Times New Roman").contains("LibertinusSerif"));
    assert!(fonts("courier").contains("DejaVuSansMono"));
    let unknown = typst("#set text(font: \"Comic Sans\")\nText", &json!({})).document();
    assert!(
        unknown.warnings()[0].starts_with("there is no font `comic sans` in line 1"),
        "{:?}",
        unknown.warnings()
    );
}

#[test]
fn the_last_word_about_the_title_is_the_tasks() {
    let input = json!({
        "template": "#set document(title: \"Theirs\", author: \"They\")\nx",
        "title": "Ours",
        "author": "We",
        "keywords": ["a", "b"],
        "language": "de-AT",
    });
    let document = generate(&input, &[]).document();
    assert_eq!(document.info("Title"), "Ours");
    assert_eq!(document.info("Author"), "We");
    assert_eq!(document.info("Keywords"), "a, b");
    assert_eq!(
        document.warnings(),
        [
            "the task's `title` replaces the template's `Theirs`",
            "the task's `author` replaces the template's `They`",
        ]
    );
}

#[test]
fn a_dry_run_shows_the_text_with_its_values() {
    let arguments = ["invoke", "GENERATE", "--dry-run", "--input", "-"];
    let inputs = json!({"template": "Dear {{ name }}", "name": "Jane"});
    assert_eq!(CONNECTOR.run(&arguments, &inputs, &[]).success(), "Dear Jane\n");
}
