//! What the bytes of a file are: as declared, else by the name, else by their first bytes.

/// The type of bytes that nobody knows anything about (RFC 2046, section 4.5.1).
pub(crate) const UNKNOWN: &str = "application/octet-stream";

/// A MIME type as it was declared, in case it says something.
pub(crate) fn declared(mime_type: &str) -> Option<String> {
    let mime_type = mime_type.trim();
    let essence = mime_type.split(';').next().unwrap_or_default().trim_end();
    let (kind, subtype) = essence.split_once('/')?;
    let is_token = |text: &str| {
        let is_allowed = |it: u8| it.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&it);
        !text.is_empty() && text.bytes().all(is_allowed)
    };
    let is_printable = mime_type.bytes().all(|it| matches!(it, b' '..=b'~') && it != b',');
    let is_known = is_token(kind) && is_token(subtype) && is_printable;
    // Browsers and S3 say so when they know nothing.
    let is_generic =
        [UNKNOWN, "binary/octet-stream"].iter().any(|it| essence.eq_ignore_ascii_case(it));
    (is_known && !is_generic).then(|| mime_type.to_owned())
}

/// The type that the extension of a name stands for.
pub(crate) fn by_name(name: &str) -> Option<String> {
    mime_guess::from_path(name).first_raw().map(str::to_owned)
}

/// The type that the first bytes of a file give away.
pub(crate) fn by_bytes(start: &[u8]) -> Option<String> {
    infer::get(start).map(|it| it.mime_type().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_say_nothing_do_not_count() {
        let check = |mime_type: &str, expected: Option<&str>| {
            assert_eq!(declared(mime_type).as_deref(), expected, "{mime_type}");
        };
        check("application/octet-stream", None);
        check("Binary/Octet-Stream", None);
        check("application/octet-stream; charset=binary", None);
        check("", None);
        check("pdf", None);
        check("a/", None);
        check("/b", None);
        check("a b/c", None);
        check("a/b\r\nBcc: x", None);
        check("a/b,c/d", None);
        check(" text/csv; charset=utf-8 ", Some("text/csv; charset=utf-8"));
        check(
            "application/vnd.oasis.opendocument.text",
            Some("application/vnd.oasis.opendocument.text"),
        );
        check("image/svg+xml", Some("image/svg+xml"));
    }

    #[test]
    fn names_and_bytes_tell_the_type() {
        assert_eq!(by_name("a.PDF").as_deref(), Some("application/pdf"));
        assert_eq!(by_name("a.tar.gz").as_deref(), Some("application/gzip"));
        assert_eq!(by_name("pdf"), None);
        assert_eq!(by_name("a.unheard-of"), None);
        assert_eq!(by_bytes(b"%PDF-1.7\n").as_deref(), Some("application/pdf"));
        assert_eq!(by_bytes(b"\x89PNG\r\n\x1a\n").as_deref(), Some("image/png"));
        assert_eq!(by_bytes(b""), None);
        assert_eq!(by_bytes(b"hello"), None);
    }
}
