//! Sends mails: the action `SEND`.

mod address;
mod arena;
mod calendar;
mod check;
mod client;
mod compose;
mod config;
mod delivery;
mod dkim;
mod enclosures;
mod error;
mod headers;
mod input;
mod limiter;
mod message;
mod render;
mod send;
mod server;
mod servers;
mod settings;
mod smtp;

use std::process::ExitCode;

use common::Connector;

use crate::{client::Email, error::ErrorCode};

fn main() -> ExitCode {
    connector().main()
}

/// The definition, and the function behind each of its names.
fn connector() -> Connector<Email> {
    Connector::new(include_str!("../../../definitions/email-connector.json"), Email::connect)
        .action("SEND", send::run)
        .arena_command("smtp/SendEmail", arena::send_email)
        .command(check::command(), check::execute)
        .errors::<ErrorCode>()
        .error_output("email.error")
}

#[test]
fn definition_and_code_agree() {
    assert_eq!(connector().drift(), [""; 0]);
}
