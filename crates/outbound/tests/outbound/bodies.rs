//! Bodies that are too large, compressed, or not what they say.

use std::io::{Read, Write};

use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use outbound::ErrorKind;
use tokio::io::AsyncWriteExt;

use crate::support::{Server, answer, client, failure, fetch, get, kind, receive};

/// What the tests read at most, see `support::failure`.
const LIMIT: usize = 1024;

/// What the bombs unpack to.
const BOMB_BYTES: usize = 8 * 1024 * 1024;

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    check("", &[b'x'; LIMIT + 1], &ErrorKind::TooLarge { limit: LIMIT as u64 }).await;
}

#[tokio::test]
async fn a_body_without_end_is_refused() {
    let server = Server::raw(|mut stream| async move {
        receive(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    })
    .await;
    let error = failure(&client(), get(server.url("/"))).await;
    assert_eq!(error.kind, ErrorKind::TooLarge { limit: LIMIT as u64 });
    assert!(error.may_have_happened());
    assert_eq!(
        error.to_string(),
        format!("{}: the body is larger than 1024 bytes", server.url("/"))
    );
}

#[tokio::test]
async fn compressed_bombs_are_refused() {
    let zeros = || std::io::repeat(0).take(BOMB_BYTES as u64);
    let gzip = {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        std::io::copy(&mut zeros(), &mut encoder).unwrap();
        encoder.finish().unwrap()
    };
    let brotli = {
        let mut packed = Vec::new();
        brotli::CompressorReader::new(zeros(), 65536, 1, 22).read_to_end(&mut packed).unwrap();
        packed
    };
    for (encoding, body) in [("gzip", gzip), ("br", brotli), ("zstd", zstd_zeros())] {
        assert!(body.len() < BOMB_BYTES / 100, "{encoding}");
        check(encoding, &body, &ErrorKind::TooLarge { limit: LIMIT as u64 }).await;
    }
}

#[tokio::test]
async fn a_body_that_is_not_compressed_as_it_says_is_told_apart() {
    for encoding in ["gzip", "br", "zstd", "deflate"] {
        let server = serve(encoding, b"<html>this is not compressed</html>").await;
        let kind = kind(&client(), get(server.url("/"))).await;
        assert!(matches!(kind, ErrorKind::BadBody(_)), "{encoding}: {kind}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_lost_connection() {
    let gzip = gzip(b"hello");
    for (headers, body) in [("", &b"hel"[..]), ("Content-Encoding: gzip\r\n", &gzip[..10])] {
        let answer =
            [format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: 100\r\n\r\n").as_bytes(), body]
                .concat();
        let server = Server::raw(move |mut stream| {
            let answer = answer.clone();
            async move {
                receive(&mut stream).await;
                stream.write_all(&answer).await.unwrap();
            }
        })
        .await;
        let kind = kind(&client(), get(server.url("/"))).await;
        assert!(matches!(kind, ErrorKind::Reset(_)), "{headers}: {kind}");
    }
}

#[tokio::test]
async fn bodies_are_decompressed() {
    let deflate = {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(b"hello").unwrap();
        encoder.finish().unwrap()
    };
    for (encoding, body) in [("gzip", gzip(b"hello")), ("deflate", deflate)] {
        let server = serve(encoding, &body).await;
        let fetched = fetch(&client(), get(server.url("/"))).await;
        assert_eq!(fetched, (200, "hello".to_owned()), "{encoding}");
        assert!(
            server.requests()[0].contains("accept-encoding: zstd,gzip,deflate,br\r\n"),
            "{:?}",
            server.requests()
        );
    }
}

#[tokio::test]
async fn a_head_response_may_announce_any_length() {
    let server =
        Server::start(|_| b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n".into()).await;
    let mut request = get(server.url("/"));
    request.method = reqwest::Method::HEAD;
    assert_eq!(fetch(&client(), request).await, (200, String::new()));
}

#[tokio::test]
async fn a_response_without_body_may_claim_to_be_compressed() {
    for (method, status) in [("HEAD", "200 OK"), ("GET", "204 No Content"), ("GET", "200 OK")] {
        for encoding in ["gzip", "br", "zstd", "deflate"] {
            let head = match (method, status) {
                ("HEAD", _) => "Content-Length: 20\r\n",
                (_, "200 OK") => "Content-Length: 0\r\n",
                _ => "",
            };
            let answer = format!("HTTP/1.1 {status}\r\nContent-Encoding: {encoding}\r\n{head}\r\n");
            let server = Server::start(move |_| answer.clone().into_bytes()).await;
            let mut request = get(server.url("/"));
            request.method = method.parse().unwrap();
            let (_, body) = fetch(&client(), request).await;
            assert_eq!(body, "", "{method} {status} {encoding}");
        }
    }
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_read() {
    let server = serve("", &[b'x'; LIMIT]).await;
    let (_, body) = fetch(&client(), get(server.url("/"))).await;
    assert_eq!(body.len(), LIMIT);
}

async fn check(encoding: &str, body: &[u8], expected: &ErrorKind) {
    let server = serve(encoding, body).await;
    assert_eq!(kind(&client(), get(server.url("/"))).await, *expected, "{encoding}");
}

async fn serve(encoding: &str, body: &[u8]) -> Server {
    let headers = match encoding {
        "" => String::new(),
        encoding => format!("Content-Encoding: {encoding}\r\n"),
    };
    let answer = answer("200 OK", &headers, body);
    Server::start(move |_| answer.clone()).await
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// A Zstandard frame of run-length blocks (RFC 8878, section 3.1.1): 128 KiB of zeros in four bytes each.
fn zstd_zeros() -> Vec<u8> {
    const BLOCK_BYTES: usize = 128 * 1024;
    // Magic number, a descriptor without options, a window of 2 MiB.
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
    for left in (0..BOMB_BYTES / BLOCK_BYTES).rev() {
        let is_last = u32::from(left == 0);
        let header = (u32::try_from(BLOCK_BYTES).unwrap() << 3) | (1 << 1) | is_last;
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(0);
    }
    frame
}
