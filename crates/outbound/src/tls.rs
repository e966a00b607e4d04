//! Whom TLS trusts, and who it says we are.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use rustls_native_certs::{CertificateResult, load_native_certs};
use tracing::{debug, warn};
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

/// The system's certificates, or the built-in ones where there are none, and those in the PEM file.
///
/// The error is a text about the file.
pub(crate) fn roots(extra_ca: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = roots_of(load_native_certs());
    if let Some(file) = extra_ca {
        for certificate in certificates(file)? {
            roots.add(certificate).map_err(|error| format!("`{}`: {error}", file.display()))?;
        }
    }
    debug!(certificates = roots.len(), "trusted CA certificates");
    Ok(roots)
}

/// A TLS configuration that trusts these certificates and shows the peer that certificate where it asks for one.
///
/// The error is a fragment about the client's certificate.
pub(crate) fn config(
    roots: RootCertStore,
    client: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
) -> Result<ClientConfig, String> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots);
    let mut config = match client {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => {
            builder.with_client_auth_cert(chain, key).map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => "does not belong to `key`".to_owned(),
                _ => "or `key` is of a kind that TLS cannot use".to_owned(),
            })?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// A TLS configuration for protocols other than HTTP: trusts what calls trust, and the certificates in these PEM files.
///
/// # Errors
/// A text about a file.
pub fn tls_config(extra_ca: &[&Path]) -> Result<ClientConfig, String> {
    let mut trusted = roots(None)?;
    for file in extra_ca {
        for certificate in certificates(file)? {
            trusted.add(certificate).map_err(|error| format!("`{}`: {error}", file.display()))?;
        }
    }
    let mut config = config(trusted, None)?;
    config.alpn_protocols.clear();
    Ok(config)
}

fn roots_of(system: CertificateResult) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    // System bundles hold odd certificates now and then; those are left out.
    roots.add_parsable_certificates(system.certs);
    if roots.is_empty() {
        let errors: Vec<_> = system.errors.iter().map(ToString::to_string).collect();
        warn!(
            errors = errors.join("; "),
            "no CA certificates on this system, the built-in ones are used"
        );
        roots.add_parsable_certificates(TLS_SERVER_ROOT_CERTS.iter().cloned());
    }
    roots
}

/// The certificates in a PEM file, at least one.
///
/// The error is a text about the file.
pub(crate) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |text: String| format!("`{}`: {text}", file.display());
    let certificates = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(error.to_string()))?;
    if certificates.is_empty() {
        return Err(wrong("no PEM certificate in it".to_owned()));
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_without_certificates_gets_the_built_in_ones() {
        assert_eq!(roots_of(CertificateResult::default()).len(), TLS_SERVER_ROOT_CERTS.len());
    }

    #[test]
    fn odd_certificates_of_the_system_are_left_out() {
        let mut system = CertificateResult::default();
        system.certs.push(CertificateDer::from(b"odd".to_vec()));
        system.certs.push(TLS_SERVER_ROOT_CERTS[0].clone());
        assert_eq!(roots_of(system).len(), 1);
    }
}
