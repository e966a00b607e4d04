//! URIs of files: which ones there are, where they lead, and how they may be shown.

use std::fmt;

use percent_encoding::{
    AsciiSet, NON_ALPHANUMERIC, PercentEncode, percent_decode_str, utf8_percent_encode,
};

use crate::{ErrorKind, FileError, data_url::DataUrl};

/// What needs no encoding in a part of a path (RFC 3986, section 2.3), so that every reader agrees.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What is shown of an address; the rest of an endless one helps nobody.
const SHOWN_CHARS_MAX: usize = 200;
/// Keys of S3 end at 1,024 bytes, and the name is still to come.
const FOLDER_BYTES_MAX: usize = 512;
const SUPPORTED: &str = "`data:`, `file:`, `http(s):`, `s3:`, `az:` or `gs:`";

/// A URI whose scheme is supported.
#[derive(Clone, PartialEq)]
pub(crate) struct Uri {
    text: String,
    scheme: Scheme,
}

/// Where the bytes are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scheme {
    Data,
    Http,
    File,
    S3,
    Azure,
    Google,
    Memory,
}

/// A place in a store: what a URI says after its scheme.
#[derive(Debug, PartialEq)]
pub(crate) struct Location {
    /// The bucket or container; empty where there is none.
    pub(crate) authority: String,
    /// Whether the URI has `//`, so that its path is the whole one.
    pub(crate) is_whole: bool,
    /// The path, decoded; no part is empty, relative or has a separator.
    pub(crate) parts: Vec<String>,
}

impl Uri {
    /// Takes a URI of a supported scheme.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Refused`] with what is supported.
    pub(crate) fn parse(text: &str) -> Result<Self, FileError> {
        let text = text.trim();
        let refused = |why: String| FileError { kind: ErrorKind::Refused(why), file: shown(text) };
        let Some(name) = scheme(text) else {
            return Err(refused(format!("is no URI; a file is a {SUPPORTED} URI")));
        };
        let scheme = match name.to_ascii_lowercase().as_str() {
            "data" => Scheme::Data,
            "http" | "https" => Scheme::Http,
            "file" => Scheme::File,
            "s3" | "s3a" => Scheme::S3,
            "az" | "azure" | "adl" | "abfs" | "abfss" => Scheme::Azure,
            "gs" => Scheme::Google,
            "memory" => Scheme::Memory,
            other => {
                return Err(refused(format!(
                    "`{other}:` refers to a content service that connectors cannot read; a file is a {SUPPORTED} URI"
                )));
            }
        };
        if scheme == Scheme::Data {
            DataUrl::parse(text).map_err(refused)?;
        }
        Ok(Self { text: text.to_owned(), scheme })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The place that a URI of a store names.
    pub(crate) fn location(&self) -> Result<Location, String> {
        let (_, rest) = self.text.split_once(':').unwrap_or_default();
        if rest.contains(['?', '#']) {
            let text = "has a query or fragment; in a name, `?` is `%3F` and `#` is `%23`";
            return Err(text.to_owned());
        }
        let hierarchical = rest.strip_prefix("//");
        let (authority, path) = match hierarchical {
            Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
            None => ("", rest),
        };
        let is_this_machine =
            self.scheme == Scheme::File && authority.eq_ignore_ascii_case("localhost");
        let authority = if is_this_machine { "" } else { authority };
        let (authority, is_whole) = (authority.to_owned(), hierarchical.is_some());
        Ok(Location { authority, is_whole, parts: parts(path)? })
    }

    /// The last part of the path, decoded; `None` where there is none.
    pub(crate) fn name(&self) -> Option<String> {
        if self.scheme == Scheme::Data {
            return DataUrl::parse(&self.text).ok()?.name;
        }
        let (_, rest) = self.text.split_once(':')?;
        let path = rest.split(['?', '#']).next()?;
        let path = match path.strip_prefix("//") {
            Some(rest) => rest.split_once('/')?.1,
            None => path,
        };
        let last = path.trim_end_matches('/').rsplit('/').next().filter(|it| !it.is_empty())?;
        Some(percent_decode_str(last).decode_utf8_lossy().into_owned())
    }

    pub(crate) fn shown(&self) -> String {
        shown(&self.text)
    }
}

impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

/// The parts of an encoded path.
///
/// # Errors
///
/// A text about parts that could lead elsewhere than they seem to.
fn parts(path: &str) -> Result<Vec<String>, String> {
    match path.strip_prefix('/').unwrap_or(path) {
        "" => Ok(Vec::new()),
        path => path.split('/').map(part).collect(),
    }
}

/// The URI's path of some parts, without a slash at its start.
pub(crate) fn encoded<'a>(parts: impl IntoIterator<Item = &'a String>) -> String {
    let parts: Vec<_> = parts.into_iter().map(|part| encoded_part(part).to_string()).collect();
    parts.join("/")
}

/// One part of a path, or one value of a parameter.
pub(crate) fn encoded_part(part: &str) -> PercentEncode<'_> {
    utf8_percent_encode(part, ENCODED)
}

/// The parts of a folder as an author of a process names it: `invoices/2026`.
///
/// # Errors
///
/// A text about parts that could lead elsewhere than they seem to.
pub(crate) fn folder(path: &str) -> Result<Vec<String>, String> {
    let trimmed = path.trim_matches('/');
    if trimmed.is_empty() {
        return Ok(Vec::new());
    }
    let wrong = |problem| format!("is for a folder that {problem}");
    if path.len() > FOLDER_BYTES_MAX {
        return Err(wrong("has a name that is too long"));
    }
    let parts = trimmed.split('/').map(|part| Ok(plain(part)?.to_owned()));
    parts.collect::<Result<_, _>>().map_err(wrong)
}

fn part(encoded: &str) -> Result<String, String> {
    let decoded = percent_decode_str(encoded)
        .decode_utf8()
        .map_err(|_| "has a path that is not UTF-8".to_owned())?;
    Ok(plain(&decoded)?.to_owned())
}

/// A part that is a name and nothing else.
fn plain(part: &str) -> Result<&str, &'static str> {
    match part {
        "" => Err("has an empty part in its path"),
        "." | ".." => Err("has `.` or `..` in its path"),
        part if part.contains(['/', '\\']) => Err("has a separator within a part of its path"),
        part if part.contains(char::is_control) => Err("has control characters in its path"),
        part => Ok(part),
    }
}

/// The scheme (RFC 3986, section 3.1).
fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|it| it.is_ascii_alphanumeric() || b"+-.".contains(&it));
    is_scheme.then_some(scheme)
}

/// Whether a text is a URI of any kind.
pub(crate) fn has_scheme(text: &str) -> bool {
    scheme(text.trim()).is_some()
}

/// A URI as it may be shown to anyone: without data, user info, query and fragment.
fn shown(text: &str) -> String {
    if scheme(text).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data")) {
        return "data:…".to_owned();
    }
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let text = match text.split_once("://") {
        // In front of the `@` of Azure's URIs is the container.
        Some((scheme, rest)) if !scheme.to_ascii_lowercase().starts_with("abfs") => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = authority.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{path}")
        }
        Some(_) | None => text.to_owned(),
    };
    let mut shown: String = text
        .chars()
        .take(SHOWN_CHARS_MAX)
        .map(|it| if it.is_control() { '\u{fffd}' } else { it })
        .collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn uris_that_no_connector_can_read_are_refused() {
        let check = |text: &str, expected: &str| {
            let error = Uri::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(error.contains("`s3:`"), "names what is supported: {error}");
        };
        check("alfresco:/9fb6", "`alfresco:` refers to a content service");
        check("hxpr:/9fb6", "`hxpr:/9fb6`: `hxpr:` refers");
        check("ftp://a.test/b", "`ftp:` refers");
        check("C:\\temp\\a.pdf", "`c:` refers");
        check("a.pdf", "`a.pdf`: is no URI");
        check("/etc/passwd", "is no URI");
        check("", "is no URI");
        check("9a:b", "is no URI");
        check("ä:b", "is no URI");
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        let check = |path: &str, expected: &str| {
            for start in ["file:///root/", "s3://bucket/root/", "file:/", "memory:///"] {
                let location = Uri::parse(&format!("{start}{path}")).unwrap().location();
                let error = location.expect_err(path);
                assert!(error.contains(expected), "{start}{path}: {error}");
            }
        };
        for dots in ["..", "%2e%2e", "%2E.", ".%2e", ".", "%2e"] {
            check(dots, "`..`");
            check(&format!("{dots}/etc/passwd"), "`..`");
            check(&format!("a/{dots}/b"), "`..`");
        }
        check("..%2f..%2fetc", "separator");
        check("%2fetc%2fpasswd", "separator");
        check("..\\..\\etc", "separator");
        check("..%5c..%5cetc", "separator");
        check("a%00.pdf", "control characters");
        check("a%0d%0ab", "control characters");
        check("a//b", "empty part");
        check("a/", "empty part");
        check("%ff", "UTF-8");
        check("a?sig=x", "`%3F`");
        check("a#x", "`%23`");
    }

    #[test]
    fn places_are_taken_apart() {
        let check = |text: &str, authority: &str, is_whole: bool, expected: &[&str]| {
            let location = Uri::parse(text).unwrap().location().unwrap();
            let parts = expected.iter().map(|&it| it.to_owned()).collect();
            let authority = authority.to_owned();
            assert_eq!(location, Location { authority, is_whole, parts }, "{text}");
        };
        check("s3://bucket", "bucket", true, &[]);
        check("s3://bucket/", "bucket", true, &[]);
        check("S3://bucket/a%20b/c d.pdf", "bucket", true, &["a b", "c d.pdf"]);
        check("az://container@account.test/a", "container@account.test", true, &["a"]);
        check("file:///a/100%.pdf", "", true, &["a", "100%.pdf"]);
        check("file://LOCALHOST/a", "", true, &["a"]);
        check("file://host/a", "host", true, &["a"]);
        check("file:/policy.bin", "", false, &["policy.bin"]);
        check("file:policy.bin", "", false, &["policy.bin"]);
        // Decoded once: this is a name.
        check("file:///a/%252e%252e", "", true, &["a", "%2e%2e"]);
        check("file:///a/...", "", true, &["a", "..."]);
    }

    #[test]
    fn folders_of_new_files_stay_inside() {
        let check = |path: &str, expected: &str| {
            let error = folder(path).expect_err(path);
            assert!(error.contains(expected), "{path}: {error}");
        };
        check("..", "`..`");
        check("../a", "`..`");
        check("a/../../b", "`..`");
        check("a\\b", "separator");
        check("a//b", "empty part");
        check("a\0", "control characters");
        check(&"a/".repeat(300), "too long");
        let check = |path: &str, expected: &[&str]| assert_eq!(folder(path).unwrap(), expected);
        check("", &[]);
        check("/", &[]);
        check("/etc/", &["etc"]);
        check("a/%2e%2e/b c", &["a", "%2e%2e", "b c"]);
    }

    #[test]
    fn nothing_secret_is_shown() {
        let check = |text: &str, expected: &str| {
            assert_eq!(shown(text), expected);
            if let Ok(uri) = Uri::parse(text) {
                assert_eq!(format!("{uri:?}"), expected);
            }
        };
        check("https://jane:s3cret@a.test/b?sig=s3cret#s3cret", "https://a.test/b");
        check("https://jane:s3@cret@a.test/b@c", "https://a.test/b@c");
        check("s3://key:s3cret@bucket/a", "s3://bucket/a");
        check("az://container/a?sv=1&sig=s3cret", "az://container/a");
        check("abfss://container@account.test/a", "abfss://container@account.test/a");
        check("data:text/plain,s3cret", "data:…");
        check("DATA:s3cret", "data:…");
        check("s3cret?s3cret", "s3cret");
        check("a\nb", "a\u{fffd}b");
        check(&"a".repeat(300), &("a".repeat(200) + "…"));
    }

    #[test]
    fn files_are_named_by_the_end_of_their_uri() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(Uri::parse(text).unwrap().name().as_deref(), expected, "{text}");
        };
        check("https://a.test/b/c%20d.pdf?name=x/y#z/z", Some("c d.pdf"));
        check("https://a.test/b/", Some("b"));
        check("https://a.test/", None);
        check("https://a.test", None);
        check("https://a.test?a/b.pdf", None);
        check("file:/policy.bin", Some("policy.bin"));
        check("s3://bucket/a/%ff.pdf", Some("\u{fffd}.pdf"));
        check("data:a/b;name=c%2Fd.pdf,x", Some("c/d.pdf"));
        check("data:a/b,x", None);
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_again(parts in prop::collection::vec("[^/\\\\\\p{Cc}]{3,20}", 1..4)) {
            let uri = Uri::parse(&format!("s3://bucket/{}", encoded(&parts))).unwrap();
            prop_assert_eq!(uri.location().unwrap().parts, parts);
        }
    }
}
