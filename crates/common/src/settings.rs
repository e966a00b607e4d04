//! The settings that every connector has (`names.md` "Settings of every connector").

mod table;

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Object, Period, Secret, Size,
    broker::Broker,
    config::{Declared, Environment, Problem},
    engine::{destinations::Destinations, spiff},
    ledger, telemetry,
};

/// What every connector can be told, apart from its own config.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) struct Settings {
    pub(crate) amqp_url: Option<Secret>,
    pub(crate) amqp_ca_file: Option<String>,
    pub(crate) amqp_cert_file: Option<String>,
    pub(crate) amqp_key_file: Option<String>,
    pub(crate) rabbitmq_addresses: Option<String>,
    pub(crate) rabbitmq_host: Option<String>,
    pub(crate) rabbitmq_port: Option<u16>,
    pub(crate) rabbitmq_user: String,
    pub(crate) rabbitmq_password: Secret,
    pub(crate) rabbitmq_vhost: String,
    pub(crate) rabbitmq_tls: bool,

    pub(crate) connector_name: Option<String>,
    pub(crate) connector_group: Option<String>,
    pub(crate) destination_prefix: Option<String>,
    pub(crate) destination_separator: String,
    pub(crate) destination_transformers_enabled: bool,
    pub(crate) destination_transformers: String,
    pub(crate) destination_illegal_chars: String,
    pub(crate) destination_illegal_chars_replacement: String,
    pub(crate) destinations: Option<Object>,
    pub(crate) bind_raw_names: bool,
    pub(crate) rabbit_prefix: Option<String>,
    pub(crate) result_destination: Option<String>,
    pub(crate) error_destination: Option<String>,
    pub(crate) queue_type: Option<QueueType>,
    pub(crate) queue_arguments: Option<Object>,
    pub(crate) application_name: Option<String>,
    pub(crate) application_version: Option<String>,
    pub(crate) application_min_version: Option<String>,
    pub(crate) application_max_version: Option<String>,

    pub(crate) prefetch: u16,
    pub(crate) concurrency: u32,
    pub(crate) run_timeout: Period,
    pub(crate) retry_max_attempts: u32,
    pub(crate) retry_initial_interval: Period,
    pub(crate) retry_multiplier: f32,
    pub(crate) retry_max_interval: Period,
    pub(crate) rate_wait_max: Period,
    pub(crate) shutdown_grace: Period,
    pub(crate) error_mode: ErrorMode,
    pub(crate) output_expressions: OutputExpressions,
    pub(crate) request_bytes_max: Size,
    pub(crate) answer_bytes_max: Size,

    pub(crate) ledger_url: Option<Secret>,
    pub(crate) ledger_lease: Period,
    pub(crate) ledger_keep: Period,

    pub(crate) admin_addr: SocketAddr,
    pub(crate) server_port: Option<u16>,
    pub(crate) context_path: String,
    pub(crate) http_body_bytes_max: Size,
    pub(crate) http_timeout: Period,
    pub(crate) connector_proxy_api_key: Option<Secret>,
    pub(crate) connector_proxy_cors_origins: Option<String>,

    pub(crate) log: String,
    pub(crate) log_format: Option<LogFormat>,
    pub(crate) otel_exporter_otlp_endpoint: Option<String>,
}

/// How a business failure is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ErrorMode {
    Bpmn,
    Output,
}

/// What happens to `${…}` in outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OutputExpressions {
    Neutralise,
    Error,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum QueueType {
    Classic,
    Quorum,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Json,
    Text,
}

impl Settings {
    /// The brokers to try, in order; none means HTTP only.
    pub(crate) fn broker_urls(&self) -> Vec<String> {
        if let Some(urls) = &self.amqp_url {
            let urls = urls.reveal().split(',').map(str::trim);
            return urls.filter(|it| !it.is_empty()).map(String::from).collect();
        }
        let scheme = if self.rabbitmq_tls { "amqps" } else { "amqp" };
        let encode = |text: &str| text.bytes().map(percent).collect::<String>();
        let (user, password) =
            (encode(&self.rabbitmq_user), encode(self.rabbitmq_password.reveal()));
        let vhost = encode(&self.rabbitmq_vhost);
        let addresses = match (&self.rabbitmq_addresses, &self.rabbitmq_host) {
            (Some(addresses), _) => addresses.clone(),
            (None, Some(host)) => host.clone(),
            (None, None) => return Vec::new(),
        };
        let port = self.rabbitmq_port.unwrap_or(if self.rabbitmq_tls { 5671 } else { 5672 });
        let urls = addresses.split(',').map(str::trim).filter(|it| !it.is_empty()).map(|address| {
            let bare = address.split_once("://").map_or(address, |(_, rest)| rest);
            let bare = bare.rsplit_once('@').map_or(bare, |(_, rest)| rest);
            let has_port =
                bare.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
            let port = if has_port { String::new() } else { format!(":{port}") };
            format!("{scheme}://{user}:{password}@{bare}{port}/{vhost}")
        });
        urls.collect()
    }

    /// Where health, metrics and commands are served.
    pub(crate) fn admin_addr(&self) -> SocketAddr {
        let mut addr = self.admin_addr;
        if let Some(port) = self.server_port {
            addr.set_port(port);
        }
        addr
    }

    /// The prefix of all paths: empty, or with a leading and without a trailing slash.
    pub(crate) fn context_path(&self) -> String {
        match self.context_path.trim_matches('/') {
            "" => String::new(),
            path => format!("/{path}"),
        }
    }

    /// What the types cannot say.
    pub(crate) fn problems(&self, environment: &Environment) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut refuse = |wrong: bool, name: &str, what: &str, hint: &str| {
            if wrong {
                let (name, what, hint) = (name.to_owned(), what.to_owned(), hint.to_owned());
                problems.push(Problem { name, what, hint });
            }
        };
        let bad_url = |url: &String| !url.starts_with("amqp://") && !url.starts_with("amqps://");
        let urls = self.broker_urls();
        let key = self.connector_proxy_api_key.as_ref().map(Secret::reveal);
        let empty_key = key == Some("") || environment.is_empty("CONNECTOR_PROXY_API_KEY");
        let cert = self.amqp_cert_file.is_some();
        let transformers = self.destination_transformers.split(',').map(str::trim);
        let known = ["toLowerCase", "escapeIllegalChars", ""];
        let origins = self.connector_proxy_cors_origins.as_deref().unwrap_or_default();
        let origins = spiff::origins(origins).err().unwrap_or_default();
        let separators = self.destination_separator.chars().count();
        refuse(
            urls.iter().any(bad_url),
            "AMQP_URL",
            "is no address of a broker",
            "e.g. amqp://user:password@rabbitmq:5672/%2f",
        );
        refuse(
            empty_key,
            "CONNECTOR_PROXY_API_KEY",
            "is empty",
            "give a key, or leave the variable out",
        );
        refuse(
            cert != self.amqp_key_file.is_some(),
            "AMQP_KEY_FILE",
            "goes together with AMQP_CERT_FILE",
            "a client certificate needs both",
        );
        refuse(self.prefetch == 0, "PREFETCH", "is 0", "1 or more");
        refuse(self.concurrency == 0, "CONCURRENCY", "is 0", "1 or more");
        refuse(
            self.retry_max_attempts == 0,
            "RETRY_MAX_ATTEMPTS",
            "is 0",
            "1 means: no second try",
        );
        refuse(self.retry_multiplier < 1.0, "RETRY_MULTIPLIER", "is less than 1", "e.g. 2");
        refuse(separators != 1, "DESTINATION_SEPARATOR", "is not one character", "e.g. _");
        refuse(!origins.is_empty(), "CONNECTOR_PROXY_CORS_ORIGINS", &origins, "");
        let destinations = Destinations::new(self, "").err();
        let broker = Broker::new(self, "").err();
        for (name, what, hint) in ledger::problems(self) {
            refuse(true, name, what, hint);
        }
        for (name, what) in destinations.into_iter().chain(broker) {
            refuse(true, name, &what, "");
        }
        if let Err(error) = telemetry::filter(&self.log) {
            refuse(true, "LOG", &format!("{error:#}"), "e.g. info, debug, or a tracing filter");
        }
        for unknown in transformers.filter(|it| !known.contains(it)) {
            let what = format!("\"{unknown}\" is none of toLowerCase, escapeIllegalChars");
            refuse(true, "DESTINATION_TRANSFORMERS", &what, "");
        }
        problems
    }
}

fn percent(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

/// The table, as declarations.
pub(crate) fn declared() -> Vec<Declared> {
    let row = |(name, aliases, default, help): &table::Row| Declared {
        name: (*name).to_owned(),
        aliases: aliases.iter().map(|it| (*it).to_owned()).collect(),
        default: default.trim_start_matches('*').to_owned(),
        help: (*help).to_owned(),
        required: false,
        secure: default.starts_with('*'),
    };
    table::TABLE.iter().map(row).collect()
}

impl Default for Settings {
    /// What an empty environment gives.
    fn default() -> Self {
        let defaults = declared().into_iter().filter(|it| !it.default.is_empty());
        let defaults: Object = defaults.map(|it| (it.name, Value::String(it.default))).collect();
        crate::schema::from_object(&defaults)
            .unwrap_or_else(|error| unreachable!("defaults are valid: {error:?}"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{config, schema::Fields};

    fn read<const N: usize>(variables: [(&str, &str); N]) -> Settings {
        config::read(&declared(), &Environment::of(variables)).unwrap().value
    }

    #[test]
    fn table_and_struct_agree() {
        let fields = Fields::read::<Settings>();
        let coded: BTreeSet<_> = fields.names().map(String::from).collect();
        let table: BTreeSet<_> = table::TABLE.iter().map(|(name, ..)| (*name).to_owned()).collect();
        assert_eq!(coded, table);
    }

    #[test]
    fn spring_names_give_the_broker() {
        for (variables, expected) in [
            (
                [
                    ("ACT_RABBITMQ_HOST", "rabbit"),
                    ("ACT_RABBITMQ_USER", "u"),
                    ("ACT_RABBITMQ_PASS", "p/@"),
                ],
                "amqp://u:p%2F%40@rabbit:5672/%2F",
            ),
            (
                [
                    ("SPRING_RABBITMQ_HOST", "rabbit"),
                    ("SPRING_RABBITMQ_PORT", "5673"),
                    ("SPRING_RABBITMQ_VIRTUAL_HOST", "v"),
                ],
                "amqp://guest:guest@rabbit:5673/v",
            ),
            (
                [
                    ("SPRING_RABBITMQ_HOST", "rabbit"),
                    ("SPRING_RABBITMQ_SSL_ENABLED", "true"),
                    ("X", ""),
                ],
                "amqps://guest:guest@rabbit:5671/%2F",
            ),
        ] {
            assert_eq!(read(variables).broker_urls(), [expected]);
        }
        let several = read([("SPRING_RABBITMQ_ADDRESSES", "a:1, amqp://x:y@b")]).broker_urls();
        assert_eq!(several, ["amqp://guest:guest@a:1/%2F", "amqp://guest:guest@b:5672/%2F"]);
        assert!(read([]).broker_urls().is_empty());
        assert_eq!(
            read([("AMQP_URL", "amqp://a, amqp://b")]).broker_urls(),
            ["amqp://a", "amqp://b"]
        );
    }

    #[test]
    fn spring_names_give_port_and_path() {
        let settings = read([("SERVER_PORT", "9090"), ("SERVER_SERVLET_CONTEXTPATH", "/app/")]);
        assert_eq!(settings.admin_addr().to_string(), "0.0.0.0:9090");
        assert_eq!(settings.context_path(), "/app");
        assert_eq!(read([]).context_path(), "");
    }

    #[test]
    fn an_empty_api_key_and_other_nonsense_refuse_to_start() {
        let environment = Environment::of([
            ("CONNECTOR_PROXY_API_KEY", ""),
            ("AMQP_URL", "http://rabbit"),
            ("AMQP_CERT_FILE", "c.pem"),
            ("PREFETCH", "0"),
            ("RETRY_MULTIPLIER", "0.5"),
            ("DESTINATION_TRANSFORMERS", "toLowerCase,shout"),
            ("LEDGER_URL", "mysql://x"),
            ("LEDGER_LEASE", "1ms"),
            ("LEDGER_KEEP", "0"),
        ]);
        let settings: Settings = config::read(&declared(), &environment).unwrap().value;
        let names: Vec<_> = settings.problems(&environment).into_iter().map(|it| it.name).collect();
        assert_eq!(
            names,
            [
                "AMQP_URL",
                "CONNECTOR_PROXY_API_KEY",
                "AMQP_KEY_FILE",
                "PREFETCH",
                "RETRY_MULTIPLIER",
                "LEDGER_URL",
                "LEDGER_LEASE",
                "LEDGER_KEEP",
                "DESTINATION_TRANSFORMERS"
            ]
        );
    }
}
