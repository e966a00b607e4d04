//! The connection that belongs to an imported document: address, and credentials as names of settings.

use std::collections::BTreeMap;

use common::Object;
use serde_json::{Value, json};

use super::{document::Document, naming::upper_snake};

/// Credentials of a connection, each a reference such as `${PETSTORE_TOKEN}`.
#[derive(Debug, Default)]
pub(crate) struct Access {
    auth: Option<Value>,
    headers: Object,
    /// What has to be set, with what it is.
    pub(crate) settings: BTreeMap<String, String>,
    /// What somebody has to know who fills in the connection.
    pub(crate) notes: Vec<String>,
}

impl Access {
    /// What the document asks of its callers: its own requirement, else that of its first operation that has one.
    pub(crate) fn of(document: &Document, connector: &str) -> Self {
        let mut access = Self::default();
        let root = document.root();
        let own = requirements(root);
        let paths = root["paths"].as_object().into_iter().flat_map(|it| it.values());
        let operations = paths.filter_map(Value::as_object).flat_map(|it| it.values());
        let alternatives = if own.iter().any(|it| !it.is_empty()) {
            own
        } else {
            operations.map(requirements).find(|it| !it.is_empty()).unwrap_or_default()
        };
        let schemes = &root["components"]["securitySchemes"];
        let scheme = |name: &str| schemes.get(name).and_then(|it| document.resolve(it).ok());
        let wanted = match alternatives.first() {
            Some(first) => first.clone(),
            // Nobody says that credentials are needed, yet the document describes some.
            None => {
                schemes.as_object().into_iter().flatten().take(1).map(|it| it.0.as_str()).collect()
            }
        };
        for name in &wanted {
            match scheme(name) {
                Some(scheme) => access.add(scheme, &upper_snake(connector)),
                None => access.notes.push(format!("security scheme `{name}` is not described")),
            }
        }
        let others =
            alternatives.iter().skip(1).filter(|it| !it.is_empty()).map(|it| it.join(" + "));
        let others: Vec<_> = others.collect();
        if !others.is_empty() {
            access.notes.push(format!("other credentials that it takes: {}", others.join(", ")));
        }
        access
    }

    /// The entry of the connection file.
    pub(crate) fn connection(&self, url: &str) -> Value {
        let mut connection = json!({"url": url});
        if let Some(auth) = &self.auth {
            connection["auth"] = auth.clone();
        }
        if !self.headers.is_empty() {
            connection["headers"] = self.headers.clone().into();
        }
        connection
    }

    fn add(&mut self, scheme: &Value, prefix: &str) {
        let kind = scheme["type"].as_str().unwrap_or_default();
        let name = scheme["name"].as_str().unwrap_or_default();
        let http = scheme["scheme"].as_str().unwrap_or_default().to_ascii_lowercase();
        let auth = match (kind, http.as_str(), scheme["in"].as_str()) {
            ("http", "basic" | "digest", _) => json!({
                "type": http,
                "username": self.setting(prefix, "USERNAME", "the user's name"),
                "password": self.setting(prefix, "PASSWORD", "the user's password"),
            }),
            ("apiKey", _, Some("cookie")) => {
                let value = self.setting(prefix, "API_KEY", "the key");
                self.headers.insert("Cookie".to_owned(), format!("{name}={value}").into());
                return;
            }
            ("apiKey", _, place) => {
                let value = self.setting(prefix, "API_KEY", "the key");
                let place = place.unwrap_or("header");
                if self.auth.is_some() && place == "header" {
                    self.headers.insert(name.to_owned(), value.into());
                    return;
                }
                json!({"type": "apiKey", "name": name, "value": value, "in": place})
            }
            ("oauth2", _, _) => self.oauth(scheme, prefix),
            ("mutualTLS", _, _) => {
                self.notes
                    .push("it wants a client certificate: `tls` of the connection".to_owned());
                return;
            }
            ("http", "bearer", _) | ("openIdConnect", _, _) => self.bearer(prefix),
            _ => {
                self.notes
                    .push(format!("credentials of the type `{kind}` {http} are not known here"));
                return;
            }
        };
        if self.auth.is_none() {
            self.auth = Some(auth);
        } else {
            self.notes
                .push(format!("it wants `{kind}` credentials too, which have to be added by hand"));
        }
    }

    /// The flows that need nobody to sign in; for the others, a token that somebody has got.
    fn oauth(&mut self, scheme: &Value, prefix: &str) -> Value {
        let flows = &scheme["flows"];
        let flow = ["clientCredentials", "password"].into_iter().find(|it| flows.get(it).is_some());
        let Some(flow) = flow else {
            let text = "its OAuth flow needs somebody to sign in; the token is one that was got so";
            self.notes.push(text.to_owned());
            return self.bearer(prefix);
        };
        let scopes = flows[flow]["scopes"].as_object().into_iter().flatten();
        let scopes: Vec<_> = scopes.map(|(name, _)| name.as_str()).collect();
        let mut auth = json!({
            "type": "oauth2",
            "tokenUrl": flows[flow]["tokenUrl"],
            "clientId": self.setting(prefix, "CLIENT_ID", "the client's id"),
            "clientSecret": self.setting(prefix, "CLIENT_SECRET", "the client's secret"),
        });
        if !scopes.is_empty() {
            auth["scope"] = scopes.join(" ").into();
        }
        if flow == "password" {
            auth["grantType"] = "password".into();
            auth["username"] = self.setting(prefix, "USERNAME", "the user's name").into();
            auth["password"] = self.setting(prefix, "PASSWORD", "the user's password").into();
        }
        auth
    }

    fn bearer(&mut self, prefix: &str) -> Value {
        json!({"type": "bearer", "token": self.setting(prefix, "TOKEN", "the access token")})
    }

    /// A reference to the setting; a setting that is used already gets a number.
    fn setting(&mut self, prefix: &str, name: &str, meaning: &str) -> String {
        let name = format!("{prefix}_{name}");
        let name = if self.settings.contains_key(&name) {
            format!("{name}_{}", self.settings.len() + 1)
        } else {
            name
        };
        let reference = format!("${{{name}}}");
        self.settings.insert(name, meaning.to_owned());
        reference
    }
}

/// The alternatives of `security`, each the names of the schemes that are wanted together.
fn requirements(of: &Value) -> Vec<Vec<&str>> {
    let alternatives = of.get("security").and_then(Value::as_array).into_iter().flatten();
    alternatives
        .filter_map(Value::as_object)
        .map(|it| it.keys().map(String::as_str).collect())
        .collect()
}
