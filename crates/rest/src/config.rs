//! The definition's config.

use std::num::{NonZeroU16, NonZeroUsize};

use common::{Period, Secret, Size};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::connections::Connections;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) struct Config {
    pub(crate) rest_host: Option<String>,
    pub(crate) rest_http_port: NonZeroU16,
    pub(crate) rest_https_port: NonZeroU16,
    pub(crate) rest_auth_token: Option<Secret>,
    pub(crate) rest_auth_user: Option<String>,
    pub(crate) rest_circuit_breaker_buffer: NonZeroUsize,
    pub(crate) rest_circuit_breaker_wait_interval: Period,
    pub(crate) rest_circuit_breaker_failure_rate: Percentage,
    pub(crate) http_call_timeout: Period,
    pub(crate) response_bytes_max: Size,
    #[serde(default, deserialize_with = "connections")]
    #[schemars(with = "Option<String>")]
    pub(crate) rest_connections: Connections,
    pub(crate) templates_dir: Option<String>,
    #[serde(flatten)]
    pub(crate) network: outbound::Config,
    #[serde(flatten)]
    pub(crate) files: files::Config,
}

/// A share that can be reached: 1 to 100 percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "u8")]
pub(crate) struct Percentage(pub(crate) u8);

impl TryFrom<u8> for Percentage {
    type Error = String;

    fn try_from(percent: u8) -> Result<Self, Self::Error> {
        match percent {
            1..=100 => Ok(Self(percent)),
            _ => Err(format!("{percent} is not between 1 and 100")),
        }
    }
}

/// Checked here, so that what is wrong with them is listed with everything else that is wrong.
fn connections<'de, D: Deserializer<'de>>(setting: D) -> Result<Connections, D::Error> {
    Connections::new(&String::deserialize(setting)?).map_err(D::Error::custom)
}
