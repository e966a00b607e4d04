//! The folder of template files.

use std::{
    fs::{self, File},
    io::Read,
    path::{Component, Path, PathBuf},
    time::SystemTime,
};

use crate::{Limit, Sink, TemplateError};

/// What a rendered file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `.html`, `.htm`.
    Html,
    /// `.txt`, `.md`.
    Text,
    /// `.json`.
    Json,
}

impl Kind {
    /// By the file's extension, whatever its case; `None` for any other.
    pub fn of(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "html" | "htm" => Some(Self::Html),
            "txt" | "md" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// How values are escaped in it.
    pub fn sink(self) -> Sink {
        match self {
            Self::Html => Sink::Html,
            Self::Text => Sink::Text,
            Self::Json => Sink::Json,
        }
    }
}

/// The templates below one folder; nothing outside of it is ever read, whatever a name says or a link points to.
#[derive(Clone, Debug)]
pub struct Templates {
    root: PathBuf,
}

/// A file as it was when it was read.
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) version: Version,
}

/// What changes when a file does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Version {
    path: PathBuf,
    modified: Option<SystemTime>,
    bytes: u64,
}

impl Templates {
    /// The templates below `root`, which are read when they are asked for and again when they have changed.
    pub fn load_dir(root: &Path) -> Result<Self, TemplateError> {
        let name = root.display().to_string();
        match root.canonicalize() {
            Ok(root) if root.is_dir() => Ok(Self { root }),
            Ok(_) => Err(TemplateError::Read { name, reason: "is no folder".into() }),
            Err(error) => Err(TemplateError::Read { name, reason: error.to_string() }),
        }
    }

    /// The text of the variant of `name` that fits `locale` best, `x.de-AT.html` before `x.de.html` before `x.html`, and that variant's name.
    pub fn read(
        &self,
        name: &str,
        locale: Option<&str>,
        bytes_max: usize,
    ) -> Result<(String, String), TemplateError> {
        self.variant(name, locale, bytes_max).map(|it| (it.name, it.text))
    }

    /// The bytes of a file that a template refers to, e.g. an image.
    pub fn read_bytes(&self, name: &str, bytes_max: usize) -> Result<Vec<u8>, TemplateError> {
        let content = self.content(name, bytes_max)?;
        content.map(|(bytes, _)| bytes).ok_or_else(|| TemplateError::NotFound { name: name.into() })
    }

    pub(crate) fn variant(
        &self,
        name: &str,
        locale: Option<&str>,
        bytes_max: usize,
    ) -> Result<Found, TemplateError> {
        for variant in variants(name, locale)? {
            if let Some(source) = self.file(&variant, bytes_max)? {
                return Ok(source);
            }
        }
        Err(TemplateError::NotFound { name: name.into() })
    }

    pub(crate) fn file(
        &self,
        name: &str,
        bytes_max: usize,
    ) -> Result<Option<Found>, TemplateError> {
        let Some((bytes, version)) = self.content(name, bytes_max)? else { return Ok(None) };
        let text = String::from_utf8(bytes).map_err(|_| TemplateError::Read {
            name: name.into(),
            reason: "is not UTF-8".into(),
        })?;
        Ok(Some(Found { name: name.into(), text, version }))
    }

    fn content(
        &self,
        name: &str,
        bytes_max: usize,
    ) -> Result<Option<(Vec<u8>, Version)>, TemplateError> {
        let Some(path) = self.path(name)? else { return Ok(None) };
        let refused = |reason: String| TemplateError::Read { name: name.into(), reason };
        let version = Version::of(&path).ok_or_else(|| refused("is no file".into()))?;
        let mut bytes = Vec::new();
        File::open(&path)
            .and_then(|file| file.take(bytes_max as u64 + 1).read_to_end(&mut bytes))
            .map_err(|error| refused(format!("cannot be read: {error}")))?;
        if bytes.len() > bytes_max {
            return Err(Limit::Source { max: bytes_max }.into());
        }
        Ok(Some((bytes, version)))
    }

    /// Where the file really is; `None` if there is none.
    fn path(&self, name: &str) -> Result<Option<PathBuf>, TemplateError> {
        let outside = || TemplateError::Read {
            name: name.into(),
            reason: "is not below the folder of templates".into(),
        };
        let below = Path::new(name).components().all(|it| matches!(it, Component::Normal(_)));
        if !below || name.is_empty() || name.contains(['\\', '\0', ':']) {
            return Err(outside());
        }
        match self.root.join(name).canonicalize() {
            Ok(path) if path.starts_with(&self.root) => Ok(Some(path)),
            Ok(_) => Err(outside()),
            Err(_) => Ok(None),
        }
    }
}

impl Version {
    fn of(path: &Path) -> Option<Self> {
        let found = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        Some(Self { path: path.into(), modified: found.modified().ok(), bytes: found.len() })
    }

    pub(crate) fn is_current(&self) -> bool {
        Self::of(&self.path).as_ref() == Some(self)
    }
}

/// BCP 47: language, perhaps script, perhaps region; the most special first.
fn variants(name: &str, locale: Option<&str>) -> Result<Vec<String>, TemplateError> {
    let Some(locale) = locale.filter(|it| !it.is_empty()) else { return Ok(vec![name.into()]) };
    let locale = locale.replace('_', "-");
    if !locale.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-') {
        return Err(TemplateError::Read {
            name: name.into(),
            reason: format!("cannot have the locale `{locale}`"),
        });
    }
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let tags: Vec<_> = locale.split('-').collect();
    let special =
        (1..=tags.len()).rev().map(|n| format!("{stem}.{}.{extension}", tags[..n].join("-")));
    Ok(special.chain([name.into()]).collect())
}
