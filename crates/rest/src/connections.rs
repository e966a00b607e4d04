//! Connections: named peers with address, credentials and limits, so that no task holds a secret.
//!
//! `REST_CONNECTIONS` is a JSON object or the path of a file that holds one; a file is read again when it changes.
//! `${NAME}` in its texts stands for the variable of that name, or for the content of the file that `NAME_FILE` names.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use common::{Failure, Object, Secret, referenced};
use outbound::{Outbound, TlsIdentity};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;
use tokio::time::Instant;
use tracing::{info, warn};
use url::Url;

use crate::{
    auth::Auth,
    error::invalid,
    input::{Headers, Input, Milliseconds},
};

/// How soon a change of the file is noticed.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// One named peer.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Connection {
    #[serde(deserialize_with = "absolute")]
    url: Url,
    auth: Option<Auth>,
    #[serde(default)]
    headers: Headers,
    timeout: Option<Milliseconds>,
    connect_timeout: Option<Milliseconds>,
    #[serde(default)]
    tls: Tls,
    /// What `check` calls, below `url`.
    #[serde(default)]
    pub(crate) check: String,
}

fn absolute<'de, D: Deserializer<'de>>(url: D) -> Result<Url, D::Error> {
    match Url::parse(String::deserialize(url)?.trim()) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        _ => Err(D::Error::custom("`url` does not start with http:// or https://")),
    }
}

/// PEM texts.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Tls {
    certificate: Option<String>,
    key: Option<String>,
    key_password: Option<String>,
    ca: Option<String>,
}

type Named = BTreeMap<String, Connection>;

/// All of them, as they are now.
#[derive(Default)]
pub(crate) struct Connections {
    path: Option<String>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    named: Arc<Named>,
    changed: Option<SystemTime>,
    looked: Option<Instant>,
}

impl Connections {
    /// The connections that the setting holds or names.
    ///
    /// # Errors
    /// What is wrong with it; no value is quoted.
    pub(crate) fn new(setting: &str) -> Result<Self, String> {
        let (path, text) = if setting.trim_start().starts_with('{') {
            (None, setting.to_owned())
        } else {
            (Some(setting.to_owned()), read(setting)?)
        };
        let changed = path.as_deref().and_then(changed);
        let named = Arc::new(parse(&text, &referenced)?);
        let state = State { named, changed, looked: None };
        Ok(Self { path, state: Mutex::new(state) })
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.current().keys().cloned().collect()
    }

    pub(crate) fn get(&self, name: &str) -> Option<Connection> {
        self.current().get(name).cloned()
    }

    /// Gives the task what its connection says and it does not say itself.
    ///
    /// # Errors
    /// `INVALID_INPUT`: an unknown name, or an address elsewhere.
    pub(crate) fn apply(&self, input: &mut Input, outbound: &Outbound) -> Result<(), Failure> {
        let Some(name) = input.connection.as_deref().map(str::trim).filter(|it| !it.is_empty())
        else {
            return Ok(());
        };
        let Some(connection) = self.get(name) else {
            let known = match self.names().join(", ") {
                none if none.is_empty() => "there are none (REST_CONNECTIONS)".to_owned(),
                names => format!("there are {names}"),
            };
            return Err(invalid(format_args!("`connection`: no connection `{name}`; {known}")));
        };
        connection.apply(input, outbound)
    }

    /// The connections, read again where their file has changed.
    fn current(&self) -> Arc<Named> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(path) = &self.path else { return Arc::clone(&state.named) };
        if state.looked.is_some_and(|it| it.elapsed() < LOOK_AGAIN) {
            return Arc::clone(&state.named);
        }
        state.looked = Some(Instant::now());
        let now = changed(path);
        if now != state.changed {
            state.changed = now;
            match read(path).and_then(|text| parse(&text, &referenced)) {
                Ok(named) => {
                    info!(connections = named.len(), "REST_CONNECTIONS was read again");
                    state.named = Arc::new(named);
                }
                Err(problem) => warn!(problem, "REST_CONNECTIONS stays as it was"),
            }
        }
        Arc::clone(&state.named)
    }
}

impl Connection {
    fn apply(self, input: &mut Input, outbound: &Outbound) -> Result<(), Failure> {
        input.rest_url = self.address(&input.rest_url)?;
        input.auth = input.auth.take().or(self.auth);
        input.timeout = input.timeout.or(self.timeout);
        input.connect_timeout = input.connect_timeout.or(self.connect_timeout);
        let own = input.request_headers.take().unwrap_or_default().0;
        let given = |name: &str| own.iter().any(|(it, _)| it.trim().eq_ignore_ascii_case(name));
        let mut headers = self.headers.0;
        headers.retain(|(name, _)| !given(name));
        headers.extend(own);
        input.request_headers = Some(Headers(headers));
        let Tls { certificate, key, key_password, ca } = self.tls;
        let identity = TlsIdentity { certificate, key, key_password, ca };
        if identity != TlsIdentity::default() {
            let own = outbound.with_identity(&identity).map_err(|(member, problem)| {
                invalid(format_args!("`connection`: `tls`: `{member}` {problem}"))
            })?;
            input.outbound = Some(own);
        }
        Ok(())
    }

    /// A relative URL below the base, which is never left: the credentials are for it alone.
    fn address(&self, url: &str) -> Result<String, Failure> {
        let url = url.trim();
        if url.contains("://") {
            let same = Url::parse(url).is_ok_and(|it| it.origin() == self.url.origin());
            return if same {
                Ok(url.to_owned())
            } else {
                let host = self.url.origin().ascii_serialization();
                Err(invalid(format_args!("`restUrl` leaves the connection's host {host}")))
            };
        }
        let base = self.url.as_str();
        Ok(match url.chars().next() {
            None => base.to_owned(),
            Some('?' | '#') => format!("{base}{url}"),
            Some(_) => format!("{}/{}", base.trim_end_matches('/'), url.trim_start_matches('/')),
        })
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

fn changed(path: &str) -> Option<SystemTime> {
    fs::metadata(path).and_then(|it| it.modified()).ok()
}

fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("file {path}: {}", error.kind()))
}

fn parse(text: &str, secret: &dyn Fn(&str) -> Result<Secret, String>) -> Result<Named, String> {
    let all: Object = serde_json::from_str(text)
        .map_err(|error| format!("no JSON object at line {}", error.line()))?;
    let connection = |(name, mut value): (String, Value)| {
        fill(&mut value, secret).map_err(|problem| format!("`{name}`: {problem}"))?;
        let read: Result<Connection, _> = serde_json::from_value(value);
        // The library's texts quote values.
        let connection = read.map_err(|error| format!("`{name}`: {}", unquoted(&error)))?;
        Ok((name, connection))
    };
    all.into_iter().map(connection).collect()
}

fn unquoted(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.split_once('"') {
        Some((before, _)) => format!("{}…", before.trim_end()),
        None => text,
    }
}

/// Puts secrets where they are referred to.
fn fill(value: &mut Value, secret: &dyn Fn(&str) -> Result<Secret, String>) -> Result<(), String> {
    match value {
        Value::String(text) => *text = filled(text, secret)?,
        Value::Array(items) => items.iter_mut().try_for_each(|it| fill(it, secret))?,
        Value::Object(members) => members.values_mut().try_for_each(|it| fill(it, secret))?,
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

fn filled(text: &str, secret: &dyn Fn(&str) -> Result<Secret, String>) -> Result<String, String> {
    let is_name = |it: &str| {
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        !it.is_empty() && it.bytes().all(plain)
    };
    let mut pieces = text.split("${");
    let mut filled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once('}') {
            Some((name, rest)) if is_name(name) => {
                filled.extend([secret(name)?.reveal(), rest]);
            }
            _ => filled.extend(["${", piece]),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn secret(name: &str) -> Result<Secret, String> {
        match name {
            "ORDERS_TOKEN" => Ok(Secret::from("t0ken".to_owned())),
            _ => Err(format!("the variable {name} is missing")),
        }
    }

    fn connections() -> Connections {
        let text = json!({"orders": {
            "url": "https://api.example.org/v1/",
            "auth": {"type": "bearer", "token": "${ORDERS_TOKEN}"},
            "headers": {"X-Tenant": "acme", "Accept": "text/plain"},
            "timeout": 5000,
        }});
        let named = parse(&text.to_string(), &secret).unwrap();
        let state = State { named: Arc::new(named), ..State::default() };
        Connections { path: None, state: Mutex::new(state) }
    }

    fn outbound() -> Outbound {
        let settings = outbound::Settings {
            user_agent: "test".to_owned(),
            egress: outbound::Egress::new(&outbound::EgressSettings::default()).unwrap(),
            proxies: outbound::Proxies::default(),
            connect_timeout: Duration::from_secs(1),
            extra_ca: None,
            resolver: None,
        };
        Outbound::new(settings).unwrap()
    }

    fn applied(input: Value) -> Result<Input, String> {
        let mut input: Input = serde_json::from_value(input).unwrap();
        connections().apply(&mut input, &outbound()).map_err(|it| it.to_string())?;
        Ok(input)
    }

    #[test]
    fn what_is_wrong_is_told_without_values() {
        for (text, expected) in [
            ("[", "no JSON object at line 1"),
            (r#"{"a": {}}"#, "`a`: missing field `url`"),
            (r#"{"a": {"url": "s3cret"}}"#, "`a`: `url` does not start with http:// or https://"),
            (r#"{"a": {"url": "ftp://x/"}}"#, "`a`: `url` does not start with http:// or https://"),
            (r#"{"a": {"url": "http://x/", "pasword": "s3cret"}}"#, "`a`: unknown field `pasword`"),
            (
                r#"{"a": {"url": "http://x/", "auth": {"type": "bearer", "token": "${NONE}"}}}"#,
                "`a`: the variable NONE is missing",
            ),
        ] {
            let problem = parse(text, &secret).err().unwrap();
            assert!(problem.starts_with(expected), "{problem}");
            assert!(!problem.contains("s3cret"), "{problem}");
        }
    }

    #[test]
    fn a_task_stays_below_the_connections_address() {
        for (url, expected) in [
            ("orders/1?a=b", "https://api.example.org/v1/orders/1?a=b"),
            ("/orders", "https://api.example.org/v1/orders"),
            ("", "https://api.example.org/v1/"),
            ("?page=2", "https://api.example.org/v1/?page=2"),
            ("https://api.example.org/other", "https://api.example.org/other"),
        ] {
            let input = applied(json!({"restUrl": url, "connection": "orders"})).unwrap();
            assert_eq!(input.rest_url, expected);
        }
        for url in
            ["https://evil.example.org/", "http://api.example.org/", "https://api.example.org:444/"]
        {
            let problem = applied(json!({"restUrl": url, "connection": "orders"})).err().unwrap();
            let expected =
                "INVALID_INPUT: `restUrl` leaves the connection's host https://api.example.org";
            assert_eq!(problem, expected);
        }
    }

    #[test]
    fn an_unknown_name_is_told_with_those_there_are() {
        let problem = applied(json!({"restUrl": "/", "connection": "ordres"})).err().unwrap();
        let expected = "INVALID_INPUT: `connection`: no connection `ordres`; there are orders";
        assert_eq!(problem, expected);
        let mut input: Input =
            serde_json::from_value(json!({"restUrl": "/", "connection": "a"})).unwrap();
        let problem =
            Connections::default().apply(&mut input, &outbound()).unwrap_err().to_string();
        assert!(problem.ends_with("there are none (REST_CONNECTIONS)"), "{problem}");
    }

    #[test]
    fn what_the_task_says_wins() {
        let input = applied(json!({
            "restUrl": "/", "connection": "orders", "timeout": 100,
            "requestHeaders": {"accept": "application/json"},
        }))
        .unwrap();
        assert_eq!(input.timeout.map(Milliseconds::duration), Some(Duration::from_millis(100)));
        let expected = [("X-Tenant", "acme"), ("accept", "application/json")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(input.request_headers.unwrap().0, expected);
        assert!(matches!(input.auth, Some(Auth::Bearer { token }) if token.reveal() == "t0ken"));
    }

    #[test]
    fn a_file_is_read_again_when_it_has_changed() {
        let path = std::env::temp_dir().join(format!("connections-{}.json", std::process::id()));
        fs::write(&path, r#"{"a": {"url": "http://x/"}}"#).unwrap();
        let connections = Connections::new(path.to_str().unwrap()).unwrap();
        assert_eq!(connections.names(), ["a"]);
        let again = |text: &str, seconds: u64| {
            fs::write(&path, text).unwrap();
            let later = SystemTime::now() + Duration::from_secs(seconds);
            fs::File::options().append(true).open(&path).unwrap().set_modified(later).unwrap();
            connections.state.lock().unwrap().looked = None;
            connections.names()
        };
        assert_eq!(again(r#"{"b": {"url": "http://x/"}}"#, 10), ["b"]);
        assert_eq!(again("{broken", 20), ["b"]);
        fs::remove_file(&path).unwrap();
        assert!(Connections::new(path.to_str().unwrap()).is_err());
    }
}
