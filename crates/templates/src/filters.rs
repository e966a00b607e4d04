//! What templates can do with texts, numbers and dates: the engine's own filters that are harmless, and those of business texts.

use std::sync::Arc;

use minijinja::{
    Environment, Error, State, Value, filters,
    value::{Kwargs, StringInput},
};
use serde_json::Number;

use crate::{
    Limits, data, format,
    guard::{self, charge, misfit},
    lists,
    sink::{Sink, component, markup},
};

/// Everything that a template can name; another name is a syntax error.
pub(crate) fn add_to(environment: &mut Environment<'_>, sink: Sink, limits: Limits) {
    guard::add_to(environment, limits);
    lists::add_to(environment);
    texts(environment);
    markups(environment, sink);
    numbers(environment);
}

fn texts(environment: &mut Environment<'_>) {
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("cap_first", |text: StringInput<'_>| {
        first_letter(&text, |it| it.to_uppercase().collect())
    });
    environment
        .add_filter("choose", |value: bool, yes: Value, no: Value| if value { yes } else { no });
    environment.add_filter("contains", |text: &str, part: &str| text.contains(part));
    environment.add_filter("ends_with", |text: &str, end: &str| text.ends_with(end));
    environment.add_filter("lines", |state: &mut State<'_, '_>, text: &Value| {
        charge(state, text.len().unwrap_or_default() * 32)?;
        filters::lines(text)
    });
    environment.add_filter("lower", filters::lower);
    environment.add_filter(
        "replace",
        |state: &mut State<'_, '_>, text: &str, from: &str, to: &str| {
            let n = text.matches(from).count();
            charge(state, n.saturating_mul(to.len()))?;
            Ok::<_, Error>(text.replace(from, to))
        },
    );
    environment.add_filter(
        "split",
        |state: &mut State<'_, '_>, text: &Value, at: Option<Arc<str>>| {
            charge(state, text.len().unwrap_or_default() * 32)?;
            filters::split(text, at, None)
        },
    );
    environment.add_filter("starts_with", |text: &str, start: &str| text.starts_with(start));
    environment.add_filter("string", |value: &Value| {
        if value.is_safe() { value.clone() } else { Value::from(data::text(value)) }
    });
    environment.add_filter("title", filters::title);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("uncap_first", |text: StringInput<'_>| {
        first_letter(&text, |it| it.to_lowercase().collect())
    });
    environment.add_filter("upper", filters::upper);
}

/// What depends on where the text goes.
fn markups(environment: &mut Environment<'_>, sink: Sink) {
    environment.add_filter("safe", |value: &Value| Value::from_safe_string(data::text(value)));
    for name in ["escape", "e"] {
        environment.add_filter(name, move |value: &Value| match (value.is_safe(), sink) {
            (true, _) => value.clone(),
            (false, Sink::Html) => Value::from_safe_string(markup(&data::text(value), true)),
            (false, _) => Value::from(markup(&data::text(value), true)),
        });
    }
    environment.add_filter("nl2br", move |value: &Value| {
        if sink != Sink::Html {
            return value.clone();
        }
        let text = if value.is_safe() { data::text(value) } else { sink.escape(value) };
        Value::from_safe_string(text.replace("\r\n", "\n").replace('\n', "<br>\n"))
    });
    environment.add_filter("tojson", move |value: &Value| match sink {
        // There it is JSON anyway.
        Sink::Json => value.clone(),
        Sink::Text | Sink::Html | Sink::Header | Sink::Url | Sink::Slack | Sink::Markdown => {
            Value::from(data::json(value))
        }
    });
    environment.add_filter("urlencode", move |value: &Value| match sink {
        Sink::Url => Value::from_safe_string(component(&data::text(value))),
        Sink::Text | Sink::Html | Sink::Header | Sink::Json | Sink::Slack | Sink::Markdown => {
            Value::from(component(&data::text(value)))
        }
    });
}

fn numbers(environment: &mut Environment<'_>) {
    environment.add_filter("abs", |value: &Value| filters::abs(data::numeric(value)));
    environment.add_filter("date", |value: &Value, format: Option<&str>, zone: Option<&str>| {
        if value.is_none() {
            return Ok(String::new());
        }
        let text = value.as_str().ok_or_else(|| misfit("`date` needs a date as text"))?;
        format::date(text, format.unwrap_or("%Y-%m-%d"), zone)
            .map_err(|it| misfit(format!("`date`: {it}")))
    });
    environment.add_filter("float", |value: &Value| f64::try_from(data::numeric(&parsed(value)?)));
    environment.add_filter("int", |value: &Value| {
        let digits = data::digits(&parsed(value)?).unwrap_or_default();
        let whole =
            format::truncated(&digits).ok_or_else(|| misfit("`int`: the number is too large"))?;
        Ok::<_, Error>(data::number(&whole))
    });
    environment.add_filter(
        "number",
        |value: &Value, fraction: Option<usize>, locale: Option<&str>| {
            if value.is_none() {
                return Ok(String::new());
            }
            let digits = data::digits(&parsed(value)?).unwrap_or_default();
            format::number(&digits, fraction.unwrap_or(2), locale)
                .map_err(|it| misfit(format!("`number`: {it}")))
        },
    );
    environment.add_filter("parsed", parsed);
    environment.add_filter(
        "round",
        |value: &Value, precision: Option<i32>, method: Option<&str>, options: Kwargs| {
            filters::round(data::numeric(value), precision, method, options)
        },
    );
}

/// The number that the value is, or that its text says.
fn parsed(value: &Value) -> Result<Value, Error> {
    let number = match value.as_str().map(str::trim) {
        Some(text) => match serde_json::from_str::<Number>(text) {
            Ok(number) => data::number(number.as_str()),
            Err(_) => text.parse::<f64>().map_or(Value::from(()), Value::from),
        },
        None => value.clone(),
    };
    match data::digits(&number) {
        Some(_) => Ok(number),
        None => Err(misfit("the value is not a number")),
    }
}

fn first_letter(text: &StringInput<'_>, change: impl Fn(char) -> String) -> Value {
    let mut letters = text.as_str().chars();
    let first = letters.next().map(change).unwrap_or_default();
    text.preserve_safety(first + letters.as_str())
}
