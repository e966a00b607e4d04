//! Connections: named peers with address, credentials and limits, so that no task holds a secret.
//!
//! `REST_CONNECTIONS` is a JSON object or the path of a file that holds one; a file is read again when it changes.
//! `${NAME}` in its texts stands for the variable of that name, or for the content of the file that `NAME_FILE` names.

mod connection;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use common::{Context, Document, Failure, Object, Secret, referenced};
use serde_json::Value;
use templates::Engine;

pub(crate) use self::connection::{Connection, RetryRules};
use crate::{
    client::Rest,
    error::invalid,
    input::Input,
    rate::{Limiter, Rate},
    resource,
    terms::Admission,
};

type Named = BTreeMap<String, Arc<Connection>>;

/// All of them, as they are now.
pub(crate) struct Connections {
    named: Document<Named>,
    /// By name: they outlive a file that is read again and limits the same.
    limiters: Mutex<HashMap<String, Arc<Limiter>>>,
}

impl Connections {
    /// The connections that the setting holds or names.
    ///
    /// # Errors
    /// What is wrong with it; no value is quoted.
    pub(crate) fn new(setting: &str) -> Result<Self, String> {
        let named = Document::new("REST_CONNECTIONS", setting, |text| parse(text, &referenced))?;
        Ok(Self { named, limiters: Mutex::default() })
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.current().keys().cloned().collect()
    }

    pub(crate) fn get(&self, name: &str) -> Option<Arc<Connection>> {
        self.current().get(name).cloned()
    }

    /// Gives the task what its connection says and it does not say itself.
    ///
    /// # Errors
    /// `INVALID_INPUT`: an unknown name, or an address elsewhere.
    pub(crate) fn apply(&self, rest: &Context<Rest>, input: &mut Input) -> Result<(), Failure> {
        let Some((name, connection)) = self.of(input)? else { return Ok(()) };
        rest.retry(connection.retry());
        connection.apply(input, &rest.outbound)?;
        let limiter = self.limiter(&name, connection.rate);
        let admission = Admission::new(&name, limiter, rest.request_id(), rest.rate_wait());
        input.terms.admission = Some(admission);
        Ok(())
    }

    /// The connection that the task names, if it names one.
    ///
    /// # Errors
    /// `INVALID_INPUT`: there is none of that name.
    pub(crate) fn of(&self, input: &Input) -> Result<Option<(String, Arc<Connection>)>, Failure> {
        let Some(name) = input.connection.as_deref().map(str::trim).filter(|it| !it.is_empty())
        else {
            return Ok(None);
        };
        let Some(connection) = self.get(name) else {
            let known = match self.names().join(", ") {
                none if none.is_empty() => "there are none (REST_CONNECTIONS)".to_owned(),
                names => format!("there are {names}"),
            };
            return Err(invalid(format_args!("`connection`: no connection `{name}`; {known}")));
        };
        Ok(Some((name.to_owned(), connection)))
    }

    fn limiter(&self, name: &str, rate: Rate) -> Arc<Limiter> {
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        match limiters.get(name) {
            Some(limiter) if limiter.rate == rate => Arc::clone(limiter),
            Some(_) | None => {
                let limiter = Arc::new(Limiter::new(rate));
                limiters.insert(name.to_owned(), Arc::clone(&limiter));
                limiter
            }
        }
    }

    /// The connections, read again where their file has changed.
    fn current(&self) -> Arc<Named> {
        self.named.current(|text, _before| parse(text, &referenced))
    }
}

impl Default for Connections {
    fn default() -> Self {
        Self { named: Document::fixed(Named::default()), limiters: Mutex::default() }
    }
}

fn parse(text: &str, secret: &dyn Fn(&str) -> Result<Secret, String>) -> Result<Named, String> {
    let all: Object = serde_json::from_str(text)
        .map_err(|error| format!("no JSON object at line {}", error.line()))?;
    let connection = |(name, mut value): (String, Value)| {
        let mut secrets = Vec::new();
        for (member, value) in value.as_object_mut().into_iter().flatten() {
            let mut filled = Vec::new();
            fill(value, secret, &mut filled).map_err(|problem| format!("`{name}`: {problem}"))?;
            // An address is told, keys are never sent, and credentials are known as such.
            let is_hidden = !["url", "tls", "auth"].contains(&member.as_str());
            secrets.extend(filled.into_iter().filter(|_| is_hidden));
        }
        let read: Result<Connection, _> = serde_json::from_value(value);
        // The library's texts quote values.
        let mut connection = read.map_err(|error| format!("`{name}`: {}", unquoted(&error)))?;
        connection.secrets = secrets;
        if let Some(problem) = wrong_resource(&connection) {
            return Err(format!("`{name}`: {problem}"));
        }
        Ok((name, Arc::new(connection)))
    };
    all.into_iter().map(connection).collect()
}

/// What is wrong with the first resource whose templates are none.
fn wrong_resource(connection: &Connection) -> Option<String> {
    if connection.resources.is_empty() {
        return None;
    }
    let engine = Engine::new(resource::limits(), None);
    connection.resources.iter().find_map(|(name, resource)| {
        resource.problem(&engine).map(|problem| format!("`resources`: `{name}`: {problem}"))
    })
}

fn unquoted(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.split_once('"') {
        Some((before, _)) => format!("{}…", before.trim_end()),
        None => text,
    }
}

/// Puts secrets where they are referred to, and into `put`.
fn fill(
    value: &mut Value,
    secret: &dyn Fn(&str) -> Result<Secret, String>,
    put: &mut Vec<Secret>,
) -> Result<(), String> {
    match value {
        Value::String(text) => *text = filled(text, secret, put)?,
        Value::Array(items) => items.iter_mut().try_for_each(|it| fill(it, secret, put))?,
        Value::Object(members) => members.values_mut().try_for_each(|it| fill(it, secret, put))?,
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

fn filled(
    text: &str,
    secret: &dyn Fn(&str) -> Result<Secret, String>,
    put: &mut Vec<Secret>,
) -> Result<String, String> {
    let is_name = |it: &str| {
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        !it.is_empty() && it.bytes().all(plain)
    };
    let mut pieces = text.split("${");
    let mut filled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once('}') {
            Some((name, rest)) if is_name(name) => {
                let secret = secret(name)?;
                filled.extend([secret.reveal(), rest]);
                put.push(secret);
            }
            _ => filled.extend(["${", piece]),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        time::{Duration, SystemTime},
    };

    use outbound::Outbound;
    use serde_json::json;

    use super::*;
    use crate::{auth::Auth, input::Milliseconds};

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
        Connections { named: Document::fixed(named), ..Connections::default() }
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
        let connection = connections().of(&input).map_err(|it| it.to_string())?;
        let (_, connection) = connection.unwrap();
        connection.apply(&mut input, &outbound()).map_err(|it| it.to_string())?;
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
            assert_eq!(input.rest_url.as_deref(), Some(expected));
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
        let input: Input =
            serde_json::from_value(json!({"restUrl": "/", "connection": "a"})).unwrap();
        let problem = Connections::default().of(&input).err().unwrap().to_string();
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

    #[tokio::test(start_paused = true)]
    async fn a_file_is_read_again_when_it_has_changed() {
        let path = std::env::temp_dir().join(format!("connections-{}.json", std::process::id()));
        fs::write(&path, r#"{"a": {"url": "http://x/"}}"#).unwrap();
        let connections = Connections::new(path.to_str().unwrap()).unwrap();
        assert_eq!(connections.names(), ["a"]);
        fs::write(&path, r#"{"b": {"url": "http://x/"}}"#).unwrap();
        let later = SystemTime::now() + Duration::from_secs(10);
        fs::File::options().append(true).open(&path).unwrap().set_modified(later).unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(connections.names(), ["b"]);
        fs::remove_file(&path).unwrap();
        assert!(Connections::new(path.to_str().unwrap()).is_err());
    }
}
