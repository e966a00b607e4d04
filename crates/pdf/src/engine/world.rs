//! What a document can see: its own files, the faces, the day. No disk, no network, no packages.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use typst::{
    Library, World,
    diag::{EcoString, FileError, FileResult, PackageError},
    foundations::{Bytes, Datetime, Duration},
    syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot},
    text::{Font, FontBook},
    utils::LazyHash,
};

use super::{Engine, Fetch, faces::Faces};
use crate::worker::{Need, Supply};

/// The file that is compiled: it sets up the page and includes the template.
pub(super) const MAIN: &str = "main.typ";
/// The template where it has no name.
pub(super) const TEMPLATE: &str = "template.typ";
/// The data, under the name that templates read it by.
pub(super) const DATA: &str = "data.json";

/// The world of one document.
pub(super) struct Sandbox<'a> {
    engine: &'a Engine,
    faces: &'a Faces,
    today: Datetime,
    main: FileId,
    files: Mutex<Files<'a>>,
}

/// What has been sent, and what is asked for when a template wants more.
struct Files<'a> {
    known: HashMap<FileId, FileResult<Bytes>>,
    sources: HashMap<FileId, Source>,
    fetch: &'a mut (dyn Fetch + Send),
}

impl<'a> Sandbox<'a> {
    /// A world without files yet.
    pub(super) fn new(
        engine: &'a Engine,
        faces: &'a Faces,
        today: Datetime,
        fetch: &'a mut (dyn Fetch + Send),
    ) -> Option<Self> {
        let files = Files { known: HashMap::new(), sources: HashMap::new(), fetch };
        Some(Self { engine, faces, today, main: id(MAIN)?, files: Mutex::new(files) })
    }

    /// Adds a file; false if its name leads out of the document's folder.
    ///
    /// Ids of names are never given back, so that the process they are in has to end some time.
    pub(super) fn add(&self, name: &str, bytes: Vec<u8>) -> bool {
        let Some(id) = id(name) else { return false };
        self.files().known.insert(id, Ok(Bytes::new(bytes)));
        true
    }

    fn files(&self) -> MutexGuard<'_, Files<'a>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Files<'_> {
    fn get(&mut self, id: FileId, engine: &Engine) -> FileResult<Bytes> {
        if let Some(known) = self.known.get(&id) {
            return known.clone();
        }
        let path = id.vpath().get_without_slash();
        let found = if engine.has_templates {
            self.fetch.fetch(&[Need::Template(path.to_owned())]).pop()
        } else {
            None
        };
        let file = match found {
            Some(Supply::Found(blob)) => match engine.checked(path, &blob.bytes) {
                Ok(()) => Ok(Bytes::new(blob.bytes)),
                Err(trouble) => Err(FileError::Other(Some(trouble.text.into()))),
            },
            Some(Supply::Refused(_)) | None => Err(FileError::NotFound(path.into())),
        };
        self.known.insert(id, file.clone());
        file
    }
}

fn id(name: &str) -> Option<FileId> {
    let path = VirtualPath::new(name).ok()?;
    Some(RootedPath::new(VirtualRoot::Project, path).intern())
}

impl World for Sandbox<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.engine.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.faces.book
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if let Some(source) = self.files().sources.get(&id) {
            return Ok(source.clone());
        }
        let bytes = self.file(id)?;
        let source = Source::new(id, bytes.as_str()?.to_owned());
        self.files().sources.insert(id, source.clone());
        Ok(source)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if let VirtualRoot::Package(_) = id.root() {
            let text = EcoString::from("packages cannot be loaded here");
            return Err(FileError::Package(PackageError::Other(Some(text))));
        }
        self.files().get(id, self.engine)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.faces.fonts.get(index).cloned()
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        Some(self.today)
    }
}
