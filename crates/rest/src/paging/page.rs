//! What one page says: its items, and where the next one is.

use common::Failure;
use serde_json::Value;

use super::{
    Collected,
    input::{Paging, Strategy},
};
use crate::{
    error::invalid,
    expression::{self, Expression, Scope, Void},
    mapping::{in_words, troubled},
    response::Answer,
};

/// What one page says.
pub(super) struct Page {
    pub(super) items: Vec<Value>,
    pub(super) next: Next,
}

/// Where the page after this one is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Next {
    Nowhere,
    Link(String),
    Parameter(String),
}

impl Paging {
    /// Refuses wrong expressions before anything is called.
    pub(crate) async fn check(&self) -> Result<(), Failure> {
        let expressions: Vec<_> = self.expressions().map(|(_, it)| it).collect();
        expression::check(&expressions).await.map_err(|it| self.troubled(&it))
    }

    /// The items of a page, and where the next one is.
    pub(super) async fn read(
        &self,
        answer: &Answer,
        result: Value,
        before: &Collected,
    ) -> Result<Page, Failure> {
        let headers = answer.header_object();
        let status = answer.status.as_u16();
        let scope = Scope { body: &result, status, headers: &headers };
        let expressions: Vec<_> = self.expressions().collect();
        let only: Vec<_> = expressions.iter().map(|(_, it)| *it).collect();
        let values = expression::evaluate(&only, &scope).await.map_err(|it| self.troubled(&it))?;
        let mut values = expressions.iter().zip(values).map(|((member, expression), value)| {
            value.map_err(|void: Void| {
                invalid(format_args!("`paging`: `{member}`: `{expression}` {}", in_words(void)))
            })
        });
        let next_value = match &self.strategy {
            Strategy::Next(_) | Strategy::Cursor { .. } => values.next().transpose()?,
            Strategy::Link | Strategy::Page { .. } | Strategy::Offset { .. } => None,
        };
        let items = match (&self.items, values.next().transpose()?) {
            (Some(items), Some(value)) => items_of(items, value)?,
            _ => match result {
                Value::Array(items) => items,
                Value::Null => Vec::new(),
                page if !self.counts() => vec![page],
                _ => return Err(invalid("`paging`: `items` has to name the list of a page")),
            },
        };
        let next = match &self.strategy {
            Strategy::Next(_) => text(next_value).map(Next::Link),
            Strategy::Cursor { .. } => text(next_value).map(Next::Parameter),
            Strategy::Link => crate::link::next(&answer.headers).map(Next::Link),
            Strategy::Page { start, full, .. } => {
                let page = start + u64::from(before.n_pages) + 1;
                goes_on(&items, *full).then(|| Next::Parameter(page.to_string()))
            }
            Strategy::Offset { start, full, .. } => {
                let offset = start + (before.n_items + items.len()) as u64;
                goes_on(&items, *full).then(|| Next::Parameter(offset.to_string()))
            }
        };
        Ok(Page { items, next: next.unwrap_or(Next::Nowhere) })
    }

    /// The expressions and the members that hold them: first the one for the next page, then `items`.
    fn expressions(&self) -> impl Iterator<Item = (&'static str, &Expression)> {
        let next = match &self.strategy {
            Strategy::Next(expression) => Some(("next", expression)),
            Strategy::Cursor { cursor, .. } => Some(("cursor", cursor)),
            Strategy::Link | Strategy::Page { .. } | Strategy::Offset { .. } => None,
        };
        next.into_iter().chain(self.items.iter().map(|it| ("items", it)))
    }

    fn troubled(&self, trouble: &expression::Trouble) -> Failure {
        let found = self.expressions().nth(trouble.index);
        let member = found.map_or("", |(member, _)| member);
        troubled(&format!("`paging`: `{member}`"), found.map(|(_, it)| it), trouble)
    }
}

/// A page of numbers is the last one when it is empty, or not full.
fn goes_on(items: &[Value], full: Option<usize>) -> bool {
    !items.is_empty() && full.is_none_or(|it| items.len() >= it)
}

fn items_of(items: &Expression, value: Value) -> Result<Vec<Value>, Failure> {
    match value {
        Value::Array(items) => Ok(items),
        Value::Null => Ok(Vec::new()),
        _ => Err(invalid(format_args!("`paging`: `items`: `{items}` is no list"))),
    }
}

/// A link or a cursor; what says that there is none gives none.
fn text(value: Option<Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text).filter(|it| !it.trim().is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
