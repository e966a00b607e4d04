//! What the profile does not know, told once per kind.

use std::{
    cell::RefCell,
    collections::HashSet,
    fmt::{self, Display},
};

/// So many are told; nobody reads more.
const TOLD_MAX: usize = 100;

/// Where something stands in its file; both count from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: u32,
    /// 0 where it is not known.
    pub(crate) column: u32,
}

impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { line: 0, .. } => Ok(()),
            Self { line, column: 0 } => write!(f, " (line {line})"),
            Self { line, column } => write!(f, " (line {line}, column {column})"),
        }
    }
}

/// Collects warnings.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    seen: RefCell<HashSet<String>>,
    told: RefCell<Vec<String>>,
}

impl Warnings {
    /// Tells `text`, unless it has been told already for another place.
    pub(crate) fn add(&self, text: impl Into<String>, place: Place) {
        let text = text.into();
        let mut told = self.told.borrow_mut();
        if told.len() > TOLD_MAX || self.seen.borrow().contains(&text) {
            return;
        }
        if told.len() == TOLD_MAX {
            told.push(format!("more than {TOLD_MAX} warnings, the rest is left out"));
            return;
        }
        told.push(format!("{text}{place}"));
        self.seen.borrow_mut().insert(text);
    }

    pub(crate) fn take(&self) -> Vec<String> {
        self.told.take()
    }
}

/// Not longer than anybody reads.
pub(crate) fn shown(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 80;
    if text.get(..5).is_some_and(|it| it.eq_ignore_ascii_case("data:")) {
        return "data:…".to_owned();
    }
    let mut chars = text.chars();
    let start: String = chars.by_ref().take(SHOWN_CHARS_MAX).collect();
    if chars.next().is_some() { start + "…" } else { start }
}
