//! What values pass through before an operator or a filter gets them: their price, and numbers that can be calculated with.

use std::time::{Duration, Instant};

use minijinja::{
    Environment, Error, ErrorKind, State, Value,
    value::{StringInput, ValueKind},
};

use crate::{
    Limits, data,
    error::{Limit, TemplateError},
};

/// How many times the largest output a rendering may write and build in all, so that no template eats the process.
const WORK_FACTOR: usize = 4;
/// What a value in a list or map takes, roughly.
const NODE_BYTES: usize = 64;
/// Lists in lists that a template itself builds; deeper ones would need too much stack when they are given up.
const BUILT_LEVELS_MAX: usize = data::LEVELS_MAX + 32;

/// What one rendering may still do.
struct Work {
    bytes: usize,
    bytes_max: usize,
    until: Option<Instant>,
    time_max: Duration,
}

impl Work {
    /// Counted from now.
    fn new(limits: Limits) -> Self {
        let Limits { time: time_max, output_bytes, .. } = limits;
        let bytes = output_bytes.saturating_mul(WORK_FACTOR);
        Self { bytes, bytes_max: bytes, until: Instant::now().checked_add(time_max), time_max }
    }

    /// Takes `bytes`, if there is time left.
    fn charge(&mut self, bytes: usize) -> Result<(), Limit> {
        if self.until.is_some_and(|it| Instant::now() > it) {
            return Err(Limit::Time { max: self.time_max });
        }
        let left = self.bytes.checked_sub(bytes);
        self.bytes = left.ok_or(Limit::Work { max: self.bytes_max })?;
        Ok(())
    }
}

/// Takes `bytes` from what this rendering may still build.
pub(crate) fn charge(state: &mut State<'_, '_>, bytes: usize) -> Result<(), Error> {
    // Every template begins with a `_charged`, which sets the limits.
    state.get_extension_mut::<Work>().map_or(Ok(()), |it| it.charge(bytes)).map_err(stop)
}

fn bytes_left(state: &State<'_, '_>) -> usize {
    state.get_extension::<Work>().map_or(0, |it| it.bytes)
}

/// Takes the price of a copy of `value`, and refuses one that is not there.
pub(crate) fn weigh(state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    defined(state, value)?;
    let weight = data::weight(value, bytes_left(state));
    charge(state, weight)
}

/// The engine's own error for a missing value names the expression that it came from.
fn defined(state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        StringInput::new(state, value)?;
    }
    Ok(())
}

/// An error that ends the rendering with `limit`.
pub(crate) fn stop(limit: Limit) -> Error {
    Error::new(ErrorKind::InvalidOperation, "limit").with_source(TemplateError::from(limit))
}

/// An error about data that doesn't fit.
pub(crate) fn misfit(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, what.into())
}

/// The filters that [`crate::source`] and [`crate::expression`] put into templates.
pub(crate) fn add_to(environment: &mut Environment<'_>, limits: Limits) {
    environment.add_filter("_charged", move |state: &mut State<'_, '_>, bytes: usize| {
        state.get_or_insert_extension_with(|| Work::new(limits));
        charge(state, bytes)?;
        Ok::<_, Error>(Value::from_safe_string(String::new()))
    });
    environment.add_filter("_defined", |state: &mut State<'_, '_>, value: &Value| {
        defined(state, value)?;
        charge(state, 0).map(|()| value.clone())
    });
    environment.add_filter("_weighed", |state: &mut State<'_, '_>, value: &Value| {
        weigh(state, value).map(|()| value.clone())
    });
    environment.add_filter("_number", number);
    environment.add_filter("_factor", |state: &mut State<'_, '_>, value: &Value| {
        match value.kind() {
            ValueKind::String | ValueKind::Seq | ValueKind::Iterable => {
                Err(misfit("`*` is for numbers only"))
            }
            _ => number(state, value),
        }
    });
    environment.add_filter("_text", |state: &mut State<'_, '_>, value: &Value| {
        weigh(state, value)?;
        Ok::<_, Error>(Value::from(data::text(value)))
    });
    environment.add_filter("_members", |state: &mut State<'_, '_>, value: &Value| {
        weigh(state, value)?;
        Ok::<_, Error>(members(value))
    });
    environment.add_filter("_slice", slice);
    environment.add_filter("_bounded", |state: &mut State<'_, '_>, value: &Value| {
        let nodes_max = bytes_left(state) / NODE_BYTES + 1;
        let mut nodes = nodes_max;
        let bounded = is_bounded(value, BUILT_LEVELS_MAX, &mut nodes);
        charge(state, (nodes_max - nodes) * NODE_BYTES)?;
        if bounded { Ok(value.clone()) } else { Err(stop(Limit::Depth { max: BUILT_LEVELS_MAX })) }
    });
    environment.add_filter("_scalar", |value: &Value| match value.kind() {
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => {
            Err(misfit("a namespace keeps texts, numbers and truth values only"))
        }
        _ => Ok(value.clone()),
    });
}

/// An operand; a missing one is left to the operator, whose error names it.
fn number(state: &mut State<'_, '_>, value: &Value) -> Result<Value, Error> {
    if matches!(
        value.kind(),
        ValueKind::String | ValueKind::Seq | ValueKind::Iterable | ValueKind::Map
    ) {
        weigh(state, value)?;
    }
    Ok(data::numeric(value))
}

/// What `in` looks through.
pub(crate) fn members(value: &Value) -> Value {
    match (value.kind(), value.try_iter()) {
        (ValueKind::Seq | ValueKind::Iterable, Ok(items)) => {
            items.map(|it| data::numeric(&it)).collect()
        }
        _ => value.clone(),
    }
}

/// `x[from:to]` of a text or a list; negative numbers count from the end.
fn slice(
    state: &mut State<'_, '_>,
    value: &Value,
    from: Option<i64>,
    to: Option<i64>,
) -> Result<Value, Error> {
    weigh(state, value)?;
    let length = value.len().ok_or_else(|| misfit("`[from:to]` is for texts and lists"))?;
    let place = |it: i64| {
        let distance = usize::try_from(it.unsigned_abs()).unwrap_or(usize::MAX);
        if it < 0 { length.saturating_sub(distance) } else { distance.min(length) }
    };
    let (from, to) = (from.map_or(0, place), to.map_or(length, place));
    let n = to.saturating_sub(from);
    match value.as_str() {
        Some(text) => Ok(Value::from(text.chars().skip(from).take(n).collect::<String>())),
        None => Ok(value.try_iter()?.skip(from).take(n).collect()),
    }
}

/// Takes one of `nodes` for each value in it.
fn is_bounded(value: &Value, levels: usize, nodes: &mut usize) -> bool {
    *nodes = nodes.saturating_sub(1);
    let is_map = value.kind() == ValueKind::Map;
    if !is_map && !matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
        return true;
    }
    let mut items = value.try_iter().into_iter().flatten();
    levels > 0
        && items.all(|it| {
            let it = if is_map { value.get_item(&it).unwrap_or_default() } else { it };
            *nodes > 0 && is_bounded(&it, levels - 1, nodes)
        })
}
