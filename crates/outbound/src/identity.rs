//! Clients with a TLS identity of their own (mTLS, own CA), built once and kept.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reqwest::{Client, Proxy, dns::Resolve, header::HeaderValue, redirect::Policy};
use rustls::{ClientConfig, RootCertStore};
use tokio::time::Instant;
use tower::util::MapFutureLayer;
use tracing::warn;

use crate::{
    Egress, Outbound, Problem, Proxies,
    connect::{self, GuardedResolver},
    fingerprint::{Fingerprint, fingerprint},
    pem, tls,
};

/// Peers and load balancers close idle connections after a minute or so; giving them up first avoids sending into a closing one.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(30);
const POOL_IDLE_PER_HOST_MAX: usize = 32;
/// How soon a peer that vanished without a word is noticed.
const KEEPALIVE: Duration = Duration::from_secs(20);
/// How many clients with an identity are kept; each has connections of its own.
const IDENTITIES_MAX: usize = 64;

/// Who a client is in TLS, and whom it trusts beside the system's certificates; all PEM texts, `Debug` shows none of them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TlsIdentity {
    /// The client's certificate, followed by those between it and its CA.
    pub certificate: Option<String>,
    /// Its private key: PKCS#8 (encrypted too), PKCS#1 or SEC 1.
    pub key: Option<String>,
    /// The password of an encrypted key; an empty one is none.
    pub key_password: Option<String>,
    /// Certificates to trust beside the system's.
    pub ca: Option<String>,
}

/// What all clients have in common.
pub(crate) struct Blueprint {
    pub(crate) user_agent: HeaderValue,
    pub(crate) egress: Egress,
    pub(crate) proxies: Proxies,
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) roots: RootCertStore,
}

/// The clients with an identity, by its fingerprint, and when each was asked for last.
pub(crate) struct Identities {
    blueprint: Blueprint,
    clients: Mutex<HashMap<Fingerprint, (Client, Instant)>>,
}

impl Outbound {
    /// The same with another TLS identity: same rules, proxies and time limits, own connections.
    ///
    /// The client of an identity is built once, which takes some milliseconds (an encrypted key up to a second), and kept; of too many, the one that was not asked for the longest is given up.
    ///
    /// # Errors
    /// What is wrong with `certificate`, `key`, `keyPassword` or `ca`; the text quotes nothing of them.
    pub fn with_identity(&self, identity: &TlsIdentity) -> Result<Self, Problem> {
        let key = identity.fingerprint();
        let client = if let Some(client) = self.identities.get(&key) {
            client
        } else {
            let tls = identity.tls(self.identities.blueprint.roots.clone())?;
            let client = self.identities.blueprint.build(tls).map_err(|it| ("certificate", it))?;
            self.identities.keep(key, client)
        };
        let mut outbound = self.clone();
        (outbound.client, outbound.identity) = (client, key);
        Ok(outbound)
    }

    /// What tells clients with different identities apart.
    pub(crate) fn identity(&self) -> &Fingerprint {
        &self.identity
    }
}

impl TlsIdentity {
    fn fingerprint(&self) -> Fingerprint {
        let parts = [&self.certificate, &self.key, &self.key_password, &self.ca];
        fingerprint(parts.map(|it| given(it.as_ref()).unwrap_or_default().as_bytes()))
    }

    fn tls(&self, mut roots: RootCertStore) -> Result<ClientConfig, Problem> {
        if let Some(ca) = given(self.ca.as_ref()) {
            let problem = |text: &str| ("ca", text.to_owned());
            let certificates = pem::certificates(ca).map_err(problem)?;
            let n_certificates = certificates.len();
            // TLS asks an authority's certificate for its name and key only, not for its time; bundles have old ones among others.
            let valid: Vec<_> =
                certificates.into_iter().filter(|it| !pem::is_expired(it)).collect();
            match n_certificates - valid.len() {
                0 => {}
                n if n == n_certificates => return Err(problem("has expired certificates only")),
                n => warn!(certificates = n, "expired certificates in a `ca` are left out"),
            }
            for certificate in valid {
                roots.add(certificate).map_err(|_unusable| problem("has a damaged certificate"))?;
            }
        }
        let pair = match (given(self.certificate.as_ref()), given(self.key.as_ref())) {
            (None, None) => None,
            (Some(_), None) => return Err(("key", "is missing beside `certificate`".to_owned())),
            (None, Some(_)) => {
                return Err(("certificate", "is missing beside `key`".to_owned()));
            }
            (Some(certificate), Some(key)) => {
                let chain = pem::certificates(certificate)
                    .map_err(|text| ("certificate", text.to_owned()))?;
                let key = pem::private_key(key, given(self.key_password.as_ref()))
                    .map_err(|problem| (problem.culprit(), problem.to_string()))?;
                Some((chain, key))
            }
        };
        tls::config(roots, pair).map_err(|text| ("certificate", text))
    }
}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsIdentity(***)")
    }
}

impl Blueprint {
    /// A client with this TLS configuration; the error is a fragment about it.
    pub(crate) fn build(&self, tls: ClientConfig) -> Result<Client, String> {
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(self.user_agent.clone())
            .dns_resolver(GuardedResolver {
                egress: self.egress.clone(),
                proxies: self.proxies.clone(),
                resolver: Arc::clone(&self.resolver),
            })
            .connector_layer(MapFutureLayer::new(connect::bounded))
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            .pool_max_idle_per_host(POOL_IDLE_PER_HOST_MAX)
            .tcp_keepalive(KEEPALIVE)
            .http2_keep_alive_interval(KEEPALIVE);
        if !self.proxies.is_empty() {
            let proxies = self.proxies.clone();
            builder = builder.proxy(Proxy::custom(move |url| proxies.for_url(url).cloned()));
        }
        builder.build().map_err(|error| error.to_string())
    }
}

impl Identities {
    pub(crate) fn new(blueprint: Blueprint) -> Self {
        Self { blueprint, clients: Mutex::default() }
    }

    fn get(&self, key: &Fingerprint) -> Option<Client> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let (client, used) = clients.get_mut(key)?;
        *used = Instant::now();
        Some(client.clone())
    }

    /// Keeps a client, and gives back the one that somebody else has kept meanwhile.
    fn keep(&self, key: Fingerprint, client: Client) -> Client {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= IDENTITIES_MAX && !clients.contains_key(&key) {
            let oldest = clients.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| *key);
            oldest.and_then(|it| clients.remove(&it));
        }
        clients.entry(key).or_insert_with(|| (client, Instant::now())).0.clone()
    }
}

/// A blank text is none.
fn given(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|it| !it.trim().is_empty())
}
