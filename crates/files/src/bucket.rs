//! One place that the settings name: a folder, or a bucket with a prefix.

use std::{path::PathBuf, sync::Arc};

use futures_util::{StreamExt, TryStreamExt};
use object_store::{
    Attribute, Attributes, ObjectStore, ObjectStoreExt, buffered::BufWriter, path::Path,
};
use uuid::Uuid;

use crate::{
    ErrorKind, classify,
    connect::{self, Options},
    folder,
    name::fitted,
    store::Opened,
    uri::{Location, Scheme, Uri, encoded},
};

/// The least that S3 takes for a part of an upload, and what is held of a file while it is written, twice.
const PART_BYTES: usize = 5 * 1024 * 1024;
/// The 255 bytes of a file system, less what `object_store` adds to the name of a file that is being written.
const STORED_NAME_BYTES_MAX: usize = 240;

/// A place for files.
pub(crate) struct Bucket {
    scheme: Scheme,
    authority: String,
    /// The parts of the path that all URIs begin with.
    base: Vec<String>,
    /// The URI of the place, without a slash at its end.
    uri: String,
    place: Place,
}

enum Place {
    Folder { root: PathBuf, store: Arc<dyn ObjectStore> },
    Objects { store: Arc<dyn ObjectStore> },
}

impl Bucket {
    /// Makes a place of the URL that a setting has.
    ///
    /// # Errors
    ///
    /// A text about the URL or the options.
    pub(crate) fn new(url: &str, options: &Options) -> Result<Self, String> {
        let (uri, authority, base) = parsed(url)?;
        let place = if uri.scheme() == Scheme::File {
            let (root, store) = connect::folder(&base)?;
            Place::Folder { root, store }
        } else {
            Place::Objects { store: options.objects(&uri)? }
        };
        let (scheme, _) = uri.text().split_once(':').unwrap_or_default();
        let place_uri = if base.is_empty() {
            format!("{scheme}://{authority}")
        } else {
            format!("{scheme}://{authority}/{}", encoded(&base))
        };
        Ok(Self { scheme: uri.scheme(), authority, base, uri: place_uri, place })
    }

    /// Where in this place a URI leads; `None` where it leads elsewhere.
    pub(crate) fn key<'a>(&self, scheme: Scheme, location: &'a Location) -> Option<&'a [String]> {
        let own_container = self.authority.split('@').next().unwrap_or_default();
        let is_here = location.authority == self.authority
            || (scheme == Scheme::Azure && location.authority == own_container);
        if scheme != self.scheme || !is_here {
            return None;
        }
        match location.parts.strip_prefix(&self.base[..]) {
            Some([]) => None,
            // `file:/policy.bin` names a file of the project (`activiti-ootb-connectors.md` §1.6).
            None if scheme == Scheme::File && !location.is_whole => Some(&location.parts),
            key => key,
        }
    }

    /// The URI of a key.
    pub(crate) fn uri(&self, key: &[String]) -> String {
        format!("{}/{}", self.uri, encoded(key))
    }

    /// Opens what is at a key.
    pub(crate) async fn open(&self, key: &[String]) -> Result<Opened, ErrorKind> {
        let store = match &self.place {
            Place::Folder { root, .. } => return folder::open(root, key).await,
            Place::Objects { store } => store,
        };
        let found = store.get(&self.path(key)?).await.map_err(|error| classify::reading(&error))?;
        let mime_type =
            found.attributes.get(&Attribute::ContentType).map(|it| it.as_ref().to_owned());
        let size = Some(found.meta.size);
        let content = found.into_stream().map_err(|error| classify::reading(&error)).boxed();
        Ok(Opened { size, mime_type, content })
    }

    /// A writer that streams to a key: parts of a few megabytes, visible only when it is complete.
    pub(crate) async fn writer(
        &self,
        key: &[String],
        mime_type: &str,
    ) -> Result<BufWriter, ErrorKind> {
        let (store, attributes) = match &self.place {
            Place::Folder { root, store } => {
                folder::check(root, key).await?;
                (store, Attributes::new())
            }
            Place::Objects { store } => {
                let content_type = (Attribute::ContentType, mime_type.to_owned());
                (store, Attributes::from_iter([content_type]))
            }
        };
        Ok(BufWriter::with_capacity(Arc::clone(store), self.path(key)?, PART_BYTES)
            .with_attributes(attributes)
            .with_max_concurrency(1))
    }

    /// Removes what is left of a file that was not written to its end.
    ///
    /// Parts of an upload to an object store are for its own clean-up.
    pub(crate) fn clear(&self, key: &[String]) {
        if let Place::Folder { root, .. } = &self.place {
            folder::clear(root, key);
        }
    }

    /// The key of a new file.
    pub(crate) fn new_key(folder: Vec<String>, id: Uuid, name: &str) -> Vec<String> {
        let mut key = folder;
        key.extend([id.to_string(), fitted(name, STORED_NAME_BYTES_MAX)]);
        key
    }

    fn path(&self, key: &[String]) -> Result<Path, ErrorKind> {
        let base = match &self.place {
            // A folder's store begins at the folder.
            Place::Folder { .. } => &[],
            Place::Objects { .. } => &self.base[..],
        };
        Path::parse([base, key].concat().join("/"))
            .map_err(|_| ErrorKind::Refused("has a path that stores do not take".to_owned()))
    }
}

/// Checks what can be known of the URL of a place without the settings of its kind of store.
///
/// # Errors
///
/// A text about the URL or the folder.
pub(crate) fn check(url: &str) -> Result<(), String> {
    match parsed(url)? {
        (uri, _, base) if uri.scheme() == Scheme::File => connect::folder(&base).map(drop),
        _ => Ok(()),
    }
}

/// The URI of a place, its bucket and the parts of its path.
fn parsed(url: &str) -> Result<(Uri, String, Vec<String>), String> {
    let url = url.trim();
    let url = if url.ends_with("://") { url } else { url.strip_suffix('/').unwrap_or(url) };
    let uri = Uri::parse(url).map_err(|error| error.to_string())?;
    let wrong = |text: &str| Err(format!("`{}` {text}", uri.shown()));
    if matches!(uri.scheme(), Scheme::Data | Scheme::Http) {
        return wrong("is no store; a store is a `file:`, `s3:`, `az:` or `gs:` URL");
    }
    let Location { authority, is_whole, parts: base } = match uri.location() {
        Ok(location) => location,
        Err(text) => return wrong(&text),
    };
    if !is_whole {
        return wrong("has no `//` after its scheme");
    }
    if authority.contains('@') && uri.scheme() != Scheme::Azure {
        return wrong("has credentials in it; they have settings of their own");
    }
    let has_authority = matches!(uri.scheme(), Scheme::S3 | Scheme::Azure | Scheme::Google);
    if has_authority == authority.is_empty() {
        return wrong(if has_authority { "names no bucket" } else { "has a host in it" });
    }
    Ok((uri, authority, base))
}
