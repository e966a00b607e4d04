//! HTTP to the outside: the one client that every connector calls other systems with.
//!
//! * **Settings** that all of it has in common are a group that a connector flattens into its own ([`Config`]).
//! * **Egress.** Where a call may go is judged on the address that is connected to, not on the name in the URL, on the first request and on every redirect ([`Egress`]).
//! * **Time.** A call has one time limit for everything, the reading of the response included, and one for connecting (name, TCP, proxy, TLS).
//! * **Size.** A body is read up to a limit that counts decompressed bytes, whole ([`read_at_most`]) or as it comes ([`Response::chunks`]); what is sent can come from a stream that is opened anew for each time ([`Body::Stream`]).
//! * **Redirects** are followed here, so that credentials stay at the origin that they were meant for ([`Redirects`]).
//! * **Proxies** are those that the settings name ([`Proxies`]); this crate reads no environment variable itself.
//! * **TLS** trusts the system's certificates (`SSL_CERT_FILE` and `SSL_CERT_DIR` are obeyed) and, where the system has none, those of Mozilla that are built in.
//! * **Identities.** A client certificate and an own CA make a client of their own, which is kept ([`Outbound::with_identity`]).
//! * **Tokens** of OAuth 2.0 are fetched once for all who need them ([`Tokens`]).
//! * **Failures** have one type, which tells whether the peer may have acted on the request ([`OutboundError::may_have_happened`]).

mod assertion;
mod body;
mod causes;
mod client;
mod config;
mod connect;
mod egress;
mod error;
mod fingerprint;
mod grant;
mod hosts;
mod identity;
mod pem;
mod proxy;
mod read;
mod redirect;
mod reserved;
mod tls;
mod token_answer;
mod token_slots;
mod tokens;

pub use assertion::Assertion;
pub use body::{Body, Opened, Source, SourceError};
pub use causes::{cause, causes};
pub use client::{Outbound, Redirects, Request, Response, Settings};
pub use config::{Config, unusable};
pub use egress::{Denied, EGRESS_DENY_DEFAULT, Egress, EgressSettings};
pub use error::{ErrorKind, OutboundError, shown};
pub use grant::{ClientAuth, Grant, TokenRequest};
pub use identity::TlsIdentity;
pub use proxy::{Proxies, ProxySettings};
pub use read::read_at_most;
pub use tls::tls_config;
pub use token_answer::{TokenError, TokenErrorKind};
pub use tokens::{Token, Tokens};

/// What is wrong with a setting: its name and a text that tells why.
pub type Problem = (&'static str, String);
