//! The input `paging`: calls page after page, and puts their items together as one list or into one file.

mod input;
mod list;
mod page;

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use common::Failure;
use files::{File, NewFile};
use serde_json::Value;

use crate::{
    download,
    error::{self, ErrorCode},
    onward::{Onward, paging_error},
    outcome,
    response::{Answer, Reading},
};

pub(crate) use input::Paging;
use input::{Limit, Place};
use page::{Next, Page};

/// The pages, one after the other.
struct Pages<'a, 'b> {
    onward: Onward<'a>,
    paging: &'b Paging,
    goal: Goal,
    collected: Collected,
    warned: HashSet<String>,
    /// The answer of the page before.
    last: Option<Answer>,
    is_done: bool,
}

/// Where the items go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    /// Into the result: all pages together have to fit into memory.
    Result,
    /// Into a file, page by page.
    File,
}

/// What is known of the pages so far.
#[derive(Default)]
struct Collected {
    n_items: usize,
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

/// What the pages have come to.
pub(crate) struct Paged {
    /// The last answer.
    pub(crate) answer: Answer,
    /// The items of all, or null where they are a file.
    pub(crate) reading: Reading,
    pub(crate) n_pages: u32,
    pub(crate) file: Option<File>,
}

/// Calls all pages, for a list of the items of all.
///
/// # Errors
/// Those of a call, `PAGING_ERROR` where the pages do not end as they should, `RESPONSE_TOO_LARGE` for all together.
pub(crate) async fn collect(onward: Onward<'_>, paging: &Paging) -> Result<Paged, Failure> {
    let mut pages = Pages::new(onward, paging, Goal::Result);
    let mut all = Vec::new();
    while let Some(items) = pages.next().await? {
        all.extend(items);
    }
    pages.end(Value::Array(all), None)
}

/// Calls all pages, for a file with the items of all; no more than one page is in memory.
///
/// # Errors
/// Those of [`collect`], and those of the store; nothing is left of the file then.
pub(crate) async fn save(
    onward: Onward<'_>,
    paging: &Paging,
    file_name: Option<&str>,
) -> Result<Paged, Failure> {
    let store = onward.rest.files.clone();
    let (new, format) = list::new_file(file_name, &onward.request.url);
    let new = NewFile { inline_max: download::inline_max(onward.rest), ..new };
    let mut pages = Pages::new(onward, paging, Goal::File);
    let saved = store.save(new, list::content(&mut pages, format)).await;
    match saved {
        Ok(file) => pages.end(Value::Null, Some(file)),
        Err(list::Unfinished::Call(failure)) => Err(failure),
        Err(list::Unfinished::Store(error)) => Err(match &pages.last {
            Some(answer) => outcome::of_unsaved(&pages.onward.request, answer, &error),
            None => error.failure("fileName"),
        }),
    }
}

impl<'a, 'b> Pages<'a, 'b> {
    fn new(onward: Onward<'a>, paging: &'b Paging, goal: Goal) -> Self {
        let collected = Collected::default();
        Self { onward, paging, goal, collected, warned: HashSet::new(), last: None, is_done: false }
    }

    /// The items of the next page; `None` behind the last one.
    async fn next(&mut self) -> Result<Option<Vec<Value>>, Failure> {
        if self.is_done {
            return Ok(None);
        }
        if let (None, Some(start)) = (&self.last, self.paging.start()) {
            set(&mut self.onward, self.paging, &start)?;
        }
        let called = self.onward.call().await;
        let (answer, reading) = called.map_err(|failure| self.onward.sealed(failure))?;
        if let Some(warning) = reading.warning.filter(|it| self.warned.insert(it.clone())) {
            self.onward.rest.warn(warning);
        }
        let mut page = self.paging.read(&answer, reading.result, &self.collected).await?;
        let step = self.collected.add(&mut page, &answer, &self.onward, self.paging, self.goal)?;
        match page.next {
            _ if step == Step::Enough => self.is_done = true,
            Next::Nowhere => (),
            Next::Link(link) => self.onward.follow(&link, &answer, self.paging.hosts)?,
            Next::Parameter(value) => set(&mut self.onward, self.paging, &value)?,
        }
        self.last = Some(answer);
        Ok(Some(page.items))
    }

    fn end(self, result: Value, file: Option<File>) -> Result<Paged, Failure> {
        let answer = self.last.ok_or_else(|| error::unknown("no page was called"))?;
        let reading = Reading { result, warning: None };
        Ok(Paged { answer, reading, n_pages: self.collected.n_pages, file })
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
        page: &mut Page,
        answer: &Answer,
        onward: &Onward,
        paging: &Paging,
        goal: Goal,
    ) -> Result<Step, Failure> {
        let request = &onward.request;
        self.n_pages += 1;
        self.n_bytes += answer.body.len();
        let own = onward.input.terms.response_bytes_max;
        let n_bytes_max = own.unwrap_or(onward.rest.response_bytes_max);
        if goal == Goal::Result && self.n_bytes > n_bytes_max {
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
        let n_before = self.n_items;
        self.n_items += page.items.len();
        let n_items_max = paging.max_items.value();
        if self.n_items > n_items_max {
            if let Limit::Usual(_) = paging.max_items {
                let text =
                    format!("there are more than {n_items_max} items; `maxItems` allows more");
                return Err(paging_error(request, &text));
            }
            page.items.truncate(n_items_max - n_before);
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
        if !self.places.insert(page.next.clone()) {
            let text = format!("page {} leads back to one that came before", self.n_pages);
            return Err(paging_error(request, &text));
        }
        Ok(Step::On)
    }
}
