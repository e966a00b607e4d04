//! Calls HTTP services: the eight methods as actions.

mod address;
mod arena;
mod auth;
mod auth_digest;
mod auth_failure;
mod auth_oauth;
mod auth_send;
mod auth_sigv4;
mod body;
mod breaker;
mod check;
mod client;
mod condition;
mod config;
mod connections;
mod content;
mod disposition;
mod download;
mod error;
mod expression;
mod fields;
mod flow;
mod import;
mod input;
mod link;
mod mapping;
mod mask;
mod media;
mod methods;
mod multipart;
mod names;
mod onward;
mod operation;
mod outcome;
mod paging;
mod placeholders;
mod polling;
mod rate;
mod request;
mod resource;
mod response;
mod sandbox;
mod served;
mod statuses;
mod terms;
mod xml;

use std::process::ExitCode;

use common::Connector;

use crate::{client::Rest, error::ErrorCode};

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|it| it == sandbox::ARGUMENT) {
        return sandbox::main();
    }
    connector().main()
}

/// The definition, and the function behind each of its names.
fn connector() -> Connector<Rest> {
    let connector =
        Connector::new(include_str!("../../../definitions/rest-connector.json"), Rest::connect)
            .action("GET", methods::get)
            .action("HEAD", methods::head)
            .action("POST", methods::post)
            .action("PUT", methods::put)
            .action("PATCH", methods::patch)
            .action("DELETE", methods::delete)
            .action("OPTIONS", methods::options)
            .action("TRACE", methods::trace)
            .command(check::command(), check::execute)
            .command(import::command(), import::execute)
            .served(served::operation, served::run)
            .errors::<ErrorCode>()
            .error_output("restError");
    arena::add_to(connector)
}

#[test]
fn definition_and_code_agree() {
    assert_eq!(connector().drift(), [""; 0]);
}
