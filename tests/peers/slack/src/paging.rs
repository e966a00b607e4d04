//! Lists with cursors. <https://docs.slack.dev/apis/web-api/pagination>

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::{answer::Refusal, call::Args, world::Policy};

const LIMIT_MAX: u64 = 1000;
const LIMIT_DEFAULT: u64 = 100;

/// A part of a list, chosen before any filter: a page can have fewer items than were asked for, or none.
pub(crate) struct Page {
    from: usize,
    to: usize,
    total: usize,
}

impl Page {
    pub(crate) fn of(args: &Args, total: usize, policy: &Policy) -> Result<Self, Refusal> {
        let limit = args.number("limit", "invalid_limit")?.unwrap_or(LIMIT_DEFAULT);
        if limit == 0 || limit > LIMIT_MAX {
            return Err("invalid_limit".into());
        }
        let from = match args.text("cursor") {
            None => 0,
            Some(cursor) => place(&cursor).filter(|from| *from < total).ok_or("invalid_cursor")?,
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(policy.page_items_max);
        Ok(Self { from, to: (from + limit).min(total), total })
    }

    pub(crate) fn slice<'a, T>(&self, all: &'a [T]) -> &'a [T] {
        &all[self.from..self.to]
    }

    pub(crate) fn has_more(&self) -> bool {
        self.to < self.total
    }

    /// `response_metadata`; the cursor is empty on the last page.
    pub(crate) fn metadata(&self) -> Value {
        let next = self.has_more().then(|| BASE64_STANDARD.encode(format!("next:{}", self.to)));
        json!({"next_cursor": next.unwrap_or_default()})
    }
}

fn place(cursor: &str) -> Option<usize> {
    let text = String::from_utf8(BASE64_STANDARD.decode(cursor).ok()?).ok()?;
    text.strip_prefix("next:")?.parse().ok()
}
