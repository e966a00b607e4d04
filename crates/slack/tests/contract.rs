//! The built binary against a fake of Slack: what is called, and what becomes of the answers.
//!
//! The codes S… are those of the acceptance cases in `camunda-connectors.md` §11.

#![expect(clippy::unwrap_used, reason = "a test whose helpers cannot go on has failed")]

#[path = "contract/channels.rs"]
mod channels;
#[path = "contract/files.rs"]
mod files;
#[path = "contract/lookups.rs"]
mod lookups;
#[path = "contract/messages.rs"]
mod messages;
#[path = "contract/operators.rs"]
mod operators;
#[path = "contract/real.rs"]
mod real;
#[path = "contract/samples.rs"]
mod samples;
#[path = "contract/scene.rs"]
mod scene;
#[path = "contract/weather.rs"]
mod weather;
