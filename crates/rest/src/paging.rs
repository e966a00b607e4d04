//! The input `paging`: calls page after page, and puts their items together as one list.

mod input;

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use common::Failure;
use serde_json::Value;

use crate::{
    error::{ErrorCode, invalid},
    expression::{self, Expression, Scope, Void},
    mapping::{in_words, troubled},
    onward::{Onward, paging_error},
    outcome,
    response::{Answer, Reading},
};

pub(crate) use input::Paging;
use input::{Limit, Place, Strategy};

/// What one page says.
struct Page {
    items: Vec<Value>,
    next: Next,
}

/// Where the page after this one is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Next {
    Nowhere,
    Link(String),
    Parameter(String),
}

/// The pages so far.
#[derive(Default)]
struct Collected {
    items: Vec<Value>,
    n_pages: u32,
    n_bytes: usize,
    contents: HashSet<u64>,
    places: HashSet<Next>,
}

/// Whether there may be another page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    On,
    Enough,
}

/// Calls all pages; the last answer with the items of all as its result, and how many pages there were.
///
/// # Errors
/// Those of a call, `PAGING_ERROR` where the pages do not end as they should, `RESPONSE_TOO_LARGE` for all together.
pub(crate) async fn collect(
    mut onward: Onward<'_>,
    paging: &Paging,
) -> Result<((Answer, Reading), u32), Failure> {
    if let Some(start) = paging.start() {
        set(&mut onward, paging, &start)?;
    }
    let mut collected = Collected::default();
    let mut warned = HashSet::new();
    loop {
        let called = onward.call().await;
        let (answer, reading) = called.map_err(|failure| onward.sealed(failure))?;
        if let Some(warning) = reading.warning.filter(|it| warned.insert(it.clone())) {
            onward.rest.warn(warning);
        }
        let page = paging.read(&answer, reading.result, &collected).await?;
        let next = page.next.clone();
        if collected.add(page, &answer, &onward, paging)? == Step::Enough {
            let result = Value::Array(collected.items);
            return Ok(((answer, Reading { result, warning: None }), collected.n_pages));
        }
        match next {
            Next::Nowhere => (),
            Next::Link(link) => onward.follow(&link, &answer, paging.hosts)?,
            Next::Parameter(value) => set(&mut onward, paging, &value)?,
        }
    }
}

fn set(onward: &mut Onward, paging: &Paging, value: &str) -> Result<(), Failure> {
    let Some((name, place)) = paging.parameter() else { return Ok(()) };
    match place {
        Place::Query => onward.set_parameter(name, value),
        // A number stays one in JSON.
        Place::Body => {
            let number = value.parse::<u64>().ok().filter(|_| paging.counts());
            onward.set_member(name, number.map_or_else(|| value.into(), Value::from))
        }
    }
}

impl Collected {
    /// Adds a page, within the limits.
    fn add(
        &mut self,
        page: Page,
        answer: &Answer,
        onward: &Onward,
        paging: &Paging,
    ) -> Result<Step, Failure> {
        let request = &onward.request;
        self.n_pages += 1;
        self.n_bytes += answer.body.len();
        let own = onward.input.terms.response_bytes_max;
        let n_bytes_max = own.unwrap_or(onward.rest.response_bytes_max);
        if self.n_bytes > n_bytes_max {
            let text = format!(
                "{}: {} pages have more than {n_bytes_max} bytes (setting RESPONSE_BYTES_MAX)",
                outcome::target(request),
                self.n_pages
            );
            return Err(Failure::permanent(ErrorCode::ResponseTooLarge, anyhow::anyhow!(text)));
        }
        let content = {
            let mut hasher = DefaultHasher::new();
            answer.body.hash(&mut hasher);
            hasher.finish()
        };
        if !page.items.is_empty() && !self.contents.insert(content) {
            let text = format!("page {} is one that came before", self.n_pages);
            return Err(paging_error(request, &text));
        }
        self.items.extend(page.items);
        let n_items_max = paging.max_items.value();
        if self.items.len() > n_items_max {
            if let Limit::Usual(_) = paging.max_items {
                let text =
                    format!("there are more than {n_items_max} items; `maxItems` allows more");
                return Err(paging_error(request, &text));
            }
            self.items.truncate(n_items_max);
            onward.rest.warn(format_args!("stopped after {n_items_max} items (`maxItems`)"));
            return Ok(Step::Enough);
        }
        if page.next == Next::Nowhere {
            return Ok(Step::Enough);
        }
        if self.n_pages as usize >= paging.max_pages.value() {
            let n_pages = self.n_pages;
            if let Limit::Usual(_) = paging.max_pages {
                let text = format!("there are more than {n_pages} pages; `maxPages` allows more");
                return Err(paging_error(request, &text));
            }
            onward.rest.warn(format_args!("stopped after {n_pages} pages (`maxPages`)"));
            return Ok(Step::Enough);
        }
        if !self.places.insert(page.next) {
            let text = format!("page {} leads back to one that came before", self.n_pages);
            return Err(paging_error(request, &text));
        }
        Ok(Step::On)
    }
}

impl Paging {
    /// Refuses wrong expressions before anything is called.
    pub(crate) async fn check(&self) -> Result<(), Failure> {
        let expressions: Vec<_> = self.expressions().map(|(_, it)| it).collect();
        expression::check(&expressions).await.map_err(|it| self.troubled(&it))
    }

    /// The items of a page, and where the next one is.
    async fn read(
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
            (Some(items), Some(value)) => list(items, value)?,
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
                let offset = start + (before.items.len() + items.len()) as u64;
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

fn list(items: &Expression, value: Value) -> Result<Vec<Value>, Failure> {
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
