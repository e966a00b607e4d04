//! Fakes of the systems outside, and what speaks to the real ones.

mod http_server;
mod imap;

pub(crate) use self::{
    http_server::{Peer, Reply},
    imap::mails,
};
