//! What templates see of the data.

use serde_json::{Value, json};

use crate::{generate, typst};

#[test]
fn typst_reads_the_data_as_json() {
    let data: Value = serde_json::from_str(
        r##"{"whole": 9007199254740993, "part": 1999.90, "large": 1e30, "none": null, "yes": true, "list": [1, "b"], "text": "a\"#*_ü"}"##,
    )
    .unwrap();
    let template = "#let d = json(\"data.json\")\n#d.whole, #type(d.whole), #d.part, #type(d.part), #type(d.large), #d.none, #d.yes, #d.list.at(1), #d.text, #json.encode(d.list, pretty: false)";
    let text = typst(template, &data).document().text();
    assert_eq!(
        text,
        r##"9007199254740993, int, 1999.9, float, float, , true, b, a"#*_ü, [1,"b"]"##
    );
}

#[test]
fn json_that_is_none_is_told_with_its_place() {
    let told = typst("#json(bytes(\"{\\\"a\\\": }\"))", &json!({})).failure();
    assert!(
        told.starts_with("TEMPLATE_SYNTAX_ERROR: no JSON (expected value at line 1 column 7"),
        "{told}"
    );
}

#[test]
fn without_metadata_all_inputs_are_the_data() {
    let input = json!({
        "template": "{{ customer.name }} {{ title }} {{ count }} {{ pageSize | default('-') }}",
        "customer": {"name": "Jane"},
        "title": "Offer",
        "count": 3,
        "pageSize": "A5",
    });
    assert_eq!(generate(&input, &[]).document().text(), "Jane Offer 3 -");
}

#[test]
fn data_may_be_json_text_and_have_an_older_name() {
    let input = json!({"uri": "{{ a.b }} ${a.b}", "data": "{\"a\": {\"b\": 1999.90}}"});
    assert_eq!(generate(&input, &[]).document().text(), "1999.90 1999.90");
}
