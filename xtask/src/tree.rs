//! What is in the repository, found by looking: no list of connectors exists anywhere.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

/// A definition and the crate that implements it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Connector {
    /// Name of the definition, the package, the binary and the image, e.g. `rest-connector`.
    pub(crate) name: String,
    /// The crate's folder.
    pub(crate) folder: PathBuf,
    /// The definition's file.
    pub(crate) definition: PathBuf,
}

impl Connector {
    /// The name that commands and test files go by: `rest` for `rest-connector`.
    pub(crate) fn short(&self) -> &str {
        short(&self.name)
    }
}

/// A package below `crates/`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
}

/// `name` without `-connector`.
pub(crate) fn short(name: &str) -> &str {
    name.strip_suffix("-connector").unwrap_or(name)
}

/// The repository's top folder.
pub(crate) fn root() -> &'static Path {
    // The manifest of this package lies one level below the top.
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// The connectors below `root`: every definition that has a crate.
pub(crate) fn connectors(root: &Path) -> Result<Vec<Connector>> {
    let packages = packages(root)?;
    let connectors = definitions(root)?.into_iter().filter_map(|definition| {
        let name = stem(&definition);
        let package = packages.iter().find(|package| package.name == name)?;
        Some(Connector { folder: package.folder.clone(), name, definition })
    });
    Ok(connectors.collect())
}

/// The connectors that `names` mean, `rest` for `rest-connector`; all of them when `names` is empty.
pub(crate) fn chosen(root: &Path, names: &[String]) -> Result<Vec<Connector>> {
    let connectors = connectors(root)?;
    let known = |name: &String| connectors.iter().any(|it| it.name == *name || it.short() == name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let there: Vec<_> = connectors.iter().map(Connector::short).collect();
        bail!("no connector is named `{unknown}`; there are: {}", there.join(", "));
    }
    if names.is_empty() {
        return Ok(connectors);
    }
    let chosen = |it: &Connector| names.iter().any(|name| it.name == *name || it.short() == name);
    Ok(connectors.into_iter().filter(chosen).collect())
}

/// The definitions, in the order of their names.
pub(crate) fn definitions(root: &Path) -> Result<Vec<PathBuf>> {
    files(&root.join("definitions"), "json")
}

/// The packages below `crates/`, in the order of their folders.
pub(crate) fn packages(root: &Path) -> Result<Vec<Package>> {
    let mut packages = Vec::new();
    for folder in entries(&root.join("crates"))? {
        let manifest = folder.join("Cargo.toml");
        if !manifest.is_file() {
            continue;
        }
        // The first `name` of a manifest is the package's: enough here, and no parser is needed.
        let name = read(&manifest)?
            .lines()
            .find_map(|line| {
                line.strip_prefix("name = ").map(|name| name.trim_matches('"').to_owned())
            })
            .with_context(|| format!("{}: no line `name = \"…\"`", shown(root, &manifest)))?;
        packages.push(Package { name, folder });
    }
    Ok(packages)
}

/// The files of a folder that end in `.extension`, sorted; none where there is no such folder.
pub(crate) fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let wanted =
        |path: &PathBuf| path.is_file() && path.extension().is_some_and(|it| it == extension);
    Ok(entries(folder)?.into_iter().filter(wanted).collect())
}

/// What `name` is set to, for the few settings that tasks share with docker-compose.yml and the tests.
#[expect(clippy::disallowed_methods, reason = "the one reader of the tasks' environment")]
pub(crate) fn environment(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// A file's text.
pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// A file's name without folder and extension.
pub(crate) fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// A path as people want to read it: from the top folder.
pub(crate) fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        entries.push(entry?.path());
    }
    entries.sort();
    Ok(entries)
}
