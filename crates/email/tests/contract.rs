//! The built binary against a scripted server: what goes over the wire, and what becomes of the answers.

#![expect(clippy::unwrap_used, reason = "a test whose helpers cannot go on has failed")]

#[path = "contract/bodies.rs"]
mod bodies;
#[path = "contract/large.rs"]
mod large;
#[path = "contract/reload.rs"]
mod reload;
#[path = "contract/running.rs"]
mod running;
#[path = "contract/samples.rs"]
mod samples;
#[path = "contract/servers.rs"]
mod servers;
#[path = "contract/smtp.rs"]
mod smtp;
#[path = "contract/steps.rs"]
mod steps;
#[path = "contract/weather.rs"]
mod weather;

use std::{ops::Deref, time::Duration};

use mail_parser::{Message, MessageParser};
use serde_json::{Value, json};
use support::Program;

use crate::smtp::{Smtp, Taken};

const CONNECTOR: Program =
    Program { path: env!("CARGO_BIN_EXE_email-connector"), run_max: Duration::from_secs(40) };

/// How a run of the connector ended.
struct Told(support::Told);

impl Told {
    /// `kind CODE: message` of a failure, with `PORT` for the server's port.
    fn failure(&self, server: &Smtp) -> String {
        self.0.failure().replace(&server.port(), "PORT")
    }

    /// The outputs of a success.
    fn success(self) -> Value {
        self.0.success()
    }
}

impl Deref for Told {
    type Target = support::Told;

    fn deref(&self) -> &support::Told {
        &self.0
    }
}

/// Runs `SEND` against the server, in clear and once unless `settings` say otherwise.
fn send(server: &Smtp, input: &Value, settings: &[(&str, &str)]) -> Told {
    let port = server.port();
    run(&["invoke", "SEND", "--input", "-"], input, &in_clear(&port, settings))
}

/// The settings for a server at this port, in clear unless `settings` say otherwise.
fn in_clear<'a>(port: &'a str, settings: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let own = [("EMAIL_HOST", "127.0.0.1"), ("EMAIL_PORT", port), ("EMAIL_TLS", "none")];
    [&own, settings].concat()
}

fn run(arguments: &[&str], input: &Value, settings: &[(&str, &str)]) -> Told {
    Told(CONNECTOR.run(arguments, input, settings))
}

/// A mail with `more` inputs.
fn mail(more: Value) -> Value {
    let mut input = json!({ "from": "shop@example.org", "to": "ada@example.org", "subject": "Order", "text": "Thanks." });
    let Value::Object(more) = more else { panic!("inputs are an object") };
    input.as_object_mut().unwrap().extend(more);
    input
}

fn parsed(taken: &Taken) -> Message<'_> {
    MessageParser::default().parse(&taken.octets).unwrap()
}
