//! The definition's config.

use std::num::{NonZeroU16, NonZeroUsize};

use common::{Document, Period, Secret, Size};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{
    address::Mailbox,
    limiter::Rate,
    settings::{self, Dkim, OAuth},
    smtp::{opening::Encryption, session::Partial, trouble::InDoubt},
};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) struct Config {
    pub(crate) email_host: Option<String>,
    pub(crate) email_port: Option<NonZeroU16>,
    pub(crate) email_username: Option<String>,
    pub(crate) email_password: Option<Secret>,
    pub(crate) email_smtp_auth: Option<bool>,
    pub(crate) email_smtp_starttls: Option<bool>,
    #[serde(default, deserialize_with = "encryption")]
    #[schemars(with = "Option<String>")]
    pub(crate) email_tls: Option<Encryption>,
    #[serde(default, deserialize_with = "mailbox")]
    #[schemars(with = "Option<String>")]
    pub(crate) email_from: Option<Mailbox>,
    pub(crate) email_ca_file: Option<String>,
    #[serde(default, deserialize_with = "helo")]
    pub(crate) email_helo: Option<String>,
    pub(crate) email_timeout: Period,
    #[serde(deserialize_with = "partial")]
    #[schemars(with = "String")]
    pub(crate) email_partial: Partial,
    #[serde(deserialize_with = "in_doubt")]
    #[schemars(with = "String")]
    pub(crate) email_in_doubt: InDoubt,
    #[serde(default, deserialize_with = "rate")]
    #[schemars(with = "Option<String>")]
    pub(crate) email_rate: Option<Rate>,
    pub(crate) email_connections: NonZeroUsize,
    pub(crate) email_idle: Period,
    pub(crate) email_bytes_max: Size,
    #[serde(default, deserialize_with = "oauth")]
    #[schemars(with = "Option<String>")]
    pub(crate) email_oauth: Option<OAuth>,
    #[serde(default, deserialize_with = "dkim")]
    #[schemars(with = "Option<String>")]
    pub(crate) email_dkim: Option<Dkim>,
    #[serde(default, deserialize_with = "servers")]
    #[schemars(with = "Option<String>")]
    pub(crate) email_servers: Option<Secret>,
    pub(crate) templates_dir: Option<String>,
    #[serde(flatten)]
    pub(crate) network: outbound::Config,
    #[serde(flatten)]
    pub(crate) files: files::Config,
}

// Checked here, so that what is wrong with them is listed with everything else that is wrong.

fn encryption<'de, D: Deserializer<'de>>(setting: D) -> Result<Option<Encryption>, D::Error> {
    let text = String::deserialize(setting)?;
    Encryption::parse(&text).map(Some).map_err(D::Error::custom)
}

fn mailbox<'de, D: Deserializer<'de>>(setting: D) -> Result<Option<Mailbox>, D::Error> {
    let text = String::deserialize(setting)?;
    Mailbox::parse(&text).map(Some).map_err(D::Error::custom)
}

fn helo<'de, D: Deserializer<'de>>(setting: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(setting)?;
    let is_name = |it: char| it.is_ascii_graphic();
    if text.is_empty() || !text.chars().all(is_name) {
        return Err(D::Error::custom(format!("\"{}\" is no host name", text.escape_debug())));
    }
    Ok(Some(text))
}

fn partial<'de, D: Deserializer<'de>>(setting: D) -> Result<Partial, D::Error> {
    match String::deserialize(setting)?.as_str() {
        "send" => Ok(Partial::Send),
        "fail" => Ok(Partial::Fail),
        other => Err(D::Error::custom(format!("\"{other}\" is neither send nor fail"))),
    }
}

fn in_doubt<'de, D: Deserializer<'de>>(setting: D) -> Result<InDoubt, D::Error> {
    match String::deserialize(setting)?.as_str() {
        "fail" => Ok(InDoubt::Fail),
        "resend" => Ok(InDoubt::Resend),
        other => Err(D::Error::custom(format!("\"{other}\" is neither fail nor resend"))),
    }
}

fn rate<'de, D: Deserializer<'de>>(setting: D) -> Result<Option<Rate>, D::Error> {
    let text = String::deserialize(setting)?;
    Rate::parse(&text).map(Some).map_err(D::Error::custom)
}

fn oauth<'de, D: Deserializer<'de>>(setting: D) -> Result<Option<OAuth>, D::Error> {
    let text = String::deserialize(setting)?;
    OAuth::parse(&text).map(Some).map_err(D::Error::custom)
}

fn dkim<'de, D: Deserializer<'de>>(setting: D) -> Result<Option<Dkim>, D::Error> {
    let text = String::deserialize(setting)?;
    Dkim::parse(&text).map(Some).map_err(D::Error::custom)
}

fn servers<'de, D: Deserializer<'de>>(setting: D) -> Result<Option<Secret>, D::Error> {
    let text = String::deserialize(setting)?;
    let checked = Document::new("EMAIL_SERVERS", &text, |text| settings::servers(text).map(drop));
    checked.map_err(D::Error::custom)?;
    Ok(Some(text.into()))
}
