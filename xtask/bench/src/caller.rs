//! The caller of HTTP servers that are measured: it costs as little as it can.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

const HEADERS_BYTES_MAX: usize = 16 * 1024;

/// A connection that is kept.
pub(crate) struct Caller {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, whose body is in the caller's buffer.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

/// What is called again and again.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) address: SocketAddr,
    /// The request as it goes over the wire.
    pub(crate) request: Vec<u8>,
    /// Part of every right answer.
    pub(crate) expected: &'static str,
}

/// How it went.
pub(crate) struct Load {
    pub(crate) elapsed: Duration,
    /// How long each call took, in microseconds.
    pub(crate) times: Vec<f64>,
}

impl Caller {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(HEADERS_BYTES_MAX) })
    }

    /// Makes a call; the answer must have a `content-length`.
    pub(crate) async fn call(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let (status, body) = loop {
            self.receive().await?;
            if let Some(head) = head(&self.buffer)? {
                break head;
            }
            ensure!(self.buffer.len() < HEADERS_BYTES_MAX, "an answer without an end");
        };
        while self.buffer.len() < body.end {
            self.receive().await?;
        }
        Ok(Answer { status, body: &self.buffer[body] })
    }

    async fn receive(&mut self) -> Result<()> {
        let n_read = self.stream.read_buf(&mut self.buffer).await?;
        ensure!(n_read > 0, "the connection was closed");
        Ok(())
    }
}

impl Call {
    /// `POST` of JSON.
    pub(crate) fn post(
        address: SocketAddr,
        path: &str,
        json: &serde_json::Value,
        expected: &'static str,
    ) -> Self {
        let body = json.to_string();
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        Self { address, request: request.into_bytes(), expected }
    }

    /// One call, whose answer's body is given.
    ///
    /// # Errors
    /// With the answer, when it isn't as expected.
    pub(crate) async fn once(&self) -> Result<String> {
        let mut caller = Caller::connect(self.address).await?;
        let answer = caller.call(&self.request).await?;
        self.check(&answer)?;
        Ok(String::from_utf8_lossy(answer.body).into_owned())
    }

    /// Calls from so many connections at once, again and again for so long.
    ///
    /// # Errors
    /// With the first answer that isn't as expected.
    pub(crate) async fn repeat(&self, connections: usize, period: Duration) -> Result<Load> {
        let mut callers = JoinSet::new();
        let begun = Instant::now();
        for _ in 0..connections {
            let call = self.clone();
            callers.spawn(async move { call.until(begun + period).await });
        }
        let mut times = Vec::new();
        while let Some(caller) = callers.join_next().await {
            times.extend(caller??);
        }
        Ok(Load { elapsed: begun.elapsed(), times })
    }

    async fn until(self, end: Instant) -> Result<Vec<f64>> {
        let mut caller = Caller::connect(self.address).await?;
        let mut times = Vec::new();
        let mut begun = Instant::now();
        while begun < end {
            self.check(&caller.call(&self.request).await?)?;
            let now = Instant::now();
            times.push((now - begun).as_secs_f64() * 1e6);
            begun = now;
        }
        Ok(times)
    }

    fn check(&self, answer: &Answer<'_>) -> Result<()> {
        let body = std::str::from_utf8(answer.body).context("the body is no text")?;
        if answer.status != 200 || !body.contains(self.expected) {
            bail!("{} answered {}: {body}", self.address, answer.status);
        }
        Ok(())
    }
}

/// Status and place of the body, once all headers are there.
fn head(bytes: &[u8]) -> Result<Option<(u16, std::ops::Range<usize>)>> {
    let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end])?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|it| it.split(' ').nth(1)).and_then(|it| it.parse().ok());
    let status = status.with_context(|| format!("no status: {head}"))?;
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>().ok())?
    });
    let length = length.with_context(|| format!("no length: {head}"))?;
    let start = end + 4;
    Ok(Some((status, start..start + length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: &str, expected: Result<Option<(u16, &str)>, &str>) {
        let got = head(answer.as_bytes()).map_err(|error| error.to_string());
        let got = got.map(|it| it.map(|(status, body)| (status, &answer[body])));
        assert_eq!(got.as_ref().map_err(String::as_str), expected.as_ref().map_err(|it| *it));
    }

    #[test]
    fn answers_without_status_or_length_are_refused() {
        check("HTTP/1.1\r\n\r\n", Err("no status: HTTP/1.1"));
        check("HTTP/1.1 200 OK\r\na: b\r\n\r\n", Err("no length: HTTP/1.1 200 OK\r\na: b"));
    }

    #[test]
    fn the_body_begins_behind_the_headers() {
        check("HTTP/1.1 200 OK\r\nContent-Len", Ok(None));
        check("HTTP/1.1 204 X\r\ncontent-length: 0\r\n\r\n", Ok(Some((204, ""))));
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nb: c\r\n\r\n{}", Ok(Some((200, "{}"))));
    }
}
