//! `cargo xtask tidy`: whether every connector is complete and the tree is clean, found by looking.

use std::{fs, path::Path};

use anyhow::{Result, bail};
use xshell::{Shell, cmd};

use crate::{
    budgets, definition,
    tree::{self, Connector},
};

/// Nothing in the tree is larger, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Folders at the root of one person's or one machine's file system.
const MACHINE_FOLDERS: [&str; 5] = ["work", "root", "farm", "home", "Users"];

/// What every connector has besides files of its own.
const FILES: [&str; 4] = ["src/main.rs", "src/config.rs", "src/error.rs", "README.md"];

/// Check that every connector is complete and the tree is clean
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Prints all findings; budgets are only warned about.
///
/// # Errors
///
/// When there is a finding.
pub(crate) fn run(_: &Args) -> Result<()> {
    let root = tree::root();
    for warning in budgets::exceeded(root)? {
        println!("   warning: {warning}");
    }
    let findings = findings(root, &listed(root)?)?;
    if findings.is_empty() {
        println!("   nothing to tidy");
        return Ok(());
    }
    bail!("{} to tidy\n   {}", findings.len(), findings.join("\n   "));
}

/// The files that are in the repository or would be with the next commit.
fn listed(root: &Path) -> Result<Vec<String>> {
    let sh = Shell::new()?;
    sh.change_dir(root);
    let files = cmd!(sh, "git ls-files -z --cached --others --exclude-standard").quiet().read()?;
    Ok(files.split('\0').filter(|file| !file.is_empty()).map(str::to_owned).collect())
}

fn findings(root: &Path, listed: &[String]) -> Result<Vec<String>> {
    let mut findings = definitions(root)?;
    for connector in tree::connectors(root)? {
        findings.extend(missing(root, &connector));
    }
    findings.extend(undeclared(root)?);
    for file in listed {
        findings.extend(unclean(root, file)?);
    }
    Ok(findings)
}

/// Definitions that no modeler would take or no crate implements, and crates without a definition.
fn definitions(root: &Path) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    let packages = tree::packages(root)?;
    let definitions = tree::definitions(root)?;
    for path in &definitions {
        let shown = tree::shown(root, path);
        if let Err(error) = definition::read(path) {
            findings.push(format!("{shown}: {error:#}"));
        }
        let name = tree::stem(path);
        if !packages.iter().any(|package| package.name == name) {
            findings.push(format!("{shown}: no package below crates/ is named `{name}`"));
        }
    }
    for package in packages.iter().filter(|package| package.name.ends_with("-connector")) {
        if !definitions.iter().any(|path| tree::stem(path) == package.name) {
            let folder = tree::shown(root, &package.folder);
            findings.push(format!("{folder}: definitions/{}.json is missing", package.name));
        }
    }
    Ok(findings)
}

/// What `connector` lacks.
fn missing(root: &Path, connector: &Connector) -> Vec<String> {
    let Connector { name, folder, .. } = connector;
    let mut findings = Vec::new();
    for file in FILES.map(|file| folder.join(file)).iter().filter(|file| !file.is_file()) {
        findings.push(format!("{}: is missing", tree::shown(root, file)));
    }
    let main = folder.join("src/main.rs");
    let text = fs::read_to_string(&main).unwrap_or_default();
    if !text.lines().any(|line| line.trim_start().starts_with("fn definition_and_code_agree()")) {
        findings
            .push(format!("{}: has no test `definition_and_code_agree`", tree::shown(root, &main)));
    }
    let compose = fs::read_to_string(root.join("docker-compose.yml")).unwrap_or_default();
    if !compose.lines().any(|line| line.trim_end() == format!("  {name}:")) {
        findings.push(format!("docker-compose.yml: has no service `{name}`"));
    }
    let tests = root.join(format!("tests/{}.rs", connector.short()));
    if !tests.is_file() {
        findings.push(format!("{}: is missing", tree::shown(root, &tests)));
    }
    findings
}

/// Files of end-to-end tests that no `mod` names, so that they would never run.
fn undeclared(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("tests");
    let is_top = |file: &&str| folder.join(file).is_file();
    let Some(top) = ["main.rs", "lib.rs"].into_iter().find(is_top) else {
        return Ok(Vec::new());
    };
    let text = tree::read(&folder.join(top))?;
    let declared = |module: &str| {
        text.lines()
            .any(|line| line.trim_start_matches("pub ").trim_end() == format!("mod {module};"))
    };
    let modules = tree::files(&folder, "rs")?.into_iter().map(|file| tree::stem(&file));
    Ok(modules
        .filter(|module| *module != tree::stem(Path::new(top)) && !declared(module))
        .map(|module| format!("tests/{module}.rs: tests/{top} has no line `mod {module};`"))
        .collect())
}

/// What doesn't belong into the file `name`.
fn unclean(root: &Path, name: &str) -> Result<Vec<String>> {
    let path = root.join(name);
    // Deleted, but not yet for git; or a link.
    let Ok(metadata) = fs::symlink_metadata(&path) else {
        return Ok(Vec::new());
    };
    if !metadata.is_file() {
        return Ok(Vec::new());
    }
    let mut findings = Vec::new();
    if metadata.len() > FILE_BYTES_MAX {
        findings.push(format!("{name}: {} bytes, more than {FILE_BYTES_MAX}", metadata.len()));
    }
    let bytes = fs::read(&path)?;
    // Pictures and the like; and what cargo writes itself.
    let Ok(text) = String::from_utf8(bytes) else {
        return Ok(findings);
    };
    if name == "Cargo.lock" {
        return Ok(findings);
    }
    let is_rust = path.extension().is_some_and(|it| it == "rs");
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(folder) = machine_folder(line) {
            findings.push(format!("{name}:{number}: a path of one machine, below /{folder}"));
        }
        if is_rust && line.trim_start().starts_with("#[ignore") {
            findings.push(format!("{name}:{number}: a test that doesn't run"));
        }
    }
    Ok(findings)
}

fn machine_folder(line: &str) -> Option<&'static str> {
    MACHINE_FOLDERS.into_iter().find(|folder| {
        let path = format!("/{folder}/");
        // `target/work/` and `example.org/home/` go on from something; a machine's path begins here.
        let begins = |at: usize| {
            !line[..at].ends_with(|it: char| it.is_alphanumeric() || ".-_}*)/".contains(it))
        };
        line.match_indices(&path).any(|(at, _)| begins(at))
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A complete tree with one connector, removed in the end.
    struct Tree(PathBuf);

    impl Tree {
        fn complete() -> Self {
            let name = std::thread::current().name().unwrap_or_default().replace("::", "-");
            let tree =
                Self(std::env::temp_dir().join(format!("xtask-{}-{name}", std::process::id())));
            tree.write("definitions/rest-connector.json", r#"{"name": "rest-connector"}"#);
            tree.write("crates/rest/Cargo.toml", "[package]\nname = \"rest-connector\"\n");
            tree.write("crates/rest/src/main.rs", "#[test]\nfn definition_and_code_agree() {}\n");
            for file in ["src/config.rs", "src/error.rs", "README.md"] {
                tree.write(&format!("crates/rest/{file}"), "");
            }
            tree.write("docker-compose.yml", "services:\n  rest-connector:\n    image: x\n");
            tree.write("tests/main.rs", "mod rest;\n");
            tree.write("tests/rest.rs", "");
            tree
        }

        fn write(&self, file: &str, text: &str) {
            let path = self.0.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    /// What is found after `change`d a complete tree.
    fn check(change: impl FnOnce(&Tree) -> Vec<&'static str>, expected: &[&str]) {
        let tree = Tree::complete();
        let listed: Vec<_> = change(&tree).into_iter().map(str::to_owned).collect();
        assert_eq!(findings(&tree.0, &listed).unwrap(), expected);
    }

    #[test]
    fn each_missing_piece_of_a_connector_is_named() {
        check(
            |tree| {
                for file in ["crates/rest/src/error.rs", "crates/rest/README.md", "tests/rest.rs"] {
                    fs::remove_file(tree.0.join(file)).unwrap();
                }
                tree.write("crates/rest/src/main.rs", "fn main() {}\n");
                tree.write(
                    "docker-compose.yml",
                    "# rest-connector:\nservices:\n  rest-connector-2:\n",
                );
                Vec::new()
            },
            &[
                "crates/rest/src/error.rs: is missing",
                "crates/rest/README.md: is missing",
                "crates/rest/src/main.rs: has no test `definition_and_code_agree`",
                "docker-compose.yml: has no service `rest-connector`",
                "tests/rest.rs: is missing",
            ],
        );
    }

    #[test]
    fn definitions_and_crates_belong_together() {
        check(
            |tree| {
                tree.write("definitions/mail-connector.json", r#"{"name": "email-connector"}"#);
                tree.write("crates/slack/Cargo.toml", "[package]\nname = \"slack-connector\"\n");
                Vec::new()
            },
            &[
                "definitions/mail-connector.json: `name` is `email-connector`, the file's name says `mail-connector`",
                "definitions/mail-connector.json: no package below crates/ is named `mail-connector`",
                "crates/slack: definitions/slack-connector.json is missing",
            ],
        );
    }

    #[test]
    fn a_test_file_that_would_never_run_is_found() {
        check(
            |tree| {
                tree.write("tests/delivery.rs", "");
                tree.write("tests/main.rs", "mod rest;\n// mod delivery;\n");
                Vec::new()
            },
            &["tests/delivery.rs: tests/main.rs has no line `mod delivery;`"],
        );
    }

    #[test]
    fn paths_of_one_machine_large_files_and_ignored_tests_are_found() {
        check(
            |tree| {
                // Put together, so that this file itself stays clean.
                tree.write("notes.md", &format!("see /{}/x\nand target/{}/x\n", "work", "work"));
                tree.write("late.rs", &format!("    #[{}]\n", "ignore"));
                tree.write("large.bin", &"x".repeat(1024 * 1024 + 1));
                vec!["notes.md", "late.rs", "large.bin", "deleted.md"]
            },
            &[
                "notes.md:1: a path of one machine, below /work",
                "late.rs:1: a test that doesn't run",
                "large.bin: 1048577 bytes, more than 1048576",
            ],
        );
    }

    #[test]
    fn a_complete_tree_has_no_findings() {
        check(|_| vec!["tests/main.rs"], &[]);
    }
}
