//! The samples that the README shows: each runs as it stands.

use serde_json::Value;

use crate::{Document, generate};

fn run(text: &str) -> Document {
    let sample: Value = serde_json::from_str(text).unwrap();
    assert_eq!(sample["action"], "GENERATE");
    let document = generate(&sample["inputs"], &[]).document();
    document.check();
    assert_eq!(document.warnings(), [""; 0]);
    document
}

#[test]
fn writes_a_letter() {
    let document = run(include_str!("../../samples/letter.json"));
    assert_eq!(document.outputs["file"]["name"], "reminder-Jane Doe.pdf");
    assert_eq!(
        document.text(),
        "Reminder Dear Jane Doe, the following invoices are open: Invoice Due Amount 4711 2026-10-31 119.00 Please pay 119.00 EUR. Acme Ltd Page 1 of 1"
    );
}

#[test]
fn writes_an_invoice() {
    let document = run(include_str!("../../samples/invoice.json"));
    assert_eq!(document.text(), "Invoice 4711 Article Price Bolt M8 1.20 Total: 1.20");
    assert_eq!(document.info("Page size"), "595.276 x 419.528 pts");
}

#[test]
fn writes_a_report() {
    let document = run(include_str!("../../samples/report.json"));
    assert_eq!(document.outputs["pages"], 2);
    assert_eq!(document.info("Title"), "Annual report");
    let second = document.page(2);
    assert!(second.starts_with("Annual report 2026-11-21"), "{second}");
    assert!(second.contains("Revenue grew by 7 %.") && second.ends_with("Page 2 of 2"), "{second}");
}

#[test]
fn the_readme_shows_the_samples() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/samples");
    let files = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let files = files.filter(|it| it.extension().is_some_and(|it| it == "json"));
    let samples: Vec<Value> =
        files.map(|it| serde_json::from_slice(&std::fs::read(it).unwrap()).unwrap()).collect();
    let blocks = include_str!("../../README.md").split("```json\n").skip(1);
    let blocks = blocks.map(|it| it.split_once("```").unwrap().0);
    let tasks: Vec<Value> = blocks
        .filter_map(|it| serde_json::from_str(it).ok())
        .filter(|it: &Value| it.get("template").is_some())
        .collect();
    for task in &tasks {
        assert!(samples.iter().any(|it| it["inputs"] == *task), "no sample: {task:#}");
    }
    assert_eq!(tasks.len(), samples.len());
}

#[test]
fn writes_a_letterhead() {
    let document = run(include_str!("../../samples/letterhead.json"));
    assert_eq!(
        document.text(),
        "Acme Ltd 2026-11-21 Your offer Dear Jane, please find it below. registered in Vienna, FN 4711a"
    );
    let footer = document.place(1, "registered");
    assert!(footer.top > 842.0 - 30.0 * 72.0 / 25.4, "{footer:?}");
}
