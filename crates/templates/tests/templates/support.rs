//! The order that the tests render, and how they look at the result.

use serde_json::Value;
use templates::{Engine, Limits, Sink, Syntax, TemplateError};

pub(crate) fn order() -> Value {
    let json = r#"{
        "order": {
            "id": 12345678901234567890,
            "total": 1999.90,
            "tax": 0.10,
            "quantity": 3,
            "paid": true,
            "note": null,
            "placed": "2026-03-04T22:30:00.000+0000",
            "customer": {"name": "Jane Doe", "e-mail": "jane@example.org"},
            "items": [
                {"name": "Bolt", "price": 19.90, "quantity": 2},
                {"name": "nut", "price": 5, "quantity": 10},
                {"name": "Anchor", "price": 0.1, "quantity": 1}
            ],
            "returns": []
        },
        "evil": "<b onclick='x'>&amp; \"{{ 7 * 7 }}\" ${7 * 7} {% if 1 %}<#if true>\r\nBcc: x@y.z",
        "markup": "<i>"
    }"#;
    serde_json::from_str(json).unwrap()
}

pub(crate) fn engine() -> Engine {
    Engine::new(Limits { fuel: 200_000, ..Limits::default() }, None)
}

pub(crate) fn render(template: &str, sink: Sink, syntax: Syntax) -> Result<String, TemplateError> {
    engine().render(template, &order(), sink, syntax)
}

/// `expected` is the text, or the error's text.
#[track_caller]
pub(crate) fn check(template: &str, sink: Sink, syntax: Syntax, expected: &str) {
    let rendered = render(template, sink, syntax).unwrap_or_else(|error| error.to_string());
    assert_eq!(rendered, expected, "{template}");
}

#[track_caller]
pub(crate) fn check_text(template: &str, expected: &str) {
    check(template, Sink::Text, Syntax::Native, expected);
}
