//! The mail server of the demo, inside this process: takes every mail and keeps it as a file.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{IpAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result};

use super::stand_ins;

/// Where it listens, unless somebody else does.
const PORT: u16 = 8025;
/// A connection that says nothing for so long is given up.
const SILENCE_MAX: Duration = Duration::from_mins(1);
/// Nothing in the demo is larger, in bytes.
const MAIL_BYTES_MAX: usize = 1024 * 1024;

/// The mail server, up until it is dropped.
pub(super) struct Mailbox {
    /// Its address as connectors reach it.
    pub(super) host: String,
    pub(super) port: u16,
    shelf: Arc<Shelf>,
    thread: Option<JoinHandle<()>>,
}

/// Where the mails are.
struct Shelf {
    folder: PathBuf,
    n_mails: AtomicU32,
    is_over: AtomicBool,
}

impl Mailbox {
    /// Listens at `ip`, an address of this machine; mails go into `folder` as `mail-1.eml` and so on.
    ///
    /// # Errors
    ///
    /// When no port is free.
    pub(super) fn start(ip: IpAddr, folder: &Path) -> Result<Self> {
        let (listener, port) = stand_ins::listen(ip, PORT)?;
        let shelf = Arc::new(Shelf {
            folder: folder.to_owned(),
            n_mails: AtomicU32::new(0),
            is_over: AtomicBool::new(false),
        });
        let thread = {
            let shelf = Arc::clone(&shelf);
            thread::spawn(move || shelf.take(&listener))
        };
        let host = if ip.is_loopback() { "127.0.0.1".to_owned() } else { ip.to_string() };
        Ok(Self { host, port, shelf, thread: Some(thread) })
    }

    /// The file of the latest mail.
    pub(super) fn latest(&self) -> Option<PathBuf> {
        match self.shelf.n_mails.load(Ordering::SeqCst) {
            0 => None,
            n => Some(self.shelf.file(n)),
        }
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.shelf.is_over.store(true, Ordering::SeqCst);
        // Wakes it, so that it sees that it is over; who can't be reached is gone already.
        drop(TcpStream::connect((self.host.as_str(), self.port)));
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            println!("   the mail server ended in a panic");
        }
    }
}

impl Shelf {
    fn take(self: &Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
            let Ok(stream) = stream else { continue };
            let keeper = Arc::clone(self);
            // Ends with its connection, which the connectors close when they end.
            thread::spawn(move || keeper.converse(stream).unwrap_or_default());
        }
    }

    /// As much of RFC 5321 as one client needs; `None` when the connection is lost.
    fn converse(&self, stream: TcpStream) -> Option<()> {
        stream.set_read_timeout(Some(SILENCE_MAX)).ok()?;
        let mut writer = stream.try_clone().ok()?;
        let mut reader = BufReader::new(stream);
        let mut say = |text: &str| writer.write_all(format!("{text}\r\n").as_bytes()).ok();
        say("220 demo ESMTP")?;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|it| *it > 0)?;
            match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
                "EHLO" => say("250-demo\r\n250 PIPELINING")?,
                "DATA" => {
                    say("354 go on")?;
                    let mail = content(&mut reader)?;
                    match self.keep(&mail) {
                        Ok(n) => say(&format!("250 kept as mail-{n}.eml"))?,
                        Err(error) => say(&format!("452 {error:#}"))?,
                    }
                }
                "QUIT" => return say("221 bye"),
                _ => say("250 ok")?,
            }
        }
    }

    fn keep(&self, mail: &[u8]) -> Result<u32> {
        let n = self.n_mails.load(Ordering::SeqCst) + 1;
        let file = self.file(n);
        fs::write(&file, mail).with_context(|| file.display().to_string())?;
        self.n_mails.store(n, Ordering::SeqCst);
        Ok(n)
    }

    fn file(&self, n: u32) -> PathBuf {
        self.folder.join(format!("mail-{n}.eml"))
    }
}

/// The mail up to the dot; the dots before dots undone.
fn content(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut mail = Vec::new();
    loop {
        let start = mail.len();
        reader.read_until(b'\n', &mut mail).ok().filter(|it| *it > 0)?;
        if mail[start..] == *b".\r\n" {
            mail.truncate(start);
            return Some(mail);
        }
        if mail[start] == b'.' {
            mail.remove(start);
        }
        if mail.len() > MAIL_BYTES_MAX {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{env, io::Read, net::Ipv4Addr, process};

    use super::*;

    #[test]
    fn a_mail_is_kept_as_it_was_written() {
        let folder = env::temp_dir().join(format!("mailbox-{}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mailbox = Mailbox::start(Ipv4Addr::LOCALHOST.into(), &folder).unwrap();
        assert_eq!(mailbox.latest(), None);
        let mut stream = TcpStream::connect((mailbox.host.as_str(), mailbox.port)).unwrap();
        let said = "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nSubject: x\r\n\r\n..y\r\n.\r\nQUIT\r\n";
        stream.write_all(said.as_bytes()).unwrap();
        let mut answers = String::new();
        stream.read_to_string(&mut answers).unwrap();
        assert!(answers.ends_with("250 kept as mail-1.eml\r\n221 bye\r\n"), "{answers}");
        let kept = fs::read_to_string(mailbox.latest().unwrap()).unwrap();
        assert_eq!(kept, "Subject: x\r\n\r\n.y\r\n");
        drop(mailbox);
        fs::remove_dir_all(folder).unwrap();
    }
}
