//! Standards, attachments, passwords.

use serde_json::{Value, json};

use crate::{Document, file, generate, tool};

const TEMPLATE: &str = "#set document(title: \"T\")\n= Head\nText";

fn document(options: &Value) -> Document {
    let mut input = json!({"template": TEMPLATE, "templateFormat": "typst"});
    for (name, value) in options.as_object().unwrap() {
        input[name] = value.clone();
    }
    generate(&input, &[]).document()
}

fn refused(input: &Value) -> String {
    generate(input, &[]).failure()
}

#[test]
fn a_standard_that_cannot_be_kept_to_is_refused_with_the_reason() {
    let told = refused(
        &json!({"template": "#image(\"a.svg\")", "templateFormat": "typst", "pdfStandard": "PDF/UA-1",
        "assets": file("a.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>")}),
    );
    assert!(told.starts_with("INVALID_INPUT: PDF/UA-1 error: "), "{told}");
    let told = refused(
        &json!({"template": TEMPLATE, "templateFormat": "typst", "pdfStandard": "PDF/A-1b, PDF/A-2b"}),
    );
    assert_eq!(told, "INVALID_INPUT: `pdfStandard`: choose at most one PDF/A standard");
    let told = refused(&json!({"template": "x", "pdfStandard": "PDF/X-4"}));
    assert!(told.starts_with("INVALID_INPUT: `pdfStandard`: `x-4` is no standard"), "{told}");
}

#[test]
fn documents_keep_to_standards() {
    for (standard, part, conformance) in [
        ("PDF/A-1b", "1", "B"),
        ("PDF/A-2b", "2", "B"),
        ("PDF/A-2u", "2", "U"),
        ("PDF/A-3a", "3", "A"),
    ] {
        let document = document(&json!({"pdfStandard": standard}));
        document.check();
        let metadata = tool("pdfinfo", &["-meta", "FILE"], &document.bytes);
        assert!(
            metadata.contains(&format!("<pdfaid:part>{part}</pdfaid:part>")),
            "{standard} {metadata}"
        );
        assert!(
            metadata.contains(&format!("<pdfaid:conformance>{conformance}</pdfaid:conformance>")),
            "{standard} {metadata}"
        );
    }
    let both = document(&json!({"pdfStandard": "PDF/A-2a, PDF/UA-1"}));
    let metadata = tool("pdfinfo", &["-meta", "FILE"], &both.bytes);
    assert!(metadata.contains("<pdfuaid:part>1</pdfuaid:part>"), "{metadata}");
    assert_eq!(both.info("Tagged"), "yes");
}

#[test]
fn attachments_are_in_the_document() {
    let files = json!([file("a.csv", "text/csv", b"1,2"), file("b.txt", "text/plain", b"b")]);
    let document = document(&json!({"attachments": files}));
    document.check();
    let listed = tool("pdfdetach", &["-list", "FILE"], &document.bytes);
    assert!(listed.contains("a.csv") && listed.contains("b.txt"), "{listed}");
}

#[test]
fn a_document_with_a_password_opens_with_it_only() {
    let document = document(&json!({"userPassword": "reader", "ownerPassword": "owner"}));
    let told = tool("qpdf", &["--check", "FILE"], &document.bytes);
    assert!(told.contains("invalid password"), "{told}");
    for password in ["reader", "owner"] {
        let password = format!("--password={password}");
        let told = tool("qpdf", &[&password, "--show-encryption", "FILE"], &document.bytes);
        assert!(told.contains("R = 6") && told.contains("AESv3"), "{told}");
        let told = tool("qpdf", &[&password, "--check", "FILE"], &document.bytes);
        assert!(told.contains("No syntax or stream encoding errors"), "{told}");
    }
    let text = tool("pdftotext", &["-upw", "reader", "FILE", "-"], &document.bytes);
    assert!(text.contains("Head") && text.contains("Text"), "{text}");
    let told = tool("qpdf", &["--password=reader", "--show-encryption", "FILE"], &document.bytes);
    assert!(told.contains("modify anything: not allowed"), "{told}");
}

#[test]
fn an_archive_has_no_passwords() {
    let told = refused(&json!({"template": "x", "pdfStandard": "PDF/A-2b", "userPassword": "x"}));
    assert_eq!(told, "INVALID_INPUT: `userPassword`, `ownerPassword`: PDF/A has no passwords");
}
