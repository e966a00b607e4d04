//! Dates and numbers for people.

use std::borrow::Cow;

use jiff::{
    civil,
    fmt::{strtime::BrokenDownTime, temporal::DateTimeParser},
    tz::TimeZone,
};

const DIGITS_MAX: usize = 20;
const FORMATTED_BYTES_MAX: usize = 1_000;

/// How a language writes numbers: the languages, what stands between groups of three digits, the decimal sign.
const NUMBERS: [(&[&str], &str, &str); 5] = [
    (&["de-CH", "de-LI", "it-CH", "rm"], "’", "."),
    (&["en", "he", "hi", "ja", "ko", "th", "zh"], ",", "."),
    (
        &["da", "de", "el", "es", "hr", "id", "it", "nl", "pt", "ro", "sl", "sr", "tr", "vi"],
        ".",
        ",",
    ),
    (
        &["bg", "cs", "fi", "hu", "nb", "nn", "no", "pl", "pt-PT", "ru", "sk", "sv", "uk"],
        "\u{a0}",
        ",",
    ),
    (&["fr"], "\u{202f}", ","),
];

/// A date or time as text (ISO 8601) in a format of `strftime`, moved to a time zone where it is a point in time.
pub(crate) fn date(text: &str, format: &str, zone: Option<&str>) -> Result<String, String> {
    let zone = match zone {
        Some(name) => {
            Some(TimeZone::get(name).map_err(|_| format!("`{name}` is not a time zone"))?)
        }
        None => None,
    };
    let time = broken_down(text.trim(), zone).ok_or("the value is not a date (ISO 8601)")?;
    let mut formatted = String::new();
    match time.format(format, &mut formatted) {
        Ok(()) if formatted.len() <= FORMATTED_BYTES_MAX => Ok(formatted),
        _ => {
            Err(format!("`{format}` is not a format for this date, `%d.%m.%Y %H:%M` would be one"))
        }
    }
}

fn broken_down(text: &str, zone: Option<TimeZone>) -> Option<BrokenDownTime> {
    const PARSER: DateTimeParser = DateTimeParser::new();
    let pieces = PARSER.parse_pieces(text).ok()?;
    let local = pieces.date().to_datetime(pieces.time().unwrap_or(civil::Time::midnight()));
    match (pieces.to_numeric_offset(), zone) {
        (Some(offset), zone) => {
            let instant = offset.to_timestamp(local).ok()?;
            let zone = zone.unwrap_or_else(|| TimeZone::fixed(offset));
            Some(BrokenDownTime::from(&instant.to_zoned(zone)))
        }
        // A day is no point in time, so it is the same day everywhere.
        (None, Some(zone)) if pieces.time().is_some() => {
            Some(BrokenDownTime::from(&local.to_zoned(zone).ok()?))
        }
        (None, _) => Some(BrokenDownTime::from(local)),
    }
}

/// A number with `fraction` digits after the point, half rounded up, written as in the language of `locale`; plain without one.
pub(crate) fn number(
    digits: &str,
    fraction: usize,
    locale: Option<&str>,
) -> Result<String, String> {
    let (group, point) = match locale {
        Some(locale) => signs(locale)?,
        None => ("", "."),
    };
    if fraction > DIGITS_MAX {
        return Err(format!("more than {DIGITS_MAX} digits after the point"));
    }
    let rounded = plain(digits).and_then(|it| round(&it, fraction));
    let (negative, whole, decimals) = rounded.ok_or("the number is too large")?;
    let grouped: String = whole
        .char_indices()
        .flat_map(|(index, digit)| {
            let first_of_group = index > 0 && (whole.len() - index) % 3 == 0;
            (if first_of_group { group } else { "" }).chars().chain([digit])
        })
        .collect();
    let sign = if negative { "-" } else { "" };
    let point = if fraction > 0 { point } else { "" };
    Ok(format!("{sign}{grouped}{point}{decimals}"))
}

fn signs(locale: &str) -> Result<(&'static str, &'static str), String> {
    let locale = locale.replace('_', "-");
    let language = locale.split('-').next().unwrap_or_default();
    [locale.as_str(), language]
        .iter()
        .find_map(|name| NUMBERS.iter().find(|(names, ..)| names.contains(name)))
        .map(|(_, group, point)| (*group, *point))
        .ok_or_else(|| format!("the numbers of the language `{locale}` are not known"))
}

/// Sign, digits before and digits after the point; exact for up to 38 digits.
fn round(digits: &str, fraction: usize) -> Option<(bool, String, String)> {
    let (negative, magnitude) = digits.strip_prefix('-').map_or((false, digits), |it| (true, it));
    let (whole, decimals) = magnitude.split_once('.').unwrap_or((magnitude, ""));
    let kept: String = decimals.chars().chain(['0'; DIGITS_MAX]).take(fraction).collect();
    let up = decimals.as_bytes().get(fraction).is_some_and(|it| *it >= b'5');
    let units = format!("{whole}{kept}").parse::<u128>().ok()?.checked_add(up.into())?;
    let units = format!("{units:0>0$}", fraction + 1);
    let (whole, decimals) = units.split_at(units.len() - fraction);
    let zero = units.bytes().all(|it| it == b'0');
    Some((negative && !zero, whole.into(), decimals.into()))
}

/// Without an exponent.
fn plain(digits: &str) -> Option<Cow<'_, str>> {
    if !digits.contains(['e', 'E']) {
        return Some(digits.into());
    }
    digits.parse::<f64>().ok().filter(|it| it.is_finite()).map(|it| it.to_string().into())
}

/// The digits before the point.
pub(crate) fn truncated(digits: &str) -> Option<String> {
    plain(digits)?.split('.').next().map(|it| if it == "-0" { "0".into() } else { it.into() })
}

/// The exact sum, with as many digits after the point as the longest addend.
pub(crate) fn sum(addends: impl Iterator<Item = String>) -> Option<String> {
    let (mut units, mut fraction) = (0_i128, 0);
    for addend in addends {
        let addend = plain(&addend)?;
        let longest =
            addend.split_once('.').map_or(0, |(_, it)| it.len()).min(DIGITS_MAX).max(fraction);
        let (negative, whole, decimals) = round(&addend, longest)?;
        let addend: i128 = format!("{whole}{decimals}").parse().ok()?;
        let scale = 10_i128.checked_pow(u32::try_from(longest - fraction).ok()?)?;
        units = units.checked_mul(scale)?.checked_add(if negative { -addend } else { addend })?;
        fraction = longest;
    }
    let digits = format!("{:0>1$}", units.unsigned_abs(), fraction + 1);
    let (whole, decimals) = digits.split_at(digits.len() - fraction);
    let (sign, point) = (if units < 0 { "-" } else { "" }, if fraction > 0 { "." } else { "" });
    Some(format!("{sign}{whole}{point}{decimals}"))
}
