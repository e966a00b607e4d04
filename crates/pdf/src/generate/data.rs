//! The data of a template.

use common::Object;
use serde_json::Value;

use crate::input::Input;

/// `metadata`, else every input that is not ours, with those of ours that are words about the document (`activiti-ootb-connectors.md` §10.2).
pub(super) fn take(input: &mut Input) -> Value {
    match input.metadata.take() {
        Some(Value::String(text)) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        Some(metadata) => metadata,
        None => all(input).into(),
    }
}

fn all(input: &mut Input) -> Object {
    let mut data = std::mem::take(&mut input.others);
    // Those are for the runner.
    data.retain(|name, _| !(name.starts_with('_') && name.ends_with('_')));
    let words = [
        ("title", input.title.clone()),
        ("author", input.author.clone()),
        ("language", input.language.clone().map(String::from)),
        ("date", input.date.clone().map(|it| it.0)),
    ];
    for (name, word) in words {
        if let Some(word) = word {
            data.insert(name.to_owned(), word.into());
        }
    }
    data
}
