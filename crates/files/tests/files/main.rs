//! Files read and written: in folders, in the value, over HTTP and in a real S3 server, most of them bad ones.

#![expect(clippy::unwrap_used, reason = "clippy takes the helpers of the tests for no tests")]

mod folders;
mod inline;
mod s3;
mod stores;
mod streams;
mod support;
mod web;
