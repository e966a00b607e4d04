//! End-to-end tests: they play the process engine over a real RabbitMQ against the built connectors.
//!
//! `cargo xtask e2e` builds every connector that has a definition and runs them; by hand it is
//! `cargo build -p rest-connector && cargo test -p e2e`, with as many connectors as the tests at hand start.
//!
//! | Setting | Effect |
//! | --- | --- |
//! | `AMQP_URL` | the broker to use; what the tests declare there stays there |
//! | `E2E_BIN_DIR` | where the binaries are, instead of beside the test's own |
//! | `E2E_IMAGES=1` | run the images, `${IMAGE_PREFIX}rest-connector:${IMAGE_TAG}` and so on, instead of the binaries |
//! | `E2E_SLOW=1` | broker outages of a minute instead of ten seconds |
//! | `CI=true` | nothing is skipped for lack of `rabbitmq-server`, `PostgreSQL`, Postfix with Dovecot |
//!
//! Logs of the connectors: `target/e2e-logs/<test>-<n>.log`.
#![cfg(test)]

mod engine;
mod peers;
mod scene;
mod stack;

mod admin;
mod answers;
mod delivery;
mod email;
mod inputs;
mod ledger;
mod missing;
mod names;
mod outages;
mod pdf;
mod poison;
mod readme;
mod rest;
mod slack;
mod spiff;
mod tls;
mod topology;
