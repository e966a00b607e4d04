//! Logging in: PLAIN (RFC 4616), LOGIN, XOAUTH2 and OAUTHBEARER (RFC 7628).

use base64::{Engine as _, prelude::BASE64_STANDARD};
use common::Secret;

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

/// Logs in by the best of the `offered` mechanisms.
pub(crate) async fn log_in(
    wire: &mut Wire,
    offered: &[String],
    credentials: &Credentials,
    host: &str,
) -> Result<(), Trouble> {
    let offers = |name: &str| offered.iter().any(|it| it.eq_ignore_ascii_case(name));
    let reply = match credentials {
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
        Credentials::Token { username, token } if offers("XOAUTH2") => {
            let text = format!("user={username}\x01auth=Bearer {}\x01\x01", token.reveal());
            with_token(wire, &format!("AUTH XOAUTH2 {}", encode(&text)), "").await?
        }
        Credentials::Token { username, token } if offers("OAUTHBEARER") => {
            let token = token.reveal();
            let text = format!("n,a={username},\x01host={host}\x01auth=Bearer {token}\x01\x01");
            with_token(wire, &format!("AUTH OAUTHBEARER {}", encode(&text)), "AQ==").await?
        }
        Credentials::Password { .. } => return Err(lacking("PLAIN or LOGIN", offered)),
        Credentials::Token { .. } => return Err(lacking("XOAUTH2 or OAUTHBEARER", offered)),
    };
    if reply.code == 235 { Ok(()) } else { Err(refused(reply)) }
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
