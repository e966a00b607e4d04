//! The clients of the stores, from the usual environment variables of each.

use std::{collections::BTreeMap, fmt::Display, fs, path::PathBuf, sync::Arc, time::Duration};

use object_store::{
    BackoffConfig, Certificate, ClientOptions, ObjectStore, RetryConfig, aws::AmazonS3Builder,
    azure::MicrosoftAzureBuilder, gcp::GoogleCloudStorageBuilder, local::LocalFileSystem,
    memory::InMemory,
};

use crate::uri::{Scheme, Uri};

/// A store that says nothing for so long is not there.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// The prefixes of the variables that are for stores; a bare `TOKEN` or `TIMEOUT` is for somebody else.
const PREFIXES: [&str; 3] = ["aws_", "azure_", "google_"];

/// What all stores are connected to with.
pub(crate) struct Options {
    /// Names in lower case, as the builders know them.
    variables: BTreeMap<String, String>,
    certificates: Vec<Certificate>,
}

/// Hands a builder those variables that it knows.
macro_rules! configured {
    ($builder:expr, $options:expr) => {
        $options.variables.iter().fold($builder, |builder, (name, value)| match name.parse() {
            Ok(name) => builder.with_config(name, value),
            Err(_) => builder,
        })
    };
}

impl Options {
    /// Takes the variables that are for stores and the certificates of a PEM file.
    ///
    /// # Errors
    ///
    /// A text about the file.
    pub(crate) fn new(
        variables: &BTreeMap<String, String>,
        extra_ca: Option<&PathBuf>,
    ) -> Result<Self, String> {
        let variables = variables.iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
        let variables = variables
            .filter(|(name, _)| PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
            .map(|(name, value)| (name, value.clone()));
        let certificates = match extra_ca {
            None => Vec::new(),
            Some(file) => {
                let wrong = |error: &dyn Display| format!("`{}`: {error}", file.display());
                let pem = fs::read(file).map_err(|error| wrong(&error.kind()))?;
                Certificate::from_pem_bundle(&pem).map_err(|error| wrong(&error))?
            }
        };
        Ok(Self { variables: variables.collect(), certificates })
    }

    /// The store of a bucket.
    ///
    /// # Errors
    ///
    /// A text about the settings.
    pub(crate) fn objects(&self, uri: &Uri) -> Result<Arc<dyn ObjectStore>, String> {
        let url = uri.text();
        let built: Result<Arc<dyn ObjectStore>, _> = match uri.scheme() {
            Scheme::S3 => {
                let builder = AmazonS3Builder::new().with_url(url).with_retry(retry());
                let builder = builder.with_client_options(self.client());
                configured!(builder, self).build().map(|it| Arc::new(it) as _)
            }
            Scheme::Azure => {
                let builder = MicrosoftAzureBuilder::new().with_url(url).with_retry(retry());
                let builder = builder.with_client_options(self.client());
                configured!(builder, self).build().map(|it| Arc::new(it) as _)
            }
            Scheme::Google => {
                let builder = GoogleCloudStorageBuilder::new().with_url(url).with_retry(retry());
                let builder = builder.with_client_options(self.client());
                configured!(builder, self).build().map(|it| Arc::new(it) as _)
            }
            Scheme::Memory => Ok(Arc::new(InMemory::new())),
            Scheme::Data | Scheme::Http | Scheme::File => unreachable!("no object store"),
        };
        built.map_err(|error| error.to_string())
    }

    fn client(&self) -> ClientOptions {
        // Files take as long as they take: whoever waits for one has a time limit of their own.
        let client = ClientOptions::new()
            .with_timeout_disabled()
            .with_read_timeout(SILENCE_MAX)
            .with_allow_http(self.has_plain_endpoint());
        let certificates = self.certificates.iter().cloned();
        certificates.fold(client, ClientOptions::with_root_certificate)
    }

    /// Whoever writes `http:` into a setting wants it.
    fn has_plain_endpoint(&self) -> bool {
        let mut endpoints = self.variables.iter().filter(|(name, _)| name.contains("endpoint"));
        endpoints.any(|(_, value)| value.starts_with("http://"))
    }
}

/// The folder at a path, canonical, and the store that writes into it.
///
/// # Errors
///
/// A text about the folder.
pub(crate) fn folder(parts: &[String]) -> Result<(PathBuf, Arc<dyn ObjectStore>), String> {
    let mut path = PathBuf::from("/");
    path.extend(parts);
    if parts.is_empty() {
        return Err("is the whole file system; name a folder of its own".to_owned());
    }
    let wrong = |error: &dyn Display| format!("folder `{}`: {error}", path.display());
    let root = fs::canonicalize(&path).map_err(|error| wrong(&error.kind()))?;
    if !root.is_dir() {
        return Err(wrong(&"is no folder"));
    }
    let store = LocalFileSystem::new_with_prefix(&root).map_err(|error| wrong(&error))?;
    // The answer that names a file must not outlive it.
    Ok((root, Arc::new(store.with_fsync(true))))
}

/// A part of an upload cannot be had again from its source, so that a hiccup of the store is waited out here; everything longer is for the caller's attempts.
fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: 2,
        retry_timeout: Duration::from_secs(10),
    }
}
