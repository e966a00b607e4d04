//! The outside engine, played by a server that says what a test wants; and a real one for whoever has it.
//!
//! `GOTENBERG_URL=http://localhost:3000 cargo test -p pdf-connector --test documents gotenberg`

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Output},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

use crate::{Document, Told, bytes, file, generate};

/// What the server does with a request.
#[derive(Clone)]
enum Reply {
    Answer(u16, Vec<u8>),
    /// Nothing, until the client goes.
    Silence,
    /// The connection is closed in the middle of the answer.
    Broken,
}

/// A form as it came.
#[derive(Clone, Debug, Default)]
struct Form {
    /// Method and path.
    line: String,
    headers: BTreeMap<String, String>,
    fields: BTreeMap<String, String>,
    /// By name.
    files: BTreeMap<String, Vec<u8>>,
}

/// A Gotenberg that is none; its thread ends with the test's process.
struct Service {
    url: String,
    seen: Arc<Mutex<Vec<Form>>>,
}

impl Service {
    /// Gives these replies in turn, the last one for ever.
    fn start(replies: &[Reply]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (replies, forms) = (replies.to_vec(), Arc::clone(&seen));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let Some(form) = Form::read(&stream) else { continue };
                let index = {
                    let mut forms = forms.lock().unwrap();
                    forms.push(form);
                    (forms.len() - 1).min(replies.len() - 1)
                };
                replies[index].give(stream);
            }
        });
        Self { url, seen }
    }

    fn generate(&self, input: &Value, settings: &[(&str, &str)]) -> Told {
        let mut input = input.clone();
        input["engine"] = "gotenberg".into();
        let url = [("GOTENBERG_URL", self.url.as_str())];
        generate(&input, &[&url, settings].concat())
    }

    fn forms(&self) -> Vec<Form> {
        self.seen.lock().unwrap().clone()
    }
}

impl Reply {
    fn give(&self, mut stream: TcpStream) {
        match self {
            Self::Answer(status, body) => {
                let head = format!(
                    "HTTP/1.1 {status} Whatever\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                // A client that has had enough may be gone.
                let _gone = stream.write_all(&[head.as_bytes(), body].concat());
            }
            Self::Silence => {
                let _gone = stream.read_to_end(&mut Vec::new());
            }
            Self::Broken => {
                let _gone =
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n%PDF-");
            }
        }
    }
}

impl Form {
    fn read(stream: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut form = Self::default();
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|it| *it > 0)?;
        line.trim_end().trim_end_matches(" HTTP/1.1").clone_into(&mut form.line);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.split_once(':') else { break };
            form.headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = form.headers.get("content-length").map_or(0, |it| it.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        if let Some((_, boundary)) =
            form.headers.get("content-type").and_then(|it| it.split_once("boundary="))
        {
            let boundary = format!("--{boundary}");
            form.parts(&body, boundary.as_bytes());
        }
        Some(form)
    }

    fn parts(&mut self, body: &[u8], boundary: &[u8]) {
        let starts: Vec<_> =
            (0..body.len()).filter(|at| body[*at..].starts_with(boundary)).collect();
        assert_eq!(&body[starts[starts.len() - 1] + boundary.len()..], b"--\r\n");
        for pair in starts.windows(2) {
            // A line break after the boundary, one before the next.
            let part = &body[pair[0] + boundary.len() + 2..pair[1] - 2];
            let end = (0..part.len()).find(|at| part[*at..].starts_with(b"\r\n\r\n")).unwrap();
            let head = String::from_utf8(part[..end].to_vec()).unwrap();
            let content = part[end + 4..].to_vec();
            let quoted = |name: &str| {
                let (_, rest) = head.split_once(&format!("; {name}=\""))?;
                rest.split('"').next().map(str::to_owned)
            };
            if let Some(name) = quoted("filename") {
                self.files.insert(name, content);
            } else {
                let name = quoted("name").unwrap();
                self.fields.insert(name, String::from_utf8(content).unwrap());
            }
        }
    }

    fn text(&self, name: &str) -> String {
        let names: Vec<_> = self.files.keys().collect();
        let file = self.files.get(name).unwrap_or_else(|| panic!("no {name} among {names:?}"));
        String::from_utf8(file.clone()).unwrap()
    }
}

/// A PDF of two pages.
fn pdf() -> Vec<u8> {
    let input = json!({"template": "made outside\n\n<!-- pagebreak -->\n\ntwo", "metadata": {}});
    generate(&input, &[]).document().bytes
}

fn made() -> Reply {
    Reply::Answer(200, pdf())
}

fn page(options: &Value) -> Value {
    let mut input = json!({"template": "<p>{{ name }}</p>", "metadata": {"name": "A & B"}});
    input.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    input
}

#[test]
fn what_gotenberg_refuses_is_told() {
    let check = |replies: &[Reply], expected: &str| {
        let service = Service::start(replies);
        let settings = [("PDF_TIMEOUT", "3s"), ("FILE_BYTES_MAX", "100000")];
        let told = service.generate(&page(&json!({})), &settings).failure();
        assert_eq!(told.replace(&service.url, "URL"), expected);
    };
    let answer = |status, text: &str| [Reply::Answer(status, text.as_bytes().to_vec())];
    check(
        &answer(400, "Invalid form data:\nform field 'pdfa'"),
        "BAD_REQUEST: Gotenberg answers 400: Invalid form data: form field 'pdfa'",
    );
    check(&answer(404, "Not Found"), "NOT_FOUND: Gotenberg (GOTENBERG_URL) answers 404");
    check(
        &answer(503, "Service Unavailable"),
        "SERVICE_UNAVAILABLE: Gotenberg answers 503: Service Unavailable",
    );
    check(&answer(200, "<html>a proxy's page"), "BAD_GATEWAY: what Gotenberg answers is no PDF");
    check(
        &answer(200, "%PDF-1.7 but nothing more"),
        "INVALID_INPUT: the PDF of the outside engine cannot be read: couldn't parse input",
    );
    check(
        &[Reply::Answer(200, vec![b' '; 200_000])],
        "INVALID_INPUT: the PDF that Gotenberg makes is larger than 100000 bytes (FILE_BYTES_MAX)",
    );
    check(
        &[Reply::Silence],
        "GATEWAY_TIMEOUT: Gotenberg: URL/forms/chromium/convert/html: no complete answer within 3s (PDF_TIMEOUT)",
    );
    check(
        &[Reply::Broken],
        "BAD_GATEWAY: Gotenberg: URL/forms/chromium/convert/html: the connection was lost: end of file before message length reached",
    );
}

#[test]
fn nobody_at_the_address_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let input = page(&json!({"engine": "gotenberg"}));
    let told = generate(&input, &[("GOTENBERG_URL", &url)]).failure();
    assert_eq!(
        told,
        format!(
            "SERVICE_UNAVAILABLE: Gotenberg: {url}/forms/chromium/convert/html: the connection was refused"
        )
    );
    let told = generate(&input, &[]).failure();
    assert_eq!(
        told,
        "INVALID_INPUT: `engine`: for `gotenberg`, the setting GOTENBERG_URL has to name one"
    );
}

#[test]
fn a_busy_gotenberg_is_asked_again() {
    let busy = Reply::Answer(503, b"busy".to_vec());
    let service = Service::start(&[busy, Reply::Broken, made()]);
    let settings = [("RETRY_MAX_ATTEMPTS", "3"), ("RETRY_INITIAL_INTERVAL", "1ms")];
    let document = service.generate(&page(&json!({})), &settings).document();
    assert_eq!(document.page(1), "made outside");
    assert_eq!(service.forms().len(), 3);
}

#[test]
fn what_it_cannot_do_is_refused_before_it_is_asked() {
    let service = Service::start(&[made()]);
    let check = |options: &Value, expected: &str| {
        assert_eq!(service.generate(&page(options), &[]).failure(), expected, "{options}");
    };
    check(
        &json!({"template": "#set page(width: 1cm)"}),
        "INVALID_INPUT: `engine`: `gotenberg` makes PDFs of HTML, Markdown and office documents, not of Typst",
    );
    check(
        &json!({"outputFormat": "PNG"}),
        "INVALID_INPUT: `outputFormat`: `engine` `gotenberg` makes no PNG",
    );
    check(
        &json!({"invoiceXml": file("a.xml", "text/xml", b"<a/>")}),
        "INVALID_INPUT: `invoiceXml`: `engine` `gotenberg` makes no invoices with XML",
    );
    check(
        &json!({"pdfStandard": "PDF/A-4"}),
        "INVALID_INPUT: `pdfStandard`: with `engine` `gotenberg` there are PDF/A-1b, PDF/A-2b, PDF/A-3b and PDF/UA-1, not `a-4`",
    );
    check(
        &json!({"pdfStandard": "PDF/A-2b", "attachments": file("a.txt", "text/plain", b"a")}),
        "INVALID_INPUT: `attachments`: PDF/A-2B has none",
    );
    check(
        &json!({"template": "<p>{{ nmae }}</p>"}),
        "TEMPLATE_METADATA_ERROR: `template`: unknown variable `nmae` in line 1",
    );
    check(
        &json!({"fonts": file("a.ttf", "font/ttf", b"none")}),
        "INVALID_INPUT: `fonts`: `a.ttf` is no TrueType or OpenType font",
    );
    let told = generate(&page(&json!({"engine": "gotenburg"})), &[]).failure();
    assert_eq!(
        told,
        "INVALID_INPUT: `engine`: unknown variant `gotenburg`, expected `embedded` or `gotenberg`"
    );
    assert_eq!(service.forms().len(), 0);
}

#[test]
fn a_page_goes_out_with_its_files_and_options() {
    let service = Service::start(&[made()]);
    let logo = file("logo.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>");
    let input = page(&json!({
        "template": "<!doctype html><title>x</title><img src='logo.svg'><p>{{ name }} ${name}</p>",
        "assets": logo,
        "pageSize": "A5",
        "orientation": "landscape",
        "margins": "1in 0.5in",
        "header": "{{ title }} | {{ page }} of {{ pages }}",
        "footer": "<p>{{ name }}</p>",
        "title": "Offer",
        "pageRanges": "1-2",
        "pdfStandard": "PDF/A-3b, PDF/UA-1",
        "outputFileName": "offer {{ name }}",
        "strict": true,
    }));
    let document = service.generate(&input, &[]).document();
    assert_eq!(document.outputs["file"]["name"], "offer A & B.pdf");
    assert_eq!(document.outputs["pages"], 2);
    assert_eq!(document.warnings(), [""; 0]);
    let form = &service.forms()[0];
    assert_eq!(form.line, "POST /forms/chromium/convert/html");
    assert!(!form.headers["gotenberg-trace"].is_empty());
    let expected = json!({
        "paperWidth": "8.2677", "paperHeight": "5.8268", "preferCssPageSize": "false",
        "marginTop": "1.0000", "marginRight": "0.5000", "marginBottom": "1.0000", "marginLeft": "0.5000",
        "printBackground": "true", "generateDocumentOutline": "true", "generateTaggedPdf": "true",
        "nativePageRanges": "1-2", "pdfa": "PDF/A-3b", "pdfua": "true",
        "metadata": "{\"Title\":\"Offer\"}",
        "failOnResourceLoadingFailed": "true", "failOnConsoleExceptions": "true",
    });
    assert_eq!(json!(form.fields), expected);
    let names: Vec<_> = form.files.keys().collect();
    assert_eq!(names, ["footer.html", "header.html", "index.html", "logo.svg"]);
    let index = form.text("index.html");
    assert!(index.starts_with("<!doctype html>"), "{index}");
    assert!(index.contains("<img src=\"logo.svg\"><p>A &amp; B A &amp; B</p>"), "{index}");
    assert!(form.text("header.html").contains("<span class=\"pageNumber\"></span> of <span"));
    assert!(form.text("footer.html").contains("<p>A &amp; B</p>"));
}

#[test]
fn what_has_no_effect_is_told_and_strict_refuses_it() {
    let service = Service::start(&[made()]);
    let options = json!({"columns": 2, "watermark": "DRAFT"});
    let document = service.generate(&page(&options), &[]).document();
    let warnings = [
        "`watermark` has no effect with `engine` `gotenberg`",
        "`columns` has no effect with `engine` `gotenberg`",
    ];
    assert_eq!(document.warnings(), warnings);
    let told = service.generate(&page(&json!({"columns": 2, "strict": true})), &[]).failure();
    assert_eq!(
        told,
        "TEMPLATE_SYNTAX_ERROR: `strict`: `columns` has no effect with `engine` `gotenberg`"
    );
}

#[test]
fn addresses_in_the_page_are_called_by_no_other_rules_than_elsewhere() {
    let picture = Service::start(&[Reply::Answer(200, b"\x89PNG".to_vec())]);
    let service = Service::start(&[made()]);
    let template = format!("<img src='{}/x.png'>", picture.url);
    let input = page(&json!({"template": template}));
    // Gotenberg's own address is the operator's, who may call it whatever the rule for tasks is.
    let closed = service.generate(&input, &[("EGRESS_PRIVATE", "deny")]).document();
    let warnings = closed.warnings();
    assert!(warnings[0].starts_with("image `http://127.0.0.1:"), "{warnings:?}");
    assert_eq!(picture.forms().len(), 0);
    let open = service.generate(&input, &[("EGRESS_ALLOW", "127.0.0.1")]).document();
    assert_eq!(open.warnings(), [""; 0]);
    let forms = service.forms();
    assert!(forms[0].text("index.html").ends_with("<img src=\"data:,\">"));
    assert!(forms[1].text("index.html").ends_with("<img src=\"file-0.png\">"));
    assert_eq!(forms[1].files["file-0.png"], b"\x89PNG");
}

#[test]
fn the_sample_is_sent_as_it_stands() {
    let service = Service::start(&[made()]);
    let sample: Value = serde_json::from_str(include_str!("../../samples/gotenberg.json")).unwrap();
    let document = service.generate(&sample["inputs"], &[]).document();
    assert_eq!(document.warnings(), [""; 0]);
    let form = &service.forms()[0];
    let index = form.text("index.html");
    assert!(index.ends_with("<h1>Offer for Jane</h1><img src=\"logo.svg\"><style>@page{size:419.528pt 595.276pt;}</style>"), "{index}");
    let names: Vec<_> = form.files.keys().collect();
    assert_eq!(names, ["footer.html", "index.html", "logo.svg"]);
}

#[test]
fn markdown_is_printed_too() {
    let service = Service::start(&[made()]);
    service.generate(&page(&json!({"template": "# {{ name }}"})), &[]).document();
    let index = service.forms()[0].text("index.html");
    assert!(index.contains("<h1>A &amp; B</h1>"), "{index}");
}

#[test]
fn a_word_document_is_converted_as_it_is() {
    let service = Service::start(&[made()]);
    let input = json!({
        "template": file("März.DOCX", "application/octet-stream", b"PK\x03\x04"),
        "metadata": {"a": 1},
        "orientation": "landscape",
        "header": "x",
    });
    let document = service.generate(&input, &[]).document();
    assert_eq!(document.outputs["file"]["name"], "März.pdf");
    assert_eq!(
        document.warnings(),
        [
            "`header` has no effect with `engine` `gotenberg`",
            "`metadata` has no effect on office documents",
        ]
    );
    let mut preview = input.clone();
    preview["outputFormat"] = "HTML".into();
    assert_eq!(
        service.generate(&preview, &[]).failure(),
        "INVALID_INPUT: `outputFormat`: HTML is made of HTML and Markdown templates, not of office documents"
    );
    let form = &service.forms()[0];
    assert_eq!(form.line, "POST /forms/libreoffice/convert");
    assert_eq!(json!(form.fields), json!({"landscape": "true"}));
    assert_eq!(form.files["document.docx"], b"PK\x03\x04");
}

#[test]
fn attachments_and_passwords_are_added_here() {
    let service = Service::start(&[made()]);
    let input = page(&json!({
        "attachments": [
            file("terms.txt", "text/plain", b"the terms"),
            file("März.csv", "text/csv", b"1;2"),
        ],
        "userPassword": "open",
    }));
    let document = service.generate(&input, &[]).document();
    assert_eq!(document.outputs["pages"], 2);
    let tool = |name: &str, arguments: &[&str]| crate::tool(name, arguments, &document.bytes);
    let checked = tool("qpdf", &["--password=open", "--check", "FILE"]);
    assert!(checked.contains("No syntax or stream encoding errors found"), "{checked}");
    let listed = tool("pdfdetach", &["-upw", "open", "-list", "FILE"]);
    assert!(listed.contains("terms.txt") && listed.contains("März.csv"), "{listed}");
    let content = tool("qpdf", &["--password=open", "--show-attachment=terms.txt", "FILE"]);
    assert_eq!(content, "the terms");
    let locked = tool("pdftotext", &["FILE", "-"]);
    assert!(locked.contains("Incorrect password"), "{locked}");
}

#[test]
fn check_says_how_gotenberg_is() {
    let up =
        br#"{"status":"up","details":{"chromium":{"status":"up"},"libreoffice":{"status":"up"}}}"#;
    let down = br#"{"status":"down","details":{"chromium":{"status":"down"}}}"#;
    let check = |replies: &[Reply], works: bool, expected: &str| {
        let service = Service::start(replies);
        let (told, success) = run_check(&[("GOTENBERG_URL", &service.url)]);
        assert_eq!(success, works, "{told}");
        assert!(told.starts_with("embedded   works  a page, "), "{told}");
        let line = told.lines().nth(1).unwrap().replace(&service.url, "URL");
        assert!(line.starts_with(expected), "{line}");
    };
    check(
        &[Reply::Answer(503, down.to_vec())],
        false,
        "gotenberg  FAILS  URL/  SERVICE_UNAVAILABLE: Gotenberg answers 503: chromium down",
    );
    check(
        &[Reply::Answer(200, up.to_vec()), Reply::Answer(200, b"8.25.0".to_vec())],
        true,
        "gotenberg  works  URL/  version 8.25.0, chromium up, libreoffice up, ",
    );
    let (told, success) = run_check(&[]);
    assert!(success && told.ends_with("gotenberg  is not configured (GOTENBERG_URL)\n"), "{told}");
}

/// What `check` says, and whether all is well.
fn run_check(settings: &[(&str, &str)]) -> (String, bool) {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_pdf-connector"))
        .arg("check")
        .env_clear()
        .env("PDF_WORKERS", "1")
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    let told = if status.success() { stdout } else { stderr };
    (String::from_utf8(told).unwrap(), status.success())
}

#[expect(clippy::disallowed_methods, reason = "what whoever runs the tests gives them")]
fn real() -> Option<String> {
    std::env::var("GOTENBERG_URL").ok().filter(|it| !it.is_empty())
}

#[test]
fn a_real_gotenberg_prints_a_page_where_one_is_given() {
    let Some(url) = real() else { return };
    let (told, success) = run_check(&[("GOTENBERG_URL", &url)]);
    assert!(success, "{told}");
    let red = b"<svg xmlns='http://www.w3.org/2000/svg' width='40' height='20'><rect width='40' height='20' fill='red'/></svg>";
    let input = page(&json!({
        "engine": "gotenberg",
        "template": "<!doctype html><img src='logo.svg'><p>{{ name }}</p><p style='break-before: page'>two</p>",
        "assets": file("logo.svg", "image/svg+xml", red),
        "title": "Offer",
        "header": "<b>{{ name }}</b>",
        "footer": "page {{ page }} of {{ pages }}",
        "strict": true,
    }));
    let made = generate(&input, &[("GOTENBERG_URL", &url)]).success();
    let document = Document { bytes: bytes(&made["file"]), outputs: made };
    assert_eq!(document.page(2), "A & B two page 2 of 2");
    assert_eq!(document.info("Title"), "Offer");
}
