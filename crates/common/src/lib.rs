//! What makes a function a connector.
//!
//! A connector is a definition (JSON, what a modeler sees) and a [`Connector`]: a table from the definition's names
//! to functions. This crate reads requests from the engines, calls the functions and gives the answers back.

mod acks;
mod admin;
mod answered;
mod arena;
mod broker;
mod cli;
mod config;
mod connected;
mod connector;
mod context;
mod definition;
mod document;
mod engine;
mod failure;
mod health;
mod help;
mod inflate;
mod json;
mod ledger;
mod lenient;
mod meters;
mod outputs;
mod pauses;
mod policy;
mod run;
mod runner;
mod schema;
mod served;
mod settings;
mod sources;
mod telemetry;
#[cfg(test)]
mod testing;
mod worker;

/// Threads free what others have allocated, which glibc's arenas are slow at and keep in pieces.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What [`Connector::command`] describes its command with.
pub use clap;

pub use self::{
    arena::Reply,
    config::{Period, Secret, Size, referenced, variables},
    connector::Connector,
    context::{Context, Emitter, Retry},
    document::Document,
    failure::{Failure, Report},
    json::parse_json,
    outputs::Outputs,
    served::converted,
};

/// Process variables by name.
pub type Object = serde_json::Map<String, serde_json::Value>;
