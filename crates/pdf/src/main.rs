//! Makes documents: PDF from Typst, HTML and Markdown templates.

mod arena;
mod bundle;
mod check;
mod client;
mod config;
mod engine;
mod error;
mod generate;
mod gotenberg;
mod html;
mod input;
mod invoice;
mod markdown;
mod markup;
mod page;
mod prelude;
mod resources;
mod template;
mod worker;

use std::process::ExitCode;

use common::Connector;

use crate::{client::Pdf, error::ErrorCode};

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|it| it == worker::ARGUMENT) {
        return worker::main();
    }
    connector().main()
}

/// The definition, and the function behind each of its names.
fn connector() -> Connector<Pdf> {
    Connector::new(include_str!("../../../definitions/pdf-connector.json"), Pdf::connect)
        .action("GENERATE", generate::run)
        .command(check::command(), check::execute)
        .arena_command("pdf/CreatePDF", arena::create)
        .errors::<ErrorCode>()
        .error_output("docgen.error")
}

#[test]
fn definition_and_code_agree() {
    assert_eq!(connector().drift(), [""; 0]);
}
