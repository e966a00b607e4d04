//! A scripted SMTP server on loopback: well-behaved, except where it is told otherwise; remembers what it was told.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What the server does instead of behaving well.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// Says this instead.
    Say(&'static str),
    /// Says this and closes the connection.
    SayAndClose(&'static str),
    /// Closes the connection.
    Close,
    /// Says nothing and keeps the connection.
    Hang,
    /// Says this, and then nothing more.
    SayAndHang(&'static str),
    /// At `END`: takes the mail, but closes the connection before it says so.
    TakeAndClose,
}

/// How a server behaves.
#[derive(Clone, Default)]
pub(crate) struct Script {
    /// What EHLO offers.
    pub(crate) extensions: Vec<&'static str>,
    /// When a line begins so: what to do, and how often. `GREETING`, `BODY` (in the middle of a mail) and `END` (after it) are moments.
    pub(crate) acts: Vec<(&'static str, usize, Act)>,
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// TLS from the first octet.
    pub(crate) is_implicit: bool,
    /// The most recipients of one mail; 0 is no limit.
    pub(crate) recipients_max: usize,
}

/// What the server has seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) connections: usize,
    /// Lines of all connections, without the mails.
    pub(crate) lines: Vec<String>,
    pub(crate) mails: Vec<Taken>,
}

/// A mail that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    /// As sent, dots undone.
    pub(crate) octets: Vec<u8>,
}

pub(crate) struct Smtp {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    script: Mutex<Script>,
    seen: Mutex<Seen>,
    /// What hangs ends with the server.
    over: (Mutex<bool>, Condvar),
}

/// How many times is always.
pub(crate) const ALWAYS: usize = usize::MAX;

impl Smtp {
    pub(crate) fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            seen: Mutex::default(),
            over: (Mutex::new(false), Condvar::new()),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&serving);
                thread::spawn(move || shared.serve(stream.unwrap()));
            }
        });
        Self { address, shared }
    }

    /// A server that does one thing differently.
    pub(crate) fn acting(moment: &'static str, times: usize, act: Act) -> Self {
        Self::start(Script { acts: vec![(moment, times, act)], ..Script::default() })
    }

    /// A server that does everything as it should.
    pub(crate) fn plain() -> Self {
        Self::start(Script::default())
    }

    pub(crate) fn port(&self) -> String {
        self.address.port().to_string()
    }

    /// From now on, once.
    pub(crate) fn act_once(&self, moment: &'static str, act: Act) {
        self.shared.script.lock().unwrap().acts.push((moment, 1, act));
    }

    pub(crate) fn seen(&self) -> Seen {
        self.shared.seen.lock().unwrap().clone()
    }

    /// The only mail.
    pub(crate) fn mail(&self) -> Taken {
        let seen = self.seen();
        assert_eq!(seen.mails.len(), 1, "{:#?}", seen.lines);
        seen.mails.into_iter().next().unwrap()
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        *self.shared.over.0.lock().unwrap() = true;
        self.shared.over.1.notify_all();
    }
}

/// A connection, encrypted or not.
enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(buffer),
            Self::Tls(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

/// Whether the conversation goes on.
#[derive(PartialEq)]
enum Going {
    On,
    Over,
}

impl Shared {
    fn serve(&self, stream: TcpStream) {
        self.seen.lock().unwrap().connections += 1;
        let script = self.script.lock().unwrap().clone();
        let stream = match &script.tls {
            Some(tls) if script.is_implicit => encrypted(stream, tls),
            _ => Stream::Plain(stream),
        };
        let mut stream = BufReader::new(stream);
        if self.answer(&mut stream, "GREETING", "220 test ESMTP\r\n") == Going::Over {
            return;
        }
        let (mut from, mut to) = (String::new(), Vec::new());
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end().to_owned();
            self.seen.lock().unwrap().lines.push(line.clone());
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let usual = match verb.as_str() {
                "EHLO" => {
                    let lines = std::iter::once("test").chain(script.extensions.iter().copied());
                    let mut lines: Vec<_> = lines.map(|it| format!("250-{it}\r\n")).collect();
                    let last = lines.last_mut().unwrap();
                    last.replace_range(3..4, " ");
                    lines.concat()
                }
                "STARTTLS" => "220 go\r\n".to_owned(),
                "AUTH" => "235 welcome\r\n".to_owned(),
                "DATA" => "354 go\r\n".to_owned(),
                "QUIT" => "221 bye\r\n".to_owned(),
                "HELO" | "MAIL" | "RCPT" | "RSET" => "250 ok\r\n".to_owned(),
                _ => "500 unknown\r\n".to_owned(),
            };
            if verb == "MAIL" {
                from = bracketed(&line);
                to.clear();
            }
            let is_full = script.recipients_max > 0 && to.len() >= script.recipients_max;
            if verb == "RCPT" && is_full {
                stream.get_mut().write_all(b"452 4.5.3 too many recipients\r\n").unwrap();
                continue;
            }
            let (going, is_usual) = self.told(&mut stream, &line, &usual);
            if going == Going::Over {
                return;
            }
            match verb.as_str() {
                "RCPT" if is_usual => to.push(bracketed(&line)),
                "STARTTLS" if is_usual => {
                    let Stream::Plain(plain) = stream.into_inner() else { return };
                    stream = BufReader::new(encrypted(plain, script.tls.as_ref().unwrap()));
                }
                "DATA" if is_usual => {
                    let taken = Taken {
                        from: from.clone(),
                        to: std::mem::take(&mut to),
                        octets: Vec::new(),
                    };
                    if self.mail(&mut stream, taken) == Going::Over {
                        return;
                    }
                }
                "QUIT" => return,
                _ => {}
            }
        }
    }

    fn mail(&self, stream: &mut BufReader<Stream>, mut taken: Taken) -> Going {
        let mut line = Vec::new();
        let mut n = 0_u32;
        loop {
            line.clear();
            if stream.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
                return Going::Over;
            }
            if line == b".\r\n" {
                break;
            }
            let dots = usize::from(line.starts_with(b"."));
            taken.octets.extend_from_slice(&line[dots..]);
            n += 1;
            if n == 3
                && self
                    .act("BODY")
                    .is_some_and(|act| Self::perform(self, stream, act) == Going::Over)
            {
                return Going::Over;
            }
        }
        if let Some(act) = self.act("END") {
            if let Act::TakeAndClose = act {
                self.seen.lock().unwrap().mails.push(taken);
            }
            return self.perform(stream, act);
        }
        // Remembered first: who hears the answer may ask at once.
        self.seen.lock().unwrap().mails.push(taken);
        self.answer(stream, "", "250 taken as 4711\r\n")
    }

    fn answer(&self, stream: &mut BufReader<Stream>, moment: &str, usual: &str) -> Going {
        self.told(stream, moment, usual).0
    }

    /// Answers as the script says, and whether that was the usual answer.
    fn told(&self, stream: &mut BufReader<Stream>, line: &str, usual: &str) -> (Going, bool) {
        if let Some(act) = self.act(line) {
            return (self.perform(stream, act), false);
        }
        let is_said = stream.get_mut().write_all(usual.as_bytes()).is_ok();
        (if is_said { Going::On } else { Going::Over }, true)
    }

    fn act(&self, line: &str) -> Option<Act> {
        let mut script = self.script.lock().unwrap();
        let (_, times, act) = script
            .acts
            .iter_mut()
            .find(|(start, times, _)| *times > 0 && line.starts_with(start))?;
        if *times != ALWAYS {
            *times -= 1;
        }
        Some(*act)
    }

    fn perform(&self, stream: &mut BufReader<Stream>, act: Act) -> Going {
        let mut say = |text: &str| {
            let text = format!("{text}\r\n");
            if stream.get_mut().write_all(text.as_bytes()).is_ok() {
                Going::On
            } else {
                Going::Over
            }
        };
        match act {
            Act::Say(text) => say(text),
            Act::SayAndClose(text) => {
                say(text);
                Going::Over
            }
            Act::Close | Act::TakeAndClose => Going::Over,
            Act::Hang => self.hang(),
            Act::SayAndHang(text) => {
                say(text);
                self.hang()
            }
        }
    }

    /// Until the test is over.
    fn hang(&self) -> Going {
        let (over, told) = (&self.over.0, &self.over.1);
        drop(told.wait_while(over.lock().unwrap(), |over| !*over).unwrap());
        Going::Over
    }
}

fn encrypted(stream: TcpStream, tls: &Arc<ServerConfig>) -> Stream {
    let connection = ServerConnection::new(Arc::clone(tls)).unwrap();
    Stream::Tls(Box::new(StreamOwned::new(connection, stream)))
}

/// What stands between `<` and `>`.
fn bracketed(line: &str) -> String {
    let start = line.find('<').map_or(0, |it| it + 1);
    let end = line.rfind('>').unwrap_or(line.len());
    line[start..end].to_owned()
}
