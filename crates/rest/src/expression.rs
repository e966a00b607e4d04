//! What a task asks about an answer: a JSON path (RFC 9535), or `jq:` and a jq expression.

use std::{fmt, sync::Arc};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use serde_json_path::JsonPath;

use crate::sandbox;

/// Longer expressions are programs, which belong elsewhere.
const TEXT_BYTES_MAX: usize = 4000;
/// How deep brackets and parentheses of a JSON path are nested; its parser descends by recursion.
const PATH_DEPTH_MAX: usize = 8;
/// How often the answer is copied by the expressions of one task, all together.
const COPIES_MAX: usize = 4;
/// What expressions may give of a small answer, in units of small values.
const WEIGHT_ANYWAY: usize = 10_000;
/// What a jq expression starts with.
const JQ: &str = "jq:";

/// A checked expression; jq is checked by [`check`], since its parser cannot be trusted with any text.
#[derive(Clone, Debug, JsonSchema, Deserialize)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub(crate) struct Expression {
    text: String,
    how: How,
}

/// How an expression is evaluated.
#[derive(Clone, Debug)]
enum How {
    /// A JSON path that takes no longer than the answer is long.
    Here(Arc<JsonPath>, Gives),
    /// A JSON path whose work can grow without bounds, or jq.
    InSandbox(sandbox::Program),
}

/// How many values a JSON path can give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gives {
    /// One or none: a singular query (RFC 9535 §2.3.5.1).
    One,
    List,
}

/// The answer, as expressions see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    /// `$` of a JSON path, `.` of jq.
    pub(crate) body: &'a Value,
    /// `$status` of jq.
    pub(crate) status: u16,
    /// `$headers` of jq: names in lower case.
    pub(crate) headers: &'a common::Object,
}

/// An expression without a value for this answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Void {
    /// Its types are not those of the answer, or what it gives is no JSON.
    Unfit,
    TooManyResults,
}

/// No expression got a value: the index of the culprit, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) index: usize,
    pub(crate) kind: TroubleKind,
}

/// Why expressions could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TroubleKind {
    /// The author's: which limit was reached, or what is wrong with the expression.
    Refused(String),
    /// The operator's: there is no process to evaluate in.
    Broken(String),
}

/// What each of `expressions` gives for the answer, in their order.
///
/// A path to one place gives its value, or null where there is nothing; other paths give a list.
/// jq that gives one value gives it, none is null, several are a list.
pub(crate) async fn evaluate(
    expressions: &[&Expression],
    scope: &Scope<'_>,
) -> Result<Vec<Result<Value, Void>>, Trouble> {
    let mut remote = Vec::new();
    let mut values = Vec::new();
    let mut left = COPIES_MAX * weight(scope.body) + WEIGHT_ANYWAY;
    for (index, expression) in expressions.iter().enumerate() {
        values.push(match &expression.how {
            How::Here(path, gives) => {
                let nodes = select(path, *gives, scope.body);
                let taken: usize = nodes.iter().map(|it| weight(it)).sum();
                left = left.checked_sub(taken).ok_or_else(|| {
                    let text = format!("gives the answer more than {COPIES_MAX} times");
                    Trouble { index, kind: TroubleKind::Refused(text) }
                })?;
                let mut nodes = nodes.into_iter().cloned();
                Ok(match gives {
                    Gives::One => nodes.next().unwrap_or_default(),
                    Gives::List => nodes.collect(),
                })
            }
            How::InSandbox(program) => {
                remote.push((index, program));
                Ok(Value::Null)
            }
        });
    }
    if !remote.is_empty() {
        let programs: Vec<_> = remote.iter().map(|(_, program)| *program).collect();
        let given = sandbox::run(&programs, scope).await;
        let given = given.map_err(|it| Trouble { index: remote[it.index].0, ..it })?;
        for ((index, _), value) in remote.into_iter().zip(given) {
            values[index] = value;
        }
    }
    Ok(values)
}

/// Refuses jq that does not compile, before anything is called.
pub(crate) async fn check(expressions: &[&Expression]) -> Result<(), Trouble> {
    let programs = |(index, it): (usize, &&Expression)| match &it.how {
        How::InSandbox(program @ sandbox::Program::Jq(_)) => Some((index, program.clone())),
        How::InSandbox(sandbox::Program::Path(_)) | How::Here(..) => None,
    };
    let programs: Vec<_> = expressions.iter().enumerate().filter_map(programs).collect();
    if programs.is_empty() {
        return Ok(());
    }
    let only: Vec<_> = programs.iter().map(|(_, program)| program).collect();
    sandbox::check(&only).await.map_err(|it| Trouble { index: programs[it.index].0, ..it })
}

fn select<'a>(path: &JsonPath, gives: Gives, body: &'a Value) -> Vec<&'a Value> {
    let nodes = path.query(body).all();
    debug_assert!(gives == Gives::List || nodes.len() <= 1, "singular queries give one node");
    nodes
}

/// How much memory a value takes, in units of small values.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        Value::String(text) => 1 + text.len() / 32,
        Value::Array(list) => 1 + list.iter().map(weight).sum::<usize>(),
        Value::Object(members) => {
            1 + members.iter().map(|(name, it)| 1 + name.len() / 32 + weight(it)).sum::<usize>()
        }
    }
}

impl TryFrom<String> for Expression {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let trimmed = text.trim();
        if trimmed.len() > TEXT_BYTES_MAX {
            return Err(format!("an expression has at most {TEXT_BYTES_MAX} bytes"));
        }
        let how = if let Some(filter) = trimmed.strip_prefix(JQ) {
            How::InSandbox(sandbox::Program::Jq(filter.trim().to_owned()))
        } else if trimmed.starts_with('$') {
            path(trimmed).map_err(|problem| format!("`{trimmed}`: {problem}"))?
        } else {
            let text = "is neither a JSONPath, which starts with `$`, nor jq, which starts with";
            return Err(format!("`{}` {text} `{JQ}`", excerpt(trimmed)));
        };
        Ok(Self { text: trimmed.to_owned(), how })
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}

fn path(text: &str) -> Result<How, String> {
    let syntax = Syntax::of(text);
    if syntax.depth > PATH_DEPTH_MAX {
        return Err(format!("brackets are nested more than {PATH_DEPTH_MAX} deep"));
    }
    let path = JsonPath::parse(text).map_err(|error| {
        let rest = text.get(error.position()..).filter(|it| !it.is_empty());
        let place = rest.map_or_else(|| "the end".to_owned(), |it| format!("`{}`", excerpt(it)));
        format!("no JSONPath (RFC 9535), at {place}: {}", error.message())
    })?;
    // Descendants, filters and lists of selectors can each give a node more than once: together, without bounds.
    Ok(if syntax.is_explosive {
        How::InSandbox(sandbox::Program::Path(text.to_owned()))
    } else {
        How::Here(Arc::new(path), syntax.gives)
    })
}

/// What can be told of a JSON path without parsing it: its text outside of quotes.
struct Syntax {
    depth: usize,
    is_explosive: bool,
    gives: Gives,
}

impl Syntax {
    fn of(text: &str) -> Self {
        let mut syntax = Self { depth: 0, is_explosive: false, gives: Gives::One };
        let (mut depth, mut quote, mut last) = (0_usize, None, ' ');
        let mut characters = text.chars();
        while let Some(it) = characters.next() {
            match (quote, it) {
                (Some(_), '\\') => drop(characters.next()),
                (Some(end), it) if it == end => quote = None,
                (None, '\'' | '"') => quote = Some(it),
                (None, '[' | '(') => depth += 1,
                (None, ']' | ')') => depth = depth.saturating_sub(1),
                (None, '?' | ',') => syntax.is_explosive = true,
                (None, '.') if last == '.' => syntax.is_explosive = true,
                (None, '*' | ':') => syntax.gives = Gives::List,
                (Some(_) | None, _) => (),
            }
            syntax.depth = syntax.depth.max(depth);
            last = it;
        }
        syntax
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Expression, String> {
        Expression::try_from(text.to_owned())
    }

    fn refused(text: &str, expected: &str) {
        let told = read(text).unwrap_err();
        assert!(told.contains(expected), "{text}: {told}");
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        let neither = "is neither a JSONPath, which starts with `$`, nor jq";
        for text in ["", "a.b", ".a", "@.a", "/a", "{{ a }}"] {
            refused(text, neither);
        }
        refused("$.a[", "`$.a[`: no JSONPath (RFC 9535), at ");
        refused("$.a b", "no JSONPath");
        refused("$[?@.a = 1]", "no JSONPath");
        refused("$[01]", "no JSONPath");
        refused(&format!("$.{}", "a".repeat(5000)), "an expression has at most 4000 bytes");
    }

    #[test]
    fn a_path_that_its_parser_could_not_survive_is_refused() {
        for (open, close) in [("[?@", "]"), ("(", ")"), ("!(", ")")] {
            let text = format!("$[?{}@.a{}]", open.repeat(200), close.repeat(200));
            refused(&text, "brackets are nested more than 8 deep");
        }
        let deepest = format!("$[?{}@.a{}]", "(".repeat(7), ")".repeat(7));
        assert!(read(&deepest).is_ok());
        // A bracket in quotes is a name.
        assert!(read(&format!("$['{}']", "[".repeat(200))).is_ok());
    }

    #[test]
    fn paths_that_can_explode_are_not_evaluated_here() {
        for text in ["$..a", "$.a[?@.b]", "$[0,0][0,0]", "$['a','b']", "$[?@.a == 'x']", "jq:.a"] {
            assert!(matches!(read(text).unwrap().how, How::InSandbox(_)), "{text}");
        }
        for text in ["$", "$.a.b[0]", "$['a,b']", "$[\"..\"].c", r"$['\'?,']", "$.*", "$[1:2]"] {
            assert!(matches!(read(text).unwrap().how, How::Here(..)), "{text}");
        }
    }

    #[tokio::test]
    async fn copies_of_a_large_answer_have_an_end() {
        let (body, headers) = (json!(["x".repeat(1_000_000)]), common::Object::new());
        let scope = Scope { body: &body, status: 200, headers: &headers };
        let whole = read("$").unwrap();
        assert!(evaluate(&[&whole; 4], &scope).await.is_ok());
        let kind = TroubleKind::Refused("gives the answer more than 4 times".to_owned());
        assert_eq!(evaluate(&[&whole; 5], &scope).await, Err(Trouble { index: 4, kind }));
    }

    #[tokio::test]
    async fn a_missing_place_is_null_and_several_are_a_list() {
        let body = json!({"a": {"b": [1, 2, 3]}, "n": null, "x,y": 1.50});
        let (headers, status) = (common::Object::new(), 200);
        let scope = Scope { body: &body, status, headers: &headers };
        for (text, expected) in [
            ("$.z", json!(null)),
            ("$.a.b.c[0]", json!(null)),
            ("$.n", json!(null)),
            ("$.z[*]", json!([])),
            ("$", body.clone()),
            ("$.a.b[-1]", json!(3)),
            ("$['x,y']", json!(1.50)),
            ("$.a.b[*]", json!([1, 2, 3])),
            ("$.a.b[1:]", json!([2, 3])),
            ("$.a.*", json!([[1, 2, 3]])),
        ] {
            let values = evaluate(&[&read(text).unwrap()], &scope).await;
            assert_eq!(values, Ok(vec![Ok(expected)]), "{text}");
        }
    }
}
