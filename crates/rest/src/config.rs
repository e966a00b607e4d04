//! The definition's config.

use std::num::{NonZeroU16, NonZeroUsize};

use common::{Period, Secret, Size};
use outbound::{Egress, EgressSettings, Problem, Proxies, ProxySettings};
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
    pub(crate) connect_timeout: Period,
    pub(crate) response_bytes_max: Size,
    #[serde(deserialize_with = "egress_private")]
    pub(crate) egress_private: String,
    #[serde(default, deserialize_with = "egress_deny")]
    pub(crate) egress_deny: Option<String>,
    #[serde(default, deserialize_with = "egress_allow")]
    pub(crate) egress_allow: Option<String>,
    #[serde(default, deserialize_with = "proxy")]
    pub(crate) http_proxy: Option<Secret>,
    #[serde(default, deserialize_with = "proxy")]
    pub(crate) https_proxy: Option<Secret>,
    pub(crate) no_proxy: Option<String>,
    #[serde(default, deserialize_with = "connections")]
    #[schemars(with = "Option<String>")]
    pub(crate) rest_connections: Connections,
    #[expect(dead_code, reason = "what common takes the served actions from")]
    definition: Option<String>,
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

// Checked here, so that what is wrong with them is listed with everything else that is wrong.

fn egress_private<'de, D: Deserializer<'de>>(setting: D) -> Result<String, D::Error> {
    egress(setting, |it| EgressSettings { private: Some(it), ..EgressSettings::default() })
}

fn egress_deny<'de, D: Deserializer<'de>>(setting: D) -> Result<Option<String>, D::Error> {
    let alone = |it| EgressSettings { deny: Some(it), ..EgressSettings::default() };
    egress(setting, alone).map(Some)
}

fn egress_allow<'de, D: Deserializer<'de>>(setting: D) -> Result<Option<String>, D::Error> {
    let alone = |it| EgressSettings { allow: Some(it), ..EgressSettings::default() };
    egress(setting, alone).map(Some)
}

fn egress<'de, D: Deserializer<'de>>(
    setting: D,
    alone: fn(String) -> EgressSettings,
) -> Result<String, D::Error> {
    let text = String::deserialize(setting)?;
    match Egress::new(&alone(text.clone())) {
        Ok(_) => Ok(text),
        Err(problems) => Err(D::Error::custom(in_words(&problems))),
    }
}

fn proxy<'de, D: Deserializer<'de>>(setting: D) -> Result<Option<Secret>, D::Error> {
    let text = String::deserialize(setting)?;
    let alone = ProxySettings { http: Some(text.clone()), ..ProxySettings::default() };
    match Proxies::new(&alone) {
        Ok(_) => Ok(Some(text.into())),
        Err(problems) => Err(D::Error::custom(in_words(&problems))),
    }
}

fn connections<'de, D: Deserializer<'de>>(setting: D) -> Result<Connections, D::Error> {
    Connections::new(&String::deserialize(setting)?).map_err(D::Error::custom)
}

fn in_words(problems: &[Problem]) -> String {
    let texts: Vec<_> = problems.iter().map(|(_, text)| text.as_str()).collect();
    texts.join("; ")
}
