//! FreeMarker: what works as there, and that the rest is refused by name.

use templates::{Sink, Syntax, TemplateError};

use crate::support::{check, render};

#[track_caller]
fn gives(template: &str, expected: &str) {
    check(template, Sink::Text, Syntax::FreeMarker, expected);
}

#[test]
fn what_is_not_supported_is_named_with_its_line() {
    for (template, what, line, column) in [
        ("a\n<#assign x = 1>", "FreeMarker's `<#assign>` is not supported", 2, 1),
        ("<#macro m></#macro>", "FreeMarker's `<#macro>` is not supported", 1, 1),
        ("<#include \"x.ftl\">", "FreeMarker's `<#include>` is not supported", 1, 1),
        ("<#switch x></#switch>", "FreeMarker's `<#switch>` is not supported", 1, 1),
        ("<#ftl output_format=\"HTML\">", "FreeMarker's `<#ftl>` is not supported", 1, 1),
        (
            "<#list order.items as i><#sep>,</#list>",
            "FreeMarker's `<#sep>` is not supported",
            1,
            25,
        ),
        ("<#noparse>${x}</#noparse>", "FreeMarker's `<#noparse>` is not supported", 1, 1),
        ("<@m x=1/>", "FreeMarker's `<@m` is not supported", 1, 1),
        ("</@m>", "FreeMarker's `</@m` is not supported", 1, 1),
        ("[#if x][/#if]", "FreeMarker's `[#if` is not supported", 1, 1),
        ("#{order.total}", "FreeMarker's `#{order.total` is not supported", 1, 1),
        ("${\"x\"?eval}", "FreeMarker's `?eval` is not supported", 1, 7),
        ("${\"x\"?new()}", "FreeMarker's `?new` is not supported", 1, 7),
        (
            "${order.placed?date}",
            "FreeMarker's `?date` is not supported; write `{{ x | date(\"%d.%m.%Y\") }}`",
            1,
            16,
        ),
        (
            "${order.total?string.currency}",
            "FreeMarker's `?string` is supported with texts only",
            1,
            21,
        ),
        (
            "${order.total?string(\"0.###E0\")}",
            "FreeMarker's patterns are supported as far as `0.00` and `#,##0.00`",
            1,
            22,
        ),
        (
            "${order.total?upper_case(1)}",
            "FreeMarker's `?upper_case` is not supported with arguments",
            1,
            15,
        ),
        ("${order.items?join}", "FreeMarker's `?join` is not supported without arguments", 1, 15),
        (
            "${order?has_next}",
            "FreeMarker's `?has_next` is not supported but for the variable of the innermost `<#list>`",
            1,
            9,
        ),
        ("${.now}", "unexpected `.`", 1, 3),
        (
            "${\"a ${order.id}\"}",
            "FreeMarker's `${…}` inside a text is not supported; join with `+`",
            1,
            3,
        ),
        ("${\"\\x41\"}", "FreeMarker's escape `\\x` is not supported", 1, 3),
        (
            "${order.quantity!1 + 2}",
            "where the default ends is not clear; write `(x!y)` in parentheses",
            1,
            20,
        ),
        ("${\"a\" + 1 - 2}", "`+` joins texts here, so `-` needs parentheses", 1, 11),
        ("${loop}", "`loop` cannot be the name of a variable here", 1, 3),
        ("${x ~ y}", "unexpected `~`", 1, 5),
        ("${1..3}", "a name is missing after `.`", 1, 4),
        ("${}", "an expression is missing", 1, 3),
        ("${order", "`}` is missing", 1, 3),
        ("<#if order.quantity > 2>x</#if>", "`>` ends the directive; write `gt` or `gte`", 1, 21),
        ("<#if order.quantity >= 2>x</#if>", "`>` ends the directive; write `gt` or `gte`", 1, 21),
        ("<#if>x</#if>", "an expression is missing", 1, 5),
        ("<#if order.paid>x", "`<#if>` is not closed", 1, 1),
        ("<#if order.paid>x</#list>", "`</#list` has no beginning", 1, 18),
        ("x</#if>", "`</#if` has no beginning", 1, 2),
        ("<#else>", "`<#else` has no beginning", 1, 1),
        ("<#list order.items as i><#elseif x></#list>", "`<#elseif` has no beginning", 1, 25),
        ("<#list order.items></#list>", "`<#list>` needs `xs as x`", 1, 1),
        ("<#list order.items as 7></#list>", "unexpected `7`", 1, 23),
        ("<#-- open", "`<#--` is not closed", 1, 1),
    ] {
        let rendered = render(template, Sink::Text, Syntax::FreeMarker);
        let Err(TemplateError::Syntax { what: found, at }) = rendered else {
            panic!("{template}: {rendered:?}");
        };
        assert_eq!((found.as_str(), at.line, at.column), (what, line, column), "{template}");
    }
}

#[test]
fn missing_values_are_named() {
    gives("a\n${order.nmae}", "unknown variable `order.nmae` in line 2");
    gives("${order.nmae?upper_case}", "unknown variable `order.nmae` in line 1");
    gives("<#if order.nmae>x</#if>", "unknown variable `order.nmae` in line 1");
    gives("<#list order.nmae as x></#list>", "unknown variable `order.nmae` in line 1");
    gives("${nobody.name!\"x\"}", "unknown variable `nobody` in line 1");
}

#[test]
fn interpolation_and_operators() {
    for (template, expected) in [
        (
            "${order.customer.name}, ${order.items[0].name}, ${order.customer[\"e-mail\"]}",
            "Jane Doe, Bolt, jane@example.org",
        ),
        (
            "${order.total} ${order.id} ${order.paid} ${order.total + order.tax}",
            "1999.90 12345678901234567890 true 2000",
        ),
        ("${\"Total: \" + order.total + \" EUR\"}", "Total: 1999.90 EUR"),
        ("${order.customer.name + \"!\"}", "Jane Doe!"),
        ("${\"Sum \" + (1 + 2)}", "Sum 3"),
        ("${(order.quantity - 1) * 2 + 7 % 4}", "7"),
        ("<#if order.quantity gt 2 && order.paid || false>a<#else>b</#if>", "a"),
        ("<#if !order.paid>a<#elseif order.quantity = 3>b<#else>c</#if>", "b"),
        ("<#if !order.paid == false>a</#if>", "a"),
        ("<#if (order.quantity > 2)>a</#if>", "a"),
        (
            "<#if order.quantity lte 3 && order.quantity gte 3 && order.quantity lt 4 && order.quantity != 5>a</#if>",
            "a",
        ),
        ("{${order.quantity}}{${order.quantity}", "{3}{3"),
        ("{<#if true>%x%</#if>} {<#-- c -->% if %}", "{%x%} {% if %}"),
        (
            "$${order.quantity} ${{ order.quantity }} #{{ order.quantity }} $5 {a} #1 [#x] <# <#>",
            "$3 $3 #3 $5 {a} #1 [#x] <# <#>",
        ),
        (
            "{{ order.quantity }}${order.quantity}{% if order.paid %}<#if order.paid>x</#if>{% endif %}",
            "33x",
        ),
        ("${'it\\'s'} ${\"a\\\\\"}", "it's a\\"),
        ("{% raw %}${order.nmae}<#assign>{% endraw %}", "${order.nmae}<#assign>"),
        ("${[1, 2.50, \"x\"]?size} ${({\"a\": 1}).a}", "3 1"),
    ] {
        gives(template, expected);
    }
}

#[test]
fn defaults() {
    for (template, expected) in [
        ("${order.nmae!\"none\"}", "none"),
        ("${order.nmae!}|", "|"),
        ("${order.note!\"none\"}", "none"),
        ("${order.nmae!order.customer.name}", "Jane Doe"),
        ("${order.nmae!0}", "0"),
        ("${(nobody.name.first)!\"none\"}", "none"),
        ("${(nobody.name)!?upper_case}|", "|"),
        ("${(order.nmae!\"x\") + \"y\"}", "xy"),
        ("${order.nmae?default(\"none\")}", "none"),
        (
            "<#if order.nmae??>a<#else>b</#if><#if (a.b.c)??>a<#else>b</#if><#if order.paid??>a</#if>",
            "bba",
        ),
        ("<#if !order.nmae??>a</#if>", "a"),
        ("<#list order.nmae! as x>a<#else>none</#list>", "none"),
        ("<#list order.returns as x>a<#else>none</#list>", "none"),
    ] {
        gives(template, expected);
    }
}

#[test]
fn built_ins() {
    for (template, expected) in [
        (
            "${order.customer.name?upper_case} ${order.customer.name?lower_case}",
            "JANE DOE jane doe",
        ),
        (
            "${\"straße\"?cap_first} ${\"Ab\"?uncap_first} ${\"a b\"?capitalize} ${\" x \"?trim}",
            "Straße ab A B x",
        ),
        ("${\"<&\"?html} ${\"a b\"?url}", "&lt;&amp; a%20b"),
        (
            "${order.items?size} ${\"abc\"?length} ${order.customer?keys?join(\", \")}",
            "3 3 name, e-mail",
        ),
        (
            "${order.total?c} ${order.paid?c} ${order.total?string} ${order.paid?string}",
            "1999.90 true 1999.90 true",
        ),
        ("${order.paid?string(\"yes\", \"no\")} ${(!order.paid)?string('yes', 'no')}", "yes no"),
        (
            "${order.total?string(\"0.00\")} ${order.total?string(\"#,##0.0\")} ${order.total?string[\"0\"]}",
            "1999.90 1,999.9 2000",
        ),
        ("${\"2.50\"?number} ${\"2.50\"?number + 1}", "2.50 3.5"),
        (
            "${order.returns?has_content?c} ${order.items?has_content?c} ${(a.b)?has_content?c} ${\"\"?has_content?c}",
            "false true false false",
        ),
        (
            "${order.items?first.name} ${order.items?last.name} ${[3, 1, 2]?sort?reverse?join(\"\")}",
            "Bolt Anchor 321",
        ),
        (
            "${\"a-b\"?replace(\"-\", \"+\")} ${\"abc\"?contains(\"b\")?c} ${\"abc\"?starts_with(\"b\")?c} ${\"abc\"?ends_with(\"c\")?c}",
            "a+b true false true",
        ),
        (
            "${\"a,b\"?split(\",\")?join(\" \")} ${(order.items?sort_by(\"price\"))?first.name}",
            "a b Anchor",
        ),
    ] {
        gives(template, expected);
    }
}

#[test]
fn lists_know_where_they_are() {
    gives(
        "<#list order.items as i>${i?counter}/${i?index}:${i.name}<#if i?has_next>, </#if></#list>",
        "1/0:Bolt, 2/1:nut, 3/2:Anchor",
    );
    gives(
        "<#list order.items as i>${i?is_first?c}${i?is_last?c} </#list>",
        "truefalse falsefalse falsetrue ",
    );
    gives(
        "<#list order.customer as key, value>${key}=${value};</#list>",
        "name=Jane Doe;e-mail=jane@example.org;",
    );
    gives(
        "<#list [1, 2] as a><#list [3, 4] as b>${a}${b}<#if b?has_next>,</#if></#list>;</#list>",
        "13,14;23,24;",
    );
    gives("<#list [1] as a>{% for b in [2, 3] %}{{ b }}{% endfor %}${a?index}</#list>", "230");
    gives(
        "<#list [1] as a>{% for b in [2] %}${a?index}{% endfor %}</#list>",
        "FreeMarker's `?index` is not supported but for the variable of the innermost `<#list>` in line 1: `<#list [1] as a>{% for b in [2] %}${a?index}{% endfor %}</#list>`",
    );
    gives(
        "<#list [1] as a><#list [3] as b>${a?index}</#list></#list>",
        "FreeMarker's `?index` is not supported but for the variable of the innermost `<#list>` in line 1: `<#list [1] as a><#list [3] as b>${a?index}</#list></#list>`",
    );
}

#[test]
fn a_line_with_only_a_directive_leaves_no_line() {
    gives(
        "Dear <#if order.paid>friend</#if>,\n  <#list order.items as i>\n  * ${i.name}\n  </#list>\n<#-- note -->\nBye\n",
        "Dear friend,\n  * Bolt\n  * nut\n  * Anchor\nBye\n",
    );
    gives("a\n<#if order.paid>\n  <#if true>\nb\n  </#if>\n</#if>", "a\nb\n");
    gives("a\r\n<#if order.paid>\r\nb\r\n</#if>\r\nc", "a\r\nb\r\nc");
}

#[test]
fn without_freemarker_its_signs_are_text() {
    let text = "${order.total} <#if x> <@m> #{x}";
    check(text, Sink::Text, Syntax::Native, text);
    check("{{ order.quantity }}${x}", Sink::Text, Syntax::Native, "3${x}");
}

#[test]
fn the_signs_of_slack_are_text_there() {
    check(
        "<@U024BE7LH> <#C024BE7LR|general> <!here> ${order.id}",
        Sink::Slack,
        Syntax::FreeMarker,
        "<@U024BE7LH> <#C024BE7LR|general> <!here> 12345678901234567890",
    );
    check(
        "<#assign x = 1>",
        Sink::Slack,
        Syntax::FreeMarker,
        "FreeMarker's `<#assign>` is not supported in line 1: `<#assign x = 1>`",
    );
}
