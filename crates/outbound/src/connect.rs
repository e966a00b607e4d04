//! How a connection is made: within its time, and only to addresses that the settings leave open.
//!
//! reqwest has one connect timeout per client, while a call may bring its own.
//! A client per timeout would mean a pool of connections per timeout; instead the call's values travel beside it in a task-local [`Hop`], which a layer around reqwest's connector and the resolver below it read.
//! Making a connection is polled by the task that makes the call, and what hyper finishes in the background keeps the values that it was started with.

use std::{error::Error, net::IpAddr, pin::Pin, sync::Arc, time::Duration};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::{
    net::lookup_host,
    task::futures::TaskLocalFuture,
    time::{Instant, timeout_at},
};

use crate::{Egress, Proxies};

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// What the connector has to know about the request that it makes a connection for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hop {
    /// When the connection must stand: names, TCP, proxy and TLS together.
    pub(crate) connect_until: Instant,
    /// The time that this is from the start of the request.
    pub(crate) connect_timeout: Duration,
    /// Whether the request goes to a proxy.
    pub(crate) is_proxied: bool,
}

/// The time for the connection is over.
#[derive(Debug, thiserror::Error)]
#[error("no connection in time")]
pub(crate) struct TooLate;

/// Looks names up and refuses those with a closed address; what it returns is what is connected to, so that a name cannot change its address in between.
pub(crate) struct GuardedResolver {
    pub(crate) egress: Egress,
    pub(crate) proxies: Proxies,
    pub(crate) resolver: Arc<dyn Resolve>,
}

/// The names as the system knows them (`getaddrinfo`).
pub(crate) struct SystemResolver;

tokio::task_local! {
    static HOP: Hop;
}

type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// Runs a request so that the connections made for it obey `hop`.
pub(crate) fn scoped<F: Future>(hop: Hop, request: F) -> TaskLocalFuture<Hop, F> {
    HOP.scope(hop, request)
}

/// Bounds the making of a connection; the layer that the client is built with.
pub(crate) fn bounded<T: Send + 'static>(connecting: Connecting<T>) -> Connecting<T> {
    let Ok(hop) = HOP.try_with(|hop| *hop) else {
        return connecting;
    };
    Box::pin(HOP.scope(hop, async move {
        timeout_at(hop.connect_until, connecting).await.map_err(|_| TooLate)?
    }))
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        // The operator chose the proxy, the author of a process chose everything else.
        let is_proxy =
            HOP.try_with(|hop| hop.is_proxied).unwrap_or(false) && self.proxies.has_host(&host);
        let egress = self.egress.clone();
        let resolving = self.resolver.resolve(name);
        Box::pin(async move {
            let addresses: Vec<_> = resolving.await?.collect();
            if addresses.is_empty() {
                return Err("no address".into());
            }
            if !is_proxy {
                let ips: Vec<IpAddr> = addresses.iter().map(std::net::SocketAddr::ip).collect();
                egress.judge(&host, &ips)?;
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses: Vec<_> = lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
