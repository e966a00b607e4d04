//! Points in time as tasks write them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;
use time::{OffsetDateTime, PrimitiveDateTime, format_description::well_known::Iso8601};

/// Milliseconds have more digits than seconds will have for centuries.
const SECONDS_MAX: i64 = 99_999_999_999;

/// Seconds since 1970 (Unix time), which is how Slack counts.
///
/// Read from ISO 8601 (`2026-11-21T18:00:00+01:00`; without an offset it is UTC), and from seconds or milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) i64);

impl Moment {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(number) = text.parse::<i64>() {
            return Some(Self(if number > SECONDS_MAX { number / 1000 } else { number }));
        }
        // Java writes offsets without the colon, which the standard does not mix with colons in the time.
        let repaired = match text.as_bytes() {
            [.., b'+' | b'-', _, _, _, _] => {
                format!("{}:{}", &text[..text.len() - 2], &text[text.len() - 2..])
            }
            _ => text.to_owned(),
        };
        let at = OffsetDateTime::parse(&repaired, &Iso8601::DEFAULT).ok();
        let at = at.or_else(|| {
            let local = PrimitiveDateTime::parse(text, &Iso8601::DEFAULT).ok()?;
            Some(local.assume_utc())
        });
        at.map(|it| Self(it.unix_timestamp()))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match Value::deserialize(deserializer)? {
            Value::String(text) => text,
            other => other.to_string(),
        };
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom(format!("\"{text}\" is no point in time, e.g. 2026-11-21T18:00:00Z"))
        })
    }
}

impl JsonSchema for Moment {
    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_write_the_same_moment_in_many_ways() {
        for text in [
            "2026-11-21T18:00:00Z",
            "2026-11-21T18:00:00",
            "2026-11-21T18:00",
            "2026-11-21T19:00:00+01:00",
            "2026-11-21T13:00:00.000-0500",
            " 1795284000",
            "1795284000000",
        ] {
            assert_eq!(Moment::parse(text), Some(Moment(1_795_284_000)), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in ["", "tomorrow", "18:00", "2026-13-01T00:00:00Z", "2026-11-21T18:00:00+0x00"] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }
}
