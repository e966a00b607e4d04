//! What the engine has to say, in the author's words: what, where, and the line.

use typst::{
    World, WorldExt,
    diag::{Severity, SourceDiagnostic},
    syntax::DiagSpan,
};

use super::world::{MAIN, Sandbox, TEMPLATE};
use crate::worker::{Trouble, TroubleKind};

const EXCERPT_CHARS_MAX: usize = 80;
/// So many problems are told at once.
const TOLD_MAX: usize = 3;

/// The failure that these errors are.
pub(super) fn trouble(errors: &[SourceDiagnostic], world: &Sandbox<'_>) -> Trouble {
    let kind = errors.first().map_or(TroubleKind::Syntax, |it| kind(&it.message));
    let mut told: Vec<_> = errors.iter().map(|it| told(it, world)).collect();
    told.dedup();
    told.truncate(TOLD_MAX);
    Trouble { kind, text: told.join("; ") }
}

/// A warning as one text; none for what is no business of the author's.
pub(super) fn warning(warning: &SourceDiagnostic, world: &Sandbox<'_>) -> Option<String> {
    (warning.severity == Severity::Warning).then(|| told(warning, world))
}

fn told(diagnostic: &SourceDiagnostic, world: &Sandbox<'_>) -> String {
    let mut text = reworded(&diagnostic.message);
    // An error in a function of the engine's own stands where the template calls it.
    let spans = std::iter::once(diagnostic.span);
    let mut spans = spans.chain(diagnostic.trace.iter().map(|it| it.span.into()));
    if let Some(at) = spans.find_map(|it| place(it, world)) {
        text = format!("{text} in {at}");
    }
    // Some hints are about the engine's own command line.
    for hint in diagnostic.hints.iter().filter(|it| !it.v.contains("project")) {
        text = format!("{text} ({})", reworded(&hint.v));
    }
    text
}

/// `line 3, column 7: …` of the template; none for what we have put around it.
fn place(span: DiagSpan, world: &Sandbox<'_>) -> Option<String> {
    let id = span.id()?;
    let range = world.range(span)?;
    let name = id.vpath().get_without_slash();
    if name == MAIN {
        return None;
    }
    let name = if name == TEMPLATE { String::new() } else { format!("`{name}`, ") };
    let bytes = world.file(id).ok()?;
    let source = bytes.as_str().ok()?;
    let offset = source.floor_char_boundary(range.start);
    let start = source[..offset].rfind('\n').map_or(0, |newline| newline + 1);
    let column = source[start..offset].chars().count();
    let line = source[..start].matches('\n').count() + 1;
    let from = column.saturating_sub(EXCERPT_CHARS_MAX / 2);
    let excerpt = source[start..].lines().next().unwrap_or_default();
    let excerpt: String = excerpt.chars().skip(from).take(EXCERPT_CHARS_MAX).collect();
    Some(format!("{name}line {line}, column {}: `{}`", column + 1, excerpt.trim()))
}

/// What the message is about: names that are unknown belong to the data, files to the assets.
fn kind(message: &str) -> TroubleKind {
    let is = |starts: &[&str]| starts.iter().any(|it| message.starts_with(it));
    if is(&["unknown variable", "dictionary does not contain key"])
        || message.contains("does not contain field")
        || message.contains("key was not present")
    {
        TroubleKind::Metadata
    } else if is(&["file not found", "failed to load", "path `"]) {
        TroubleKind::Asset
    } else {
        TroubleKind::Syntax
    }
}

/// In the style of the house: a fragment that names the culprit.
fn reworded(message: &str) -> String {
    if let Some(path) = message.strip_prefix("file not found (searched at ") {
        let path = path.trim_end_matches(')');
        return format!("there is no file `{path}` among the assets");
    }
    if let Some(path) = message.strip_suffix(" would escape the project root") {
        return format!("{} leads out of the document's folder", path.replace('"', ""));
    }
    if let Some(family) = message.strip_prefix("unknown font family: ") {
        return format!("there is no font `{family}`");
    }
    let message = message.strip_prefix("dictionary does not contain key ").map_or_else(
        || message.to_owned(),
        |key| format!("unknown variable `{}`", key.trim_matches('"')),
    );
    let message = match message.strip_prefix("unknown variable: ") {
        Some(name) => format!("unknown variable `{name}`"),
        None => message,
    };
    message.strip_prefix("failed to ").map_or_else(|| message.clone(), |it| format!("cannot {it}"))
}
