//! Where templates and the files beside them come from.

use std::fs;

use serde_json::json;

use crate::{file, folder, generate};

#[test]
fn named_templates_include_files_of_their_folder() {
    let folder = folder();
    fs::create_dir(folder.join("letters")).unwrap();
    fs::write(
        folder.join("letters/offer.typ"),
        "#import \"parts.typ\": sign\n#read(\"/terms.txt\") #sign #image(\"/logo.svg\")",
    )
    .unwrap();
    fs::write(folder.join("letters/parts.typ"), "#let sign = [Jane]").unwrap();
    fs::write(folder.join("terms.txt"), "Terms").unwrap();
    fs::write(
        folder.join("logo.svg"),
        "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
    )
    .unwrap();
    let settings = [("TEMPLATES_DIR", folder.to_str().unwrap())];
    let input = json!({"template": "letters/offer.typ"});
    let document = generate(&input, &settings).document();
    assert_eq!(document.text(), "Terms Jane");
    assert_eq!(document.outputs["file"]["name"], "offer.pdf");

    fs::write(folder.join("letters/parts.typ"), "#let sign = [\n#nobody]").unwrap();
    assert_eq!(
        generate(&input, &settings).failure(),
        "TEMPLATE_METADATA_ERROR: unknown variable `nobody` in `letters/parts.typ`, line 2, column 2: `#nobody]`"
    );
}

#[test]
fn the_language_chooses_the_variant() {
    let folder = folder();
    fs::write(folder.join("note.md"), "Hello").unwrap();
    fs::write(folder.join("note.de.md"), "Hallo").unwrap();
    let settings = [("TEMPLATES_DIR", folder.to_str().unwrap())];
    let text = |language: &str| {
        let input = json!({"template": "note.md", "language": language});
        generate(&input, &settings).document().text()
    };
    assert_eq!([text("de-AT"), text("fr")], ["Hallo", "Hello"]);
}

#[test]
fn the_type_of_a_file_says_what_it_is() {
    let text = |name: &str, mime_type: &str, text: &str| {
        let input = json!({"template": file(name, mime_type, text.as_bytes()), "metadata": {}});
        generate(&input, &[]).document().text()
    };
    assert_eq!(text("a.bin", "text/vnd.typst", "#(1 + 1)"), "2");
    assert_eq!(text("a.typ", "application/octet-stream", "\u{feff}#(1 + 1)"), "2");
    assert_eq!(text("a.md", "text/plain", "#(1 + 1)"), "#(1 + 1)");
}

#[test]
fn fonts_come_from_the_folder_and_with_the_task() {
    let folder = folder();
    fs::create_dir(folder.join("deep")).unwrap();
    let font = test_font();
    fs::write(folder.join("deep/Own.TTF"), &font).unwrap();
    fs::write(folder.join("deep/readme.txt"), "no font").unwrap();
    let template = "#set text(font: \"Noto Sans\", weight: \"bold\")\nText";
    let used = |input: &serde_json::Value, settings: &[(&str, &str)]| {
        let document = generate(input, settings).document();
        assert_eq!(document.warnings(), [""; 0]);
        document.text()
    };
    let settings = [("FONTS_DIR", folder.to_str().unwrap())];
    assert_eq!(used(&json!({"template": template}), &settings), "Text");
    let input = json!({"template": template, "fonts": file("own.ttf", "font/ttf", &font)});
    assert_eq!(used(&input, &[]), "Text");
}

/// A real font that is on every machine that built this.
fn test_font() -> Vec<u8> {
    notosans::BOLD_TTF.to_vec()
}
