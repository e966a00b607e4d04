//! Numbers, dates, texts and lists.

use serde_json::Value;
use templates::{Sink, Syntax};

use crate::support::{check_text, engine};

#[test]
fn numbers_print_as_they_are_written() {
    for number in [
        "1999.90",
        "0.10",
        "1.0000",
        "-0.50",
        "12345678901234567890",
        "-7",
        "0",
        "-0",
        "0.1234567890123456789012345",
        "99999999999999999999999999999999999999999999",
    ] {
        let data: Value =
            serde_json::from_str(&format!("{{\"x\": {number}, \"l\": [{number}]}}")).unwrap();
        for (template, sink) in [
            ("{{ x }}", Sink::Text),
            ("{{ x }}", Sink::Json),
            ("{{ l[0] }}", Sink::Html),
            ("{% for x in l|sort %}{{ x }}{% endfor %}", Sink::Slack),
            ("{{ x ~ '' }}", Sink::Text),
            ("{{ x|string }}", Sink::Text),
            ("{{ x|default(1) }}", Sink::Header),
        ] {
            assert_eq!(
                engine().render(template, &data, sink, Syntax::Native).unwrap(),
                number,
                "{template}"
            );
        }
        let list = engine().render("{{ l }}", &data, Sink::Json, Syntax::Native).unwrap();
        assert_eq!(list, format!("[{number}]"));
    }
}

#[test]
fn numbers_calculate_and_compare() {
    for (template, expected) in [
        ("{{ order.total + order.tax }}", "2000"),
        (
            "{{ order.total * order.quantity }} {{ order.total - 0.9 }} {{ -order.total }}",
            "5999.7 1999 -1999.9",
        ),
        (
            "{{ 0.1 + 0.2 }} {{ 1 / 3 }} {{ 7 // 2 }} {{ 7 % 4 }} {{ 2 ** 10 }} {{ 1e300 * 10 }}",
            "0.3 0.333333333333333 3 3 1024 1e301",
        ),
        ("{{ order.id + 1 }}", "12345678901234567891"),
        (
            "{{ order.total > 1999 }} {{ order.total == 1999.9 }} {{ order.total < order.id }} {{ 5 >= 5 }}",
            "true true true true",
        ),
        (
            "{{ order.total in [1, 1999.9] }} {{ 19.9 in order.items|map(attribute='price') }} {{ 7 not in [1] }}",
            "true true true",
        ),
        (
            "{{ order.items|sum(attribute='price') }} {{ [0.1, 0.2, 10]|sum }} {{ []|sum }} {{ [-1.5, 1]|sum }}",
            "25.00 10.3 0 -0.5",
        ),
        (
            "{{ order.items|map(attribute='price')|max }} {{ order.items|map(attribute='price')|min }}",
            "19.90 0.1",
        ),
        (
            "{{ order.items|sort(attribute='price', reverse=true)|map(attribute='name')|join(' ') }}",
            "Bolt nut Anchor",
        ),
        ("{{ order.items|selectattr('price', 'gt', 5)|map(attribute='name')|join }}", "Bolt"),
        (
            "{{ order.total|round(1) }} {{ order.total|int }} {{ '12.5'|float + 1 }} {{ (-0.4)|int }} {{ order.total|abs }}",
            "1999.9 1999 13.5 0 1999.9",
        ),
        (
            "{{ order.total is number }} {{ order.id is integer }} {{ 5 is divisibleby(0) }} {{ 6 is divisibleby 3 }}",
            "true true false true",
        ),
        ("{% if order.tax %}yes{% endif %}{% if 0.0 %}no{% endif %}", "yes"),
        (
            "{% set n = namespace(sum=0) %}{% for i in order.items %}{% set n.sum = n.sum + i.price * i.quantity %}{% endfor %}{{ n.sum|number }}",
            "89.90",
        ),
    ] {
        check_text(template, expected);
    }
}

#[test]
fn numbers_are_written_for_people() {
    for (template, expected) in [
        (
            "{{ order.total|number }} {{ order.total|number(0) }} {{ 5|number(3) }} {{ '7.1'|number }}",
            "1999.90 2000 5.000 7.10",
        ),
        (
            "{{ 2.675|number }} {{ -2.675|number }} {{ 0.005|number }} {{ -0.001|number }} {{ 999.995|number }}",
            "2.68 -2.68 0.01 0.00 1000.00",
        ),
        (
            "{{ 1234567.891|number(2, 'en') }} {{ 1234567.891|number(2, 'de-AT') }} {{ 1234567.891|number(2, 'de_CH') }}",
            "1,234,567.89 1.234.567,89 1’234’567.89",
        ),
        (
            "{{ 1234567|number(0, 'fr') }} {{ 1234567|number(0, 'pt-BR') }} {{ 123|number(1, 'sv') }}",
            "1\u{202f}234\u{202f}567 1.234.567 123,0",
        ),
        ("{{ order.note|number }}|", "|"),
        ("{{ '.5'|number }} {{ ' +7 '|int }}", "0.50 7"),
        ("{{ order.id|number(2, 'en') }}", "12,345,678,901,234,567,890.00"),
        (
            "{{ 1|number(2, 'xx') }}",
            "`number`: the numbers of the language `xx` are not known in line 1: `{{ 1|number(2, 'xx') }}`",
        ),
        (
            "{{ 1|number(21) }}",
            "`number`: more than 20 digits after the point in line 1: `{{ 1|number(21) }}`",
        ),
        ("{{ 1e40|number }}", "`number`: the number is too large in line 1: `{{ 1e40|number }}`"),
    ] {
        check_text(template, expected);
    }
}

#[test]
fn dates_are_written_for_people() {
    for (template, expected) in [
        ("{{ order.placed }}", "2026-03-04T22:30:00.000+0000"),
        (
            "{{ order.placed|date }} {{ order.placed|date('%d.%m.%Y %H:%M') }}",
            "2026-03-04 04.03.2026 22:30",
        ),
        ("{{ order.placed|date('%d.%m.%Y %H:%M %Z', 'Europe/Vienna') }}", "04.03.2026 23:30 CET"),
        ("{{ order.placed|date('%-d %B %Y, %A', 'Pacific/Auckland') }}", "5 March 2026, Thursday"),
        ("{{ '2026-03-04'|date('%d.%m.%Y', 'Pacific/Auckland') }}", "04.03.2026"),
        (
            "{{ '2026-03-04T10:00'|date('%H:%M') }} {{ '2026-03-04 10:00:00Z'|date('%H:%M', 'Europe/Vienna') }}",
            "10:00 11:00",
        ),
        ("{{ '2026-03-04T10:00:00+02:00'|date('%H:%M %z') }}", "10:00 +0200"),
        ("{{ order.note|date }}|", "|"),
        (
            "{{ order.quantity|date }}",
            "`date` needs a date as text in line 1: `{{ order.quantity|date }}`",
        ),
        (
            "{{ '4.3.2026'|date }}",
            "`date`: the value is not a date (ISO 8601) in line 1: `{{ '4.3.2026'|date }}`",
        ),
        (
            "{{ order.placed|date('%d', 'Mars/Base') }}",
            "`date`: `Mars/Base` is not a time zone in line 1: `{{ order.placed|date('%d', 'Mars/Base') }}`",
        ),
        (
            "{{ '2026-03-04'|date('%Q') }}",
            "`date`: `%Q` is not a format for this date, `%d.%m.%Y %H:%M` would be one in line 1: `{{ '2026-03-04'|date('%Q') }}`",
        ),
    ] {
        check_text(template, expected);
    }
}

#[test]
fn texts_and_lists() {
    for (template, expected) in [
        (
            "{{ order.note }}|{{ order.paid }}|{{ order.returns }}|{{ order.customer }}",
            "|true|[]|{\"name\":\"Jane Doe\",\"e-mail\":\"jane@example.org\"}",
        ),
        ("{{ 'a: ' ~ order.paid ~ order.note ~ order.quantity }}", "a: true3"),
        (
            "{{ order.customer.name[0] }}{{ order.customer.name[-3:] }}{{ 'abc'[:1] }}{{ [1, 2, 3][1:]|join }}{{ 'abc'[5:9] }}",
            "JDoea23",
        ),
        ("{{ 'abc'[-9223372036854775807:9223372036854775807] }}{{ 'abc'[2:1] }}", "abc"),
        ("{{ order.items|map(attribute='name')|sort|join(', ') }}", "Anchor, Bolt, nut"),
        (
            "{% for k, v in order.customer|items %}{{ k }}={{ v }};{% endfor %}",
            "name=Jane Doe;e-mail=jane@example.org;",
        ),
        (
            "{% for key, list in order.items|groupby('quantity') %}{{ key }}:{{ list|length }} {% endfor %}",
            "1:1 2:1 10:1 ",
        ),
        ("{% for row in [1, 2, 3]|batch(2, 0) %}{{ row|join }};{% endfor %}", "12;30;"),
        (
            "{{ 'äb'|upper }} {{ 'A'|lower }} {{ 'a b'|title }} {{ ' x '|trim }} {{ 'a-b'|replace('-', '+') }} {{ 'ab'|reverse }}",
            "ÄB a A B x a+b ba",
        ),
        (
            "{{ 'a b'|urlencode }} {{ order.customer|tojson }} {{ 'a\nb'|nl2br }}",
            "a%20b {\"name\":\"Jane Doe\",\"e-mail\":\"jane@example.org\"} a\nb",
        ),
        (
            "{{ [3, 1]|first }}{{ [3, 1]|last }}{{ [1, 1]|unique|join }}{{ 'a,b'|split(',')|join(' ') }}{{ 'a\nb'|lines|length }}",
            "311a b2",
        ),
        ("{{ range(3)|join }}{{ range(1, 4)|join }}{{ range(6, 0, -2)|join }}", "012123642"),
        ("{{ 'x' if order.paid else 'y' }}{{ 'x' if not order.paid }}|", "x|"),
        ("{%- set x = 1, 2 -%} {{ x|join }} {#- c -#} !", "12!"),
        (
            "{% macro m(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, b=3) }}{{ m(*[4, 5]) }}",
            "121345",
        ),
        (
            "{% call(x) m() %}{{ x }}{% endcall %}",
            "m is unknown in line 1: `{% call(x) m() %}{{ x }}{% endcall %}`",
        ),
        (
            "{% macro m() %}<{{ caller(1) }}>{% endmacro %}{% call(x) m() %}{{ x }}{% endcall %}",
            "<1>",
        ),
        (
            "{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{% for i in [1, 2, 3] %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endfor %}",
            "313",
        ),
        ("{% for i in [1, 2] -%}  {{ i }}  {%- endfor %}", "12"),
        (
            "{% filter upper|replace('A', 'b') %}a{{ order.quantity }}{% endfilter %}{% set x|upper %}a{% endset %}{{ x }}",
            "b3A",
        ),
        ("{{ kunde.straße }}{{ größe|d('') }}", "unknown variable `kunde` in line 1"),
        ("last line\n", "last line\n"),
        ("no {tags} at all %} }}\n\n", "no {tags} at all %} }}\n\n"),
    ] {
        check_text(template, expected);
    }
}

#[test]
fn long_text_is_kept_whatever_trims_it() {
    let long = "x".repeat(300);
    let space = " ".repeat(300);
    for (template, expected) in [
        (format!("{{{{ 1 }}}}{long}{{{{ 2 }}}}"), format!("1{long}2")),
        (format!("{{{{ 1 -}}}} \n {long} \n {{{{- 2 }}}}"), format!("1{long}2")),
        (format!("{{{{ 1 }}}}{space}{{{{ 2 }}}}"), format!("1{space}2")),
        (format!("{{{{ 1 -}}}}{space}{{{{ 2 }}}}"), "12".into()),
        (format!("{{{{ 1 }}}}{space}{{{{- 2 }}}}"), "12".into()),
        (format!("{{% raw %}}{{{{ {long}{{% endraw %}}"), format!("{{{{ {long}")),
        (format!("{{% raw -%}} {long} {{%- endraw -%}} {{{{ 2 }}}}"), format!("{long}2")),
        (format!("{{% raw -%}}{space}{{% endraw %}}|"), "|".into()),
    ] {
        check_text(&template, &expected);
    }
}
