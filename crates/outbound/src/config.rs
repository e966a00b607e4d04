//! The settings of every connector that calls others, to be flattened into its own.

use common::{Failure, Period, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{Egress, EgressSettings, Outbound, Problem, Proxies, ProxySettings, Settings, tls};

/// `CONNECT_TIMEOUT`, `EGRESS_…`, the proxies and `CA_FILE` (`names.md`), for `#[serde(flatten)]` in a connector's config.
///
/// What is wrong with one of them is found when it is read, so that it is listed with everything else that is wrong.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct Config {
    /// The time for a connection (names, TCP, proxy, TLS) where the call says nothing.
    pub connect_timeout: Period,
    #[serde(deserialize_with = "egress_private")]
    egress_private: String,
    #[serde(default, deserialize_with = "egress_deny")]
    egress_deny: Option<String>,
    #[serde(default, deserialize_with = "egress_allow")]
    egress_allow: Option<String>,
    #[serde(default, deserialize_with = "proxy")]
    http_proxy: Option<Secret>,
    #[serde(default, deserialize_with = "proxy")]
    https_proxy: Option<Secret>,
    no_proxy: Option<String>,
    #[serde(default, deserialize_with = "ca_file")]
    ca_file: Option<String>,
}

impl Config {
    /// Makes the client; nothing is called yet.
    ///
    /// `user_agent` is `name/version`.
    ///
    /// # Errors
    /// `UNKNOWN_ERROR` with everything that is wrong with the settings.
    pub fn connect(&self, user_agent: &str) -> Result<Outbound, Failure> {
        let revealed = |secret: &Option<Secret>| secret.as_ref().map(|it| it.reveal().to_owned());
        let egress = Egress::new(&EgressSettings {
            private: Some(self.egress_private.clone()),
            deny: self.egress_deny.clone(),
            allow: self.egress_allow.clone(),
        });
        let proxies = Proxies::new(&ProxySettings {
            http: revealed(&self.http_proxy),
            https: revealed(&self.https_proxy),
            no_proxy: self.no_proxy.clone(),
        });
        let (egress, proxies) = match (egress, proxies) {
            (Ok(egress), Ok(proxies)) => (egress, proxies),
            (egress, proxies) => {
                let problems = [egress.err(), proxies.err()].into_iter().flatten().flatten();
                return Err(unusable(&problems.collect::<Vec<_>>()));
            }
        };
        let settings = Settings {
            user_agent: user_agent.to_owned(),
            egress,
            proxies,
            connect_timeout: self.connect_timeout.0,
            extra_ca: self.ca_file.as_ref().map(Into::into),
            resolver: None,
        };
        Outbound::new(settings).map_err(|problems| unusable(&problems))
    }

    /// The same for addresses that nobody vouches for: those that are not public are closed, unless `EGRESS_ALLOW` names them.
    #[must_use]
    pub fn for_strangers(&self) -> Self {
        Self { egress_private: "deny".to_owned(), ..self.clone() }
    }

    /// The same for addresses that the settings name: those that are not public are open, for the operator has said so; `EGRESS_DENY` still closes what it names.
    #[must_use]
    pub fn for_settings(&self) -> Self {
        Self { egress_private: "allow".to_owned(), ..self.clone() }
    }

    /// The file of `CA_FILE`: certificates to trust beside the system's.
    pub fn ca_file(&self) -> Option<&str> {
        self.ca_file.as_deref()
    }

    /// The passwords of the proxies, which no output may repeat.
    pub fn passwords(&self) -> impl Iterator<Item = Secret> {
        let proxies = [&self.http_proxy, &self.https_proxy].into_iter().flatten();
        proxies.filter_map(|it| {
            let (user, _) = it.reveal().rsplit_once('@')?;
            Some(Secret::from(user.rsplit_once(':')?.1.to_owned()))
        })
    }
}

/// The failure to start with wrong settings: `NAME: problem; NAME: problem`.
pub fn unusable(problems: &[Problem]) -> Failure {
    let texts: Vec<_> =
        problems.iter().map(|(setting, text)| format!("{setting}: {text}")).collect();
    let text = texts.join("; ");
    Failure::permanent("UNKNOWN_ERROR", Unusable(text.clone())).with_note(text)
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unusable(String);

fn egress_private<'de, D: Deserializer<'de>>(setting: D) -> Result<String, D::Error> {
    egress(setting, |it| EgressSettings { private: Some(it), ..EgressSettings::default() })
}

fn egress_deny<'de, D: Deserializer<'de>>(setting: D) -> Result<Option<String>, D::Error> {
    let alone = |it| EgressSettings { deny: Some(it), ..EgressSettings::default() };
    egress(setting, alone).map(Some)
}

fn egress_allow<'de, D: Deserializer<'de>>(setting: D) -> Result<Option<String>, D::Error> {
    let alone = |it| EgressSettings { allow: Some(it), ..EgressSettings::default() };
    egress(setting, alone).map(Some)
}

fn egress<'de, D: Deserializer<'de>>(
    setting: D,
    alone: fn(String) -> EgressSettings,
) -> Result<String, D::Error> {
    let text = String::deserialize(setting)?;
    match Egress::new(&alone(text.clone())) {
        Ok(_) => Ok(text),
        Err(problems) => Err(D::Error::custom(in_words(&problems))),
    }
}

fn proxy<'de, D: Deserializer<'de>>(setting: D) -> Result<Option<Secret>, D::Error> {
    let text = String::deserialize(setting)?;
    let alone = ProxySettings { http: Some(text.clone()), ..ProxySettings::default() };
    match Proxies::new(&alone) {
        Ok(_) => Ok(Some(text.into())),
        Err(problems) => Err(D::Error::custom(in_words(&problems))),
    }
}

fn ca_file<'de, D: Deserializer<'de>>(setting: D) -> Result<Option<String>, D::Error> {
    let file = String::deserialize(setting)?;
    match tls::certificates(file.as_ref()) {
        Ok(_) => Ok(Some(file)),
        Err(problem) => Err(D::Error::custom(problem)),
    }
}

fn in_words(problems: &[Problem]) -> String {
    let texts: Vec<_> = problems.iter().map(|(_, text)| text.as_str()).collect();
    texts.join("; ")
}
