//! Activiti's typed variables: `{"type": "integer", "value": "42"}` and back (activiti-cloud.md §2.6).
//!
//! Lenient in: whatever a runtime bundle or a Java connector of any generation writes can be read.
//! Strict out: one entry that the bundle cannot read, or a text with `${…}`, loses the whole answer
//! and leaves the process waiting for ever (§2.6 rule 4, §3.3).

mod decode;
mod encode;
mod entry;
mod expressions;
mod number;

#[cfg(test)]
mod bundle;
#[cfg(test)]
mod tests;

pub(crate) use encode::Typed;
pub(crate) use entry::Entry;
pub(crate) use expressions::{has_expression, neutralise};
