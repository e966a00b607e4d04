//! The folder of templates.

use std::{
    fs,
    os::unix::fs::symlink,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
};

use templates::{Engine, Kind, Limit, Limits, Syntax, TemplateError, Templates};

use crate::support::order;

/// A folder of its own for each test, beside a secret that no template may reach.
struct Folder {
    root: PathBuf,
}

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let base = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("templates-{}-{n}", std::process::id()));
        let folder = Self { root: base.join("templates") };
        fs::create_dir_all(&folder.root).unwrap();
        fs::write(base.join("secret.html"), "secret").unwrap();
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn engine(&self) -> Engine {
        let limits = Limits { source_bytes: 2000, fuel: 200_000, ..Limits::default() };
        Engine::new(limits, Some(Templates::load_dir(&self.root).unwrap()))
    }

    #[track_caller]
    fn check(&self, name: &str, locale: Option<&str>, expected: &str) {
        let rendered = self.engine().render_file(name, locale, &order(), Syntax::FreeMarker);
        let shown = rendered.map_or_else(|error| error.to_string(), |it| it.text);
        assert_eq!(shown, expected, "{name} {locale:?}");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(self.root.parent().unwrap()).unwrap();
    }
}

#[test]
fn nothing_outside_of_the_folder_is_read() {
    let folder = Folder::new(&[("a.html", "{% include name %}"), ("sub/b.html", "b")]);
    symlink("../secret.html", folder.root.join("link.html")).unwrap();
    symlink("..", folder.root.join("up")).unwrap();
    symlink("/etc", folder.root.join("etc")).unwrap();
    let absolute = folder.root.parent().unwrap().join("secret.html").display().to_string();
    for name in [
        "../secret.html",
        "sub/../../secret.html",
        "sub/../a.html",
        "./a.html",
        &absolute,
        "..",
        "/etc/passwd",
        "link.html",
        "up/secret.html",
        "etc/passwd",
        "..\\secret.html",
        "a.html\0",
        "C:/a.html",
    ] {
        let refused = format!("template `{name}` is not below the folder of templates");
        folder.check(name, None, &refused);
        let data = serde_json::json!({"name": name});
        for template in [
            "{% include name %}",
            "{% extends name %}",
            "{% import name as x %}",
            "{% from name import x %}",
            "{% include [name] ignore missing %}",
        ] {
            let rendered =
                folder.engine().render(template, &data, templates::Sink::Html, Syntax::Native);
            assert_eq!(rendered.unwrap_err().to_string(), refused, "{template}");
        }
    }
    folder.check("", None, "template `` is not below the folder of templates");
    folder.check("nothing.html", None, "there is no template `nothing.html`");
    folder.check("sub", None, "template `sub` is no file");
    folder.check("a.html", Some("../x"), "template `a.html` cannot have the locale `../x`");
}

#[test]
fn files_that_are_no_templates_are_refused() {
    let folder = Folder::new(&[("big.html", &"x".repeat(2001)), ("a.exe", "x"), ("none", "x")]);
    fs::write(folder.root.join("latin.html"), b"\xe4").unwrap();
    folder.check("big.html", None, &Limit::Source { max: 2000 }.to_string());
    folder.check("latin.html", None, "template `latin.html` is not UTF-8");
    for name in ["a.exe", "none"] {
        folder.check(
            name,
            None,
            &format!("template `{name}` is neither `.html`, `.txt`, `.md` nor `.json`"),
        );
    }
    let missing = Templates::load_dir(&folder.root.join("missing")).unwrap_err();
    assert!(
        matches!(&missing, TemplateError::Read { reason, .. } if reason.contains("No such file")),
        "{missing}"
    );
    let file = Templates::load_dir(&folder.root.join("none")).unwrap_err();
    assert!(
        matches!(&file, TemplateError::Read { reason, .. } if reason == "is no folder"),
        "{file}"
    );
}

#[test]
fn errors_name_the_file_that_they_are_in() {
    let folder = Folder::new(&[
        ("a.html", "a\n{% include 'parts/b.html' %}"),
        ("parts/b.html", "\n\n<#if order.paid>\n{{ order.nmae }}\n</#if>"),
        ("c.html", "{% include 'parts/d.html' %}"),
        ("parts/d.html", "x\n<#assign x = 1>"),
        ("e.html", "{% include 'e.html' %}"),
        ("f.html", "{% extends 'f.html' %}"),
        ("g.html", "\n{{ order|nope }}"),
        ("h.html", "{% extends 'layout.html' %}{% block body %}\n{{ order.nmae }}{% endblock %}"),
        ("layout.html", "<html>{% block body %}{% endblock %}</html>"),
    ]);
    folder.check("a.html", None, "unknown variable `order.nmae` in `parts/b.html`, line 4");
    folder.check(
        "c.html",
        None,
        "FreeMarker's `<#assign>` is not supported in `parts/d.html`, line 2: `<#assign x = 1>`",
    );
    folder.check("e.html", None, &Limit::Depth { max: 100 }.to_string());
    folder.check("f.html", None, "cycle in template inheritance. \"f.html\" was referenced more than once in `f.html`, line 1: `{% extends 'f.html' %}`");
    folder.check("g.html", None, "filter nope is unknown in `g.html`, line 2: `{{ order|nope }}`");
    folder.check("h.html", None, "unknown variable `order.nmae` in `h.html`, line 2");
}

#[test]
fn the_variant_for_the_locale_comes_first() {
    let folder = Folder::new(&[
        ("x.de-AT.html", "at"),
        ("x.de.html", "de"),
        ("x.html", "any"),
        ("only.de-AT.html", "at"),
        ("sub/y.zh-Hant.txt", "hant"),
        ("sub/y.txt", "any"),
    ]);
    for (name, locale, expected) in [
        ("x.html", Some("de-AT"), "at"),
        ("x.html", Some("de_AT"), "at"),
        ("x.html", Some("de-CH"), "de"),
        ("x.html", Some("de"), "de"),
        ("x.html", Some("fr"), "any"),
        ("x.html", None, "any"),
        ("only.html", Some("de-AT"), "at"),
        ("only.html", Some("de"), "there is no template `only.html`"),
        ("sub/y.txt", Some("zh-Hant-TW"), "hant"),
        ("sub/y.txt", Some("zh"), "any"),
    ] {
        folder.check(name, locale, expected);
    }
    let rendered =
        folder.engine().render_file("x.html", Some("de-CH"), &order(), Syntax::Native).unwrap();
    assert_eq!((rendered.name.as_str(), rendered.kind), ("x.de.html", Kind::Html));
    let (name, text) =
        Templates::load_dir(&folder.root).unwrap().read("x.html", Some("de"), 10).unwrap();
    assert_eq!((name.as_str(), text.as_str()), ("x.de.html", "de"));
}

#[test]
fn the_extension_says_how_to_escape() {
    let folder = Folder::new(&[
        ("a.html", "{{ markup }}"),
        ("a.HTM", "{{ markup }}"),
        ("a.txt", "{{ markup }}"),
        ("a.md", "{{ markup }}"),
        ("a.json", "[{{ markup }}]"),
        ("with.html", "{% include 'a.txt' %}"),
    ]);
    for (name, expected) in [
        ("a.html", "&lt;i&gt;"),
        ("a.HTM", "&lt;i&gt;"),
        ("a.txt", "<i>"),
        ("a.md", "<i>"),
        ("a.json", "[\"<i>\"]"),
        ("with.html", "&lt;i&gt;"),
    ] {
        folder.check(name, None, expected);
    }
}

#[test]
fn layouts_parts_and_macros_work_together() {
    let folder = Folder::new(&[
        (
            "layout.html",
            "<html>{% block title %}Shop{% endblock %}|{% block body %}{% endblock %}{% include 'parts/footer.html' %}</html>",
        ),
        ("parts/footer.html", "<p>{{ markup }}</p>"),
        ("parts/money.html", "{% macro money(x) %}€ {{ x|number(2, 'de') }}{% endmacro %}"),
        (
            "mail.html",
            "{% extends 'layout.html' %}{% import 'parts/money.html' as m %}{% block title %}{{ super() }}: order{% endblock %}{% block body %}{% from 'parts/money.html' import money %}{{ money(order.total) }}{% endblock %}",
        ),
    ]);
    folder.check("mail.html", None, "<html>Shop: order|€ 1.999,90<p>&lt;i&gt;</p></html>");
    let inline = folder.engine().render(
        "{% extends 'layout.html' %}",
        &order(),
        templates::Sink::Html,
        Syntax::Native,
    );
    assert_eq!(inline.unwrap(), "<html>Shop|<p>&lt;i&gt;</p></html>");
}

#[test]
fn a_changed_file_is_seen() {
    let folder = Folder::new(&[("a.html", "{% include 'b.html' %}"), ("b.html", "one")]);
    let engine = folder.engine();
    let render = || engine.render_file("a.html", None, &order(), Syntax::Native).map(|it| it.text);
    assert_eq!(render().unwrap(), "one");
    folder.write("b.html", "another");
    assert_eq!(render().unwrap(), "another");
    folder.write("a.html", "changed {% include 'b.html' %}");
    assert_eq!(render().unwrap(), "changed another");
    fs::remove_file(folder.root.join("b.html")).unwrap();
    assert_eq!(render(), Err(TemplateError::NotFound { name: "b.html".into() }));
}

#[test]
fn the_folder_may_be_a_link_as_in_mounted_configuration() {
    let folder = Folder::new(&[("..2026/a.html", "mounted")]);
    symlink("..2026", folder.root.join("..data")).unwrap();
    symlink("..data/a.html", folder.root.join("a.html")).unwrap();
    folder.check("a.html", None, "mounted");
}
