//! The built binary with real templates: what is in the documents, and what becomes of bad ones.
//!
//! The documents are looked at with poppler and qpdf.

#![expect(clippy::unwrap_used, reason = "a test whose helpers cannot go on has failed")]

#[path = "documents/bad_input.rs"]
mod bad_input;
#[path = "documents/bombs.rs"]
mod bombs;
#[path = "documents/comparison.rs"]
mod comparison;
#[path = "documents/data.rs"]
mod data;
#[path = "documents/gotenberg.rs"]
mod gotenberg;
#[path = "documents/html.rs"]
mod html;
#[path = "documents/invoices.rs"]
mod invoices;
#[path = "documents/markdown.rs"]
mod markdown;
#[path = "documents/mutations.rs"]
mod mutations;
#[path = "documents/outputs.rs"]
mod outputs;
#[path = "documents/pages.rs"]
mod pages;
#[path = "documents/samples.rs"]
mod samples;
#[path = "documents/service.rs"]
mod service;
#[path = "documents/sources.rs"]
mod sources;
#[path = "documents/standards.rs"]
mod standards;

use std::{
    fs,
    path::PathBuf,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use support::Program;

/// The longest documents may take as long in a build for tests.
const CONNECTOR: Program =
    Program { path: env!("CARGO_BIN_EXE_pdf-connector"), run_max: Duration::from_mins(10) };

/// How a run of the connector ended.
struct Told(support::Told);

impl Told {
    /// `CODE: message` of a failure.
    fn failure(&self) -> String {
        let told = self.0.failure();
        told.split_once(' ').map_or_else(String::new, |(_, told)| told.to_owned())
    }

    /// The outputs of a success.
    fn success(self) -> Value {
        self.0.success()
    }

    /// The document of a success.
    fn document(self) -> Document {
        let outputs = self.success();
        Document { bytes: bytes(&outputs["file"]), outputs }
    }
}

/// A PDF that has been made.
struct Document {
    outputs: Value,
    bytes: Vec<u8>,
}

/// A word's place on a page, in points from the top and the left.
#[derive(Debug)]
struct Place {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Document {
    /// Its text as it stands on the pages, with single spaces.
    fn text(&self) -> String {
        let text = tool("pdftotext", &["-layout", "FILE", "-"], &self.bytes);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The text of one page.
    fn page(&self, number: u32) -> String {
        let number = number.to_string();
        let arguments = ["-layout", "-f", &number, "-l", &number, "FILE", "-"];
        let text = tool("pdftotext", &arguments, &self.bytes);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Where the word stands on the page, at its first occurrence; points from the top and the left.
    fn place(&self, number: u32, word: &str) -> Place {
        let number = number.to_string();
        let boxes =
            tool("pdftotext", &["-bbox", "-f", &number, "-l", &number, "FILE", "-"], &self.bytes);
        let end = format!(">{word}</word>");
        let found = boxes.lines().find(|it| it.ends_with(&end));
        let found = found.unwrap_or_else(|| panic!("no `{word}` in {boxes}"));
        let side = |name: &str| {
            let (_, rest) = found.split_once(&format!("{name}=\"")).unwrap();
            rest.split('"').next().unwrap().parse().unwrap()
        };
        Place { left: side("xMin"), top: side("yMin"), right: side("xMax"), bottom: side("yMax") }
    }

    /// What `pdfinfo` says about `name`.
    fn info(&self, name: &str) -> String {
        let info = tool("pdfinfo", &["FILE"], &self.bytes);
        let mut lines = info.lines().filter_map(|it| it.split_once(':'));
        lines.find(|it| it.0 == name).map_or_else(String::new, |it| it.1.trim().to_owned())
    }

    /// Fails unless qpdf finds nothing wrong.
    fn check(&self) {
        let told = tool("qpdf", &["--check", "FILE"], &self.bytes);
        assert!(told.contains("No syntax or stream encoding errors found"), "{told}");
    }

    fn warnings(&self) -> Vec<&str> {
        let warnings = self.outputs["warnings"].as_array();
        warnings.into_iter().flatten().filter_map(Value::as_str).collect()
    }
}

/// Makes a document, once unless `settings` say otherwise.
fn generate(input: &Value, settings: &[(&str, &str)]) -> Told {
    let arguments = ["invoke", "GENERATE", "--input", "-"];
    Told(CONNECTOR.run(&arguments, input, &one_worker(settings)))
}

fn one_worker<'a>(settings: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[("PDF_WORKERS", "1")], settings].concat()
}

/// A Typst template with data.
fn typst(template: &str, metadata: &Value) -> Told {
    let input = json!({ "template": template, "templateFormat": "typst", "metadata": metadata });
    generate(&input, &[])
}

/// A file value.
fn file(name: &str, mime_type: &str, bytes: &[u8]) -> Value {
    let uri = format!("data:{mime_type};base64,{}", BASE64_STANDARD.encode(bytes));
    json!({ "name": name, "uri": uri })
}

/// The bytes of a file value.
fn bytes(file: &Value) -> Vec<u8> {
    let (_, data) = file["uri"].as_str().unwrap().split_once(";base64,").unwrap();
    BASE64_STANDARD.decode(data).unwrap()
}

/// What a tool says about a PDF, whose path is `FILE` in its arguments.
fn tool(name: &str, arguments: &[&str], pdf: &[u8]) -> String {
    let path = folder().join("document.pdf");
    fs::write(&path, pdf).unwrap();
    let arguments = arguments.iter().map(|it| match *it {
        "FILE" => path.as_os_str().to_owned(),
        other => other.into(),
    });
    let output = Command::new(name).args(arguments).output();
    let output = output.unwrap_or_else(|error| {
        panic!("{name}: {error}; Debian's packages qpdf and poppler-utils are needed")
    });
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text + &String::from_utf8_lossy(&output.stderr)
}

/// An empty folder of a test's own.
fn folder() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("{}-{number}", std::process::id());
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("documents").join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}
