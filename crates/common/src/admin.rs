//! HTTP: health and metrics, and beside them whatever else is served on the one port.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::health::Health;

/// What the routes know.
#[derive(Clone)]
struct Admin {
    health: Arc<Health>,
    metrics: PrometheusHandle,
    info: Arc<Value>,
}

/// Health as Spring's actuator shows it (`activiti-cloud.md` §6 #10), and Prometheus metrics.
pub(crate) fn router(
    health: Arc<Health>,
    metrics: PrometheusHandle,
    name: &str,
    instance: &str,
) -> Router {
    let version = env!("CARGO_PKG_VERSION");
    let info = json!({ "build": { "name": name, "version": version }, "instance": instance });
    Router::new()
        .route("/actuator/health", get(readiness))
        .route("/actuator/health/liveness", get(liveness))
        .route("/actuator/health/readiness", get(readiness))
        .route("/readiness", get(readiness))
        .route(
            "/actuator/info",
            get(|State(it): State<Admin>| async move { Json(Value::clone(&it.info)) }),
        )
        .route("/metrics", get(exposition))
        .with_state(Admin { health, metrics, info: Arc::new(info) })
}

/// The process runs; nothing outside it is asked.
async fn liveness() -> Json<Value> {
    Json(json!({ "status": "UP" }))
}

async fn readiness(State(admin): State<Admin>) -> (StatusCode, Json<Value>) {
    let (ready, report) = admin.health.report();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report))
}

async fn exposition(State(admin): State<Admin>) -> impl IntoResponse {
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], admin.metrics.render())
}

/// The socket, and the address it has got (port 0 gives a free one).
pub(crate) async fn bind(addr: SocketAddr) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(addr).await.with_context(|| format!("ADMIN_ADDR {addr}"))?;
    let addr = listener.local_addr()?;
    Ok((listener, addr))
}
