//! What the author of a template is told.

use serde_json::json;
use templates::{Place, Sink, Syntax, TemplateError};

use crate::support::{check_text, engine, order, render};

#[test]
fn a_missing_variable_is_named_with_its_line() {
    for (template, name, line) in [
        ("{{ order.nmae }}", "order.nmae", 1),
        ("Hello\n\n{{ order.nmae }}", "order.nmae", 3),
        ("{{ nobody }}", "nobody", 1),
        ("{{ nobody.name }}", "nobody", 1),
        ("{{ order.customer.fax.number }}", "order.customer.fax", 1),
        ("{{ order['nmae'] }}", "order['nmae']", 1),
        ("{{ order.items[7].name }}", "order.items[7].name", 1),
        ("{{ order.note.text }}", "order.note.text", 1),
        ("{{ order.nmae | upper }}", "order.nmae", 1),
        ("{{ order.nmae | join(', ') }}", "order.nmae", 1),
        ("{{ order.nmae | length }}", "order.nmae", 1),
        ("{{ order.nmae + 1 }}", "order.nmae", 1),
        ("{{ 1 - order.nmae }}", "order.nmae", 1),
        ("{{ -order.nmae }}", "order.nmae", 1),
        ("{{ order.nmae * 2 }}", "order.nmae", 1),
        ("{{ 'x' ~ order.nmae }}", "order.nmae", 1),
        ("{{ order.nmae == 1 }}", "order.nmae", 1),
        ("{{ order.nmae > 1 }}", "order.nmae", 1),
        ("{{ 1 in order.nmae }}", "order.nmae", 1),
        ("{{ order.nmae[1:] }}", "order.nmae", 1),
        ("{% if order.nmae %}{% endif %}", "order.nmae", 1),
        ("{% if not order.nmae %}{% endif %}", "order.nmae", 1),
        ("{% for x in order.nmae %}{% endfor %}", "order.nmae", 1),
        ("\n{% for x in order.items %}\n{{ x.nmae }}{% endfor %}", "x.nmae", 3),
        ("{% macro f(a) %}{{ a }}{% endmacro %}\n{{ f() }}", "a", 1),
        ("{% set a = order.nmae %}\n{{ a }}", "order.nmae", 2),
    ] {
        let rendered = render(template, Sink::Text, Syntax::Native);
        let Err(TemplateError::UnknownVariable { name: found, at }) = rendered else {
            panic!("{template}: {rendered:?}");
        };
        assert_eq!((found.as_str(), at.line), (name, line), "{template}");
    }
}

#[test]
fn what_may_be_missing_has_a_default() {
    check_text("{{ order.nmae | default('nobody') }}", "nobody");
    check_text("{{ order.nmae | d('nobody') | upper }}", "NOBODY");
    check_text("{{ order.note | default('none') }}", "none");
    check_text("{{ order.quantity | default(7) }}", "3");
    check_text("{% if order.nmae is defined %}a{% else %}b{% endif %}", "b");
    check_text("{{ order.nmae | default }}|", "|");
}

#[test]
fn a_syntax_error_has_line_column_and_excerpt() {
    for (template, what, line, column) in [
        ("Hello {{ name", "`}}` is missing", 1, 9),
        ("a\nb {% if x", "`%}` is missing", 2, 5),
        ("{# never closed", "`{#` is not closed", 1, 1),
        ("x {% raw %} y", "`{% raw %}` is not closed", 1, 3),
        ("a\n  {% fi x %}", "unknown statement fi", 2, 6),
        ("{% if 1 %}\nx", "unexpected end of input", 1, 11),
        ("{{ 'abc }}", "a text is not closed", 1, 4),
        ("{{ a b }}", "unexpected identifier, expected end of variable block", 1, 6),
        ("{{ order | frobnicate }}", "filter frobnicate is unknown", 1, 12),
        ("{{ order is frobnicated }}", "test frobnicated is unknown", 1, 13),
        ("{{ frobnicate() }}", "frobnicate is unknown", 1, 4),
        ("{{ order.frobnicate() }}", "map has no method named frobnicate", 1, 9),
        ("{{ # }}", "unexpected `#`", 1, 4),
        ("{{#order}}x{{/order}}", "unexpected `#`", 1, 3),
        ("{{ 1 + }}", "an expression is missing after `+`", 1, 6),
        ("{{ not }}", "unexpected end of variable block", 1, 8),
        ("{{ (1 }}", "`}}` is missing", 1, 3),
        ("{{ (1] }}", "`(` is not closed", 1, 4),
        ("{{ 1) }}", "unexpected `)`", 1, 5),
        ("{{ order. }}", "a name is missing after `.`", 1, 9),
        ("{{ order | }}", "a name is missing after `|`", 1, 10),
        ("{{ order is }}", "a name is missing after `is`", 1, 10),
        ("{{ order[] }}", "unexpected `]`", 1, 10),
        ("{{ 'abc'[::2] }}", "steps in `[from:to]` are not supported", 1, 11),
        ("{{ {order: 1} }}", "a key must be a text or a number", 1, 5),
        (
            "{% autoescape false %}{% endautoescape %}",
            "`autoescape` is not supported; write `| safe`",
            1,
            4,
        ),
        ("{% %}", "the tag is empty", 1, 1),
        ("{% set n = namespace(order) %}", "`namespace` needs `namespace(name=value)`", 1, 22),
        ("{{ order.total | number('x') }}", "cannot convert string to usize", 1, 18),
        ("{{ order | default(1, 2, 3) }}", "too many arguments", 1, 12),
        ("{{ order.customer.name | replace }}", "missing argument", 1, 26),
    ] {
        let rendered = render(template, Sink::Text, Syntax::Native);
        let Err(
            TemplateError::Syntax { what: found, at } | TemplateError::Data { what: found, at },
        ) = rendered
        else {
            panic!("{template}: {rendered:?}");
        };
        assert!(found.starts_with(what), "{template}: {found}");
        assert_eq!((at.line, at.column), (line, column), "{template}");
        assert!(template.contains(&at.excerpt), "{template}: {at:?}");
    }
}

#[test]
fn errors_are_one_line_and_show_the_template_but_not_the_data() {
    check_text(
        "a\n{{ order.customer.name | nope }} b",
        "filter nope is unknown in line 2: `{{ order.customer.name | nope }} b`",
    );
    check_text("{{ order.nmae }}", "unknown variable `order.nmae` in line 1");
    check_text(
        "{{ order.total / 0 }}",
        "these values cannot be calculated with in line 1: `{{ order.total / 0 }}`",
    );
    check_text(
        "{{ order.customer.name + 1 }}",
        "tried to use + operator on unsupported types string and number in line 1: `{{ order.customer.name + 1 }}`",
    );
    check_text(
        "{{ order.customer.name | number }}",
        "the value is not a number in line 1: `{{ order.customer.name | number }}`",
    );
    check_text(
        "{{ order.customer.name | date }}",
        "`date`: the value is not a date (ISO 8601) in line 1: `{{ order.customer.name | date }}`",
    );
    check_text(
        "{% for x in order.total %}{% endfor %}",
        "number is not iterable in line 1: `{% for x in order.total %}{% endfor %}`",
    );
}

#[test]
fn a_long_line_is_cut_around_the_error() {
    let template = format!("{}{{{{ nobody | nope }}}}{}", "a".repeat(500), "b".repeat(500));
    let rendered = render(&template, Sink::Text, Syntax::Native);
    let Err(TemplateError::UnknownVariable { at, .. }) = rendered else { panic!("{rendered:?}") };
    assert_eq!(at.excerpt.chars().count(), 80);
    assert!(at.excerpt.contains("{{ nobody | nope }}"), "{at:?}");
}

#[test]
fn an_error_in_a_value_says_where_in_it() {
    let value = json!({"blocks": [{"text": "fine"}, {"a/b~c": ["{{ order.nmae }}"]}]});
    let rendered = engine().render_value(&value, &order(), Sink::Slack, Syntax::Native);
    let at = Place {
        template: Some("/blocks/1/a~1b~0c/0".into()),
        line: 1,
        column: 4,
        excerpt: "{{ order.nmae }}".into(),
    };
    assert_eq!(rendered, Err(TemplateError::UnknownVariable { name: "order.nmae".into(), at }));
}

#[test]
fn data_that_is_no_map_has_no_variables() {
    for data in [json!(null), json!([1]), json!("x")] {
        let rendered = engine().render("{{ x }}", &data, Sink::Text, Syntax::Native);
        assert!(matches!(rendered, Err(TemplateError::UnknownVariable { .. })), "{rendered:?}");
        let fine = engine().render("{{ 1 }}", &data, Sink::Text, Syntax::Native);
        assert_eq!(fine.unwrap(), "1");
    }
}

#[test]
fn includes_without_a_folder_are_not_found() {
    check_text("{% include 'footer.html' %}", "there is no template `footer.html`");
    check_text("{% extends 'layout.html' %}", "there is no template `layout.html`");
    check_text("a{% include 'footer.html' ignore missing %}b", "ab");
    let missing = engine().render_file("welcome.html", None, &order(), Syntax::Native);
    assert_eq!(missing, Err(TemplateError::NotFound { name: "welcome.html".into() }));
}
