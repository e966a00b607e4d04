//! The outside world of the demo, inside this process and reachable from this machine only.

use std::{
    io::Read,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    path::Path,
    sync::Arc,
    thread::{self, JoinHandle},
};

use anyhow::{Context, Result, anyhow, bail};
use tiny_http::{Header, Request, Response, Server};

use super::{
    calls::{Call, Recorder},
    orders::Orders,
};

/// Where the stand-ins listen, unless somebody else does.
const PORT: u16 = 8099;

/// How many ports are tried. The last digit stays, so that no service gets in another one's way.
const PORTS_MAX: u16 = 20;
const PORTS_STEP: u16 = 10;

/// Nothing in the demo is larger, in bytes.
const BODY_BYTES_MAX: u64 = 1024 * 1024;

/// The stand-ins, up until they are dropped.
pub(super) struct StandIns {
    /// Their address as connectors reach it, without a slash at the end.
    pub(super) url: String,
    pub(super) calls: Arc<Recorder>,
    server: Arc<Server>,
    thread: Option<JoinHandle<()>>,
}

impl StandIns {
    /// Listens at `ip`, an address of this machine.
    ///
    /// # Errors
    ///
    /// When no port is free, or the file `calls` can't be written.
    pub(super) fn start(ip: IpAddr, calls: &Path) -> Result<Self> {
        let calls = Arc::new(Recorder::create(calls)?);
        let (listener, port) = listen(ip, PORT)?;
        let server = Server::from_listener(listener, None)
            .map_err(|error| anyhow!("stand-ins at {ip}:{port}: {error}"))?;
        let server = Arc::new(server);
        let host = if ip.is_loopback() { "localhost".to_owned() } else { ip.to_string() };
        let thread = {
            let (server, calls) = (Arc::clone(&server), Arc::clone(&calls));
            thread::spawn(move || serve(&server, &calls))
        };
        Ok(Self { url: format!("http://{host}:{port}"), calls, server, thread: Some(thread) })
    }
}

impl Drop for StandIns {
    fn drop(&mut self) {
        self.server.unblock();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            println!("   the stand-ins ended in a panic");
        }
    }
}

/// The first port from `first` on that is free at `ip`, and a listener there.
///
/// # Errors
///
/// When none is.
pub(super) fn listen(ip: IpAddr, first: u16) -> Result<(TcpListener, u16)> {
    let mut refusal = None;
    for port in (0..PORTS_MAX).map(|n| first + n * PORTS_STEP) {
        match TcpListener::bind((ip, port)) {
            Ok(listener) if !ip.is_loopback() || is_free_at_v6(port) => {
                return Ok((listener, port));
            }
            Ok(_) => {}
            Err(error) => refusal = Some(error),
        }
    }
    match refusal {
        Some(error) => Err(error).with_context(|| format!("no port from {first} on at {ip}")),
        None => bail!("no port from {first} on is free at {ip}"),
    }
}

/// The first port from `first` on that is free on the loopback.
///
/// # Errors
///
/// When none is.
pub(super) fn free_port(first: u16) -> Result<u16> {
    Ok(listen(Ipv4Addr::LOCALHOST.into(), first)?.1)
}

/// `localhost` means `::1` first on many machines: who listens there would get our calls.
fn is_free_at_v6(port: u16) -> bool {
    let nobody = TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port)));
    nobody.map_or_else(|error| error.kind() != std::io::ErrorKind::AddrInUse, |_| true)
}

fn serve(server: &Server, calls: &Recorder) {
    let mut orders = Orders::default();
    for request in server.incoming_requests() {
        if let Err(error) = answer(request, &mut orders, calls) {
            println!("   a stand-in could not answer: {error:#}");
        }
    }
}

fn answer(mut request: Request, orders: &mut Orders, calls: &Recorder) -> Result<()> {
    let mut body = Vec::new();
    request.as_reader().take(BODY_BYTES_MAX).read_to_end(&mut body)?;
    let lower = |header: &Header| {
        (header.field.as_str().as_str().to_ascii_lowercase(), header.value.to_string())
    };
    let mut call = Call {
        method: request.method().to_string(),
        path: request.url().to_owned(),
        headers: request.headers().iter().map(lower).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
        ..Call::default()
    };
    call.reply = orders.answer(&call);
    let reply = call.reply.clone();
    // Before the answer: whoever has it will look for the call.
    calls.add(call)?;

    let mut response = Response::from_string(reply.body).with_status_code(reply.status);
    let json = [("Content-Type", "application/json".to_owned())];
    for (name, value) in json.into_iter().chain(reply.headers) {
        let header = Header::from_bytes(name, value);
        response.add_header(header.map_err(|()| anyhow!("header {name} can't be sent"))?);
    }
    Ok(request.respond(response)?)
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use serde_json::json;

    use super::*;
    use crate::demo::http::Client;

    #[test]
    fn a_taken_port_is_passed_over() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let first = taken.local_addr().unwrap().port();
        let port = free_port(first).unwrap();
        assert!(port > first && (port - first).is_multiple_of(PORTS_STEP), "{first} {port}");
    }

    #[test]
    fn an_address_of_somebody_else_is_named() {
        let error = listen("192.0.2.1".parse().unwrap(), 8099).unwrap_err();
        assert!(
            format!("{error:#}").starts_with("no port from 8099 on at 192.0.2.1: "),
            "{error:#}"
        );
    }

    #[test]
    fn calls_are_answered_and_recorded() {
        let file = env::temp_dir().join(format!("stand-ins-{}.http", process::id()));
        let stand_ins = StandIns::start(Ipv4Addr::LOCALHOST.into(), &file).unwrap();
        stand_ins.calls.begin("by hand");
        let answer = Client::new("").call(
            "POST",
            &format!("{}/invoices?x", stand_ins.url),
            Some(&json!({"a": 1})),
        );
        assert_eq!(answer.unwrap(), (201, json!({"invoice": "R-1001", "order": 4711})));

        let calls = stand_ins.calls.calls();
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0].path, "/invoices?x");
        assert_eq!(calls[0].body, r#"{"a":1}"#);
        assert_eq!(calls[0].header("content-type"), Some("application/json"));
        drop(stand_ins);
        fs::remove_file(file).unwrap();
    }
}
