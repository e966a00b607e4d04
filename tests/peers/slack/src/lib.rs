//! Slack for tests and demos: plays workspaces over HTTP by the rules that Slack documents.
//!
//! ```ignore
//! let slack = FakeSlack::start().await?;
//! // … the code under test calls slack.api_url() with fake_slack::BOT_TOKEN …
//! assert_eq!(slack.messages("orders")[0].text, "Order 4711 invoiced");
//! ```
//!
//! [`FakeSlack::start`] gives the workspace of [`Workspace::demo`]; other ones are data ([`Workspace`]).
//! Faults ([`Order`]), rate limits ([`Limits`]) and what Slack leaves open ([`Policy`]) are set per test.
//! The README says which rule comes from where.

mod answer;
mod blocks;
mod call;
mod content;
mod control;
mod cx;
mod demo;
mod fake;
mod journal;
mod limits;
mod made;
mod methods;
mod model;
mod multipart;
mod orders;
mod paging;
mod press;
mod sender;
mod server;
mod signature;
mod upload;
mod webhook;
mod world;

pub use self::{
    demo::{BOT_TOKEN, SIGNING_SECRET, WEBHOOK_PATH},
    fake::FakeSlack,
    journal::Entry,
    limits::{Limit, Limits},
    model::{
        Bot, Channel, File, Kind, Message, Note, Reaction, ResponseUrl, Scheduled, Token,
        TokenState, User, Webhook, WebhookState, Workspace,
    },
    orders::{Fault, Order},
    sender::{Delivery, Retries, Sender},
    signature::{sign, verify},
    world::{FileAnswer, LongText, Policy, Repeated, World},
};
