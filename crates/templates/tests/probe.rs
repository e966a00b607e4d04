use templates::*;
#[test] fn t() {
    let n = 100_000;
    let e = Engine::new(Limits { source_bytes: 10_000_000, ..Limits::default() }, None);
    for t in [format!("{{{{ 1{} }}}}", "+1".repeat(n)), format!("{{{{ order{} }}}}", "[0]".repeat(n)), format!("{{{{ {}1 }}}}", "1 if 0 else ".repeat(n)), format!("${{a{}}}", "?trim".repeat(n)),
        format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}".repeat(50_000)), format!("{}{}", "{% if 1 %}".repeat(30_000), "{% endif %}".repeat(30_000)),format!("{}{}", "<#if true>".repeat(30_000), "</#if>".repeat(30_000)), "{{ x }}".repeat(50_000), "<#if true>a</#if>\n".repeat(30_000), "${x!\"a\"}\n".repeat(50_000), "{{ 1 + 2 }}".repeat(50_000), "{% raw %}x{% endraw %}".repeat(40_000), "<#-- x -->".repeat(50_000), "[#aaa".repeat(50_000), "</#".repeat(50_000), "{% set a = 1 %}".repeat(50_000)] {
        let at = std::time::Instant::now();
        let r = e.render(&t, &serde_json::json!({"x": 1}), Sink::Text, Syntax::FreeMarker).map(|s| s.len()).map_err(|e| e.to_string().chars().take(60).collect::<String>());
        println!("{:>9?} {} {r:?}", at.elapsed(), t.chars().take(30).collect::<String>());
    }
}
