//! Style sheets: rules, selectors, pages, faces.

mod conditions;
mod declarations;
mod faces;
mod layers;
mod matching;
mod nesting;
mod page_rules;
mod selectors;
mod sheets;
mod simple;
mod tokens;

pub(crate) use self::{
    declarations::{Block, Declaration},
    matching::Matcher,
    page_rules::{Along, MarginBox, PageRule, PageSide},
    selectors::Part,
    sheets::{Rule, Sheets},
    tokens::{Token, Value, show, split_commas, trimmed, values, words},
};
