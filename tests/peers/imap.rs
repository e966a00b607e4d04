//! Fetches mails, as they lie in their mailbox (RFC 9051).

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// All mails in the user's mailbox, oldest first.
pub(crate) async fn mails(port: u16, user: &str, password: &str) -> Vec<Vec<u8>> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut session = Session(BufReader::new(stream));
    session.line().await;
    session.ask(&format!("LOGIN {user} {password}")).await;
    let (selected, _) = session.ask("SELECT INBOX").await;
    // There is nothing to fetch from an empty one, and to ask for it is an error.
    if selected.iter().any(|line| line == "* 0 EXISTS") {
        return Vec::new();
    }
    session.ask("FETCH 1:* BODY.PEEK[]").await.1
}

struct Session(BufReader<TcpStream>);

impl Session {
    /// The lines of the answer, and what it has of raw bytes between them.
    async fn ask(&mut self, command: &str) -> (Vec<String>, Vec<Vec<u8>>) {
        self.0.write_all(format!("a {command}\r\n").as_bytes()).await.unwrap();
        let (mut lines, mut literals) = (Vec::new(), Vec::new());
        loop {
            let line = self.line().await;
            let size = line.strip_suffix('}').and_then(|it| it.rsplit_once('{'));
            if let Some(size) = size.and_then(|(_, size)| size.parse().ok()) {
                let mut literal = vec![0; size];
                self.0.read_exact(&mut literal).await.unwrap();
                literals.push(literal);
            } else if let Some(end) = line.strip_prefix("a ") {
                assert!(end.starts_with("OK"), "{end}");
                return (lines, literals);
            }
            lines.push(line);
        }
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.0.read_line(&mut line).await.unwrap() > 0, "the server has gone away");
        line.trim_end().to_owned()
    }
}
