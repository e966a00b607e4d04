//! `multipart/form-data` (RFC 7578), as much of it as clients of Slack send.

use bytes::Bytes;

/// One part.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) content: Bytes,
}

/// The parts, or nothing when the body isn't what `content_type` says.
pub(crate) fn parts(content_type: &str, body: &Bytes) -> Option<Vec<Part>> {
    let boundary =
        content_type.split(';').find_map(|item| item.trim().strip_prefix("boundary="))?;
    let delimiter = format!("--{}", boundary.trim_matches('"')).into_bytes();
    let mut marks = places(body, &delimiter);
    let first = marks.next()?;
    let mut from = first + delimiter.len();
    let mut parts = Vec::new();
    for mark in marks {
        // Without the line breaks after the delimiter before and ahead of the one behind.
        let part = body.slice(from.checked_add(2)?.min(mark)..mark.checked_sub(2)?.max(from + 2));
        let head_end = places(&part, b"\r\n\r\n").next()?;
        let head = String::from_utf8_lossy(&part[..head_end]).into_owned();
        let name = head.split(';').find_map(|item| item.trim().strip_prefix("name=\""))?;
        let name = name.split('"').next()?.to_owned();
        parts.push(Part { name, content: part.slice(head_end + 4..) });
        from = mark + delimiter.len();
    }
    body[from..].starts_with(b"--").then_some(parts)
}

fn places<'a>(text: &'a [u8], what: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    text.windows(what.len()).enumerate().filter(move |(_, window)| *window == what).map(|it| it.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &'static str, expected: Option<&[(&str, &str)]>) {
        let parts =
            parts("multipart/form-data; boundary=xyz", &Bytes::from_static(body.as_bytes()));
        let shown = parts.map(|parts| {
            parts
                .into_iter()
                .map(|part| (part.name, String::from_utf8(part.content.to_vec()).unwrap()))
                .collect::<Vec<_>>()
        });
        let expected = expected.map(|parts| {
            parts.iter().map(|&(name, text)| (name.to_owned(), text.to_owned())).collect()
        });
        assert_eq!(shown, expected, "{body}");
    }

    #[test]
    fn reads_parts_and_refuses_what_has_no_end() {
        check("", None);
        check("--xyz\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n1\r\n", None);
        check("--xyz\r\n\r\n--xyz--", None);
        check(
            "--xyz\r\ncontent-disposition: form-data; name=\"a\"; filename=\"b\"\r\n\r\n1\r\n2\r\n--xyz--\r\n",
            Some(&[("a", "1\r\n2")]),
        );
        check(
            "--xyz\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n\r\n--xyz\r\ncontent-disposition: form-data; name=\"b\"\r\n\r\n2\r\n--xyz--",
            Some(&[("a", ""), ("b", "2")]),
        );
    }
}
