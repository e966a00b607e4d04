//! Faults on order.

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fault {
    /// `{"ok": false, "error": …}`; nothing was done. A webhook answers 400 with this text.
    Error(String),
    /// This HTTP status with a page of HTML; nothing was done.
    Status(u16),
    /// This HTTP status with a page of HTML; it was done all the same.
    StatusAfter(u16),
    /// 429 with these seconds in `Retry-After`; nothing was done.
    RateLimited(u64),
    /// The connection is closed without a word; nothing was done.
    HangUp,
    /// The connection is closed without a word; it was done all the same.
    HangUpAfter,
    /// The answer comes after so many milliseconds.
    Late(u64),
    /// Status 200 and a body that is no JSON; it was done all the same.
    NoJson,
    /// Status 200 and the first half of the answer; it was done all the same.
    Cut,
}

/// A fault for the next calls of a method.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// Such as `chat.postMessage`; `upload`, `webhook`, `response`, or `*` for all.
    pub on: String,
    pub fault: Fault,
    /// Calls that pass before.
    #[serde(default)]
    pub skip: usize,
    /// Calls that are hit; 1 when absent.
    #[serde(default = "once")]
    pub times: usize,
}

impl Order {
    /// Hits the next call of `on`.
    pub fn next(on: &str, fault: Fault) -> Self {
        Self { on: on.to_owned(), fault, skip: 0, times: 1 }
    }
}

fn once() -> usize {
    1
}

/// The fault for this call: that of the first order that fits.
pub(crate) fn take(orders: &mut Vec<Order>, method: &str) -> Option<Fault> {
    let at = orders.iter_mut().position(|order| {
        let fits = order.on == "*" || order.on == method;
        let passes = fits && order.skip > 0;
        order.skip -= usize::from(passes);
        fits && !passes && order.times > 0
    })?;
    orders[at].times -= 1;
    let fault = orders[at].fault.clone();
    orders.retain(|order| order.times > 0);
    Some(fault)
}
