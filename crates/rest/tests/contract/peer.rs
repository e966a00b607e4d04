//! A scripted HTTP server on loopback: says what it was told to say and remembers what it was told.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

/// What the peer does with one request.
#[derive(Clone)]
pub(crate) enum Act {
    /// Sends these bytes and keeps the connection.
    Say(Vec<u8>),
    /// Sends these bytes and closes the connection.
    SayAndClose(Vec<u8>),
    /// Sends the first bytes at once, then one of the others per interval.
    Drip(Vec<u8>, Vec<u8>, Duration),
    /// Sends the first bytes, then the others for ever.
    Flood(Vec<u8>, Vec<u8>),
    /// Says nothing and keeps the connection.
    Hang,
    /// Closes the connection without having read the request, which resets it.
    Reset,
}

/// Answers each request with the next act, the last one for ever.
pub(crate) struct Peer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    /// Dropped with the peer: what hangs and drips ends then.
    _stop: mpsc::Sender<()>,
}

impl Peer {
    pub(crate) fn start(acts: impl Into<Vec<Act>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = mpsc::channel();
        let script = Script {
            acts: acts.into(),
            requests: Arc::clone(&requests),
            stopped: Arc::new(Mutex::new(stopped)),
        };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let script = script.clone();
                thread::spawn(move || script.serve(stream.unwrap()));
            }
        });
        Self { address, requests, _stop: stop }
    }

    /// One answer to every request.
    pub(crate) fn answering(status: &str, headers: &[&str], body: &[u8]) -> Self {
        Self::start([Act::Say(answer(status, headers, body))])
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// All requests so far, head and body; the address is `PEER` in them.
    pub(crate) fn requests(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests.iter().map(|it| it.replace(&self.address.to_string(), "PEER")).collect()
    }

    /// The only request.
    pub(crate) fn request(&self) -> String {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:#?}");
        requests.into_iter().next().unwrap()
    }
}

/// An answer with a length.
pub(crate) fn answer(status: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let (status, length) =
        (format!("HTTP/1.1 {status}"), format!("content-length: {}", body.len()));
    let lines = [&[status.as_str()], headers, &[length.as_str(), "", ""]].concat();
    [lines.join("\r\n").as_bytes(), body].concat()
}

/// A redirect.
pub(crate) fn redirect(status: &str, location: &str) -> Act {
    Act::Say(answer(status, &[&format!("location: {location}")], b""))
}

#[derive(Clone)]
struct Script {
    acts: Vec<Act>,
    requests: Arc<Mutex<Vec<String>>>,
    stopped: Arc<Mutex<mpsc::Receiver<()>>>,
}

impl Script {
    fn serve(&self, mut stream: TcpStream) {
        loop {
            if let Act::Reset = self.next() {
                // Waits until there is something to leave unread.
                let _peeked = stream.peek(&mut [0]);
                self.requests.lock().unwrap().push("(reset)".to_owned());
                return;
            }
            let Some(request) = read_request(&mut stream) else { return };
            let act = self.next();
            self.requests.lock().unwrap().push(request);
            if self.perform(act, &mut stream).is_none() {
                return;
            }
        }
    }

    /// The act for the request that comes next.
    fn next(&self) -> Act {
        let n_requests = self.requests.lock().unwrap().len();
        self.acts[n_requests.min(self.acts.len() - 1)].clone()
    }

    /// None when the connection is to be closed.
    fn perform(&self, act: Act, stream: &mut TcpStream) -> Option<()> {
        match act {
            Act::Say(bytes) => stream.write_all(&bytes).ok(),
            Act::SayAndClose(bytes) => {
                stream.write_all(&bytes).ok()?;
                None
            }
            Act::Drip(head, body, interval) => {
                stream.write_all(&head).ok()?;
                for byte in body {
                    if self.is_stopped_within(interval) {
                        return None;
                    }
                    stream.write_all(&[byte]).ok()?;
                }
                Some(())
            }
            Act::Flood(head, chunk) => {
                stream.write_all(&head).ok()?;
                loop {
                    stream.write_all(&chunk).ok()?;
                }
            }
            Act::Hang => {
                while !self.is_stopped_within(Duration::from_mins(1)) {}
                None
            }
            Act::Reset => None,
        }
    }

    fn is_stopped_within(&self, interval: Duration) -> bool {
        let stopped = self.stopped.lock().unwrap();
        stopped.recv_timeout(interval) == Err(mpsc::RecvTimeoutError::Disconnected)
    }
}

/// Head and body of one request; None when the connection ends instead.
fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let n_read = stream.read(&mut buffer).ok().filter(|it| *it > 0)?;
        bytes.extend_from_slice(&buffer[..n_read]);
        let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|it| it.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |it| it.parse().unwrap());
        let is_chunked = head.contains("\r\ntransfer-encoding: chunked");
        if bytes.len() >= end + 4 + length && (!is_chunked || bytes.ends_with(b"\r\n0\r\n\r\n")) {
            // Latin-1, so that every byte can be told apart.
            return Some(bytes.iter().copied().map(char::from).collect());
        }
    }
}
