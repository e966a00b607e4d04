//! Says and organizes things in Slack: messages, channels, files, reactions.
//!
//! Slack's Web API is called through `outbound`, like every other peer, so that egress rules, proxies and limits hold for it too.

mod api;
mod archive_channel;
mod check;
mod client;
mod config;
mod content;
mod create_channel;
mod error;
mod find_user;
mod get_replies;
mod invite;
mod lanes;
mod listing;
mod lookup;
mod members;
mod message;
mod method;
mod moment;
mod names;
mod on_message;
mod pauses;
mod post_message;
mod progress;
mod scopes;
mod send_message;
mod sender;
mod sent;
mod set_topic;
mod share;
mod target;
mod tries;
mod update_message;
mod upload_file;
mod verdict;
mod webhook;
mod words;
mod workspace;

use std::process::ExitCode;

use common::Connector;

use crate::{client::Slack, error::ErrorCode};

fn main() -> ExitCode {
    connector().main()
}

/// The definition, and the function behind each of its names.
fn connector() -> Connector<Slack> {
    Connector::new(include_str!("../../../definitions/slack-connector.json"), Slack::connect)
        .action("SEND_MESSAGE", send_message::run)
        .action("UPDATE_MESSAGE", update_message::run)
        .action("DELETE_MESSAGE", on_message::delete)
        .action("ADD_REACTION", on_message::add_reaction)
        .action("PIN", on_message::pin)
        .action("GET_REPLIES", get_replies::run)
        .action("UPLOAD_FILE", upload_file::run)
        .action("CREATE_CHANNEL", create_channel::run)
        .action("INVITE", invite::run)
        .action("SET_TOPIC", set_topic::run)
        .action("ARCHIVE_CHANNEL", archive_channel::run)
        .action("FIND_USER", find_user::run)
        .command(check::command(), check::execute)
        .arena_command("slack/PostMessage", post_message::run)
        .errors::<ErrorCode>()
        .error_output("slackError")
}

#[test]
fn definition_and_code_agree() {
    assert_eq!(connector().drift(), [""; 0]);
}
