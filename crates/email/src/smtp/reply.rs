//! Replies of a server (RFC 5321 §4.2).

use std::fmt;

/// The longest reply that is read, in octets.
pub(crate) const REPLY_BYTES_MAX: usize = 64 * 1024;
/// What is told of a reply, in characters.
const SHOWN_MAX: usize = 500;

/// A complete reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    /// Texts of the lines, without control characters.
    pub(crate) lines: Vec<String>,
}

impl Reply {
    /// The reply at the beginning of `buffer` and its length; nothing while it is incomplete.
    ///
    /// # Errors
    /// The line that belongs to no reply.
    pub(crate) fn parse(buffer: &[u8]) -> Result<Option<(Self, usize)>, String> {
        let (mut lines, mut at) = (Vec::new(), 0);
        while let Some(length) = buffer[at..].iter().position(|it| *it == b'\n') {
            let line = String::from_utf8_lossy(&buffer[at..at + length]);
            let line: String = line.trim_end().chars().filter(|it| !it.is_control()).collect();
            at += length + 1;
            let wrong = || format!("`{}`", line.chars().take(80).collect::<String>());
            let code = line.get(..3).filter(|it| it.bytes().all(|it| it.is_ascii_digit()));
            let code = code.and_then(|it| it.parse().ok()).ok_or_else(wrong)?;
            if !(200..=599).contains(&code) {
                return Err(wrong());
            }
            let (is_last, text) = match line[3..].chars().next() {
                None => (true, ""),
                Some(' ') => (true, &line[4..]),
                Some('-') => (false, &line[4..]),
                Some(_) => return Err(wrong()),
            };
            lines.push(text.to_owned());
            if is_last {
                return Ok(Some((Self { code, lines }, at)));
            }
        }
        Ok(None)
    }

    pub(crate) fn is_positive(&self) -> bool {
        (200..400).contains(&self.code)
    }

    /// May go away by itself (RFC 5321 §4.2.1).
    pub(crate) fn is_transient(&self) -> bool {
        (400..500).contains(&self.code)
    }

    /// The server is closing the connection.
    pub(crate) fn is_farewell(&self) -> bool {
        self.code == 421
    }

    /// More recipients than the server takes with one mail (RFC 5321 §4.5.3.1.10, RFC 3463 X.5.3).
    pub(crate) fn is_too_many(&self) -> bool {
        self.code == 452 && self.lines.iter().any(|it| it.starts_with("4.5.3"))
    }

    /// The texts without the code, on one line.
    pub(crate) fn text(&self) -> String {
        let text = self.lines.join(" ");
        match text.char_indices().nth(SHOWN_MAX) {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text,
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(buffer: &str, expected: &str) {
        assert_eq!(Reply::parse(buffer.as_bytes()), Err(expected.to_owned()), "{buffer:?}");
    }

    fn incomplete(buffer: &str) {
        assert_eq!(Reply::parse(buffer.as_bytes()), Ok(None), "{buffer:?}");
    }

    fn check(buffer: &str, code: u16, lines: &[&str], length: usize) {
        let lines = lines.iter().map(|it| (*it).to_owned()).collect();
        let expected = Ok(Some((Reply { code, lines }, length)));
        assert_eq!(Reply::parse(buffer.as_bytes()), expected, "{buffer:?}");
    }

    #[test]
    fn what_is_no_reply_is_shown() {
        refused("HTTP/1.1 400 Bad Request\r\n", "`HTTP/1.1 400 Bad Request`");
        refused("25\r\n", "`25`");
        refused("250x\r\n", "`250x`");
        refused("999 no\r\n", "`999 no`");
        refused("ü50 x\r\n", "`ü50 x`");
    }

    #[test]
    fn replies_of_one_and_many_lines_are_read() {
        incomplete("");
        incomplete("250-a\r\n");
        incomplete("250 o");
        check("250\r\n", 250, &[""], 5);
        check("250 ok\r\n354 go\r\n", 250, &["ok"], 8);
        check("250-a\r\n250-b\r\n250 c\n", 250, &["a", "b", "c"], 20);
        check("550 a\x1b[2J\0b\r\n", 550, &["a[2Jb"], 13);
    }

    #[test]
    fn long_texts_are_cut_when_told() {
        let reply = Reply { code: 550, lines: vec!["ü".repeat(600)] };
        assert_eq!(reply.to_string().chars().count(), 4 + SHOWN_MAX + 1);
    }
}
