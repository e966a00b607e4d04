//! The built binary against scripted peers: what goes over the wire, and what becomes of the answers.
//!
//! The numbers R… are those of the acceptance cases in `camunda-connectors.md` §11.

#![expect(clippy::unwrap_used, reason = "a test whose helpers cannot go on has failed")]

#[path = "contract/answers.rs"]
mod answers;
#[path = "contract/auth.rs"]
mod auth;
#[path = "contract/connections.rs"]
mod connections;
#[path = "contract/downloads.rs"]
mod downloads;
#[path = "contract/folder.rs"]
mod folder;
#[path = "contract/import.rs"]
mod import;
#[path = "contract/limits.rs"]
mod limits;
#[path = "contract/mapping.rs"]
mod mapping;
#[path = "contract/mtls.rs"]
mod mtls;
#[path = "contract/paging.rs"]
mod paging;
#[path = "contract/peer.rs"]
mod peer;
#[path = "contract/polling.rs"]
mod polling;
#[path = "contract/readme.rs"]
mod readme;
#[path = "contract/resources.rs"]
mod resources;
#[path = "contract/samples.rs"]
mod samples;
#[path = "contract/secrets.rs"]
mod secrets;
#[path = "contract/server.rs"]
mod server;
#[path = "contract/uploads.rs"]
mod uploads;
#[path = "contract/weather.rs"]
mod weather;
#[path = "contract/wire.rs"]
mod wire;

use std::time::Duration;

use serde_json::Value;
use support::{Program, Told};

const CONNECTOR: Program =
    Program { path: env!("CARGO_BIN_EXE_rest-connector"), run_max: Duration::from_secs(25) };

/// Runs one action, once unless `settings` say otherwise.
fn invoke(action: &str, input: &Value, settings: &[(&str, &str)]) -> Told {
    run(&["invoke", action, "--input", "-"], input, settings)
}

fn run(arguments: &[&str], input: &Value, settings: &[(&str, &str)]) -> Told {
    CONNECTOR.run(arguments, input, settings)
}
