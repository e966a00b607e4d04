//! Data URLs (RFC 2397), with the parameter `name` that SpiffArena adds (`spiffarena-connector-proxy.md` §3).

use std::borrow::Cow;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use percent_encoding::{percent_decode, percent_decode_str};

use crate::{ErrorKind, Limit, uri::encoded_part};

/// Padded or not, since senders differ.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
/// What SpiffArena puts in place of the data of an uploaded file.
const DIGEST: &str = "spifffiledatadigest+";
/// What an empty head means (RFC 2397, section 2).
const MIME_TYPE_DEFAULT: &str = "text/plain;charset=US-ASCII";

/// A data URL, taken apart.
#[derive(Debug, PartialEq)]
pub(crate) struct DataUrl<'a> {
    /// With its parameters.
    pub(crate) mime_type: Option<String>,
    /// Decoded.
    pub(crate) name: Option<String>,
    is_base64: bool,
    data: &'a str,
}

impl<'a> DataUrl<'a> {
    /// Reads the head and leaves the data as they are.
    ///
    /// # Errors
    ///
    /// A text about a URL without data, or with a reference in place of them.
    pub(crate) fn parse(text: &'a str) -> Result<Self, String> {
        let (_, rest) = text.split_once(':').unwrap_or_default();
        let (head, data) =
            rest.split_once(',').ok_or_else(|| "is a data URL without a comma".to_owned())?;
        if data.trim_start().starts_with(DIGEST) {
            return Err(
                "is only a reference to an uploaded file; the process has to put the content in its place with the script `get_encoded_file_data(ref)`"
                    .to_owned(),
            );
        }
        let mut parameters: Vec<_> = head.split(';').map(str::trim).collect();
        let is_base64 = parameters.pop_if(|last| last.eq_ignore_ascii_case("base64")).is_some();
        let mut name = None;
        parameters.retain(|parameter| match parameter.split_once('=') {
            Some((key, value)) if key.trim().eq_ignore_ascii_case("name") => {
                let value = value.trim().trim_matches('"');
                name = Some(percent_decode_str(value).decode_utf8_lossy().into_owned());
                false
            }
            Some(_) | None => true,
        });
        let mime_type = match parameters.join(";") {
            none if none.is_empty() && name.is_none() => Some(MIME_TYPE_DEFAULT.to_owned()),
            some => Some(some).filter(|it| it.contains('/')),
        };
        Ok(Self { mime_type, name, is_base64, data })
    }

    /// The bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`] before anything is decoded, [`ErrorKind::Unreadable`] for what is no base64.
    pub(crate) fn decode(&self, limit: Limit) -> Result<Bytes, ErrorKind> {
        let data = self.data.as_bytes();
        if !self.is_base64 {
            let within_and_one =
                usize::try_from(limit.bytes).map_or(usize::MAX, |it| it.saturating_add(1));
            let bytes: Vec<u8> = percent_decode(data).take(within_and_one).collect();
            within(limit, bytes.len())?;
            return Ok(bytes.into());
        }
        let is_plain = data.iter().all(|it| it.is_ascii_alphanumeric() || b"+/=".contains(it));
        let data = if is_plain { Cow::Borrowed(data) } else { Cow::Owned(plain_base64(data)) };
        let n_padding = data.iter().rev().take_while(|&&it| it == b'=').count();
        within(limit, (data.len() - n_padding) / 4 * 3)?;
        let bytes = BASE64
            .decode(&data)
            .map_err(|error| ErrorKind::Unreadable(format!("is no base64: {error}")))?;
        within(limit, bytes.len())?;
        Ok(bytes.into())
    }
}

/// The data URL of a file, as SpiffArena writes it.
pub(crate) fn written(name: &str, mime_type: &str, bytes: &[u8]) -> String {
    // A space would end the URL for some readers.
    let mime_type = mime_type.replace(' ', "");
    let mut url = format!("data:{mime_type};name={};base64,", encoded_part(name));
    BASE64.encode_string(bytes, &mut url);
    url
}

fn within(limit: Limit, len: usize) -> Result<(), ErrorKind> {
    if len as u64 > limit.bytes { Err(limit.exceeded()) } else { Ok(()) }
}

/// Base64 of mail bodies (with line breaks), of URLs (with `-` and `_`), and percent-encoded.
fn plain_base64(data: &[u8]) -> Vec<u8> {
    percent_decode(data)
        .filter(|it| !it.is_ascii_whitespace())
        .map(|it| match it {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: Limit = Limit { bytes: 1000, setting: "X" };

    #[test]
    fn a_digest_is_no_content() {
        let digest = format!("data:application/pdf;name=a.pdf;base64,{DIGEST}{}", "0f".repeat(32));
        let error = DataUrl::parse(&digest).unwrap_err();
        assert!(error.contains("`get_encoded_file_data(ref)`"), "{error}");
    }

    #[test]
    fn broken_urls_are_told() {
        assert_eq!(DataUrl::parse("data:text/plain").unwrap_err(), "is a data URL without a comma");
        let check = |data: &str| {
            let url = format!("data:;base64,{data}");
            let error = DataUrl::parse(&url).unwrap().decode(LIMIT).unwrap_err();
            let ErrorKind::Unreadable(text) = error else { panic!("{data}: {error}") };
            assert!(text.starts_with("is no base64: "), "{data}: {text}");
        };
        check("a");
        check("aGVs*G8=");
        check("aGVsbG8=aGVsbG8=");
        check("aGVsbG8===");
        check("täst");
        check("%zz");
        check("<html>");
    }

    #[test]
    fn too_much_is_refused() {
        let check = |url: String, expected: Option<ErrorKind>| {
            assert_eq!(DataUrl::parse(&url).unwrap().decode(LIMIT).err(), expected);
        };
        check(written("a", "a/b", &[7; 1000]), None);
        check(written("a", "a/b", &[7; 1001]), Some(LIMIT.exceeded()));
        // What is too long is not even looked at.
        check(format!("data:;base64,*{}", "A".repeat(2000)), Some(LIMIT.exceeded()));
        check(format!("data:,{}", "%41".repeat(1000)), None);
        check(format!("data:,{}", "%41".repeat(1001)), Some(LIMIT.exceeded()));
    }

    #[test]
    fn every_form_is_read() {
        let check = |url: &str, mime_type: Option<&str>, name: Option<&str>| {
            let url = DataUrl::parse(url).unwrap();
            assert_eq!((url.mime_type.as_deref(), url.name.as_deref()), (mime_type, name));
            assert_eq!(url.decode(LIMIT).unwrap(), "hello?>", "{url:?}");
        };
        check("data:a/b;name=a%20b.txt;base64,aGVsbG8/Pg==", Some("a/b"), Some("a b.txt"));
        check("DATA:a/b;BASE64,aGVsbG8/Pg", Some("a/b"), None);
        check("data:a/b;base64,aGVsbG8_Pg==", Some("a/b"), None);
        check("data:a/b;base64,aGVs\r\nbG8/\r\n Pg==\r\n", Some("a/b"), None);
        check("data:a/b;base64,aGVsbG8%2FPg%3D%3D", Some("a/b"), None);
        check("data:,hello?>", Some("text/plain;charset=US-ASCII"), None);
        check("data:;base64,aGVsbG8/Pg==", Some("text/plain;charset=US-ASCII"), None);
        check("data:;name=x.csv,hello%3f%3E", None, Some("x.csv"));
        check("data:a/b;charset=x;NAME=\"y\",hello?>", Some("a/b;charset=x"), Some("y"));
        check("data:a/b; charset=x ;base64 ,aGVsbG8/Pg", Some("a/b;charset=x"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(name in ".{0,50}", bytes: Vec<u8>) {
            let written = written(&name, "text/csv; charset=utf-8", &bytes);
            prop_assert!(written.is_ascii() && !written.contains(' '), "{}", written);
            let read = DataUrl::parse(&written).unwrap();
            prop_assert_eq!(read.name.as_deref(), Some(&*name));
            prop_assert_eq!(read.mime_type.as_deref(), Some("text/csv;charset=utf-8"));
            prop_assert_eq!(read.decode(LIMIT).unwrap(), bytes);
        }

        #[test]
        fn nothing_makes_it_panic(text in "data:.{0,60}") {
            if let Ok(url) = DataUrl::parse(&text) {
                prop_assert!(url.decode(LIMIT).map_or(0, |it| it.len()) <= 1000);
            }
        }
    }
}
