//! The beginning of a conversation: greeting, encryption, login.

use std::{net::IpAddr, sync::Arc, time::Duration};

use rustls::ClientConfig;

use crate::smtp::{
    auth::{self, Credentials, Peer},
    features::Features,
    session::Session,
    trouble::{Kind, Step, Trouble, expect},
    wire::{Place, Wire},
};

/// How the conversation is kept from being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// TLS from the first octet (RFC 8314).
    Implicit,
    /// `STARTTLS`, or no mail.
    Required,
    /// `STARTTLS` where the server offers it.
    Opportunistic,
    None,
}

/// How a session is begun.
pub(crate) struct Opening<'a> {
    pub(crate) place: &'a Place,
    pub(crate) encryption: Encryption,
    pub(crate) tls: &'a Arc<ClientConfig>,
    /// The name for EHLO; the address where there is none.
    pub(crate) helo: Option<&'a str>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) timeout: Duration,
}

impl Opening<'_> {
    /// Connects, encrypts and logs in.
    pub(crate) async fn session(self) -> Result<Session, Trouble> {
        let Self { place, encryption, tls, .. } = self;
        let mut wire = Wire::connect(place, self.timeout).await?;
        if encryption == Encryption::Implicit {
            wire = wire.encrypt(&place.host, tls).await?;
        }
        expect(Step::Greeting, wire.reply(Step::Greeting).await?)?;
        let literal = literal(wire.local);
        let helo = self.helo.unwrap_or(&literal);
        let mut features = greet(&mut wire, helo).await?;
        let mut is_encrypted = encryption == Encryption::Implicit;
        let wants_tls = matches!(encryption, Encryption::Required | Encryption::Opportunistic);
        if wants_tls && features.has("STARTTLS") {
            expect(Step::StartTls, wire.exchange(Step::StartTls, b"STARTTLS\r\n").await?)?;
            wire = wire.encrypt(&place.host, tls).await?;
            is_encrypted = true;
            features = greet(&mut wire, helo).await?;
        } else if encryption == Encryption::Required {
            let text = "the server offers no STARTTLS, which EMAIL_TLS requires; nothing was sent";
            return Err(Trouble::new(Step::StartTls, Kind::Lacking(text.to_owned())));
        }
        if let Some(credentials) = &self.credentials {
            if !is_encrypted && encryption != Encryption::None {
                let text = "the server offers no STARTTLS, and a password is not sent in clear unless EMAIL_TLS=none";
                return Err(Trouble::new(Step::StartTls, Kind::Lacking(text.to_owned())));
            }
            let offered = &features.mechanisms;
            let peer = Peer { host: &place.host, offered, is_encrypted };
            auth::log_in(&mut wire, &peer, credentials).await?;
        }
        Ok(Session::new(wire, features, is_encrypted))
    }
}

async fn greet(wire: &mut Wire, helo: &str) -> Result<Features, Trouble> {
    let reply = wire.exchange(Step::Ehlo, format!("EHLO {helo}\r\n").as_bytes()).await?;
    // A server from before 1995 (RFC 5321 §3.2).
    if matches!(reply.code, 500 | 502 | 504 | 550) {
        let reply = wire.exchange(Step::Ehlo, format!("HELO {helo}\r\n").as_bytes()).await?;
        expect(Step::Ehlo, reply)?;
        return Ok(Features::default());
    }
    let features = Features::of(&reply);
    expect(Step::Ehlo, reply)?;
    Ok(features)
}

/// RFC 5321 §4.1.3.
fn literal(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("[{address}]"),
        IpAddr::V6(address) => format!("[IPv6:{address}]"),
    }
}
