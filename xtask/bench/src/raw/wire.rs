//! Frames and methods of AMQP 0-9-1, as far as `raw.rs` needs them (specification §2.3.5, §4.2).

use std::{
    io::{Read, Write},
    net::TcpStream,
    ops::Range,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use lapin::uri::AMQPUri;

pub(super) const FRAME_METHOD: u8 = 1;
pub(super) const FRAME_HEADER: u8 = 2;
pub(super) const FRAME_BODY: u8 = 3;
pub(super) const FRAME_HEARTBEAT: u8 = 8;
const FRAME_END: u8 = 0xCE;
/// Type, channel and length stand before the payload, the end mark behind it.
const FRAME_HEAD_BYTES: usize = 7;
const FRAME_BYTES_MAX: u32 = 131_072;

/// A broker that says nothing for so long has something else to do.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Class and number of a method.
pub(super) type Method = (u16, u16);

const START: Method = (10, 10);
const START_OK: Method = (10, 11);
const TUNE: Method = (10, 30);
const TUNE_OK: Method = (10, 31);
const OPEN: Method = (10, 40);
const OPENED: Method = (10, 41);
const CHANNEL_OPEN: Method = (20, 10);
const CHANNEL_OPENED: Method = (20, 11);
pub(super) const QOS: Method = (60, 10);
pub(super) const QOS_SET: Method = (60, 11);
pub(super) const CONSUME: Method = (60, 20);
pub(super) const CONSUMING: Method = (60, 21);
pub(super) const PUBLISH: Method = (60, 40);
pub(super) const DELIVER: Method = (60, 60);
pub(super) const ACK: Method = (60, 80);
pub(super) const CONFIRM_SELECT: Method = (85, 10);
pub(super) const CONFIRM_SELECTED: Method = (85, 11);
const BASIC: u16 = 60;

/// A connection and its one channel.
pub(super) struct Channel {
    stream: TcpStream,
    input: Vec<u8>,
    /// The part of `input` that was received and is not read yet.
    unread: Range<usize>,
    output: Vec<u8>,
}

/// A frame that was read; valid until the next one is.
pub(super) struct Frame {
    pub(super) kind: u8,
    /// `(0, 0)` in frames that hold no method.
    pub(super) method: Method,
    /// With its head and its end mark.
    bytes: Range<usize>,
}

impl Channel {
    /// Connects, says who we are and opens channel 1; no heartbeats.
    pub(super) fn open(url: &str) -> Result<Self> {
        let uri: AMQPUri = url.parse().map_err(|text| anyhow::anyhow!("AMQP_URL: {text}"))?;
        let place = (uri.authority.host.as_str(), uri.authority.port);
        let stream =
            TcpStream::connect(place).with_context(|| format!("{}:{}", place.0, place.1))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SILENCE_MAX))?;
        let mut channel =
            Self { stream, input: vec![0; 1 << 20], unread: 0..0, output: Vec::new() };
        channel.stream.write_all(b"AMQP\0\0\x09\x01")?;
        channel.expect(START)?;

        let mut start = Vec::new();
        long_text(&mut start, b"");
        short_text(&mut start, "PLAIN");
        let user = &uri.authority.userinfo;
        let plain = format!("\0{}\0{}", user.username, user.password);
        long_text(&mut start, plain.as_bytes());
        short_text(&mut start, "en_US");
        channel.write(0, START_OK, &start);
        channel.flush()?;
        channel.expect(TUNE)?;

        let mut tune = 1_u16.to_be_bytes().to_vec();
        tune.extend(FRAME_BYTES_MAX.to_be_bytes());
        tune.extend([0; 2]);
        channel.write(0, TUNE_OK, &tune);
        let mut open = Vec::new();
        short_text(&mut open, &uri.vhost);
        open.extend([0; 2]);
        channel.write(0, OPEN, &open);
        channel.flush()?;
        channel.expect(OPENED)?;
        channel.call(CHANNEL_OPEN, &[0], CHANNEL_OPENED)?;
        Ok(channel)
    }

    /// Calls a method and waits for its answer.
    pub(super) fn call(&mut self, method: Method, arguments: &[u8], answer: Method) -> Result<()> {
        self.write_method(method, arguments);
        self.flush()?;
        self.expect(answer)
    }

    pub(super) fn write_method(&mut self, method: Method, arguments: &[u8]) {
        self.write(1, method, arguments);
    }

    /// The header and the body that follow a publish; the body must fit into one frame.
    pub(super) fn write_content(&mut self, properties: &[u8], body: &[u8]) {
        let mut header = BASIC.to_be_bytes().to_vec();
        header.extend([0; 2]);
        header.extend((body.len() as u64).to_be_bytes());
        header.extend(properties);
        frame(&mut self.output, FRAME_HEADER, 1, &[&header]);
        frame(&mut self.output, FRAME_BODY, 1, &[body]);
    }

    /// Writes a frame as it was read.
    pub(super) fn write_again(&mut self, frame: &Frame) {
        self.output.extend_from_slice(&self.input[frame.bytes.clone()]);
    }

    pub(super) fn flush(&mut self) -> Result<()> {
        self.stream.write_all(&self.output)?;
        self.output.clear();
        Ok(())
    }

    /// Waits for the next frame.
    pub(super) fn read(&mut self) -> Result<Frame> {
        while !self.has_more() {
            self.receive()?;
        }
        let start = self.unread.start;
        let bytes = start..start + self.frame_bytes();
        self.unread.start = bytes.end;
        let kind = self.input[start];
        let mut method = (0, 0);
        if kind == FRAME_METHOD {
            method =
                (self.number(start + FRAME_HEAD_BYTES), self.number(start + FRAME_HEAD_BYTES + 2));
        }
        Ok(Frame { kind, method, bytes })
    }

    /// Whether a whole frame can be read without waiting.
    pub(super) fn has_more(&self) -> bool {
        self.unread.len() >= FRAME_HEAD_BYTES && self.unread.len() >= self.frame_bytes()
    }

    /// What follows the method's number.
    pub(super) fn arguments(&self, frame: &Frame) -> &[u8] {
        &self.input[frame.bytes.start + FRAME_HEAD_BYTES + 4..frame.bytes.end - 1]
    }

    /// Why the broker sent a frame that nobody waits for, as far as it can be told.
    pub(super) fn unexpected(&self, frame: &Frame) -> anyhow::Error {
        let text = String::from_utf8_lossy(&self.input[frame.bytes.clone()]);
        let text: String = text.chars().filter(|it| !it.is_control()).collect();
        anyhow::anyhow!("the broker sent frame {} {:?}: {text}", frame.kind, frame.method)
    }

    fn expect(&mut self, method: Method) -> Result<()> {
        loop {
            let frame = self.read()?;
            match frame.kind {
                FRAME_METHOD if frame.method == method => return Ok(()),
                FRAME_HEARTBEAT => {}
                _ => return Err(self.unexpected(&frame)),
            }
        }
    }

    /// Length of the frame that is next; its head must be there.
    fn frame_bytes(&self) -> usize {
        let length = self.unread.start + 3;
        let length =
            (usize::from(self.number(length)) << 16) | usize::from(self.number(length + 2));
        FRAME_HEAD_BYTES + length + 1
    }

    fn number(&self, at: usize) -> u16 {
        u16::from_be_bytes([self.input[at], self.input[at + 1]])
    }

    fn receive(&mut self) -> Result<()> {
        self.input.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        let n_read = self.stream.read(&mut self.input[self.unread.end..])?;
        if n_read == 0 {
            bail!("the broker closed the connection");
        }
        self.unread.end += n_read;
        Ok(())
    }

    fn write(&mut self, channel: u16, method: Method, arguments: &[u8]) {
        let (class, number) = method;
        let head = [class.to_be_bytes(), number.to_be_bytes()];
        frame(&mut self.output, FRAME_METHOD, channel, &[head.as_flattened(), arguments]);
    }
}

fn frame(out: &mut Vec<u8>, kind: u8, channel: u16, payload: &[&[u8]]) {
    out.push(kind);
    out.extend(channel.to_be_bytes());
    length(out, payload.iter().map(|part| part.len()).sum());
    for part in payload {
        out.extend_from_slice(part);
    }
    out.push(FRAME_END);
}

/// A text of at most 255 bytes; the rest is left out.
pub(super) fn short_text(out: &mut Vec<u8>, text: &str) {
    let bytes = &text.as_bytes()[..text.len().min(255)];
    out.extend(u8::try_from(bytes.len()));
    out.extend_from_slice(bytes);
}

/// A text or a table, after its length.
pub(super) fn long_text(out: &mut Vec<u8>, bytes: &[u8]) {
    length(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// Everything here is far below 4 GB.
fn length(out: &mut Vec<u8>, length: usize) {
    out.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
}
