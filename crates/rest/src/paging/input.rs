//! `paging` as the task writes it.

use std::fmt::Display;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use crate::{expression::Expression, input::object_or, onward::Hosts};

/// How many pages there may be where the task says nothing, and at all.
const PAGES: (usize, usize) = (100, 10_000);
/// How many items there may be where the task says nothing, and at all.
const ITEMS: (usize, usize) = (10_000, 1_000_000);

/// How to get from page to page.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(with = "Value")]
pub(crate) struct Paging {
    pub(super) strategy: Strategy,
    /// The list in a page; without it the page itself.
    pub(super) items: Option<Expression>,
    pub(super) max_pages: Limit,
    pub(super) max_items: Limit,
    pub(super) hosts: Hosts,
}

/// What leads to the next page.
#[derive(Clone, Debug)]
pub(super) enum Strategy {
    /// A link in the answer.
    Next(Expression),
    /// The header `Link` (RFC 8288).
    Link,
    /// A value in the answer that is sent as a parameter.
    Cursor { cursor: Expression, parameter: String, place: Place },
    /// The number of the page as a parameter.
    Page { parameter: String, place: Place, start: u64, full: Option<usize> },
    /// The number of items before the page as a parameter.
    Offset { parameter: String, place: Place, start: u64, full: Option<usize> },
}

/// Where a parameter goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Place {
    #[default]
    Query,
    Body,
}

/// A limit that was set by the task ends the pages; the usual one is there for those that never end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    Usual(usize),
    OfTheTask(usize),
}

/// As it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    next: Option<String>,
    cursor: Option<Expression>,
    parameter: Option<String>,
    page: Option<String>,
    offset: Option<String>,
    start: Option<u64>,
    size: Option<usize>,
    limit: Option<usize>,
    r#in: Option<Place>,
    items: Option<Expression>,
    max_pages: Option<usize>,
    max_items: Option<usize>,
    same_host: Option<bool>,
}

impl Limit {
    pub(super) fn value(self) -> usize {
        match self {
            Self::Usual(value) | Self::OfTheTask(value) => value,
        }
    }

    fn of(
        name: impl Display,
        given: Option<usize>,
        (usual, most): (usize, usize),
    ) -> Result<Self, String> {
        match given {
            None => Ok(Self::Usual(usual)),
            Some(value) if (1..=most).contains(&value) => Ok(Self::OfTheTask(value)),
            Some(_) => Err(format!("`{name}` is between 1 and {most}")),
        }
    }
}

impl Paging {
    /// What the parameter says on the first page.
    pub(super) fn start(&self) -> Option<String> {
        match &self.strategy {
            Strategy::Page { start, .. } | Strategy::Offset { start, .. } => {
                Some(start.to_string())
            }
            Strategy::Next(_) | Strategy::Link | Strategy::Cursor { .. } => None,
        }
    }

    pub(super) fn parameter(&self) -> Option<(&str, Place)> {
        match &self.strategy {
            Strategy::Cursor { parameter, place, .. }
            | Strategy::Page { parameter, place, .. }
            | Strategy::Offset { parameter, place, .. } => Some((parameter, *place)),
            Strategy::Next(_) | Strategy::Link => None,
        }
    }

    /// Whether the pages are counted here, so that only their items tell when they end.
    pub(super) fn counts(&self) -> bool {
        self.start().is_some()
    }
}

impl Written {
    fn paging(self) -> Result<Paging, String> {
        let full = match (self.size, self.limit) {
            (Some(0), _) | (_, Some(0)) => return Err("a full page has items".to_owned()),
            (size, limit) => size.or(limit),
        };
        let place = self.r#in.unwrap_or_default();
        let is_counting = self.page.is_some() || self.offset.is_some();
        if !is_counting && (self.start.is_some() || full.is_some()) {
            return Err("`start`, `size` and `limit` belong to `page` or `offset`".to_owned());
        }
        if self.cursor.is_none() && self.parameter.is_some() {
            return Err("`parameter` belongs to `cursor`".to_owned());
        }
        if self.next.is_some() && self.r#in.is_some() {
            return Err("`in` does not belong to `next`".to_owned());
        }
        let strategy = match (self.next, self.cursor, self.page, self.offset) {
            (Some(next), None, None, None) if next.trim() == "link" => Strategy::Link,
            (Some(next), None, None, None) => Strategy::Next(next.try_into()?),
            (None, Some(cursor), None, None) => {
                let parameter = self.parameter.filter(|it| !it.is_empty());
                let parameter = parameter.ok_or("`cursor` needs `parameter`")?;
                Strategy::Cursor { cursor, parameter, place }
            }
            (None, None, Some(parameter), None) if !parameter.is_empty() => {
                Strategy::Page { parameter, place, start: self.start.unwrap_or(1), full }
            }
            (None, None, None, Some(parameter)) if !parameter.is_empty() => {
                Strategy::Offset { parameter, place, start: self.start.unwrap_or(0), full }
            }
            _ => return Err("one of `next`, `cursor`, `page` and `offset` is needed".to_owned()),
        };
        Ok(Paging {
            strategy,
            items: self.items,
            max_pages: Limit::of("maxPages", self.max_pages, PAGES)?,
            max_items: Limit::of("maxItems", self.max_items, ITEMS)?,
            hosts: match self.same_host {
                Some(false) => Hosts::Any,
                Some(true) | None => Hosts::Same,
            },
        })
    }
}

impl<'de> Deserialize<'de> for Paging {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = object_or(Value::deserialize(deserializer)?);
        if !value.is_object() {
            return Err(D::Error::custom("an object is wanted, e.g. `{\"next\": \"$.next\"}`"));
        }
        let written: Written = serde_json::from_value(value).map_err(D::Error::custom)?;
        written.paging().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(paging: &Value, expected: &str) {
        let told = Paging::deserialize(paging).unwrap_err().to_string();
        assert!(told.starts_with(expected), "{paging}: {told}");
    }

    #[test]
    fn what_is_no_way_through_pages_is_refused() {
        refused(&json!("$.next"), "an object is wanted");
        refused(&json!([]), "an object is wanted");
        let one = "one of `next`, `cursor`, `page` and `offset` is needed";
        refused(&json!({}), one);
        refused(&json!({"next": "$.a", "page": "p"}), one);
        refused(&json!({"page": ""}), one);
        refused(&json!({"next": "a.b"}), "`a.b` is neither a JSONPath");
        refused(&json!({"cursor": "$.c"}), "`cursor` needs `parameter`");
        refused(&json!({"page": "p", "parameter": "c"}), "`parameter` belongs to `cursor`");
        refused(&json!({"next": "$.a", "size": 1}), "`start`, `size` and `limit` belong to");
        refused(&json!({"next": "$.a", "in": "body"}), "`in` does not belong to `next`");
        refused(&json!({"page": "p", "size": 0}), "a full page has items");
        refused(&json!({"page": "p", "in": "header"}), "unknown variant `header`");
        refused(&json!({"page": "p", "start": -1}), "invalid number");
        refused(&json!({"next": "link", "maxPages": 0}), "`maxPages` is between 1 and 10000");
        refused(&json!({"next": "link", "maxItems": 1_000_001}), "`maxItems` is between 1 and");
        refused(&json!({"next": "link", "nexxt": 1}), "unknown field `nexxt`");
    }

    #[test]
    fn usual_limits_are_told_from_those_of_the_task() {
        let paging: Paging =
            serde_json::from_value(json!(r#"{"next": "link", "maxItems": 100}"#)).unwrap();
        assert_eq!(paging.max_pages, Limit::Usual(100));
        assert_eq!(paging.max_items, Limit::OfTheTask(100));
        assert_eq!(paging.hosts, Hosts::Same);
    }
}
