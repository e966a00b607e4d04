//! Numbers as text: what Java writes, what JSON allows, what both sides can hold.

use serde_json::Number;

/// The longest number that the bundle's JSON reader takes, in characters (Jackson's default).
const CHARACTERS_MAX: usize = 1000;

/// The largest power of ten that we hand over.
/// A `BigDecimal` may have an exponent of nine digits, and fills the memory when it is written out.
const EXPONENT_MAX: u32 = 1000;

/// Reads a number as JSON or as Java does: blanks anywhere, `0x1F`, `#1F`, `+1`, `.5`, `1.`, `007`.
/// All digits are kept.
pub(super) fn parse(text: &str) -> Option<Number> {
    text.parse().ok().or_else(|| parse_loosely(text))
}

/// Whether both the bundle and we can hold this JSON number at all.
pub(super) fn is_portable(text: &str) -> bool {
    if text.len() > CHARACTERS_MAX {
        return false;
    }
    if is_integer(text) {
        return true;
    }
    let Parts { whole, fraction, exponent } = Parts::of(text);
    let vanishes = |float: f64| {
        float == 0.0 && !whole.bytes().chain(fraction.bytes()).all(|digit| digit == b'0')
    };
    let small = exponent.is_empty()
        || exponent.parse().is_ok_and(|exponent: i32| exponent.unsigned_abs() <= EXPONENT_MAX);
    small && text.parse().is_ok_and(|float: f64| float.is_finite() && !vanishes(float))
}

/// Whether this JSON number is written without point and exponent.
pub(super) fn is_integer(text: &str) -> bool {
    !text.contains(['.', 'e', 'E'])
}

/// Whether a Java `double` brings back the very digits of this decimal.
/// The zeros of `19.90` count: a price must not arrive as `19.9`.
pub(super) fn fits_double(text: &str) -> bool {
    let Parts { fraction, exponent, .. } = Parts::of(text);
    let has_scale = exponent.is_empty() && fraction.len() > 1 && fraction.ends_with('0');
    !has_scale
        && text
            .parse()
            .ok()
            .and_then(Number::from_f64)
            .is_some_and(|double| Significant::of(text) == Significant::of(double.as_str()))
}

/// A number's text without its sign, cut at the point and at the exponent.
struct Parts<'a> {
    whole: &'a str,
    fraction: &'a str,
    exponent: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Self {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, ""));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        Self { whole, fraction, exponent }
    }
}

/// The digits that matter, and the power of ten of the first one: two texts of one number are equal.
#[derive(Debug, PartialEq, Eq)]
struct Significant {
    digits: String,
    exponent: i64,
}

impl Significant {
    fn of(text: &str) -> Option<Self> {
        let Parts { whole, fraction, exponent } = Parts::of(text);
        let exponent = if exponent.is_empty() { 0 } else { exponent.parse::<i64>().ok()? };
        let all = [whole, fraction].concat();
        let digits = all.trim_start_matches('0');
        if digits.is_empty() {
            return Some(Self { digits: String::new(), exponent: 0 });
        }
        let first =
            i64::try_from(whole.len() + digits.len()).ok()? - i64::try_from(all.len()).ok()?;
        Some(Self {
            digits: digits.trim_end_matches('0').to_owned(),
            exponent: exponent.checked_add(first)?,
        })
    }
}

fn parse_loosely(text: &str) -> Option<Number> {
    let compact: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    let (sign, unsigned) = match compact.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", compact.strip_prefix('+').unwrap_or(&compact)),
    };
    let hexadecimal = ["0x", "0X", "#"].iter().find_map(|prefix| unsigned.strip_prefix(prefix));
    if let Some(digits) = hexadecimal {
        let magnitude = u64::from_str_radix(digits, 16).ok()?;
        return format!("{sign}{magnitude}").parse().ok();
    }
    if !unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    let Parts { whole, fraction, exponent } = Parts::of(unsigned);
    if [whole, fraction].concat().is_empty() || unsigned.ends_with(['e', 'E']) {
        return None;
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let fraction = if fraction.is_empty() { String::new() } else { format!(".{fraction}") };
    let exponent = if exponent.is_empty() { String::new() } else { format!("e{exponent}") };
    format!("{sign}{whole}{fraction}{exponent}").parse().ok()
}
