//! The way to a broker: plain for `amqp://`, TLS for `amqps://`.

use std::fs;

use lapin::{
    AsyncTcpStream, Connection, ConnectionProperties, runtime,
    tcp::{RustlsConnector, RustlsConnectorConfig},
    uri::{AMQPScheme, AMQPUri},
};
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{self, PemObject},
};

use crate::settings::Settings;

/// A setting's name, and what is wrong with it.
type Wrong = (&'static str, String);

/// What every connection to `amqps://` is made with.
// The library could read these files itself, but would do so for each connection, and so tell of a damaged one late; and
// it would bring a reader of PKCS #12 into every program.
pub(super) struct Transport {
    tls: Option<RustlsConnector>,
}

impl Transport {
    /// The system's authorities, `AMQP_CA_FILE`, and the client certificate; nothing where all brokers are plain.
    pub(super) fn new(settings: &Settings, urls: &[String]) -> Result<Self, Wrong> {
        if !urls.iter().any(|url| url.starts_with("amqps:")) {
            return Ok(Self { tls: None });
        }
        let mut config = RustlsConnectorConfig::new_with_platform_verifier();
        if let Some(path) = &settings.amqp_ca_file {
            config.add_parsable_certificates(certificates("AMQP_CA_FILE", path)?);
        }
        let tls = match (&settings.amqp_cert_file, &settings.amqp_key_file) {
            (Some(cert), Some(key)) => {
                let chain = certificates("AMQP_CERT_FILE", cert)?;
                let key = PrivateKeyDer::from_pem_slice(&read("AMQP_KEY_FILE", key)?)
                    .map_err(|error| ("AMQP_KEY_FILE", format!("file {key}: {error}")))?;
                config
                    .connector_with_single_cert(chain, key)
                    .map_err(|error| ("AMQP_CERT_FILE", error.to_string()))?
            }
            // Without one, only the authorities can be wrong.
            _ => config
                .connector_with_no_client_auth()
                .map_err(|error| ("AMQP_CA_FILE", error.to_string()))?,
        };
        Ok(Self { tls: Some(tls) })
    }

    pub(super) async fn connect(
        &self,
        uri: AMQPUri,
        properties: ConnectionProperties,
    ) -> lapin::Result<Connection> {
        let runtime = runtime::default_runtime()?;
        let tls = self.tls.clone();
        let reactor = runtime.clone();
        let connect = async move |uri: AMQPUri, _same| {
            let (host, port) = (uri.authority.host, uri.authority.port);
            let places = reactor.to_socket_addrs((host.clone(), port));
            let stream = AsyncTcpStream::connect(&reactor, places).await?;
            Ok(match (uri.scheme, &tls) {
                (AMQPScheme::AMQPS, Some(tls)) => stream.into_rustls(tls, &host).await?,
                _ => stream,
            })
        };
        Connection::connector(uri, runtime, connect, properties).await
    }
}

fn certificates(
    setting: &'static str,
    path: &String,
) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    let text = read(setting, path)?;
    let told = |error: pem::Error| (setting, format!("file {path}: {error}"));
    let all: Vec<_> =
        CertificateDer::pem_slice_iter(&text).collect::<Result<_, _>>().map_err(told)?;
    if all.is_empty() {
        return Err((setting, format!("file {path}: holds no certificate in PEM")));
    }
    Ok(all)
}

fn read(setting: &'static str, path: &String) -> Result<Vec<u8>, Wrong> {
    fs::read(path).map_err(|error| (setting, format!("file {path}: {}", error.kind())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Environment};

    const TEXT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

    fn check<const N: usize>(
        variables: [(&str, &str); N],
        url: &str,
        expected: Option<(&str, &str)>,
    ) {
        let environment = Environment::of(variables);
        let settings: Settings =
            config::read(&crate::settings::declared(), &environment).unwrap().value;
        let told = Transport::new(&settings, &[url.to_owned()]).err();
        let told = told.map(|(setting, what)| (setting, what.replace(TEXT, "x.pem")));
        let told = told.as_ref().map(|(setting, what)| (*setting, what.as_str()));
        assert_eq!(told, expected, "{variables:?}");
    }

    #[test]
    fn files_that_hold_nothing_usable_are_told_before_a_broker_is_asked() {
        let gone = [("AMQP_CA_FILE", "/no/such.pem")];
        check(gone, "amqps://b", Some(("AMQP_CA_FILE", "file /no/such.pem: entity not found")));
        check(gone, "amqp://b", None);
        let empty = "file x.pem: holds no certificate in PEM";
        check([("AMQP_CA_FILE", TEXT)], "amqps://b", Some(("AMQP_CA_FILE", empty)));
        let both = [("AMQP_CERT_FILE", TEXT), ("AMQP_KEY_FILE", TEXT)];
        check(both, "amqps://b", Some(("AMQP_CERT_FILE", empty)));
    }
}
