//! What can be wrong with a template, with its data or with their size.

use std::{error::Error, fmt, iter, ops::Range, time::Duration};

use minijinja::ErrorKind;

const EXCERPT_CHARS_MAX: usize = 80;

/// Why a text could not be rendered; the texts are fragments that show the template, never the data.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TemplateError {
    /// The template is no template: `TEMPLATE_SYNTAX_ERROR`.
    #[error("{what} in {at}: `{}`", at.excerpt)]
    Syntax {
        /// What is wrong, with the name of what is unknown or not supported.
        what: String,
        /// Where.
        at: Place,
    },
    /// The template uses what the data doesn't have: `TEMPLATE_METADATA_ERROR`. `| default` is there for what may be missing.
    #[error("unknown variable `{name}` in {at}")]
    UnknownVariable {
        /// As the template writes it, `order.total`.
        name: String,
        /// Where.
        at: Place,
    },
    /// The data has it, but nothing that the template can do this with: `TEMPLATE_METADATA_ERROR`.
    #[error("{what} in {at}: `{}`", at.excerpt)]
    Data {
        /// What doesn't fit.
        what: String,
        /// Where.
        at: Place,
    },
    /// The template is JSON, its result isn't: `TEMPLATE_SYNTAX_ERROR`.
    #[error("the rendered text is not JSON: {what}")]
    NotJson {
        /// What is wrong with the result, and where in it.
        what: String,
    },
    /// The template, or what it does, is larger than the engine allows.
    #[error("{0}")]
    Limit(#[from] Limit),
    /// The folder has no such template: `TEMPLATE_READ_ERROR`.
    #[error("there is no template `{name}`")]
    NotFound {
        /// As it was asked for.
        name: String,
    },
    /// The template may not or cannot be read: `TEMPLATE_READ_ERROR`.
    #[error("template `{name}` {reason}")]
    Read {
        /// As it was asked for.
        name: String,
        /// Why not.
        reason: String,
    },
}

impl TemplateError {
    /// The same error of a text that stands below `name` in a JSON value.
    pub(crate) fn below(mut self, name: &str) -> Self {
        if let Self::Syntax { at, .. } | Self::UnknownVariable { at, .. } | Self::Data { at, .. } =
            &mut self
        {
            let inside = at.template.clone().unwrap_or_default();
            // A file's name never begins with a slash.
            if inside.is_empty() || inside.starts_with('/') {
                let name = name.replace('~', "~0").replace('/', "~1");
                at.template = Some(format!("/{name}{inside}"));
            }
        }
        self
    }
}

/// A place in a template.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The file below the folder of templates, or where in a JSON value the text is; `None` for a text of its own.
    pub template: Option<String>,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The line, cut around the place to 80 characters.
    pub excerpt: String,
}

/// A limit that was reached, with its value.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Limit {
    /// Steps of one rendering.
    #[error("the template takes more than {max} steps")]
    Fuel {
        /// How many are allowed.
        max: u64,
    },
    /// Time of one rendering.
    #[error("the template takes longer than {max:?}")]
    Time {
        /// How long it may take.
        max: Duration,
    },
    /// Bytes that one rendering writes and builds in variables and filters.
    #[error("the template builds texts and lists of more than {max} bytes")]
    Work {
        /// How many are allowed.
        max: usize,
    },
    /// Bytes of the rendered text.
    #[error("the rendered text is larger than {max} bytes")]
    Output {
        /// How many are allowed.
        max: usize,
    },
    /// Levels of macros, includes and loops, or of lists in lists.
    #[error("the template or its data is nested deeper than {max} levels")]
    Depth {
        /// How many are allowed.
        max: usize,
    },
    /// Bytes of the template.
    #[error("the template is larger than {max} bytes")]
    Source {
        /// How many are allowed.
        max: usize,
    },
}

/// What is wrong with a template at an offset, before it is known where that template stands.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) offset: usize,
    pub(crate) what: String,
}

impl Fault {
    pub(crate) fn new(offset: usize, what: impl Into<String>) -> Self {
        Self { offset, what: what.into() }
    }

    pub(crate) fn at(self, template: Option<&str>, source: &str) -> TemplateError {
        TemplateError::Syntax { what: self.what, at: Place::new(template, source, self.offset) }
    }
}

impl Place {
    pub(crate) fn new(template: Option<&str>, source: &str, offset: usize) -> Self {
        let offset = source.floor_char_boundary(offset);
        let start = source[..offset].rfind('\n').map_or(0, |newline| newline + 1);
        let column = source[start..offset].chars().count();
        let line = source[start..].lines().next().unwrap_or_default();
        let from = column.saturating_sub(EXCERPT_CHARS_MAX / 2);
        Self {
            template: template.map(str::to_owned),
            line: source[..start].matches('\n').count() + 1,
            column: column + 1,
            excerpt: line
                .chars()
                .skip(from)
                .take(EXCERPT_CHARS_MAX)
                .collect::<String>()
                .trim()
                .into(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(template) = &self.template {
            write!(f, "`{template}`, ")?;
        }
        write!(f, "line {}", self.line)
    }
}

/// What the engine's error means; `place` finds where a byte of the template as the engine sees it stands in the template as it was written.
pub(crate) fn classify(
    error: &minijinja::Error,
    limits: [Limit; 3],
    place: impl Fn(&str, Range<usize>) -> (Place, String),
) -> TemplateError {
    if let Some(own) = causes(error).find_map(|it| it.downcast_ref::<TemplateError>()) {
        return own.clone();
    }
    let [fuel, depth, output] = limits;
    let innermost = causes(error)
        .filter_map(|it| it.downcast_ref::<minijinja::Error>())
        .last()
        .unwrap_or(error);
    let (at, expression) =
        place(innermost.name().unwrap_or_default(), innermost.range().unwrap_or_default());
    let detail = innermost.detail().unwrap_or_default();
    if let Some(name) = undefined(detail) {
        // The engine's name for what has passed a guard on the way.
        let name = if name.contains("(...)") { expression } else { name.into() };
        return TemplateError::UnknownVariable { name, at };
    }
    match innermost.kind() {
        ErrorKind::OutOfFuel => fuel.into(),
        ErrorKind::WriteFailure => output.into(),
        ErrorKind::InvalidOperation if detail == "recursion limit exceeded" => depth.into(),
        ErrorKind::UndefinedError => TemplateError::UnknownVariable { name: expression, at },
        ErrorKind::TemplateNotFound => {
            let name = detail.split(['"', '\'']).nth(1).unwrap_or(detail).into();
            TemplateError::NotFound { name }
        }
        ErrorKind::SyntaxError
        | ErrorKind::BadEscape
        | ErrorKind::UnknownFilter
        | ErrorKind::UnknownTest
        | ErrorKind::UnknownFunction
        | ErrorKind::UnknownMethod
        | ErrorKind::UnknownBlock
        | ErrorKind::TooManyArguments
        | ErrorKind::MissingArgument => TemplateError::Syntax { what: what(innermost), at },
        _ => TemplateError::Data { what: what(innermost), at },
    }
}

fn causes<'a>(error: &'a minijinja::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error as &'a (dyn Error + 'static)), |it: &&'a (dyn Error + 'static)| {
        (*it).source()
    })
}

/// The name in "`order.nmae` is undefined", which the engine says in several ways.
fn undefined(detail: &str) -> Option<&str> {
    let (before, _) = detail.split_once("` is undefined")?;
    before.rsplit_once('`').map(|(_, name)| name)
}

/// The engine's words, without the values that it would show.
fn what(error: &minijinja::Error) -> String {
    match error.detail() {
        Some(detail) if detail.starts_with("unable to calculate") => {
            "these values cannot be calculated with".into()
        }
        // What the engine calls a number that keeps its text.
        Some(detail) => detail.replace("plain object", "number"),
        None => error.kind().to_string(),
    }
}
