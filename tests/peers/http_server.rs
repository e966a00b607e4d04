//! An HTTP server that a test writes the answers of, and that remembers every call.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time,
};

use crate::stack::eventually;

/// One request to the server.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// Path and query, as on the wire.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    /// 1 for the first call to this target.
    pub(crate) number: usize,
}

/// What the server does with a request.
pub(crate) enum Reply {
    /// Status, content type, body.
    Answer(u16, &'static str, Vec<u8>),
    /// The answer, with further headers.
    With(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Waits until the test calls [`Peer::open`], then answers 200.
    Gate,
    /// The body one byte at a time with this pause between them.
    Slow(Duration, Vec<u8>),
    /// Closes without a word.
    HangUp,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::Answer(status, "application/json", body.to_string().into_bytes())
    }
}

/// A system outside, on a port of its own.
pub(crate) struct Peer {
    address: String,
    state: Arc<State>,
    /// Serves until the peer is dropped.
    _tasks: JoinSet<()>,
}

struct State {
    script: Box<dyn Fn(&Call) -> Reply + Send + Sync>,
    calls: Mutex<Vec<Call>>,
    /// Calls without an answer so far: now, and at most.
    busy: Mutex<(usize, usize)>,
    open: watch::Sender<bool>,
}

impl Peer {
    pub(crate) async fn start(script: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = State {
            script: Box::new(script),
            calls: Mutex::default(),
            busy: Mutex::default(),
            open: watch::Sender::new(false),
        };
        let state = Arc::new(state);
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, Arc::clone(&state)));
        Self { address, state, _tasks: tasks }
    }

    pub(crate) fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.address)
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.state.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for that many calls.
    pub(crate) async fn called(&self, times: usize) -> Vec<Call> {
        eventually(&format!("{times} calls"), async || {
            let calls = self.calls();
            (calls.len() >= times).then_some(calls)
        })
        .await
    }

    /// How often each `Idempotency-Key` came.
    pub(crate) fn effects(&self) -> HashMap<String, usize> {
        let mut effects = HashMap::new();
        for call in self.calls() {
            *effects
                .entry(call.headers.get("idempotency-key").cloned().unwrap_or_default())
                .or_default() += 1;
        }
        effects
    }

    /// How many calls waited for their answer at the same time, at most.
    pub(crate) fn busiest(&self) -> usize {
        self.state.busy.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    /// Lets the calls go on that wait at [`Reply::Gate`], and all that follow.
    pub(crate) fn open(&self) {
        self.state.open.send_replace(true);
    }
}

impl State {
    fn work(&self, more: isize) {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.0 = busy.0.saturating_add_signed(more);
        busy.1 = busy.1.max(busy.0);
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            connections.spawn(converse(stream, Arc::clone(&state)));
        }
        while connections.try_join_next().is_some() {}
    }
}

/// A lost connection is the client's business.
async fn converse(mut stream: TcpStream, state: Arc<State>) {
    let mut buffer = Vec::new();
    while let Ok(Some(call)) = read(&mut stream, &mut buffer, &state).await {
        state.work(1);
        let open = answer(&mut stream, &call, &state).await;
        state.work(-1);
        if !matches!(open, Ok(true)) {
            return;
        }
    }
}

/// The next request of the connection, which is then in the list of calls.
async fn read(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    state: &State,
) -> io::Result<Option<Call>> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let headers: BTreeMap<String, String> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    while buffer.len() < end + length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    let body = String::from_utf8_lossy(&buffer[end..end + length]).into_owned();
    buffer.drain(..end + length);
    let mut first = head.split(' ').map(str::to_owned);
    let (method, target) = (first.next().unwrap(), first.next().unwrap());
    let mut calls = state.calls.lock().unwrap_or_else(PoisonError::into_inner);
    let number = 1 + calls.iter().filter(|call| call.target == target).count();
    let call = Call { method, target, headers, body, number };
    calls.push(call.clone());
    Ok(Some(call))
}

/// Whether the connection stays open.
async fn answer(stream: &mut TcpStream, call: &Call, state: &State) -> io::Result<bool> {
    match (state.script)(call) {
        Reply::Answer(status, kind, body) => {
            let headers = [("content-type", kind.to_owned())];
            write(stream, call, status, &headers, &body).await?;
        }
        Reply::With(status, headers, body) => write(stream, call, status, &headers, &body).await?,
        Reply::Gate => {
            let mut open = state.open.subscribe();
            if open.wait_for(|open| *open).await.is_err() {
                return Ok(false);
            }
            let headers = [("content-type", "application/json".to_owned())];
            write(stream, call, 200, &headers, b"{\"gate\":\"open\"}").await?;
        }
        Reply::Slow(pause, body) => {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).await?;
            for byte in body {
                stream.write_all(&[byte]).await?;
                time::sleep(pause).await;
            }
        }
        Reply::HangUp => return Ok(false),
    }
    Ok(true)
}

async fn write(
    stream: &mut TcpStream,
    call: &Call,
    status: u16,
    headers: &[(&str, String)],
    body: &[u8],
) -> io::Result<()> {
    let headers: String =
        headers.iter().map(|(name, value)| [name, ": ", value, "\r\n"].concat()).collect();
    let head = format!("HTTP/1.1 {status} -\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    let mut message = head.into_bytes();
    if call.method != "HEAD" {
        message.extend_from_slice(body);
    }
    stream.write_all(&message).await
}
