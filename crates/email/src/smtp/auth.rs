//! Logging in: PLAIN (RFC 4616), LOGIN, CRAM-MD5 (RFC 2195), XOAUTH2 and OAUTHBEARER (RFC 7628).

use std::fmt::Write as _;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use common::Secret;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;

use crate::smtp::{
    reply::Reply,
    trouble::{Kind, Step, Trouble},
    wire::Wire,
};

/// What a server is told about who we are.
#[derive(Clone, Debug)]
pub(crate) enum Credentials {
    Password { username: String, password: Secret },
    Token { username: String, token: Secret },
}

/// What counts for the choice of a mechanism.
pub(crate) struct Peer<'a> {
    pub(crate) host: &'a str,
    pub(crate) offered: &'a [String],
    pub(crate) is_encrypted: bool,
}

/// Logs in by the best of the offered mechanisms: in clear the one that does not show the password, else those that let the
/// server keep passwords as hashes.
pub(crate) async fn log_in(
    wire: &mut Wire,
    peer: &Peer<'_>,
    credentials: &Credentials,
) -> Result<(), Trouble> {
    let Peer { host, offered, is_encrypted } = *peer;
    let offers = |name: &str| offered.iter().any(|it| it.eq_ignore_ascii_case(name));
    let reply = match credentials {
        Credentials::Password { username, password } if !is_encrypted && offers("CRAM-MD5") => {
            challenged(wire, username, password).await?
        }
        Credentials::Password { username, password } if offers("PLAIN") => {
            let response = encode(&format!("\0{username}\0{}", password.reveal()));
            command(wire, &format!("AUTH PLAIN {response}")).await?
        }
        Credentials::Password { username, password } if offers("LOGIN") => {
            let mut reply = command(wire, "AUTH LOGIN").await?;
            for answer in [username, password.reveal()] {
                if reply.code != 334 {
                    break;
                }
                reply = command(wire, &encode(answer)).await?;
            }
            reply
        }
        Credentials::Password { username, password } if offers("CRAM-MD5") => {
            challenged(wire, username, password).await?
        }
        Credentials::Token { username, token } if offers("XOAUTH2") => {
            let text = format!("user={username}\x01auth=Bearer {}\x01\x01", token.reveal());
            with_token(wire, &format!("AUTH XOAUTH2 {}", encode(&text)), "").await?
        }
        Credentials::Token { username, token } if offers("OAUTHBEARER") => {
            let token = token.reveal();
            let text = format!("n,a={username},\x01host={host}\x01auth=Bearer {token}\x01\x01");
            with_token(wire, &format!("AUTH OAUTHBEARER {}", encode(&text)), "AQ==").await?
        }
        Credentials::Password { .. } => return Err(lacking("PLAIN, LOGIN or CRAM-MD5", offered)),
        Credentials::Token { .. } => return Err(lacking("XOAUTH2 or OAUTHBEARER", offered)),
    };
    if reply.code == 235 { Ok(()) } else { Err(refused(reply)) }
}

/// CRAM-MD5.
async fn challenged(wire: &mut Wire, username: &str, password: &Secret) -> Result<Reply, Trouble> {
    let reply = command(wire, "AUTH CRAM-MD5").await?;
    if reply.code != 334 {
        return Ok(reply);
    }
    let Ok(challenge) = BASE64_STANDARD.decode(reply.text()) else { return Err(refused(reply)) };
    command(wire, &encode(&response(username, password.reveal(), &challenge))).await
}

/// RFC 2195 §2: the name, and the challenge's keyed digest.
fn response(username: &str, password: &str, challenge: &[u8]) -> String {
    let mac = Hmac::<Md5>::new_from_slice(password.as_bytes());
    let mut mac = mac.unwrap_or_else(|error| unreachable!("a key of any length: {error}"));
    mac.update(challenge);
    let mut response = format!("{username} ");
    for octet in mac.finalize().into_bytes() {
        // A `String` takes all that it is given.
        let _written = write!(response, "{octet:02x}");
    }
    response
}

/// A refused token is answered with a challenge that says why and wants to be acknowledged.
async fn with_token(wire: &mut Wire, line: &str, acknowledgement: &str) -> Result<Reply, Trouble> {
    let reply = command(wire, line).await?;
    if reply.code == 334 { command(wire, acknowledgement).await } else { Ok(reply) }
}

async fn command(wire: &mut Wire, line: &str) -> Result<Reply, Trouble> {
    wire.exchange(Step::Auth, format!("{line}\r\n").as_bytes()).await
}

fn encode(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

fn refused(reply: Reply) -> Trouble {
    // A challenge where none was expected: something that we do not speak.
    if reply.is_positive() {
        return Trouble::new(Step::Auth, Kind::Garbled(format!("`{reply}`")));
    }
    Trouble::new(Step::Auth, Kind::Refused(reply))
}

fn lacking(wanted: &str, offered: &[String]) -> Trouble {
    let text = if offered.is_empty() {
        "the server offers no login; EMAIL_SMTP_AUTH=false sends without".to_owned()
    } else {
        format!("the server offers {}, not {wanted}", offered.join(", "))
    };
    Trouble::new(Step::Auth, Kind::Lacking(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 2195 §2.
    #[test]
    fn a_challenge_is_answered_as_the_standard_shows() {
        let challenge = b"<1896.697170952@postoffice.reston.mci.net>";
        let expected = "tim b913a602c7eda7a495b4e6e7334d3890";
        assert_eq!(response("tim", "tanstaaftanstaaf", challenge), expected);
    }
}
