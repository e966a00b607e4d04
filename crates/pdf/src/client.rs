//! What all documents share: the places of files, the templates, the workers.

use std::{num::NonZeroUsize, path::Path, thread};

use common::Failure;
use files::{File, Limit, Store};
use outbound::unusable;
use templates::{Engine, Limits, Templates};

use crate::{
    config::Config,
    gotenberg::Gotenberg,
    worker::{Blob, Need, Pool, Setup, Supplies, Supply},
};

const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
/// A template, or a file that one includes.
pub(crate) const TEMPLATE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Steps of one rendering: enough for a table of 20,000 rows.
const FUEL: u64 = 20_000_000;
/// The text of a document with all its values.
const TEXT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What all documents share.
pub(crate) struct Pdf {
    pub(crate) store: Store,
    pub(crate) templates: Option<Templates>,
    pub(crate) texts: Engine,
    pub(crate) pool: Pool,
    pub(crate) file_bytes_max: u64,
    pub(crate) gotenberg: Option<Gotenberg>,
    references: References,
}

/// Gets what documents refer to, which may be no more than what anybody could get: templates are untrusted.
pub(crate) struct References {
    store: Store,
    templates: Option<Templates>,
    file_bytes_max: u64,
}

impl Pdf {
    /// Starts the workers; nothing is called yet.
    ///
    /// # Errors
    /// What is wrong with the settings, or why no worker starts.
    pub(crate) async fn connect(config: Config) -> Result<Self, Failure> {
        let templates =
            config.templates_dir.as_deref().map(|it| Templates::load_dir(Path::new(it)));
        let templates = templates
            .transpose()
            .map_err(|error| unusable(&[("TEMPLATES_DIR", error.to_string())]))?;
        let limits = Limits {
            fuel: FUEL,
            output_bytes: TEXT_BYTES_MAX,
            source_bytes: TEMPLATE_BYTES_MAX,
            ..Limits::default()
        };
        let setup = Setup {
            fonts: Some(Path::new(&config.fonts_dir)).filter(|it| it.is_dir()).map(Into::into),
            memory_max: config.pdf_memory_max.0,
            image_pixels_max: config.pdf_image_pixels_max.get(),
            has_templates: templates.is_some(),
        };
        let n_cores = || thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let size = config.pdf_workers.unwrap_or_else(n_cores);
        let file_bytes_max = config.files.bytes_max();
        // Own inputs may be anywhere that the operator allows; addresses in templates only where anybody may go.
        let strangers = config.network.for_strangers();
        let references = References {
            store: config.files.connect(strangers.connect(USER_AGENT)?, &strangers)?,
            templates: templates.clone(),
            file_bytes_max,
        };
        let gotenberg = match config.gotenberg_url {
            Some(address) => Some(Gotenberg {
                address,
                outbound: config.network.for_settings().connect(USER_AGENT)?,
                timeout: config.pdf_timeout.0,
                bytes_max: file_bytes_max,
            }),
            None => None,
        };
        let store = config.files.connect(config.network.connect(USER_AGENT)?, &config.network)?;
        let pool = Pool::start(setup, size, config.pdf_timeout.0).await.map_err(|error| {
            Failure::permanent("UNKNOWN_ERROR", anyhow::anyhow!("no worker starts: {error}"))
                .with_note(format_args!("no worker starts: {error}"))
        })?;
        Ok(Self {
            store,
            texts: Engine::new(limits, templates.clone()),
            templates,
            pool,
            file_bytes_max,
            gotenberg,
            references,
        })
    }

    pub(crate) fn references(&self) -> &References {
        &self.references
    }
}

impl Supplies for References {
    async fn supply(&self, needs: Vec<Need>) -> Vec<Supply> {
        let mut supplies = Vec::new();
        for need in needs {
            let supply = match need {
                Need::Url(address) => self.fetched(&address).await,
                Need::Template(name) => self.included(&name),
            };
            supplies.push(supply.unwrap_or_else(Supply::Refused));
        }
        supplies
    }
}

impl References {
    async fn fetched(&self, address: &str) -> Result<Supply, String> {
        let file = File::at(address).map_err(|error| error.kind.to_string())?;
        let limit = Limit { bytes: self.file_bytes_max, setting: "FILE_BYTES_MAX" };
        let read = self.store.read(&file, limit).await;
        let (meta, bytes) = read.map_err(|error| error.kind.to_string())?;
        Ok(Supply::Found(Blob::new(meta.name, bytes.to_vec())))
    }

    fn included(&self, name: &str) -> Result<Supply, String> {
        let templates = self.templates.as_ref().ok_or("is not among the assets")?;
        let bytes_max = usize::try_from(self.file_bytes_max).unwrap_or(usize::MAX);
        let bytes = templates.read_bytes(name, bytes_max).map_err(|error| error.to_string())?;
        Ok(Supply::Found(Blob::new(name, bytes)))
    }
}
