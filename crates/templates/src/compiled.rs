//! Compiled templates, found again by their content.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use minijinja::{Environment, Error, ErrorKind};

use crate::{
    Sink, Syntax, TemplateError, Templates,
    folder::Version,
    source::{Translated, translate},
};

const ENTRIES_MAX: usize = 256;
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// A template on its way through the engine.
#[derive(Clone, Copy, Hash)]
pub(crate) struct Task<'a> {
    /// A file's name; empty for a text of its own.
    pub(crate) name: &'a str,
    pub(crate) source: &'a str,
    pub(crate) sink: Sink,
    pub(crate) syntax: Syntax,
}

/// What is compiled already; all of it is given up when it is too much.
#[derive(Default)]
pub(crate) struct Cache {
    hasher: RandomState,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    by_hash: HashMap<u64, Entry>,
    bytes: usize,
}

struct Entry {
    source: Box<str>,
    environment: Arc<Environment<'static>>,
    included: Included,
}

/// The files that a compiled template has included, as they were then.
#[derive(Clone, Default)]
pub(crate) struct Included(Arc<Mutex<Vec<Version>>>);

impl Cache {
    pub(crate) fn get(&self, task: Task<'_>) -> Option<Arc<Environment<'static>>> {
        let entries = locked(&self.entries);
        let entry = entries.by_hash.get(&self.hasher.hash_one(task))?;
        let current = || locked(&entry.included.0).iter().all(Version::is_current);
        (*entry.source == *task.source && current()).then(|| entry.environment.clone())
    }

    pub(crate) fn put(
        &self,
        task: Task<'_>,
        environment: Arc<Environment<'static>>,
        included: Included,
    ) {
        let mut entries = locked(&self.entries);
        if entries.by_hash.len() >= ENTRIES_MAX || entries.bytes + task.source.len() > BYTES_MAX {
            *entries = Entries::default();
        }
        entries.bytes += task.source.len();
        let entry = Entry { source: task.source.into(), environment, included };
        if let Some(old) = entries.by_hash.insert(self.hasher.hash_one(task), entry) {
            entries.bytes -= old.source.len();
        }
    }
}

impl Task<'_> {
    pub(crate) fn template(&self) -> Option<&str> {
        Some(self.name).filter(|it| !it.is_empty())
    }

    pub(crate) fn translated(self) -> Result<Translated, TemplateError> {
        translate(self.source, self.syntax, self.sink)
            .map_err(|fault| fault.at(self.template(), self.source))
    }

    /// Nothing in it that could be a tag; JSON is looked at in any case.
    pub(crate) fn is_plain(&self) -> bool {
        let signs = match self.syntax {
            Syntax::Native => &['{'][..],
            Syntax::FreeMarker => &['{', '<', '['],
        };
        self.sink != Sink::Json && !self.source.contains(signs)
    }
}

impl Included {
    /// A file for `{% include %}` and the like, in the engine's language.
    pub(crate) fn load(
        &self,
        templates: &Templates,
        (name, bytes_max): (&str, usize),
        (sink, syntax): (Sink, Syntax),
    ) -> Result<Option<String>, Error> {
        let failed =
            |it: TemplateError| Error::new(ErrorKind::BadInclude, "not loaded").with_source(it);
        let Some(file) = templates.file(name, bytes_max).map_err(failed)? else { return Ok(None) };
        let task = Task { name, source: &file.text, sink, syntax };
        let translated = task.translated().map_err(failed)?;
        locked(&self.0).push(file.version);
        Ok(Some(translated.text))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(cache: &Cache, source: &str) {
        let task = Task { name: "", source, sink: Sink::Text, syntax: Syntax::Native };
        cache.put(task, Arc::new(Environment::empty()), Included::default());
        assert!(cache.get(task).is_some(), "{source}");
        assert!(cache.get(Task { sink: Sink::Html, ..task }).is_none(), "{source}");
        assert!(cache.get(Task { syntax: Syntax::FreeMarker, ..task }).is_none(), "{source}");
    }

    #[test]
    fn the_cache_stays_within_its_bounds_and_its_count() {
        let cache = Cache::default();
        for n in 0..3 * ENTRIES_MAX {
            put(&cache, &n.to_string());
            put(&cache, "again");
        }
        for n in 0..20 {
            put(&cache, &format!("{n}{}", "x".repeat(BYTES_MAX / 8)));
        }
        let entries = locked(&cache.entries);
        assert!(entries.by_hash.len() <= ENTRIES_MAX);
        assert!(entries.bytes <= BYTES_MAX);
        assert_eq!(
            entries.bytes,
            entries.by_hash.values().map(|it| it.source.len()).sum::<usize>()
        );
    }
}
