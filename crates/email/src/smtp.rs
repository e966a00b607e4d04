//! SMTP (RFC 5321): one conversation at a time over one connection, every step under the same time limit.

pub(crate) mod auth;
pub(crate) mod features;
pub(crate) mod opening;
pub(crate) mod pool;
pub(crate) mod reply;
pub(crate) mod session;
pub(crate) mod stuffing;
pub(crate) mod trouble;
pub(crate) mod wire;
