//! The client against peers on loopback, most of them bad ones.

#![expect(clippy::unwrap_used, reason = "clippy takes the helpers of the tests for no tests")]

mod bodies;
mod egress;
mod failures;
mod identity;
mod proxies;
mod redirects;
mod streams;
mod support;
mod tls;
mod tokens;
