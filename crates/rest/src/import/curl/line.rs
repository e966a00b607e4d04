//! The words of a curl command line → what it asks for.

use url::form_urlencoded::byte_serialize;

use super::options::{self, Data, Meaning};

/// What a command line asks for.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) url: String,
    pub(crate) method: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    /// Joined with `&` (curl's manual, `--data`).
    pub(crate) data: Vec<String>,
    pub(crate) parts: Vec<(String, String)>,
    /// `name:password`.
    pub(crate) user: Option<String>,
    pub(crate) bearer: Option<String>,
    pub(crate) cookies: Vec<String>,
    pub(crate) is_get: bool,
    pub(crate) is_head: bool,
    /// Milliseconds.
    pub(crate) timeout: Option<u64>,
    pub(crate) connect_timeout: Option<u64>,
    pub(crate) max_redirects: Option<u16>,
    pub(crate) hints: Vec<String>,
}

impl Line {
    /// Reads the words, `curl` itself being the first.
    ///
    /// # Errors
    /// An option that is not known, a value that is missing or wrong, no URL or several.
    pub(crate) fn read(words: Vec<String>) -> Result<Self, String> {
        let mut words = words.into_iter();
        let is_curl =
            |it: &String| matches!(it.as_str(), "curl" | "curl.exe") || it.ends_with("/curl");
        if !words.next().as_ref().is_some_and(is_curl) {
            return Err("the command line does not start with `curl`".to_owned());
        }
        let mut line = Self::default();
        while let Some(word) = words.next() {
            if let Some(name) = word.strip_prefix("--") {
                if matches!(name, "next") {
                    return Err("`--next`: one call at a time".to_owned());
                }
                let meaning = options::long(name).ok_or_else(|| unknown(&word))?;
                let value = if meaning.takes_value() { words.next() } else { None };
                line.take(&word, meaning, value)?;
            } else if let Some(letters) = word.strip_prefix('-').filter(|it| !it.is_empty()) {
                line.take_letters(letters, &mut words)?;
            } else {
                line.set_url(word)?;
            }
        }
        if line.url.is_empty() {
            return Err("the command line has no URL".to_owned());
        }
        Ok(line)
    }

    /// `-sSLXPOST`: letters, the last of which may have its value attached.
    fn take_letters(
        &mut self,
        letters: &str,
        words: &mut impl Iterator<Item = String>,
    ) -> Result<(), String> {
        for (at, letter) in letters.char_indices() {
            let option = format!("-{letter}");
            let meaning = options::short(letter).ok_or_else(|| unknown(&option))?;
            if !meaning.takes_value() {
                self.take(&option, meaning, None)?;
                continue;
            }
            let attached = &letters[at + letter.len_utf8()..];
            let value = if attached.is_empty() { words.next() } else { Some(attached.to_owned()) };
            return self.take(&option, meaning, value);
        }
        Ok(())
    }

    fn take(
        &mut self,
        option: &str,
        meaning: Meaning,
        value: Option<String>,
    ) -> Result<(), String> {
        if meaning.takes_value() && value.is_none() {
            return Err(format!("`{option}` has no value"));
        }
        let value = value.unwrap_or_default();
        match meaning {
            Meaning::Request => self.method = Some(value),
            Meaning::Header => self.add_header(&value)?,
            Meaning::Data(data) => self.add_data(option, data, value)?,
            Meaning::Json => {
                self.add_data(option, Data::Plain, value)?;
                for (name, value) in [("Content-Type", JSON), ("Accept", JSON)] {
                    if !self.has_header(name) {
                        self.headers.push((name.to_owned(), value.to_owned()));
                    }
                }
            }
            Meaning::Form => self.add_part(option, &value)?,
            Meaning::FormText => {
                let (name, value) = value.split_once('=').ok_or_else(|| no_pair(option))?;
                self.parts.push((name.to_owned(), value.to_owned()));
            }
            Meaning::User => self.user = Some(value),
            Meaning::Bearer => self.bearer = Some(value),
            Meaning::Cookie if value.contains('=') => self.cookies.push(value),
            Meaning::Cookie => return Err(file(option)),
            Meaning::UserAgent => self.headers.push(("User-Agent".to_owned(), value)),
            Meaning::Referer => self.headers.push(("Referer".to_owned(), value)),
            Meaning::Get => self.is_get = true,
            Meaning::Head => self.is_head = true,
            Meaning::Url => self.set_url(value)?,
            Meaning::MaxTime => self.timeout = Some(milliseconds(option, &value)?),
            Meaning::ConnectTimeout => self.connect_timeout = Some(milliseconds(option, &value)?),
            Meaning::MaxRedirects => {
                self.max_redirects = Some(value.parse().map_err(|_| no_number(option))?);
            }
            Meaning::FlagElsewhere(hint) | Meaning::Elsewhere(hint) => self.hint(hint),
            Meaning::Flag | Meaning::Value => {}
        }
        Ok(())
    }

    pub(crate) fn hint(&mut self, text: &str) {
        if !self.hints.iter().any(|it| it == text) {
            self.hints.push(text.to_owned());
        }
    }

    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|it| it.0.eq_ignore_ascii_case(name))
    }

    fn set_url(&mut self, url: String) -> Result<(), String> {
        if !self.url.is_empty() {
            return Err("the command line has several URLs: one call at a time".to_owned());
        }
        self.url = if url.contains("://") { url } else { format!("http://{url}") };
        Ok(())
    }

    fn add_header(&mut self, text: &str) -> Result<(), String> {
        if text.starts_with('@') {
            return Err(file("-H"));
        }
        // `Name;` is an empty header, `Name:` takes away one of curl's own.
        if let Some(name) = text.strip_suffix(';').filter(|it| !it.contains(':')) {
            self.headers.push((name.trim().to_owned(), String::new()));
            return Ok(());
        }
        let (name, value) = text.split_once(':').ok_or("`-H` has no colon")?;
        if !value.trim().is_empty() {
            self.headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        Ok(())
    }

    fn add_data(&mut self, option: &str, data: Data, value: String) -> Result<(), String> {
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let data = match data {
            Data::Plain if value.starts_with('@') => return Err(file(option)),
            Data::Plain | Data::Raw => value,
            Data::UrlEncode => match value.split_once('=') {
                Some(("", content)) => encoded(content),
                Some((name, content)) if !name.contains('@') => {
                    format!("{name}={}", encoded(content))
                }
                _ if value.contains('@') => return Err(file(option)),
                _ => encoded(&value),
            },
        };
        self.data.push(data);
        Ok(())
    }

    /// `name=text`, `name=@file`, `name=<file`, each with `;type=…` and the like behind it.
    fn add_part(&mut self, option: &str, text: &str) -> Result<(), String> {
        let (name, value) = text.split_once('=').ok_or_else(|| no_pair(option))?;
        let value = match value.strip_prefix(['@', '<']) {
            Some(path) => {
                let path = path.split(';').next().unwrap_or_default().trim_matches('"');
                self.hint(&format!("part `{name}`: put `{path}` where the connector finds files"));
                format!("file:{path}")
            }
            None => value.split(";type=").next().unwrap_or_default().trim_matches('"').to_owned(),
        };
        self.parts.push((name.to_owned(), value));
        Ok(())
    }
}

const JSON: &str = "application/json";

/// Seconds, with a fraction, as milliseconds.
fn milliseconds(option: &str, text: &str) -> Result<u64, String> {
    let pause = text.parse().ok().and_then(|it| std::time::Duration::try_from_secs_f64(it).ok());
    let pause = pause.and_then(|it| u64::try_from(it.as_millis()).ok()).filter(|it| *it > 0);
    pause.ok_or_else(|| no_number(option))
}

fn unknown(option: &str) -> String {
    format!("`{option}` is not known here")
}

fn file(option: &str) -> String {
    format!("`{option}` reads a file, which a task cannot: put its content in the command line")
}

fn no_pair(option: &str) -> String {
    format!("`{option}` has no `name=value`")
}

fn no_number(option: &str) -> String {
    format!("`{option}` has no number that can be meant")
}
