//! Texts from templates and data: the one engine for every text that an action renders.
//!
//! * **Language.** MiniJinja: `{{ order.total }}`, `{% for item in order.items %}`, `{% include "footer.html" %}`; where the caller says so ([`Syntax::FreeMarker`]) also `${order.total}`, `<#if>` and `<#list>`.
//! * **Escaping** by where the text goes ([`Sink`]). A value is never looked at as a template, whatever it contains.
//! * **Missing data** is an error with the name of what is missing; `| default("…")` is for what may be missing, and null prints as nothing.
//! * **Numbers** print as the data writes them, `1999.90` and ids of twenty digits; calculated ones are rounded to fifteen digits.
//! * **Limits** on steps, depth, output and memory ([`Limits`]), so that templates may come from anybody.
//! * **Files** from one folder only ([`Templates`]), with variants by locale.
//!
//! Everything here is computation without a pause: callers run long renderings on a thread for that and put a deadline around.
//!
//! Filters beside MiniJinja's own: `date("%d.%m.%Y", "Europe/Vienna")`, `number(2, "de")`, `nl2br`, `tojson`, `urlencode`, and `default` that also replaces null.
//! Not there: `autoescape`, `debug`, `format`, `indent`, `pprint`, and `*` for texts and lists.

#![expect(clippy::doc_markdown, reason = "FreeMarker and MiniJinja are no identifiers")]

mod compiled;
mod data;
mod directives;
mod engine;
mod error;
mod expression;
mod filters;
mod folder;
mod format;
mod freemarker;
mod guard;
mod json;
mod lists;
mod markdown;
mod postfix;
mod sink;
mod source;
mod text;
mod tokens;

pub use engine::{Engine, Limits, Rendered, Syntax};
pub use error::{Limit, Place, TemplateError};
pub use folder::{Kind, Templates};
pub use markdown::shown;
pub use sink::Sink;
