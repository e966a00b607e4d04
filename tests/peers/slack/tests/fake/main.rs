//! Whether the fake behaves by Slack's documentation; over sockets, as its users call it.
#![cfg(test)]

mod auth;
mod chat;
mod control;
mod conversations;
mod faults;
mod files;
mod pressing;
mod readme;
mod sending;
mod shapes;
mod support;
mod webhooks;
