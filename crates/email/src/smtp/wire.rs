//! A connection to a server: lines out, replies in, each under a time limit.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures_util::FutureExt;
use outbound::Egress;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, lookup_host},
    time,
};
use tokio_rustls::TlsConnector;

use crate::smtp::{
    reply::{REPLY_BYTES_MAX, Reply},
    trouble::{Kind, Step, Trouble},
};

/// Octets that are asked for at once.
const READ_BYTES: usize = 4 * 1024;
/// How long a reply is waited for that explains why a connection was lost.
const EXPLANATION_MAX: Duration = Duration::from_millis(500);

trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

/// Where a server is.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Set where a task named the host: it may not lead to places that are closed.
    pub(crate) egress: Option<Egress>,
}

/// A connection.
pub(crate) struct Wire {
    stream: Box<dyn Stream>,
    received: Vec<u8>,
    timeout: Duration,
    /// The address that the server sees, as far as is known here.
    pub(crate) local: IpAddr,
}

impl Wire {
    /// Looks the host up and connects to the first of its addresses that answers.
    pub(crate) async fn connect(place: &Place, timeout: Duration) -> Result<Self, Trouble> {
        let lost = |error| Trouble::new(Step::Connect, Kind::Lost(error));
        let silent = |_elapsed| Trouble::new(Step::Connect, Kind::Silent(timeout));
        let end = time::Instant::now() + timeout;
        let host = place.host.trim_matches(['[', ']']);
        let unknown = |error| Trouble::new(Step::Lookup, Kind::Lost(error));
        let found = time::timeout_at(end, lookup_host((host, place.port))).await.map_err(silent)?;
        let addresses: Vec<SocketAddr> = found.map_err(unknown)?.collect();
        if let Some(egress) = &place.egress {
            let ips: Vec<_> = addresses.iter().map(SocketAddr::ip).collect();
            egress
                .judge(host, &ips)
                .map_err(|denied| Trouble::new(Step::Connect, Kind::Lacking(denied.to_string())))?;
        }
        let mut problem = unknown(io::Error::new(io::ErrorKind::NotFound, "there is no address"));
        for (n, address) in addresses.iter().enumerate() {
            // An address that swallows everything leaves time for the others.
            let n_left = u32::try_from(addresses.len() - n).unwrap_or(u32::MAX);
            let share = (end - time::Instant::now()) / n_left;
            match time::timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true).map_err(lost)?;
                    let local = stream.local_addr().map_err(lost)?.ip();
                    let stream = Box::new(stream);
                    return Ok(Self { stream, received: Vec::new(), timeout, local });
                }
                Ok(Err(error)) => problem = lost(error),
                Err(elapsed) => problem = silent(elapsed),
            }
        }
        Err(problem)
    }

    /// Goes on under TLS.
    pub(crate) async fn encrypt(
        self,
        host: &str,
        config: &Arc<ClientConfig>,
    ) -> Result<Self, Trouble> {
        let trouble = |kind| Trouble::new(Step::Handshake, kind);
        // What came before the handshake could have been put there by anybody (RFC 3207 §6).
        if !self.received.is_empty() {
            let text = "the server sent something before TLS began".to_owned();
            return Err(trouble(Kind::Untrusted(text)));
        }
        let name =
            ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(|_| {
                trouble(Kind::Untrusted(format!("`{host}` is no name for a certificate")))
            })?;
        let connecting = TlsConnector::from(Arc::clone(config)).connect(name, self.stream);
        let stream = match time::timeout(self.timeout, connecting).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                let tls = error.get_ref().and_then(|it| it.downcast_ref::<rustls::Error>());
                return Err(trouble(match tls {
                    Some(tls) => Kind::Untrusted(tls.to_string()),
                    None => Kind::Lost(error),
                }));
            }
            Err(_elapsed) => return Err(trouble(Kind::Silent(self.timeout))),
        };
        Ok(Self { stream: Box::new(stream), ..self })
    }

    /// Sends a line or several and waits for the first reply.
    pub(crate) async fn exchange(&mut self, step: Step, lines: &[u8]) -> Result<Reply, Trouble> {
        self.send(step, lines).await?;
        self.reply(step).await
    }

    /// Sends octets as they are.
    pub(crate) async fn send(&mut self, step: Step, octets: &[u8]) -> Result<(), Trouble> {
        let sending = async {
            self.stream.write_all(octets).await?;
            self.stream.flush().await
        };
        match time::timeout(self.timeout, sending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.explained(step, error).await),
            Err(_elapsed) => Err(Trouble::new(step, Kind::Silent(self.timeout))),
        }
    }

    /// The next reply.
    pub(crate) async fn reply(&mut self, step: Step) -> Result<Reply, Trouble> {
        match time::timeout(self.timeout, self.receive(step)).await {
            Ok(received) => received,
            Err(_elapsed) => Err(Trouble::new(step, Kind::Silent(self.timeout))),
        }
    }

    /// Whether nothing has come that nobody asked for, such as the end of the connection.
    pub(crate) fn is_quiet(&mut self) -> bool {
        let mut byte = [0];
        self.received.is_empty() && self.stream.read(&mut byte).now_or_never().is_none()
    }

    async fn receive(&mut self, step: Step) -> Result<Reply, Trouble> {
        loop {
            let garbled = |text| Trouble::new(step, Kind::Garbled(text));
            if let Some((reply, length)) = Reply::parse(&self.received).map_err(garbled)? {
                self.received.drain(..length);
                return Ok(reply);
            }
            if self.received.len() > REPLY_BYTES_MAX {
                return Err(garbled(format!("a reply of more than {REPLY_BYTES_MAX} bytes")));
            }
            let mut buffer = [0; READ_BYTES];
            let lost = |error| Trouble::new(step, Kind::Lost(error));
            match self.stream.read(&mut buffer).await.map_err(lost)? {
                0 => return Err(lost(io::ErrorKind::UnexpectedEof.into())),
                n => self.received.extend_from_slice(&buffer[..n]),
            }
        }
    }

    /// A server that hangs up while it is being talked to has often said why.
    async fn explained(&mut self, step: Step, error: io::Error) -> Trouble {
        match time::timeout(EXPLANATION_MAX, self.receive(step)).await {
            Ok(Ok(reply)) if !reply.is_positive() => Trouble::new(step, Kind::Refused(reply)),
            _ => Trouble::new(step, Kind::Lost(error)),
        }
    }
}
