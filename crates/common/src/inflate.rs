//! Bodies that a producer has compressed (`activiti-cloud.md` §2.1).

use std::{borrow::Cow, io::Read};

use flate2::read::{GzDecoder, ZlibDecoder};

/// A body as it was before; the error says why it can't be had.
pub(crate) fn inflate<'b>(
    body: &'b [u8],
    encoding: &str,
    max: u64,
) -> Result<Cow<'b, [u8]>, String> {
    let method = encoding.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let reader: Box<dyn Read + 'b> = match method.as_str() {
        "gzip" => Box::new(GzDecoder::new(body)),
        "deflate" => Box::new(ZlibDecoder::new(body)),
        "" | "utf-8" | "identity" => return Ok(Cow::Borrowed(body)),
        _ => return Err(format!("unknown content encoding `{encoding}`")),
    };
    let mut inflated = Vec::new();
    let read = reader.take(max + 1).read_to_end(&mut inflated);
    read.map_err(|_error| format!("not {method}"))?;
    if inflated.len() as u64 > max {
        return Err(format!("the request has more bytes than REQUEST_BYTES_MAX ({max})"));
    }
    Ok(Cow::Owned(inflated))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{
        Compression,
        write::{GzEncoder, ZlibEncoder},
    };

    use super::*;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(text: &str) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn check(body: &[u8], encoding: &str, expected: Result<&str, &str>) {
        let got = inflate(body, encoding, 100);
        let got = got.as_ref().map(|it| std::str::from_utf8(it).unwrap()).map_err(String::as_str);
        assert_eq!(got, expected);
    }

    #[test]
    fn bodies_are_inflated_by_their_content_encoding() {
        check(b"{}", "", Ok("{}"));
        check(b"{}", "UTF-8", Ok("{}"));
        check(&gzip("{}"), "gzip", Ok("{}"));
        check(&gzip("{}"), "gzip:UTF-8", Ok("{}"));
        check(&deflate("{}"), "deflate", Ok("{}"));
    }

    #[test]
    fn what_cannot_be_inflated_is_refused() {
        check(b"{}", "gzip", Err("not gzip"));
        check(b"{}", "zip", Err("unknown content encoding `zip`"));
        let bomb = gzip(&"0".repeat(101));
        check(&bomb, "gzip", Err("the request has more bytes than REQUEST_BYTES_MAX (100)"));
    }
}
