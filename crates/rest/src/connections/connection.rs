//! One connection: what it gives the tasks that name it.

use std::{collections::BTreeMap, num::NonZeroU32, sync::Arc};

use common::{Failure, Retry, Secret, Size};
use outbound::{Outbound, TlsIdentity};
use serde::{Deserialize, Deserializer, de::Error as _};
use url::Url;

use crate::{
    auth::Auth,
    error::invalid,
    input::{Headers, Input, Milliseconds},
    rate::Rate,
    resource::Resource,
    statuses::Statuses,
};

/// One named peer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Connection {
    #[serde(deserialize_with = "absolute")]
    url: Url,
    auth: Option<Auth>,
    #[serde(default)]
    headers: Headers,
    timeout: Option<Milliseconds>,
    connect_timeout: Option<Milliseconds>,
    /// The largest answer; default: the setting `RESPONSE_BYTES_MAX`.
    #[serde(default, deserialize_with = "size")]
    response_bytes_max: Option<usize>,
    #[serde(default)]
    pub(super) rate: Rate,
    #[serde(default)]
    retry: RetryRules,
    /// Calls that tasks name.
    #[serde(default, deserialize_with = "shared")]
    pub(crate) resources: BTreeMap<String, Arc<Resource>>,
    #[serde(default)]
    tls: Tls,
    /// What stands in its texts for variables; never read.
    #[serde(skip)]
    pub(super) secrets: Vec<Secret>,
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

fn shared<'de, D: Deserializer<'de>>(
    resources: D,
) -> Result<BTreeMap<String, Arc<Resource>>, D::Error> {
    let members = common::Object::deserialize(resources)?;
    let resource = |(name, value): (String, serde_json::Value)| {
        let resource = Resource::deserialize(value)
            .map_err(|error| D::Error::custom(format_args!("resource `{name}`: {error}")))?;
        Ok((name, Arc::new(resource)))
    };
    members.into_iter().map(resource).collect()
}

/// Bytes, as a number or with a unit.
fn size<'de, D: Deserializer<'de>>(size: D) -> Result<Option<usize>, D::Error> {
    let text = crate::input::text(serde_json::Value::deserialize(size)?);
    let size = Size::deserialize(serde_json::Value::from(text)).map_err(D::Error::custom)?;
    Ok(Some(usize::try_from(size.0).unwrap_or(usize::MAX)))
}

/// How calls are tried again.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RetryRules {
    /// In all.
    attempts: Option<NonZeroU32>,
    interval: Option<Milliseconds>,
    #[serde(default, deserialize_with = "multiplier")]
    multiplier: Option<f32>,
    max_interval: Option<Milliseconds>,
    statuses: Option<Statuses>,
}

fn multiplier<'de, D: Deserializer<'de>>(multiplier: D) -> Result<Option<f32>, D::Error> {
    match f32::deserialize(multiplier)? {
        it if (1.0..=100.0).contains(&it) => Ok(Some(it)),
        _ => Err(D::Error::custom("`multiplier` is not between 1 and 100")),
    }
}

impl RetryRules {
    pub(crate) fn statuses(&self) -> Option<Statuses> {
        self.statuses.clone()
    }

    pub(crate) fn for_runner(&self) -> Retry {
        Retry {
            attempts: self.attempts.map(NonZeroU32::get),
            interval: self.interval.map(Milliseconds::duration),
            multiplier: self.multiplier,
            interval_max: self.max_interval.map(Milliseconds::duration),
        }
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

impl Connection {
    pub(super) fn apply(&self, input: &mut Input, outbound: &Outbound) -> Result<(), Failure> {
        let url = input.rest_url.take().unwrap_or_default();
        input.rest_url = Some(self.address(&url)?);
        input.auth = input.auth.take().or_else(|| self.auth.clone());
        input.timeout = input.timeout.or(self.timeout);
        input.connect_timeout = input.connect_timeout.or(self.connect_timeout);
        if input.terms.retried.is_none() {
            input.terms.retried.clone_from(&self.retry.statuses);
        }
        input.terms.response_bytes_max = self.response_bytes_max;
        input.terms.secrets.clone_from(&self.secrets);
        let own = input.request_headers.take().unwrap_or_default().0;
        let given = |name: &str| own.iter().any(|(it, _)| it.trim().eq_ignore_ascii_case(name));
        let mut headers = self.headers.0.clone();
        headers.retain(|(name, _)| !given(name));
        headers.extend(own);
        input.request_headers = Some(Headers(headers));
        let Tls { certificate, key, key_password, ca } = self.tls.clone();
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

    pub(super) fn retry(&self) -> Retry {
        self.retry.for_runner()
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}
