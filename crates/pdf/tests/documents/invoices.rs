//! Invoices with XML in them.

use serde_json::json;

use crate::{file, generate, tool};

const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100" xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100">
<rsm:ExchangedDocumentContext><ram:GuidelineSpecifiedDocumentContextParameter><ram:ID>urn:cen.eu:en16931:2017</ram:ID></ram:GuidelineSpecifiedDocumentContextParameter></rsm:ExchangedDocumentContext>
</rsm:CrossIndustryInvoice>"#;

#[test]
fn what_is_no_invoice_is_refused() {
    let check = |options: serde_json::Value, expected: &str| {
        let mut input =
            json!({"template": "x", "invoiceXml": file("x.xml", "text/xml", XML.as_bytes())});
        for (name, value) in options.as_object().unwrap() {
            input[name] = value.clone();
        }
        assert_eq!(generate(&input, &[]).failure(), expected);
    };
    check(
        json!({"invoiceXml": file("x.xml", "text/xml", b"<a/>")}),
        "INVALID_INPUT: `invoiceXml`: `x.xml` is no CrossIndustryInvoice (UN/CEFACT CII)",
    );
    check(
        json!({"pdfStandard": "PDF/A-2b"}),
        "INVALID_INPUT: `pdfStandard`: an invoice with XML is PDF/A-3, not PDF/A-2B",
    );
}

#[test]
fn the_xml_is_attached_and_announced() {
    let input = json!({
        "template": "# Invoice 4711",
        "invoiceXml": file("whatever.xml", "text/xml", XML.as_bytes()),
        "date": "2026-11-21",
    });
    let document = generate(&input, &[]).document();
    document.check();
    let listed = tool("pdfdetach", &["-list", "FILE"], &document.bytes);
    assert!(listed.contains("1 embedded files") && listed.contains("factur-x.xml"), "{listed}");
    let metadata = tool("pdfinfo", &["-meta", "FILE"], &document.bytes);
    for expected in [
        "<pdfaid:part>3</pdfaid:part>",
        "<fx:DocumentType>INVOICE</fx:DocumentType>",
        "<fx:DocumentFileName>factur-x.xml</fx:DocumentFileName>",
        "<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>",
        "<pdfaSchema:prefix>fx</pdfaSchema:prefix>",
    ] {
        assert!(metadata.contains(expected), "{expected}: {metadata}");
    }
    assert_eq!(metadata.matches("<pdfaExtension:schemas>").count(), 1, "{metadata}");
    let objects =
        tool("qpdf", &["--qdf", "--object-streams=disable", "FILE", "-"], &document.bytes);
    assert!(objects.contains("/AFRelationship /Alternative"));
    assert_eq!(document.text(), "Invoice 4711");
}
