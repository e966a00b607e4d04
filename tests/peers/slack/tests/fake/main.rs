//! Whether the fake behaves by Slack's documentation; over sockets, as its users call it.
#![cfg(test)]

mod auth;
mod chat;
mod control;
mod conversations;
mod faults;
mod files;
mod sending;
mod support;
mod webhooks;
