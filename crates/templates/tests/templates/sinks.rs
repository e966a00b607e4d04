//! Values do no harm where the text goes, and are never templates themselves.

use serde_json::{Value, json};
use templates::{Sink, Syntax};

use crate::support::{check, engine, order, render};

fn evil() -> String {
    order()["evil"].as_str().unwrap().to_owned()
}

#[test]
fn data_that_looks_like_a_template_comes_out_as_it_is() {
    for (sink, read) in [
        (Sink::Text, (|text| text) as fn(String) -> String),
        (Sink::Html, |text| {
            let signs =
                [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
            signs.iter().fold(text, |text, (entity, sign)| text.replace(entity, sign))
        }),
        (Sink::Slack, |text| text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")),
        (Sink::Url, |text| {
            percent_encoding::percent_decode_str(&text).decode_utf8().unwrap().into()
        }),
        (Sink::Json, |text| serde_json::from_str(&text).unwrap()),
    ] {
        for template in [
            "{{ evil }}",
            "${evil}",
            "{{ [evil][0] }}",
            "{% set x = evil %}{{ x }}",
            "{{ evil ~ '' }}",
        ] {
            let rendered = render(template, sink, Syntax::FreeMarker).unwrap();
            assert_eq!(read(rendered), evil(), "{sink:?} {template}");
        }
    }
    let value = json!({"{{ evil }}": ["{{ evil }}", 1, null, {"x": "${evil}"}]});
    let rendered = engine().render_value(&value, &order(), Sink::Text, Syntax::FreeMarker).unwrap();
    assert_eq!(rendered, json!({"{{ evil }}": [evil(), 1, null, {"x": evil()}]}));
}

#[test]
fn a_header_stays_one_line() {
    check("Order\r\nBcc: x@y.z", Sink::Header, Syntax::Native, "Order Bcc: x@y.z");
    check(
        "a\u{0}b\u{7f}c\u{85}d\u{2028}e\tf\rg\nh",
        Sink::Header,
        Syntax::Native,
        "a b c d e f g h",
    );
    let rendered = render("Re: {{ evil }}{{ evil|safe }}", Sink::Header, Syntax::Native).unwrap();
    assert!(rendered.contains("Bcc: x@y.z") && !rendered.contains(char::is_control), "{rendered}");
}

#[test]
fn html_shows_markup_of_data_as_text() {
    let check = |template, expected| check(template, Sink::Html, Syntax::FreeMarker, expected);
    check("<p title=\"{{ markup }}\">{{ markup }}</p>", "<p title=\"&lt;i&gt;\">&lt;i&gt;</p>");
    check("{{ markup|upper }}${markup?upper_case}", "&lt;I&gt;&lt;I&gt;");
    check("{{ markup|escape }}{{ markup|e }}${markup?html}", "&lt;i&gt;&lt;i&gt;&lt;i&gt;");
    check("{{ [markup, 'x']|join('<') }}", "&lt;i&gt;&lt;x");
    check("{{ markup ~ '<' }}{{ '<' + markup }}", "&lt;i&gt;&lt;&lt;&lt;i&gt;");
    check("{{ markup|replace('i', 'b') }}", "&lt;b&gt;");
    check("{% set x %}<b>{{ markup }}</b>{% endset %}{{ x }}", "<b>&lt;i&gt;</b>");
    check("{% macro m(x) %}<b>{{ x }}</b>{% endmacro %}{{ m(markup) }}", "<b>&lt;i&gt;</b>");
    check("{% filter upper %}<b>{{ markup }}</b>{% endfilter %}", "<B>&LT;I&GT;</B>");
    check("{{ {'a': markup} }}", "{&quot;a&quot;:&quot;&lt;i&gt;&quot;}");
    check(
        "<p data-x=\"{{ {'a': markup}|tojson }}\">",
        "<p data-x=\"{&quot;a&quot;:&quot;&lt;i&gt;&quot;}\">",
    );
    check("{{ ('a\\r\\n' ~ markup)|nl2br }}", "a<br>\n&lt;i&gt;");
    check("{{ markup|safe }}", "<i>");
    check("{{ markup|urlencode }}", "%3Ci%3E");
}

#[test]
fn slack_cannot_be_pinged_by_data() {
    let data = json!({"name": "<!channel> & <@U1>"});
    let rendered = engine().render("Hi <@U2> {{ name }}", &data, Sink::Slack, Syntax::Native);
    assert_eq!(rendered.unwrap(), "Hi <@U2> &lt;!channel&gt; &amp; &lt;@U1&gt;");
}

#[test]
fn a_url_component_stays_one() {
    let data = json!({"id": "a/../b?c=d&e#f ä%", "n": 1.50});
    let rendered = engine().render(
        "https://x.org/{{ id }}?q={{ n }}&r={{ id|urlencode }}",
        &data,
        Sink::Url,
        Syntax::Native,
    );
    let id = "a%2F..%2Fb%3Fc%3Dd%26e%23f%20%C3%A4%25";
    assert_eq!(rendered.unwrap(), format!("https://x.org/{id}?q=1.5&r={id}"));
}

#[test]
fn json_takes_values_in_and_out_of_quotes() {
    let template = r#"{
        "text": {{ evil }}, "in": "a {{ evil }} z", "number": {{ order.total }}, "id": {{ order.id }},
        "both": "{{ order.total }}/{{ order.paid }}/{{ order.note }}", "null": {{ order.note }},
        "list": {{ order.returns }}, "all": {{ order }}, "json": {{ order.customer|tojson }},
        "inner": "{{ order.customer }}", "quoted": "\"{{ markup }}\\{{ markup }}\\\"{{ markup }}",
        "captured": "{% set x %}<{{ evil }}>{% endset %}{{ x }}{% if order.paid %}!{% endif %}"
    }"#;
    let rendered = render(template, Sink::Json, Syntax::Native).unwrap();
    assert!(rendered.contains(r#""number": 1999.90, "id": 12345678901234567890"#), "{rendered}");
    let read: Value = serde_json::from_str(&rendered).unwrap();
    let order = order();
    assert_eq!(read["text"], evil());
    assert_eq!(read["in"], format!("a {} z", evil()));
    assert_eq!(read["both"], "1999.90/true/");
    assert_eq!((&read["null"], &read["list"]), (&json!(null), &json!([])));
    assert_eq!((&read["all"], &read["json"]), (&order["order"], &order["order"]["customer"]));
    assert_eq!(read["inner"], order["order"]["customer"].to_string());
    assert_eq!(read["quoted"], r#""<i>\<i>\"<i>"#);
    assert_eq!(read["captured"], format!("<{}>!", evil()));
}

#[test]
fn json_that_is_none_is_an_error() {
    for (template, expected) in [
        (
            "{\"a\": {{ markup|safe }}}",
            "the rendered text is not JSON: expected value at line 1 column 7",
        ),
        (
            "{\"a\": {{ evil }}",
            "the rendered text is not JSON: EOF while parsing an object at line 1 column 88",
        ),
        ("", "the rendered text is not JSON: EOF while parsing a value at line 1 column 0"),
        (
            "{% set x %}{{ evil }}{% endset %}{{ (x|split('b'))[0] }}{{ order.id }}",
            "the rendered text is not JSON: a value was taken apart",
        ),
        ("\u{1}", "the template contains the control character U+0001 in line 1: `\u{1}`"),
    ] {
        check(template, Sink::Json, Syntax::Native, expected);
    }
}
