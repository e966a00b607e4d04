//! Content types and charsets: what bytes are, and texts from bytes and back.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// What a `Content-Type` says, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MediaType {
    /// Type and subtype in lower case, e.g. `text/plain`; empty where nothing is said.
    pub(crate) essence: String,
    pub(crate) charset: Option<String>,
}

impl MediaType {
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts = text.split(';');
        let essence = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let charset = parts.find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            let value = value.trim().trim_matches('"').trim();
            (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty())
                .then(|| value.to_owned())
        });
        Self { essence, charset }
    }

    pub(crate) fn is_json(&self) -> bool {
        matches!(self.essence.as_str(), "application/json" | "text/json")
            || self.essence.ends_with("+json")
    }

    pub(crate) fn is_form(&self) -> bool {
        self.essence == "application/x-www-form-urlencoded"
    }

    pub(crate) fn is_multipart_form(&self) -> bool {
        self.essence == "multipart/form-data"
    }

    /// Whether people can read it, so that bytes of it are a text.
    pub(crate) fn is_text(&self) -> bool {
        const TEXTS: [&str; 12] = [
            "application/ecmascript",
            "application/graphql",
            "application/javascript",
            "application/jsonl",
            "application/jwt",
            "application/ndjson",
            "application/sql",
            "application/toml",
            "application/x-ndjson",
            "application/x-yaml",
            "application/xml",
            "application/yaml",
        ];
        self.essence.starts_with("text/")
            || self.essence.starts_with("message/")
            || self.essence.ends_with("+xml")
            || self.essence.ends_with("+yaml")
            || self.is_json()
            || self.is_form()
            || self.charset.is_some()
            || TEXTS.contains(&self.essence.as_str())
    }
}

/// A text from bytes, and what had to be guessed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) text: String,
    pub(crate) guess: Option<String>,
}

/// Decodes by byte order mark, else by `charset`, else as UTF-8, else as Latin-1 (in the wider form that browsers use).
pub(crate) fn decode(bytes: &[u8], charset: Option<&str>) -> Decoded {
    let named = charset.map(|name| (name, Encoding::for_label(name.as_bytes())));
    let decoded = |encoding: &'static Encoding| encoding.decode(bytes).0.into_owned();
    match named {
        Some((_, Some(encoding))) => Decoded { text: decoded(encoding), guess: None },
        Some((name, None)) => {
            let text = decode(bytes, None).text;
            Decoded { text, guess: Some(format!("the charset `{name}` is not known")) }
        }
        None if std::str::from_utf8(bytes).is_ok() || Encoding::for_bom(bytes).is_some() => {
            Decoded { text: decoded(UTF_8), guess: None }
        }
        None => Decoded {
            text: decoded(WINDOWS_1252),
            guess: Some("the text is not UTF-8 and was read as Latin-1".to_owned()),
        },
    }
}

/// Encodes in `charset`, or in UTF-8 where none is named.
///
/// # Errors
/// The text names the charset, or the character that it does not have.
pub(crate) fn encode(text: &str, charset: Option<&str>) -> Result<Vec<u8>, String> {
    let Some(name) = charset else { return Ok(text.as_bytes().to_vec()) };
    let encoding = Encoding::for_label(name.as_bytes())
        .filter(|it| ![UTF_16BE, UTF_16LE].contains(it))
        .ok_or_else(|| format!("the charset `{name}` cannot be sent; utf-8 always can"))?;
    let (bytes, _, has_missing) = encoding.encode(text);
    if has_missing {
        let is_missing = |it: &char| encoding.encode(it.encode_utf8(&mut [0; 4])).2;
        let missing = text.chars().find(is_missing).unwrap_or(char::REPLACEMENT_CHARACTER);
        return Err(format!("the charset `{name}` does not have `{missing}`"));
    }
    Ok(bytes.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_type_is_read_in_every_spelling() {
        let check = |text: &str, essence: &str, charset: Option<&str>| {
            let expected =
                MediaType { essence: essence.to_owned(), charset: charset.map(str::to_owned) };
            assert_eq!(MediaType::parse(text), expected, "{text}");
        };
        check("", "", None);
        check("Text/HTML;Charset=\"ISO-8859-1\"", "text/html", Some("ISO-8859-1"));
        check("a/b; boundary=x; charset = utf-8 ", "a/b", Some("utf-8"));
        check("a/b; charset=", "a/b", None);
        check("a/b;;charset", "a/b", None);
    }

    #[test]
    fn kinds_follow_the_type() {
        let kind = |text: &str| {
            let media = MediaType::parse(text);
            (media.is_json(), media.is_form(), media.is_text())
        };
        for text in ["application/json", "application/problem+json; x=y", "text/json"] {
            assert_eq!(kind(text), (true, false, true), "{text}");
        }
        assert_eq!(kind("application/x-www-form-urlencoded"), (false, true, true));
        for text in ["text/csv", "application/soap+xml", "message/http", "a/b; charset=utf-8"] {
            assert_eq!(kind(text), (false, false, true), "{text}");
        }
        for text in ["image/png", "application/octet-stream", "application/pdf", ""] {
            assert_eq!(kind(text), (false, false, false), "{text}");
        }
    }

    #[test]
    fn texts_are_decoded_by_mark_charset_and_guess() {
        let check = |bytes: &[u8], charset: Option<&str>, text: &str, guess: Option<&str>| {
            let expected = Decoded { text: text.to_owned(), guess: guess.map(str::to_owned) };
            assert_eq!(decode(bytes, charset), expected);
        };
        let latin = Some("the text is not UTF-8 and was read as Latin-1");
        check(b"caf\xe9", None, "café", latin);
        check(b"caf\xe9", Some("martian"), "café", Some("the charset `martian` is not known"));
        check(b"caf\xe9 \x80", Some("iso-8859-1"), "café €", None);
        check("café".as_bytes(), None, "café", None);
        check(b"\xef\xbb\xbfa", Some("iso-8859-1"), "a", None);
        check(b"\xff\xfea\0", None, "a", None);
        check(b"\x83\x65", Some("Shift_JIS"), "テ", None);
        check(b"", None, "", None);
    }

    #[test]
    fn a_charset_that_cannot_carry_the_text_is_refused() {
        let check = |text: &str, charset: &str, expected: Result<&[u8], &str>| {
            let expected = expected.map(<[u8]>::to_vec).map_err(str::to_owned);
            assert_eq!(encode(text, Some(charset)), expected);
        };
        check("5 ¥ テ", "iso-8859-1", Err("the charset `iso-8859-1` does not have `テ`"));
        check("a", "utf-16", Err("the charset `utf-16` cannot be sent; utf-8 always can"));
        check("a", "martian", Err("the charset `martian` cannot be sent; utf-8 always can"));
        check("café", "iso-8859-1", Ok(b"caf\xe9"));
        check("café", "UTF-8", Ok("café".as_bytes()));
    }
}
