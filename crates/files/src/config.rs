//! The settings of every connector that reads or writes files, to be flattened into its own.

use common::{Failure, Period, Size};
use outbound::{Outbound, unusable};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{Settings, Store, bucket};

/// Whose variables are for the stores.
const PREFIXES: [&str; 3] = ["AWS_", "AZURE_", "GOOGLE_"];
/// Those of them that are secrets, which container platforms hand over in files (`NAME_FILE`).
const SECRETS: [&str; 8] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_CLIENT_SECRET",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_CLIENT_SECRET",
    "AZURE_STORAGE_SAS_TOKEN",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
];

/// `FILES_…` and `FILE_BYTES_MAX` (`names.md`), for `#[serde(flatten)]` in a connector's config.
///
/// Credentials and addresses of object stores come from the variables that their vendors' own tools read: `AWS_…`, `AZURE_…`, `GOOGLE_…`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct Config {
    #[serde(default, deserialize_with = "place")]
    files_url: Option<String>,
    #[serde(default, deserialize_with = "places")]
    files_allow: Option<String>,
    files_inline_max: Size,
    files_timeout: Period,
    file_bytes_max: Size,
}

impl Config {
    /// Makes the places of files; connects to nothing yet.
    ///
    /// # Errors
    /// `UNKNOWN_ERROR` with everything that is wrong with the settings.
    pub fn connect(
        &self,
        outbound: Outbound,
        network: &outbound::Config,
    ) -> Result<Store, Failure> {
        let variables =
            common::variables(&PREFIXES, &SECRETS).map_err(|problems| unusable(&problems))?;
        let settings = Settings {
            url: self.files_url.clone(),
            allow: self.files_allow.iter().flat_map(|it| split(it)).map(str::to_owned).collect(),
            variables,
            extra_ca: network.ca_file().map(Into::into),
            inline_max: self.files_inline_max.0,
            bytes_max: self.file_bytes_max.0,
            fetch_timeout: self.files_timeout.0,
        };
        Store::new(&settings, outbound).map_err(|problems| unusable(&problems))
    }

    /// `FILE_BYTES_MAX`: the most bytes of any file, read or written.
    pub fn bytes_max(&self) -> u64 {
        self.file_bytes_max.0
    }
}

fn split(places: &str) -> impl Iterator<Item = &str> {
    places.split(|it: char| it == ',' || it.is_whitespace()).filter(|it| !it.is_empty())
}

fn place<'de, D: Deserializer<'de>>(setting: D) -> Result<Option<String>, D::Error> {
    let url = String::deserialize(setting)?;
    bucket::check(&url).map_err(D::Error::custom)?;
    Ok(Some(url))
}

fn places<'de, D: Deserializer<'de>>(setting: D) -> Result<Option<String>, D::Error> {
    let urls = String::deserialize(setting)?;
    split(&urls).try_for_each(bucket::check).map_err(D::Error::custom)?;
    Ok(Some(urls))
}
