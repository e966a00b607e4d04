//! Parameters as the originals' HTTP library reads them: URLs, queries, headers, numbers.

use common::{Failure, Object};
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};
use url::form_urlencoded;

use super::codes::exception;

/// How often a call is made while it fails: 1 to 10, and anything else is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attempts(u8);

impl Attempts {
    pub(super) fn count(self) -> u8 {
        self.0
    }
}

impl Default for Attempts {
    fn default() -> Self {
        Self(1)
    }
}

impl<'de> Deserialize<'de> for Attempts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = Value::deserialize(deserializer)?.as_u64();
        let given = given.and_then(|it| u8::try_from(it).ok());
        Ok(given.filter(|it| (1..=10).contains(it)).map_or_else(Self::default, Self))
    }
}

/// What is sent where no data is given.
pub(super) fn empty() -> Value {
    Object::new().into()
}

/// The URL, if it has a scheme that can be called, and a host.
///
/// # Errors
/// `MissingSchema`, `InvalidSchema` or `InvalidURL`; no part of it is quoted, since it may hold secrets.
pub(super) fn checked(url: &str) -> Result<&str, Failure> {
    let url = url.trim_start();
    let lower = url.to_ascii_lowercase();
    let scheme = lower.split_once(':').map(|(scheme, _)| scheme);
    let (code, text) = match scheme {
        Some("http" | "https") => {
            let host = lower.split_once("://").map_or("", |(_, rest)| rest);
            if !host.is_empty() && !host.starts_with(['/', '?', '#']) {
                return Ok(url);
            }
            ("InvalidURL", "`url` has no host")
        }
        Some(scheme) if !(scheme.starts_with("http") && scheme.contains(['/', '?', '#'])) => {
            ("InvalidSchema", "`url` does not start with http:// or https://")
        }
        _ => ("MissingSchema", "`url` does not start with http:// or https://"),
    };
    Err(exception(code, text.to_owned()))
}

/// `params` as a query string.
///
/// # Errors
/// `ValueError` where they are no object, no text and no list of pairs.
pub(super) fn query(params: Value) -> Result<String, Failure> {
    let wrong = || exception("ValueError", "`params` is neither an object nor a text".to_owned());
    let members: Vec<(String, Value)> = match params {
        Value::String(text) => return Ok(text),
        Value::Null => Vec::new(),
        Value::Object(members) => members.into_iter().collect(),
        Value::Array(pairs) => serde_json::from_value(Value::Array(pairs)).map_err(|_| wrong())?,
        Value::Bool(_) | Value::Number(_) => return Err(wrong()),
    };
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in members {
        let list = match value {
            Value::Array(list) => list,
            Value::Object(members) => members.into_iter().map(|(name, _)| name.into()).collect(),
            single => vec![single],
        };
        for value in list.iter().filter(|it| !it.is_null()) {
            query.append_pair(&name, &text(value));
        }
    }
    // The tilde stays in Python, the star does not.
    Ok(query.finish().replace("%7E", "~").replace('*', "%2A"))
}

/// `headers` as pairs; null leaves one out.
///
/// # Errors
/// `InvalidHeader` where they are no object of texts.
pub(super) fn headers(headers: Value) -> Result<Vec<(String, String)>, Failure> {
    let wrong = |text: String| exception("InvalidHeader", text);
    let members = match crate::input::object_or(headers) {
        Value::Object(members) => members,
        Value::Null => return Ok(Vec::new()),
        Value::String(text) if text.is_empty() => return Ok(Vec::new()),
        _ => return Err(wrong("`headers` is no object".to_owned())),
    };
    let members = members.into_iter().filter(|(_, value)| !value.is_null());
    let pair = |(name, value)| match value {
        Value::String(value) => Ok((name, value)),
        _ => Err(wrong(format!("`headers`: the value of `{name}` is no text"))),
    };
    members.map(pair).collect()
}

/// A value as Python prints it.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => printed(number),
        Value::Null | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// Whole numbers as they are, others with the fewest digits that tell them apart.
fn printed(number: &Number) -> String {
    let text = number.to_string();
    if !text.contains(['.', 'e', 'E']) {
        return text;
    }
    let Some(value) = number.as_f64().filter(|it| it.is_finite()) else { return text };
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..16).contains(&exponent) {
        return format!("{value:?}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told<T: ToString>(result: Result<T, Failure>) -> String {
        result.map_or_else(|failure| failure.to_string(), |it| it.to_string())
    }

    /// As the originals' library (requests 2.34) judges them.
    #[test]
    fn addresses_that_cannot_be_called_have_pythons_codes() {
        for (url, code) in [
            ("orders", "MissingSchema"),
            ("/orders", "MissingSchema"),
            ("", "MissingSchema"),
            (" x", "MissingSchema"),
            ("//x/y", "MissingSchema"),
            ("http//x", "MissingSchema"),
            ("http//x:80/", "MissingSchema"),
            ("/a?time=10:00", "InvalidSchema"),
            ("example.org:8080/x", "InvalidSchema"),
            ("ftp://x/", "InvalidSchema"),
            ("mailto:x", "InvalidSchema"),
            ("httpx://x/", "InvalidSchema"),
            ("http://", "InvalidURL"),
            ("http:///x", "InvalidURL"),
            ("http:", "InvalidURL"),
        ] {
            let told = told(checked(url));
            assert!(told.starts_with(&format!("{code}: `url` ")), "{url}: {told}");
        }
        for url in ["http://x", "HTTPS://x/", "  http://127.0.0.1:1/a"] {
            assert_eq!(told(checked(url)), url.trim());
        }
    }

    #[test]
    fn headers_are_texts() {
        let wrong = "InvalidHeader: `headers`: the value of `a` is no text";
        for value in [json!(1), json!(true), json!(["x"]), json!({})] {
            let headers = headers(json!({"a": value}));
            assert_eq!(headers.unwrap_err().to_string(), wrong);
        }
        assert_eq!(
            headers(json!("x")).unwrap_err().to_string(),
            "InvalidHeader: `headers` is no object"
        );
        let pairs = headers(json!({"A": "b", "c": null})).unwrap();
        assert_eq!(pairs, [("A".to_owned(), "b".to_owned())]);
        assert_eq!(headers(json!("")).unwrap(), []);
    }

    #[test]
    fn queries_are_as_python_writes_them() {
        let check = |params: Value, expected: &str| assert_eq!(told(query(params)), expected);
        check(json!(7), "ValueError: `params` is neither an object nor a text");
        check(json!([1, 2]), "ValueError: `params` is neither an object nor a text");
        check(
            json!({"a": [1, null, "x"], "b": null, "c": true, "d": 1.5, "e": {"f": 1, "g": 2},
                "u": "ü &+/"}),
            "a=1&a=x&c=True&d=1.5&e=f&e=g&u=%C3%BC+%26%2B%2F",
        );
        check(json!([["a", 1], ["b", "c d"]]), "a=1&b=c+d");
        check(json!({"a b": "c~d*'()"}), "a+b=c~d%2A%27%28%29");
        check(json!("a=b c&d"), "a=b c&d");
        check(json!({}), "");
    }

    #[test]
    fn numbers_are_as_python_prints_them() {
        for (number, expected) in [
            ("1.50", "1.5"),
            ("1.0", "1.0"),
            ("-0.0", "-0.0"),
            ("1e16", "1e+16"),
            ("1e15", "1000000000000000.0"),
            ("1e-5", "1e-05"),
            ("0.0001", "0.0001"),
            ("1e300", "1e+300"),
            ("123456.789e3", "123456789.0"),
            ("12345678901234567890", "12345678901234567890"),
        ] {
            let number: Number = serde_json::from_str(number).unwrap();
            assert_eq!(printed(&number), expected);
        }
    }

    #[test]
    fn attempts_are_one_to_ten_and_anything_else_is_one() {
        for (given, expected) in [
            (json!(0), 1),
            (json!(11), 1),
            (json!(-3), 1),
            (json!("3"), 1),
            (json!(2.5), 1),
            (json!([2]), 1),
            (json!(1), 1),
            (json!(10), 10),
        ] {
            let attempts = Attempts::deserialize(&given).unwrap();
            assert_eq!(attempts.count(), expected, "{given}");
        }
    }
}
