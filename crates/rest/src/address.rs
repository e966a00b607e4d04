//! `restUrl` and `restUrlParams` → the URL that is called (pure).

use std::ops::Range;

use common::{Failure, Secret};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::{error::invalid, input::Parameters};

/// What has been done to the texts already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// What a URL cannot carry is percent-encoded; `%XX` that is there already stays.
    Plain,
    /// The URL is sent byte for byte, as pre-signed ones have to be.
    Done,
}

/// A URL without user info, and the user info.
#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) url: Url,
    pub(crate) user: Option<(String, Secret)>,
}

impl Address {
    /// `text` with `parameters` added to its query.
    ///
    /// # Errors
    /// `INVALID_INPUT` that says what is wrong with `restUrl`; no part of it is quoted, since it may hold secrets.
    pub(crate) fn new(
        text: &str,
        encoding: Encoding,
        parameters: Option<&Parameters>,
    ) -> Result<Self, Failure> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Failure::business("MISSING_INPUT", "`restUrl` is empty"));
        }
        let parts = Parts::of(text)?;
        let (path, mut query) = match encoding {
            Encoding::Plain => {
                (encode(parts.path, is_path), encode(parts.query.unwrap_or(""), is_query))
            }
            Encoding::Done => {
                if let Some((_, wrong)) = text.char_indices().find(|(_, it)| !is_sendable(*it)) {
                    return Err(unencoded("restUrl", wrong));
                }
                (parts.path.to_owned(), parts.query.unwrap_or("").to_owned())
            }
        };
        if let Some(parameters) = parameters {
            append(&mut query, parameters, encoding)?;
        }
        let separator = if query.is_empty() && parts.query.is_none() { "" } else { "?" };
        let text = format!("{}{}{path}{separator}{query}", parts.scheme, parts.authority);
        let url = Url::parse(&text)
            .map_err(|error| invalid(format_args!("`restUrl` is no URL: {error}")))?;
        Ok(Self::without_user_info(url))
    }

    fn without_user_info(mut url: Url) -> Self {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        if url.username().is_empty() && url.password().is_none() {
            return Self { url, user: None };
        }
        let name = decoded(url.username());
        let password = Secret::from(decoded(url.password().unwrap_or("")));
        // Neither can fail: http and https URLs always have a host.
        let removed = url.set_username("").and_then(|()| url.set_password(None));
        debug_assert!(removed.is_ok());
        Self { url, user: Some((name, password)) }
    }
}

/// Adds `parameters` to the `query`.
pub(crate) fn append(
    query: &mut String,
    parameters: &Parameters,
    encoding: Encoding,
) -> Result<(), Failure> {
    let added = match (parameters, encoding) {
        (Parameters::Pairs(pairs), Encoding::Plain) => {
            let pair = |(name, value): &(String, String)| {
                format!("{}={}", encode_all(name), encode_all(value))
            };
            pairs.iter().map(pair).collect::<Vec<_>>().join("&")
        }
        (Parameters::Pairs(pairs), Encoding::Done) => {
            let pair = |(name, value): &(String, String)| {
                format!("{}={}", encode(name, is_part), encode(value, is_part))
            };
            pairs.iter().map(pair).collect::<Vec<_>>().join("&")
        }
        (Parameters::Text(text), encoding) => {
            let text = text.trim().trim_start_matches(['?', '&']);
            let refused = |it: &char| it.is_control() || *it == '#';
            if let Some(wrong) = text.chars().find(refused) {
                return Err(unencoded("restUrlParams", wrong));
            }
            match (encoding, text.chars().find(|it| !is_sendable(*it))) {
                (Encoding::Plain, _) => encode(text, is_query),
                (Encoding::Done, None) => text.to_owned(),
                (Encoding::Done, Some(wrong)) => return Err(unencoded("restUrlParams", wrong)),
            }
        }
    };
    if !query.is_empty() && !query.ends_with('&') && !added.is_empty() {
        query.push('&');
    }
    *query += &added;
    Ok(())
}

fn unencoded(input: &str, wrong: char) -> Failure {
    let wrong = match wrong {
        ' ' => "a space".to_owned(),
        wrong => format!("`{}`", wrong.escape_default()),
    };
    invalid(format_args!("`{input}` has {wrong}, which has to be percent-encoded there"))
}

/// The parts of an `http` or `https` URL, as texts.
#[derive(Debug)]
struct Parts<'a> {
    /// With `://`.
    scheme: &'static str,
    authority: &'a str,
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Result<Self, Failure> {
        // A URL parser would drop tabs and line breaks silently.
        if text.contains(|it: char| it.is_control()) {
            return Err(invalid("`restUrl` has a line break or another control character"));
        }
        let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
        let (scheme, rest) = match (lower.starts_with("http://"), lower == "https://") {
            (true, _) => ("http://", &text[7..]),
            (_, true) => ("https://", &text[8..]),
            (false, false) => {
                return Err(invalid("`restUrl` does not start with http:// or https://"));
            }
        };
        // The fragment is for the reader of the answer and never sent.
        let rest = rest.split('#').next().unwrap_or_default();
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (rest, None),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        // A URL parser would take the first segment of the path for the host.
        if authority.is_empty() {
            return Err(invalid("`restUrl` has no host"));
        }
        // A URL parser takes a backslash for a slash, so that the host would be another than it looks.
        if authority.contains('\\') {
            return Err(invalid("`restUrl` has a backslash in its host"));
        }
        Ok(Self { scheme, authority, path, query })
    }
}

/// Percent-encodes what `legal` refuses; `%XX` stays.
fn encode(text: &str, legal: fn(u8) -> bool) -> String {
    let bytes = text.as_bytes();
    let is_encoded = |at: usize| {
        let digits: Option<&[u8]> = bytes.get::<Range<usize>>(at + 1..at + 3);
        digits.is_some_and(|it| it.iter().all(u8::is_ascii_hexdigit))
    };
    let mut encoded = String::with_capacity(text.len());
    for (at, &byte) in bytes.iter().enumerate() {
        if legal(byte) || byte == b'%' && is_encoded(at) {
            encoded.push(char::from(byte));
        } else {
            encoded += percent_encoding::percent_encode_byte(byte);
        }
    }
    encoded
}

/// Percent-encodes everything that could mean something, `%` too.
fn encode_all(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if is_unreserved(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded += percent_encoding::percent_encode_byte(byte);
        }
        encoded
    })
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// What a path may have (RFC 3986 §3.3).
fn is_path(byte: u8) -> bool {
    is_unreserved(byte) || b"!$&'()*+,;=:@/".contains(&byte)
}

/// What a query may have (RFC 3986 §3.4).
fn is_query(byte: u8) -> bool {
    is_path(byte) || byte == b'?'
}

/// What one name or value of a query may have.
fn is_part(byte: u8) -> bool {
    is_query(byte) && !b"&=".contains(&byte)
}

/// What arrives at the peer as it is; the square brackets and the bar are common though not legal.
fn is_sendable(it: char) -> bool {
    it.is_ascii_graphic() && !r#""<>\^`{}"#.contains(it)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn address(text: &str, encoding: Encoding, parameters: serde_json::Value) -> String {
        let parameters: Option<Parameters> = serde_json::from_value(parameters).unwrap();
        match Address::new(text, encoding, parameters.as_ref()) {
            Ok(Address { url, user: None }) => url.into(),
            Ok(Address { url, user: Some((name, password)) }) => {
                format!("{url} for {name}:{}", password.reveal())
            }
            Err(failure) => failure.to_string(),
        }
    }

    fn plain(text: &str, expected: &str) {
        assert_eq!(address(text, Encoding::Plain, json!(null)), expected, "{text}");
    }

    fn done(text: &str, expected: &str) {
        assert_eq!(address(text, Encoding::Done, json!(null)), expected, "{text}");
    }

    fn refused(text: &str, expected: &str) {
        plain(text, &format!("INVALID_INPUT: `restUrl` {expected}"));
    }

    #[test]
    fn what_is_no_http_url_is_refused() {
        plain("  ", "MISSING_INPUT: `restUrl` is empty");
        for text in ["testmail@testmail.com", "ftp://x/y", "//x/y", "http:/x", "file:///etc/passwd"]
        {
            refused(text, "does not start with http:// or https://");
        }
        refused("http://", "has no host");
        refused("http:///path", "has no host");
        refused("http://user@/path", "is no URL: empty host");
        refused("http://x:99999/", "is no URL: invalid port number");
        refused("http://exa mple.org/", "is no URL: invalid international domain name");
        refused("http://x/a\nb", "has a line break or another control character");
        refused("http://x/a\tb", "has a line break or another control character");
        refused(r"http://good.example\@evil.example/", "has a backslash in its host");
    }

    #[test]
    fn an_encoded_url_with_what_no_url_carries_is_refused() {
        let text = "which has to be percent-encoded there";
        done("http://x/a b", &format!("INVALID_INPUT: `restUrl` has a space, {text}"));
        done("http://x/?q=ü", &format!(r"INVALID_INPUT: `restUrl` has `\u{{fc}}`, {text}"));
        done("http://x/{id}", &format!("INVALID_INPUT: `restUrl` has `{{`, {text}"));
        let refused = format!("INVALID_INPUT: `restUrlParams` has a space, {text}");
        assert_eq!(address("http://x/", Encoding::Done, json!("a=b c")), refused);
        let refused = format!("INVALID_INPUT: `restUrlParams` has `#`, {text}");
        assert_eq!(address("http://x/", Encoding::Plain, json!("a=b#c")), refused);
    }

    #[test]
    fn only_what_a_url_cannot_carry_is_encoded() {
        plain("http://x/hello world", "http://x/hello%20world");
        plain("http://x/über uns", "http://x/%C3%BCber%20uns");
        plain("http://x/?q=value 2", "http://x/?q=value%202");
        plain("http://x/a%20b?c=%20d", "http://x/a%20b?c=%20d");
        plain(
            "http://x/%2C%26%3F%2B%2F?q=%2C%26%3F%2B%2F",
            "http://x/%2C%26%3F%2B%2F?q=%2C%26%3F%2B%2F",
        );
        plain("http://x/a+b,c;d=e@f:g?h=a+b,c/d?e", "http://x/a+b,c;d=e@f:g?h=a+b,c/d?e");
        plain("http://x/100%?q=5%zz", "http://x/100%25?q=5%25zz");
        plain(r"http://x/a\b|{c}", "http://x/a%5Cb%7C%7Bc%7D");
        plain("http://x/?a[0]=<b>", "http://x/?a%5B0%5D=%3Cb%3E");
        plain("http://x?q=1", "http://x/?q=1");
        plain("http://x/a#frag ment", "http://x/a");
        plain("http://x/?", "http://x/?");
        plain(" HTTPS://Example.ORG:443/A ", "https://example.org/A");
        plain("http://[::1]:8080/a", "http://[::1]:8080/a");
    }

    #[test]
    fn an_encoded_url_stays_byte_for_byte() {
        for text in [
            "https://bucket.example.org/a%2Fb%2Cc+d/e?X-Sig=a%2Bb%2F%3D&x=a+b",
            "http://x/a|b?c[]=d",
            "http://x/%zz?q=100%",
        ] {
            done(text, text);
        }
    }

    #[test]
    fn user_info_leaves_the_url() {
        plain("http://jane:p%40ss@x:81/a", "http://x:81/a for jane:p@ss");
        plain("http://jane@x/", "http://x/ for jane:");
    }

    #[test]
    fn parameters_are_added_to_the_query() {
        let check = |url: &str, encoding, parameters: serde_json::Value, expected: &str| {
            assert_eq!(address(url, encoding, parameters), expected);
        };
        let all = json!({"a": [1, "x y"], "b&c": "d=e+f/ü%20", "n": null});
        check(
            "http://x/?z=1#f",
            Encoding::Plain,
            all,
            "http://x/?z=1&a=1&a=x%20y&b%26c=d%3De%2Bf%2F%C3%BC%2520",
        );
        let encoded = json!({"a": "x%2Fy+z", "b": "c&d e"});
        check("http://x/", Encoding::Done, encoded, "http://x/?a=x%2Fy+z&b=c%26d%20e");
        check("http://x/?z&", Encoding::Plain, json!("?a=b c&d=%2F"), "http://x/?z&a=b%20c&d=%2F");
        check("http://x/?z", Encoding::Done, json!("&a=b+c"), "http://x/?z&a=b+c");
        check("http://x/", Encoding::Plain, json!({}), "http://x/");
        check("http://x/", Encoding::Plain, json!(""), "http://x/");
    }
}
