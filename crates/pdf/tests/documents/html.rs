//! HTML templates.

use serde_json::{Value, json};

use crate::{file, generate};

#[test]
fn what_is_not_supported_is_told_and_fails_where_it_has_to() {
    let mut input = json!({"template": "<p style='filter: blur(1px)'>a</p>"});
    let document = generate(&input, &[]).document();
    assert_eq!(document.warnings(), ["CSS property `filter` (line 1, column 1)"]);
    input["strict"] = Value::Bool(true);
    assert_eq!(
        generate(&input, &[]).failure(),
        "TEMPLATE_SYNTAX_ERROR: `strict`: CSS property `filter` (line 1, column 1)"
    );
}

#[test]
fn too_many_elements_within_each_other_are_refused() {
    let input = json!({"template": "<div>".repeat(10_000)});
    assert_eq!(
        generate(&input, &[]).failure(),
        "RENDER_LIMIT: line 1: elements are nested deeper than 200"
    );
}

#[test]
fn images_come_from_assets() {
    let svg = "<svg xmlns='http://www.w3.org/2000/svg' width='40' height='20'><rect width='9' height='9'/></svg>";
    let input = json!({
        "template": "<p><img src=logo.svg alt=a> text",
        "assets": file("logo.svg", "image/svg+xml", svg.as_bytes()),
    });
    let document = generate(&input, &[]).document();
    assert_eq!((document.text().as_str(), document.warnings().len()), ("text", 0));
}

#[test]
fn tables_in_cells_have_looks_of_their_own() {
    let table = |cells: &str, css: &str| format!("<table style='{css}'><tr>{cells}</table>");
    let inner = table("<td style='padding: 9pt'>b<td>c<tr><td colspan=2>d", "");
    let cells = format!("<td style='border: 2pt dashed red'>a<td>{inner}<td>e<tr><td>f");
    let input = json!({"template": table(&cells, "border-collapse: collapse")});
    let document = generate(&input, &[]).document();
    let text = document.text();
    let mut words: Vec<_> = text.split_whitespace().collect();
    words.sort_unstable();
    assert_eq!((words.concat(), document.warnings().len()), ("abcdef".to_owned(), 0));
}
