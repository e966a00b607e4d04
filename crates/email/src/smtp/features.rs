//! What a server says that it can do.

use crate::smtp::reply::Reply;

/// What the server can do (RFC 5321 §4.1.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Features {
    pub(crate) keywords: Vec<String>,
    pub(crate) mechanisms: Vec<String>,
    /// The most octets of a mail.
    pub(crate) size_max: Option<usize>,
}

impl Features {
    pub(crate) fn of(reply: &Reply) -> Self {
        let mut features = Self::default();
        // The first line is the server's name.
        for line in reply.lines.iter().skip(1) {
            let mut words = line.split_ascii_whitespace();
            let Some(keyword) = words.next() else { continue };
            let keyword = keyword.to_ascii_uppercase();
            match keyword.as_str() {
                "AUTH" => features.mechanisms.extend(words.map(str::to_owned)),
                // Older servers; the rest of the line is like that of AUTH.
                _ if keyword.starts_with("AUTH=") => {
                    let first = keyword["AUTH=".len()..].to_owned();
                    features.mechanisms.push(first);
                    features.mechanisms.extend(words.map(str::to_owned));
                }
                // 0: no limit (RFC 1870 §4).
                "SIZE" => {
                    let size = words.next().and_then(|it| it.parse().ok());
                    features.size_max = size.map(|it| if it == 0 { usize::MAX } else { it });
                }
                _ => {}
            }
            features.keywords.push(keyword);
        }
        features
    }

    pub(crate) fn has(&self, keyword: &str) -> bool {
        self.keywords.iter().any(|it| it == keyword)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_read_as_servers_write_them() {
        let lines =
            ["mx.example.org", "size 1000", "AUTH LOGIN plain", "AUTH=CRAM-MD5", "PIPELINING", ""];
        let reply = Reply { code: 250, lines: lines.map(str::to_owned).to_vec() };
        let features = Features::of(&reply);
        assert_eq!(features.size_max, Some(1000));
        assert_eq!(features.mechanisms, ["LOGIN", "plain", "CRAM-MD5"]);
        assert!(features.has("PIPELINING") && !features.has("STARTTLS"));
    }
}
