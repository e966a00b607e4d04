//! Whatever the template and the data: no panic, nothing unescaped, nothing lost.

use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use proptest::{collection::vec, prelude::*, sample::select, string::string_regex};
use serde_json::{Value, json};
use templates::{Engine, Limits, Sink, Syntax};

const SINKS: [Sink; 6] = [Sink::Text, Sink::Html, Sink::Header, Sink::Json, Sink::Url, Sink::Slack];
const SYNTAXES: [Syntax; 2] = [Syntax::Native, Syntax::FreeMarker];

/// Pieces of templates, so that most texts made of them go deep into the engine.
const PIECES: [&str; 106] = [
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "${",
    "}",
    "<#if ",
    "<#elseif ",
    "<#else>",
    "</#if>",
    "<#list ",
    "</#list>",
    " as x>",
    ">",
    "<#--",
    "-->",
    "-%}",
    "{%-",
    "{{-",
    "-}}",
    "x",
    "y",
    "x.a",
    "x.b",
    " ",
    "\n",
    "|upper",
    "|join",
    "|sort",
    "|number",
    "|date",
    "|default('')",
    "|tojson",
    "|length",
    "|first",
    "|batch(2)",
    "|groupby('a')",
    "|map('upper')",
    "|sum",
    "|round",
    "|int",
    "|items",
    "|list",
    "|reverse",
    "|replace('a','b')",
    "|split('')",
    "|unique",
    "|dictsort",
    "|string",
    "|slice",
    "?upper_case",
    "?size",
    "?string",
    "?index",
    "??",
    "!",
    "!\"d\"",
    "(",
    ")",
    "[",
    "]",
    "{",
    ",",
    ":",
    "'",
    "\"",
    ".",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "**",
    "~",
    "==",
    "<",
    ">=",
    " in ",
    " not ",
    " and ",
    " is ",
    " if ",
    " else ",
    "0",
    "1",
    "-1",
    "9223372036854775807",
    "1.5",
    "1e308",
    "'t'",
    "[1,2,'a']",
    "{'a':1}",
    "x[0]",
    "x[1:]",
    "x[-9:9]",
    " for a in x ",
    " endfor ",
    " set z = ",
    " endset ",
    " macro m(a) ",
    " endmacro ",
    "m(1)",
    "ä\u{1}😀",
];

const FILTERS: [&str; 50] = [
    "abs",
    "attr('a')",
    "batch(2, 'x')",
    "bool",
    "cap_first",
    "capitalize",
    "choose(1, 2)",
    "contains('a')",
    "date",
    "date('%Y', 'UTC')",
    "default('d')",
    "dictsort",
    "e",
    "exists",
    "first",
    "float",
    "groupby('a')",
    "has_content",
    "int",
    "items",
    "join(', ')",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map('upper')",
    "map(attribute='a')",
    "max",
    "min",
    "nl2br",
    "number",
    "number(3, 'de')",
    "parsed",
    "reject('odd')",
    "replace('a', 'bb')",
    "reverse",
    "round",
    "round(-2)",
    "select('gt', 1)",
    "sequence",
    "sort",
    "sort_by('a')",
    "split('')",
    "string",
    "sum",
    "title",
    "tojson",
    "unique",
    "urlencode",
];
const TESTS: [&str; 12] = [
    "defined",
    "divisibleby(0)",
    "divisibleby 3",
    "even",
    "odd",
    "in x",
    "in [1, 'a']",
    "gt 1",
    "eq y",
    "sequence",
    "startingwith('a')",
    "not none",
];
const OPERATORS: [&str; 16] =
    ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", ">=", "in", "not in", "and", "or"];
const LEAVES: [&str; 16] = [
    "x",
    "y",
    "x.a",
    "y[0]",
    "loop",
    "0",
    "1",
    "-1",
    "2.50",
    "1e308",
    "9223372036854775807",
    "'text'",
    "[]",
    "{'a': x}",
    "none",
    "range(3)",
];

fn expression() -> impl Strategy<Value = String> {
    select(LEAVES.as_slice()).prop_map(str::to_owned).prop_recursive(5, 30, 3, |inner| {
        let operation = (inner.clone(), select(OPERATORS.as_slice()), inner.clone());
        let slice = (inner.clone(), inner.clone(), inner.clone());
        prop_oneof![
            operation.prop_map(|(a, sign, b)| format!("({a} {sign} {b})")),
            (inner.clone(), select(FILTERS.as_slice()))
                .prop_map(|(a, filter)| format!("{a}|{filter}")),
            (inner.clone(), select(TESTS.as_slice()))
                .prop_map(|(a, test)| format!("({a} is {test})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}]")),
            slice.clone().prop_map(|(a, b, c)| format!("({a})[{b}:{c}]")),
            slice.prop_map(|(a, b, c)| format!("({a} if {b} else [{c}, {a}])")),
            inner.prop_map(|a| format!("-{a}")),
        ]
    })
}

fn template() -> impl Strategy<Value = String> {
    let pieces = |n| vec(select(PIECES.as_slice()), 0..n).prop_map(|it| it.concat());
    prop_oneof![
        pieces(30),
        pieces(12).prop_map(|it| format!("{{{{ {it} }}}}")),
        pieces(12).prop_map(|it| format!("{{% {it} %}}")),
        pieces(12).prop_map(|it| format!("${{{it}}}")),
        expression().prop_map(|it| format!("{{{{ {it} }}}}")),
        (expression(), expression()).prop_map(|(a, b)| {
            format!("{{% for i in {a} %}}{{% set z = {b} %}}{{{{ z }}}}{{{{ i }}}}{{% endfor %}}")
        }),
        any::<String>(),
    ]
}

fn data() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| {
        let list = vec(inner.clone(), 0..4).prop_map(Value::from);
        let map = vec((select(["a", "b", "c"].as_slice()), inner), 0..4);
        prop_oneof![
            list,
            map.prop_map(|it| it.into_iter().map(|(name, it)| (name.to_owned(), it)).collect())
        ]
    })
}

fn engine() -> &'static Engine {
    static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
        let limits = Limits { fuel: 5_000, output_bytes: 100_000, ..Limits::default() };
        Engine::new(limits, None)
    });
    &ENGINE
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_template_and_no_data_make_it_panic(template in template(), x in data(), y in data()) {
        let engine = engine();
        let data = json!({"x": x, "y": y});
        for (sink, syntax) in SINKS.iter().flat_map(|sink| SYNTAXES.map(|it| (*sink, it))) {
            if let Err(error) = engine.render(&template, &data, sink, syntax) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
        prop_assert!(engine.render_value(&x, &data, Sink::Text, Syntax::FreeMarker).is_ok() || template.len() < 10_000);
    }

    #[test]
    fn html_has_no_markup_but_that_of_the_template(template in template(), x in data(), y in data()) {
        let data = json!({"x": x, "y": y});
        for syntax in SYNTAXES {
            let Ok(html) = engine().render(&template, &data, Sink::Html, syntax) else { continue };
            for sign in ['<', '>', '"', '\''] {
                prop_assert!(!html.contains(sign) || template.contains(sign), "{html}");
            }
        }
    }

    #[test]
    fn every_sink_gives_back_any_text(x in any::<String>()) {
        let data = json!({"x": x});
        let render = |template, sink| engine().render(template, &data, sink, Syntax::FreeMarker).unwrap();
        prop_assert_eq!(&render("{{ x }}", Sink::Text), &x);
        prop_assert_eq!(&render("${x}", Sink::Text), &x);
        let url = render("{{ x }}", Sink::Url);
        prop_assert!(url.bytes().all(|it| it.is_ascii_alphanumeric() || b"-._~%".contains(&it)));
        prop_assert_eq!(&percent_decode_str(&url).decode_utf8().unwrap(), &x);
        let json: Value = serde_json::from_str(&render("[{{ x }}, \"{{ x }}\", \"a${x}z\"]", Sink::Json)).unwrap();
        prop_assert_eq!(json, json!([x, x, format!("a{x}z")]));
        let slack = render("{{ x }}", Sink::Slack);
        prop_assert!(!slack.contains(['<', '>']));
        prop_assert_eq!(slack.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"), x);
        prop_assert!(!render("a\n{{ x }}", Sink::Header).contains(char::is_control));
    }

    #[test]
    fn any_json_comes_out_of_json_as_it_went_in(x in data()) {
        let json = engine().render("{{ x }}", &json!({"x": x}), Sink::Json, Syntax::Native).unwrap();
        prop_assert_eq!(json, x.to_string());
    }

    #[test]
    fn any_decimal_prints_as_it_is_written(number in string_regex("-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?").unwrap()) {
        let data: Value = serde_json::from_str(&format!("{{\"x\": {number}}}")).unwrap();
        // The JSON reader itself writes exponents in its own way.
        let written = data["x"].to_string();
        prop_assert_eq!(engine().render("{{ x }}", &data, Sink::Text, Syntax::Native).unwrap(), written);
    }

    #[test]
    fn text_without_tags_is_kept(text in string_regex("[^{$<#\\[]{0,300}").unwrap()) {
        for syntax in SYNTAXES {
            let rendered = engine().render(&format!("{text}{{# #}}{text}"), &json!({}), Sink::Text, syntax).unwrap();
            prop_assert_eq!(rendered, format!("{text}{text}"));
        }
    }
}
