//! What templates can do with lists and maps, and what they can ask.

use std::{cmp::Ordering, iter};

use minijinja::{
    Environment, Error, State, Value, filters, functions, tests,
    value::{Kwargs, Rest, ValueKind},
};

use crate::{
    data,
    error::Limit,
    format,
    guard::{charge, members, misfit, stop, weigh},
};

pub(crate) fn add_to(environment: &mut Environment<'_>) {
    parts(environment);
    choices(environment);
    questions(environment);
    environment.add_function("namespace", functions::namespace);
    environment.add_function("range", |state: &State<'_, '_>, bounds: Rest<i64>| {
        range(&bounds, state.env().fuel().unwrap_or(u64::MAX))
    });
}

fn parts(environment: &mut Environment<'_>) {
    for name in ["count", "length"] {
        environment.add_filter(name, filters::length);
    }
    for name in ["d", "default"] {
        environment.add_filter(name, |value: &Value, other: Option<Value>| {
            if is_there(value) { value.clone() } else { other.unwrap_or_else(|| Value::from("")) }
        });
    }
    environment.add_filter("attr", |value: &Value, name: &str| value.get_attr(name));
    environment.add_filter("bool", Value::is_true);
    environment.add_filter("exists", is_there);
    environment.add_filter("first", filters::first);
    environment
        .add_filter("has_content", |value: &Value| is_there(value) && value.len() != Some(0));
    environment.add_filter("items", |map: &Value| {
        let pair =
            |name: Value| Value::from(vec![name.clone(), map.get_item(&name).unwrap_or_default()]);
        match map.kind() {
            ValueKind::Map => Ok(map.try_iter()?.map(pair).collect::<Value>()),
            _ => Err(misfit("`items` needs a map")),
        }
    });
    environment.add_filter("last", filters::last);
    environment.add_filter("list", filters::list);
    environment
        .add_filter("member", |value: &Value, name: &str| value.get_attr(name).unwrap_or_default());
    environment.add_filter("reverse", |value: &Value| match value.as_str() {
        Some(text) => Ok(Value::from(text.chars().rev().collect::<String>())),
        None => value.try_iter().map(|it| it.collect::<Vec<_>>().into_iter().rev().collect()),
    });
    environment.add_filter("sequence", |value: &Value| match value.as_str() {
        Some("") => Value::from(Vec::<Value>::new()),
        _ => value.clone(),
    });
}

fn choices(environment: &mut Environment<'_>) {
    environment.add_filter(
        "batch",
        |state: &mut State<'_, '_>, list: Value, n: usize, fill: Option<Value>| {
            charge(state, n.saturating_mul(32))?;
            filters::batch(state, list, n, fill)
        },
    );
    environment.add_filter("dictsort", filters::dictsort);
    environment.add_filter("groupby", filters::groupby);
    environment.add_filter(
        "join",
        |state: &mut State<'_, '_>, list: &Value, between: Option<&str>, options: Kwargs| {
            let attribute = options.get("attribute")?;
            options.assert_all_used()?;
            join(state, list, between.unwrap_or_default(), attribute)
        },
    );
    environment.add_filter("map", filters::map);
    environment.add_filter("max", |list: &Value, attribute: Option<&str>| {
        sorted(list, attribute).map(|it| it.last().cloned().unwrap_or_default())
    });
    environment.add_filter("min", |list: &Value, attribute: Option<&str>| {
        sorted(list, attribute).map(|it| it.first().cloned().unwrap_or_default())
    });
    environment.add_filter("reject", filters::reject);
    environment.add_filter("rejectattr", filters::rejectattr);
    environment.add_filter("select", filters::select);
    environment.add_filter("selectattr", filters::selectattr);
    environment.add_filter("sort", |list: &Value, options: Kwargs| {
        let reverse: Option<bool> = options.get("reverse")?;
        let mut sorted = sorted(list, options.get("attribute")?)?;
        options.assert_all_used()?;
        if reverse == Some(true) {
            sorted.reverse();
        }
        Ok::<_, Error>(sorted)
    });
    environment
        .add_filter("sort_by", |list: &Value, attribute: &str| sorted(list, Some(attribute)));
    environment.add_filter("sum", |list: &Value, attribute: Option<&str>, options: Kwargs| {
        let attribute = attribute.or(options.get("attribute")?);
        options.assert_all_used()?;
        let digits =
            |it| data::digits(&path(it, attribute)?).ok_or_else(|| misfit("`sum` needs numbers"));
        let addends = list.try_iter()?.map(digits).collect::<Result<Vec<_>, Error>>()?;
        let sum = format::sum(addends.into_iter())
            .ok_or_else(|| misfit("`sum`: the numbers are too large"))?;
        Ok(data::number(&sum))
    });
    environment.add_filter("unique", filters::unique);
}

type Holds = fn(Ordering) -> bool;

fn questions(environment: &mut Environment<'_>) {
    environment.add_test("boolean", tests::is_boolean);
    environment.add_test("defined", tests::is_defined);
    environment.add_test("divisibleby", |value: i128, by: i128| value.checked_rem(by) == Some(0));
    environment.add_test("endingwith", tests::is_endingwith);
    environment.add_test("even", tests::is_even);
    environment.add_test("false", tests::is_false);
    environment.add_test("in", |state: &mut State<'_, '_>, value: &Value, list: &Value| {
        weigh(state, value)?;
        weigh(state, list)?;
        tests::is_in(state, &data::numeric(value), &members(list))
    });
    for name in ["int", "integer"] {
        environment.add_test(name, tests::is_integer);
    }
    environment.add_test("iterable", tests::is_iterable);
    environment.add_test("mapping", tests::is_mapping);
    environment.add_test("none", tests::is_none);
    environment.add_test("number", |value: &Value| data::digits(value).is_some());
    environment.add_test("odd", tests::is_odd);
    environment.add_test("sequence", tests::is_sequence);
    environment.add_test("startingwith", tests::is_startingwith);
    environment.add_test("string", tests::is_string);
    environment.add_test("true", tests::is_true);
    environment.add_test("undefined", tests::is_undefined);
    let comparisons: [([&str; 3], Holds); 6] = [
        (["eq", "equalto", "=="], Ordering::is_eq),
        (["ne", "notequalto", "!="], Ordering::is_ne),
        (["lt", "lessthan", "<"], Ordering::is_lt),
        (["le", "lessequal", "<="], Ordering::is_le),
        (["gt", "greaterthan", ">"], Ordering::is_gt),
        (["ge", "greaterequal", ">="], Ordering::is_ge),
    ];
    for (names, holds) in comparisons {
        for name in names {
            environment.add_test(name, move |state: &mut State<'_, '_>, a: &Value, b: &Value| {
                weigh(state, a)?;
                Ok::<_, Error>(holds(data::numeric(a).cmp(&data::numeric(b))))
            });
        }
    }
}

/// Neither missing nor null.
fn is_there(value: &Value) -> bool {
    !matches!(value.kind(), ValueKind::Undefined | ValueKind::None)
}

fn join(
    state: &mut State<'_, '_>,
    list: &Value,
    between: &str,
    attribute: Option<&str>,
) -> Result<String, Error> {
    let mut joined = String::new();
    for (index, item) in list.try_iter()?.enumerate() {
        let item = path(item, attribute)?;
        weigh(state, &item)?;
        charge(state, between.len())?;
        joined += if index > 0 { between } else { "" };
        joined += &data::text(&item);
    }
    Ok(joined)
}

fn path(item: Value, attribute: Option<&str>) -> Result<Value, Error> {
    let mut names = attribute.into_iter().flat_map(|it| it.split('.'));
    names.try_fold(item, |it, name| it.get_attr(name))
}

/// By number, or by text whatever its case; a total order, as sorting demands.
fn sorted(list: &Value, attribute: Option<&str>) -> Result<Vec<Value>, Error> {
    let key = |item: Value| {
        let key = path(item.clone(), attribute)?;
        let number = f64::try_from(data::numeric(&key)).unwrap_or(f64::NAN);
        let whole = i128::try_from(key.clone()).unwrap_or_default();
        Ok((number, whole, data::text(&key).to_lowercase(), item))
    };
    let mut keyed = list.try_iter()?.map(key).collect::<Result<Vec<_>, Error>>()?;
    keyed.sort_by(|a, b| {
        let texts = || if a.0.is_nan() { a.2.cmp(&b.2) } else { Ordering::Equal };
        a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)).then_with(texts)
    });
    Ok(keyed.into_iter().map(|(.., item)| item).collect())
}

/// `range(3)`, `range(1, 4)`, `range(10, 0, -2)`, with no more numbers than there are steps.
fn range(bounds: &[i64], max: u64) -> Result<Value, Error> {
    let (from, to, step) = match *bounds {
        [to] => (0, to, 1),
        [from, to] => (from, to, 1),
        [from, to, step] if step != 0 => (from, to, step),
        _ => return Err(misfit("`range` needs `range(3)`, `range(1, 4)` or `range(10, 0, -2)`")),
    };
    let length = (i128::from(to) - i128::from(from)) / i128::from(step);
    if length > i128::from(max) {
        return Err(stop(Limit::Fuel { max }));
    }
    let ahead = move |it: &i64| if step > 0 { *it < to } else { *it > to };
    let numbers = move || {
        iter::successors(Some(from).filter(ahead), move |it| it.checked_add(step).filter(ahead))
    };
    Ok(Value::make_iterable(numbers))
}
