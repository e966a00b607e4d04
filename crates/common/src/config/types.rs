//! The types that settings have, beside texts, numbers and switches.

use std::{fmt, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};

/// A text that logs never show.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Secret(pub(super) String);

impl Secret {
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A length of time: `500ms`, `10s`, `2m`; a plain number is milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, JsonSchema)]
#[schemars(with = "String")]
pub struct Period(pub Duration);

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let text = text.trim();
        if let Ok(milliseconds) = text.parse() {
            return Ok(Self(Duration::from_millis(milliseconds)));
        }
        let refused =
            || D::Error::custom(format!("\"{text}\" is no duration, e.g. 500ms, 10s, 2m"));
        humantime::parse_duration(text).map(Self).map_err(|_error| refused())
    }
}

/// A number of bytes: `12MiB`, `50MB`; a plain number is bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, JsonSchema)]
#[schemars(with = "String")]
pub struct Size(pub u64);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let refused = || D::Error::custom(format!("\"{text}\" is no size, e.g. 12MiB, 50MB"));
        text.trim().parse().map(|bytesize::ByteSize(bytes)| Self(bytes)).map_err(|_e| refused())
    }
}
