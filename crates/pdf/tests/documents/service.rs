//! A connector that runs for long: what one document does must not show in the next.

use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{CONNECTOR, one_worker};

/// A running connector, ended when dropped.
pub(crate) struct Service(support::Service);

impl Service {
    /// Waits until it listens.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        Self(CONNECTOR.serve(&one_worker(settings)))
    }

    /// The body of the answer to a command.
    fn call(&self, command: &str, inputs: &Value) -> Value {
        self.0.call(command, inputs)
    }

    /// The answer to a task for a document.
    pub(crate) fn generate(&self, inputs: &Value) -> Value {
        self.call("pdf-connector/GENERATE", inputs)
    }

    /// The processes that it has started.
    fn workers(&self) -> Vec<String> {
        let id = self.0.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        children.unwrap().split_whitespace().map(str::to_owned).collect()
    }
}

fn pages(answer: &Value) -> &Value {
    let pages = &answer["command_response"]["body"]["pages"];
    assert!(pages.is_u64(), "{answer}");
    pages
}

#[test]
fn the_pool_recovers_from_documents_that_end_its_workers() {
    let service = Service::start(&[("PDF_MEMORY_MAX", "64MiB"), ("PDF_TIMEOUT", "5s")]);
    let good = json!({"template": "# {{ n }}", "metadata": {"n": 1}});
    let bombs = [
        "#let x = (1,) * 100000000\n#x.len()",
        "#for a in range(10000) { for b in range(10000) { for c in range(10000) { } } }",
    ];
    for bomb in bombs {
        assert_eq!(pages(&service.generate(&good)), 1);
        let answer = service.generate(&json!({"template": bomb, "templateFormat": "typst"}));
        assert_eq!(answer["error"]["error_code"], "RENDER_LIMIT", "{answer}");
        assert_eq!(pages(&service.generate(&good)), 1);
    }
}

#[test]
fn a_worker_makes_many_documents() {
    let service = Service::start(&[]);
    let workers = service.workers();
    for n in 0..20 {
        let answer = service.generate(&json!({"template": "# {{ n }}", "metadata": {"n": n}}));
        assert_eq!(pages(&answer), 1, "{answer}");
    }
    let bad = service.generate(&json!({"template": "#let x =", "templateFormat": "typst"}));
    assert_eq!(bad["error"]["error_code"], "TEMPLATE_SYNTAX_ERROR", "{bad}");
    assert_eq!(service.workers(), workers);
}

#[test]
fn a_worker_that_was_ended_from_outside_is_replaced() {
    let service = Service::start(&[]);
    let good = json!({"template": "x"});
    assert_eq!(pages(&service.generate(&good)), 1);
    for worker in service.workers() {
        assert!(Command::new("kill").args(["-9", &worker]).status().unwrap().success());
    }
    assert_eq!(pages(&service.generate(&good)), 1);
}

#[test]
fn a_document_whose_worker_is_killed_fails_alone() {
    let service = Service::start(&[("PDF_TIMEOUT", "60s")]);
    let endless = "#for a in range(10000) { for b in range(10000) { for c in range(10000) { } } }";
    let endless = json!({"template": endless, "templateFormat": "typst"});
    let answer = thread::scope(|scope| {
        let asked = scope.spawn(|| service.generate(&endless));
        // A document that a worker has died of is tried once more, with a new one.
        let deadline = Instant::now() + Duration::from_mins(1);
        while !asked.is_finished() {
            assert!(Instant::now() < deadline, "the document has not failed");
            for worker in service.workers().iter().filter(|it| is_busy(it)) {
                let _gone = Command::new("kill").args(["-9", worker]).status();
            }
            thread::yield_now();
        }
        asked.join().unwrap()
    });
    assert_eq!(answer["error"]["error_code"], "UNKNOWN_ERROR", "{answer}");
    let told = answer["error"]["message"].as_str().unwrap();
    assert!(told.contains("the process that rendered the document has ended"), "{told}");
    assert_eq!(pages(&service.generate(&json!({"template": "x"}))), 1);
}

/// Whether a process has worked for three seconds, more than the loading of fonts takes.
fn is_busy(id: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let ticks =
        stat.rsplit(')').next().and_then(|it| it.split_whitespace().nth(11)?.parse::<u32>().ok());
    ticks.is_some_and(|it| it > 300)
}

#[test]
fn spiffarena_gets_a_data_url() {
    let service = Service::start(&[]);
    let answer = service
        .call("pdf/CreatePDF", &json!({"template": "# {{ name }}", "data": {"name": "Jane"}}));
    let body = answer["command_response"]["body"].as_str().unwrap();
    assert!(
        body.starts_with("data:application/pdf;name=document.pdf;base64,JVBERi0"),
        "{}",
        &body[..60]
    );
    let answer = service.call("pdf/CreatePDF", &json!({"template": "# {{ name }}", "data": {}}));
    assert_eq!(answer["error"]["error_code"], "TEMPLATE_METADATA_ERROR", "{answer}");
}
