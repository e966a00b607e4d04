//! HTTP statuses as tasks write them: numbers, ranges and classes.

use std::ops::RangeInclusive;

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use crate::input::values;

/// HTTP statuses: `404`, `"404"`, `"400-499"`, `"4xx"`, alone, in a list or separated by commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statuses(Vec<RangeInclusive<u16>>);

impl Default for Statuses {
    fn default() -> Self {
        Self(vec![400..=599])
    }
}

impl Statuses {
    pub(crate) fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }

    fn parse(text: &str) -> Option<RangeInclusive<u16>> {
        let text = text.trim();
        if let Some(class) = text.strip_suffix("xx").and_then(|it| it.parse::<u16>().ok()) {
            return (1..=9).contains(&class).then(|| class * 100..=class * 100 + 99);
        }
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let range = first.trim().parse().ok()?..=last.trim().parse().ok()?;
        (100 <= *range.start() && range.start() <= range.end() && *range.end() <= 999)
            .then_some(range)
    }
}

impl<'de> Deserialize<'de> for Statuses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = match Value::deserialize(deserializer)? {
            Value::String(text) if text.trim_start().starts_with('[') => {
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            }
            value => value,
        };
        let texts = values(value);
        let entries = texts.iter().flat_map(|it| it.split(',')).filter(|it| !it.trim().is_empty());
        let parse = |entry: &str| {
            let wrong = || format!("`{entry}` is neither a status nor a range such as `400-599`");
            Self::parse(entry).ok_or_else(|| D::Error::custom(wrong()))
        };
        entries.map(parse).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Result<Statuses, String> {
        Statuses::deserialize(value).map_err(|error| error.to_string())
    }

    #[test]
    fn statuses_are_numbers_and_ranges() {
        for wrong in ["4x", "0xx", "10xx", "60000xx", "xx", "500-400", "12", "1000", "400-", "-1"] {
            let text = format!("`{wrong}` is neither a status nor a range such as `400-599`");
            assert_eq!(read(&json!(wrong)), Err(text));
        }
        let check = |value: Value, statuses: &[u16]| {
            let errors = read(&value).unwrap();
            let found: Vec<_> = (100..600).filter(|it| errors.contains(*it)).collect();
            assert_eq!(found, statuses, "{value}");
        };
        check(json!([404, "410-412"]), &[404, 410, 411, 412]);
        check(json!("[404]"), &[404]);
        check(json!("404, 599"), &[404, 599]);
        check(json!("1xx"), &(100..200).collect::<Vec<_>>());
        check(json!(302), &[302]);
        check(json!([]), &[]);
    }
}
