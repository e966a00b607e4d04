//! `ErrorCode`: the errors a process can catch, beside `MISSING_INPUT` and `INVALID_INPUT` of every connector.

use std::fmt;

use common::Failure;
use schemars::JsonSchema;
use serde::Serialize;

/// The codes of `activiti-ootb-connectors.md` §8.6; which of Slack's errors has which is in `words.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ErrorCode {
    InvalidResultFormat,
    UserNotFound,
    ChannelNotFound,
    InvalidRequest,
    InvalidChannel,
    MsgTooLong,
    FatalError,
    UnknownError,
    Unauthorized,
    Forbidden,
    RequestTimeout,
}

/// `INVALID_INPUT`: the process author has to change `message`'s culprit.
pub(crate) fn invalid(message: impl fmt::Display) -> Failure {
    Failure::business("INVALID_INPUT", message)
}

/// `MISSING_INPUT`: one of the inputs that `message` names is needed.
pub(crate) fn missing(message: impl fmt::Display) -> Failure {
    Failure::business("MISSING_INPUT", message)
}
