//! Subject and bodies: templates filled in, styles put where mail programs read them, a text beside HTML.

use std::sync::Arc;

use common::{Context, Failure};
use css_inline::{CSSInliner, InlineOptions};
use serde_json::Value;
use templates::{Engine, Kind, Sink, Syntax, TemplateError};
use tokio::task;
use uuid::Uuid;

use crate::{
    client::Email,
    error::{ErrorCode, invalid, of_file, of_template},
    input::{Input, TemplateRef},
};

/// The largest template that is a file value, in bytes.
const TEMPLATE_BYTES_MAX: u64 = 1024 * 1024;
/// More than this is rendered on a thread for such work, in bytes.
const QUICK_BYTES: usize = 16 * 1024;

/// HTML that is nested deeper takes the library too long.
const LEVELS_MAX: usize = 1000;
/// HTML with more links takes the library too long.
const LINKS_MAX: usize = 5000;

/// What the mail says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Said {
    pub(crate) subject: String,
    pub(crate) text: Option<String>,
    pub(crate) html: Option<String>,
    /// What was done differently from what was asked.
    pub(crate) warnings: Vec<String>,
}

/// Texts before they are rendered.
struct Sources {
    subject: String,
    text: Option<String>,
    html: Option<String>,
    template: Option<Source>,
    layout: Option<String>,
    locale: Option<String>,
    /// Whether subject, text and HTML are templates (`answers.md` 6).
    are_templates: bool,
    data: Value,
}

enum Source {
    Named(String),
    Loaded { text: String, sink: Sink },
}

/// Renders everything that the mail says.
///
/// # Errors
/// `TEMPLATE_…` and `INVALID_INPUT`, naming the input.
pub(crate) async fn said(email: &Context<Email>, input: &mut Input) -> Result<Said, Failure> {
    let subject = input.subject.take().unwrap_or_default();
    if input.metadata.is_none() && subject.chars().any(char::is_control) {
        return Err(invalid("`subject` has a line break or another control character"));
    }
    let template = match input.template.take() {
        Some(TemplateRef::Named(name)) => Some(Source::Named(name)),
        Some(TemplateRef::File(file)) => Some(load(email, &file).await?),
        None => None,
    };
    let sources = Sources {
        subject,
        text: input.text.take(),
        html: input.html.take(),
        template,
        layout: input.layout.take(),
        locale: input.locale.take(),
        are_templates: input.metadata.is_some(),
        data: Value::Object(input.metadata.take().unwrap_or_default()),
    };
    let engine = Arc::clone(&email.engine);
    let length =
        [&sources.text, &sources.html].into_iter().flatten().map(String::len).sum::<usize>();
    let is_quick = !sources.are_templates
        && sources.template.is_none()
        && sources.layout.is_none()
        && length <= QUICK_BYTES;
    if is_quick {
        return sources.render(&engine);
    }
    let rendered = task::spawn_blocking(move || sources.render(&engine)).await;
    rendered.map_err(|panic| Failure::permanent(ErrorCode::UnknownError, panic))?
}

async fn load(email: &Context<Email>, file: &files::File) -> Result<Source, Failure> {
    let max = files::Limit { bytes: TEMPLATE_BYTES_MAX, setting: "templates" };
    let (meta, octets) = email.files.read(file, max).await.map_err(|error| {
        let failure = of_file("template", error.clone());
        // What cannot be had as a template has a code of its own; what is no file at all is the author's mistake.
        match error.kind {
            files::ErrorKind::NotFound | files::ErrorKind::Unreadable(_) => {
                Failure::business(ErrorCode::TemplateReadError, format_args!("`template`: {error}"))
            }
            _ => failure,
        }
    })?;
    let text = String::from_utf8(octets.to_vec()).map_err(|_| {
        Failure::business(
            ErrorCode::TemplateReadError,
            format_args!("`template`: `{}` is not UTF-8", meta.name),
        )
    })?;
    let sink = sink(&meta.name, &meta.mime_type, &text);
    Ok(Source::Loaded { text, sink })
}

/// What a template is: by its name, else by its type, else by how it looks.
fn sink(name: &str, mime_type: &str, text: &str) -> Sink {
    let name = name.to_ascii_lowercase();
    let name = name.trim_end_matches(".ftl").trim_end_matches(".ftlh").trim_end_matches(".j2");
    match Kind::of(name) {
        Some(Kind::Html) => return Sink::Html,
        Some(Kind::Text | Kind::Json) => return Sink::Text,
        None => {}
    }
    if mime_type.starts_with("text/html") {
        return Sink::Html;
    }
    if mime_type.starts_with("text/plain") {
        return Sink::Text;
    }
    let text = text.to_ascii_lowercase();
    let tags = ["<!doctype html", "<html", "<body", "<p>", "<p ", "<div", "<table", "<br", "<h1"];
    if tags.iter().any(|it| text.contains(it)) { Sink::Html } else { Sink::Text }
}

impl Sources {
    fn render(self, engine: &Engine) -> Result<Said, Failure> {
        let mut warnings = Vec::new();
        let own = |input: &str, text: String, sink: Sink| {
            if !self.are_templates {
                return Ok(text);
            }
            engine
                .render(&text, &self.data, sink, Syntax::FreeMarker)
                .map_err(|error| of_template(input, &error))
        };
        let subject = own("subject", self.subject.clone(), Sink::Header)?;
        let mut text = self.text.clone().map(|it| own("text", it, Sink::Text)).transpose()?;
        let mut html = self.html.clone().map(|it| own("html", it, Sink::Html)).transpose()?;
        if let Some((content, sink)) = self.template(engine)? {
            let (part, input) = match sink {
                Sink::Html => (&mut html, "html"),
                _ => (&mut text, "text"),
            };
            if part.is_some() {
                warnings.push(format!("`{input}` was given too, so that `template` was not used"));
            } else {
                *part = Some(content);
            }
        }
        if let Some(layout) = &self.layout {
            let (is_html, place) = self.layout(engine, layout)?;
            let part = if is_html { &mut html } else { &mut text };
            match part {
                Some(content) => *content = place.around(content),
                None => {
                    warnings.push("`layout` was not used: the mail has no such part".to_owned());
                }
            }
        }
        if let Some(content) = &mut html {
            if content.to_ascii_lowercase().contains("<style") {
                match inlined(content) {
                    Ok(inlined) => *content = inlined,
                    Err(why) => {
                        warnings.push(format!("styles in `html` stay where they are: {why}"));
                    }
                }
            }
            if text.is_none() {
                if content.matches("<a").count() > LINKS_MAX {
                    warnings.push(format!(
                        "there is no text beside `html`, which has more than {LINKS_MAX} links; give `text`"
                    ));
                } else {
                    text = Some(nanohtml2text::html2text(content));
                }
            }
        }
        Ok(Said { subject, text, html, warnings })
    }

    fn template(&self, engine: &Engine) -> Result<Option<(String, Sink)>, Failure> {
        let failed = |error: TemplateError| of_template("template", &error);
        match &self.template {
            None => Ok(None),
            Some(Source::Loaded { text, sink }) => {
                let text = engine.render(text, &self.data, *sink, Syntax::FreeMarker);
                text.map(|it| Some((it, *sink))).map_err(failed)
            }
            Some(Source::Named(name)) => {
                let locale = self.locale.as_deref();
                let rendered = engine
                    .render_file(name, locale, &self.data, Syntax::FreeMarker)
                    .map_err(failed)?;
                Ok(Some((rendered.text, rendered.kind.sink())))
            }
        }
    }

    /// The layout with a mark where the body goes, and whether it is HTML.
    fn layout(&self, engine: &Engine, name: &str) -> Result<(bool, Layout), Failure> {
        let token = Uuid::new_v4().simple().to_string();
        let mut data = self.data.clone();
        if let Value::Object(members) = &mut data {
            members.insert("body".to_owned(), token.clone().into());
        }
        let locale = self.locale.as_deref();
        let rendered = engine
            .render_file(name, locale, &data, Syntax::FreeMarker)
            .map_err(|error| of_template("layout", &error))?;
        if !rendered.text.contains(&token) {
            return Err(Failure::business(
                ErrorCode::TemplateSyntaxError,
                format_args!("`layout`: `{}` has no place for `{{{{ body }}}}`", rendered.name),
            ));
        }
        Ok((rendered.kind == Kind::Html, Layout { text: rendered.text, token }))
    }
}

/// A rendered layout, with a token where the body goes: escaping leaves it alone, and no data can know it.
struct Layout {
    text: String,
    token: String,
}

impl Layout {
    fn around(&self, body: &str) -> String {
        self.text.replace(&self.token, body)
    }
}

/// Rules of `<style>` as `style` attributes; media queries stay. Nothing is loaded from anywhere.
fn inlined(html: &str) -> Result<String, String> {
    if depth(html) > LEVELS_MAX {
        return Err(format!("it is nested deeper than {LEVELS_MAX} levels"));
    }
    let options = InlineOptions::default()
        .load_remote_stylesheets(false)
        .keep_link_tags(true)
        .keep_at_rules(true)
        .resolve_css_variables(true);
    CSSInliner::new(options).inline(html).map_err(|error| error.to_string())
}

/// The most elements that may be open at once; those that need no end are counted as if they did.
fn depth(html: &str) -> usize {
    const ENDLESS: [&str; 8] = ["br", "img", "hr", "meta", "link", "input", "col", "wbr"];
    let (mut open, mut deepest) = (0_usize, 0);
    for tag in html.split('<').skip(1) {
        let name = tag.split(|it: char| !it.is_ascii_alphanumeric()).next().unwrap_or_default();
        if tag.starts_with('/') {
            open = open.saturating_sub(1);
        } else if !name.is_empty() && !ENDLESS.iter().any(|it| it.eq_ignore_ascii_case(name)) {
            open += 1;
            deepest = deepest.max(open);
        }
    }
    deepest
}
