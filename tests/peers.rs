//! Fakes of the systems outside.

mod http_server;

pub(crate) use self::http_server::{Peer, Reply};
