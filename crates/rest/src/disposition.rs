//! The file name in a `Content-Disposition` (RFC 6266), also beyond ASCII (RFC 8187) (pure).

use encoding_rs::Encoding;
use percent_encoding::percent_decode_str;

use crate::media;

/// The name that the header suggests, the last part of it where it is a path; `None` where there is none.
pub(crate) fn file_name(header: &[u8]) -> Option<String> {
    let header = media::decode(header, None).text;
    let parameters = parameters(&header);
    let find = |wanted: &str| {
        let found = parameters.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.as_str())
    };
    let name = find("filename*").and_then(extended).or_else(|| find("filename").map(str::to_owned));
    let name = name?;
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    (!last.is_empty()).then(|| last.to_owned())
}

/// The parameters after the type, quotes and escapes removed.
fn parameters(header: &str) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    let mut rest = header.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((name, after)) = rest.split_once('=') {
        // A parameter without a value is none.
        let name = name.rsplit(';').next().unwrap_or_default().trim().to_owned();
        let after = after.trim_start();
        let (value, left) = if let Some(quoted) = after.strip_prefix('"') {
            unquoted(quoted)
        } else {
            let (value, left) = after.split_once(';').unwrap_or((after, ""));
            (value.trim().to_owned(), left)
        };
        parameters.push((name, value));
        rest = left;
    }
    parameters
}

/// The text up to the closing quote, and what is behind it.
///
/// A backslash escapes quotes and backslashes only: some servers write paths of Windows as they are.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &text[at + 1..]),
            '\\' => match characters.next_if(|(_, next)| matches!(next, '"' | '\\')) {
                Some((_, escaped)) => value.push(escaped),
                None => value.push('\\'),
            },
            other => value.push(other),
        }
    }
    (value, "")
}

/// `charset'language'percent-encoded`.
fn extended(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let encoding = Encoding::for_label(charset.as_bytes())?;
    let bytes: Vec<u8> = percent_decode_str(encoded).collect();
    let (text, _, is_broken) = encoding.decode(&bytes);
    (!is_broken).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, expected: Option<&str>) {
        assert_eq!(file_name(header.as_bytes()).as_deref(), expected, "{header}");
    }

    #[test]
    fn what_names_no_file_gives_none() {
        check("", None);
        check("attachment", None);
        check("attachment; filename", None);
        check("attachment; filename=", None);
        check("attachment; filename=\"\"", None);
        check("attachment; filename=\"/\"", None);
        check("filename=a.pdf", None);
        check("attachment; filename*=utf-8''", None);
    }

    #[test]
    fn a_path_is_cut_to_its_last_part() {
        check("attachment; filename=\"../../etc/passwd\"", Some("passwd"));
        check("attachment; filename=\"C:\\temp\\a.pdf\"", Some("a.pdf"));
        check("attachment; filename*=UTF-8''..%2F..%2Fa.pdf", Some("a.pdf"));
    }

    /// After the examples of RFC 6266 §5 and what servers write instead.
    #[test]
    fn names_are_found_in_every_spelling() {
        check("Attachment; filename=example.html", Some("example.html"));
        check("INLINE; FILENAME= \"an example.html\"", Some("an example.html"));
        check("attachment; filename*= UTF-8''%e2%82%ac%20rates", Some("€ rates"));
        check(
            "attachment; filename=\"EURO rates\"; filename*=utf-8''%e2%82%ac%20rates",
            Some("€ rates"),
        );
        check("attachment; filename*=iso-8859-1'en'%A3%20rates; filename=b", Some("£ rates"));
        check("attachment; filename*=martian''a; filename=b", Some("b"));
        check("attachment; filename*=utf-8''%ff; filename=b", Some("b"));
        check("attachment; filename*=a; filename=b", Some("b"));
        check("attachment; filename=\"a\\\"b;c=d.txt\"; size=1", Some("a\"b;c=d.txt"));
        check("attachment; foo; filename=a.pdf;bar=b", Some("a.pdf"));
        check("attachment; filename=\"unclosed.pdf", Some("unclosed.pdf"));
        check("attachment; filename=\"Rechnung für Müller.pdf\"", Some("Rechnung für Müller.pdf"));
        assert_eq!(file_name(b"a; filename=\"f\xfcr.pdf\"").as_deref(), Some("für.pdf"));
    }
}
