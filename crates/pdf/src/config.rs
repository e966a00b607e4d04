//! The definition's config.

use std::num::{NonZeroU64, NonZeroUsize};

use common::{Period, Size};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::gotenberg::Address;

/// Less than this is not enough for any document, in bytes.
const MEMORY_MIN: u64 = 64 * 1024 * 1024;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) struct Config {
    pub(crate) templates_dir: Option<String>,
    pub(crate) fonts_dir: String,
    pub(crate) pdf_workers: Option<NonZeroUsize>,
    #[serde(deserialize_with = "memory")]
    pub(crate) pdf_memory_max: Size,
    pub(crate) pdf_timeout: Period,
    pub(crate) pdf_image_pixels_max: NonZeroU64,
    pub(crate) gotenberg_url: Option<Address>,
    #[serde(flatten)]
    pub(crate) network: outbound::Config,
    #[serde(flatten)]
    pub(crate) files: files::Config,
}

fn memory<'de, D: Deserializer<'de>>(setting: D) -> Result<Size, D::Error> {
    let size = Size::deserialize(setting)?;
    if size.0 < MEMORY_MIN {
        return Err(D::Error::custom("less than 64 MiB is not enough for a document"));
    }
    Ok(size)
}
