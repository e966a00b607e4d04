//! Logs, metrics and traces: their set-up, and the names of all metrics.

use std::{io::IsTerminal, panic, str::FromStr, time::Duration};

use anyhow::Context as _;
use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::{
    global,
    propagation::{Extractor, Injector, TextMapPropagator},
    trace::TracerProvider as _,
};
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tracing::{Span, error};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{
    EnvFilter, Layer, Registry, filter::LevelFilter, layer::SubscriberExt, util::SubscriberInitExt,
};

use crate::settings::{LogFormat, Settings};

/// Requests answered, by `action` and `outcome` (`ok`, `business`, `transient`, `permanent`).
pub(crate) const REQUESTS: &str = "connector_requests_total";
/// Seconds from the first attempt to the outcome, by `action`.
pub(crate) const REQUEST_DURATION: &str = "connector_request_duration_seconds";
/// Requests at work.
pub(crate) const IN_FLIGHT: &str = "connector_requests_in_flight";
/// Attempts after the first, by `action`.
pub(crate) const RETRIES: &str = "connector_retries_total";
/// Requests put aside unanswered, by `queue`.
pub(crate) const PARKED: &str = "connector_requests_parked_total";
/// Requests that were delivered again and got the answer they had.
pub(crate) const REPEATED: &str = "connector_requests_repeated_total";
/// Requests that another process had, and that waited for it.
pub(crate) const LEDGER_WAITS: &str = "connector_ledger_waits_total";
/// Requests taken over from a process that ended before its point of no return.
pub(crate) const LEDGER_TAKEOVERS: &str = "connector_ledger_takeovers_total";
/// Requests answered with a presumed outcome, since their process ended after its point of no return.
pub(crate) const LEDGER_PRESUMED: &str = "connector_ledger_presumed_total";
/// Statements that the ledger's database did not carry out.
pub(crate) const LEDGER_ERRORS: &str = "connector_ledger_errors_total";
/// 1 while the ledger's database answers, else 0.
pub(crate) const LEDGER_UP: &str = "connector_ledger_up";
/// Outputs in which `${…}` was neutralised, by `action` and `output`.
pub(crate) const NEUTRALISED: &str = "connector_outputs_neutralised_total";
/// Answers that no queue took, and that wait for one.
pub(crate) const UNROUTABLE: &str = "connector_answers_unroutable_total";
/// Events handed on, by `event` and `outcome`.
pub(crate) const EVENTS: &str = "connector_events_total";
/// Connections made to the broker.
pub(crate) const BROKER_CONNECTS: &str = "connector_broker_connects_total";

/// Upper bounds in seconds: from a warm cache to the longest run.
const BUCKETS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 15.0, 60.0];
/// How long the last traces may take to get out.
const FLUSH_MAX: Duration = Duration::from_secs(3);

/// What keeps running until the process ends.
pub(crate) struct Telemetry {
    pub(crate) metrics: PrometheusHandle,
    traces: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Sets the process-wide logger and recorder.
    ///
    /// Called once and outside the runtime: the trace exporter brings its own thread, which must not be made inside.
    pub(crate) fn start(settings: &Settings, service: &str) -> anyhow::Result<Self> {
        let filter = filter(&settings.log).context("LOG")?;
        let traces = match &settings.otel_exporter_otlp_endpoint {
            Some(endpoint) => Some(exporter(endpoint, service)?),
            None => None,
        };
        let tracing = traces.as_ref().map(|provider| {
            let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("connector"));
            layer.with_filter(LevelFilter::INFO)
        });
        Registry::default().with(tracing).with(log(settings).with_filter(filter)).try_init()?;
        panic::set_hook(Box::new(|panic| {
            // The message of a panic may hold data.
            let place = panic.location().map(ToString::to_string);
            error!(place, "panic");
        }));
        Ok(Self { metrics: metrics()?, traces })
    }

    /// Gives the last traces out.
    pub(crate) fn stop(self) {
        if let Some(traces) = self.traces
            && let Err(error) = traces.shutdown_with_timeout(FLUSH_MAX)
        {
            error!(%error, "the last traces are lost");
        }
    }
}

/// What is logged; what libraries say of the bytes that they carry is not.
pub(crate) fn filter(text: &str) -> anyhow::Result<EnvFilter> {
    // The AMQP library prints whole messages and the password, some of them as warnings.
    const QUIET: [&str; 9] = [
        "lapin=off",
        "amq_protocol=off",
        "async_rs=off",
        "h2=info",
        "hyper=info",
        "hyper_util=info",
        "reqwest=info",
        "rustls=info",
        "sqlx=info",
    ];
    let filter = EnvFilter::from_str(text)?;
    QUIET.iter().try_fold(filter, |filter, quiet| Ok(filter.add_directive(quiet.parse()?)))
}

fn log<S>(settings: &Settings) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    let terminal = std::io::stderr().is_terminal();
    let by_terminal = if terminal { LogFormat::Text } else { LogFormat::Json };
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match settings.log_format.unwrap_or(by_terminal) {
        LogFormat::Json => {
            layer.json().flatten_event(true).with_span_list(false).with_target(false).boxed()
        }
        LogFormat::Text => layer.compact().with_target(false).with_ansi(terminal).boxed(),
    }
}

fn metrics() -> anyhow::Result<PrometheusHandle> {
    let duration = Matcher::Full(REQUEST_DURATION.to_owned());
    let handle =
        PrometheusBuilder::new().set_buckets_for_metric(duration, &BUCKETS)?.install_recorder()?;
    describe_counter!(REQUESTS, "requests answered");
    describe_histogram!(REQUEST_DURATION, "seconds from the first attempt to the outcome");
    describe_gauge!(IN_FLIGHT, "requests at work");
    describe_counter!(RETRIES, "attempts after the first");
    describe_counter!(PARKED, "requests put aside unanswered");
    describe_counter!(REPEATED, "requests delivered again that got the answer they had");
    describe_counter!(LEDGER_WAITS, "requests that waited for the process that had them");
    describe_counter!(LEDGER_TAKEOVERS, "requests taken over from a process that died");
    describe_counter!(LEDGER_PRESUMED, "requests answered with a presumed outcome");
    describe_counter!(LEDGER_ERRORS, "statements that the ledger did not carry out");
    describe_gauge!(LEDGER_UP, "whether the ledger answers");
    describe_counter!(NEUTRALISED, "outputs in which an expression was neutralised");
    describe_counter!(UNROUTABLE, "answers that no queue took");
    describe_counter!(EVENTS, "events handed on");
    describe_counter!(BROKER_CONNECTS, "connections made to the broker");
    Ok(handle)
}

fn exporter(endpoint: &str, service: &str) -> anyhow::Result<SdkTracerProvider> {
    use opentelemetry_otlp::WithExportConfig;
    let traces = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_endpoint(traces)
        .build()
        .context("OTEL_EXPORTER_OTLP_ENDPOINT")?;
    let resource = Resource::builder().with_service_name(service.to_owned()).build();
    let provider =
        SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
    global::set_tracer_provider(provider.clone());
    Ok(provider)
}

/// A header of the W3C Trace Context recommendation, as a carrier of one value.
struct Traceparent(Option<String>);

impl Extractor for Traceparent {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.as_deref().filter(|_| key == "traceparent")
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent"]
    }
}

impl Injector for Traceparent {
    fn set(&mut self, key: &str, value: String) {
        if key == "traceparent" {
            self.0 = Some(value);
        }
    }
}

/// Makes `span` a child of the caller's span; says what to pass on.
///
/// Without an exporter the caller's own value is passed on.
pub(crate) fn join_trace(span: &Span, caller: Option<String>) -> Option<String> {
    let propagator = TraceContextPropagator::new();
    let received = Traceparent(caller);
    // Fails where no exporter listens, and then there is no span to pass on.
    let joined = span.set_parent(propagator.extract(&received)).is_ok();
    if !joined {
        return received.0;
    }
    let mut ours = Traceparent(None);
    propagator.inject_context(&span.context(), &mut ours);
    ours.0.or(received.0)
}
