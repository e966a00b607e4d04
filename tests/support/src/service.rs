//! A connector as a process that serves, for what only several calls of one process can show.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use serde_json::Value;

/// `HTTP_TIMEOUT`, after which every command has an answer, and some more.
const ANSWER_MAX: Duration = Duration::from_secs(45);

/// A process that serves over HTTP, ended when it is dropped.
pub struct Service {
    process: Child,
    address: String,
    log: Arc<Mutex<String>>,
}

impl Service {
    /// Starts it, until it listens at a port of its own choice.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines().map(Result::unwrap);
        let mut seen = Vec::new();
        let address = log.find_map(|line| {
            let told: Value = serde_json::from_str(&line).unwrap_or_default();
            seen.push(line);
            told["addr"].as_str().map(str::to_owned)
        });
        let address = address.unwrap_or_else(|| panic!("it ended:\n{}", seen.join("\n")));
        let read = Arc::new(Mutex::new(String::new()));
        let lines = Arc::clone(&read);
        // Read to its end, since a full pipe would stop the connector.
        thread::spawn(move || log.for_each(|line| *lines.lock().unwrap() += &(line + "\n")));
        Self { process, address, log: read }
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The id of the process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// What it has logged since it listens.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Runs a command, e.g. `rest-connector/GET`; gives the whole envelope.
    pub fn call(&self, command: &str, inputs: &Value) -> Value {
        let body = inputs.to_string();
        let head = format!(
            "POST /v1/do/{command} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.address,
            body.len(),
        );
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(ANSWER_MAX)).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
