//! The items of all pages as the content of a file.

use bytes::Bytes;
use common::Failure;
use files::{FileError, NewFile};
use futures_util::{Stream, stream};
use serde_json::Value;
use url::Url;

use super::Pages;
use crate::download;

/// How items are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// One JSON array.
    Array,
    /// JSON Lines: an item per line.
    Lines,
}

/// What ended the writing early.
pub(super) enum Unfinished {
    Call(Failure),
    Store(FileError),
}

impl From<FileError> for Unfinished {
    fn from(error: FileError) -> Self {
        Self::Store(error)
    }
}

/// The file: JSON, or JSON Lines where its name says so; by default named by the end of the URL.
pub(super) fn new_file(name: Option<&str>, url: &Url) -> (NewFile, Format) {
    let name = name.map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned);
    let name = name.unwrap_or_else(|| {
        let last = download::last_part(url).unwrap_or_else(|| "list".to_owned());
        let is_json = last.to_ascii_lowercase().ends_with(".json");
        if is_json { last } else { format!("{last}.json") }
    });
    let lower = name.to_ascii_lowercase();
    let is_lines = [".jsonl", ".ndjson"].iter().any(|it| lower.ends_with(it));
    let (mime_type, format) = if is_lines {
        ("application/x-ndjson", Format::Lines)
    } else {
        ("application/json", Format::Array)
    };
    (NewFile { name, mime_type: Some(mime_type.to_owned()), ..NewFile::default() }, format)
}

/// What has been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Nothing,
    Items,
    All,
}

/// The content: a chunk per page.
pub(super) fn content(
    pages: &mut Pages<'_, '_>,
    format: Format,
) -> impl Stream<Item = Result<Bytes, Unfinished>> {
    stream::try_unfold((pages, Written::Nothing), move |(pages, written)| async move {
        if written == Written::All {
            return Ok(None);
        }
        let items = pages.next().await.map_err(Unfinished::Call)?;
        let (chunk, written) = encoded(items.as_deref(), format, written);
        Ok(Some((chunk, (pages, written))))
    })
}

/// The bytes of a page's items, or of the end.
fn encoded(items: Option<&[Value]>, format: Format, written: Written) -> (Bytes, Written) {
    let mut text = String::new();
    let mut now = written;
    for item in items.unwrap_or_default() {
        text.push_str(match (format, now) {
            (Format::Lines, _) => "",
            (Format::Array, Written::Nothing) => "[",
            (Format::Array, Written::Items | Written::All) => ",\n",
        });
        text.push_str(&item.to_string());
        if format == Format::Lines {
            text.push('\n');
        }
        now = Written::Items;
    }
    if items.is_none() {
        text.push_str(match (format, now) {
            (Format::Lines, _) => "",
            (Format::Array, Written::Nothing) => "[]",
            (Format::Array, Written::Items | Written::All) => "]",
        });
        now = Written::All;
    }
    (text.into(), now)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_name_says_how_items_are_written() {
        let check = |name: Option<&str>, url: &str, expected: &str, format: Format| {
            let (new, found) = new_file(name, &url.parse().unwrap());
            assert_eq!((&*new.name, found), (expected, format));
        };
        check(Some("a.JSONL"), "http://x/", "a.JSONL", Format::Lines);
        check(Some("a.ndjson"), "http://x/", "a.ndjson", Format::Lines);
        check(Some("a"), "http://x/", "a", Format::Array);
        check(Some(" "), "http://x/v1/all%20orders/?page=1", "all orders.json", Format::Array);
        check(None, "http://x/orders.json", "orders.json", Format::Array);
        check(None, "http://x/", "list.json", Format::Array);
    }

    #[test]
    fn pages_are_one_list_however_they_are_cut() {
        let check = |pages: &[Value], array: &str, lines: &str| {
            for (format, expected) in [(Format::Array, array), (Format::Lines, lines)] {
                let (mut text, mut written) = (String::new(), Written::Nothing);
                for page in pages.iter().map(Value::as_array).chain([None]) {
                    let (chunk, now) = encoded(page.map(Vec::as_slice), format, written);
                    text.push_str(str::from_utf8(&chunk).unwrap());
                    written = now;
                }
                assert_eq!((text.as_str(), written), (expected, Written::All));
            }
        };
        check(&[], "[]", "");
        check(&[json!([])], "[]", "");
        check(&[json!([{"a": "x\ny"}]), json!([])], "[{\"a\":\"x\\ny\"}]", "{\"a\":\"x\\ny\"}\n");
        check(&[json!([]), json!([1, 2]), json!([null])], "[1,\n2,\nnull]", "1\n2\nnull\n");
    }
}
