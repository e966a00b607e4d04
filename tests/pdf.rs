//! The PDF connector through the whole stack: a document, and documents that cannot be made.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::{scene::Scene, stack::PERSON};

const PDF: &str = "pdf-connector";

#[tokio::test]
async fn what_is_wrong_with_a_template_is_a_bpmn_error_that_names_it() {
    let scene = Scene::of(PDF, &[]).await;
    for (template, code, expected) in [
        ("Dear {{ customer.nmae }}", "TEMPLATE_METADATA_ERROR", "`customer.nmae`"),
        ("#let x = ", "TEMPLATE_SYNTAX_ERROR", "line 1, column 9"),
    ] {
        let inputs = json!({"template": template, "metadata": {"customer": {"name": PERSON}}});
        let answer = scene.error("GENERATE", &inputs, code).await;
        assert!(answer.error_message().contains(expected), "{}", answer.error_message());
    }
}

/// Megabytes burden a broker and all that read from it; over HTTP they burden who asked.
#[tokio::test]
async fn how_large_a_document_in_an_answer_may_be_depends_on_the_way() {
    let settings = [("FILES_INLINE_MAX", "1KiB"), ("HTTP_BODY_BYTES_MAX", "1MB")];
    let scene = Scene::of(PDF, &settings).await;
    let inputs = json!({"template": "# Invoice"});
    let answer = scene.error("GENERATE", &inputs, "INVALID_INPUT").await;
    let text = "larger than 1024 bytes, the limit of FILES_INLINE_MAX";
    assert!(answer.error_message().contains(text), "{}", answer.error_message());
    let path = format!("/v1/do/{}/GENERATE", scene.name);
    let (_, answer) = scene.connector.post(&path, &inputs).await;
    let size = &answer["command_response"]["body"]["file"]["content"]["sizeInBytes"];
    assert!(size.as_u64() > Some(1024), "{answer}");
}

/// The others neither wait for it nor go down with it.
#[tokio::test]
async fn a_document_that_takes_all_memory_fails_alone() {
    let scene = Scene::of(PDF, &[("PDF_WORKERS", "2"), ("PDF_MEMORY_MAX", "64MiB")]).await;
    let bomb = json!({"template": "#let x = (1,) * 100000000\n#x.len()"});
    let bomb = scene.ask("GENERATE", &bomb).await;
    for number in 0..4 {
        let inputs = json!({"template": "# Invoice {{ number }}", "metadata": {"number": number}});
        let answer = scene.result("GENERATE", &inputs).await;
        assert_eq!(answer.output("pages"), json!(1));
    }
    let answer = scene.engine.expect_error(&bomb, "RENDER_LIMIT").await;
    assert!(answer.error_message().contains("PDF_MEMORY_MAX"), "{}", answer.error_message());
}

#[tokio::test]
async fn a_document_is_made_of_the_process_variables() {
    let scene = Scene::of(PDF, &[]).await;
    let inputs = json!({
        "template": "# Invoice {{ number }}\n\n{{ customer.name }}",
        "outputFileName": "invoice-{{ number }}",
        "number": 4711,
        "customer": {"name": PERSON},
    });
    let answer = scene.result("GENERATE", &inputs).await;
    let file = answer.output("file");
    assert_eq!(file["name"], "invoice-4711.pdf");
    assert_eq!(answer.output("docgen.result"), file);
    let (_, data) = file["uri"].as_str().unwrap().split_once(";base64,").unwrap();
    assert!(STANDARD.decode(data).unwrap().starts_with(b"%PDF-1.7"));
}
