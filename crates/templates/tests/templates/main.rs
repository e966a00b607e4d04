//! What templates give, and above all what they don't.

#![expect(clippy::doc_markdown, reason = "FreeMarker is no identifier")]
#![expect(clippy::unwrap_used, reason = "clippy takes the helpers of the tests for no tests")]

mod errors;
mod files;
mod freemarker;
mod limits;
mod properties;
mod sinks;
mod support;
mod values;
