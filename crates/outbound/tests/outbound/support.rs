//! Scripted peers and the client under test.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use outbound::{
    Egress, EgressSettings, ErrorKind, Outbound, OutboundError, Proxies, ProxySettings, Request,
    Response, Settings, read_at_most,
};
use reqwest::{
    Method, Url,
    dns::{Addrs, Name, Resolve, Resolving},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinSet,
    time::timeout,
};

/// Longer than anything here may take; a call that hangs fails its test by it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The time limit of calls that are meant to run into it.
pub(crate) const SHORT: Duration = Duration::from_millis(200);

/// A server on loopback that lives as long as this value and remembers what it was sent.
pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    _task: JoinSet<()>,
}

impl Server {
    /// Answers each request with the bytes that `answer` makes of it.
    pub(crate) async fn start<A>(answer: A) -> Self
    where
        A: Fn(&str) -> Vec<u8> + Send + Sync + 'static,
    {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let answer = Arc::new(answer);
        let mut server =
            Self::raw(move |stream| talk(stream, Arc::clone(&seen), Arc::clone(&answer))).await;
        server.requests = requests;
        server
    }

    /// Hands each connection to `each`.
    pub(crate) async fn raw<F, Fut>(each: F) -> Self
    where
        F: Fn(TcpStream) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(each(stream));
            }
        });
        Self { address, requests: Arc::default(), _task: task }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        self.url_at("127.0.0.1", path)
    }

    pub(crate) fn url_at(&self, host: &str, path: &str) -> Url {
        url(&format!("http://{host}:{}{path}", self.port()))
    }

    /// What came in, oldest first: head and body as text.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Reads requests from a connection and answers them until it ends.
pub(crate) async fn talk<S, A>(mut stream: S, seen: Arc<Mutex<Vec<String>>>, answer: Arc<A>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    A: Fn(&str) -> Vec<u8>,
{
    while let Some(request) = receive(&mut stream).await {
        let answer = answer(&request);
        seen.lock().unwrap().push(request);
        // A client that has seen enough hangs up.
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

/// One request with the body that its `Content-Length` announces.
pub(crate) async fn receive<S: AsyncRead + Unpin>(stream: &mut S) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&bytes);
            let length: usize = header(&text, "content-length").map_or(0, |n| n.parse().unwrap());
            if bytes.len() >= head + 4 + length {
                return Some(text.into_owned());
            }
        }
        let n_read = stream.read_buf(&mut bytes).await.ok()?;
        if n_read == 0 {
            return None;
        }
    }
}

/// The value of a header in a request's text.
pub(crate) fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    request
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// A response with its length.
pub(crate) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut answer =
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len())
            .into_bytes();
    answer.extend_from_slice(body);
    answer
}

pub(crate) fn ok() -> Vec<u8> {
    answer("200 OK", "", "hello")
}

pub(crate) fn redirect(status: &str, location: impl AsRef<str>) -> Vec<u8> {
    answer(status, &format!("Location: {}\r\n", location.as_ref()), "")
}

/// An address where connections are neither made nor refused: a listener whose queue is full.
pub(crate) struct BlackHole {
    pub(crate) address: SocketAddr,
    _listener: tokio::net::TcpListener,
    _queue: Vec<TcpStream>,
}

impl BlackHole {
    pub(crate) async fn open() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queue = Vec::new();
        while let Ok(stream) = timeout(SHORT, TcpStream::connect(address)).await {
            queue.push(stream.unwrap());
        }
        Self { address, _listener: listener, _queue: queue }
    }

    pub(crate) fn url(&self) -> Url {
        url(&format!("http://{}/", self.address))
    }
}

/// A port that refuses connections and is not given to another test.
pub(crate) struct ClosedPort(TcpSocket);

impl ClosedPort {
    pub(crate) fn reserve() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self(socket)
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }
}

/// The addresses of a name; the number is how many questions came before.
type Lookup = dyn Fn(&str, usize) -> Vec<&'static str> + Send + Sync;

/// A name server that says what the test says and counts how often it is asked.
#[derive(Clone)]
pub(crate) struct Names {
    answer: Arc<Lookup>,
    n_asked: Arc<AtomicUsize>,
}

impl Names {
    pub(crate) fn new(
        answer: impl Fn(&str, usize) -> Vec<&'static str> + Send + Sync + 'static,
    ) -> Self {
        Self { answer: Arc::new(answer), n_asked: Arc::default() }
    }

    pub(crate) fn n_asked(&self) -> usize {
        self.n_asked.load(Ordering::SeqCst)
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let n_before = self.n_asked.fetch_add(1, Ordering::SeqCst);
        let addresses: Vec<SocketAddr> = (self.answer)(name.as_str(), n_before)
            .into_iter()
            .map(|address| SocketAddr::new(address.parse().unwrap(), 0))
            .collect();
        Box::pin(async move { Ok(Box::new(addresses.into_iter()) as Addrs) })
    }
}

/// Settings under which every name is 127.0.0.1.
pub(crate) fn settings() -> Settings {
    Settings {
        user_agent: "test-connector/1.0".to_owned(),
        egress: egress("", "", ""),
        proxies: Proxies::default(),
        connect_timeout: PATIENCE,
        extra_ca: None,
        resolver: Some(Arc::new(Names::new(|_, _| vec!["127.0.0.1"]))),
    }
}

pub(crate) fn egress(private: &str, deny: &str, allow: &str) -> Egress {
    Egress::new(&EgressSettings {
        private: Some(private.to_owned()),
        deny: Some(deny.to_owned()),
        allow: Some(allow.to_owned()),
    })
    .unwrap()
}

pub(crate) fn proxies(http: &str, https: &str, no_proxy: &str) -> Proxies {
    Proxies::new(&ProxySettings {
        http: Some(http.to_owned()),
        https: Some(https.to_owned()),
        no_proxy: Some(no_proxy.to_owned()),
    })
    .unwrap()
}

pub(crate) fn client() -> Outbound {
    Outbound::new(settings()).unwrap()
}

pub(crate) fn url(url: &str) -> Url {
    url.parse().unwrap()
}

pub(crate) fn get(url: Url) -> Request {
    Request::new(Method::GET, url, PATIENCE)
}

/// The status and body of a call that succeeds.
pub(crate) async fn fetch(client: &Outbound, request: Request) -> (u16, String) {
    let mut response = client.follow(request).await.unwrap();
    let body = read_at_most(&mut response, 1024).await.unwrap();
    (response.status.as_u16(), String::from_utf8(body.to_vec()).unwrap())
}

/// The error of a call that fails, at the latest while the body is read.
pub(crate) async fn failure(client: &Outbound, request: Request) -> OutboundError {
    let call = async {
        let mut response: Response = client.follow(request).await?;
        read_at_most(&mut response, 1024).await
    };
    timeout(PATIENCE, call).await.expect("the call hangs").expect_err("the call succeeds")
}

pub(crate) async fn kind(client: &Outbound, request: Request) -> ErrorKind {
    failure(client, request).await.kind
}

/// A file in a directory of its own, removed in the end.
pub(crate) struct TempFile(pub(crate) PathBuf);

impl TempFile {
    pub(crate) fn new(name: &str, content: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let n = COUNT.fetch_add(1, Ordering::SeqCst);
        let path = std::env::temp_dir().join(format!("outbound-{}-{n}-{name}", std::process::id()));
        std::fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}
