//! Calls HTTP services: the eight methods as actions.

mod address;
mod auth;
mod body;
mod breaker;
mod client;
mod config;
mod error;
mod input;
mod mask;
mod media;
mod methods;
mod names;
mod outcome;
mod placeholders;
mod request;
mod response;

use std::process::ExitCode;

use common::Connector;

use crate::{client::Rest, error::ErrorCode};

fn main() -> ExitCode {
    connector().main()
}

/// The definition, and the function behind each of its names.
fn connector() -> Connector<Rest> {
    Connector::new(include_str!("../../../definitions/rest-connector.json"), Rest::connect)
        .action("GET", methods::get)
        .action("HEAD", methods::head)
        .action("POST", methods::post)
        .action("PUT", methods::put)
        .action("PATCH", methods::patch)
        .action("DELETE", methods::delete)
        .action("OPTIONS", methods::options)
        .action("TRACE", methods::trace)
        .errors::<ErrorCode>()
        .error_output("restError")
}

#[test]
fn definition_and_code_agree() {
    assert_eq!(connector().drift(), [""; 0]);
}
