//! The engine: runs templates within limits, and says in the author's words what went wrong.

use std::{
    collections::HashMap,
    io::{self, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use minijinja::{Environment, UndefinedBehavior, Value, syntax::SyntaxConfig};
use serde_json::{Map, Value as Json};

use crate::{
    Kind, Limit, Place, Sink, TemplateError, Templates,
    compiled::{Cache, Included, Task},
    data, error, filters,
};

/// How much one rendering may take; the default is generous for mails and documents.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Steps of the engine.
    pub fuel: u64,
    /// The time for all steps together.
    pub time: Duration,
    /// Levels: a loop or block counts 1, a macro 5, an include 10; at most 500.
    pub depth: usize,
    /// Bytes of the rendered text; variables and filters may build four times as much.
    pub output_bytes: usize,
    /// Bytes of a template.
    pub source_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 5_000_000,
            time: Duration::from_secs(10),
            depth: 100,
            output_bytes: 16 * 1024 * 1024,
            source_bytes: 1024 * 1024,
        }
    }
}

/// Which language a template is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Syntax {
    /// MiniJinja: `{{ … }}` and `{% … %}`; `${…}` is text.
    Native,
    /// MiniJinja and FreeMarker: also `${…}`, `<#if>`, `<#list>`; what else FreeMarker has is a syntax error.
    FreeMarker,
}

/// A rendered file.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// What the text is, by the file's extension.
    pub kind: Kind,
    /// The variant that was taken: `welcome.de.html`.
    pub name: String,
}

/// Renders templates; one for all tasks of a connector.
pub struct Engine {
    limits: Limits,
    templates: Option<Templates>,
    environments: HashMap<Sink, Environment<'static>>,
    compiled: Cache,
}

impl Engine {
    /// An engine whose templates can include and extend those of `templates`.
    pub fn new(limits: Limits, templates: Option<Templates>) -> Self {
        let environments = Sink::ALL.into_iter().map(|it| (it, environment(it, limits))).collect();
        Self { limits, templates, environments, compiled: Cache::default() }
    }

    /// `source` with the values of `data`, as it may stand in `sink`.
    pub fn render(
        &self,
        source: &str,
        data: &Json,
        sink: Sink,
        syntax: Syntax,
    ) -> Result<String, TemplateError> {
        let task = Task { name: "", source, sink, syntax };
        self.run(task, data::value(data)?).map(|(text, _)| text)
    }

    /// The file `name` below the folder in the variant for `locale` (`de-AT`, BCP 47), escaped as its extension says.
    pub fn render_file(
        &self,
        name: &str,
        locale: Option<&str>,
        data: &Json,
        syntax: Syntax,
    ) -> Result<Rendered, TemplateError> {
        let not_found = || TemplateError::NotFound { name: name.into() };
        let templates = self.templates.as_ref().ok_or_else(not_found)?;
        let file = templates.variant(name, locale, self.limits.source_bytes)?;
        let kind = Kind::of(&file.name).ok_or_else(|| TemplateError::Read {
            name: file.name.clone(),
            reason: "is neither `.html`, `.txt`, `.md` nor `.json`".into(),
        })?;
        let task = Task { name: &file.name, source: &file.text, sink: kind.sink(), syntax };
        let (text, _) = self.run(task, data::value(data)?)?;
        Ok(Rendered { text, kind, name: file.name })
    }

    /// Every text inside `value` rendered, everything else as it is, members' names too; the limits hold for all of them together.
    ///
    /// An error's [`Place::template`] is the JSON pointer of the text.
    pub fn render_value(
        &self,
        value: &Json,
        data: &Json,
        sink: Sink,
        syntax: Syntax,
    ) -> Result<Json, TemplateError> {
        let data = data::value(data)?;
        let mut spent = Spent { steps: 0, bytes: 0, since: Instant::now() };
        let mut render = |source: &str| {
            let task = Task { name: "", source, sink, syntax };
            let (text, steps) = self.run(task, data.clone())?;
            spent.add(steps, text.len(), self.limits)?;
            Ok(text)
        };
        render_texts(value, &mut render, data::LEVELS_MAX)
    }

    /// The rendered text and the steps it took.
    fn run(&self, task: Task<'_>, data: Value) -> Result<(String, u64), TemplateError> {
        let Limits { output_bytes, source_bytes, .. } = self.limits;
        if task.source.len() > source_bytes {
            return Err(Limit::Source { max: source_bytes }.into());
        }
        if task.is_plain() {
            return Ok((task.sink.finish(task.source.into(), output_bytes)?, 0));
        }
        let environment = match self.compiled.get(task) {
            Some(environment) => environment,
            None => self.compile(task)?,
        };
        let mut out = Bounded { bytes: Vec::new(), max: output_bytes };
        let template = environment.get_template(task.name);
        let captured = template.and_then(|it| it.render_captured_to(data, &mut out));
        let captured = captured.map_err(|it| self.classify(&it, task))?;
        let steps = captured.state().fuel_levels().map_or(0, |(consumed, _)| consumed);
        let text = String::from_utf8_lossy(&out.bytes).into_owned();
        Ok((task.sink.finish(text, output_bytes)?, steps))
    }

    fn compile(&self, task: Task<'_>) -> Result<Arc<Environment<'static>>, TemplateError> {
        let translated = task.translated()?;
        let mut environment = self.environments[&task.sink].clone();
        let included = Included::default();
        if let Some(templates) = self.templates.clone() {
            let (included, bytes_max) = (included.clone(), self.limits.source_bytes);
            let language = (task.sink, task.syntax);
            environment
                .set_loader(move |name| included.load(&templates, (name, bytes_max), language));
        }
        environment
            .add_template_owned(task.name.to_owned(), translated.text)
            .map_err(|it| self.classify(&it, task))?;
        let environment = Arc::new(environment);
        self.compiled.put(task, environment.clone(), included);
        Ok(environment)
    }

    fn classify(&self, error: &minijinja::Error, task: Task<'_>) -> TemplateError {
        let Limits { fuel, depth, output_bytes, source_bytes, .. } = self.limits;
        let limits = [
            Limit::Fuel { max: fuel },
            Limit::Depth { max: depth },
            Limit::Output { max: output_bytes },
        ];
        error::classify(error, limits, |name, range| {
            let others = self.templates.as_ref().filter(|_| name != task.name);
            let file = others.and_then(|it| it.file(name, source_bytes).ok().flatten());
            let task = file.as_ref().map_or(task, |it| Task { name, source: &it.text, ..task });
            let translated = task.translated().unwrap_or_default();
            let [start, end] = [range.start, range.end].map(|it| translated.origin(it));
            let at = Place::new(task.template(), task.source, start);
            // The engine's range may begin in the middle of a path.
            let path = |it: char| it.is_alphanumeric() || "_.[]'\"".contains(it);
            let before = task.source.get(..start).unwrap_or_default();
            let start = before.trim_end_matches(path).len();
            (at, task.source.get(start..end).unwrap_or_default().trim().into())
        })
    }
}

/// Everything that templates for `sink` have in common.
fn environment(sink: Sink, limits: Limits) -> Environment<'static> {
    let mut environment = Environment::empty();
    // A template's last line end belongs to it.
    if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
        environment.set_syntax(syntax);
    }
    // The engine remembers where things come from in debug mode only.
    environment.set_debug(true);
    environment.set_auto_reload(false);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // The engine counts down with a sign.
    environment.set_fuel(Some(limits.fuel.min(u64::MAX >> 1)));
    environment.set_recursion_limit(limits.depth);
    sink.add_to(&mut environment);
    filters::add_to(&mut environment, sink, limits);
    environment
}

fn render_texts(
    value: &Json,
    render: &mut impl FnMut(&str) -> Result<String, TemplateError>,
    levels: usize,
) -> Result<Json, TemplateError> {
    let levels = levels.checked_sub(1).ok_or(Limit::Depth { max: data::LEVELS_MAX })?;
    let mut below =
        |name: &str, it: &Json| render_texts(it, render, levels).map_err(|error| error.below(name));
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => Ok(value.clone()),
        Json::String(source) => render(source).map(Json::String),
        Json::Array(list) => {
            let list = list.iter().enumerate().map(|(index, it)| below(&index.to_string(), it));
            list.collect::<Result<Vec<_>, _>>().map(Json::Array)
        }
        Json::Object(members) => {
            let members = members.iter().map(|(name, it)| Ok((name.clone(), below(name, it)?)));
            members.collect::<Result<Map<_, _>, _>>().map(Json::Object)
        }
    }
}

/// What the texts of one value have taken together.
struct Spent {
    steps: u64,
    bytes: usize,
    since: Instant,
}

impl Spent {
    fn add(&mut self, steps: u64, bytes: usize, limits: Limits) -> Result<(), Limit> {
        self.steps += steps;
        self.bytes += bytes;
        if self.steps > limits.fuel {
            return Err(Limit::Fuel { max: limits.fuel });
        }
        if self.bytes > limits.output_bytes {
            return Err(Limit::Output { max: limits.output_bytes });
        }
        if self.since.elapsed() > limits.time {
            return Err(Limit::Time { max: limits.time });
        }
        Ok(())
    }
}

/// Output up to a limit.
struct Bounded {
    bytes: Vec<u8>,
    max: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.max {
            return Err(io::Error::other("limit"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
