//! `run`: serves requests until told to stop, and stops in order.

use std::{sync::Arc, time::Duration};

use anyhow::{anyhow, bail};
use axum::{Router, ServiceExt, extract::Request};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
    time::{self, Instant},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::{Layer, util::MapRequestLayer};
use tracing::{info, warn};

use crate::{
    Connector, admin,
    broker::Broker,
    config::{self, Environment, Read},
    engine::{destinations::Destinations, spiff},
    health::Health,
    ledger::Ledger,
    runner::Runner,
    settings::Settings,
    worker::Worker,
};

/// Connections whose callers neither speak nor leave are cut off after so long.
const HTTP_CLOSE_MAX: Duration = Duration::from_secs(2);

/// How long the durations of requests are kept one by one.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// What is running, and how to stop it.
struct Running {
    health: Arc<Health>,
    ledger: Option<Arc<Ledger>>,
    worker: Option<(Arc<Worker>, JoinHandle<()>)>,
    /// Commands over HTTP at work.
    commands: TaskTracker,
    server: JoinHandle<std::io::Result<()>>,
    /// No more requests are taken.
    stop: CancellationToken,
    /// No more connections are taken.
    close: CancellationToken,
}

/// Serves over the broker, where one is configured, and over HTTP.
pub(crate) async fn serve<C: Send + Sync + 'static>(
    connector: Connector<C>,
    environment: &Environment,
    read: &Read<Settings>,
    metrics: PrometheusHandle,
) -> anyhow::Result<()> {
    let running = start(connector, environment, read, metrics).await?;
    told_to_stop().await;
    info!("stopping");
    running.finish(read.value.shutdown_grace.0).await?;
    info!("stopped");
    Ok(())
}

async fn start<C: Send + Sync + 'static>(
    connector: Connector<C>,
    environment: &Environment,
    read: &Read<Settings>,
    metrics: PrometheusHandle,
) -> anyhow::Result<Running> {
    let settings = &read.value;
    let name = connector.definition().0.name.clone();
    let connected = match connector.connect(environment).await {
        Ok(connected) => connected.map_err(|failure| anyhow!("{failure}"))?,
        Err(problems) => bail!("{}", config::explain(&name, &problems)),
    };
    let destinations = Destinations::new(settings, &name)
        .map_err(|(setting, what)| anyhow!("{setting}: {what}"))?;
    let instance = destinations.instance.clone();
    let broker =
        Broker::new(settings, &instance).map_err(|(setting, what)| anyhow!("{setting}: {what}"))?;
    let mut effective = connected.effective.clone();
    effective.extend(read.effective.clone());
    let effective = serde_json::Value::Object(effective).to_string();
    info!(name, instance, version = env!("CARGO_PKG_VERSION"), settings = effective, "starting");

    let health = Arc::new(Health::default());
    let (stop, close) = (CancellationToken::new(), CancellationToken::new());
    let commands = TaskTracker::new();
    let whose = destinations.whose();
    let ledger = Ledger::open(settings, &whose, Arc::clone(&health), stop.clone()).await?;
    let own = connected.routes.clone();
    let runner = Arc::new(Runner::new(connected, settings).with_ledger(ledger.clone()));
    commands.spawn(keep_metrics_small(metrics.clone(), stop.clone()));
    let app = Router::new()
        .merge(admin::router(Arc::clone(&health), metrics, &name, &instance))
        .merge(spiff::router(Arc::clone(&runner), settings, &instance, commands.clone()))
        .merge(own);
    let worker = broker.map(|broker| {
        let (health, stop) = (Arc::clone(&health), stop.clone());
        Arc::new(Worker::new(runner, broker, destinations, health, settings, stop))
    });
    if worker.is_none() {
        info!("no broker is configured: commands over HTTP only");
    }
    let server = listen(app, settings, close.clone()).await?;
    let worker = worker.map(|worker| {
        let serving = Arc::clone(&worker);
        (worker, commands.spawn(async move { serving.serve().await }))
    });
    Ok(Running { health, ledger, worker, commands, server, stop, close })
}

/// Counts the durations that were measured, each of which would else be kept until somebody asks for the metrics.
async fn keep_metrics_small(metrics: PrometheusHandle, stop: CancellationToken) {
    let mut ticks = time::interval(METRICS_UPKEEP);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        metrics.run_upkeep();
    }
}

async fn listen(
    app: Router,
    settings: &Settings,
    close: CancellationToken,
) -> anyhow::Result<JoinHandle<std::io::Result<()>>> {
    let app = match settings.context_path().as_str() {
        "" => app,
        path => Router::new().nest(path, app),
    };
    let app = MapRequestLayer::new(spiff::collapse_slashes).layer(app);
    let app = ServiceExt::<Request>::into_make_service(app);
    let (listener, addr) = admin::bind(settings.admin_addr()).await?;
    info!(%addr, "listening");
    let server = axum::serve(listener, app).with_graceful_shutdown(close.cancelled_owned());
    Ok(TaskTracker::new().spawn(async move { server.await }))
}

impl Running {
    /// Stops taking requests, lets those at work finish, and closes what is open.
    async fn finish(self, grace: Duration) -> anyhow::Result<()> {
        let end = Instant::now() + grace;
        self.health.stopping();
        self.stop.cancel();
        let mut n_open = 0;
        if let Some((worker, serving)) = self.worker {
            serving.await?;
            worker.requests.close();
            if time::timeout_at(end, worker.requests.wait()).await.is_err() {
                n_open = worker.requests.len();
                warn!(
                    requests = n_open,
                    "the grace period is over; the broker delivers them again"
                );
            }
            worker.close().await;
        }
        self.commands.close();
        if time::timeout_at(end, self.commands.wait()).await.is_err() {
            n_open += self.commands.len();
        }
        self.close.cancel();
        match time::timeout(HTTP_CLOSE_MAX, self.server).await {
            Ok(served) => served??,
            Err(_elapsed) => warn!("some HTTP connections were cut off"),
        }
        if let Some(ledger) = self.ledger {
            ledger.close().await;
        }
        if n_open > 0 {
            bail!("{n_open} requests were not answered within SHUTDOWN_GRACE ({grace:?})");
        }
        Ok(())
    }
}

/// Resolves at SIGTERM or Ctrl-C.
pub(crate) async fn told_to_stop() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        warn!("signals cannot be listened to");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
