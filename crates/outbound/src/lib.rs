//! HTTP to the outside: the one client that every connector calls other systems with.
//!
//! * **Egress.** Where a call may go is judged on the address that is connected to, not on the name in the URL, on the first request and on every redirect ([`Egress`]).
//! * **Time.** A call has one time limit for everything, the reading of the response included, and one for connecting (name, TCP, proxy, TLS).
//! * **Size.** A body is read up to a limit that counts decompressed bytes ([`read_at_most`]).
//! * **Redirects** are followed here, so that credentials stay at the origin that they were meant for ([`Redirects`]).
//! * **Proxies** are those that the settings name ([`Proxies`]); this crate reads no environment variable itself.
//! * **TLS** trusts the system's certificates (`SSL_CERT_FILE` and `SSL_CERT_DIR` are obeyed) and, where the system has none, those of Mozilla that are built in.
//! * **Failures** have one type, which tells whether the peer may have acted on the request ([`OutboundError::may_have_happened`]).

mod client;
mod connect;
mod egress;
mod error;
mod hosts;
mod proxy;
mod read;
mod redirect;
mod reserved;
mod tls;

pub use client::{Body, Outbound, Redirects, Request, Response, Settings};
pub use egress::{Denied, EGRESS_DENY_DEFAULT, Egress, EgressSettings};
pub use error::{ErrorKind, OutboundError, shown};
pub use proxy::{Proxies, ProxySettings};
pub use read::read_at_most;

/// What is wrong with a setting: its name and a text that tells why.
pub type Problem = (&'static str, String);
