//! Templates that want to eat the process.

use std::time::Duration;

use serde_json::{Value, json};
use templates::{Engine, Limit, Limits, Sink, Syntax, TemplateError};

use crate::support::{order, render};

#[track_caller]
fn check(template: &str, expected: fn(Limit) -> bool) {
    check_with(Limits { fuel: 200_000, ..Limits::default() }, template, expected);
}

#[track_caller]
fn check_with(limits: Limits, template: &str, expected: fn(Limit) -> bool) {
    let rendered =
        Engine::new(limits, None).render(template, &order(), Sink::Text, Syntax::FreeMarker);
    let shown: String = template.chars().take(100).collect();
    match rendered {
        Err(TemplateError::Limit(limit)) => assert!(expected(limit), "{limit}: {shown}"),
        Err(other) => panic!("{other}: {shown}"),
        Ok(text) => panic!("{} bytes: {shown}", text.len()),
    }
}

fn is_fuel(limit: Limit) -> bool {
    matches!(limit, Limit::Fuel { max: 200_000 })
}

fn is_work(limit: Limit) -> bool {
    matches!(limit, Limit::Work { .. })
}

fn is_depth(limit: Limit) -> bool {
    matches!(limit, Limit::Depth { .. })
}

#[test]
fn endless_loops_run_out_of_fuel() {
    for template in [
        "{% for i in range(100000000) %}{% endfor %}",
        "{% for i in range(0, -9223372036854775807, -1) %}{{ i }}{% endfor %}",
        "{{ range(9223372036854775807)|last }}",
        "{{ range(9223372036854775807)[9223372036854775806] }}",
        "{% for i in range(199999) %}{{ i }}{% endfor %}",
        "{% for i in range(1000) %}{% for j in range(1000) %}{% for k in range(1000) %}x{% endfor %}{% endfor %}{% endfor %}",
        "{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(15) }}",
        "{% for i in range(100000000) if i < 0 %}{% endfor %}",
    ] {
        check(template, is_fuel);
    }
}

#[test]
fn recursion_ends_at_the_depth_limit() {
    for template in [
        "{% macro f(n) %}{{ f(n) }}{% endmacro %}{{ f(1) }}",
        "{% macro f() %}{{ caller() }}{% call f() %}{% endcall %}{% endmacro %}{% call f() %}{% endcall %}",
        "{% block a %}{{ self.a() }}{% endblock %}",
        "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
    ] {
        check(template, is_depth);
    }
}

#[test]
fn a_rendering_ends_after_its_time() {
    let limits = Limits { time: Duration::ZERO, fuel: u64::MAX, ..Limits::default() };
    check_with(limits, "{% for i in range(100000) %}{% endfor %}", |it| {
        matches!(it, Limit::Time { .. })
    });
    let slow =
        "{% for i in range(100000) %}{{ order.items|sort(attribute='name')|length }}{% endfor %}";
    check_with(limits, slow, |it| matches!(it, Limit::Time { .. }));
}

#[test]
fn output_is_bounded_wherever_it_comes_from() {
    let limits = Limits { output_bytes: 1000, ..Limits::default() };
    let is_output = |it| matches!(it, Limit::Output { max: 1000 });
    for template in [
        "{% for i in range(1000) %}text {% endfor %}",
        "{% for i in range(1000) %}{{ order.customer.name }}{% endfor %}",
        &format!("{}{{# #}}", "x".repeat(1001)),
        "{% for i in range(100) %}{{ order }}{% endfor %}",
    ] {
        check_with(limits, template, is_output);
    }
    let engine = Engine::new(limits, None);
    let quoted = format!("\"{{{{ x }}}}{}\"", "x".repeat(600));
    let data = json!({"x": ["\"".repeat(100)]});
    let rendered = engine.render(&quoted, &data, Sink::Json, Syntax::Native);
    assert_eq!(rendered, Err(Limit::Output { max: 1000 }.into()));
}

#[test]
fn variables_and_filters_build_no_more_than_the_work_limit() {
    let long = "x".repeat(100_000);
    for template in [
        "{% set n = namespace(s='0123456789') %}{% for i in range(60) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
        "{% set n = namespace(s='0123456789') %}{% for i in range(60) %}{% set n.s = n.s + n.s %}{% endfor %}",
        "{% set n = namespace(s='0123456789') %}{% for i in range(60) %}{% set n.s = [n.s, n.s]|join %}{% endfor %}",
        "{% set n = namespace(s='0123456789') %}{% for i in range(60) %}{% set n.s = n.s|replace('0', n.s) %}{% endfor %}",
        "{% set n = namespace(s='0123456789') %}{% for i in range(60) %}{% set n.s = n.s|replace('', n.s) %}{% endfor %}",
        "{% for i in range(10000) %}{% set l = range(100000)|list %}{% endfor %}",
        "{% set l = [1]|batch(100000000000, 'x') %}",
        &format!("{{% set x %}}{{% for i in range(10000) %}}{long}{{% endfor %}}{{% endset %}}"),
        &format!(
            "{{% set x %}}{{% for i in range(10000) %}}{}<#-- --><#if true></#if>{{% endfor %}}{{% endset %}}",
            " ".repeat(100_000)
        ),
        &format!(
            "{{% set x %}}{{% for i in range(10000) %}}{{% raw %}}{long}{{% endraw %}}{{% endfor %}}{{% endset %}}"
        ),
        &format!(
            "{{% set x %}}{{% for i in range(10000) %}}{}{{% endfor %}}{{% endset %}}",
            " ".repeat(100_000)
        ),
        &format!(
            "{{% set s = '{long}' %}}{{% for i in range(10000) %}}{{% set x = s|upper %}}{{% endfor %}}"
        ),
        &format!(
            "{{% set s = '{long}' %}}{{% for i in range(10000) %}}{{% set x = s[1:] %}}{{% endfor %}}"
        ),
        &format!(
            "{{% set s = '{long}' %}}{{% set l = s|split('') %}}{{% for i in range(10000) %}}{{% set x = s|split('') %}}{{% endfor %}}"
        ),
        &format!(
            "{{% set s = '{long}' %}}{{% set l = [{}] %}}{{% set m = [{}] %}}{{{{ m|map('join')|list|length }}}}",
            "s,".repeat(100),
            "l,".repeat(100)
        ),
        &format!(
            "{{% set s = '{long}' %}}{{% set l = [{}] %}}{{% set m = [{}] %}}{{% if m == l %}}{{% endif %}}",
            "s,".repeat(100),
            "l,".repeat(100)
        ),
    ] {
        check(template, is_work);
    }
}

#[test]
fn texts_and_lists_are_not_multiplied() {
    for (template, column) in
        [("{{ 'x' * 100000000 }}", 4), ("{{ 100000000 * [1] }}", 16), ("{{ order.items * 9 }}", 4)]
    {
        let rendered = render(template, Sink::Text, Syntax::Native);
        let Err(TemplateError::Data { what, at }) = rendered else { panic!("{rendered:?}") };
        assert_eq!((what.as_str(), at.line), ("`*` is for numbers only", 1), "{template} {column}");
    }
}

#[test]
fn lists_in_lists_are_not_built_without_end() {
    check(&"{% set a = [a|default(0)] %}".repeat(10_000), is_depth);
    check(&"{% set a, b = [a|default(0)], 1 %}".repeat(10_000), is_depth);
    check(&"{% set a = {'a': a|default(0)} %}".repeat(10_000), is_depth);
    check(&"{% set a = namespace(a=a|default(0)) %}".repeat(10_000), is_depth);
    let reversed = format!(
        "{{% set a = [1, 2] %}}{}{{{{ a|join }}}}",
        "{% set a = a|reverse %}".repeat(10_000)
    );
    assert_eq!(render(&reversed, Sink::Text, Syntax::Native).unwrap(), "12");
    let sliced =
        format!("{{% set a = [1, 2] %}}{}{{{{ a|join }}}}", "{% set a = a[0:] %}".repeat(10_000));
    assert_eq!(render(&sliced, Sink::Text, Syntax::Native).unwrap(), "12");
    let namespace =
        "{% set n = namespace() %}{% for i in range(9) %}{% set n.l = [n] %}{% endfor %}";
    let rendered = render(namespace, Sink::Text, Syntax::Native).unwrap_err().to_string();
    assert!(rendered.starts_with("a namespace keeps texts, numbers"), "{rendered}");
}

#[test]
fn expressions_that_would_overflow_the_stack_are_refused() {
    let n = 20_000;
    for (template, what) in [
        (format!("{{{{ 1{} }}}}", "+1".repeat(n)), "more than 200 operators"),
        (format!("{{{{ 1{} }}}}", "|abs".repeat(n)), "more than 200 operators"),
        (format!("{{{{ {}1 }}}}", "not ".repeat(n)), "more than 200 operators"),
        (format!("{{{{ {}1 }}}}", "-".repeat(n)), "more than 200 operators"),
        (format!("{{{{ order{} }}}}", ".a".repeat(n)), "more than 200 operators"),
        (format!("{{{{ order{} }}}}", "[0]".repeat(n)), "more than 200 operators"),
        (format!("{{{{ order{} }}}}", "()".repeat(n)), "more than 200 operators"),
        (format!("{{{{ 1{} }}}}", " is odd".repeat(n)), "more than 200 operators"),
        (format!("{{{{ {}1 }}}}", "1 if 0 else ".repeat(n)), "more than 200 operators"),
        (format!("{{{{ {}1{} }}}}", "(".repeat(n), ")".repeat(n)), "more than 30 brackets"),
        (format!("{{{{ {}1{} }}}}", "[".repeat(n), "]".repeat(n)), "more than 30 brackets"),
        (format!("${{{}1}}", "!".repeat(n)), "more than 200 operators"),
        (format!("${{a{}}}", "!b".repeat(n)), "more than 200 operators"),
        (format!("${{a{}}}", "?trim".repeat(n)), "more than 200 operators"),
        (
            format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}".repeat(10_000)),
            "more than 200 branches",
        ),
        (
            format!("<#if false>{}</#if>", "<#elseif false>".repeat(10_000)),
            "more than 200 branches",
        ),
        (
            format!("{}{}", "{% if 1 %}".repeat(10_000), "{% endif %}".repeat(10_000)),
            "template exceeds maximum recursion",
        ),
        (
            format!("{}{}", "<#if true>".repeat(10_000), "</#if>".repeat(10_000)),
            "template exceeds maximum recursion",
        ),
    ] {
        let limits = Limits { source_bytes: 10_000_000, ..Limits::default() };
        let rendered =
            Engine::new(limits, None).render(&template, &order(), Sink::Text, Syntax::FreeMarker);
        let Err(TemplateError::Syntax { what: found, .. }) = &rendered else {
            panic!("{rendered:?}")
        };
        assert!(found.starts_with(what), "{found}: {}", &template[..50]);
    }
}

#[test]
fn expressions_at_the_limits_still_work() {
    for (template, expected) in [
        (format!("{{{{ 1{} }}}}", "+1".repeat(199)), "200"),
        (format!("{{{{ -1{} }}}}", "|abs".repeat(198)), "1"),
        (format!("{{{{ {}1{} }}}}", "(".repeat(30), ")".repeat(30)), "1"),
        (format!("{{{{ {}true }}}}", "not ".repeat(199)), "false"),
        (format!("{{% if 0 %}}{}{{% else %}}x{{% endif %}}", "{% elif 0 %}".repeat(200)), "x"),
    ] {
        assert_eq!(render(&template, Sink::Text, Syntax::Native).unwrap(), expected);
    }
}

#[test]
fn data_and_templates_that_are_too_deep_or_too_long_are_refused() {
    let deep = (0..1000).fold(json!(1), |inner, _| json!([inner]));
    let engine = Engine::new(Limits::default(), None);
    let rendered = engine.render("{{ x }}", &json!({"x": deep}), Sink::Text, Syntax::Native);
    assert_eq!(rendered, Err(Limit::Depth { max: 128 }.into()));
    let rendered = engine.render_value(&deep, &json!({}), Sink::Text, Syntax::Native);
    assert_eq!(rendered, Err(Limit::Depth { max: 128 }.into()));
    let limits = Limits { source_bytes: 10, ..Limits::default() };
    check_with(limits, "12345678901", |it| matches!(it, Limit::Source { max: 10 }));
}

#[test]
fn the_texts_of_one_value_share_the_limits() {
    let limits = Limits { fuel: 20_000, output_bytes: 3_000, ..Limits::default() };
    let engine = Engine::new(limits, None);
    let check = |text: &str, expected: Limit| {
        let texts: Value = vec![text; 10].into();
        let rendered = engine.render_value(&texts, &order(), Sink::Text, Syntax::Native);
        assert_eq!(rendered, Err(expected.into()), "{text}");
    };
    check("{% for i in range(500) %}{% endfor %}", Limit::Fuel { max: 20_000 });
    check(&"x".repeat(500), Limit::Output { max: 3_000 });
    let hurried = Engine::new(Limits { time: Duration::ZERO, ..Limits::default() }, None);
    let rendered = hurried.render_value(&json!(["a", "b"]), &order(), Sink::Text, Syntax::Native);
    assert_eq!(rendered, Err(Limit::Time { max: Duration::ZERO }.into()));
}

#[test]
fn one_engine_serves_many_threads() {
    let engine = Engine::new(Limits::default(), None);
    let expected = "x".repeat(100);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|thread| {
                let (engine, expected) = (&engine, &expected);
                scope.spawn(move || {
                    for n in 0..50 {
                        let template = format!(
                            "{{% for i in range(100) %}}x{{% endfor %}}{thread}-{n}{{# #}}"
                        );
                        let rendered =
                            engine.render(&template, &order(), Sink::Text, Syntax::Native);
                        assert_eq!(rendered.unwrap(), format!("{expected}{thread}-{n}"));
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}
