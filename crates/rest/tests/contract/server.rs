//! The connector as a process that serves, for what only several calls of one process can show.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

/// How long it may take until it serves.
const START_MAX: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let process = Command::new(env!("CARGO_BIN_EXE_rest-connector"))
            .env_clear()
            .envs([("RETRY_MAX_ATTEMPTS", "1"), ("RETRY_INITIAL_INTERVAL", "1")])
            .envs([("ADMIN_ADDR", address.to_string())])
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { process, address };
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(started.elapsed() < START_MAX, "nothing listens at {address}");
            thread::yield_now();
        }
        server
    }

    /// What the action answers: `error` and `command_response`.
    pub(crate) fn call(&self, action: &str, inputs: &Value) -> Value {
        let body = inputs.to_string();
        let head = format!(
            "POST /v1/do/rest-connector/{action} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.address,
            body.len(),
        );
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
    }

    /// `CODE: message` of a failure, else an empty text.
    pub(crate) fn error(&self, action: &str, inputs: &Value) -> String {
        let answer = self.call(action, inputs);
        match &answer["error"] {
            Value::Null => String::new(),
            error => format!(
                "{}: {}",
                error["error_code"].as_str().unwrap(),
                error["message"].as_str().unwrap()
            ),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended_before = self.process.kill();
        let _status = self.process.wait();
    }
}

/// Waits until `done`, for as long as a test may take.
pub(crate) fn eventually(what: &str, done: impl Fn() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < START_MAX, "{what} has not happened");
        thread::yield_now();
    }
}
